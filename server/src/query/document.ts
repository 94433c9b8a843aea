/** The documents of the CLI: the whole of a source, at once. Only for output; the editor reads pages. */
import type { SessionsDocument, SessionTrace, TraceDocument } from '../protocol/document';
import { compareSpans } from '../model/order';
import type { Store } from '../store/store';
import { withDenial } from './denials';
import { findingsOf } from './findings';
import type { FindingWishes } from './findings';

export function traceDocument(store: Store, source: number, session: string | null, wishes: FindingWishes = {}): TraceDocument {
  const stored = store.sources.get(source);
  if (stored === null) throw new Error('no such source in the store');
  const denied = store.policies.deniedCalls(source);
  const sessions: SessionTrace[] = store.sessions
    .list(source)
    .filter((view) => view.recorded && (session === null || view.info.id === session))
    .map((view) => ({
      ...sessionFields(view.info),
      spans: store.spans
        .page(view.row, 0, -1)
        .map(({ span }) => withDenial(span, denied))
        .sort(compareSpans),
    }));
  return {
    schema: 'sandglass/trace@1',
    source: stored.info,
    skipped: store.sources.skipped(source),
    policy: store.policies.all(source),
    findings: findingsOf(store, source, undefined, wishes),
    sessions,
  };
}

export function sessionsDocument(store: Store, source: number, wishes: FindingWishes = {}): SessionsDocument {
  const stored = store.sources.get(source);
  if (stored === null) throw new Error('no such source in the store');
  return {
    schema: 'sandglass/sessions@1',
    source: stored.info,
    skipped: store.sources.skipped(source),
    policy: store.policies.all(source),
    findings: findingsOf(store, source, undefined, wishes),
    sessions: store.sessions
      .list(source)
      .filter((view) => view.recorded)
      .map((view) => sessionFields(view.info)),
  };
}

/** In the order of the contract. */
function sessionFields(info: SessionTrace | SessionsDocument['sessions'][number]): SessionsDocument['sessions'][number] {
  const { id, key, agent, title, trigger, state, status, parentSessionId, previousSessionId, startTime, endTime, totals } = info;
  return { id, key, agent, title, trigger, state, status, parentSessionId, previousSessionId, startTime, endTime, totals };
}
