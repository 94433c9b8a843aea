/** What the supervisors decided, out of the store: denials with the programs of their connections, and all of it page by page. */
import { connectionMs, keptOpenMs } from '../model/joinPolicy';
import { Decisions } from '../policy/recorded';
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
/** Events before requests that are looked at for their programs, for all that are asked for together. */
const nearLimit = 10_000;

/** Newest first, since `from`. */
export function denials(store: Store, source: number, from: number): readonly Decision[] {
  return decisionsOf(store, source, store.policies.denied(source, from, denialsPerSource));
}

/** What `denials` gives is the same as long as this is. */
export function denialsMark(store: Store, source: number, from: number): string {
  return store.policies.deniedMark(source, from, denialsPerSource);
}

export function decision(store: Store, source: number, policyId: string): Decision | null {
  const span = store.policies.span(source, policyId);
  return span === null ? null : (decisionsOf(store, source, [span])[0] ?? null);
}

/** A request comes with the program of the connection it came through; what is near several requests is read once. */
function decisionsOf(store: Store, source: number, spans: readonly PolicySpan[]): readonly Decision[] {
  const found = new Map<string, Decision>();
  let left = nearLimit;
  for (const { from, to } of windows(spans)) {
    if (left <= 0) break;
    const near = store.policies.decided(source, from, to, left);
    const cut = near.length === left ? timeOf(near[0]) : null;
    left -= near.length;
    const decisions = new Decisions(cut ?? undefined);
    for (const span of near) {
      const taken = decisions.take(span);
      if (taken !== null) found.set(span.id, taken);
    }
  }
  // Where there was too much to look at, a request is without its program.
  return spans.flatMap((span) => found.get(span.id) ?? new Decisions().take(span) ?? []);
}

/** The times in which connections of these requests can have been opened, joined where they touch; newest first. */
function windows(spans: readonly PolicySpan[]): readonly { readonly from: number; readonly to: number }[] {
  const times = spans.flatMap((span) => (span.name.startsWith('HTTP') ? (timeOf(span) ?? []) : []));
  const joined: { from: number; to: number }[] = [];
  for (const time of times.sort((a, b) => b - a)) {
    const last = joined.at(-1);
    if (last !== undefined && time >= last.from) last.from = time - keptOpenMs;
    else joined.push({ from: time - keptOpenMs, to: time });
  }
  return joined;
}

function timeOf(span: PolicySpan | undefined): number | null {
  const time = Date.parse(span?.startTime ?? '');
  return Number.isNaN(time) ? null : time;
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
