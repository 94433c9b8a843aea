/**
 * Folds the events of one session into its spans and totals. Pure: the same events in any order, with repeats, give the
 * same result. What only other sessions can tell (who owns a copied entry, who spawned this session) comes in as context.
 */
import type { SessionState, SessionStatus, SessionTotals, Span, Trigger } from '../protocol/document';
import type { AccountFor } from './account';
import { chatSpan } from './chatSpan';
import { strongestState } from './events';
import type { IndexEvent, SessionEvent, SessionHeader } from './events';
import { eventSpans } from './eventSpans';
import { spanId } from './ids';
import { activeBranch, compareSpans, orderedEntries } from './order';
import { collectRuns, collectToolTimes } from './runs';
import { nestedByCall, orphanSpan, toolSpan } from './toolSpan';
import { totalsOf } from './totals';
import { assemble } from './turns';
import type { Ownership, TurnDraft } from './turns';
import { matchRun, turnSpan, turnView } from './turnSpan';
import type { TurnView } from './turnSpan';

export interface FoldContext extends Ownership {
  readonly account: AccountFor;
  /** The call that spawned this session, when it is known: its turns hang under it. */
  readonly spawnedBy: { readonly spanId: string; readonly session: string } | null;
  /** Session that has the key `spawnedBy` of the index names, when no spawning call is known. */
  readonly parentSession: string | null;
}

export interface SessionInput {
  readonly agent: string;
  readonly session: string;
  /** State of each file the session lies in now. */
  readonly states: Iterable<SessionState>;
  readonly events: readonly SessionEvent[];
}

/** A tool call as the join with the supervisor's log needs it. */
export interface CallFact {
  readonly spanId: string;
  readonly turnId: string;
  readonly session: string;
  readonly name: string;
  readonly command: string | null;
  /** Two calls with the same target tried the same thing. */
  readonly target: string;
  readonly pid: number | null;
  /** When it was asked for, and when its result was written (null: still running, or never). */
  readonly start: number | null;
  readonly end: number | null;
}

export interface FoldedSession {
  readonly id: string;
  readonly agent: string;
  readonly key: string | null;
  readonly title: string | null;
  readonly trigger: Trigger;
  readonly state: SessionState;
  readonly status: SessionStatus;
  readonly parentSessionId: string | null;
  readonly previousSessionId: string | null;
  readonly startTime: number | null;
  readonly endTime: number | null;
  readonly totals: SessionTotals;
  readonly spans: readonly Span[];
  readonly calls: readonly CallFact[];
  /** Sessions this one spawned, by key. */
  readonly spawns: readonly { readonly spanId: string; readonly childSessionKey: string }[];
  readonly workspaceDir: string | null;
}

/** A key names one session after another: of those, oldest first, the one that was there when the child was made. */
export function parentAmong<T extends { readonly created: number }>(sessions: readonly T[], childCreated: number): T | null {
  return sessions.findLast((session) => session.created <= childCreated) ?? sessions[0] ?? null;
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
  for (const event of events) {
    if (event.kind === 'header' && (first === null || (event.time ?? 0) < (first.time ?? 0))) first = event;
  }
  return first;
}

