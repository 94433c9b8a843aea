/**
 * Folds the events of one session into its spans and totals. Pure: the same events in any order, with repeats, give the
 * same result. What only other sessions can tell (who owns a copied entry, who spawned this session) comes in as context.
 */
import type { SessionState, Span } from '../protocol/document';
import type { AccountFor } from './account';
import { strongestState } from './events';
import type { IndexEvent, SessionEvent, SessionHeader } from './events';
import { compareSpans, firstOf } from './order';
import { SessionFold } from './sessionFold';
import type { SessionFacts, Surroundings } from './sessionFold';
import type { CallFact } from './spanMaker';
import type { Ownership } from './turns';

export interface FoldContext extends Ownership, Pick<Surroundings, 'spawnedBy' | 'parentSession'> {
  readonly account: AccountFor;
}

export interface SessionInput {
  readonly agent: string;
  readonly session: string;
  /** State of each file the session lies in now. */
  readonly states: Iterable<SessionState>;
  readonly events: readonly SessionEvent[];
}

export interface FoldedSession extends SessionFacts {
  readonly spans: readonly Span[];
  readonly calls: readonly CallFact[];
  /** Sessions this one spawned, by key. */
  readonly spawns: readonly { readonly spanId: string; readonly childSessionKey: string }[];
}

export function latestIndex(events: Iterable<SessionEvent>): IndexEvent | null {
  let latest: IndexEvent | null = null;
  for (const event of events) {
    if (event.kind !== 'index') continue;
    const newer = latest === null ? 1 : (event.updatedAt ?? 0) - (latest.updatedAt ?? 0);
    if (latest === null || newer > 0 || (newer === 0 && JSON.stringify(event) > JSON.stringify(latest))) latest = event;
  }
  return latest;
}

export function firstHeader(events: Iterable<SessionEvent>): SessionHeader | null {
  let first: SessionHeader | null = null;
  for (const event of events) if (event.kind === 'header') first = firstOf(first, event);
  return first;
}

export function foldSession({ agent, session, states, events }: SessionInput, context: FoldContext): FoldedSession {
  const fold = new SessionFold(agent, session, context.account);
  fold.append(events, context);
  const { spawnedBy, parentSession } = context;
  const { facts, spans } = fold.take({ index: latestIndex(events), state: strongestState(states), spawnedBy, parentSession });
  return {
    ...facts,
    spans: spans.map(({ span }) => span).sort(compareSpans),
    calls: spans.flatMap(({ call }) => call ?? []),
    spawns: spans.flatMap(({ span, childKey }) => (childKey === null ? [] : [{ spanId: span.id, childSessionKey: childKey }])),
  };
}
