/**
 * Joins the supervisor's events to the calls that caused them. What is judged again is exactly what a change can have
 * altered, so that the answer is the same whatever came first: events while a changed call ran, events that are new with the
 * requests on their connections, events of a process that turns out to have lived longer, and what a start of the sandbox tells apart.
 */
import type { PolicyEvent } from '../model/events';
import { connectionKey, joinPolicy, keptOpenMs, slackMs } from '../model/joinPolicy';
import { isStart } from '../model/processLives';
import type { ProcessLife, ProcessLives } from '../model/processLives';
import type { PolicyChanges } from '../store/policySightings';
import type { TimeRange } from '../store/spans';
import type { Store } from '../store/store';
import type { SessionChange } from './sessionFolds';

/** What was known of the processes of these events, to be asked for before they are kept. */
export function livesOf(store: Store, source: number, policy: readonly PolicyEvent[]): ProcessLives {
  return store.policies.lives(source, policy);
}

/** `policy` and `changes` are new in the store; `before`: what `livesOf` said. Answers the calls whose denials are other than before. */
export function joinLog(
  store: Store,
  source: number,
  policy: PolicyChanges,
  before: ProcessLives,
  changes: readonly SessionChange[],
): ReadonlySet<string> {
  // Whose connection a request is on depends on which calls had ended by then.
  const ranges: TimeRange[] = changes.flatMap(({ ran }) =>
    ran.map(({ from, to }) => ({ from: from - slackMs, to: to + slackMs + keptOpenMs })),
  );
  const withRequests = (time: number): TimeRange => ({ from: time, to: time + keptOpenMs });
  for (const event of policy.events) ranges.push(withRequests(event.time));
  const now = livesOf(store, source, policy.events);
  const asked = new Set<ProcessLife>();
  for (const { process, time } of policy.events) {
    if (process === null) continue;
    const known = before.of(process.pid, time);
    const life = now.of(process.pid, time);
    if (known === undefined || life === undefined || asked.has(life)) continue;
    asked.add(life);
    if (outgrewCall(store, source, known, life))
      ranges.push(...store.policies.laidToCalls(source, process.pid, now.boots.of(time)).map(withRequests));
  }
  const starts = policy.events.filter(isStart).map(({ time }) => time);
  if (starts.length > 0) ranges.push(...toldApart(store, source, starts));
  // One that lived shorter than was thought may be a call's after all.
  for (const pid of policy.shortened) ranges.push(...store.policies.timesOf(source, pid, always).map(withRequests));
  const judged = new Set<string>(policy.calls);
  for (const range of merged(ranges)) for (const call of judge(store, source, range)) judged.add(call);
  return judged;
}

/** Whether a process that may have been a call's, as long as it was known to live, lived too long for that. */
function outgrewCall(store: Store, source: number, before: ProcessLife, now: ProcessLife): boolean {
  if (now.first < before.first) return true;
  return now.last > before.last && store.spans.anyEnded(source, before.first + slackMs, before.last - slackMs, now.last - slackMs);
}

/** What starts of the sandbox tell apart: one process id before and after, and what ran before from what was asked after. */
function toldApart(store: Store, source: number, starts: readonly number[]): readonly TimeRange[] {
  const [first, last] = [starts.reduce((a, b) => Math.min(a, b)), starts.reduce((a, b) => Math.max(a, b))];
  const boots = store.policies.boots(source, first - 1, last);
  const around = { from: boots.of(first - 1).from, to: boots.of(last).to };
  const times = [...store.policies.lifetimes(source, around)]
    .filter(([, life]) => starts.some((start) => life.first < start && start <= life.last))
    .flatMap(([pid]) => store.policies.timesOf(source, pid, around));
  const ran = starts.map((start) => {
    const { to } = boots.of(start);
    const ends = store.spans.calls(source, start - slackMs, start).map(({ end }) => end ?? to);
    return { from: start, to: Math.min(to, Math.max(start, ...ends) + slackMs + keptOpenMs) };
  });
  return [...ran, ...times.map((time) => ({ from: time, to: time + keptOpenMs }))];
}

const always = { from: -Infinity, to: Infinity };

function judge(store: Store, source: number, { from, to }: TimeRange): readonly string[] {
  const events = store.policies.events(source, from, to);
  if (events.length === 0) return [];
  // A request takes the process of the connection before it.
  const requested = new Set(events.flatMap((event) => (event.process === null ? (connectionKey(event) ?? []) : [])));
  const before = requested.size === 0 ? [] : store.policies.opened(source, from - keptOpenMs, from, requested);
  const lives = livesOf(store, source, [...before, ...events]);
  const calls = store.spans.calls(source, from - keptOpenMs - slackMs, to + slackMs);
  return joinPolicy(events, calls, lives, before).flatMap((joined) => store.policies.putJoin(source, joined));
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
