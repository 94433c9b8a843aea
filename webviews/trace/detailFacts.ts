/** The short facts of a span: when, how long, how much, by whom. */
import type { Span } from '../../server/src/protocol/document';
import type { TurnSummary } from '../../server/src/protocol/messages';
import { element } from '../kit/dom';
import { dash, dateTime, wholeNumber } from '../kit/format';
import { visibleLine } from '../kit/plainText';
import type { Texts } from './describe';
import { numberAttribute, stringAttribute } from './attributes';
import { spanCost, sumCost } from './cost';
import type { ShownCost } from './cost';
import { durationText, durationTitle } from './describe';

export function factList(t: Texts, span: Span, summary: TurnSummary | null, flatRate: boolean): HTMLElement {
  const list = element('dl', { class: 'detail-facts' });
  const fact = (name: string, value: string | null, title = ''): void => {
    if (value !== null) list.append(element('div', {}, element('dt', { text: name }), element('dd', { text: value, title })));
  };
  fact(t('detail.started'), span.startTime === null ? t('detail.notObserved') : dateTime(span.startTime));
  const took = durationText(span);
  if (span.kind !== 'policy' && span.kind !== 'event' && span.kind !== 'compaction') {
    fact(
      t('detail.duration'),
      took === dash ? t('duration.unknown') : span.durationBasis === 'estimated' ? `${took} (${t('duration.estimated')})` : took,
      durationTitle(t, span),
    );
  }
  if (span.kind === 'chat') {
    fact(t('detail.model'), optionalLine(stringAttribute(span, 'gen_ai.request.model')));
    const input = numberAttribute(span, 'gen_ai.usage.input_tokens');
    const output = numberAttribute(span, 'gen_ai.usage.output_tokens');
    const cached =
      (numberAttribute(span, 'gen_ai.usage.cache_read.input_tokens') ?? 0) +
      (numberAttribute(span, 'gen_ai.usage.cache_write.input_tokens') ?? 0);
    fact(
      t('detail.tokens'),
      input === null || output === null
        ? t('detail.notObserved')
        : t('detail.tokensValue', wholeNumber(input), wholeNumber(cached), wholeNumber(output)),
    );
    costFact(t, fact, spanCost(t, span, flatRate));
    const reasons = span.attributes['gen_ai.response.finish_reasons'];
    fact(t('detail.finish'), Array.isArray(reasons) ? visibleLine(reasons.join(', '), 80) : null);
  }
  if (span.kind === 'execute_tool') {
    const owner = stringAttribute(span, 'sandglass.tool.owner');
    const raw = stringAttribute(span, 'sandglass.tool.raw_name');
    fact(t('detail.tool'), optionalLine(owner));
    if (raw !== stringAttribute(span, 'gen_ai.tool.name')) fact(t('detail.wrapped'), optionalLine(raw));
    const exitCode = numberAttribute(span, 'sandglass.exit_code');
    fact(t('detail.exitCode'), exitCode === null ? null : String(exitCode));
    fact(t('detail.cwd'), optionalLine(stringAttribute(span, 'sandglass.cwd')));
  }
  if (summary !== null) {
    const trigger = stringAttribute(span, 'sandglass.trigger');
    fact(t('detail.trigger'), optionalLine(trigger));
    fact(t('detail.calls'), t('detail.callsValue', summary.toolCalls, summary.failedToolCalls, summary.denied));
    costFact(t, fact, sumCost(t, summary.cost, flatRate));
    fact(t('detail.thoughts'), summary.thinkingBlocks === 0 ? t('detail.thoughtsNone') : wholeNumber(summary.thinkingBlocks));
  }
  fact(t('detail.seenBy'), t(`witness.${span.witness}`));
  return list;
}

/** There is room here for all that is known of it. */
function costFact(t: Texts, fact: (name: string, value: string | null) => void, cost: ShownCost | null): void {
  if (cost === null) return;
  const known = [cost.text, cost.basis].filter((part) => part !== '').join(' ');
  fact(t('detail.cost'), [known, ...cost.title.split('\n')].filter((part) => part !== '').join(' · '));
}

function optionalLine(text: string | null): string | null {
  return text === null ? null : visibleLine(text, 200);
}
