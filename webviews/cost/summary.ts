/** What it all came to: money with how it is known, tokens by kind, what is missing from it, and what is worth a look. */
import type { SessionRef } from '../../server/src/protocol/messages';
import type { CostAnswer, Spend } from '../../server/src/protocol/cost';
import type { CostNote, CostNotes, CostPage } from '../contract/cost';
import { button } from '../kit/controls';
import { element, replace } from '../kit/dom';
import { wholeNumber } from '../kit/format';
import { icon } from '../kit/icons';
import { visibleLine } from '../kit/plainText';
import { cacheHitRate, totalTokens } from './parts';
import { basisParts, isEquivalent, moneyOf, notObservedText, tokensOf } from './words';
import type { Texts } from './words';

const longestText = 400;
/** Above where it goes; the others are one press away. */
const notesAtFirst = 2;
const kinds = ['cacheRead', 'input', 'cacheWrite', 'output'] as const;

export interface SummaryOptions {
  readonly t: Texts;
  readonly showPrices: () => void;
  readonly open: (session: SessionRef, spanId: string | null) => void;
}

export class Summary {
  readonly element = element('div', { class: 'summary' });
  readonly #notes = element('section', { class: 'notes', attributes: { hidden: '' } });
  #allNotes = false;
  readonly #options: SummaryOptions;

  constructor(options: SummaryOptions) {
    this.#options = options;
  }

