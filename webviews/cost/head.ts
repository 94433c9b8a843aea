/** The head of the cost page: what it is of, of which time, and the way to the prices and back. */
import type { CostPage, CostPeriod, CostPlace, CostViewState } from '../contract/cost';
import { button, checkbox, setChecked } from '../kit/controls';
import { element, setText } from '../kit/dom';
import { visibleLine } from '../kit/plainText';
import { dayText } from './period';
import type { Texts } from './words';

const longestName = 80;
const copiedShownMs = 4000;
const periods = ['today', 'week', 'month', 'all', 'days'] as const;

export interface HeadOptions {
  readonly t: Texts;
  readonly choose: (change: Partial<CostViewState>) => void;
  readonly chooseSession: () => void;
  readonly copy: () => void;
}

export class CostHead {
  readonly element: HTMLElement;
  readonly #options: HeadOptions;
  readonly #title = element('h1', { class: 'title' });
  readonly #scope: HTMLSelectElement;
  readonly #session: HTMLElement;
  readonly #subagents: HTMLElement;
  readonly #period: HTMLSelectElement;
  readonly #from: HTMLInputElement;
  readonly #to: HTMLInputElement;
  readonly #days: HTMLElement;
  readonly #choices: HTMLElement;
  readonly #toPrices: HTMLElement;
  readonly #toCosts: HTMLElement;
  readonly #copy: HTMLElement;
  readonly #copied = element('span', { class: 'copied', attributes: { role: 'status' } });
  #state: CostViewState | null = null;
  #optionsShown = '';
  #copiedTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: HeadOptions) {
    this.#options = options;
    const { t, choose } = options;
    this.#scope = element('select', { class: 'select', on: { change: () => this.#chooseScope() } });
    this.#session = button({ label: t('head.chooseSession'), press: options.chooseSession });
    this.#subagents = checkbox({
      label: t('head.withSubagents'),
      title: t('head.withSubagentsHint'),
      checked: true,
      change: (withSubagents) => {
        if (this.#state !== null) choose({ place: { ...this.#state.place, withSubagents } });
      },
    });
    this.#period = element(
      'select',
      { class: 'select', on: { change: () => this.#choosePeriod() } },
      ...periods.map((kind) => element('option', { text: t(`time.${kind}`), attributes: { value: kind } })),
    );
    const day = (): HTMLInputElement =>
      element('input', { class: 'day', attributes: { type: 'date' }, on: { change: () => this.#chooseDays() } });
    this.#from = day();
    this.#to = day();
    this.#days = element('span', { class: 'days' }, field('from', t('head.from'), this.#from), field('to', t('head.to'), this.#to));
    this.#toPrices = button({ label: t('head.showPrices'), title: t('head.showPricesHint'), press: () => choose({ side: 'prices' }) });
    this.#toCosts = button({ label: t('head.showCosts'), press: () => choose({ side: 'costs' }) });
    this.#copy = button({ label: t('head.copy'), title: t('head.copyHint'), press: options.copy });
    this.#choices = element(
      'div',
      { class: 'choices' },
      field('scope', t('head.scope'), this.#scope),
      this.#session,
      this.#subagents,
      field('time', t('head.time'), this.#period),
      this.#days,
    );
    this.element = element(
      'header',
      { class: 'head' },
      element(
        'div',
        { class: 'head-top' },
        this.#title,
        element('div', { class: 'actions' }, this.#copied, this.#copy, this.#toPrices, this.#toCosts),
      ),
      this.#choices,
    );
  }

  show(state: CostViewState, page: CostPage | null): void {
    const { t } = this.#options;
    this.#state = state;
    const costs = state.side === 'costs';
    setText(this.#title, t(costs ? 'head.title' : 'head.prices'));
    for (const part of [this.#choices, this.#toPrices, this.#copy]) part.hidden = !costs;
    this.#toCosts.hidden = costs;
    this.#copy.hidden = !costs || page === null || page.answer.empty !== null;
    this.#showScopes(state.place, page);
    this.#subagents.hidden = state.place.sessionId === null;
    setChecked(this.#subagents, state.place.withSubagents);
    this.#period.value = state.period.kind;
    this.#period.title = t('head.zone', new Intl.DateTimeFormat().resolvedOptions().timeZone);
    const days = state.period.kind === 'days' ? state.period : null;
    this.#days.hidden = days === null;
    // A field that is being typed in is the user's.
    if (document.activeElement !== this.#from) this.#from.value = days?.from ?? '';
    if (document.activeElement !== this.#to) this.#to.value = days?.to ?? '';
  }

  copied(text: string): void {
    setText(this.#copied, text);
    clearTimeout(this.#copiedTimer);
    this.#copiedTimer = setTimeout(() => setText(this.#copied, ''), copiedShownMs);
  }

  /** Only when they are others: an open list would close. */
  #showScopes(place: CostPlace, page: CostPage | null): void {
    const { t } = this.#options;
    const entries: { readonly value: string; readonly name: string }[] = [{ value: '', name: t('head.all') }];
    const sources = page?.sources ?? [];
    for (const { sourceId, name } of sources) entries.push({ value: sourceId, name: visibleLine(name, longestName) });
    if (place.sourceId !== null && !sources.some(({ sourceId }) => sourceId === place.sourceId))
      entries.push({ value: place.sourceId, name: page === null ? '…' : t('head.gone') });
    if (place.sessionId !== null) {
      const title = page === null ? '…' : visibleLine(page.sessionTitle ?? t('head.untitled'), longestName);
      entries.push({ value: sessionValue, name: t('head.session', title) });
    }
    this.#scope.title = sources.length > 1 && sources.some(({ sample }) => sample) ? t('head.allHint') : '';
    const shown = JSON.stringify(entries);
    if (shown !== this.#optionsShown) {
      this.#optionsShown = shown;
      this.#scope.replaceChildren(...entries.map(({ value, name }) => element('option', { text: name, attributes: { value } })));
    }
    this.#scope.value = place.sessionId !== null ? sessionValue : (place.sourceId ?? '');
  }

  #chooseScope(): void {
    const { value } = this.#scope;
    if (this.#state === null || value === sessionValue) return;
    this.#options.choose({ place: { ...this.#state.place, sourceId: value === '' ? null : value, sessionId: null } });
  }

  #choosePeriod(): void {
    const kind = periods.find((each) => each === this.#period.value) ?? 'all';
    const today = dayText(new Date());
    const period: CostPeriod = kind === 'days' ? { kind, from: today, to: today } : { kind };
    this.#options.choose({ period });
  }

  #chooseDays(): void {
    const given = (input: HTMLInputElement): string | null => (input.value === '' ? null : input.value);
    this.#options.choose({ period: { kind: 'days', from: given(this.#from), to: given(this.#to) } });
  }
}

/** No source's id: those have no space. */
const sessionValue = ' session';

/** Beside its control, not around it: a list's choices are no part of its name. */
function field(id: string, label: string, control: HTMLElement): HTMLElement {
  control.id = id;
  return element('span', { class: 'field' }, element('label', { class: 'field-name', text: label, attributes: { for: id } }), control);
}
