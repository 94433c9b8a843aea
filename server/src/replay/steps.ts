/** A session as the steps of a replay: every prompt, model call and tool call in the order in which they came. */
import type { Span } from '../protocol/document';
import type { ReplayStep } from '../protocol/messages';
import { CostSum, spanCost } from '../model/spanCost';

export type StepDraft = Omit<ReplayStep, 'anchor' | 'address'> & { readonly span: Span };

const kinds: Readonly<Record<Span['kind'], ReplayStep['kind'] | null>> = {
  invoke_agent: 'prompt',
  chat: 'chat',
  execute_tool: 'call',
  compaction: 'compaction',
  event: 'event',
  policy: null,
};

/** `spans` in display order. Totals run along, so that stepping back shows what was known then. */
export function replaySteps(spans: readonly Span[]): readonly StepDraft[] {
  const steps: StepDraft[] = [];
  let turnOrdinal = 0;
  const totals = { llmCalls: 0, toolCalls: 0, failed: 0, tokens: 0 };
  const costs = new CostSum();
  let cost = costs.now;
  for (const span of spans) {
    const kind = kinds[span.kind];
    if (kind === null || span.attributes['sandglass.inherited'] === true) continue;
    const { attributes } = span;
    if (span.kind === 'invoke_agent') turnOrdinal += 1;
    if (span.kind === 'chat') {
      totals.llmCalls += 1;
      totals.tokens += Number(attributes['gen_ai.usage.input_tokens'] ?? 0) + Number(attributes['gen_ai.usage.output_tokens'] ?? 0);
      costs.add(spanCost(span));
      cost = costs.now;
    }
    if (span.kind === 'execute_tool' && attributes['sandglass.counted'] === true) {
      totals.toolCalls += 1;
      if (attributes['sandglass.failed'] === true) totals.failed += 1;
    }
    const isReply = span.kind === 'chat' && String(attributes['gen_ai.response.finish_reasons']) === 'stop';
    steps.push({
      span,
      spanId: span.id,
      kind: isReply ? 'reply' : kind,
      label: labelOf(span),
      status: span.status,
      turnOrdinal,
      time: span.startTime,
      totals: { ...totals, cost },
    });
  }
  return steps;
}

export function labelOf(span: Span): string {
  const { attributes } = span;
  const preview = String(attributes['sandglass.preview'] ?? attributes['sandglass.thinking.preview'] ?? '');
  const head =
    span.kind === 'execute_tool'
      ? String(attributes['gen_ai.tool.name'])
      : span.kind === 'invoke_agent'
        ? 'prompt'
        : span.kind === 'chat'
          ? 'model'
          : span.name;
  return preview === '' ? head : `${head}: ${preview}`;
}
