import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetKinds } from '../../../server/src/protocol/cost';
import type { Budgets, BudgetState, CostRow, Spend } from '../../../server/src/protocol/cost';
import { budgetStates, driverOf, levelOf, percentUsed, toldNames, worstFirst } from '../../../server/src/usage/budgets';
import { localDay } from '../../../server/src/usage/localDay';

const spend = (usd: number | null, tokens: number, unpricedCalls = 0): Spend => ({
  calls: 1,
  usage: { input: tokens, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: null },
  usd,
  byBasis: {},
  unpricedCalls,
});
const nobody = { session: null, span: null, sourceId: null };
const row = (label: string, usd: number | null, tokens = 0): CostRow => ({
  label,
  detail: null,
  spend: spend(usd, tokens),
  withSubagents: null,
  session: null,
  span: null,
});

describe('a budget', () => {
  it('is warned of from 80 % on and passed from 100 % on, to the picodollar', () => {
    expect([0, 0.3999, 0.4, 0.4999, 0.5, 7].map((used) => levelOf(used, 0.5))).toEqual([
      null,
      null,
      'warning',
      'warning',
      'passed',
      'passed',
    ]);
    // Sums of fractions that no computer holds exactly.
    expect(levelOf(0.1 + 0.2, 0.3)).toBe('passed');
    expect(levelOf(0.1 * 3 + 0.2 * 9, 2.1)).toBe('passed');
    expect(levelOf(0.7 + 0.1, 1)).toBe('warning');
    expect([0.7999999, 0.8, 0.9999999, 1].map((used) => percentUsed({ used, limit: 1 }))).toEqual([79, 80, 99, 100]);
  });

  it('shows 80 exactly when it warns and 100 exactly when it was passed, whatever was spent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 1, max: 1e9 }), (used, limit) => {
        const [micro, of] = [used / 1e6, limit / 1e6];
        const level = levelOf(micro, of);
        expect(level).toBe(used >= limit ? 'passed' : used * 5 >= limit * 4 ? 'warning' : null);
        const percent = percentUsed({ used: micro, limit: of });
        expect(percent >= 100).toBe(level === 'passed');
        expect(percent >= 80).toBe(level !== null);
      }),
    );
  });

  it('only rises with what is spent, and falls when it is raised', () => {
    const rank = { none: 0, warning: 1, passed: 2 };
    const amount = fc.double({ min: 0, max: 1e6, noNaN: true });
    const limit = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(amount, amount, limit, limit, (used, more, of, raise) => {
        const at = (u: number, l: number): number => rank[levelOf(u, l) ?? 'none'];
        expect(at(used + more, of)).toBeGreaterThanOrEqual(at(used, of));
        expect(at(used, of + raise)).toBeLessThanOrEqual(at(used, of));
      }),
    );
  });

  it('is one for each unit that is limited, and says how many calls a sum of money does not know', () => {
    const budgets: Budgets = { turn: { usd: 1, tokens: 1000 }, day: { tokens: 10 } };
    expect(budgetStates('turn', budgets, spend(null, 900, 3), nobody)).toEqual([
      { kind: 'turn', unit: 'usd', limit: 1, used: 0, level: null, unpricedCalls: 3, ...nobody },
      { kind: 'turn', unit: 'tokens', limit: 1000, used: 900, level: 'warning', unpricedCalls: 3, ...nobody },
    ]);
    expect(budgetStates('day', budgets, spend(5, 10), nobody)).toMatchObject([{ unit: 'tokens', level: 'passed' }]);
    expect(budgetStates('session', budgets, spend(5, 10), nobody)).toEqual([]);
  });

  it('counts all tokens once: input, output, cache', () => {
    const usage = { input: 1, output: 20, cacheRead: 300, cacheWrite: 4000, reasoning: 20 };
    expect(budgetStates('turn', { turn: { tokens: 4321 } }, { ...spend(0, 0), usage }, nobody)).toMatchObject([
      { used: 4321, level: 'passed' },
    ]);
  });

  it('is driven by what took most, in its own unit; by nothing when nothing is known to be spent', () => {
    const rows = [row('a', 0.1, 50), row('b', 0.3, 10), row('c', null, 900)];
    expect(driverOf('model', rows, 'usd')).toEqual({ by: 'model', label: 'b', used: 0.3 });
    expect(driverOf('model', rows, 'tokens')).toEqual({ by: 'model', label: 'c', used: 900 });
    expect(driverOf('model', [row('c', null)], 'usd')).toBeNull();
  });

  it('stands first when it is worst', () => {
    const state = (used: number, kind: BudgetState['kind']): BudgetState => ({
      kind,
      unit: 'usd',
      limit: 1,
      used,
      level: levelOf(used, 1),
      unpricedCalls: 0,
      ...nobody,
    });
    expect(
      [state(0.1, 'turn'), state(1.2, 'day'), state(0.9, 'session'), state(3, 'sandbox')].sort(worstFirst).map(({ kind }) => kind),
    ).toEqual(['sandbox', 'day', 'session', 'turn']);
  });
});

