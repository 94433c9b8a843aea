// What OpenClaw's own log adds to a trace: retries and fallbacks, beside what the transcript tells, and nothing that it tells itself.
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { reduceGatewayLine } from '../../../server/src/attach/reader/reduce';
import { decodeGatewayLine } from '../../../server/src/decode/openclaw/gatewayLog';
import { gatewayEvents } from '../../../server/src/model/gatewayLines';
import type { GatewayLine } from '../../../server/src/model/gatewayLines';
import type { SessionTrace, Span, TraceDocument } from '../../../server/src/protocol/document';
import { Database } from '../../../server/src/store/database';
import { EntryStore } from '../../../server/src/store/entries';
import { GatewayLineStore } from '../../../server/src/store/gatewayLines';
import { SourceStore } from '../../../server/src/store/sources';
import { recording } from '../../fixtures/recordings';
import { info, recordsOf, traceOf, traceOfBatches } from '../support/traces';

const isOurs = (span: Span): boolean => span.attributes['sandglass.origin'] === 'gateway-log';

function told(document: TraceDocument): Record<string, readonly string[]> {
  return Object.fromEntries(
    document.sessions
      .map((session): [string, string[]] => [
        session.key ?? '',
        session.spans.filter(isOurs).map((span) => `${span.name}: ${String(span.attributes['sandglass.preview'])}`),
      ])
      .filter(([, events]) => events.length > 0),
  );
}

function without(document: TraceDocument): TraceDocument {
  return {
    ...document,
    sessions: document.sessions.map((session) => ({ ...session, spans: session.spans.filter((span) => !isOurs(span)) })),
  };
}

function logOf(root: string): readonly string[] {
  const folder = join(root, 'tmp', 'openclaw');
  return readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
}

const big = 'nvidia/nemotron-3-super-120b-a12b';
const small = 'nvidia/nemotron-3-nano-30b-a3b';
const retried = (model: string, why: string, after = ''): string => `model-retry: ${model} failed (${why}), asked again${after}`;
const fellBack = (why: string): string => `model-fallback: ${big} failed (${why}), fell back to ${small}`;
const expected: Readonly<Record<string, Record<string, readonly string[]>>> = {
  // The last failure before a fallback or the end is in the transcript, and told by that alone.
  'retry-2026.7.1': {
    'agent:main:retry': [retried(big, '500'), retried(big, '500'), retried(big, '429')],
    'agent:main:cut': [fellBack('timeout: terminated'), `model-fallback: ${small} answered in place of ${big}`],
    'agent:main:storm': [
      retried(big, '500'),
      retried(big, '500'),
      fellBack('timeout: 500 upstream always explodes'),
      retried(small, '500'),
      retried(small, '500'),
    ],
  },
  'retry-2026.9.6': {
    'agent:main:retry': [
      retried(big, '500: upstream exploded', ' after 1.2 s (1 of 8)'),
      retried(big, '500: upstream exploded', ' after 1.1 s (2 of 8)'),
      retried(big, '429: Rate limit reached, try again; Retry-After: 1 seconds', ' after 1.3 s (1 of 9)'),
    ],
    'agent:main:cut': [retried(big, 'terminated', ' after 966 ms (1 of 8)')],
    'agent:main:storm': ['1.3 s (1', '2.9 s (2', '2.8 s (3', '4.0 s (4', '22.8 s (5', '27.0 s (6'].map((after) =>
      retried(big, '500: upstream always explodes', ` after ${after} of 8)`),
    ),
  },
};

describe.each(Object.keys(expected))("OpenClaw's own log of %s", (name) => {
  const { root, expected: counted } = recording(name);

  it('tells of retries and fallbacks, in the turn that was running', async () => {
    const document = await traceOf(root);
    expect(told(document)).toEqual(expected[name]);
    for (const session of document.sessions) {
      for (const event of session.spans.filter(isOurs)) {
        const turn = session.spans.find((span) => span.id === event.parentId);
        expect(turn?.kind).toBe('invoke_agent');
        expect(Date.parse(event.startTime ?? '')).toBeGreaterThanOrEqual(Date.parse(turn?.startTime ?? '') - 1000);
        expect(Date.parse(event.startTime ?? '')).toBeLessThanOrEqual(Date.parse(turn?.endTime ?? '') + 1000);
        expect(event).toMatchObject({ kind: 'event', witness: 'agent', status: 'ok' });
      }
    }
  });

  it('counts nothing of it', async () => {
    const document = await traceOf(root);
    for (const session of document.sessions as readonly SessionTrace[]) {
      const { own } = counted.sessions[session.id] ?? { own: null };
      expect({ llmCalls: session.totals.llmCalls, toolCalls: session.totals.toolCalls, failed: session.totals.failedToolCalls }).toEqual({
        llmCalls: own?.llmCalls,
        toolCalls: own?.toolCalls,
        failed: own?.failedToolCalls,
      });
    }
    const records = await recordsOf(root);
    expect(without(document)).toEqual({
      ...traceOfBatches([records.filter(({ kind }) => kind !== 'gatewayLog')]),
      source: document.source,
    });
  });

  it('is the same in any order and cut, and when it comes twice', async () => {
    const records = (await recordsOf(root)).filter(({ kind }) => kind !== 'log');
    const lines = records.filter(({ kind }) => kind === 'gatewayLog');
    const others = records.filter(({ kind }) => kind !== 'gatewayLog');
    expect(lines.length).toBeGreaterThan(5);
    const whole = traceOfBatches([records]);
    expect(told(whole)).toEqual(expected[name]);
    expect(traceOfBatches([lines, others, lines])).toEqual(whole);
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...lines, ...lines], { minLength: lines.length * 2 }),
        fc.array(fc.nat(others.length), { minLength: lines.length * 2, maxLength: lines.length * 2 }),
        fc.integer({ min: 1, max: 40 }),
        (shuffled, places, size) => {
          const mixed: SourceRecord[] = [];
          others.forEach((record, at) => mixed.push(...shuffled.filter((_, line) => places[line] === at), record));
          mixed.push(...shuffled.filter((_, line) => places[line] === others.length));
          const batches = Array.from({ length: Math.ceil(mixed.length / size) }, (_, at) => mixed.slice(at * size, (at + 1) * size));
          expect(traceOfBatches(batches)).toEqual(whole);
        },
      ),
      { numRuns: 6 },
    );
  });

  it('is the same cut by the reader as it stands in the file', () => {
    let read = 0;
    for (const line of logOf(root)) {
      const decoded = decodeGatewayLine(line);
      const cut = reduceGatewayLine(line);
      expect(cut === null ? null : decodeGatewayLine(cut)).toEqual(decoded);
      if (decoded?.fact) read += 1;
    }
    expect(read).toBeGreaterThan(5);
  });
});