  /** null: they are asked for anew; what was told is of something else. */
  showNotes(told: CostNotes | null): void {
    const { t } = this.#options;
    if (told === null) this.#allNotes = false;
    this.#notes.hidden = told === null || told.notes.length === 0;
    if (told === null || told.notes.length === 0) return replace(this.#notes);
    const shown = this.#allNotes ? told.notes : told.notes.slice(0, notesAtFirst);
    const more = told.notes.length - shown.length;
    const showAll = (): void => {
      this.#allNotes = true;
      this.showNotes(told);
      this.#notes.querySelectorAll<HTMLElement>('.note .control')[notesAtFirst]?.focus();
    };
    replace(
      this.#notes,
      element('h2', { text: t('notes.title') }),
      element('ul', {}, ...shown.map((note, index) => this.#note(note, index))),
      more === 0
        ? null
        : element('div', { class: 'notes-more' }, button({ label: t('notes.more', more), key: 'notes-more', press: showAll })),
      told.cut && more === 0 ? element('p', { class: 'notes-cut', text: t('notes.cut') }) : null,
    );
  }

  notesFailed(reason: string): void {
    const { t } = this.#options;
    this.#notes.hidden = false;
    replace(
      this.#notes,
      element('h2', { text: t('notes.title') }),
      element('p', { class: 'notes-cut', text: visibleLine(t('notes.failed', reason), longestText) }),
    );
  }

  show({ answer, subscription }: CostPage): void {
    const { t } = this.#options;
    const money = this.#money(answer, subscription);
    const tokens = this.#tokens(answer.total, subscription);
    replace(
      this.element,
      element(
        'section',
        { class: 'total', attributes: { 'aria-label': t('total.label') } },
        ...(subscription || !moneyOf(t, answer.total).known ? [tokens, money] : [money, tokens]),
      ),
      this.#notes,
      element(
        'section',
        { class: 'unobserved' },
        element('h2', { text: t('unobserved.title') }),
        element(
          'ul',
          {},
          ...answer.notObserved.map((each) => element('li', { text: notObservedText(t, each) })),
          // Whether there were any nothing tells, so it is said of every sum.
          element('li', { text: t('unobserved.besideSessions') }),
        ),
      ),
    );
  }

  #money(answer: CostAnswer, flatRate: boolean): HTMLElement {
    const { t } = this.#options;
    const { total } = answer;
    const money = moneyOf(t, total);
    const parts = basisParts(t, total);
    return element(
      'div',
      { class: 'sum sum-money' },
      element(
        'p',
        { class: 'sum-line' },
        element('span', { class: money.known ? 'sum-value' : 'sum-value sum-unknown', text: money.text, title: money.title }),
        isEquivalent(total, flatRate)
          ? element('span', { class: 'sum-name', text: t('total.equivalent'), title: t('total.flatRate') })
          : null,
        element(
          'span',
          { class: 'sum-bases' },
          ...(parts.length === 1
            ? [element('span', { class: 'basis', text: money.basis, title: parts[0]?.title ?? '' })]
            : parts.map(({ text, title }) => element('span', { class: 'basis', text, title }))),
        ),
      ),
      element('p', { class: 'sum-note', text: `${wholeNumber(total.calls)} ${t(total.calls === 1 ? 'total.call' : 'total.calls')}` }),
      this.#unpriced(answer),
    );
  }

  #unpriced({ total, unpricedTokens }: CostAnswer): HTMLElement | null {
    const { t } = this.#options;
    // Of calls of which nothing was counted a price would say nothing: they are named below, with what is not observed.
    if (total.unpricedCalls === 0 || (unpricedTokens === 0 && total.usd !== null)) return null;
    const key = total.usd === null ? 'total.allUnpriced' : 'total.unpriced';
    const text = t(total.unpricedCalls === 1 ? `${key}1` : key, wholeNumber(total.unpricedCalls), wholeNumber(unpricedTokens));
    return element(
      'p',
      { class: 'sum-note sum-unpriced' },
      icon('warning'),
      element('span', { text }),
      button({ label: t('total.setPrice'), key: 'set-price', press: this.#options.showPrices }),
    );
  }

  #tokens(total: Spend, first: boolean): HTMLElement {
    const { t } = this.#options;
    const { usage } = total;
    const all = totalTokens(usage);
    const hits = cacheHitRate(usage);
    const bar = element('div', { class: 'split', attributes: { 'aria-hidden': 'true' } });
    for (const kind of kinds) {
      if (usage[kind] === 0) continue;
      const part = element('span', { class: `split-part split-${kind}`, title: `${wholeNumber(usage[kind])} ${t(`tokens.${kind}`)}` });
      part.style.flexGrow = String(usage[kind]);
      bar.append(part);
    }
    const fact = (kind: (typeof kinds)[number]): HTMLElement =>
      element(
        'div',
        { class: `split-fact split-${kind}` },
        element('dt', { text: t(`tokens.${kind}`), title: kind === 'input' ? t('tokens.inputHint') : '' }),
        element(
          'dd',
          {},
          wholeNumber(usage[kind]),
          kind === 'output'
            ? element('span', {
                class: 'split-of',
                text: usage.reasoning === null ? t('tokens.noReasoning') : t('tokens.reasoning', wholeNumber(usage.reasoning)),
              })
            : null,
        ),
      );
    return element(
      'div',
      { class: first ? 'sum sum-tokens sum-first' : 'sum sum-tokens' },
      element(
        'p',
        { class: 'sum-line' },
        element('span', { class: 'sum-value', text: tokensOf(t, total).text, title: wholeNumber(all) }),
        element('span', { class: 'sum-name', text: t('total.tokens') }),
        hits === null
          ? null
          : element('span', {
              class: 'basis',
              text: t('tokens.hitRate', Math.round(100 * hits.rate)),
              title: t('tokens.hitRateHint', wholeNumber(hits.sent), wholeNumber(usage.cacheRead)),
            }),
      ),
      all === 0 ? null : bar,
      element('dl', { class: 'split-facts' }, ...kinds.map(fact)),
    );
  }

  #note({ title, why, severity, session, spanId }: CostNote, index: number): HTMLElement {
    const { t, open } = this.#options;
    return element(
      'li',
      { class: `note note-${severity}` },
      icon(severity === 'warning' ? 'warning' : 'event'),
      element(
        'div',
        { class: 'note-text' },
        element('p', { class: 'note-title', text: visibleLine(title, longestText) }),
        element('p', { class: 'note-why', text: visibleLine(why, longestText) }),
      ),
      session === null ? null : button({ label: t('notes.open'), key: `note-${index}`, press: () => open(session, spanId) }),
    );
  }
}
