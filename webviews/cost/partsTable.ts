/**
 * Where it goes: what the sum is parted by, and the parts as rows. One row can be reached by Tab, the others by the arrow keys; Enter
 * or a click opens what it is of. A chart of days only says what the rows say.
 */
import type { CostBy, CostRow } from '../../server/src/protocol/cost';
import type { SessionRef } from '../../server/src/protocol/messages';
import type { CostColumn, CostPage, CostSort, CostViewState } from '../contract/cost';
import { mostRows } from '../contract/cost';
import { button } from '../kit/controls';
import { element, replace, setText } from '../kit/dom';
import { compactNumber, dash, wholeNumber } from '../kit/format';
import { dayChart } from './dayChart';
import { measureOf, shareOf, sorted } from './parts';
import { dayOf } from './period';
import { callCount, detailOf, labelOf, moneyOf, percent, spendLine, tokensOf } from './words';
import type { Texts } from './words';

export const allBy: readonly CostBy[] = ['day', 'model', 'sandbox', 'agent', 'session', 'subagent', 'turn', 'trigger', 'tool', 'file'];
const rowsOnAPage = 10;

export interface PartsOptions {
  readonly t: Texts;
  readonly chooseBy: (by: CostBy) => void;
  readonly sort: (sort: CostSort) => void;
  readonly showMore: () => void;
  readonly open: (session: SessionRef, spanId: string | null) => void;
  readonly openDay: (day: string) => void;
}

interface Shown {
  readonly by: CostBy;
  readonly page: CostPage;
  readonly rows: readonly CostRow[];
  readonly sort: CostSort | null;
}

export class Parts {
  readonly element: HTMLElement;
  readonly #options: PartsOptions;
  readonly #tabs: ReadonlyMap<CostBy, HTMLElement>;
  readonly #panel = element('div', { class: 'parts-panel', attributes: { role: 'tabpanel', id: 'parts-panel' } });
  readonly #note = element('p', { class: 'parts-note' });
  readonly #chart = element('div', { class: 'chart', attributes: { 'aria-hidden': 'true' } });
  readonly #table = element('table', { class: 'parts', attributes: { role: 'grid' } });
  readonly #more = element('p', { class: 'parts-more' });
  #shown: Shown | null = null;
  /** Which row Tab reaches. */
  #current = 0;

