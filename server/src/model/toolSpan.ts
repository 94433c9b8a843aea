/** A tool call's span: its outcome and its times, with how well they are known. */
import type { DurationBasis, Span, SpanStatus } from '../protocol/document';
import type { CallPaths } from './argumentHints';
import { spanId } from './ids';
import type { NestedToolEntry, ToolResultEntry } from './events';
import { isoTime } from './isoTime';
import type { CallDraft, OrphanResult } from './turns';
import type { ToolTimes } from './runs';

/** Whether a result says the call failed: a non-zero exit is a failure whatever `isError` says. */
export function isFailed(result: ToolResultEntry): boolean {
  return result.isError || result.status === 'error' || (result.exitCode !== null && result.exitCode !== 0);
}

interface Times {
  readonly start: number | null;
  readonly end: number | null;
  readonly duration: number | null;
  readonly basis: DurationBasis;
}

export interface CallTimesSources {
  readonly nested: ReadonlyMap<string, NestedToolEntry>;
  readonly trajectory: ReadonlyMap<string, ToolTimes>;
}

function callTimes(call: CallDraft, sources: CallTimesSources): Times {
  const asked = call.message.time;
  const nested = sources.nested.get(call.block.callId);
  if (nested !== undefined && nested.startTime !== null && nested.endTime !== null) return observed(nested.startTime, nested.endTime);
  const exact = sources.trajectory.get(call.block.callId);
  if (exact !== undefined && exact.start !== null && exact.end !== null) return observed(exact.start, exact.end);
  const result = call.result;
  if (result === null) return { start: exact?.start ?? nested?.startTime ?? asked, end: null, duration: null, basis: 'unknown' };
  const written = result.writtenTime ?? result.time;
  if (result.durationMs !== null) {
    // Alone, the call ended when its result was written; in a batch all results are written at the batch's end.
    if (call.siblings === 1 && written !== null) return observed(written - result.durationMs, written);
    return { start: asked, end: asked === null ? null : asked + result.durationMs, duration: result.durationMs, basis: 'observed' };
  }
  if (call.siblings === 1 && asked !== null && written !== null) {
    return { start: asked, end: written, duration: Math.max(0, written - asked), basis: 'estimated' };
  }
  return { start: asked, end: null, duration: null, basis: 'unknown' };
}

function observed(start: number, end: number): Times {
  return { start, end, duration: Math.max(0, end - start), basis: 'observed' };
}

function callStatus(call: CallDraft, turnRunning: boolean, turnAborted: boolean, failed: boolean): SpanStatus {
  const result = call.result;
  if (result === null) {
    if (turnAborted) return 'aborted';
    return turnRunning ? 'running' : 'unknown';
  }
  if (result.exitReason === 'manual-cancel') return 'aborted';
  return failed ? 'error' : 'ok';
}

export interface ToolSpanInput {
  readonly agent: string;
  readonly session: string;
  readonly call: CallDraft;
  readonly parentId: string;
  readonly turnId: string;
  readonly turnRunning: boolean;
  readonly turnAborted: boolean;
  readonly abandoned: boolean;
  readonly sources: CallTimesSources;
  readonly paths: CallPaths;
}

export function toolSpan(input: ToolSpanInput): Span {
  const { call } = input;
  const result = call.result;
  const failed = result !== null && isFailed(result);
  const times = callTimes(call, input.sources);
  const status = callStatus(call, input.turnRunning, input.turnAborted, failed);
  return {
    id: spanId(input.agent, input.session, call.message.entryId, 'execute_tool', call.block.index),
    parentId: input.parentId,
    kind: 'execute_tool',
    name: `execute_tool ${call.block.name}`,
    startTime: isoTime(times.start),
    endTime: isoTime(times.end),
    durationMs: times.duration,
    durationBasis: times.basis,
    status,
    statusMessage: failed ? (result?.failure ?? result?.preview ?? null) : null,
    entryId: call.message.entryId,
    witness: 'agent',
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': call.block.name,
      'gen_ai.tool.call.id': call.block.callId,
      'sandglass.tool.raw_name': call.block.rawName,
      'sandglass.tool.owner': call.block.owner ?? result?.owner ?? null,
      'sandglass.block': call.block.index,
      'sandglass.preview': call.block.preview,
      'sandglass.paths': input.paths.paths,
      ...(input.paths.bySchema.length > 0 ? { 'sandglass.paths.by_schema': input.paths.bySchema } : {}),
      'sandglass.cwd': result?.cwd ?? null,
      'sandglass.exit_code': result?.exitCode ?? null,
      'sandglass.failed': failed,
      'sandglass.result.entry': result?.entryId ?? null,
      'sandglass.result.bytes': result?.bytes ?? null,
      'sandglass.result.preview': result?.preview ?? null,
      'sandglass.places': result?.places ?? [],
      'sandglass.first_changed_line': result?.firstChangedLine ?? null,
      'sandglass.child.session_key': result?.childSessionKey ?? null,
      'sandglass.turn': input.turnId,
      'sandglass.inherited': call.inherited,
      'sandglass.counted': call.counted,
      'sandglass.abandoned': input.abandoned,
    },
  };
}

/** A result whose call was never written: the call did happen. */
export function orphanSpan(agent: string, session: string, orphan: OrphanResult, turn: string | null, abandoned: boolean): Span {
  const { result } = orphan;
  const failed = isFailed(result);
  const end = result.writtenTime ?? result.time;
  const start = result.durationMs === null || end === null ? null : end - result.durationMs;
  return {
    id: spanId(agent, session, result.entryId, 'execute_tool', 0),
    parentId: turn,
    kind: 'execute_tool',
    name: `execute_tool ${result.innerName ?? result.toolName}`,
    startTime: isoTime(start ?? end),
    endTime: isoTime(end),
    durationMs: result.durationMs,
    durationBasis: result.durationMs === null ? 'unknown' : 'observed',
    status: result.exitReason === 'manual-cancel' ? 'aborted' : failed ? 'error' : 'ok',
    statusMessage: failed ? (result.failure ?? result.preview) : null,
    entryId: result.entryId,
    witness: 'agent',
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': result.innerName ?? result.toolName,
      'gen_ai.tool.call.id': result.callId,
      'sandglass.tool.raw_name': result.toolName,
      'sandglass.tool.owner': result.owner,
      'sandglass.block': null,
      'sandglass.preview': null,
      'sandglass.paths': [],
      'sandglass.cwd': result.cwd,
      'sandglass.exit_code': result.exitCode,
      'sandglass.failed': failed,
      'sandglass.result.entry': result.entryId,
      'sandglass.result.bytes': result.bytes,
      'sandglass.result.preview': result.preview,
      'sandglass.places': result.places,
      'sandglass.first_changed_line': result.firstChangedLine,
      'sandglass.child.session_key': result.childSessionKey,
      'sandglass.turn': turn,
      'sandglass.inherited': orphan.inherited,
      'sandglass.counted': orphan.counted,
      'sandglass.abandoned': abandoned,
      'sandglass.call_not_recorded': true,
    },
  };
}
