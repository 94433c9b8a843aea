// The pure fold over all events, and the fold session by session over the store, are written apart and must agree.
import { describe, expect, it } from 'vitest';
import { decodeEntry } from '../../../server/src/decode/openclaw/entry';
import { decodeIndex } from '../../../server/src/decode/openclaw/sessionIndex';
import { decodeTrajectory } from '../../../server/src/decode/openclaw/trajectory';
import { foldAgents } from '../support/foldAgents';
import type { SessionDraft } from '../support/foldAgents';
import { accountFor } from '../../../server/src/usage/account';
import { emptyBook } from '../../../server/src/usage/book';
import { recordings } from '../../fixtures/recordings';
import { recordsOf, traceOf } from '../support/traces';

describe.each(recordings())('$name', ({ root }) => {
  it('folds to the same spans with and without a store', async () => {
    const document = await traceOf(root);
    const drafts = new Map<string, SessionDraft>();
    let provider: string | null = null;
    for (const record of await recordsOf(root)) {
      if (record.kind === 'about') provider = record.provider;
      if (record.kind !== 'transcript' && record.kind !== 'index' && record.kind !== 'trajectory') continue;
      const event =
        record.kind === 'index'
          ? decodeIndex(record.text, record.agent)
          : record.kind === 'trajectory'
            ? decodeTrajectory(record.text, record.agent, record.session, record.ordinal)
            : decodeEntry(record.text, { agent: record.agent, session: record.session, ordinal: record.ordinal });
      if (event === null) continue;
      const draft = drafts.get(event.session) ?? { agent: record.agent, session: event.session, states: new Set(), events: [] };
      drafts.set(event.session, draft);
      draft.events.push(event);
      if (record.kind === 'transcript') draft.states.add(record.state);
    }
    const folded = foldAgents(drafts.values(), (call) => accountFor(call, { registryProvider: provider, book: emptyBook }));
    expect(folded.length).toBe(document.sessions.length);
    for (const session of folded) {
      const stored = document.sessions.find((candidate) => candidate.id === session.id);
      expect(stored?.totals).toEqual(session.totals);
      // Denials are joined later; a span is else the same to the last attribute.
      const denied = new Set(document.policy.filter((event) => event.status === 'denied').map((event) => event.callId));
      expect(stored?.spans.filter((span) => !denied.has(span.id))).toEqual(session.spans.filter((span) => !denied.has(span.id)));
    }
  });
});
