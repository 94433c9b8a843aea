/**
 * The trace page: owns what is selected and how the user set it up, asks the host for what is on show, and hands the
 * answers to the panes. Fetched data is never kept across reloads; it comes again.
 */
import type { FlowNode, SessionRevision, SpanRow, TracePage, TurnSummary } from '../../server/src/protocol/messages';
import type { PageRequest, PageResponse, ToHost, ToPage, TraceViewState } from '../contract/trace';
import type { TraceString } from '../contract/traceStrings';
import { traceStrings } from '../contract/traceStrings';
import { checkbox, progressRing, setChecked } from '../kit/controls';
import { element, setText } from '../kit/dom';
import { wholeNumber } from '../kit/format';
import type { RequestError } from '../kit/host';
import { Host } from '../kit/host';
import { LiveRegion } from '../kit/liveRegion';
import { RateLimit } from '../kit/rateLimit';
import { makeStrings } from '../kit/strings';
import { Asker } from './asker';
import { sumCost } from './cost';
import { Header } from './header';
import { Layout } from './layout';
import { ListPane } from './listPane';
import { modelOf, newsOf } from './news';
import { ResourcesPane } from './resources';
import { RowPages } from './rowPages';
import { SidePanes } from './sidePanes';

/** However often the session changes, the page asks again at most twice a second. */
const refreshIntervalMs = 500;
/** When a page that still loads says why. */
const slowMs = 4000;

export class TraceApp {
  readonly #host: Host<PageRequest, PageResponse, ToHost, ToPage>;
  readonly #t = makeStrings<TraceString>(traceStrings, () => this.#translated);
  readonly #asker: Asker;
  readonly #pages: RowPages;
  readonly #live = new LiveRegion();
  readonly #refresh = new RateLimit(refreshIntervalMs);
  #translated: Readonly<Record<string, string>> = {};
  #state: TraceViewState | null = null;
  #header!: Header;
  #resources!: ResourcesPane;
  #list!: ListPane;
  #side!: SidePanes;
  #layout!: Layout;
  #problems!: HTMLElement;
  #count!: HTMLElement;
  #page: TracePage | null = null;
  #model: string | null = null;
  #turns: ReadonlyMap<string, TurnSummary> = new Map();
  #started = false;
  #changedMeanwhile: SessionRevision | null = null;
  /** Under way. */
  #starts = 0;

