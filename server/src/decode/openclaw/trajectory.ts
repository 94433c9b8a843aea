/**
 * Trajectory events, cut by the reader to the fields below. They are written at the end of a run, so they never are live,
 * but they know what transcripts don't: trigger, workspace, exact tool times, runs that were interrupted.
 */
import type { RunEvent, RunToolEvent, ToolsEvent } from '../../model/events';
import { asObject, asString, asTime, parseObject } from '../json';
import { preview } from '../preview';
import { compiledTools } from './toolSchemas';

/** Of it the reader leaves the tools alone, and no time: the same tools are told with each run. */
const compiled = 'context.compiled';
const outcomes: Readonly<Record<string, RunEvent['outcome']>> = { success: 'success', error: 'error', interrupted: 'interrupted' };

export function decodeTrajectory(
  text: string,
  agent: string,
  session: string,
  ordinal: number,
): RunEvent | RunToolEvent | ToolsEvent | null {
  const json = parseObject(text);
  if (json !== null && json['type'] === compiled) return { kind: 'tools', agent, session, tools: compiledTools(json) };
  const runId = asString(json?.['runId']);
  const time = asTime(json?.['ts']);
  if (json === null || runId === null || time === null) return null;
  const data = asObject(json['data']) ?? {};
  const base = { agent, session, runId, time, ordinal };
  const type = asString(json['type']);
  switch (type) {
    case 'tool.call':
    case 'tool.result': {
      const callId = asString(data['toolCallId']);
      if (callId === null) return null;
      const success = typeof data['success'] === 'boolean' ? data['success'] : null;
      return { ...base, kind: 'runTool', phase: type === 'tool.call' ? 'call' : 'result', callId, success };
    }
    case 'session.started':
    case 'trace.artifacts':
    case 'model.completed':
    case 'session.ended': {
      const error = asString(data['promptError']);
      return {
        ...base,
        kind: 'run',
        phase: type === 'session.started' ? 'started' : type === 'session.ended' ? 'ended' : 'completed',
        trigger: asString(data['trigger']),
        workspaceDir: asString(json['workspaceDir']),
        outcome: outcomes[asString(data['status']) ?? asString(data['finalStatus']) ?? ''] ?? null,
        error: error === null ? null : preview(error),
      };
    }
    default:
      return null;
  }
}
