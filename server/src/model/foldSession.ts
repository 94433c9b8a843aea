/**
 * Folds the events of one session into its spans and totals. Pure: the same events in any order, with repeats, give the
 * same result. What only other sessions can tell (who owns a copied entry, who spawned this session) comes in as context.
 */
import type { CostBasis, SessionState, SessionStatus, SessionTotals, Span, SpanStatus, Trigger } from '../protocol/document';
import { spanId } from './ids';
import { strongestState } from './events';
import type { IndexEvent, SessionEvent, SessionHeader, TokenUsage } from './events';
import { activeBranch, orderedEntries } from './order';
import { collectRuns, collectToolTimes } from './runs';
import type { Run } from './runs';
import { assemble, isFinalReply } from './turns';
import type { Assembled, ChatDraft, Ownership, TurnDraft } from './turns';
import { isoTime, nestedByCall, orphanSpan, toolSpan } from './toolSpan';

export interface CallAccount {
  readonly inclusiveInput: number;
  readonly cost: { readonly usd: number | null; readonly basis: CostBasis; readonly source: string | null };
}

export interface FoldContext extends Ownership {
  account(call: {
    readonly provider: string | null;
    readonly model: string | null;
    readonly usage: TokenUsage | null;
    readonly time: number | null;
  }): CallAccount;
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

/** Notes that only repeat settings; shown nowhere. */
const quietNotes: ReadonlySet<string> = new Set(['custom:model-snapshot', 'thinking_level_change', 'custom:openclaw.cache-ttl']);

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
  const status: SessionStatus = index?.status ?? 'unknown';
  const lastTurn = assembled.turns[assembled.turns.length - 1];
  const turns = new Map<TurnDraft, TurnView>();
  for (const turn of assembled.turns) {
    turns.set(turn, turnView(agent, session, turn, matchRun(turn, runs), turn === lastTurn && status === 'running' && state === 'live', index));
  }
  const view = (turn: TurnDraft): TurnView => {
    const known = turns.get(turn);
    if (known === undefined) throw new Error('a draft names a turn that was never opened');
    return known;
  };
  const sources = { nested: nestedByCall(entries), trajectory: collectToolTimes(events) };

  const spans: Span[] = [];
  for (const turn of assembled.turns) spans.push(turnSpan(agent, turn, view(turn), context, active));
  for (const chat of assembled.chats) spans.push(chatSpan(agent, session, chat, view(chat.turn).id, context, active.has(chat.entry.entryId)));
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
  spans.push(...otherSpans(agent, session, assembled, view, active));

  const times = entries.map((entry) => entry.time).filter((time): time is number => time !== null);
  const startTime = header?.time ?? (times.length > 0 ? Math.min(...minMax(times)) : null);
  const firstOwn = assembled.turns.find((turn) => !turn.inherited);
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
    endTime: status === 'running' && state === 'live' ? null : times.length > 0 ? Math.max(...minMax(times)) : null,
    totals: totalsOf(assembled, context),
    spans: spans.sort(compareSpans),
    calls,
    spawns,
    workspaceDir: runs.find((run) => run.workspaceDir !== null)?.workspaceDir ?? header?.cwd ?? null,
  };
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