describe('lines that look like one', () => {
  const time = '2026-11-21T11:25:26.112+00:00';
  const retry = 'transient same-model retry 1/8 for a/b reason=x: delayMs=1';
  const event = { event: 'embedded_run_agent_end', isError: true, runId: 'r', error: 'x' };

  it.each([
    ['an answer of an agent', { '0': retry, message: retry }],
    ['an answer that names a part of OpenClaw', { '0': '{"subsystem":"agent/embedded"}', message: retry }],
    ['another part of OpenClaw', { '0': '{"subsystem":"plugins"}', '1': retry }],
    ['an event of another part', { '0': '{"subsystem":"plugins"}', '1': { ...event, runId: undefined } }],
    ['a line in a line', { '0': '{"subsystem":"agent/embedded"}', '1': `x ${retry}` }],
    ['no time', { '0': '{"subsystem":"agent/embedded"}', '1': retry, time: 'never' }],
  ])('%s is none', (_name, line) => {
    expect(decodeGatewayLine(JSON.stringify({ time, ...line }))?.fact ?? null).toBeNull();
  });

  it('is shown without what could move a cursor or be a command', () => {
    const line = {
      '0': '{"subsystem":"agent/embedded"}',
      '1': { ...event, error: 'a\u001b[31m\u202eb\n[x](command:y)' },
      time,
      traceId: 'e77a7026',
      spanId: 'e77a7026',
    };
    const decoded = decodeGatewayLine(JSON.stringify(line));
    if (decoded === null) throw new Error('no line');
    const [only] = gatewayEvents([decoded], () => 'id');
    expect(only?.preview).not.toMatch(/[\u0000-\u001f\u202e]/);
  });

  it.each([
    '[',
    'null',
    '{"0":"{","1":1}',
    '{"0":"{\\"subsystem\\":1}","1":{}}',
    JSON.stringify({ '0': '{"subsystem":"x"}', '1': '('.repeat(1e5), time }),
  ])('costs nothing: %#', (text) => {
    expect(decodeGatewayLine(text)).toBeNull();
  });
});

describe('runs that share a trace', () => {
  const line = (ms: number, spanId: string, parentSpanId: string | null, more: Partial<GatewayLine>): GatewayLine => ({
    time: 1000 + ms,
    traceId: 'trace',
    spanId,
    parentSpanId,
    runId: null,
    sessionId: null,
    fact: null,
    ...more,
  });
  const failed = { kind: 'response', status: 500, elapsedMs: 1, model: 'm' } as const;

  it('are told apart by their spans, and what is not clear belongs to none', () => {
    const lines = [
      line(0, 'attempt-1', 'run-1', { fact: failed }),
      line(1, 'attempt-2', 'both', { fact: failed }),
      line(2, 'attempt-3', 'both', { fact: failed }),
      line(3, 'attempt-3', 'both', { runId: 'c', fact: { kind: 'attempt', reason: null, error: null, model: 'm' } }),
      line(4, 'run-1', null, { runId: 'a' }),
      line(5, 'both', 'run-1', { runId: 'b' }),
      line(6, 'both', 'run-1', { runId: 'c' }),
    ];
    const runs = gatewayEvents(lines, ({ time }) => String(time)).map(({ runId, time }) => [runId, time]);
    expect(runs).toEqual([
      ['a', 1000],
      ['c', 1002],
    ]);
  });
});

it('keeps no more lines of a source than its bound, the newest', () => {
  using db = Database.open({ path: ':memory:', key: randomBytes(32), replaceUnreadable: false });
  const row = new SourceStore(db).ensure('test', { info, registryProvider: null });
  const line = (time: number): GatewayLine => ({
    time,
    traceId: 't',
    spanId: null,
    parentSpanId: null,
    runId: 'r',
    sessionId: null,
    fact: null,
  });
  const bounded = new GatewayLineStore(db, 10);
  for (let at = 0; at < 1000; at++) bounded.add(row, line(at));
  const session = new EntryStore(db).ensureSession(row, 'main', 's').row;
  bounded.addRun(row, session, 'r');
  const kept = bounded.tracesOf(session).flat();
  expect(kept.length).toBeLessThanOrEqual(10 + 500);
  expect(Math.min(...kept.map(({ time }) => time))).toBeGreaterThanOrEqual(1000 - 510);
});
