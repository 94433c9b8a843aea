// What is worth a look and what a running turn will come to, read out of the store: of transcripts made by hand, and of recordings.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Insight } from '../../../server/src/protocol/insight';
import { Insights } from '../../../server/src/query/insight';
import { runsOf } from '../../../server/src/query/runs';
import type { Store } from '../../../server/src/store/store';
import { forecastOf as turnForecast } from '../../../server/src/usage/insight/forecast';
import { leastHistory, tokensOf, usdOf } from '../../../server/src/usage/insight/runs';
import { recording, recordings } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

const scratch = mkdtempSync(join(tmpdir(), 'sandglass-insight-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Call {
  readonly input?: number;
  readonly cost?: number;
  /** A tool call that it asked for, with its result. */
  readonly tool?: { readonly name: string; readonly args: unknown; readonly result: string; readonly details?: unknown };
  readonly text?: string;
}

const begin = Date.parse('2026-11-01T08:00:00Z');

/** A transcript of one turn. `minute`: when it began. */
function transcript(id: string, minute: number, calls: readonly Call[], prompt = 'Do it.'): string {
  let time = begin + minute * 60_000;
  let ordinal = 0;
  let last: string | null = null;
  const lines: unknown[] = [{ type: 'session', version: 3, id, timestamp: new Date(time).toISOString() }];
  const add = (message: Readonly<Record<string, unknown>>): void => {
    time += 500;
    const entry = `${id}-${(ordinal += 1)}`;
    lines.push({
      type: 'message',
      id: entry,
      parentId: last,
      timestamp: new Date(time + 400).toISOString(),
      message: { timestamp: time, ...message },
    });
    last = entry;
  };
  add({ role: 'user', content: prompt, __openclaw: { senderIsOwner: true } });
  for (const [index, { input = 10_000, cost = 0.05, tool, text }] of calls.entries()) {
    const content = [
      ...(text === undefined ? [] : [{ type: 'text', text }]),
      ...(tool === undefined ? [] : [{ type: 'toolCall', id: `c-${id}-${index}`, name: tool.name, arguments: tool.args }]),
    ];
    const usage = { input, output: 100, cacheRead: 0, cacheWrite: 0, totalTokens: input + 100, cost: { total: cost } };
    const stopReason = tool === undefined ? 'stop' : 'toolUse';
    add({ role: 'assistant', content, usage, stopReason, responseId: `r-${id}-${index}`, provider: 'p', model: 'm' });
    if (tool === undefined) continue;
    add({
      role: 'toolResult',
      toolCallId: `c-${id}-${index}`,
      toolName: tool.name,
      content: [{ type: 'text', text: tool.result }],
      details: tool.details ?? {},
    });
  }
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

const look = (at: number, more: Partial<Call> = {}): Call => ({
  ...more,
  tool: { name: 'read', args: { path: `f${at}` }, result: `text ${at}` },
});
const done: Call = { text: 'Done.' };
let made = 0;

async function storeOf(
  files: Readonly<Record<string, string>>,
  index: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly store: Store; readonly row: number }> {
  const sessions = join(scratch, `s${(made += 1)}/.openclaw/agents/main/sessions`);
  mkdirSync(sessions, { recursive: true });
  for (const [id, text] of Object.entries(files)) writeFileSync(join(sessions, `${id}.jsonl`), text);
  if (Object.keys(index).length > 0) writeFileSync(join(sessions, 'sessions.json'), JSON.stringify(index));
  const store = memoryStore();
  return { store, row: await readInto(store, join(sessions, '../../../..')) };
}

async function insightsOf(
  store: Store,
  row: number,
  scope: { sessionId?: string; from?: string; to?: string } = {},
): Promise<readonly Insight[]> {
  const query = { scope: { sourceId: null, sessionId: null, from: null, to: null, ...scope }, limit: 100 };
  const signal = new AbortController().signal;
  return (await new Insights(store).answer(query, [{ id: 'test', row, name: 'test' }], signal)).insights;
}

/** Sessions of one turn each, of so many LLM calls. */
function usual(count: number, calls: number): Record<string, string> {
  const of = (index: number): string =>
    transcript(`usual-${index}`, index * 10, [...Array.from({ length: calls + (index % 2) }, (_, at) => look(at)), done]);
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`usual-${index}`, of(index)]));
}

