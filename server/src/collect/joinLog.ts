/** Joins the supervisor's events to the calls that caused them, around what changed in the store. */
import type { PolicyEvent } from '../model/events';
import { joinPolicy } from '../model/joinPolicy';
import type { Store } from '../store/store';
import type { SessionChange } from './sessionFolds';

/** How far around a change the supervisor's events are joined again. */
const joinMarginMs = 60_000;

/** `policy` and `changes` are new in the store. Answers the calls whose denials are other than before. */
export function joinLog(
  store: Store,
  source: number,
  policy: readonly PolicyEvent[],
  changes: readonly SessionChange[],
): ReadonlySet<string> {
  let from = Infinity;
  let to = -Infinity;
  const widen = (time: number | null): void => {
    if (time === null || Number.isNaN(time)) return;
    from = Math.min(from, time);
    to = Math.max(to, time);
  };
  for (const event of policy) widen(event.time);
  for (const change of changes) {
    for (const span of change.spans) {
      if (span.kind !== 'execute_tool') continue;
      widen(span.startTime === null ? null : Date.parse(span.startTime));
      widen(span.endTime === null ? null : Date.parse(span.endTime));
    }
  }
  const judged = new Set<string>();
  if (from === Infinity) return judged;
  from -= joinMarginMs;
  to += joinMarginMs;
  const events = store.policies.events(source, from, to);
  const pids = new Set(events.flatMap((event) => (event.process === null ? [] : [event.process.pid])));
  const lives = store.policies.lives(source, pids);
  for (const joined of joinPolicy(events, store.spans.calls(source, from, to), lives)) {
    // Events at the edge of the window were judged with all their neighbours in an earlier one.
    if (joined.event.time < from + joinMarginMs / 2 || joined.event.time > to - joinMarginMs / 2) continue;
    for (const call of store.policies.putJoin(source, joined)) judged.add(call);
  }
  return judged;
}

/** A denial that came after its call changes the call's session too. */
export function withJudged(
  store: Store,
  source: number,
  changes: readonly SessionChange[],
  judged: ReadonlySet<string>,
): readonly SessionChange[] {
  const byRow = new Map(changes.map((change) => [change.row, change]));
  for (const id of judged) {
    const found = store.spans.span(source, id);
    if (found === null) continue;
    const known = byRow.get(found.session);
    if (known !== undefined && known.spans.some((span) => span.id === id)) continue;
    const revision = known?.revision ?? store.sessions.touch(found.session);
    const session = known?.session ?? store.entries.sessionRow(found.session).session;
    byRow.set(found.session, { session, row: found.session, revision, spans: [...(known?.spans ?? []), found.span] });
  }
  return [...byRow.values()];
}
