/** What stands beside the list: the flow of the selected turn and the details of the selected step, asked for when shown. */
import type { FlowNode, SpanRow, TurnSummary } from '../../server/src/protocol/messages';
import type { Asker } from './asker';
import { DetailPane } from './detailPane';
import type { DetailPaneOptions } from './detailPane';
import { FlowPane } from './flowPane';
import type { Texts } from './describe';

export interface SidePanesOptions extends Omit<DetailPaneOptions, 't' | 'turn'> {
  readonly t: Texts;
  readonly asker: Asker;
  readonly turn: (turnId: string) => TurnSummary | null;
  /** Of the session; null before its first page is here: until then nothing is asked. */
  readonly turns: () => number | null;
  readonly selectedTurn: () => string | null;
  readonly selectedSpan: () => string | null;
  /** The row of a span, among those that are here. */
  readonly rowOf: (spanId: string) => SpanRow | null;
  readonly stepTurn: (by: -1 | 1) => void;
  readonly pressNode: (node: FlowNode) => void;
  readonly showDetails: () => void;
}

export class SidePanes {
  readonly flow: FlowPane;
  readonly detail: DetailPane;
  readonly #options: SidePanesOptions;
  #flowShown = false;
  #detailShown = false;
  #detailAsk = new AbortController();
  #flowAsk = new AbortController();

  constructor(options: SidePanesOptions) {
    this.#options = options;
    const { t, turn, jump, openCall, toolDefinition, openSession, showSpan, showFlow, showPrices, flatRate } = options;
    this.flow = new FlowPane({ t, step: options.stepTurn, press: options.pressNode, details: options.showDetails });
    this.detail = new DetailPane({
      t,
      turn,
      jump,
      openCall,
      toolDefinition,
      showPrices,
      flatRate,
      openSession,
      showSpan,
      showFlow,
    });
  }

  /** Which of the two are on show; one that comes up asks for what it shows. */
  shown(flow: boolean, detail: boolean): void {
    const flowCame = flow && !this.#flowShown;
    const detailCame = detail && !this.#detailShown;
    this.#flowShown = flow;
    this.#detailShown = detail;
    this.flow.setVisible(flow);
    if (flowCame) this.loadFlow();
    if (detailCame) this.loadDetail();
  }

  load(): void {
    this.loadFlow();
    this.loadDetail();
  }

  loadFlow(): void {
    const { asker, turns, turn, selectedTurn, selectedSpan } = this.#options;
    const turnId = selectedTurn();
    const count = (): number => turns() ?? 0;
    if (!this.#flowShown || turns() === null) return;
    this.#flowAsk.abort();
    if (turnId === null) return this.flow.showNothing();
    const ask = (this.#flowAsk = new AbortController());
    this.flow.showLoading(turn(turnId), count());
    asker.ask(
      { kind: 'flow', turnId },
      ask,
      (response) => {
        if (response.kind !== 'flow') return;
        if (response.diagram === null) this.flow.showGone();
        else {
          this.flow.show(response.diagram, turn(turnId), count());
          this.flow.select(selectedSpan());
        }
      },
      ({ reason, hint }) => this.flow.showError(reason, hint, () => this.loadFlow()),
    );
  }

  loadDetail(): void {
    const { asker, turns, selectedSpan, rowOf } = this.#options;
    if (!this.#detailShown || turns() === null) return;
    this.#detailAsk.abort();
    const spanId = selectedSpan();
    if (spanId === null) return this.detail.showNothing();
    const ask = (this.#detailAsk = new AbortController());
    asker.ask(
      { kind: 'span', spanId },
      ask,
      (response) => {
        if (response.kind !== 'span') return;
        if (response.detail === null) return this.detail.showGone();
        this.detail.show(response.detail, { childSessionId: rowOf(spanId)?.childSessionId ?? null });
      },
      ({ reason, hint }) => this.detail.showError(reason, hint, () => this.loadDetail()),
    );
  }
}
