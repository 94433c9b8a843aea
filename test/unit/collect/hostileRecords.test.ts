// Records an agent made to break the fold: whatever stands in them, a batch is taken in and a document comes out.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { traceOfBatches } from '../support/traces';

const time = fc.oneof(
  fc.constantFrom(
    1e300,
    -1e300,
    8.64e15,
    8.64e15 + 1,
    -1,
    0,
    Number.MAX_SAFE_INTEGER,
    '9999-99-99',
    '+275760-09-13T00:00:00.000Z',
    'now',
    null,
    {},
  ),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
);
const number = fc.oneof(fc.constantFrom(1e308, -5, 0.5, '7', null, Number.MAX_SAFE_INTEGER), fc.integer());
const id = fc.constantFrom('a', 'b', '', '__proto__', 'constructor', 'x\ny', '\u0000', '#index', 'a'.repeat(3000));
const tool = fc.constantFrom('exec', 'edit', 'read', 'write', 'apply_patch', 'tool_call', 'sessions_spawn', '__proto__', '');
const path = fc.constantFrom(
  '../../../../etc/passwd',
  '/proc/self/environ',
  'a\u0000b',
  '~',
  '/sandbox/x.py',
  '\u202egpj.exe',
  'x'.repeat(9000),
  'half \ud800 a pair.py',
);

const entry = fc
  .record({
    type: fc.constantFrom('message', 'session', 'compaction', 'leaf', 'custom', 'reset', 'x'),
    id,
    parentId: fc.option(id),
    time,
    role: fc.constantFrom('user', 'assistant', 'toolResult', 'custom'),
    tool,
    path,
    number,
    call: id,
  })
  .map(({ type, id, parentId, time, role, tool, path, number, call }) => ({
    type,
    id,
    parentId,
    timestamp: time,
    targetId: parentId,
    summary: path,
    message: {
      role,
      content: [
        { type: 'thinking', thinking: path },
        {
          type: 'toolCall',
          id: call,
          name: tool,
          arguments: { id: tool, path, args: { path, command: path, edits: [{ newText: path }] }, command: path },
        },
      ],
      timestamp: time,
      toolCallId: call,
      toolName: tool,
      usage: { input: number, output: number, cacheRead: number, reasoningTokens: number, cost: { total: number } },
      stopReason: role === 'assistant' ? 'stop' : null,
      details: {
        durationMs: number,
        exitCode: number,
        status: 'error',
        childSessionKey: 'agent:main:main',
        startedAt: time,
        timestamp: time,
        parentToolCallId: call,
      },
      isError: true,
      provider: 'anthropic',
      model: 'claude-opus-4-6',
    },
  }));

describe('hostile records', () => {
  it('fold to a document without a number that is none', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(entry, id), { maxLength: 30 }), (entries) => {
        const records: SourceRecord[] = entries.map(([json, session], ordinal) => ({
          kind: 'transcript',
          agent: 'main',
          session,
          state: 'live',
          file: `sessions/${session}.jsonl`,
          ordinal,
          text: JSON.stringify(json),
        }));
        records.push({
          kind: 'index',
          agent: 'main',
          text: JSON.stringify({
            sessionKey: 'agent:main:main',
            sessionId: 'a',
            spawnedBy: 'agent:main:main',
            status: 'running',
            updatedAt: 1e300,
          }),
        });
        records.push(
          { kind: 'index', agent: 'main', text: '[' },
          { kind: 'trajectory', agent: 'main', session: 'a', ordinal: 0, text: '{' },
          { kind: 'log', origin: 'console', text: 'x' },
        );
        const document = traceOfBatches([records]);
        // What can't be worked on is told; here all of it can.
        expect(document.skipped.filter(({ reason }) => reason.startsWith('it could not'))).toEqual([]);
        const text = JSON.stringify(document);
        expect(JSON.parse(text)).toEqual(document);
        for (const session of document.sessions) {
          for (const value of [session.totals.usage.input, session.totals.toolCalls, session.totals.cost.usd ?? 0])
            expect(Number.isFinite(value) && value >= 0).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('of absurd prices are not summed', () => {
    const text = (id: string, total: number): string =>
      JSON.stringify({
        type: 'message',
        id,
        message: { role: 'assistant', responseId: id, provider: 'x', usage: { input: 1, cost: { total } } },
      });
    const records = [1e308, 1e308, -3, 0.5].map((total, ordinal) => {
      const id = `e${ordinal}`;
      return { kind: 'transcript', agent: 'main', session: 's', state: 'live', file: 'f', ordinal, text: text(id, total) } as const;
    });
    expect(traceOfBatches([records]).sessions[0]?.totals.cost).toEqual({ usd: 0.5, byBasis: { reported: 0.5 }, unpricedCalls: 3 });
  });

  it('of any nesting are an object or none', () => {
    const deep = `{"type":"message","id":"a","message":{"role":"assistant","content":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`;
    const document = traceOfBatches([
      [{ kind: 'transcript', agent: 'main', session: 's', state: 'live', file: 'f', ordinal: 0, text: deep }],
    ]);
    expect(document.sessions.length + document.skipped.length).toBeGreaterThan(0);
  });
});
