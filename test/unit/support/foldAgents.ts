/**
 * Folds the sessions of all agents of one source in memory, written apart from the store so that the two can be held against
 * each other; the throughput of decode and fold is measured with it too. Which of several sessions owns a copied entry or a repeated model call, and
 * which call spawned which session, is decided here; a session itself is folded by foldSession.
 */
import type { SessionState } from '../../../server/src/protocol/document';
import { llmCallKey } from '../../../server/src/model/events';
import type { IndexEvent, SessionEvent } from '../../../server/src/model/events';
import { firstHeader, foldSession, latestIndex } from '../../../server/src/model/foldSession';
import type { FoldContext, FoldedSession } from '../../../server/src/model/foldSession';
import { isEntry } from '../../../server/src/model/order';

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

interface Known extends SessionDraft {
  readonly created: number;
  readonly index: IndexEvent | null;
}

export function foldAgents(drafts: Iterable<SessionDraft>, account: FoldContext['account']): readonly FoldedSession[] {
  // The index speaks of sessions that have no transcript yet (a first turn is not on disk before its first reply).
  const sessions: readonly Known[] = [...drafts]
    .map((draft) => ({ ...draft, created: createdTime(draft.events), index: latestIndex(draft.events) }))
    .sort(compareCreated);
  const entryOwners = new Map<string, Map<string, string>>();
  const callOwner = new Map<string, string>();
  // A session that was spawned is folded once its parent is known; who spawned whom stands in the results alone.
  const spawnedKeys = new Set<string>();
  for (const { agent, session, events } of sessions) {
    const owner = entryOwners.get(agent) ?? new Map<string, string>();
    entryOwners.set(agent, owner);
    for (const event of events) if (isEntry(event) && !owner.has(event.entryId)) owner.set(event.entryId, session);
    for (const event of events) {
      if (event.kind !== 'toolResult' && event.kind !== 'assistant') continue;
      if (owner.get(event.entryId) !== session) continue;
      if (event.kind === 'toolResult') {
        if (event.childSessionKey !== null) spawnedKeys.add(event.childSessionKey);
      } else if (!event.synthetic) {
        const key = llmCallKey(event);
        if (!callOwner.has(key)) callOwner.set(key, session);
      }
    }
  }
  const sessionsOfKey = new Map<string, { readonly session: string; readonly created: number }[]>();
  for (const { session, index, created } of sessions) {
    if (index !== null) sessionsOfKey.set(index.sessionKey, [...(sessionsOfKey.get(index.sessionKey) ?? []), { session, created }]);
  }
  const spawner = new Map<string, { spanId: string; session: string }>();
  const folded = new Map<Known, FoldedSession>();
  const fold = (known: Known): void => {
    const { agent, session, index, created } = known;
    const owner = entryOwners.get(agent);
    const parents = index === null || index.spawnedBy === null ? [] : (sessionsOfKey.get(index.spawnedBy) ?? []);
    const result = foldSession(known, {
      owns: (entryId) => owner?.get(entryId) === session,
      ownsCall: (key) => callOwner.get(key) === session,
      account,
      spawnedBy: index === null ? null : (spawner.get(index.sessionKey) ?? null),
      parentSession: parentAmong(parents, created)?.session ?? null,
    });
    folded.set(known, result);
    for (const spawn of result.spawns)
      if (!spawner.has(spawn.childSessionKey)) spawner.set(spawn.childSessionKey, { spanId: spawn.spanId, session: result.id });
  };
  const waits = ({ index }: Known): boolean => index !== null && spawnedKeys.has(index.sessionKey);
  for (const known of sessions) if (!waits(known)) fold(known);
  // Children of children: each is older than what it spawns.
  for (const known of sessions) if (waits(known)) fold(known);
  return sessions.map((known) => folded.get(known)).filter((result) => result !== undefined);
}
