/** How each model is priced, since when and by whom, or why it has no price; and the way to a price of the user's own. */
import type { PriceRates } from '../../server/src/protocol/cost';
import type { ModelName, PriceRow } from '../contract/cost';
import { button } from '../kit/controls';
import { element, replace } from '../kit/dom';
import { dash, wholeNumber } from '../kit/format';
import { visibleLine } from '../kit/plainText';
import { exactDollars, moneyOf, tokensOf } from './words';
import type { Texts } from './words';

const longestText = 200;
/** Models on the page; those without a price come first. */
export const mostModels = 500;

export interface PricesOptions {
  readonly t: Texts;
  readonly set: (model: ModelName) => void;
  readonly remove: (model: ModelName) => void;
  readonly openSettings: () => void;
}

export class PricesSide {
  readonly element = element('section', { class: 'prices', attributes: { hidden: '' } });
  readonly #options: PricesOptions;
  #known = false;

  constructor(options: PricesOptions) {
    this.#options = options;
  }

  get known(): boolean {
    return this.#known;
  }

  show(models: readonly PriceRow[]): void {
    const { t } = this.#options;
    this.#known = true;
    // What needs the user comes first, then what cost most.
    const rows = [...models].sort(
      (a, b) =>
        Number(a.reason === null) - Number(b.reason === null) || (b.spend.usd ?? 0) - (a.spend.usd ?? 0) || b.spend.calls - a.spend.calls,
    );
    const names = ['model', 'input', 'output', 'cacheRead', 'cacheWrite', 'basis', 'seen', 'actions'] as const;
    replace(
      this.element,
      element(
        'p',
        { class: 'prices-intro' },
        element('span', { text: t('prices.intro') }),
        button({ label: t('prices.settings'), key: 'settings', press: this.#options.openSettings }),
      ),
      element(
        'table',
        { class: 'price-list', attributes: { role: 'table', 'aria-label': t('head.prices') } },
        element(
          'thead',
          { attributes: { role: 'rowgroup' } },
          element(
            'tr',
            { attributes: { role: 'row' } },
            ...names.map((name) =>
              element('th', { class: `price-${name}`, text: t(`prices.${name}`), attributes: { scope: 'col', role: 'columnheader' } }),
            ),
          ),
        ),
        element('tbody', { attributes: { role: 'rowgroup' } }, ...rows.slice(0, mostModels).map((row) => this.#row(row))),
      ),
    );
  }

  #row(row: PriceRow): HTMLElement {
    const { t } = this.#options;
    const name = row.model === null ? t('row.none.model') : visibleLine(row.model, longestText);
    const cell = (kind: Exclude<keyof typeof cellNames, 'model'>, ...children: readonly (Node | string | null)[]): HTMLElement =>
      element('td', { class: `price-${kind}`, attributes: { role: 'cell', 'data-name': t(cellNames[kind]) } }, ...children);
    const { rates } = row;
    return element(
      'tr',
      { class: row.reason === null ? 'price' : 'price price-missing', attributes: { role: 'row' } },
      element(
        'th',
        { class: 'price-model', attributes: { scope: 'row', role: 'rowheader' } },
        element('span', { class: 'label', text: name, title: name }),
        element('span', { class: 'detail', text: this.#provider(row) }),
      ),
      ...(rates === null
        ? [element('td', { class: 'price-why', attributes: { role: 'cell', colspan: '4' }, text: this.#why(row) })]
        : [
            cell('input', exactDollars(rates.input)),
            cell('output', exactDollars(rates.output)),
            cell('cacheRead', this.#cacheRate(rates.cacheRead)),
            cell('cacheWrite', this.#cacheRate(rates.cacheWrite), this.#hourRate(rates)),
          ]),
      cell('basis', ...this.#basis(row)),
      cell('seen', ...this.#seen(row)),
      cell('actions', ...this.#actions(row, name)),
    );
  }

  #provider({ provider, vendor }: PriceRow): string {
    const { t } = this.#options;
    if (provider === null) return vendor === null ? t('prices.noProvider') : visibleLine(vendor, longestText);
    const shown = visibleLine(provider, longestText);
    return vendor === null || vendor === provider ? shown : t('prices.behind', shown, visibleLine(vendor, longestText));
  }

  /** What is priced by the hour, or reported with each call, has no price for tokens, and needs none. */
  #why({ reason, tiers, basis }: PriceRow): string {
    const { t } = this.#options;
    if (reason !== null) return `${t(`reason.${reason}`)}.`;
    return tiers.length > 0 ? tiers.map((tier) => visibleLine(tier, longestText)).join(' · ') : t(`basisTitle.${basis}`);
  }

  #cacheRate(rate: number | null): Node {
    const { t } = this.#options;
    return rate === null
      ? element('span', { class: 'price-as-input', text: t('prices.asInput'), title: t('prices.asInputHint') })
      : document.createTextNode(exactDollars(rate));
  }

  #hourRate({ cacheWrite1h }: PriceRates): Node | null {
    const { t } = this.#options;
    return cacheWrite1h === null ? null : element('span', { class: 'price-more', text: t('prices.hour', exactDollars(cacheWrite1h)) });
  }

  #basis({ basis, source, date, tiers, rates }: PriceRow): readonly (Node | null)[] {
    const { t } = this.#options;
    const from = [source === null ? null : visibleLine(source, longestText), date === null ? null : t('prices.of', visibleLine(date, 40))];
    const said = from.filter((part) => part !== null).join(' ');
    return [
      element('span', { class: 'basis', text: t(`basis.${basis}`), title: t(`basisTitle.${basis}`) }),
      said === '' ? null : element('span', { class: 'price-more', text: said }),
      ...(rates === null ? [] : tiers.map((tier) => element('span', { class: 'price-more', text: visibleLine(tier, longestText) }))),
    ];
  }

  #seen({ spend }: PriceRow): readonly Node[] {
    const { t } = this.#options;
    const money = moneyOf(t, spend);
    const tokens = tokensOf(t, spend);
    return [
      element('span', { text: `${wholeNumber(spend.calls)} ${t(spend.calls === 1 ? 'total.call' : 'total.calls')}` }),
      element('span', { class: 'price-more', text: `${tokens.text} ${t('total.tokens')}`, title: tokens.title }),
      element('span', { class: 'price-more', text: `${money.text} ${money.basis}`.trim(), title: money.title }),
    ];
  }

  #actions(row: PriceRow, name: string): readonly Node[] {
    const { t, set, remove } = this.#options;
    const { provider, vendor, model } = row;
    if (model === null) return [document.createTextNode(dash)];
    if (!row.settable) return [element('span', { class: 'price-more', text: t('prices.pattern') })];
    const named: ModelName = { provider, vendor, model };
    const key = JSON.stringify([provider, vendor, model]);
    const change = row.own ? (['prices.change', 'prices.changeHint'] as const) : (['prices.set', 'prices.setHint'] as const);
    return [
      button({ label: t(change[0]), title: t(change[1], name), key: `set ${key}`, press: () => set(named) }),
      ...(row.own
        ? [button({ label: t('prices.remove'), title: t('prices.removeHint', name), key: `remove ${key}`, press: () => remove(named) })]
        : []),
    ];
  }
}

const cellNames = {
  model: 'prices.model',
  input: 'prices.input',
  output: 'prices.output',
  cacheRead: 'prices.cacheRead',
  cacheWrite: 'prices.cacheWrite',
  basis: 'prices.basis',
  seen: 'prices.seen',
  actions: 'prices.actions',
} as const;
