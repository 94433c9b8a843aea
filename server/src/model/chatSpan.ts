/** An LLM call's span: one assistant message that a model made. */
import type { Span } from '../protocol/document';
import { accountedCall } from './account';
import type { AccountFor } from './account';
import { isoTime } from './isoTime';
import type { ChatDraft } from './turns';

export function chatSpan(id: string, chat: ChatDraft, turnId: string, account: AccountFor, active: boolean): Span {
  const { entry } = chat;
  const accounted = account(accountedCall(entry));
  const thinking = entry.blocks.filter((block) => block.kind === 'thinking');
  const text = entry.blocks.find((block) => block.kind === 'text');
  const failed = entry.stopReason === 'error';
  const observed = entry.startTime !== null && entry.time !== null;
  return {
    id,
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
      'gen_ai.usage.input_tokens': entry.usage === null ? null : accounted.inclusiveInput,
      'gen_ai.usage.output_tokens': entry.usage?.output ?? null,
      'gen_ai.usage.cache_read.input_tokens': entry.usage?.cacheRead ?? null,
      'gen_ai.usage.cache_write.input_tokens': entry.usage?.cacheWrite ?? null,
      'gen_ai.usage.reasoning.output_tokens': entry.usage?.reasoning ?? null,
      'error.type': failed ? (entry.errorCode ?? 'error') : null,
      'sandglass.cost.usd': accounted.cost.usd,
      'sandglass.cost.basis': accounted.cost.basis,
      'sandglass.cost.source': accounted.cost.source,
      'sandglass.cost.date': accounted.cost.date,
      'sandglass.cost.reason': accounted.cost.reason,
      'sandglass.usage.cache_write_1h.input_tokens': entry.usage?.cacheWrite1h ?? null,
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
