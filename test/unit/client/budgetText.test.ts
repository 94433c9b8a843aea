import { describe, expect, it } from 'vitest';
import { budgetKey, noticeText, percentUsed, shareText, usedText, worstBudget } from '../../../client/src/budgets/budgetText';
import type { BudgetNotice, BudgetState } from '../../../server/src/protocol/cost';
import { translate } from './translate';

const state = (given: Partial<BudgetState> = {}): BudgetState => ({
  kind: 'turn',
  unit: 'usd',
  limit: 0.5,
  used: 0.42,
  level: 'warning',
  unpricedCalls: 0,
  session: { sourceId: 'a', sessionId: 's' },
  span: { sourceId: 'a', spanId: 'x' },
  sourceId: 'a',
  ...given,
});
const notice = (given: Partial<BudgetNotice> = {}): BudgetNotice => ({
  state: state(),
  level: 'warning',
  drivers: [],
  sandbox: 'my-assistant',
  pausable: false,
  others: 0,
  ...given,
});
const text = (given: Partial<BudgetNotice>, flatRate = false): string => noticeText(notice(given), flatRate, translate);

describe('what is told of a budget', () => {
  it('is how much of it is used, where, and by what', () => {
    expect(text({})).toBe(
      'Budget of the turn is nearly used up: $0.42 of $0.50 (84 %), in my-assistant. Limits are set in sandglass.budgets.limits.',
    );
    expect(
      text({
        level: 'passed',
        state: state({ used: 0.62, level: 'passed' }),
        drivers: [
          { by: 'tool', label: 'browser', used: 0.4 },
          { by: 'model', label: 'claude-opus-4-6', used: 0.6 },
        ],
      }),
    ).toBe(
      'Budget of the turn is used up: $0.62 of $0.50 (124 %), in my-assistant. Most of it: tool browser ($0.40), model claude-opus-4-6 ($0.60). Limits are set in sandglass.budgets.limits.',
    );
    // What is of all sandboxes is in none of them.
    expect(text({ state: state({ kind: 'day', unit: 'tokens', limit: 5e6, used: 4.2e6 }) })).toBe(
      'Budget of the day is nearly used up: 4.2M of 5.0M tokens (84 %). Limits are set in sandglass.budgets.limits.',
    );
  });

  it('says what a sum of money does not know, and what else came to a level', () => {
    expect(text({ state: state({ unpricedCalls: 3 }), others: 2 })).toBe(
      'Budget of the turn is nearly used up: $0.42 of $0.50 (≥ 84 %), in my-assistant. 3 calls without a price are not in it. 2 more budgets stand among the Problems. Limits are set in sandglass.budgets.limits.',
    );
    expect(text({ state: state({ unpricedCalls: 1 }), others: 1 })).toContain('1 call without a price is not in it. 1 more budget stands');
    // A budget in tokens knows all of them.
    expect(text({ state: state({ unit: 'tokens', limit: 500, used: 420, unpricedCalls: 3 }) })).not.toContain('price');
  });

  it('under a flat rate calls money what it is', () => {
    expect(usedText(state(), true, translate)).toBe('$0.42 of $0.50 API equivalent (84 %)');
    expect(usedText(state({ unit: 'tokens', limit: 500, used: 420 }), true, translate)).toBe('420 of 500 tokens (84 %)');
  });

  it('is plain, whatever a sandbox calls its things', () => {
    const evil = '[x](command:y) \u001b[31m\u202e\nsecond line '.repeat(20);
    const said = text({
      sandbox: evil,
      drivers: (['model', 'tool', 'turn', 'session'] as const).map((by) => ({ by, label: evil, used: 1 })),
    });
    expect(said).not.toMatch(/[\u001b\u202e\n]/);
    expect(said.length).toBeLessThan(600);
  });

  it('never rounds up to what is not reached', () => {
    expect([0.7999, 0.8, 0.9999, 1].map((used) => percentUsed({ used, limit: 1 }))).toEqual([79, 80, 99, 100]);
    expect(shareText(state({ used: 0.49999 }), translate)).toBe('99 %');
  });

  it('is of the worst where there is room for one, and another budget when its limit is', () => {
    expect(worstBudget([])).toBeNull();
    expect(worstBudget([state(), state({ kind: 'day', used: 19, limit: 20 })])?.kind).toBe('day');
    expect(budgetKey(state())).not.toBe(budgetKey(state({ limit: 1 })));
    expect(budgetKey(state({ span: null, used: 9 }))).toBe(budgetKey(state()));
  });
});
