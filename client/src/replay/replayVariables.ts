/** What the debugger shows beside a step: the step itself, and what the session had done and cost by then. */
import type { ReplayStep, SpanDetail } from '../../../server/src/protocol/messages';
import type { Span, SpanStatus } from '../../../server/src/protocol/document';
import { callCostText, costParts, knownCostText, priceNote, spanCost } from '../costWords';
import { byteCount, clock, tokenCount } from '../format';
import type { Translate } from '../format';
import { plainText } from '../plainText';

/** A named value, with its parts when it has any. All text is plain and bounded. */
export interface ReplayVariable {
  readonly name: string;
  readonly value: string;
  readonly parts?: readonly ReplayVariable[];
}

const maxValue = 4_000;
const maxParts = 100;
const maxDepth = 6;

export function stepVariables(step: ReplayStep, detail: SpanDetail | null, flatRate: boolean, t: Translate): readonly ReplayVariable[] {
  const variables: (ReplayVariable | null)[] = [
    { name: t('what'), value: plainText(step.label) },
    { name: t('outcome'), value: outcome(step.status, detail?.span.statusMessage ?? null, t) },
    step.time === null ? null : { name: t('time'), value: plainText(step.time) },
    detail === null ? { name: t('details'), value: t('not known any more') } : null,
    ...(detail === null ? [] : detailVariables(detail, t)),
    detail?.span.kind === 'chat' ? costVariable(detail.span, flatRate, t) : null,
  ];
  return variables.filter((variable) => variable !== null);
}

export function totalsVariables(step: ReplayStep, flatRate: boolean, t: Translate): readonly ReplayVariable[] {
  const { llmCalls, toolCalls, failed, tokens, cost } = step.totals;
  const parts = costParts(cost, t).map((value, at): ReplayVariable => ({ name: String(at + 1), value }));
  return [
    { name: t('LLM calls'), value: String(llmCalls) },
    { name: t('tool calls'), value: String(toolCalls) },
    { name: t('failed'), value: String(failed) },
    { name: t('tokens'), value: tokenCount(tokens) },
    { name: t('cost'), value: knownCostText(cost, flatRate, t) ?? t('no LLM call yet'), ...(parts.length === 0 ? {} : { parts }) },
  ];
}

export function outcome(status: SpanStatus, message: string | null, t: Translate): string {
  const words: Record<SpanStatus, string> = {
    ok: t('ok'),
    error: t('failed'),
    denied: t('denied by the sandbox'),
    aborted: t('aborted'),
    running: t('still running'),
    unknown: t('not observed'),
  };
  return message === null ? words[status] : `${words[status]}: ${plainText(message, { maxLength: 500 })}`;
}

function detailVariables(detail: SpanDetail, t: Translate): readonly (ReplayVariable | null)[] {
  const { span } = detail;
  const isCall = span.kind === 'execute_tool';
  return [
    span.durationMs === null
      ? { name: t('duration'), value: t('not observed') }
      : {
          name: t('duration'),
          value: span.durationBasis === 'estimated' ? t('{0} (estimated)', duration(span.durationMs)) : duration(span.durationMs),
        },
    isCall
      ? detail.arguments === null
        ? { name: t('arguments'), value: t('not observed') }
        : jsonOrText(t('arguments'), detail.arguments)
      : null,
    isCall ? (detail.result === null ? { name: t('result'), value: t('not observed') } : jsonOrText(t('result'), detail.result)) : null,
    detail.argumentsBytes === null ? null : { name: t('size of arguments'), value: byteCount(detail.argumentsBytes) },
    detail.resultBytes === null ? null : { name: t('size of result'), value: byteCount(detail.resultBytes) },
    detail.thinking === null ? null : { name: t('thought before'), value: plainText(detail.thinking, { maxLength: maxValue }) },
    detail.text === null ? null : { name: t('text'), value: plainText(detail.text, { maxLength: maxValue }) },
    detail.policy.length === 0
      ? null
      : {
          name: t('supervisor'),
          value: detail.policy.length === 1 ? t('1 event') : t('{0} events', detail.policy.length),
          parts: detail.policy
            .slice(0, maxParts)
            .map((each) => ({ name: plainText(each.name), value: outcome(each.status, each.statusMessage, t) })),
        },
    detail.truncated ? { name: t('note'), value: t('cut for length; the trace has all of it') } : null,
  ];
}

/** What an LLM call cost, with its price's source and day, or why it has none. */
function costVariable(span: Span, flatRate: boolean, t: Translate): ReplayVariable {
  const cost = spanCost(span);
  const note = priceNote(cost, t);
  const value = callCostText(cost, flatRate, t);
  if (note === null) return { name: t('cost'), value };
  return { name: t('cost'), value, parts: [{ name: cost.usd === null ? t('why') : t('price'), value: note }] };
}

function duration(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(ms < 1000 ? 2 : 1)} s` : clock(ms);
}

function jsonOrText(name: string, text: string): ReplayVariable {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Many results are plain text, and what was cut is no JSON any more.
    return { name, value: plainText(text, { maxLength: maxValue }) };
  }
  return jsonVariable(name, value, 0);
}

function jsonVariable(name: string, value: unknown, depth: number): ReplayVariable {
  const label = plainText(name, { maxLength: 80 });
  if (typeof value === 'string') return { name: label, value: plainText(value, { maxLength: maxValue }) };
  const shown = plainText(JSON.stringify(value), { maxLength: maxValue });
  if (typeof value !== 'object' || value === null || depth >= maxDepth) return { name: label, value: shown };
  const entries = Object.entries(value);
  const parts = entries.slice(0, maxParts).map(([key, part]) => jsonVariable(key, part, depth + 1));
  if (entries.length > maxParts) parts.push({ name: '…', value: String(entries.length - maxParts) });
  return parts.length === 0 ? { name: label, value: shown } : { name: label, value: shown, parts };
}