export function foldSession(input: SessionInput, context: FoldContext): FoldedSession {
  const { agent, session, events } = input;
  const header = firstHeader(events);
  const index = latestIndex(events);
  const entries = orderedEntries(events);
  const active = activeBranch(entries);
  const runs = collectRuns(events);
  const assembled = assemble(entries, context);
  const state = strongestState(input.states);
  const lastTurn = assembled.turns[assembled.turns.length - 1];
  const turns = new Map<TurnDraft, TurnView>();
  for (const turn of assembled.turns) {
    turns.set(
      turn,
      turnView(agent, session, turn, matchRun(turn, runs), turn === lastTurn && index?.status === 'running' && state === 'live', index),
    );
  }
  const status = sessionStatus(index, lastTurn, lastTurn === undefined ? undefined : turns.get(lastTurn));
  const view = (turn: TurnDraft): TurnView => {
    const known = turns.get(turn);
    if (known === undefined) throw new Error('a draft names a turn that was never opened');
    return known;
  };
  const sources = { nested: nestedByCall(entries), trajectory: collectToolTimes(events) };

  const spans: Span[] = [];
  for (const turn of assembled.turns) spans.push(turnSpan(agent, turn, view(turn), context.spawnedBy?.spanId ?? null, active));
  for (const chat of assembled.chats)
    spans.push(chatSpan(agent, session, chat, view(chat.turn).id, context.account, active.has(chat.entry.entryId)));
  const calls: CallFact[] = [];
  const spawns: { spanId: string; childSessionKey: string }[] = [];
  for (const call of assembled.calls) {
    const turn = view(call.turn);
    const span = toolSpan({
      agent,
      session,
      call,
      parentId: spanId(agent, session, call.message.entryId, 'chat', 0),
      turnId: turn.id,
      turnRunning: turn.status === 'running',
      turnAborted: turn.status === 'aborted',
      abandoned: !active.has(call.message.entryId),
      sources,
    });
    spans.push(span);
    if (!call.inherited) {
      calls.push({
        spanId: span.id,
        turnId: turn.id,
        session,
        name: call.block.name,
        command: call.block.command,
        target: `${call.block.name}\n${call.block.target}`,
        pid: call.result?.pid ?? null,
        start: call.message.time,
        end: call.result?.writtenTime ?? call.result?.time ?? null,
      });
      const child = call.result?.childSessionKey ?? null;
      if (child !== null) spawns.push({ spanId: span.id, childSessionKey: child });
    }
  }
  for (const orphan of assembled.orphans) {
    spans.push(orphanSpan(agent, session, orphan, (turn) => view(turn).id, !active.has(orphan.result.entryId)));
  }
  spans.push(...eventSpans(agent, session, assembled, (turn) => view(turn).id, active));

  const times = entries.map((entry) => entry.time).filter((time): time is number => time !== null);
  const firstOwn = assembled.turns.find((turn) => !turn.inherited);
  const made = header?.time ?? (times.length > 0 ? minMax(times)[0] : null);
  // The header is written with the first reply; what it answers was asked before.
  const asked = firstOwn === undefined ? null : view(firstOwn).start;
  const startTime = made === null || asked === null ? (made ?? asked) : Math.min(made, asked);
  const triggerTurn = firstOwn ?? assembled.turns[0];
  return {
    id: session,
    agent,
    key: index?.sessionKey ?? null,
    title: titleOf(firstOwn ?? assembled.turns[0], index),
    trigger: triggerTurn === undefined ? 'unknown' : view(triggerTurn).trigger,
    state,
    status,
    parentSessionId: context.spawnedBy?.session ?? context.parentSession,
    previousSessionId: header?.previousSession ?? index?.previousSession ?? null,
    startTime,
    endTime: status === 'running' && state === 'live' ? null : times.length > 0 ? minMax(times)[1] : null,
    totals: totalsOf(assembled, context.account),
    spans: spans.sort(compareSpans),
    calls,
    spawns,
    workspaceDir: runs.find((run) => run.workspaceDir !== null)?.workspaceDir ?? header?.cwd ?? null,
  };
}

/** How OpenClaw and the providers word that the context was too long: the agent compacts then, and asks again. */
const overflow = /context.{0,40}\b(?:overflow|window|length|size)|(?:prompt|request|input) is too (?:long|large)|maximum.{0,40}\btokens/i;
/** What else is measured in tokens: the agent does not ask again by itself. */
const quota = /rate.?limit|per.?minute|quota|timed? ?out|\b429\b/i;

/** OpenClaw's index may go on saying "running" of a run that replied, or ended without; what it says of a later one holds. */
function sessionStatus(index: IndexEvent | null, lastTurn: TurnDraft | undefined, view: TurnView | undefined): SessionStatus {
  const said = index?.status ?? 'unknown';
  if (said !== 'running' || lastTurn === undefined || view === undefined) return said;
  const { last, lastTime, failedBeforeReply } = lastTurn;
  if (view.status === 'ok') return (index?.startedAt ?? Infinity) <= (lastTime ?? 0) ? 'done' : said;
  if (view.status !== 'error' && view.status !== 'aborted') return said;
  const runEnd = view.run?.end ?? null;
  const ended =
    view.status === 'aborted' ||
    failedBeforeReply !== null ||
    (runEnd !== null && runEnd >= (last?.time ?? 0)) ||
    (last?.stopReason === 'error' && !isOverflow(last.errorMessage ?? ''));
  return ended && (index?.updatedAt ?? 0) <= (lastTime ?? 0) ? 'failed' : said;
}

function isOverflow(message: string): boolean {
  return overflow.test(message) && !quota.test(message);
}

/** Smallest and largest, without spreading a long array over the stack. */
function minMax(times: readonly number[]): readonly [number, number] {
  let min = Infinity;
  let max = -Infinity;
  for (const time of times) {
    if (time < min) min = time;
    if (time > max) max = time;
  }
  return [min, max];
}

function titleOf(turn: TurnDraft | undefined, index: IndexEvent | null): string | null {
  if (turn?.first.kind === 'user' && turn.first.preview !== '') return turn.first.preview;
  return index?.label ?? null;
}