describe('what is worth a look', () => {
  it('is a turn that cost far more than those before it, once, with what grew', async () => {
    const wild = transcript('wild', 1000, [...Array.from({ length: 60 }, (_, at) => look(at)), done]);
    const { store, row } = await storeOf({ ...usual(12, 3), wild });
    using _ = store;
    const [found, ...more] = await insightsOf(store, row);
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      kind: 'unusual',
      of: 'turn',
      measure: 'usd',
      agent: 'main',
      session: { sourceId: 'test', sessionId: 'wild' },
      compared: 12,
      bases: ['reported'],
      running: false,
      grew: [{ part: 'calls', value: 61, usual: 4.5 }],
    });
    // 61 calls of $0.05, against 4 and 5 in turn.
    expect(found?.usd).toBeCloseTo(3.05, 9);
    expect(found?.kind === 'unusual' ? found.usual : NaN).toBeCloseTo(0.225, 9);
    expect(found?.tokens).toBe(61 * 10_100);
    const span = store.spans.span(row, found?.span?.spanId ?? '')?.span;
    expect(span).toMatchObject({ kind: 'invoke_agent', startTime: found?.start });
    // In the time and the session that was asked of, and in no other.
    expect(await insightsOf(store, row, { sessionId: 'wild', from: found?.start ?? '' })).toHaveLength(1);
    expect(await insightsOf(store, row, { sessionId: 'usual-3' })).toEqual([]);
    expect(await insightsOf(store, row, { to: found?.start ?? '' })).toEqual([]);
  });

  it('is a call made again and again that told nothing new, with what it cost', async () => {
    const again = (at: number): Call => look(1, { input: 10_000 + at * 200, cost: 0.01 });
    const calls = [again(0), again(1), again(2), again(3), { ...done, input: 10_800 }];
    const { store, row } = await storeOf({ loop: transcript('loop', 0, calls) });
    using _ = store;
    const found = await insightsOf(store, row);
    expect(found).toMatchObject([
      {
        kind: 'redundantCalls',
        tool: 'read',
        times: 3,
        llmCalls: 3,
        tokens: 10_300 + 10_500 + 10_700,
        bases: ['reported'],
        unpricedCalls: 0,
        beside: 0,
      },
    ]);
    expect(found[0]?.usd).toBeCloseTo(0.03, 12);
    // 200 tokens came with each of the three; the reply's prompt is the one that carried them and is not wasted itself.
    expect(found[0]).toMatchObject({ carriedTokens: 600 });
  });

  it('is none where a file was written between, or a result was other', async () => {
    const write: Call = { tool: { name: 'write', args: { path: 'f', content: 'x' }, result: 'ok' } };
    const other: Call = { tool: { name: 'read', args: { path: 'f1' }, result: 'other' } };
    const { store, row } = await storeOf({ a: transcript('a', 0, [look(1), write, look(1), other, look(1), done]) });
    using _ = store;
    expect(await insightsOf(store, row)).toEqual([]);
  });

  describe('of sub-agents', () => {
    const answer = 'There are 47 documents; readme.md leads with 9120 bytes, followed by changelog and contributing. Licence is smallest.';
    const spawn: Call = {
      tool: {
        name: 'sessions_spawn',
        args: { task: 'Count the files.' },
        result: 'accepted',
        details: { status: 'accepted', childSessionKey: 'agent:main:subagent:kid', runId: 'r' },
      },
    };
    const index = {
      'agent:main:main': { sessionId: 'parent', updatedAt: begin },
      'agent:main:subagent:kid': { sessionId: 'kid', updatedAt: begin, spawnedBy: 'agent:main:main', status: 'done' },
    };
    /** The parent goes on after the child has ended. */
    const files = (later: string, childCalls: readonly Call[] = [look(1), { text: answer }]): Record<string, string> => {
      const begun = transcript('parent', 0, [spawn, { text: 'I will wait.' }]);
      const further = transcript('parent', 30, [{ text: later }], 'Well?')
        .trimEnd()
        .split('\n')
        .slice(1);
      const moved = further.map((line) => line.replaceAll('"parent-', '"parent-later-').replaceAll('"r-parent-', '"r-parent-later-'));
      return { parent: `${begun}${moved.join('\n')}\n`, kid: transcript('kid', 1, childCalls, 'Count the files.') };
    };
    const unused = async (of: Record<string, string>): Promise<readonly Insight[]> => {
      const { store, row } = await storeOf(of, index);
      using _ = store;
      return (await insightsOf(store, row)).filter(({ kind }) => kind === 'unusedAnswer');
    };

    it('is an answer of which nothing comes back, with all that it cost', async () => {
      const found = await unused(files('I did something else meanwhile.'));
      expect(found).toMatchObject([{ session: { sessionId: 'kid' }, parent: { sessionId: 'parent' }, llmCalls: 2, tokens: 20_200 }]);
      expect(found[0]?.usd).toBeCloseTo(0.1, 12);
    });

    it('is none that was used, that changed something, or after which nothing was said', async () => {
      expect(await unused(files('The helper found 47 of them.'))).toEqual([]);
      const writes: Call = { tool: { name: 'write', args: { path: 'f', content: 'x' }, result: 'ok' } };
      expect(await unused(files('I did something else meanwhile.', [writes, { text: answer }]))).toEqual([]);
      const { parent = '', kid = '' } = files('x');
      expect(await unused({ parent: `${parent.trimEnd().split('\n').slice(0, -2).join('\n')}\n`, kid })).toEqual([]);
    });
  });

  it('is found in the recordings: the long turn, and the loop', async () => {
    for (const name of ['openclaw-2026.7.1', 'openclaw-2026.9.5']) {
      const { root, expected } = recording(name);
      using store = memoryStore();
      const row = await readInto(store, root);
      const found = await insightsOf(store, row);
      const keyOf = (insight: Insight | undefined): string | null | undefined =>
        expected.sessions[insight?.session.sessionId ?? '']?.sessionKey;
      expect(keyOf(found.find(({ kind }) => kind === 'unusual'))).toBe('agent:main:long');
      const loop = found.find(({ kind }) => kind === 'redundantCalls');
      expect(keyOf(loop)).toBe('agent:main:loop');
      expect(loop).toMatchObject({ tool: 'exec', times: 5, llmCalls: 5 });
      // Nothing is said twice, and nothing costs more than its session.
      expect(new Set(found.map((each) => JSON.stringify(each))).size).toBe(found.length);
      for (const { session, usd } of found) {
        const total = store.sessions.bySession(row, session.sessionId)?.info.totals.cost.usd ?? null;
        if (usd !== null) expect(usd).toBeLessThanOrEqual((total ?? NaN) + 1e-9);
      }
    }
  });
});

