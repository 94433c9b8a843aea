/**
 * One transcript entry of OpenClaw (a line of a JSONL transcript, or `event_json` of a row; both hold the same JSON) to one
 * trace event. Written for header versions 3 and 4; unknown entry types become notes, never an error, because the format
 * changes within weeks.
 */
import type { AssistantEntry, Block, Entry, SessionHeader, TokenUsage, ToolResultEntry } from '../../model/events';
import { asArray, asCost, asCount, asDuration, asNumber, asObject, asString, asTime, parseWithSecrets } from '../json';
import type { JsonObject, SecretsIn } from '../json';
import { digestOf } from '../digest';
import { preview } from '../preview';
import { claimsSuccess } from './claims';
import { failureLine } from './failureLine';
import { textMark } from './marks';
import { memoryHits, memoryTool } from './memoryResults';
import { promptText } from './promptText';
import { placeRefs } from './placeRefs';
import { toolCallBlock } from './toolCall';
import { describedTool, describingTool } from './toolSchemas';
import { innerDetails, splitToolId } from './unwrap';

export interface EntryContext {
  readonly agent: string;
  readonly session: string;
  readonly ordinal: number;
}

type Base = Pick<Entry, 'agent' | 'session' | 'entryId' | 'parentEntryId' | 'time' | 'ordinal' | 'runId' | 'side'>;

/** Null when the text is no JSON object. */
export function decodeEntry(text: string, context: EntryContext): SessionHeader | Entry | null {
  const parsed = parseWithSecrets(text);
  return parsed === null ? null : decodeParsedEntry(parsed.json, context, parsed.secretsIn);
}

function decodeParsedEntry(json: JsonObject, context: EntryContext, secretsIn: SecretsIn): SessionHeader | Entry {
  const type = asString(json['type']) ?? 'unknown';
  if (type === 'session') return decodeHeader(json, context);
  const message = asObject(json['message']);
  const meta = asObject(message?.['__openclaw']) ?? asObject(json['__openclaw']);
  const base: Base = {
    agent: context.agent,
    session: context.session,
    // Versions 1 and 2 had no ids; the place in the file is then the identity.
    entryId: wellFormed(asString(json['id'])) ?? `@${context.ordinal}`,
    parentEntryId: wellFormed(asString(json['parentId'])),
    time: asTime(json['timestamp']),
    ordinal: context.ordinal,
    runId: asString(meta?.['runId']),
    side: asString(json['appendMode']) === 'side',
  };
  if (type === 'message' && message !== null) return decodeMessage(base, message, secretsIn);
  if (type === 'compaction') {
    return {
      ...base,
      kind: 'compaction',
      tokensBefore: asNumber(json['tokensBefore']),
      tokensAfter: asNumber(json['tokensAfter']),
      preview: preview(asString(json['summary']) ?? ''),
    };
  }
  return decodeNote(base, type, json);
}

const timestampPrefix = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z_/;

/** `parentSession` is a transcript's path, or `sqlite:<agent>:<session>:<database>`. */
export function sessionOfParent(parent: string): string {
  const sqlite = /^sqlite:[^:]*:([^:]+):/.exec(parent);
  if (sqlite?.[1] !== undefined) return sqlite[1];
  const name = parent.slice(parent.lastIndexOf('/') + 1);
  return name.replace(/\.jsonl.*$/, '').replace(timestampPrefix, '');
}

/** Half surrogate pairs can't be stored apart from each other; escaped they are different ids again. */
function wellFormed(id: string | null): string | null {
  return id === null || id.isWellFormed() ? id : JSON.stringify(id);
}

function decodeHeader(json: JsonObject, context: EntryContext): SessionHeader {
  const parent = asString(json['parentSession']);
  return {
    kind: 'header',
    agent: context.agent,
    session: context.session,
    entryId: asString(json['id']) ?? context.session,
    time: asTime(json['timestamp']),
    ordinal: context.ordinal,
    cwd: asString(json['cwd']),
    previousSession: parent === null ? null : sessionOfParent(parent),
  };
}

