/** Everything known of the selected span. Built from text alone; what is long scrolls inside its own box. */
import type { PolicySpan, Span } from '../../server/src/protocol/document';
import type { Anchor, SpanDetail, TurnSummary } from '../../server/src/protocol/messages';
import { button, progressRing } from '../kit/controls';
import { element, replace } from '../kit/dom';
import { bytes, dash, dateTime, wholeNumber } from '../kit/format';
import { icon } from '../kit/icons';
import { visibleLine, visibleText } from '../kit/plainText';
import type { Texts } from './describe';
import {
  durationText,
  durationTitle,
  isProblem,
  numberAttribute,
  policyTarget,
  rowIcon,
  spanCost,
  spanName,
  statusText,
  stringAttribute,
} from './describe';

export interface DetailPaneOptions {
  readonly t: Texts;
  readonly turn: (turnId: string) => TurnSummary | null;
  readonly jump: (spanId: string, beside: boolean) => void;
  readonly openCall: (spanId: string) => void;
  readonly openSession: (sessionId: string) => void;
  readonly showSpan: (spanId: string) => void;
  readonly showFlow: (turnId: string) => void;
}

/** `childSessionId` is in the row, not in the detail. */
export interface DetailContext {
  readonly childSessionId: string | null;
}

/** Policy events shown one by one. */
const policyShown = 20;
const anchorsShown = 8;

export class DetailPane {
  readonly element = element('div', { class: 'detail' });
  readonly #options: DetailPaneOptions;
  #shown: string | null = null;

  constructor(options: DetailPaneOptions) {
    this.#options = options;
    this.showNothing();
  }

  showNothing(): void {
    const { t } = this.#options;
    this.#message(t('detail.none'), t('detail.noneHint'));
  }

  showGone(): void {
    const { t } = this.#options;
    this.#message(t('detail.gone'), t('detail.goneHint'));
  }

  showLoading(): void {
    this.#shown = null;
    replace(
      this.element,
      element(
        'div',
        { class: 'message' },
        progressRing(),
        element('p', { class: 'message-title', text: this.#options.t('detail.loading') }),
      ),
    );
  }

  showError(reason: string, hint: string, retry: () => void): void {
    this.#message(reason, hint, button({ label: this.#options.t('state.retry'), kind: 'primary', key: 'detail-retry', press: retry }));
  }

  #message(title: string, text: string, action: HTMLElement | null = null): void {
    this.#shown = null;
    replace(
      this.element,
      element(
        'div',
        { class: 'message' },
        element('p', { class: 'message-title', text: title }),
        element('p', { class: 'message-text', text }),
        action,
      ),
    );
  }

  show(detail: SpanDetail, context: DetailContext): void {
    const { scrollTop } = this.element;
    // The boxes of a span that is shown again keep their scroll positions too.
    const boxes = new Map<string, number>();
    const same = this.#shown === detail.span.id;
    if (same)
      for (const box of this.element.querySelectorAll<HTMLElement>('pre[data-box]')) boxes.set(box.dataset['box'] ?? '', box.scrollTop);
    this.#shown = detail.span.id;
    replace(
      this.element,
      this.#head(detail),
      this.#actions(detail, context),
      this.#retry(detail),
      this.#facts(detail),
      ...this.#sections(detail),
    );
    this.element.scrollTop = same ? scrollTop : 0;
    for (const box of this.element.querySelectorAll<HTMLElement>('pre[data-box]')) box.scrollTop = boxes.get(box.dataset['box'] ?? '') ?? 0;
  }

  #head(detail: SpanDetail): HTMLElement {
    const { t, turn } = this.#options;
    const { span } = detail;
    const ordinal = span.kind === 'invoke_agent' ? (turn(span.id)?.ordinal ?? null) : null;
    return element(
      'div',
      { class: `detail-head status-${span.status}` },
      icon(rowIcon(span), `status-${span.status}`),
      element('h2', { text: spanName(t, span, ordinal) }),
      element('span', { class: 'detail-status', text: statusText(t, span) }),
    );
  }

