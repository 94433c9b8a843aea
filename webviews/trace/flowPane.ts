/** The thought flow of one turn: as a diagram, and the same as a list of texts. */
import type { FlowDiagram, FlowNode, TurnSummary } from '../../server/src/protocol/messages';
import { button, progressRing, setDisabled } from '../kit/controls';
import { element, replace, setText } from '../kit/dom';
import { DiagramError, drawDiagram } from '../kit/mermaid';
import { PanZoom } from '../kit/panZoom';
import { visibleLine } from '../kit/plainText';
import { RateLimit } from '../kit/rateLimit';
import { onThemeChange, ThemeColors, themeKind, usesScreenReader } from '../kit/theme';
import type { Texts } from './describe';
import { FlowNodes, nodeName } from './flowNodes';

export interface FlowPaneOptions {
  readonly t: Texts;
  /** The turn before (-1) or after (+1) the one on show. */
  readonly step: (by: -1 | 1) => void;
  readonly press: (node: FlowNode) => void;
  /** Shows the details of what is selected, where they are not beside the flow anyway. */
  readonly details: () => void;
}

/** Layout takes up to a second; a busy session must not keep the page at it. */
const drawIntervalMs = 1000;

export class FlowPane {
  readonly element: HTMLElement;
  readonly #options: FlowPaneOptions;
  readonly #title = element('span', { class: 'flow-title' });
  readonly #previous: HTMLElement;
  readonly #next: HTMLElement;
  readonly #asList: HTMLElement;
  readonly #zoom: readonly HTMLElement[];
  readonly #notes = element('div', { class: 'flow-notes' });
  readonly #canvas: HTMLElement;
  readonly #list: HTMLElement;
  readonly #strip: HTMLElement;
  readonly #stripLabel = element('span', { class: 'flow-strip-label' });
  readonly #panZoom: PanZoom;
  readonly #nodes: FlowNodes;
  readonly #limit = new RateLimit(drawIntervalMs);
  #diagram: FlowDiagram | null = null;
  #turn: TurnSummary | null = null;
  #selected: string | null = null;
  /** The user's choice; a diagram that can't be drawn is a list whatever it is. */
  #listWanted = usesScreenReader();
  #failure: string | null = null;
  #drawnText = '';
  #drawnTheme = '';
  #drawing = 0;
  #visible = false;