function decodeMessage(base: Base, message: JsonObject, secretsIn: SecretsIn): Entry {
  switch (asString(message['role'])) {
    case 'user':
      return decodeUser(base, message);
    case 'assistant':
      return decodeAssistant(base, message, secretsIn);
    case 'toolResult':
      return decodeToolResult(base, message, secretsIn);
    case 'custom':
      if (asString(message['customType']) === 'openclaw.nested-tool.v1') return decodeNested(base, message);
      return note(base, `message:${asString(message['customType']) ?? 'custom'}`, false, contentText(message['content']));
    default:
      return note(base, `message:${asString(message['role']) ?? 'unknown'}`, false, contentText(message['content']));
  }
}

function decodeUser(base: Base, message: JsonObject): Entry {
  const text = contentText(message['content']);
  const key = asString(message['idempotencyKey']);
  const runId = key !== null && key.endsWith(':user') ? key.slice(0, -':user'.length) : base.runId;
  const provenance = asObject(message['provenance']);
  const meta = asObject(message['__openclaw']);
  return {
    ...base,
    runId,
    kind: 'user',
    sentTime: asTime(message['timestamp']),
    preview: preview(promptText(text)),
    bytes: Buffer.byteLength(text),
    provenance: provenance === null ? null : (asString(provenance['sourceTool']) ?? asString(provenance['kind'])),
    mark: textMark(text),
    fromOwner: meta?.['senderIsOwner'] === true,
  };
}

function decodeAssistant(base: Base, message: JsonObject, secretsIn: SecretsIn): AssistantEntry {
  const blocks: Block[] = [];
  const said: string[] = [];
  for (const [index, value] of (asArray(message['content']) ?? []).entries()) {
    const block = asObject(value);
    if (block === null) continue;
    const type = asString(block['type']);
    if (type === 'thinking') {
      const text = asString(block['thinking']) ?? '';
      blocks.push({ kind: 'thinking', index, preview: preview(text), bytes: Buffer.byteLength(text) });
    } else if (type === 'text') {
      const text = asString(block['text']) ?? '';
      said.push(text);
      blocks.push({ kind: 'text', index, preview: preview(text), bytes: Buffer.byteLength(text) });
    } else if (type === 'toolCall') {
      blocks.push(toolCallBlock(index, asString(block['id']) ?? '', asString(block['name']) ?? '', block['arguments'], secretsIn));
    }
  }
  const provider = asString(message['provider']);
  const api = asString(message['api']);
  const error = asString(message['errorMessage']);
  return {
    ...base,
    kind: 'assistant',
    startTime: asTime(message['timestamp']),
    responseId: asString(message['responseId']),
    provider,
    model: asString(message['model']),
    api,
    // A gateway notice, and the summary OpenClaw writes after an overflow; the latter's usage repeats the whole run.
    synthetic: provider === 'openclaw' || api === 'cli',
    stopReason: asString(message['stopReason']),
    errorMessage: error === null ? null : preview(error),
    errorCode: asString(message['errorCode']),
    usage: decodeUsage(asObject(message['usage'])),
    claimsSuccess: claimsSuccess(said.join('\n')),
    blocks,
  };
}

function decodeUsage(usage: JsonObject | null): TokenUsage | null {
  if (usage === null) return null;
  const cost = asObject(usage['cost']);
  // Only what was billed: `contextUsage` beside it says how long the prompt is, `cacheTelemetry` how the cache fared.
  return {
    input: asCount(usage['input']),
    output: asCount(usage['output']),
    cacheRead: asCount(usage['cacheRead']),
    cacheWrite: asCount(usage['cacheWrite']),
    cacheWrite1h: usage['cacheWrite1h'] === undefined ? null : asCount(usage['cacheWrite1h']),
    reasoning: usage['reasoningTokens'] === undefined ? null : asCount(usage['reasoningTokens']),
    costUsd: asCost(cost?.['total']),
    billed: cost?.['totalOrigin'] === 'provider-billed',
  };
}

