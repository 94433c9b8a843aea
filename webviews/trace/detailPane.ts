/** Everything known of the selected span. Built from text alone; what is long scrolls inside its own box. */
import type { Anchor, SpanDetail, TurnSummary } from '../../server/src/protocol/messages';
import { button, progressRing } from '../kit/controls';
import { element, replace, textNodes } from '../kit/dom';
import { bytes, wholeNumber } from '../kit/format';
import { icon } from '../kit/icons';
import { visibleLine, visibleText } from '../kit/plainText';
import { ownPriceHelps } from './cost';
import type { Texts } from './describe';
import { isProblem, rowIcon, spanName, statusText } from './describe';
import { factList } from './detailFacts';
import { policyList } from './policyView';

export interface DetailPaneOptions {
  readonly t: Texts;
  readonly turn: (turnId: string) => TurnSummary | null;
  readonly jump: (spanId: string, beside: boolean) => void;
  readonly openCall: (spanId: string) => void;
  readonly toolDefinition: (spanId: string) => void;
  readonly showPrices: () => void;
  readonly flatRate: () => boolean;
  readonly openSession: (sessionId: string) => void;
  readonly showSpan: (spanId: string) => void;
  readonly showFlow: (turnId: string) => void;
}

/** `childSessionId` is in the row, not in the detail. */
export interface DetailContext {
  readonly childSessionId: string | null;
}

const anchorsShown = 8;

export class DetailPane {
  readonly element = element('div', { class: 'detail' });
  readonly #options: DetailPaneOptions;
  #shown: string | null = null;
  #content = '';

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
    this.#content = '';
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
    this.#content = '';
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
    // A busy session asks often; what did not change keeps its place, and the user's selection of text.
    const { flatRate, turn } = this.#options;
    const summary = detail.span.kind === 'invoke_agent' ? turn(detail.span.id) : null;
    const content = JSON.stringify([detail, context, summary, flatRate()]);
    if (content === this.#content) return;
    this.#content = content;
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
      factList(this.#options.t, detail.span, summary, flatRate()),
      ...this.#sections(detail),
    );
    this.element.scrollTop = same ? scrollTop : 0;
    for (const box of this.element.querySelectorAll<HTMLElement>('pre[data-box]')) {
      // Only what scrolls is a stop for Tab.
      if (box.scrollHeight > box.clientHeight + 1) {
        box.tabIndex = 0;
        box.setAttribute('role', 'region');
      }
      box.scrollTop = boxes.get(box.dataset['box'] ?? '') ?? 0;
    }
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
    const { t, jump, openCall, toolDefinition, openSession, showFlow, showPrices } = this.#options;
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
        button({
          label: t('detail.definition'),
          title: t('detail.definitionHint'),
          icon: 'definition',
          key: 'definition',
          press: () => toolDefinition(span.id),
        }),
      );
    if (ownPriceHelps(span))
      nodes.push(button({ label: t('detail.setPrice'), title: t('detail.setPriceHint'), key: 'set-price', press: showPrices }));
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

  #sections(detail: SpanDetail): readonly (HTMLElement | null)[] {
    const { t } = this.#options;
    const { span } = detail;
    const own = span.kind !== 'execute_tool';
    const call = span.kind === 'execute_tool';
    return [
      span.statusMessage !== null &&
      (isProblem(span.status) || own) &&
      !detail.policy.some((event) => event.statusMessage === span.statusMessage)
        ? this.#text('message', t('detail.message'), span.statusMessage, `message-${span.status}`)
        : null,
      policyList(t, detail.policy, span),
      this.#written(detail),
      detail.anchors.length > 0 ? this.#places(detail) : null,
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
      detail.anchors.length === 0 ? this.#places(detail) : null,
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
        : element(
            'pre',
            { class: `box box-${kind}`, attributes: { 'aria-labelledby': id, 'data-box': key, 'data-key': id } },
            ...textNodes(visibleText(text)),
          );
    return element('section', { class: 'detail-section' }, head, body);
  }

  /** What lies where a reader of the workspace's history would miss it. */
  #written({ written }: SpanDetail): HTMLElement | null {
    const { t } = this.#options;
    const items = written.flatMap(({ path, outside, git }) => {
      const why = [outside === true ? t('detail.outside') : null, git === false ? t('detail.noGit') : null].filter((part) => part !== null);
      if (why.length === 0) return [];
      const name = element('span', { class: 'place', text: visibleLine(path, 200), title: visibleLine(path, 1000) });
      return [element('li', {}, name, element('span', { class: 'hint', text: why.join(', ') }))];
    });
    if (items.length === 0) return null;
    return element(
      'section',
      { class: 'detail-section' },
      element('h3', { text: t('detail.written') }),
      element('ul', { class: 'places written' }, ...items),
    );
  }

  #places(detail: SpanDetail): HTMLElement | null {
    const { t, jump } = this.#options;
    const { anchors, span } = detail;
    if (span.kind !== 'execute_tool') return null;
    const head = element('h3', { text: t('detail.places') });
    if (anchors.length === 0)
      return element('section', { class: 'detail-section' }, head, element('p', { class: 'hint', text: t('detail.noPlace') }));
    const items = anchors.slice(0, anchorsShown).map((anchor, index) => {
      const text = placeText(t, anchor);
      const title = [visibleLine(anchor.sandboxPath, 1000), t(`detail.how.${anchor.how}`), mappedText(t, anchor)]
        .filter((line) => line !== '')
        .join('\n');
      // The host opens the first place it may; the others are told.
      const place =
        index > 0
          ? element('span', { class: 'place', text, title })
          : element('button', {
              class: 'link',
              text,
              title,
              attributes: { type: 'button', 'data-key': 'place' },
              on: { click: () => jump(span.id, false) },
            });
      return element('li', {}, place, anchor.stale ? element('span', { class: 'tag tag-plain', text: t('detail.stale') }) : null);
    });
    return element('section', { class: 'detail-section' }, head, element('ul', { class: 'places' }, ...items));
  }
}

function mappedText(t: Texts, { mapped }: Anchor): string {
  return mapped === null ? '' : t(`detail.mapped.${mapped}`);
}

function placeText(t: Texts, anchor: Anchor): string {
  // The folder an agent works in is the same for all its files, and long.
  const path = visibleLine(anchor.sandboxPath.replace(/^.*?\/\.openclaw\/workspace(?:-[^/]+)?\//, ''), 200);
  if (anchor.wholeFile) return `${path} (${t('detail.wholeFile')})`;
  const start = anchor.startLine + 1;
  const end = anchor.endLine + 1;
  return `${path}, ${start === end ? t('detail.line', start) : t('detail.lines', start, end)}`;
}