  #actions(detail: SpanDetail, context: DetailContext): HTMLElement {
    const { t, jump, openCall, openSession, showFlow } = this.#options;
    const { span, anchors } = detail;
    const nodes: HTMLElement[] = [];
    const [place] = anchors;
    if (place !== undefined) {
      nodes.push(
        button({
          label: t('detail.jump'),
          title: t('detail.jumpHint', placeText(t, place)),
          icon: 'file',
          kind: 'primary',
          key: 'jump',
          press: () => jump(span.id, false),
        }),
      );
    }
    if (span.kind === 'execute_tool')
      nodes.push(
        button({ label: t('detail.openCall'), title: t('detail.openCallHint'), icon: 'open', key: 'open', press: () => openCall(span.id) }),
      );
    const child = context.childSessionId;
    if (child !== null) nodes.push(button({ label: t('detail.openChild'), icon: 'child', key: 'child', press: () => openSession(child) }));
    if (span.kind === 'invoke_agent')
      nodes.push(button({ label: t('detail.showFlow'), icon: 'flow', key: 'flow', press: () => showFlow(span.id) }));
    return element('div', { class: 'detail-actions' }, ...nodes);
  }

  #retry(detail: SpanDetail): HTMLElement | null {
    const { t, showSpan } = this.#options;
    const { retry } = detail;
    if (retry === null) return null;
    return element(
      'div',
      { class: 'detail-retry' },
      icon('ok', 'status-ok'),
      element('span', { text: t('detail.retry') }),
      button({ label: t('detail.showRetry'), key: 'retry', press: () => showSpan(retry) }),
    );
  }

  #facts(detail: SpanDetail): HTMLElement {
    const { t, turn } = this.#options;
    const { span } = detail;
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
      const cost = spanCost(t, span);
      fact(
        t('detail.cost'),
        cost === null ? null : [cost.text, cost.title].filter((part, index, all) => part !== '' && all.indexOf(part) === index).join(' · '),
      );
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
    const summary = span.kind === 'invoke_agent' ? turn(span.id) : null;
    if (summary !== null) {
      const trigger = stringAttribute(span, 'sandglass.trigger');
      fact(t('detail.trigger'), optionalLine(trigger));
      fact(t('detail.calls'), t('detail.callsValue', summary.toolCalls, summary.failedToolCalls, summary.denied));
      fact(t('detail.thoughts'), summary.thinkingBlocks === 0 ? t('detail.thoughtsNone') : wholeNumber(summary.thinkingBlocks));
    }
    fact(t('detail.seenBy'), t(`witness.${span.witness}`));
    return list;
  }

  #sections(detail: SpanDetail): readonly (HTMLElement | null)[] {
    const { t } = this.#options;
    const { span } = detail;
    const own = span.kind !== 'execute_tool';
    const call = span.kind === 'execute_tool';
    return [
      span.statusMessage !== null && (isProblem(span.status) || own)
        ? this.#text('message', t('detail.message'), span.statusMessage, `message-${span.status}`)
        : null,
      this.#policy(detail.policy, span),
      this.#places(detail),
      detail.thinking === null ? null : this.#text('thinking', t(own ? 'detail.thoughtOwn' : 'detail.thought'), detail.thinking, 'prose'),
      detail.text === null
        ? null
        : this.#text(
            'text',
            t(span.kind === 'invoke_agent' ? 'detail.prompt' : own ? 'detail.textOwn' : 'detail.text'),
            detail.text,
            'prose',
          ),
      call || detail.arguments !== null
        ? this.#text('arguments', t('detail.arguments'), detail.arguments, 'code', detail.argumentsBytes)
        : null,
      call || detail.result !== null ? this.#text('result', t('detail.result'), detail.result, 'code', detail.resultBytes) : null,
      detail.truncated ? element('p', { class: 'hint', text: t('detail.truncated') }) : null,
    ];
  }

  #text(key: string, name: string, text: string | null, kind: string, size: number | null = null): HTMLElement {
    const { t } = this.#options;
    const id = `box-${key}`;
    const head = element(
      'h3',
      { attributes: { id } },
      name,
      size === null ? null : element('span', { class: 'size', text: bytes(size), title: `${wholeNumber(size)} B` }),
    );
    const body =
      text === null || text === ''
        ? element('p', { class: 'hint', text: text === null ? t('detail.notObserved') : t('detail.emptyText') })
        : element('pre', {
            class: `box box-${kind}`,
            text: visibleText(text),
            attributes: { tabindex: '0', role: 'region', 'aria-labelledby': id, 'data-box': key, 'data-key': id },
          });
    return element('section', { class: 'detail-section' }, head, body);
  }

  #policy(policy: readonly PolicySpan[], span: Span): HTMLElement | null {
    const { t } = this.#options;
    const all = span.kind === 'policy' ? [span as PolicySpan] : policy;
    if (all.length === 0) return null;
    const items = all.slice(0, policyShown).map((event) => this.#policyItem(event));
    return element(
      'section',
      { class: 'detail-section' },
      element('h3', { text: t('detail.denials') }),
      element('ul', { class: 'policy-list' }, ...items),
    );
  }

  #policyItem(event: PolicySpan): HTMLElement {
    const { t } = this.#options;
    const list = element('dl', { class: 'detail-facts' });
    const fact = (name: string, value: string | null): void => {
      if (value !== null && value !== '')
        list.append(element('div', {}, element('dt', { text: name }), element('dd', { text: visibleLine(value) })));
    };
    const pid = numberAttribute(event, 'sandglass.process.pid');
    const path = stringAttribute(event, 'sandglass.process.path');
    const method = stringAttribute(event, 'http.request.method');
    const url = stringAttribute(event, 'url.full');
    fact(t('detail.reason'), event.statusMessage);
    fact(t('detail.rule'), stringAttribute(event, 'sandglass.policy.rule'));
    fact(t('detail.engine'), stringAttribute(event, 'sandglass.policy.engine'));
    fact(t('detail.request'), [method, url].filter((part) => part !== null).join(' '));
    fact(t('detail.process'), path === null ? null : pid === null ? path : `${path} (${pid})`);
    const candidates = event.candidates?.length ?? 0;
    return element(
      'li',
      { class: `policy-item status-${event.status}` },
      element(
        'div',
        { class: 'policy-head' },
        icon(event.status === 'denied' ? 'denied' : 'policy', `status-${event.status}`),
        element('span', {
          class: 'policy-verdict',
          text: event.status === 'denied' ? t('detail.denied') : event.status === 'ok' ? t('detail.allowed') : visibleLine(event.name, 60),
        }),
        element('span', { class: 'policy-target', text: policyTarget(event) }),
      ),
      list,
      candidates > 0 ? element('p', { class: 'hint', text: t('detail.candidates', candidates) }) : null,
    );
  }

  #places(detail: SpanDetail): HTMLElement | null {
    const { t, jump } = this.#options;
    const { anchors, span } = detail;
    if (span.kind !== 'execute_tool') return null;
    if (anchors.length === 0) return null;
    const items = anchors
      .slice(0, anchorsShown)
      .map((anchor, index) =>
        element(
          'li',
          {},
          index === 0
            ? button({ label: placeText(t, anchor), kind: 'secondary', key: 'place', press: () => jump(span.id, false) })
            : element('span', { class: 'place', text: placeText(t, anchor) }),
          anchor.stale ? element('span', { class: 'tag tag-plain', text: t('detail.stale') }) : null,
        ),
      );
    return element(
      'section',
      { class: 'detail-section' },
      element('h3', { text: t('detail.places') }),
      element('ul', { class: 'places' }, ...items),
    );
  }
}

function placeText(t: Texts, anchor: Anchor): string {
  const path = visibleLine(anchor.sandboxPath, 200);
  if (anchor.wholeFile) return `${path} (${t('detail.wholeFile')})`;
  const start = anchor.startLine + 1;
  const end = anchor.endLine + 1;
  return `${path}, ${start === end ? t('detail.line', start) : t('detail.lines', start, end)}`;
}

function optionalLine(text: string | null): string | null {
  return text === null ? null : visibleLine(text, 200);
}
