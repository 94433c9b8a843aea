/** What the supervisors decided, out of the store: denials with the programs of their connections, and all of it page by page. */
import { connectionMs, Decisions } from '../policy/recorded';
import type { Decision } from '../policy/recorded';
import { requestHint } from '../policy/requestHint';
import type { RequestHint } from '../policy/requestHint';
import type { PolicySpan } from '../protocol/document';
import type { Store } from '../store/store';

/** Denials looked at for one source, newest first. */
export const denialsPerSource = 300;
/** What a policy file is weighed by. */
const weighedDecisions = 200;
const pageSize = 1000;
/** Events of one connection's time that are looked at for the program of a request. */
const nearLimit = 2000;

/** Newest first, since `from`. */
export function denials(store: Store, source: number, from: number): readonly Decision[] {
  return store.policies.denied(source, from, denialsPerSource).flatMap((span) => decisionOf(store, source, span) ?? []);
}

/** What `denials` gives is the same as long as this is. */
export function denialsMark(store: Store, source: number, from: number): string {
  return store.policies.deniedMark(source, from, denialsPerSource);
}

export function decision(store: Store, source: number, policyId: string): Decision | null {
  const span = store.policies.span(source, policyId);
  return span === null ? null : decisionOf(store, source, span);
}

/** A request comes with the program of the connection it came through. */
function decisionOf(store: Store, source: number, span: PolicySpan): Decision | null {
  const time = Date.parse(span.startTime ?? '');
  const decisions = new Decisions();
  if (!span.name.startsWith('HTTP') || Number.isNaN(time)) return decisions.take(span);
  for (const before of store.policies.decided(source, time - connectionMs, time, nearLimit)) {
    const taken = decisions.take(before);
    if (before.id === span.id) return taken;
  }
  return decisions.take(span);
}

/** The newest ones, in order of time. */
export function newestDecisions(store: Store, source: number): readonly Decision[] {
  const decisions = new Decisions();
  return store.policies.decided(source, 0, Number.MAX_SAFE_INTEGER, weighedDecisions).flatMap((span) => decisions.take(span) ?? []);
}

/** All of a time in order of it, in pages, so that others have their turn between them. */
export function* decisionPages(store: Store, source: number, from: number, to: number): Iterable<readonly Decision[]> {
  const decisions = new Decisions();
  for (let next: number | null = from; next !== null;) {
    const page = store.policies.decidedFrom(source, next, to, pageSize);
    yield page.spans.flatMap((span) => decisions.take(span) ?? []);
    next = page.next;
  }
}

/** What the command of the call it was laid to tells of it. */
export function hintOf(store: Store, source: number, { callId, time, request }: Decision): RequestHint | null {
  if (callId === null) return null;
  const call = store.spans.calls(source, time - connectionMs, time + connectionMs).find(({ spanId }) => spanId === callId);
  return requestHint(call?.command ?? null, request.host, request.port);
}
