/** A turn's span: what set it off, when it ran, how it ended. */
import type { Span, SpanStatus, Trigger } from '../protocol/document';
import type { IndexEvent } from './events';
import type { Run, Runs } from './runs';
import { isoTime } from './isoTime';
import { isFinalReply } from './turns';
import type { TurnDraft } from './turns';

export interface TurnView {
  readonly id: string;
  readonly status: SpanStatus;
  readonly message: string | null;
  readonly start: number | null;
  readonly end: number | null;
  readonly trigger: Trigger;
  readonly run: Run | null;
}

export function matchRun(turn: TurnDraft, runs: Runs): Run | null {
  if (turn.runIds.size > 0) return runs.among(turn.runIds);
  // Entries of the JSONL era have no run id: the run whose time frame holds the turn's first entry.
  return turn.first.time === null ? null : runs.at(turn.first.time);
}

export function turnView(id: string, turn: TurnDraft, run: Run | null, running: boolean, index: IndexEvent | null): TurnView {
  const first = turn.first;
  const start =
    first.kind === 'user' ? (first.sentTime ?? first.time) : first.kind === 'assistant' ? (first.startTime ?? first.time) : first.time;
  const [status, message] = turnStatus(turn, run, running);
  return {
    id,
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

export function turnSpan(agent: string, turn: TurnDraft, view: TurnView, parentId: string | null, active: boolean): Span {
  const first = turn.first;
  return {
    id: view.id,
    parentId,
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
      'sandglass.abandoned': !active,
    },
  };
}
