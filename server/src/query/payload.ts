/**
 * What a call was given and gave back, whole, read from the kept record on demand. All of it is untrusted text. What is shown goes
 * through `shownPayload`; as it was, it is only compared with files.
 */
import type { Span } from '../protocol/document';
import { asArray, asObject, asString, parseObject } from '../decode/json';
import type { JsonObject } from '../decode/json';
import { contentText } from '../decode/openclaw/entry';
import { unwrapCall } from '../decode/openclaw/unwrap';
import type { Store } from '../store/store';

export interface Payload {
  /** Arguments as the tool got them, unwrapped; undefined: not recorded. */
  readonly args: unknown;
  readonly result: string | null;
  /** Unified diff that an edit or write reported. */
  readonly patch: string | null;
  /** For a call: what stood before it in its message. For an LLM call: all of it. For a turn: the prompt is `text`. */
  readonly thinking: string | null;
  readonly text: string | null;
}

const empty: Payload = { args: undefined, result: null, patch: null, thinking: null, text: null };

/** With secrets masked. */
export function shownPayload(store: Store, sessionRow: number, span: Span): Payload {
  return payloadOf(store, sessionRow, span, parseObject);
}

/** As it was recorded: never to be shown. */
export function spanPayload(store: Store, sessionRow: number, span: Span): Payload {
  return payloadOf(store, sessionRow, span, (raw) => asObject(JSON.parse(raw)));
}

/** What a call was given, as it was recorded: never to be shown. Its result is not read. */
export function spanArguments(store: Store, sessionRow: number, span: Span): unknown {
  return spanPayload(store, sessionRow, { ...span, attributes: { ...span.attributes, 'sandglass.result.entry': null } }).args;
}

type Parse = (raw: string) => JsonObject | null;

function payloadOf(store: Store, sessionRow: number, span: Span, parse: Parse): Payload {
  const entry = (id: string): JsonObject | null => {
    const raw = store.entries.raw(sessionRow, id);
    return raw === null ? null : parse(raw);
  };
  const message = messageOf(entry(span.entryId));
  const blockIndex = span.attributes['sandglass.block'];
  switch (span.kind) {
    case 'execute_tool': {
      const resultId = span.attributes['sandglass.result.entry'];
      const result = typeof resultId === 'string' ? resultOf(messageOf(entry(resultId))) : { result: null, patch: null };
      if (message === null || typeof blockIndex !== 'number') return { ...empty, ...result };
      const blocks = asArray(message['content']) ?? [];
      const block = asObject(blocks[blockIndex]);
      const args = block === null ? undefined : unwrapCall(asString(block['name']) ?? '', block['arguments']).args;
      return { args, ...result, ...spoken(blocks.slice(0, blockIndex)) };
    }
    case 'chat':
      return message === null ? empty : { ...empty, ...spoken(asArray(message['content']) ?? []) };
    case 'invoke_agent':
      return message === null || asString(message['role']) !== 'user' ? empty : { ...empty, text: contentText(message['content']) };
    case 'compaction': {
      return { ...empty, text: asString(entry(span.entryId)?.['summary']) };
    }
    case 'event':
    case 'policy':
      return empty;
  }
}

function messageOf(entry: JsonObject | null): JsonObject | null {
  return asObject(entry?.['message']);
}

function resultOf(message: JsonObject | null): Pick<Payload, 'result' | 'patch'> {
  if (message === null) return { result: null, patch: null };
  const details = asObject(message['details']);
  const wrapped = asString(message['toolName']) === 'tool_call' ? asObject(details?.['result']) : null;
  const inner = wrapped === null ? details : asObject(wrapped['details']);
  return { result: contentText(wrapped === null ? message['content'] : wrapped['content']), patch: asString(inner?.['patch']) };
}

function spoken(blocks: readonly unknown[]): Pick<Payload, 'thinking' | 'text'> {
  const thinking: string[] = [];
  const text: string[] = [];
  for (const value of blocks) {
    const block = asObject(value);
    const type = asString(block?.['type']);
    if (type === 'thinking') thinking.push(asString(block?.['thinking']) ?? '');
    else if (type === 'text') text.push(asString(block?.['text']) ?? '');
  }
  return { thinking: thinking.length === 0 ? null : thinking.join('\n\n'), text: text.length === 0 ? null : text.join('\n\n') };
}