  constructor(options: FlowPaneOptions) {
    const { t } = options;
    this.#options = options;
    this.#canvas = element('div', { class: 'flow-canvas', attributes: { id: 'flow-canvas' } });
    this.#list = element('ol', { class: 'flow-list', attributes: { hidden: '' } });
    this.#strip = element(
      'div',
      { class: 'flow-strip', attributes: { hidden: '' } },
      this.#stripLabel,
      button({ label: t('tabs.details'), key: 'strip', press: options.details }),
    );
    this.#panZoom = new PanZoom(this.#canvas);
    this.#nodes = new FlowNodes({ t, press: options.press, reveal: (shape) => this.#panZoom.reveal(shape) });
    this.#previous = button({ label: t('flow.previous'), icon: 'previous', kind: 'icon', press: () => options.step(-1) });
    this.#next = button({ label: t('flow.next'), icon: 'next', kind: 'icon', press: () => options.step(1) });
    this.#zoom = [
      button({ label: t('flow.zoomOut'), icon: 'zoomOut', kind: 'icon', press: () => this.#panZoom.zoomOut() }),
      button({ label: t('flow.zoomIn'), icon: 'zoomIn', kind: 'icon', press: () => this.#panZoom.zoomIn() }),
      button({ label: t('flow.fit'), icon: 'fit', kind: 'icon', press: () => this.#panZoom.fit() }),
    ];
    this.#asList = element('span', { class: 'flow-toggle' });
    this.element = element(
      'div',
      { class: 'flow' },
      element(
        'div',
        { class: 'flow-bar', attributes: { role: 'toolbar', 'aria-label': t('tabs.flow') } },
        this.#previous,
        this.#next,
        this.#title,
        element('span', { class: 'flow-tools' }, ...this.#zoom, this.#asList),
      ),
      this.#notes,
      this.#canvas,
      this.#list,
      this.#strip,
      element('div', { class: 'visually-hidden', text: t('flow.keys'), attributes: { id: 'flow-keys' } }),
    );
    this.#canvas.addEventListener('keydown', (event) => this.#key(event));
    this.#canvas.addEventListener('dblclick', (event) => {
      if ((event.target as Element).closest('g.node') !== null) options.details();
    });
    new ResizeObserver(() => this.#panZoom.refit()).observe(this.#canvas);
    onThemeChange(() => this.#schedule());
    this.#showToggle();
    this.showNothing();
  }

  get #listShown(): boolean {
    return this.#listWanted || this.#failure !== null;
  }

  /** A hidden pane draws nothing: text can't be measured in it. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible) this.#schedule();
  }

  select(spanId: string | null): void {
    this.#selected = spanId;
    this.#nodes.select(spanId);
    for (const item of this.#list.querySelectorAll<HTMLElement>('button'))
      item.setAttribute('aria-pressed', String(spanId !== null && item.dataset['span'] === spanId));
    const node = spanId === null ? undefined : this.#diagram?.nodes.find((one) => one.spanId === spanId && one.childSessionId === null);
    this.#strip.hidden = node === undefined;
    const label = node === undefined ? '' : visibleLine(node.label);
    setText(this.#stripLabel, label);
    this.#stripLabel.title = label;
  }

  showNothing(): void {
    const { t } = this.#options;
    this.#message(t('flow.none'), t('flow.noneHint'));
  }

  showGone(): void {
    const { t } = this.#options;
    this.#message(t('flow.gone'), t('flow.goneHint'));
  }

  showLoading(turn: TurnSummary | null, turns: number): void {
    this.#setTurn(turn, turns);
    if (this.#diagram !== null && this.#diagram.turnId === turn?.span.id) return;
    this.#message(this.#options.t('flow.loading'), '', progressRing());
  }

  showError(reason: string, hint: string, retry: () => void): void {
    this.#message(reason, hint, button({ label: this.#options.t('state.retry'), kind: 'primary', key: 'flow-retry', press: retry }));
  }

  show(diagram: FlowDiagram, turn: TurnSummary | null, turns: number): void {
    const other = this.#diagram?.turnId !== diagram.turnId;
    if (this.#diagram?.mermaid !== diagram.mermaid) this.#failure = null;
    const same = !other && this.#diagram?.mermaid === diagram.mermaid && this.#list.childElementCount === diagram.nodes.length;
    this.#diagram = diagram;
    this.#setTurn(turn, turns);
    if (same) return this.#schedule();
    if (other) {
      this.#panZoom.reset();
      this.#drawnText = '';
    }
    this.#showToggle();
    this.#showNotes();
    this.#showList();
    this.#schedule();
  }

  #setTurn(turn: TurnSummary | null, turns: number): void {
    this.#turn = turn;
    setText(this.#title, turn === null ? '' : this.#options.t('flow.turn', turn.ordinal, turns));
    this.#title.title = turn?.prompt === null || turn === null ? '' : visibleLine(turn.prompt);
    setDisabled(this.#previous, turn === null || turn.ordinal <= 1);
    setDisabled(this.#next, turn === null || turn.ordinal >= turns);
  }

  #message(title: string, text: string, action: HTMLElement | null = null): void {
    this.#diagram = null;
    this.#drawnText = '';
    this.#drawing += 1;
    replace(this.#notes);
    this.#strip.hidden = true;
    this.#list.hidden = true;
    this.#canvas.hidden = false;
    for (const control of this.#zoom) setDisabled(control, true);
    replace(
      this.#canvas,
      element(
        'div',
        { class: 'message' },
        action?.classList.contains('progress') === true ? action : null,
        element('p', { class: 'message-title', text: title }),
        text === '' ? null : element('p', { class: 'message-text', text }),
        action?.classList.contains('progress') === true ? null : action,
      ),
    );
  }

  #showNotes(): void {
    const { t } = this.#options;
    const diagram = this.#diagram;
    if (diagram === null) return;
    const notes: HTMLElement[] = [];
    const failure = this.#failure;
    if (failure !== null)
      notes.push(
        element('p', { class: 'note note-error', text: `${t('flow.failed')}: ${visibleLine(failure, 200)}. ${t('flow.failedHint')}` }),
      );
    if (diagram.note === 'no-thinking-recorded') notes.push(element('p', { class: 'note', text: t('flow.noThinking') }));
    if (diagram.folded > 0) notes.push(element('p', { class: 'note', text: t('flow.folded', diagram.folded) }));
    replace(this.#notes, ...notes);
  }

  #showToggle(): void {
    const { t } = this.#options;
    const label = this.#listShown ? t('flow.asDiagram') : t('flow.asList');
    replace(
      this.#asList,
      button({ label, icon: this.#listShown ? 'flow' : 'list', kind: 'icon', key: 'as-list', press: () => this.#toggle() }),
    );
  }

  #toggle(): void {
    this.#listWanted = !this.#listShown;
    this.#failure = null;
    this.#showToggle();
    this.#showList();
    this.#schedule();
    this.#asList.querySelector<HTMLElement>('[data-key]')?.focus();
  }

  #showList(): void {
    const { t, press } = this.#options;
    const diagram = this.#diagram;
    if (diagram === null) return;
    this.#list.hidden = !this.#listShown;
    this.#canvas.hidden = this.#listShown;
    for (const control of this.#zoom) setDisabled(control, this.#listShown);
    const items = diagram.nodes.map((node) => {
      const item = element('button', {
        class: `flow-item kind-${node.kind} status-${node.status}`,
        text: visibleLine(node.label),
        attributes: { type: 'button', 'aria-label': nodeName(t, node), 'data-key': `item-${node.id}`, 'data-span': node.spanId ?? '' },
        on: { click: () => press(node) },
      });
      return element('li', {}, item);
    });
    replace(this.#list, ...items);
    this.select(this.#selected);
  }

  #schedule(): void {
    if (this.#visible && this.#diagram !== null && !this.#listShown) this.#limit.run(() => void this.#draw());
  }

  async #draw(): Promise<void> {
    const diagram = this.#diagram;
    if (diagram === null || !this.#visible || this.#listShown) return;
    const theme = `${document.body.className} ${document.documentElement.style.cssText}`;
    if (diagram.mermaid === this.#drawnText && theme === this.#drawnTheme) return;
    const mine = ++this.#drawing;
    const colors = new ThemeColors();
    try {
      const drawing = await drawDiagram(diagram.mermaid, colors, themeKind() === 'dark' || themeKind() === 'high-contrast');
      if (mine !== this.#drawing) return;
      this.#drawnText = diagram.mermaid;
      this.#drawnTheme = theme;
      const focused = this.#nodes.hasFocus();
      this.#nodes.attach(drawing, diagram, this.#options.t('flow.label', this.#turn?.ordinal ?? '?'));
      drawing.setAttribute('aria-describedby', 'flow-keys');
      this.#canvas.replaceChildren(drawing);
      this.#panZoom.show(drawing);
      this.#nodes.select(this.#selected);
      for (const control of this.#zoom) setDisabled(control, false);
      if (focused) this.#nodes.focusActive();
    } catch (error) {
      if (!DiagramError.is(error) && !(error instanceof TypeError)) throw error;
      if (mine !== this.#drawing) return;
      this.#failure = error.message;
      this.#showNotes();
      this.#showToggle();
      this.#showList();
    } finally {
      colors.dispose();
    }
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '+' || event.key === '=') this.#panZoom.zoomIn();
    else if (event.key === '-') this.#panZoom.zoomOut();
    else if (event.key === '0') this.#panZoom.fit();
    else return;
    event.preventDefault();
  }
}
