/**
 * Joins the supervisor's events to the calls that caused them. What is judged again is exactly what a change can have
 * altered, so that the answer is the same whatever came first: events while a changed call ran, events that are new with the
 * requests on their connections, and events of a process that turns out to have lived longer.
 */
import type { PolicyEvent } from '../model/events';
import { connectionMs, joinPolicy, slackMs } from '../model/joinPolicy';
import type { ProcessLife } from '../model/joinPolicy';
import type { PolicyChanges } from '../store/policySightings';
import type { TimeRange } from '../store/spans';
import type { Store } from '../store/store';
import type { SessionChange } from './sessionFolds';

/** What was known of the processes of these events, to be asked for before they are kept. */
export function livesOf(store: Store, source: number, policy: readonly PolicyEvent[]): ReadonlyMap<number, ProcessLife> {
  return store.policies.lives(source, pidsOf(policy));
}

function pidsOf(policy: readonly PolicyEvent[]): ReadonlySet<number> {
  return new Set(policy.flatMap((event) => (event.process === null ? [] : [event.process.pid])));
}

/** `policy` and `changes` are new in the store; `before`: what `livesOf` said. Answers the calls whose denials are other than before. */
export function joinLog(
  store: Store,
  source: number,
  policy: PolicyChanges,
  before: ReadonlyMap<number, ProcessLife>,
  changes: readonly SessionChange[],
): ReadonlySet<string> {
  // Whose connection a request is on depends on which calls had ended by then.
  const ranges: TimeRange[] = changes.flatMap(({ ran }) =>
    ran.map(({ from, to }) => ({ from: from - slackMs, to: to + slackMs + connectionMs })),
  );
  const withRequests = (time: number): TimeRange => ({ from: time, to: time + connectionMs });
  for (const event of policy.events) ranges.push(withRequests(event.time));
  for (const [pid, life] of livesOf(store, source, policy.events)) {
    const known = before.get(pid);
    if (known !== undefined && outgrewCall(store, source, known, life))
      ranges.push(...store.policies.laidToCalls(source, pid).map(withRequests));
  }
  // One that lived shorter than was thought may be a call's after all.
  for (const pid of policy.shortened) ranges.push(...store.policies.timesOf(source, pid).map(withRequests));
  const judged = new Set<string>(policy.calls);
  for (const range of merged(ranges)) for (const call of judge(store, source, range)) judged.add(call);
  return judged;
}

/** Whether a process that may have been a call's, as long as it was known to live, lived too long for that. */
function outgrewCall(store: Store, source: number, before: ProcessLife, now: ProcessLife): boolean {
  if (now.first < before.first) return true;
  return now.last > before.last && store.spans.anyEnded(source, before.first + slackMs, before.last - slackMs, now.last - slackMs);
}

function judge(store: Store, source: number, { from, to }: TimeRange): readonly string[] {
  // A request takes the process of the connection before it.
  const events = store.policies.events(source, from - connectionMs, to);
  if (events.length === 0) return [];
  const lives = livesOf(store, source, events);
  const calls = store.spans.calls(source, from - connectionMs - slackMs, to + slackMs);
  return joinPolicy(events, calls, lives)
    .filter(({ event }) => event.time >= from)
    .flatMap((joined) => store.policies.putJoin(source, joined));
}

function merged(ranges: readonly TimeRange[]): readonly TimeRange[] {
  const apart: { from: number; to: number }[] = [];
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else apart.push({ from, to });
  }
  return apart;
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
    byRow.set(found.session, {
      session,
      row: found.session,
      revision,
      spans: [...(known?.spans ?? []), found.span],
      ran: known?.ran ?? [],
    });
  }
  return [...byRow.values()];
}
