/** The list of turns and calls: a virtual treegrid, worked by keyboard as VS Code's own trees are. */
import type { SpanRow } from '../../server/src/protocol/messages';
import { button } from '../kit/controls';
import { element } from '../kit/dom';
import { VirtualList } from '../kit/virtualList';
import type { RowPages } from './rowPages';
import type { RowContext } from './rowView';
import { createRow, fillRow } from './rowView';
import type { Texts } from './describe';

export const rowHeight = 24;

export interface ListPaneOptions {
  readonly t: Texts;
  readonly pages: RowPages;
  readonly context: RowContext;
  readonly selected: () => string | null;
  /** Show its details. */
  readonly select: (row: SpanRow) => void;
  /** Go to its line; `beside` keeps the focus here. */
  readonly jump: (row: SpanRow, beside: boolean) => void;
}

export interface ListMessage {
  readonly title: string;
  readonly text: string;
  readonly action?: { readonly label: string; readonly press: () => void };
  readonly busy?: HTMLElement;
}

export class ListPane {
  readonly element: HTMLElement;
  readonly #options: ListPaneOptions;
  readonly #grid: HTMLElement;
  readonly #viewport: HTMLElement;
  readonly #message: HTMLElement;
  readonly #list: VirtualList;
  /** The row at the top and the active one, to find them again when rows moved. */
  #anchor: { readonly spanId: string; readonly index: number; readonly offset: number } | null = null;
  #activeSpan: string | null = null;

  constructor(options: ListPaneOptions) {
    this.#options = options;
    const { t } = options;
    this.#viewport = element('div', { class: 'list-viewport', attributes: { role: 'rowgroup' } });
    const head = element(
      'div',
      { class: 'list-head', attributes: { role: 'row', 'aria-rowindex': '1' } },
      element('div', { class: 'cell cell-step', text: t('list.step'), attributes: { role: 'columnheader' } }),
      element('div', { class: 'cell cell-duration', text: t('list.duration'), attributes: { role: 'columnheader' } }),
      element('div', { class: 'cell cell-cost', text: t('list.cost'), attributes: { role: 'columnheader' } }),
    );
    this.#grid = element(
      'div',
      {
        class: 'list-grid',
        attributes: { role: 'treegrid', 'aria-label': t('list.label'), 'aria-describedby': 'list-keys', 'aria-colcount': '3' },
      },
      element('div', { class: 'list-head-group', attributes: { role: 'rowgroup' } }, head),
      this.#viewport,
    );
    this.#message = element('div', { class: 'message', attributes: { hidden: '' } });
    this.element = element(
      'div',
      { class: 'list' },
      this.#grid,
      this.#message,
      element('div', { class: 'visually-hidden', text: t('list.keys'), attributes: { id: 'list-keys' } }),
    );
    this.#list = new VirtualList({
      viewport: this.#viewport,
      rowHeight,
      create: createRow,
      fill: (row, index) => {
        const of = options.pages.row(index);
        fillRow(row, of, index, of !== null && of.span.id === options.selected(), options.context);
      },
      shown: (first, end) => {
        this.#remember();
        options.pages.ensure(first, end);
      },
    });
    this.#grid.addEventListener('keydown', (event) => this.#key(event));
    this.#viewport.addEventListener('click', (event) => this.#click(event, false));
    this.#viewport.addEventListener('dblclick', (event) => this.#click(event, true));
  }

  /** Rows arrived or changed. Scroll position, selection and focus stay with the rows they were on. */
  update(running: boolean): void {
    const { pages } = this.#options;
    const total = pages.total ?? 0;
    const follow = running && this.#list.count > 0 && total > this.#list.count && this.#list.atEnd() && !this.#list.hasFocus();
    this.#grid.setAttribute('aria-rowcount', String(total + 1));
    const anchor = this.#anchor;
    const focused = this.#list.hasFocus();
    this.#list.update(total);
    if (follow) this.#list.scrollToEnd();
    else if (anchor !== null) {
      const now = pages.indexOf(anchor.spanId);
      if (now !== null && now !== anchor.index) this.#list.scrollTo(now, anchor.offset);
    }
    if (this.#activeSpan !== null) {
      const now = pages.indexOf(this.#activeSpan);
      if (now !== null && now !== this.#list.active) this.#list.setActive(now, focused);
    }
  }

  refresh(): void {
    this.#list.refresh();
  }

  /** Brings a row into view and makes it the one that Tab reaches. */
  reveal(index: number, focus: boolean): void {
    this.#list.reveal(index, true);
    this.#list.setActive(index, focus);
    this.#activeSpan = this.#options.pages.row(index)?.span.id ?? null;
  }

  forgetPosition(): void {
    this.#anchor = null;
    this.#activeSpan = null;
    this.#viewport.scrollTop = 0;
    this.#list.setActive(0, false);
  }

  /** Instead of rows, or null for the rows. */
  showMessage(message: ListMessage | null): void {
    this.#grid.hidden = message !== null;
    this.#message.hidden = message === null;
    if (message === null) return;
    const parts: Node[] = [];
    if (message.busy !== undefined) parts.push(message.busy);
    parts.push(element('p', { class: 'message-title', text: message.title }));
    if (message.text !== '') parts.push(element('p', { class: 'message-text', text: message.text }));
    if (message.action !== undefined)
      parts.push(button({ label: message.action.label, kind: 'primary', key: 'list-action', press: message.action.press }));
    this.#message.replaceChildren(...parts);
  }

  #remember(): void {
    const { index, offset } = this.#list.firstVisible();
    const row = this.#options.pages.row(index);
    this.#anchor = row === null ? null : { spanId: row.span.id, index, offset };
  }

  #activate(index: number): void {
    this.#list.setActive(index, true);
    this.#activeSpan = this.#options.pages.row(this.#list.active)?.span.id ?? null;
  }

  #click(event: Event, twice: boolean): void {
    const target = (event.target as Element).closest<HTMLElement>('.row');
    const index = Number(target?.dataset['index']);
    if (target === null || Number.isNaN(index)) return;
    const row = this.#options.pages.row(index);
    if (row === null) return;
    this.#activate(index);
    if (twice) this.#options.jump(row, false);
    else this.#options.select(row);
  }

  #key(event: KeyboardEvent): void {
    if (!(event.target as Element).classList.contains('row')) return;
    const at = this.#list.active;
    const row = this.#options.pages.row(at);
    const move = (index: number): void => this.#activate(index);
    switch (event.key) {
      case 'ArrowDown':
        move(at + 1);
        break;
      case 'ArrowUp':
        move(at - 1);
        break;
      case 'PageDown':
        move(at + this.#list.pageSize());
        break;
      case 'PageUp':
        move(at - this.#list.pageSize());
        break;
      case 'Home':
        move(0);
        break;
      case 'End':
        move(this.#list.count - 1);
        break;
      case 'ArrowLeft': {
        const parent = this.#options.pages.parentOf(at);
        if (parent !== null) move(parent);
        break;
      }
      case 'ArrowRight': {
        const next = this.#options.pages.row(at + 1);
        if (next !== null && row !== null && next.depth > row.depth) move(at + 1);
        break;
      }
      case 'Enter':
        if (row !== null) this.#options.jump(row, event.ctrlKey || event.metaKey || event.altKey);
        break;
      case ' ':
        if (row !== null) this.#options.select(row);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