  constructor(options: PartsOptions) {
    this.#options = options;
    const { t } = options;
    this.#tabs = new Map(
      allBy.map((by) => [
        by,
        element('button', {
          class: 'tab',
          text: t(`by.${by}`),
          attributes: { type: 'button', role: 'tab', id: `tab-${by}`, 'aria-controls': 'parts-panel' },
          on: { click: () => options.chooseBy(by), keydown: (event) => this.#tabKey(by, event as KeyboardEvent) },
        }),
      ]),
    );
    this.#table.addEventListener('keydown', (event) => this.#rowKey(event));
    this.#panel.append(this.#note, this.#chart, this.#table, this.#more);
    this.element = element(
      'section',
      { class: 'where' },
      element('h2', { text: t('parts.title') }),
      element('div', { class: 'tabs', attributes: { role: 'tablist', 'aria-label': t('parts.by') } }, ...this.#tabs.values()),
      this.#panel,
    );
  }

  show({ by, sort }: CostViewState, page: CostPage): void {
    const { t } = this.#options;
    if (by !== this.#shown?.by) this.#current = 0;
    const measure = measureOf(page.answer.total, page.subscription);
    const rows = sorted(page.answer.rows.slice(0, mostRows), sort ?? this.#usualSort(by, page), (row) => labelOf(t, by, row));
    this.#shown = { by, page, rows, sort };
    this.#current = Math.min(this.#current, Math.max(0, rows.length - 1));
    for (const [each, tab] of this.#tabs) {
      tab.setAttribute('aria-selected', String(each === by));
      tab.tabIndex = each === by ? 0 : -1;
    }
    this.#panel.setAttribute('aria-labelledby', `tab-${by}`);
    this.#table.setAttribute('aria-label', t(`by.${by}`));
    setText(this.#note, by === 'tool' || by === 'file' ? t(`apportioned.${by}`) : '');
    replace(this.#chart, by === 'day' ? dayChart(t, page.answer.rows, measure, (day) => this.#options.openDay(day)) : null);
    this.#chart.hidden = this.#chart.childElementCount === 0;
    replace(this.#table, this.#columns(), element('tbody', {}, ...rows.map((row, index) => this.#row(row, index, measure))));
    this.#showMore(page);
  }

  /** With a flat rate it is the tokens that matter; days stay in their order. */
  #usualSort(by: CostBy, { subscription }: CostPage): CostSort | null {
    return subscription && by !== 'day' ? { column: 'tokens', descending: true } : null;
  }

  #names(): readonly (readonly [CostColumn, string, string])[] {
    const { t } = this.#options;
    const { by, page } = this.#shown ?? { by: 'day', page: null };
    const flatRate = page?.subscription === true;
    const money = ['usd', t(flatRate ? 'column.equivalent' : 'column.cost'), ''] as const;
    const tokens = ['tokens', t('column.tokens'), ''] as const;
    return [
      ['label', t(`by.${by}`), ''],
      ...(flatRate ? [tokens, money] : [money, tokens]),
      ['calls', t('column.calls'), ''],
      ...(this.#withSubagents() ? [['withSubagents', t('column.withSubagents'), t('column.withSubagentsHint')] as const] : []),
    ];
  }

  #withSubagents(): boolean {
    return this.#shown?.rows.some((row) => row.withSubagents !== null) === true;
  }

  #columns(): HTMLElement {
    const { t } = this.#options;
    const sort = this.#shown?.sort ?? null;
    const head = ([column, name, title]: readonly [CostColumn, string, string]): HTMLElement => {
      const active = sort?.column === column ? sort : null;
      const order = active === null ? 'none' : active.descending ? 'descending' : 'ascending';
      return element(
        'th',
        { class: `column-${column}`, attributes: { scope: 'col', role: 'columnheader', 'aria-sort': order } },
        element(
          'button',
          {
            class: 'sort',
            title: title === '' ? t('column.sort') : title,
            attributes: { type: 'button', 'data-key': `sort-${column}` },
            on: { click: () => this.#sortBy(column) },
          },
          element('span', { text: name }),
          element('span', {
            class: 'sort-mark',
            text: active === null ? '' : active.descending ? '▾' : '▴',
            attributes: { 'aria-hidden': 'true' },
          }),
        ),
      );
    };
    const [label, ...numbers] = this.#names().map(head);
    const share = element('th', {
      class: 'column-share',
      text: t('column.share'),
      attributes: { scope: 'col', role: 'columnheader' },
    });
    return element('thead', {}, element('tr', { attributes: { role: 'row' } }, label ?? null, share, ...numbers));
  }

  #sortBy(column: CostColumn): void {
    const sort = this.#shown?.sort ?? null;
    const again = sort?.column === column;
    this.#options.sort({ column, descending: again ? !sort.descending : column !== 'label' });
  }

  #row(row: CostRow, index: number, measure: 'usd' | 'tokens'): HTMLElement {
    const { t } = this.#options;
    const { by, page } = this.#shown ?? { by: 'day', page: null };
    const { total } = page?.answer ?? { total: row.spend };
    const label = labelOf(t, by, row);
    const detail = detailOf(row);
    const opens = this.#opens(row);
    const made = element(
      'tr',
      {
        class: opens === null ? 'part' : 'part part-opens',
        title: opens?.title ?? '',
        attributes: { role: 'row', tabindex: index === this.#current ? '0' : '-1', 'data-key': `row-${index}`, 'data-row': String(index) },
        on: {
          click: () => opens?.press(),
          focus: () => this.#makeCurrent(index),
        },
      },
      element(
        'th',
        { class: 'cell-label', attributes: { scope: 'row', role: 'rowheader' } },
        element(
          'div',
          { class: 'cell-line' },
          element('span', { class: row.label === null ? 'label label-none' : 'label', text: label, title: label }),
          detail === '' ? null : element('span', { class: 'detail', text: detail, title: detail }),
        ),
      ),
      this.#share(row, measure, total),
      ...this.#names()
        .slice(1)
        .map(([column]) => this.#number(column, row)),
    );
    return made;
  }

  #number(column: CostColumn, row: CostRow): HTMLElement {
    const { t } = this.#options;
    const cell = (name: string, ...children: readonly (Node | string)[]): HTMLElement =>
      element('td', { class: `cell-number cell-${name}`, attributes: { role: 'gridcell' } }, ...children);
    switch (column) {
      case 'usd':
        return cell('usd', this.#money(row.spend));
      case 'withSubagents':
        return row.withSubagents === null
          ? cell(
              'withSubagents',
              element('span', { class: 'money' }, element('span', { text: dash }), element('span', { class: 'money-basis' })),
            )
          : cell('withSubagents', this.#money(row.withSubagents));
      case 'tokens': {
        const tokens = tokensOf(t, row.spend);
        return cell('tokens', element('span', { text: tokens.text, title: tokens.title }));
      }
      case 'calls':
        return cell(
          'calls',
          element('span', {
            text: row.spend.calls < 1000 ? callCount(row.spend.calls) : compactNumber(row.spend.calls),
            title: exactCalls(row.spend.calls),
          }),
        );
      case 'label':
        return cell('label', labelOf(t, this.#shown?.by ?? 'day', row));
    }
  }

  #money(spend: CostRow['spend']): HTMLElement {
    const money = moneyOf(this.#options.t, spend);
    return element(
      'span',
      { class: 'money', title: money.title },
      element('span', { class: money.known ? 'money-value' : 'money-value money-unknown', text: money.text }),
      element('span', { class: 'money-basis', text: money.basis }),
    );
  }

  #share(row: CostRow, measure: 'usd' | 'tokens', total: CostRow['spend']): HTMLElement {
    const { t } = this.#options;
    const share = shareOf(row.spend, total, measure);
    const cell = element('td', { class: 'cell-share', attributes: { role: 'gridcell' } });
    if (share === null) {
      cell.append(element('span', { class: 'share-text', text: dash, title: moneyOf(t, row.spend).title }));
      return cell;
    }
    const fill = element('span', { class: 'share-fill' });
    fill.style.inlineSize = `${(100 * share).toFixed(1)}%`;
    cell.title = t(measure === 'usd' ? 'row.shareCost' : 'row.shareTokens');
    cell.append(
      element('span', { class: 'share-bar', attributes: { 'aria-hidden': 'true' } }, fill),
      element('span', { class: 'share-text', text: percent(t, share) }),
    );
    return cell;
  }

  #opens(row: CostRow): { readonly title: string; readonly press: () => void } | null {
    const { t, open, openDay } = this.#options;
    const { session, span, label } = row;
    if (session !== null) return { title: t('row.open'), press: () => open(session, span?.spanId ?? null) };
    if (this.#shown?.by === 'day' && label !== null && dayOf(label) !== null)
      return { title: t('row.openDay'), press: () => openDay(label) };
    return null;
  }

  #showMore({ answer, subscription }: CostPage): void {
    const { t } = this.#options;
    const { more } = answer;
    if (more === null) {
      replace(this.#more);
      return;
    }
    const line = spendLine(t, more.spend, subscription);
    const text = more.rows === 1 ? t('row.more1', line) : t('row.more', wholeNumber(more.rows), line);
    replace(
      this.#more,
      element('span', { text }),
      answer.rows.length >= mostRows ? null : button({ label: t('row.showMore'), key: 'more', press: this.#options.showMore }),
    );
  }

  #makeCurrent(index: number): void {
    if (index === this.#current) return;
    this.#rowAt(this.#current)?.setAttribute('tabindex', '-1');
    this.#current = index;
    this.#rowAt(index)?.setAttribute('tabindex', '0');
  }

  #rowAt(index: number): HTMLElement | null {
    return this.#table.querySelector<HTMLElement>(`tr[data-row="${index}"]`);
  }

  #rowKey(event: KeyboardEvent): void {
    const { target } = event;
    if (!(target instanceof HTMLElement) || target.dataset['row'] === undefined) return;
    const last = (this.#shown?.rows.length ?? 1) - 1;
    const to = rowTo(event.key, this.#current, last);
    if (to !== null) {
      this.#rowAt(to)?.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      const row = this.#shown?.rows[this.#current];
      if (row !== undefined) this.#opens(row)?.press();
    } else return;
    event.preventDefault();
  }

  #tabKey(by: CostBy, event: KeyboardEvent): void {
    const at = allBy.indexOf(by);
    const last = allBy.length - 1;
    const next: Readonly<Record<string, number>> = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const to = allBy[next[event.key] ?? -1];
    if (to === undefined) return;
    event.preventDefault();
    this.#tabs.get(to)?.focus();
    this.#options.chooseBy(to);
  }
}

/** Calls that are divided among several parts are counted by their shares. */
function exactCalls(calls: number): string {
  return Number.isInteger(calls) ? wholeNumber(calls) : calls.toFixed(2);
}

function rowTo(key: string, at: number, last: number): number | null {
  switch (key) {
    case 'ArrowDown':
      return Math.min(last, at + 1);
    case 'ArrowUp':
      return Math.max(0, at - 1);
    case 'PageDown':
      return Math.min(last, at + rowsOnAPage);
    case 'PageUp':
      return Math.max(0, at - rowsOnAPage);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}