/** The document's order: start, then id; what has no start comes last. */
export function compareSpans(a: Span, b: Span): number {
  const left = a.startTime ?? '~';
  const right = b.startTime ?? '~';
  return left < right ? -1 : left > right ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function titleOf(turn: TurnDraft | undefined, index: IndexEvent | null): string | null {
  if (turn?.first.kind === 'user' && turn.first.preview !== '') return turn.first.preview;
  return index?.label ?? null;
}

interface TurnView {
  readonly id: string;
  readonly status: SpanStatus;
  readonly message: string | null;
  readonly start: number | null;
  readonly end: number | null;
  readonly trigger: Trigger;
  readonly run: Run | null;
}

function matchRun(turn: TurnDraft, runs: readonly Run[]): Run | null {
  for (const run of runs) if (turn.runIds.has(run.runId)) return run;
  if (turn.runIds.size > 0) return null;
  // Entries of the JSONL era have no run id: the run whose time frame holds the turn's first entry.
  const time = turn.first.time;
  if (time === null) return null;
  return runs.find((run) => run.start <= time && (run.end === null || time <= run.end)) ?? null;
}

function turnView(agent: string, session: string, turn: TurnDraft, run: Run | null, running: boolean, index: IndexEvent | null): TurnView {
  const first = turn.first;
  const start = first.kind === 'user' ? (first.sentTime ?? first.time) : first.kind === 'assistant' ? (first.startTime ?? first.time) : first.time;
  const [status, message] = turnStatus(turn, run, running);
  return {
    id: spanId(agent, session, first.entryId, 'invoke_agent', 0),
    status,
    message,
    start,
    end: status === 'running' ? null : (turn.lastTime ?? run?.end ?? null),
    trigger: turnTrigger(turn, run, index),
    run,
  };
}

function turnStatus(turn: TurnDraft, run: Run | null, running: boolean): readonly [SpanStatus, string | null] {
  const last = turn.last;
  if (last !== null && isFinalReply(last)) return ['ok', null];
  if (run?.outcome === 'interrupted' || last?.stopReason === 'aborted') return ['aborted', run?.error ?? last?.errorMessage ?? null];
  if (turn.failedBeforeReply !== null) return ['error', turn.failedBeforeReply];
  // OpenClaw's index may go on saying "running" after a call that failed for good.
  if (last?.stopReason === 'error') return ['error', last.errorMessage];
  if (running) return ['running', null];
  if (run?.outcome === 'error') return ['error', run.error];
  if (run?.outcome === 'success') return ['ok', null];
  return ['unknown', null];
}

const provenanceTriggers: Readonly<Record<string, Trigger>> = { heartbeat: 'heartbeat', exec: 'exec', cron: 'cron', subagent: 'subagent' };
const trajectoryTriggers: Readonly<Record<string, Trigger>> = { heartbeat: 'heartbeat', cron: 'cron' };

/**
 * The trajectory says `user` of sub-agents and announcements too, so that word counts only when nothing says more.
 */
function turnTrigger(turn: TurnDraft, run: Run | null, index: IndexEvent | null): Trigger {
  const first = turn.first;
  const exact = trajectoryTriggers[run?.trigger ?? ''];
  if (exact !== undefined) return exact;
  if (first.kind === 'user') {
    const provenance = provenanceTriggers[first.provenance ?? ''];
    if (provenance !== undefined) return provenance;
  }
  const runId = first.runId ?? '';
  if (runId.startsWith('announce:')) return 'subagent';
  const key = index?.sessionKey ?? '';
  if (key.includes(':subagent:')) return 'subagent';
  if (key.includes(':cron:')) return 'cron';
  if (first.kind === 'user' && first.mark !== null) return first.mark;
  if (run?.trigger === 'user' || (first.kind === 'user' && first.fromOwner)) return 'user';
  return 'unknown';
}

function turnSpan(agent: string, turn: TurnDraft, view: TurnView, context: FoldContext, active: ReadonlySet<string>): Span {
  const first = turn.first;
  return {
    id: view.id,
    parentId: context.spawnedBy?.spanId ?? null,
    kind: 'invoke_agent',
    name: `invoke_agent ${agent}`,
    startTime: isoTime(view.start),
    endTime: isoTime(view.end),
    durationMs: view.start === null || view.end === null ? null : Math.max(0, view.end - view.start),
    durationBasis: view.start === null || view.end === null ? 'unknown' : 'observed',
    status: view.status,
    statusMessage: view.message,
    entryId: first.entryId,
    witness: 'agent',
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': agent,
      'sandglass.trigger': view.trigger,
      'sandglass.run.id': first.runId ?? view.run?.runId ?? null,
      'sandglass.preview': first.kind === 'user' ? first.preview : null,
      'sandglass.turn': view.id,
      'sandglass.inherited': turn.inherited,
      'sandglass.abandoned': !active.has(first.entryId),
    },
  };
}

function chatSpan(agent: string, session: string, chat: ChatDraft, turnId: string, context: FoldContext, active: boolean): Span {
  const { entry } = chat;
  const account = context.account({ provider: entry.provider, model: entry.model, usage: entry.usage, time: entry.startTime });
  const thinking = entry.blocks.filter((block) => block.kind === 'thinking');
  const text = entry.blocks.find((block) => block.kind === 'text');
  const failed = entry.stopReason === 'error';
  const observed = entry.startTime !== null && entry.time !== null;
  return {
    id: spanId(agent, session, entry.entryId, 'chat', 0),
    parentId: turnId,
    kind: 'chat',
    name: `chat ${entry.model ?? 'unknown model'}`,
    startTime: isoTime(entry.startTime),
    endTime: isoTime(entry.time),
    durationMs: observed ? Math.max(0, (entry.time ?? 0) - (entry.startTime ?? 0)) : null,
    durationBasis: observed ? 'observed' : 'unknown',
    status: failed ? 'error' : entry.stopReason === 'aborted' ? 'aborted' : 'ok',
    statusMessage: failed || entry.stopReason === 'aborted' ? entry.errorMessage : null,
    entryId: entry.entryId,
    witness: 'agent',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': entry.provider,
      'gen_ai.request.model': entry.model,
      'gen_ai.response.id': entry.responseId,
      'gen_ai.response.finish_reasons': entry.stopReason === null ? null : [entry.stopReason],
      'gen_ai.usage.input_tokens': entry.usage === null ? null : account.inclusiveInput,
      'gen_ai.usage.output_tokens': entry.usage?.output ?? null,
      'gen_ai.usage.cache_read.input_tokens': entry.usage?.cacheRead ?? null,
      'gen_ai.usage.cache_write.input_tokens': entry.usage?.cacheWrite ?? null,
      'gen_ai.usage.reasoning.output_tokens': entry.usage?.reasoning ?? null,
      'error.type': failed ? (entry.errorCode ?? 'error') : null,
      'sandglass.cost.usd': account.cost.usd,
      'sandglass.cost.basis': account.cost.basis,
      'sandglass.cost.source': account.cost.source,
      'sandglass.thinking_blocks': thinking.length,
      'sandglass.thinking.preview': thinking[0]?.preview ?? null,
      'sandglass.preview': text?.preview ?? null,
      'sandglass.repeats': chat.repeats,
      'sandglass.turn': turnId,
      'sandglass.inherited': chat.inherited,
      'sandglass.abandoned': !active,
    },
  };
}