function decodeToolResult(base: Base, message: JsonObject, secretsIn: SecretsIn): ToolResultEntry {
  const toolName = asString(message['toolName']) ?? '';
  const outer = asObject(message['details']) ?? {};
  const { details, wrapped } = innerDetails(toolName, outer);
  const tool = asObject(outer['tool']);
  const toolId = wrapped ? asString(tool?.['id']) : null;
  const split = toolId === null ? null : splitToolId(toolId);
  const text = resultText(message, outer, wrapped);
  const exitCode = asNumber(details['exitCode']);
  const status = asString(details['status']);
  const failed = message['isError'] === true || status === 'error' || (exitCode !== null && exitCode !== 0);
  return {
    ...base,
    kind: 'toolResult',
    callId: asString(message['toolCallId']) ?? '',
    toolName,
    innerName: split?.name ?? null,
    owner: split?.owner ?? null,
    writtenTime: asTime(message['timestamp']),
    isError: message['isError'] === true,
    status,
    exitCode: exitCode !== null && Number.isInteger(exitCode) ? exitCode : null,
    exitReason: asString(details['exitReason']),
    durationMs: asDuration(details['durationMs']),
    pid: asNumber(details['pid']),
    cwd: asString(details['cwd']),
    childSessionKey: asString(details['childSessionKey']),
    childRunId: asString(details['runId']),
    places: placesOf(split?.name ?? toolName, details, text),
    firstChangedLine: asNumber(details['firstChangedLine']),
    failure: failed ? failureOf(details, text) : null,
    preview: preview(text),
    bytes: Buffer.byteLength(text),
    digest: digestOf(text),
    described: (split?.name ?? toolName) === describingTool && !failed ? describedTool(text) : null,
    secrets: secretsIn(message),
  };
}

/** `path:line` of each place that the result names. */
function placesOf(tool: string, details: JsonObject, text: string): readonly string[] {
  return tool === memoryTool
    ? memoryHits(details).map(({ path, startLine }) => `${path}:${startLine}`)
    : placeRefs(text).map(({ path, line }) => `${path}:${line}`);
}

/** A tool that says its error says it first and explains after; a program's output tells it last. */
function failureOf(details: JsonObject, text: string): string {
  const error = asString(details['error']);
  return error === null ? failureLine(text) : preview(error.split('\n', 1)[0] ?? '');
}

/** What the tool said: for a wrapped call the inner content, without the envelope that repeats the tool's description. */
function resultText(message: JsonObject, outer: JsonObject, wrapped: boolean): string {
  if (wrapped) {
    const inner = asObject(outer['result']);
    if (inner !== null) return contentText(inner['content']);
  }
  return contentText(message['content']);
}

function decodeNested(base: Base, message: JsonObject): Entry {
  const details = asObject(message['details']) ?? {};
  return {
    ...base,
    runId: base.runId ?? asString(details['runId']),
    kind: 'nested',
    parentCallId: asString(details['parentToolCallId']) ?? '',
    toolName: asString(details['toolName']) ?? '',
    startTime: asTime(details['startedAt']),
    endTime: asTime(details['timestamp']),
  };
}

function decodeNote(base: Base, type: string, json: JsonObject): Entry {
  const customType = asString(json['customType']);
  const name = customType === null ? type : `${type}:${customType}`;
  switch (name) {
    case 'custom:openclaw:prompt-error': {
      const data = asObject(json['data']);
      return note({ ...base, runId: base.runId ?? asString(data?.['runId']) }, name, true, asString(data?.['error']));
    }
    case 'custom_message:run-failed-before-reply': {
      const details = asObject(json['details']);
      return note(
        { ...base, runId: base.runId ?? asString(details?.['runId']) },
        name,
        true,
        asString(details?.['error']) ?? contentText(json['content']),
      );
    }
    case 'model_change':
      return note(base, name, false, `${asString(json['provider']) ?? '?'}/${asString(json['modelId']) ?? '?'}`);
    case 'thinking_level_change':
      return note(base, name, false, asString(json['thinkingLevel']));
    case 'reset':
      return note(base, name, false, asString(json['reason']));
    case 'leaf':
      return { ...base, kind: 'note', note: name, isError: false, preview: null, leafTarget: asString(json['targetId']) };
    default:
      return note(base, name, false, contentText(json['content']) || null);
  }
}

function note(base: Base, name: string, isError: boolean, text: string | null): Entry {
  return { ...base, kind: 'note', note: name, isError, preview: text === null ? null : preview(text), leafTarget: null };
}

/** The text of a message's content: a string, or the text blocks of an array. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts: string[] = [];
  for (const value of asArray(content) ?? []) {
    const block = asObject(value);
    const text = asString(block?.['text']);
    if (text !== null) parts.push(text);
    else if (asString(block?.['type']) === 'image') parts.push('[image]');
  }
  return parts.length === 1 ? (parts[0] ?? '') : parts.join('\n');
}