describe('what was told of a budget', () => {
  const state = (given: Partial<BudgetState>): BudgetState => ({
    kind: 'day',
    unit: 'usd',
    limit: 1,
    used: 1,
    level: 'passed',
    unpricedCalls: 0,
    ...nobody,
    ...given,
  });

  /** As the store keeps it: told when its first name is new. */
  class Told {
    readonly #names = new Set<string>();
    tell(names: readonly string[]): boolean {
      const [first] = names;
      const isNew = first !== undefined && !this.#names.has(first);
      for (const name of names) this.#names.add(name);
      return isNew;
    }
  }

  it('is told once for each level however often, and in whatever order, it is looked at', () => {
    const looks = fc.array(
      fc.record({
        used: fc.integer({ min: 0, max: 30 }).map((tenths) => tenths / 10),
        kind: fc.constantFrom(...budgetKinds),
        subject: fc.constantFrom('x', 'y'),
        period: fc.constantFrom('2026-11-20', '2026-11-21'),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(looks, (all) => {
        const told = new Told();
        const tellings = new Map<string, string[]>();
        for (const { used, kind, subject, period } of all) {
          const level = levelOf(used, 1);
          if (!told.tell(toldNames(state({ kind, used, level }), subject, period))) continue;
          const key = `${kind} ${subject} ${period}`;
          tellings.set(key, [...(tellings.get(key) ?? []), String(level)]);
        }
        for (const [key, levels] of tellings) {
          // Once each, and no warning after it was passed.
          expect([['warning'], ['passed'], ['warning', 'passed']], key).toContainEqual(levels);
          const [kind, subject, period] = key.split(' ');
          const most = Math.max(
            ...all.filter((look) => look.kind === kind && look.subject === subject && look.period === period).map(({ used }) => used),
          );
          expect(levels.at(-1)).toBe(most >= 1 ? 'passed' : 'warning');
        }
      }),
    );
  });

  it('is told again of a budget that was raised, of another unit, and on another day', () => {
    const told = new Told();
    expect(told.tell(toldNames(state({}), '', '2026-11-20'))).toBe(true);
    expect(told.tell(toldNames(state({}), '', '2026-11-20'))).toBe(false);
    expect(told.tell(toldNames(state({ limit: 2, used: 2 }), '', '2026-11-20'))).toBe(true);
    expect(told.tell(toldNames(state({ unit: 'tokens' }), '', '2026-11-20'))).toBe(true);
    expect(told.tell(toldNames(state({}), '', '2026-11-21'))).toBe(true);
    expect(told.tell(toldNames(state({ level: null, used: 0.1 }), '', '2026-11-22'))).toBe(false);
  });
});

describe('the day that it is somewhere', () => {
  const day = (time: string, zone: string): { name: string; from: string; to: string } => {
    const { name, from, to } = localDay(Date.parse(time), zone);
    return { name, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  };

  it('begins at midnight there, whatever the clocks do on it', () => {
    expect(day('2026-11-21T23:30:00Z', 'UTC')).toEqual({
      name: '2026-11-21',
      from: '2026-11-21T00:00:00.000Z',
      to: '2026-11-22T00:00:00.000Z',
    });
    // Clocks go back within it: 25 hours. And forward: 23.
    expect(day('2026-10-25T12:00:00Z', 'Europe/Berlin')).toEqual({
      name: '2026-10-25',
      from: '2026-10-24T22:00:00.000Z',
      to: '2026-10-25T23:00:00.000Z',
    });
    expect(day('2026-03-29T12:00:00Z', 'Europe/Berlin')).toEqual({
      name: '2026-03-29',
      from: '2026-03-28T23:00:00.000Z',
      to: '2026-03-29T22:00:00.000Z',
    });
    // There is no midnight: clocks go from 24:00 to 01:00.
    expect(day('2018-11-04T12:00:00Z', 'America/Sao_Paulo')).toEqual({
      name: '2018-11-04',
      from: '2018-11-04T03:00:00.000Z',
      to: '2018-11-05T02:00:00.000Z',
    });
    // A quarter of an hour off, and the day after that was left out.
    expect(day('2026-11-21T20:00:00Z', 'Asia/Kathmandu')).toMatchObject({ name: '2026-11-22', from: '2026-11-21T18:15:00.000Z' });
    expect(day('2011-12-29T12:00:00Z', 'Pacific/Apia')).toMatchObject({ name: '2011-12-29', to: '2011-12-30T10:00:00.000Z' });
  });

  it('follows the day before it without a gap, and holds every moment of it', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'America/Sao_Paulo',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'Pacific/Apia',
    ];
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2010, 0), max: Date.UTC(2030, 0) }),
        fc.constantFrom(...zones),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (now, zone, share) => {
          const today = localDay(now, zone);
          expect(today.from).toBeLessThanOrEqual(now);
          expect(today.to).toBeGreaterThan(now);
          expect(localDay(today.from + Math.floor(share * (today.to - today.from)), zone)).toEqual(today);
          expect(localDay(today.to, zone).from).toBe(today.to);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has no zone that is none', () => {
    expect(() => localDay(0, 'Nowhere/At_All')).toThrow(RangeError);
  });
});
