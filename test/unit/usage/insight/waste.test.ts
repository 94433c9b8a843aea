import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectOf, redundantCalls } from '../../../../server/src/usage/insight/waste';
import type { Effect, Step } from '../../../../server/src/usage/insight/waste';

let llms = 0;
const llm = (asks: number, prompt: number | null = 1000, more: Partial<Extract<Step, { kind: 'llm' }>> = {}): Step => {
  llms += 1;
  return { kind: 'llm', spanId: `l${llms}`, turnId: 't', prompt, output: 10, usd: 0.01, basis: 'priced', asks, ...more };
};
const tool = (spanId: string, call: string, result: string | null = 'r', effect: Effect = 'reads', turnId = 't'): Step => ({
  kind: 'tool',
  spanId,
  turnId,
  askedBy: `l${llms}`,
  tool: 'read',
  call,
  result,
  effect,
});
const again = (steps: readonly Step[]): readonly (readonly string[])[] => redundantCalls(steps).map((each) => [each.first, ...each.again]);

describe('a call that is made again', () => {
  it('is redundant when it asked the same and was told the same', () => {
    expect(again([llm(1), tool('a', 'x'), llm(1), tool('b', 'x'), llm(1), tool('c', 'x'), llm(0)])).toEqual([['a', 'b', 'c']]);
    expect(again([llm(1), tool('a', 'x'), llm(1), tool('b', 'y'), llm(1), tool('c', 'x')])).toEqual([['a', 'c']]);
  });

  it('is none when anything is other, not known, or may have changed between', () => {
    expect(again([llm(1), tool('a', 'x'), llm(1), tool('b', 'x', 'other')])).toEqual([]);
    expect(again([llm(1), tool('a', 'x', null), llm(1), tool('b', 'x', null)])).toEqual([]);
    expect(again([llm(1), tool('a', 'x'), llm(1), tool('b', 'x', 'r', 'reads', 'next turn')])).toEqual([]);
    for (const effect of ['may-change', 'waits'] as const)
      expect(again([llm(1), tool('a', 'x'), llm(1), tool('b', 'y', 'r', effect), llm(1), tool('c', 'x')])).toEqual([]);
    // To ask again how far it is, is what such a tool is for.
    expect(again([llm(1), tool('a', 'x', 'r', 'waits'), llm(1), tool('b', 'x', 'r', 'waits')])).toEqual([]);
  });

  it('is redundant when it may change something itself, and nothing else did', () => {
    expect(again([llm(1), tool('a', 'x', 'r', 'may-change'), llm(1), tool('b', 'x', 'r', 'may-change')])).toEqual([['a', 'b']]);
    const other = [
      llm(1),
      tool('a', 'x', 'r', 'may-change'),
      llm(1),
      tool('b', 'y', 'r', 'may-change'),
      llm(1),
      tool('c', 'x', 'r', 'may-change'),
    ];
    expect(again(other)).toEqual([]);
  });

  it('costs the LLM calls that asked for nothing else, and what later prompts carried of it', () => {
    const steps = [
      llm(1, 1000),
      tool('a', 'x'),
      // Asked again: the prompt grows by 210 to the next one, which is its message and the result.
      llm(1, 1200),
      tool('b', 'x'),
      llm(1, 1410),
      tool('c', 'new'),
      llm(0, 1500),
    ];
    expect(redundantCalls(steps)).toMatchObject([
      {
        tool: 'read',
        asked: { calls: 1, tokens: 1210, usd: 0.01, unpricedCalls: 0, bases: ['priced'] },
        carried: { calls: 2, tokens: 420 },
        beside: 0,
      },
    ]);
  });

  it('costs nothing where its LLM call was needed anyway', () => {
    const [found] = redundantCalls([llm(1), tool('a', 'x'), llm(2, 1200), tool('b', 'x'), tool('c', 'new'), llm(0, 1500)]);
    expect(found).toMatchObject({ again: ['b'], asked: { calls: 0, tokens: 0, usd: null }, carried: { calls: 0, tokens: 0 }, beside: 1 });
  });

  it('is not said to be carried where that is not known: beyond a compaction, a shrunken prompt, or without counts', () => {
    const begin = (): Step[] => [llm(1, 1000), tool('a', 'x'), llm(1, 1200), tool('b', 'x')];
    const carried = (more: readonly Step[]): unknown => redundantCalls([...begin(), ...more])[0]?.carried;
    expect(carried([llm(0, 1410), llm(0, 1500)])).toEqual({ calls: 2, tokens: 420 });
    expect(carried([llm(0, 1410), { kind: 'compaction' }, llm(0, 1500)])).toEqual({ calls: 1, tokens: 210 });
    expect(carried([llm(0, 1410), llm(0, 1300), llm(0, 1500)])).toEqual({ calls: 1, tokens: 210 });
    expect(carried([llm(0, null), llm(0, 1500)])).toEqual({ calls: 0, tokens: 0 });
    // What a person wrote meanwhile is in the growth, too.
    expect(carried([llm(0, 1410, { turnId: 'next' })])).toEqual({ calls: 0, tokens: 0 });
  });

  it('tells calls without a price', () => {
    const [found] = redundantCalls([llm(1), tool('a', 'x'), llm(1, 1200, { usd: null, basis: 'unknown' }), tool('b', 'x')]);
    expect(found?.asked).toEqual({ calls: 1, tokens: 1210, usd: null, unpricedCalls: 1, bases: [] });
  });

  it('never costs more than all there was, whatever was done', () => {
    const step = fc.record({
      calls: fc.array(fc.tuple(fc.nat(2), fc.nat(1), fc.constantFrom<Effect>('reads', 'may-change', 'waits')), { maxLength: 3 }),
      grown: fc.nat(500),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (rounds) => {
        let prompt = 1000;
        let spans = 0;
        const steps = rounds.flatMap(({ calls, grown }) => {
          prompt += grown;
          const made = llm(calls.length, prompt);
          return [made, ...calls.map(([call, result, effect]) => tool(`c${(spans += 1)}`, String(call), String(result), effect))];
        });
        const found = redundantCalls(steps);
        const total = steps.reduce((sum, each) => sum + (each.kind === 'llm' ? (each.prompt ?? 0) + (each.output ?? 0) : 0), 0);
        const wasted = found.reduce((sum, { asked, carried }) => sum + asked.tokens + carried.tokens, 0);
        expect(wasted).toBeLessThanOrEqual(total);
        const all = found.flatMap((each) => each.again);
        expect(new Set(all).size).toBe(all.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what a call can change', () => {
  it.each<[string, string | null, Effect]>([
    ['read', null, 'reads'],
    ['web_fetch', null, 'reads'],
    ['edit', null, 'may-change'],
    ['some_plugin', null, 'may-change'],
    ['process', null, 'waits'],
    ['exec', 'cat a.txt | grep -n x 2>&1 | head -5', 'reads'],
    ['exec', 'git status && git diff 2>/dev/null', 'reads'],
    ['exec', 'git commit -m x', 'may-change'],
    ['exec', 'cat a > b', 'may-change'],
    ['exec', 'cat $(make x)', 'may-change'],
    ['exec', 'npm test', 'may-change'],
    ['exec', 'sort -o a a', 'may-change'],
    ['exec', 'ls; rm a', 'may-change'],
    ['exec', '', 'may-change'],
    ['exec', null, 'may-change'],
  ])('%s %s', (name, command, effect) => {
    expect(effectOf(name, command)).toBe(effect);
  });
});