describe('what a running turn will come to', () => {
  const running = transcript('now', 1000, [look(1), look(2)]);
  const index = { 'agent:main:main': { sessionId: 'now', updatedAt: begin, status: 'running' } };
  const forecastOf = async (files: Record<string, string>): Promise<ReturnType<Insights['forecast']>> => {
    const { store, row } = await storeOf(files, index);
    using _ = store;
    const view = store.sessions.bySession(row, 'now');
    expect(view?.info.status).toBe('running');
    return view === null ? null : new Insights(store).forecast({ id: 'test', row, name: 'test' }, view);
  };

  it('is what turns came to that went on for as long', async () => {
    const forecast = await forecastOf({ ...usual(12, 9), now: running });
    expect(forecast).toMatchObject({ unit: 'usd', of: 12 });
    expect(forecast?.soFar).toBeCloseTo(0.1, 9);
    // Half of them had ten calls of $0.05, half eleven.
    expect(forecast?.low).toBeCloseTo(0.5, 9);
    expect(forecast?.median).toBeCloseTo(0.525, 9);
    expect(forecast?.high).toBeCloseTo(0.55, 9);
  });

  it('is not told with too few of its like, and of a turn that is over', async () => {
    expect(await forecastOf({ ...usual(5, 9), now: running })).toBeNull();
    const { store, row } = await storeOf(usual(12, 9));
    using _ = store;
    const view = store.sessions.bySession(row, 'usual-3');
    expect(view === null ? undefined : new Insights(store).forecast({ id: 'test', row, name: 'test' }, view)).toBeNull();
  });

  it('is held against the turns of the recordings, at half of their calls', async () => {
    const factors: number[] = [];
    for (const { name, root } of recordings()) {
      using store = memoryStore();
      const source = { id: 'test', row: await readInto(store, root), name };
      const { runs } = runsOf(store, source, 'main');
      for (const run of runs.filter(({ kind, calls }) => kind === 'turn' && calls.length > 1)) {
        const calls = run.calls.slice(0, Math.ceil(run.calls.length / 2));
        const forecast = turnForecast({ ...run, calls, below: [], ended: false }, runs);
        if (forecast === null) continue;
        const { unit, soFar, low, median, high, of } = forecast;
        expect(of).toBeGreaterThanOrEqual(leastHistory);
        expect([soFar, low, median, high]).toEqual([soFar, low, median, high].sort((a, b) => a - b));
        const came = (unit === 'usd' ? usdOf : tokensOf)([...run.calls, ...run.below])?.value ?? NaN;
        if (Number.isFinite(came)) factors.push(Math.exp(Math.abs(Math.log(median / came))));
      }
    }
    factors.sort((a, b) => a - b);
    const at = (share: number): string => (factors[Math.floor((factors.length - 1) * share)] ?? NaN).toFixed(2);
    console.log(
      `recordings: ${factors.length} turns at half of their calls, half are off by less than ×${at(0.5)}, nine in ten by less than ×${at(0.9)}`,
    );
    expect(factors.length).toBeGreaterThan(10);
  });
});