function otherSpans(
  agent: string,
  session: string,
  assembled: Assembled,
  view: (turn: TurnDraft) => TurnView,
  active: ReadonlySet<string>,
): readonly Span[] {
  const spans: Span[] = [];
  for (const { entry, turn, inherited } of assembled.others) {
    if (entry.kind === 'nested' || (entry.kind === 'note' && (quietNotes.has(entry.note) || (entry.note === 'model_change' && turn === null)))) continue;
    const turnId = turn === null ? null : view(turn).id;
    const kind = entry.kind === 'compaction' ? 'compaction' : 'event';
    const name = entry.kind === 'compaction' ? 'compaction' : entry.kind === 'note' ? entry.note : `message without a model call (${entry.kind === 'assistant' ? entry.model : entry.kind})`;
    const failed = entry.kind === 'note' && entry.isError;
    const preview = entry.kind === 'assistant' ? (entry.blocks.find((block) => block.kind === 'text')?.preview ?? entry.errorMessage) : entry.preview;
    spans.push({
      id: spanId(agent, session, entry.entryId, kind, 0),
      parentId: turnId,
      kind,
      name,
      startTime: isoTime(entry.time),
      endTime: isoTime(entry.time),
      durationMs: null,
      durationBasis: 'unknown',
      status: failed ? 'error' : 'ok',
      statusMessage: failed ? preview : null,
      entryId: entry.entryId,
      witness: 'agent',
      attributes: {
        'sandglass.preview': preview,
        'sandglass.tokens_before': entry.kind === 'compaction' ? entry.tokensBefore : null,
        'sandglass.tokens_after': entry.kind === 'compaction' ? entry.tokensAfter : null,
        'sandglass.turn': turnId,
        'sandglass.inherited': inherited,
        'sandglass.abandoned': !active.has(entry.entryId),
      },
    });
  }
  return spans;
}

function totalsOf(assembled: Assembled, context: FoldContext): SessionTotals {
  const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  const byBasis: Partial<Record<CostBasis, number>> = {};
  let reasoning: number | null = null;
  let llmCalls = 0;
  let thinkingBlocks = 0;
  let usd: number | null = null;
  let unpricedCalls = 0;
  for (const { entry, counted } of assembled.chats) {
    if (!counted) continue;
    llmCalls += 1;
    thinkingBlocks += entry.blocks.filter((block) => block.kind === 'thinking').length;
    if (entry.usage !== null) {
      usage.input += entry.usage.input;
      usage.output += entry.usage.output;
      usage.cacheRead += entry.usage.cacheRead;
      usage.cacheWrite += entry.usage.cacheWrite;
      if (entry.usage.reasoning !== null) reasoning = (reasoning ?? 0) + entry.usage.reasoning;
    }
    const { cost } = context.account({ provider: entry.provider, model: entry.model, usage: entry.usage, time: entry.startTime });
    if (cost.usd === null) unpricedCalls += 1;
    else {
      usd = (usd ?? 0) + cost.usd;
      byBasis[cost.basis] = (byBasis[cost.basis] ?? 0) + cost.usd;
    }
  }
  const counted = assembled.calls.filter((call) => call.counted);
  const orphans = assembled.orphans.filter((orphan) => orphan.counted);
  const failed = (call: { readonly result: { readonly isError: boolean; readonly status: string | null; readonly exitCode: number | null } | null }): boolean =>
    call.result !== null && (call.result.isError || call.result.status === 'error' || (call.result.exitCode !== null && call.result.exitCode !== 0));
  return {
    turns: assembled.turns.filter((turn) => !turn.inherited).length,
    llmCalls,
    toolCalls: counted.length + orphans.length,
    failedToolCalls: counted.filter(failed).length + orphans.filter(failed).length,
    thinkingBlocks,
    compactions: assembled.others.filter((other) => other.entry.kind === 'compaction' && !other.inherited).length,
    usage: { ...usage, reasoning },
    cost: { usd, byBasis, unpricedCalls },
  };
}
