/**
 * Folds the sessions of all agents of one source in memory, written apart from the store so that the two can be held against
 * each other; the throughput of decode and fold is measured with it too. Which of several sessions owns a copied entry or a repeated model call, and
 * which call spawned which session, is decided here; a session itself is folded by foldSession.
 */
import type { SessionState } from '../../../server/src/protocol/document';
import { llmCallKey } from '../../../server/src/model/events';
import type { SessionEvent } from '../../../server/src/model/events';
import { firstHeader, foldSession, latestIndex } from '../../../server/src/model/foldSession';
import type { FoldContext, FoldedSession, SessionInput } from '../../../server/src/model/foldSession';
import { isEntry, orderedEntries } from '../../../server/src/model/order';

export interface SessionDraft {
  readonly agent: string;
  readonly session: string;
  readonly states: Set<SessionState>;
  readonly events: SessionEvent[];
}

/** When a session was made: its header's time, else its first entry's. A fork's copied entries are older than the fork. */
export function createdTime(events: Iterable<SessionEvent>): number {
  const header = firstHeader(events);
  if (header?.time !== null && header !== null) return header.time;
  let first = Infinity;
  for (const event of events) if (isEntry(event) && event.time !== null && event.time < first) first = event.time;
  return first === Infinity ? 0 : first;
}

export function compareCreated(
  a: { readonly created: number; readonly session: string },
  b: { readonly created: number; readonly session: string },
): number {
  return a.created - b.created || (a.session < b.session ? -1 : a.session > b.session ? 1 : 0);
}

/** A key names one session after another: of those, oldest first, the one that was there when the child was made. */
function parentAmong<T extends { readonly created: number }>(sessions: readonly T[], childCreated: number): T | null {
  return sessions.findLast((session) => session.created <= childCreated) ?? sessions[0] ?? null;
}

export function foldAgents(drafts: Iterable<SessionDraft>, account: FoldContext['account']): readonly FoldedSession[] {
  // The index speaks of sessions that have no transcript yet (a first turn is not on disk before its first reply).
  const sessions = [...drafts].map((draft) => ({ ...draft, created: createdTime(draft.events) })).sort(compareCreated);
  const entryOwner = new Map<string, string>();
  const callOwner = new Map<string, string>();
  for (const { agent, session, events } of sessions) {
    const entries = orderedEntries(events);
    for (const entry of entries) {
      const key = `${agent}\n${entry.entryId}`;
      if (!entryOwner.has(key)) entryOwner.set(key, session);
    }
    for (const entry of entries) {
      if (entry.kind !== 'assistant' || entry.synthetic || entryOwner.get(`${agent}\n${entry.entryId}`) !== session) continue;
      const key = llmCallKey(entry);
      if (!callOwner.has(key)) callOwner.set(key, session);
    }
  }
  const context = (input: SessionInput, spawnedBy: FoldContext['spawnedBy'], parentSession: string | null): FoldContext => ({
    owns: (entryId) => entryOwner.get(`${input.agent}\n${entryId}`) === input.session,
    ownsCall: (key) => callOwner.get(key) === input.session,
    account,
    spawnedBy,
    parentSession,
  });
  const sessionsOfKey = new Map<string, { readonly session: string; readonly created: number }[]>();
  for (const { session, events, created } of sessions) {
    const key = latestIndex(events)?.sessionKey;
    if (key !== undefined) sessionsOfKey.set(key, [...(sessionsOfKey.get(key) ?? []), { session, created }]);
  }
  const spawner = new Map<string, { spanId: string; session: string }>();
  const spawnedKeys = new Set<string>();
  // A session that was spawned is folded once its parent is known; who spawned whom stands in the results alone.
  for (const { agent, session, events } of sessions) {
    for (const event of events) {
      if (event.kind !== 'toolResult' || event.childSessionKey === null || entryOwner.get(`${agent}\n${event.entryId}`) !== session)
        continue;
      if (!spawnedKeys.has(event.childSessionKey)) spawnedKeys.add(event.childSessionKey);
    }
  }
  const folded = new Map<string, FoldedSession>();
  const fold = (input: SessionInput): void => {
    const index = latestIndex(input.events);
    const spawnedBy = index === null ? null : (spawner.get(index.sessionKey) ?? null);
    const parents = index === null || index.spawnedBy === null ? [] : (sessionsOfKey.get(index.spawnedBy) ?? []);
    const parent = parentAmong(parents, createdTime(input.events))?.session ?? null;
    const result = foldSession(input, context(input, spawnedBy, parent));
    folded.set(`${input.agent}\n${input.session}`, result);
    for (const spawn of result.spawns)
      if (!spawner.has(spawn.childSessionKey)) spawner.set(spawn.childSessionKey, { spanId: spawn.spanId, session: result.id });
  };
  const waits = (input: SessionInput): boolean => spawnedKeys.has(latestIndex(input.events)?.sessionKey ?? '');
  for (const input of sessions) if (!waits(input)) fold(input);
  // Children of children: each is older than what it spawns.
  for (const input of sessions) if (waits(input)) fold(input);
  return sessions.map(({ agent, session }) => folded.get(`${agent}\n${session}`)).filter((result) => result !== undefined);
}
