// The numbers of every recording against counts made by a program that shares nothing with this one (expected.README.md).
import { describe, expect, it } from 'vitest';
import type { SessionTrace, TraceDocument } from '../../../server/src/protocol/document';
import { recordings } from '../../fixtures/recordings';
import { traceOf } from '../support/traces';

const states = { live: 'live', reset: 'reset', deleted: 'deleted', bak: 'archived' } as const;

function callsByName(session: SessionTrace): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const span of session.spans) {
    if (span.kind !== 'execute_tool' || span.attributes['sandglass.counted'] !== true) continue;
    const name = String(span.attributes['gen_ai.tool.name']);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function parentOf(document: TraceDocument, session: SessionTrace): string | null {
  return document.sessions.find((candidate) => candidate.id === session.parentSessionId)?.key ?? null;
}

describe.each(recordings())('recording $name', (recording) => {
  it('gives the totals that were counted independently', async () => {
    const document = await traceOf(recording.root);
    const { sessions } = recording.expected;
    expect(document.sessions.map((session) => session.id).sort()).toEqual(Object.keys(sessions).sort());
    expect(document.skipped).toEqual([]);
    // What the detectors find has a test of its own.
    expect(document.findings.filter(({ preview }) => !preview)).toEqual([]);
    for (const session of document.sessions) {
      const expected = sessions[session.id];
      if (expected === undefined) throw new Error(`no such session expected: ${session.id}`);
      const { own } = expected;
      const { totals } = session;
      expect
        .soft(
          {
            key: session.key,
            state: session.state,
            llmCalls: totals.llmCalls,
            toolCalls: totals.toolCalls,
            failed: totals.failedToolCalls,
            thinking: totals.thinkingBlocks,
            compactions: totals.compactions,
            tokens: {
              input: totals.usage.input,
              output: totals.usage.output,
              cacheRead: totals.usage.cacheRead,
              cacheWrite: totals.usage.cacheWrite,
            },
            byName: callsByName(session),
            parent: parentOf(document, session),
            // One that runs has no end yet.
            end: session.status === 'running' ? expected.lastTimestamp : session.endTime,
          },
          session.id,
        )
        .toEqual({
          key: expected.sessionKey,
          end: expected.lastTimestamp,
          state: states[expected.state],
          llmCalls: own.llmCalls,
          toolCalls: own.toolCalls,
          failed: own.failedToolCalls,
          thinking: own.thinkingBlocks,
          compactions: own.compactions,
          tokens: own.tokens,
          byName: own.toolCallsByName,
          parent: expected.subagentParent,
        });
    }
  });

  it('hangs the turns of a spawned session under the call that spawned it', async () => {
    const document = await traceOf(recording.root);
    const spans = new Map(document.sessions.flatMap((session) => session.spans.map((span) => [span.id, { span, session }] as const)));
    const children = document.sessions.filter((session) => recording.expected.sessions[session.id]?.subagentParent !== null);
    for (const child of children) {
      for (const turn of child.spans.filter((span) => span.kind === 'invoke_agent')) {
        const parent = spans.get(turn.parentId ?? '');
        expect(parent?.session.id).toBe(child.parentSessionId);
        expect(parent?.span.attributes['gen_ai.tool.name']).toBe('sessions_spawn');
      }
    }
  });

  it('has one tree a session, and no id twice', async () => {
    const document = await traceOf(recording.root);
    const all = new Set<string>();
    for (const session of document.sessions) {
      const ids = new Set(session.spans.map((span) => span.id));
      expect(ids.size).toBe(session.spans.length);
      for (const span of session.spans) {
        expect(all.has(span.id)).toBe(false);
        all.add(span.id);
        if (span.kind === 'chat') expect(ids.has(span.parentId ?? '')).toBe(true);
        if (span.kind === 'execute_tool' && span.attributes['sandglass.call_not_recorded'] !== true)
          expect(ids.has(span.parentId ?? '')).toBe(true);
      }
    }
  });
});
