import { describe, expect, it } from 'vitest';
import { insightNote as noteOf } from '../../../client/src/insightText';
import type { Translate } from '../../../client/src/format';
import type { GrownPart, Insight } from '../../../server/src/protocol/insight';
import { translate } from './translate';

const insightNote = (insight: Insight, t: Translate): ReturnType<typeof noteOf> => noteOf(insight, false, t);
const base = {
  session: { sourceId: 'one', sessionId: 's' },
  span: { sourceId: 'one', spanId: '0123456789abcdef' },
  agent: 'main',
  start: '2026-11-21T10:00:00.000Z',
  usd: 1.22,
  tokens: 5_066_865,
  bases: ['overlay'],
} as const;
const unusual = (more: Partial<Extract<Insight, { kind: 'unusual' }>> = {}): Insight => ({
  ...base,
  kind: 'unusual',
  of: 'turn',
  trigger: 'user',
  measure: 'usd',
  value: 1.22,
  usual: 0.0029,
  compared: 16,
  times: 424.3,
  running: false,
  grew: [],
  ...more,
});

describe('what is worth a look, in words', () => {
  it('names a run, by how much it is unusual, what grew, and what stands behind the money', () => {
    const grew: GrownPart[] = [
      { part: 'calls', value: 101, usual: 4.5, share: 0.6 },
      { part: 'cacheMisses', value: 1, usual: 0.012, share: 0.3 },
      { part: 'toolTime', tool: 'exec\u001b[31m\u202e', value: 65_000, usual: 1000, share: 0.1 },
    ];
    expect(insightNote(unusual({ grew, running: true }), translate)).toEqual({
      session: base.session,
      spanId: base.span.spanId,
      severity: 'warning',
      title: 'A turn of main cost $1.22: 424 times the usual',
      why: 'The median of the 16 before it that were set off by the same is $0.0029. What grew: 101 LLM calls, usually 4.5; 100 % of the prompts not from a cache, usually 1 %; 1:05 in exec, usually 1 s. Basis: list price. It still runs.',
    });
    expect(insightNote(unusual({ of: 'session', measure: 'tokens', value: 900_000, usual: 31_000, times: 29 }), translate)).toMatchObject({
      title: 'A session of main took 900k tokens: 29 times the usual',
      why: 'The median of the 16 before it that were set off by the same is 31k tokens.',
    });
    expect(insightNote(unusual({ measure: 'duration', value: 600_000, usual: 61_000, times: 9.84 }), translate).title).toBe(
      'A turn of main took 10:00: 9.8 times the usual',
    );
  });

  it('says what the API would have charged where a flat rate is paid', () => {
    expect(noteOf(unusual(), true, translate).title).toBe('A turn of main cost $1.22 API equivalent: 424 times the usual');
    const unused: Insight = { ...base, kind: 'unusedAnswer', span: null, parent: base.session, llmCalls: 2, unpricedCalls: 0, words: 14 };
    expect(noteOf(unused, true, translate).why).toContain('$1.22 API equivalent (');
  });

  it('has words for each part and each measure', () => {
    const figures = { value: 2, usual: 1, share: 1 };
    const parts: GrownPart[] = [
      ...(['calls', 'prompt', 'output', 'cacheMisses', 'price', 'below', 'modelTime'] as const).map((part) => ({ ...figures, part })),
      { ...figures, part: 'toolTime', tool: 'exec' },
    ];
    const said = parts.map((part) => insightNote(unusual({ grew: [part] }), translate).why);
    expect(new Set(said).size).toBe(parts.length);
    for (const why of said) expect(why).toMatch(/What grew: .*usually/);
    const titles = (['turn', 'session'] as const).flatMap((of) =>
      (['usd', 'tokens', 'duration'] as const).map((measure) => insightNote(unusual({ of, measure }), translate).title),
    );
    expect(new Set(titles).size).toBe(6);
  });

  it('says what was spent in vain, what is not counted, and that an estimate is one', () => {
    const redundant: Insight = {
      ...base,
      kind: 'redundantCalls',
      usd: 0.03,
      tokens: 31_500,
      tool: 'read',
      times: 3,
      llmCalls: 3,
      unpricedCalls: 1,
      carriedTokens: 600,
      beside: 2,
    };
    expect(insightNote(redundant, translate)).toMatchObject({
      severity: 'information',
      title: 'read was called 3 times more in a turn and told nothing new',
      why: 'Same arguments, same result, and nothing changed in between. The 3 LLM calls that asked for nothing else came to ≥ $0.03 (list price), 32k tokens. Later prompts carried about 600 tokens of it. 2 of them were asked for beside other calls, and are not counted.',
    });
    const once = insightNote({ ...redundant, times: 1, llmCalls: 1, usd: null, bases: [], carriedTokens: 0, beside: 0 }, translate);
    expect(once.title).toBe('read was called once more in a turn and told nothing new');
    expect(once.why).toBe(
      'Same arguments, same result, and nothing changed in between. The LLM call that asked for nothing else came to no price, 32k tokens.',
    );
    const unused = insightNote(
      { ...base, kind: 'unusedAnswer', span: null, parent: base.session, llmCalls: 2, unpricedCalls: 0, words: 14 },
      translate,
    );
    expect(unused).toMatchObject({ spanId: null, severity: 'information' });
    expect(unused.title).toMatch(/seems to have come.*\(preview\)/);
    expect(unused.why).toMatch(/^It came to \$1\.22 \(list price\), 5\.1M tokens\. .*none of its 14 distinctive words/);
  });
});