  constructor() {
    this.#host = new Host((message) => this.#receive(message));
    this.#asker = new Asker(this.#host, this.#t);
    this.#pages = new RowPages({
      fetch: (query, signal) => this.#asker.page(query, signal),
      arrived: (page) => this.#arrived(page),
      failed: (error) => this.#failed(error),
    });
    this.#host.send({ kind: 'ready' });
  }

  #receive(message: Exclude<ToPage, { readonly kind: 'response' | 'failure' }>): void {
    switch (message.kind) {
      case 'init':
        this.#init(message.state, message.strings);
        break;
      case 'changed':
        this.#changed(message);
        break;
      case 'reveal':
        if (this.#state !== null) void this.#reveal(message.spanId, false);
        break;
      case 'pane':
        if (this.#state !== null) this.#choosePane(message.pane);
        break;
    }
  }

  #init(state: TraceViewState, strings: Readonly<Record<string, string>>): void {
    this.#state = state;
    this.#translated = strings;
    if (!this.#started) this.#build();
    setChecked(this.#problems, state.onlyProblems);
    this.#layout.divide(state.shares ?? {});
    this.#layout.show(state.pane);
    this.#host.setState(state);
    this.#pages.filter(state.onlyProblems);
    void this.#start(state.selectedSpanId);
  }

  #build(): void {
    this.#started = true;
    const t = this.#t;
    const openSession = (sessionId: string): void => this.#host.send({ kind: 'openSession', sessionId });
    const openCall = (spanId: string): void => this.#host.send({ kind: 'openCall', spanId });
    const toolDefinition = (spanId: string): void => this.#host.send({ kind: 'toolDefinition', spanId });
    const jump = (spanId: string, beside: boolean): void => this.#host.send({ kind: 'jump', spanId, beside });
    this.#resources = new ResourcesPane(t, this.#asker);
    this.#header = new Header({
      t,
      resources: this.#resources.element,
      replay: () => this.#host.send({ kind: 'replay' }),
      flatRate: () => this.#asker.flatRate,
      openSession,
      showSpan: (spanId) => void this.#reveal(spanId, true),
      suppress: (code, spanId) => this.#host.send({ kind: 'suppress', code, spanId }),
    });
    this.#list = new ListPane({
      t,
      pages: this.#pages,
      context: {
        t,
        turnOrdinal: (turnId) => this.#turns.get(turnId)?.ordinal ?? null,
        turnProblems: (turnId) => {
          const turn = this.#turns.get(turnId);
          return turn === undefined ? null : { failed: turn.failedToolCalls, denied: turn.denied };
        },
        turnCost: (turnId) => {
          const turn = this.#turns.get(turnId);
          return turn === undefined ? null : sumCost(this.#t, turn.cost, this.#asker.flatRate);
        },
        flatRate: () => this.#asker.flatRate,
      },
      selected: () => this.#state?.selectedSpanId ?? null,
      select: (row) => this.#select(row),
      jump: (row, beside) => {
        this.#select(row);
        if (row.span.kind === 'execute_tool') jump(row.span.id, beside);
      },
    });
    this.#side = new SidePanes({
      t,
      asker: this.#asker,
      turn: (turnId) => this.#turns.get(turnId) ?? null,
      turns: () => this.#page?.turns.length ?? null,
      selectedTurn: () => this.#state?.selectedTurnId ?? null,
      selectedSpan: () => this.#state?.selectedSpanId ?? null,
      rowOf: (spanId) => this.#rowOf(spanId),
      stepTurn: (by) => this.#stepTurn(by),
      pressNode: (node) => this.#pressNode(node),
      showDetails: () => this.#choosePane('list'),
      jump,
      openCall,
      toolDefinition,
      showPrices: () => this.#host.send({ kind: 'showPrices' }),
      flatRate: () => this.#asker.flatRate,
      openSession,
      showSpan: (spanId) => void this.#reveal(spanId, true),
      showFlow: () => this.#choosePane('flow'),
    });
    this.#problems = checkbox({
      label: t('list.onlyProblems'),
      title: t('list.onlyProblemsHint'),
      checked: false,
      change: (checked) => this.#filter(checked),
    });
    this.#count = element('span', { class: 'row-count' });
    const root = document.getElementById('app') ?? document.body.appendChild(element('div', { attributes: { id: 'app' } }));
    root.replaceChildren();
    this.#layout = new Layout(root, {
      t,
      header: this.#header.element,
      bar: element('div', { class: 'list-bar' }, this.#problems, this.#count),
      list: this.#list.element,
      flow: this.#side.flow.element,
      detail: this.#side.detail.element,
      shown: (flow, detail) => this.#side.shown(flow, detail),
      chosen: (pane) => this.#remember({ pane }),
      divided: (shares) => this.#remember({ shares }),
    });
    root.append(this.#live.element);
  }

  async #start(around: string | null): Promise<void> {
    const say = (text: string): void => {
      if (this.#page === null) this.#list.showMessage({ title: this.#t('state.loading'), text, busy: progressRing() });
    };
    say('');
    const slow = setTimeout(() => say(this.#t('state.slow')), slowMs);
    this.#starts += 1;
    const page = await this.#pages.start(around);
    this.#starts -= 1;
    clearTimeout(slow);
    if (page === null) {
      if (this.#starts === 0) this.#catchUp();
      return;
    }
    const at = around === null ? null : this.#pages.indexOf(around);
    if (at !== null) this.#list.reveal(at, false);
    if ((this.#state?.selectedTurnId ?? null) === null) {
      // A first look: the turn of what was asked for, else the one that runs, else where it began.
      const asked = at === null ? null : (this.#pages.row(at)?.turnId ?? null);
      const turn = page.session.status === 'running' ? page.turns.at(-1) : page.turns[0];
      this.#remember({ selectedTurnId: asked ?? turn?.span.id ?? null });
    }
    this.#side.load();
    this.#catchUp();
  }

  /** With what came while the first page was under way. */
  #catchUp(): void {
    const missed = this.#changedMeanwhile;
    this.#changedMeanwhile = null;
    if (missed !== null) this.#changed(missed);
  }

  #arrived(page: TracePage): void {
    const before = this.#page;
    // Answers may overtake each other; the header shows the newest.
    if (before === null || !isOlder(page, before)) {
      this.#page = page;
      this.#turns = new Map(page.turns.map((turn) => [turn.span.id, turn]));
      this.#model ??= modelOf(page);
      this.#header.show(page, this.#model);
      this.#resources.show(page);
      document.title = page.session.title ?? this.#t('header.untitled');
      const news = before?.session.id === page.session.id ? newsOf(this.#t, before, page) : '';
      if (news !== '') this.#live.say(news);
    }
    this.#list.update(page.session.status === 'running');
    this.#showRowsOrReason(page);
  }

  #showRowsOrReason(page: TracePage): void {
    const t = this.#t;
    const all = page.total;
    this.#layout.setContent(all > 0 || this.#state?.onlyProblems === true, true);
    setText(this.#count, this.#state?.onlyProblems === true && all > 0 ? t('list.problemRows', wholeNumber(all)) : '');
    if (all > 0) this.#list.showMessage(null);
    else if (this.#state?.onlyProblems === true) {
      this.#list.showMessage({
        title: t('state.noProblems'),
        text: t('state.noProblemsWhy', wholeNumber(page.session.totals.toolCalls)),
        action: { label: t('state.showAll'), press: () => this.#filter(false) },
      });
    } else {
      this.#list.showMessage({
        title: t('state.empty'),
        text: page.session.status === 'running' ? t('state.emptyRunning') : t('state.emptyEnded'),
        action: { label: t('state.refresh'), press: () => this.#pages.invalidate() },
      });
    }
  }

  #failed(error: RequestError): void {
    const { reason, hint } = this.#asker.words(error);
    if (this.#pages.total !== null && this.#pages.total > 0) {
      this.#live.say(this.#t('state.stale', reason));
      return;
    }
    this.#list.showMessage({
      title: this.#t('state.failed'),
      text: hint === '' ? reason : `${reason} ${hint}`,
      action: { label: this.#t('state.retry'), press: () => void this.#start(this.#state?.selectedSpanId ?? null) },
    });
  }

  #changed(now: SessionRevision): void {
    if (this.#state === null || (this.#page !== null && isOlder(now, this.#page))) return;
    if (this.#page === null) {
      // What was not there when it was asked for may be there now.
      if (this.#starts > 0) this.#changedMeanwhile = now;
      else this.#refresh.run(() => void this.#start(this.#state?.selectedSpanId ?? null));
      return;
    }
    this.#refresh.run(() => {
      this.#pages.invalidate();
      this.#side.load();
    });
  }

  #remember(change: Partial<TraceViewState>): void {
    if (this.#state === null) return;
    this.#state = { ...this.#state, ...change };
    this.#host.setState(this.#state);
    this.#host.send({ kind: 'state', state: this.#state });
  }

  #filter(onlyProblems: boolean): void {
    setChecked(this.#problems, onlyProblems);
    this.#remember({ onlyProblems });
    this.#pages.filter(onlyProblems);
    this.#list.forgetPosition();
    void this.#start(this.#state?.selectedSpanId ?? null);
  }

  #choosePane(pane: 'flow' | 'list'): void {
    this.#remember({ pane });
    this.#layout.show(pane);
  }

  /** A click in the list shows details; of a turn, its flow. */
  #select(row: SpanRow): void {
    const turn = row.span.kind === 'invoke_agent' ? row.span.id : row.turnId;
    const otherTurn = turn !== null && turn !== this.#state?.selectedTurnId;
    const otherSpan = row.span.id !== this.#state?.selectedSpanId;
    this.#remember({ selectedSpanId: row.span.id, ...(turn === null ? {} : { selectedTurnId: turn }) });
    if (row.span.kind !== 'invoke_agent') this.#choosePane('list');
    this.#list.refresh();
    if (otherTurn) this.#side.loadFlow();
    else this.#side.flow.select(row.span.id);
    if (otherSpan) this.#side.loadDetail();
  }

  /** Selects a span that may be on another page, in another turn, or hidden by the filter. */
  async #reveal(spanId: string, focus: boolean): Promise<void> {
    if (this.#page === null) {
      this.#remember({ selectedSpanId: spanId });
      return this.#start(spanId);
    }
    let at = this.#pages.indexOf(spanId);
    if (at === null) {
      await this.#pages.start(spanId);
      at = this.#pages.indexOf(spanId);
    }
    if (at === null && this.#state?.onlyProblems === true) {
      this.#remember({ onlyProblems: false });
      setChecked(this.#problems, false);
      this.#pages.filter(false);
      await this.#pages.start(spanId);
      at = this.#pages.indexOf(spanId);
    }
    const row = at === null ? null : this.#pages.row(at);
    if (at === null || row === null) {
      this.#remember({ selectedSpanId: spanId });
      this.#side.loadDetail();
      return;
    }
    this.#select(row);
    this.#list.reveal(at, focus);
  }

  #pressNode(node: FlowNode): void {
    if (node.childSessionId !== null) this.#host.send({ kind: 'openSession', sessionId: node.childSessionId });
    else if (node.spanId !== null) void this.#revealFromFlow(node.spanId);
  }

  /** The flow keeps the focus and stays on show; list and details follow. */
  async #revealFromFlow(spanId: string): Promise<void> {
    this.#remember({ selectedSpanId: spanId });
    this.#side.flow.select(spanId);
    this.#side.loadDetail();
    if (this.#pages.indexOf(spanId) === null) await this.#pages.start(spanId);
    const at = this.#pages.indexOf(spanId);
    if (at !== null && this.#state?.selectedSpanId === spanId) this.#list.reveal(at, false);
    else this.#list.refresh();
  }

  #stepTurn(by: -1 | 1): void {
    const turns = this.#page?.turns ?? [];
    const at = turns.findIndex((turn) => turn.span.id === this.#state?.selectedTurnId);
    const turn = turns[at + by];
    if (turn === undefined) return;
    this.#remember({ selectedTurnId: turn.span.id });
    this.#side.loadFlow();
    void this.#revealFromFlow(turn.span.id);
  }

  #rowOf(spanId: string): SpanRow | null {
    const at = this.#pages.indexOf(spanId);
    return at === null ? null : this.#pages.row(at);
  }
}

/** Of two epochs none is older: what comes with another one is what holds now. */
function isOlder(one: SessionRevision, other: SessionRevision): boolean {
  return one.epoch === other.epoch && one.revision < other.revision;
}
