/**
 * Where the parts of the page stand: stacked when it is narrow, list and tabs side by side in the middle, list, flow and
 * details side by side when there is room. In the last there are no tabs to choose.
 */
import type { Shares } from '../contract/trace';
import { Divider } from '../kit/divider';
import { element } from '../kit/dom';
import type { Texts } from './describe';

export type Pane = 'flow' | 'list';
type Width = 'narrow' | 'medium' | 'wide';

const mediumFrom = 720;
const wideFrom = 1240;

export interface LayoutOptions {
  readonly t: Texts;
  readonly header: HTMLElement;
  readonly bar: HTMLElement;
  readonly list: HTMLElement;
  readonly flow: HTMLElement;
  readonly detail: HTMLElement;
  /** Which panes are on show now. */
  readonly shown: (flow: boolean, detail: boolean) => void;
  /** The user chose a tab. */
  readonly chosen: (pane: Pane) => void;
  /** The user moved the divider. */
  readonly divided: (shares: Shares) => void;
}

const tabNames = { flow: 'tabs.flow', list: 'tabs.details' } as const;
const order: readonly Pane[] = ['flow', 'list'];

export class Layout {
  readonly #options: LayoutOptions;
  readonly #root: HTMLElement;
  readonly #tabs: ReadonlyMap<Pane, HTMLElement>;
  readonly #panels: ReadonlyMap<Pane, HTMLElement>;
  readonly #rows: HTMLElement;
  readonly #divider: Divider;
  #shares: Shares = {};
  #pane: Pane = 'flow';
  #width: Width = 'medium';

  constructor(root: HTMLElement, options: LayoutOptions) {
    const { t } = options;
    this.#options = options;
    this.#root = root;
    this.#tabs = new Map(
      order.map((pane) => [
        pane,
        element('button', {
          class: 'tab',
          text: t(tabNames[pane]),
          attributes: { type: 'button', role: 'tab', id: `tab-${pane}`, 'aria-controls': `panel-${pane}` },
          on: { click: () => this.#choose(pane) },
        }),
      ]),
    );
    this.#panels = new Map(
      order.map((pane) => [
        pane,
        element(
          'section',
          { class: `panel panel-${pane}`, attributes: { id: `panel-${pane}` } },
          element('div', { class: 'panel-title', text: t(tabNames[pane]), attributes: { 'aria-hidden': 'true' } }),
          pane === 'flow' ? options.flow : options.detail,
        ),
      ]),
    );
    const tablist = element(
      'div',
      { class: 'tabs', attributes: { role: 'tablist', 'aria-label': t('tabs.label') } },
      ...this.#tabs.values(),
    );
    tablist.addEventListener('keydown', (event) => this.#key(event));
    this.#rows = element(
      'section',
      { class: 'panel panel-rows', attributes: { 'aria-label': t('list.label') } },
      options.bar,
      options.list,
    );
    this.#divider = new Divider({ label: t('divider.label'), title: t('divider.hint'), changed: (share) => this.#divided(share) });
    root.append(
      options.header,
      element(
        'main',
        { class: 'body' },
        this.#rows,
        this.#divider.element,
        element('div', { class: 'side' }, tablist, ...this.#panels.values()),
      ),
    );
    this.setContent(false, false);
    new ResizeObserver(() => this.#measure()).observe(root);
    this.#measure();
  }

  /** Whether there are rows to choose from, and whether it is known whose session it is. */
  setContent(rows: boolean, known: boolean): void {
    this.#root.dataset['rows'] = rows ? 'some' : 'none';
    this.#root.toggleAttribute('data-known', known);
  }

  /** Where the user left the divider. */
  divide(shares: Shares): void {
    this.#shares = shares;
    this.#applyShare();
  }

  show(pane: Pane): void {
    this.#pane = pane;
    this.#apply();
  }

  #measure(): void {
    const { clientWidth } = this.#root;
    const width: Width = clientWidth >= wideFrom ? 'wide' : clientWidth >= mediumFrom ? 'medium' : 'narrow';
    if (width === this.#width && this.#root.dataset['width'] === width) return;
    this.#width = width;
    this.#root.dataset['width'] = width;
    this.#divider.show(width === 'narrow');
    this.#applyShare();
    this.#apply();
  }

  #apply(): void {
    const { t, shown } = this.#options;
    const wide = this.#width === 'wide';
    for (const [pane, tab] of this.#tabs) {
      tab.setAttribute('aria-selected', String(pane === this.#pane));
      tab.tabIndex = pane === this.#pane ? 0 : -1;
    }
    for (const [pane, panel] of this.#panels) {
      panel.hidden = !wide && pane !== this.#pane;
      panel.setAttribute('role', wide ? 'region' : 'tabpanel');
      if (wide) {
        panel.removeAttribute('aria-labelledby');
        panel.setAttribute('aria-label', t(tabNames[pane]));
      } else {
        panel.removeAttribute('aria-label');
        panel.setAttribute('aria-labelledby', `tab-${pane}`);
      }
    }
    shown(wide || this.#pane === 'flow', wide || this.#pane === 'list');
  }

  #divided(share: number | null): void {
    const { stacked, beside } = this.#shares;
    const next = { stacked, beside, [this.#width === 'narrow' ? 'stacked' : 'beside']: share ?? undefined };
    this.divide(Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)));
    this.#options.divided(this.#shares);
  }

  #applyShare(): void {
    const share = this.#width === 'narrow' ? this.#shares.stacked : this.#shares.beside;
    this.#rows.style.flex = share === undefined ? '' : `0 0 ${(share * 100).toFixed(2)}%`;
    this.#divider.measured();
  }

  #choose(pane: Pane): void {
    this.show(pane);
    this.#options.chosen(pane);
  }

  #key(event: KeyboardEvent): void {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight' && event.key !== 'Home' && event.key !== 'End') return;
    const pane: Pane = event.key === 'Home' ? 'flow' : event.key === 'End' ? 'list' : this.#pane === 'flow' ? 'list' : 'flow';
    this.#choose(pane);
    this.#tabs.get(pane)?.focus();
    event.preventDefault();
  }
}
