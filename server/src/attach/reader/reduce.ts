/**
 * Trajectory events and session index entries, cut to the fields in use. Both are huge where they lie (whole prompts, tool
 * schemas, skill texts: 17 KB a session, 100 KB a run), and nothing of the rest is wanted outside the sandbox.
 */

import { toolArguments } from './toolArguments';

/** Names and labels longer than this are no names. */
const MAX_STRING = 4096;
const MAX_PROMPT_ERROR = 500;

const COMPILED = 'context.compiled';
const TRAJECTORY_TYPES = new Set([
  'session.started',
  COMPILED,
  'tool.call',
  'tool.result',
  'model.completed',
  'trace.artifacts',
  'session.ended',
]);
const TRAJECTORY_FIELDS = ['type', 'ts', 'seq', 'runId', 'sessionId', 'sessionKey', 'workspaceDir'] as const;
const TRAJECTORY_DATA = [
  'trigger',
  'agentId',
  'toolCallId',
  'name',
  'success',
  'status',
  'finalStatus',
  'aborted',
  'promptError',
  'stopReason',
] as const;
const INDEX_FIELDS = [
  'sessionKey',
  'sessionId',
  'updatedAt',
  'sessionStartedAt',
  'startedAt',
  'endedAt',
  'status',
  'label',
  'displayName',
  'spawnedBy',
  'parentSessionKey',
  'previousSessionId',
  'reason',
  'model',
  'modelProvider',
  'sessionFile',
  'createdVia',
] as const;

type Fields = Readonly<Record<string, unknown>>;

export type ReducedEvent =
  | { readonly kind: 'event'; readonly session: string | null; readonly text: string }
  /** Nobody needs it. */
  | { readonly kind: 'unused' }
  /** Not a JSON object. */
  | { readonly kind: 'broken' };

export function reduceTrajectory(text: string): ReducedEvent {
  // Most bytes are in events that are not used: look at the type before parsing 100 KB. The envelope comes first.
  const type = /"type":"([^"]{1,60})"/.exec(text.slice(0, 600))?.[1];
  if (type !== undefined && !TRAJECTORY_TYPES.has(type)) return { kind: 'unused' };
  const event = parseObject(text);
  if (!event) return { kind: 'broken' };
  if (typeof event.type !== 'string' || !TRAJECTORY_TYPES.has(event.type)) return { kind: 'unused' };
  const session = typeof event.sessionId === 'string' && event.sessionId !== '' ? event.sessionId : null;
  if (event.type === COMPILED) {
    const tools = toolArguments(asObject(event.data)?.tools);
    return tools.length === 0 ? { kind: 'unused' } : { kind: 'event', session, text: JSON.stringify({ type: COMPILED, tools }) };
  }
  const data = pick(asObject(event.data), TRAJECTORY_DATA);
  if (typeof data.promptError === 'string') data.promptError = data.promptError.slice(0, MAX_PROMPT_ERROR);
  return {
    kind: 'event',
    session,
    text: JSON.stringify({ ...pick(event, TRAJECTORY_FIELDS), data }),
  };
}

/** One session's entry of `sessions.json`, or its rows of the database put together. */
export function reduceIndexEntry(entry: Fields): string {
  const kept = pick(entry, INDEX_FIELDS);
  if (typeof kept.sessionFile === 'string')
    kept.sessionFile = kept.sessionFile.slice(Math.max(kept.sessionFile.lastIndexOf('/'), kept.sessionFile.lastIndexOf('\\')) + 1);
  const report = asObject(entry.systemPromptReport);
  if (report) kept.prompt = reducePromptReport(report);
  return JSON.stringify(kept);
}

/** What one prompt was made of; more of each than any has. */
const MAX_FILES = 64;
const MAX_NAMED = 512;
/** A time in milliseconds is one too. */
const MAX_SIZE = 1e13;

/**
 * What OpenClaw measured of the prompt of a session's last run: sizes and names, no text. A file, a skill and a tool are a line each,
 * its numbers first.
 */
function reducePromptReport(report: Fields): Fields {
  const files = lines(report.injectedWorkspaceFiles, MAX_FILES, ({ rawChars, injectedChars, truncated, missing, path }) => {
    const state = missing === true ? 'missing' : truncated === true ? 'truncated' : 'whole';
    return `${size(rawChars)} ${size(injectedChars)} ${state} ${name(path)}`;
  });
  const skills = asObject(report.skills);
  const tools = asObject(report.tools);
  return {
    at: size(report.generatedAt),
    chars: size(asObject(report.systemPrompt)?.chars),
    provider: name(report.provider),
    model: name(report.model),
    files,
    skills: lines(skills?.entries, MAX_NAMED, (skill) => `${size(skill.blockChars)} ${name(skill.name)}`),
    tools: lines(tools?.entries, MAX_NAMED, (tool) => `${size(tool.summaryChars)} ${size(tool.schemaChars)} ${name(tool.name)}`),
  };
}

function lines(list: unknown, most: number, line: (fields: Fields) => string): readonly string[] {
  return (Array.isArray(list) ? list.slice(0, most) : []).flatMap((item: unknown) => {
    const fields = asObject(item);
    return fields ? [line(fields)] : [];
  });
}

/** -1: none is told. */
function size(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_SIZE ? value : -1;
}

function name(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_STRING) : '';
}

export function parseObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return asObject(value);
  } catch {
    return null; // told apart by the caller, who knows where it stood
  }
}

export function asObject(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function pick(from: Fields | null, names: readonly string[]): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  if (from)
    for (const name of names) {
      const value = from[name];
      if (typeof value === 'string') kept[name] = value.slice(0, MAX_STRING);
      else if (typeof value === 'number' || typeof value === 'boolean') kept[name] = value;
      else if (name === 'promptError' && asObject(value)) kept[name] = textOf(value);
    }
  return kept;
}

/** What V8 can parse it can't always write again: writing recurses. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return 'not shown: it is nested too deeply';
  }
}

const GATEWAY_FIELDS = ['time', 'traceId', 'spanId', 'parentSpanId'] as const;
/** Never the name of an auth profile, nor what a provider said at length. */
const GATEWAY_EVENT = [
  'event',
  'runId',
  'sessionId',
  'isError',
  'error',
  'rawErrorPreview',
  'errorPreview',
  'failoverReason',
  'reason',
  'decision',
  'status',
  'provider',
  'model',
  'requestedModel',
  'candidateModel',
  'nextCandidateModel',
  'isPrimary',
  'completed',
  'willRetry',
  'cooldownUntil',
  'disabledUntil',
] as const;

/** A line of OpenClaw's own log; null: not one that a part of OpenClaw wrote under its own name. */
export function reduceGatewayLine(text: string): string | null {
  const line = parseObject(text);
  const name = line?.['0'];
  const told = line?.['1'];
  if (!line || typeof name !== 'string' || !name.startsWith('{"subsystem":')) return null;
  const event = asObject(told);
  if (typeof told !== 'string' && !event) return null;
  return JSON.stringify({
    '0': name.slice(0, MAX_PROMPT_ERROR),
    '1': event ? pick(event, GATEWAY_EVENT) : (told as string).slice(0, MAX_STRING),
    ...pick(line, GATEWAY_FIELDS),
  });
}
