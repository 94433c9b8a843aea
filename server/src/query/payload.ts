/** What a call was given and gave back, whole, read from the kept record on demand. All of it is untrusted text. */
import type { Span } from '../protocol/document';
import { asArray, asObject, asString } from '../decode/json';
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

export function spanPayload(store: Store, sessionRow: number, span: Span): Payload {
  const message = messageOf(store.entries.raw(sessionRow, span.entryId));
  const blockIndex = span.attributes['sandglass.block'];
  switch (span.kind) {
    case 'execute_tool': {
      const resultId = span.attributes['sandglass.result.entry'];
      const result =
        typeof resultId === 'string' ? resultOf(messageOf(store.entries.raw(sessionRow, resultId))) : { result: null, patch: null };
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
      const entry = parse(store.entries.raw(sessionRow, span.entryId));
      return { ...empty, text: asString(entry?.['summary']) };
    }
    case 'event':
    case 'policy':
      return empty;
  }
}

function parse(raw: string | null): JsonObject | null {
  return raw === null ? null : asObject(JSON.parse(raw));
}

function messageOf(raw: string | null): JsonObject | null {
  return asObject(parse(raw)?.['message']);
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
