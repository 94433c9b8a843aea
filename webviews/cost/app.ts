/**
 * The cost page: owns what it is of and how the user set it up, asks the host for it, and hands the answers to its parts. Each answer
 * is the whole of what is shown. While something changes it asks again, at most once a second and never twice at a time.
 */
import type { CostPage, CostPageRequest, CostPageResponse, CostToHost, CostToPage, CostViewState } from '../contract/cost';
import { mostRows, rowsAtFirst } from '../contract/cost';
import type { CostString } from '../contract/costStrings';
import { costStrings } from '../contract/costStrings';
import { button, progressRing } from '../kit/controls';
import { element, replace } from '../kit/dom';
import { wholeNumber } from '../kit/format';
import { Host, RequestError, requestTimeoutMs } from '../kit/host';
import { LiveRegion } from '../kit/liveRegion';
import { RateLimit } from '../kit/rateLimit';
import { makeStrings } from '../kit/strings';
import { CostHead } from './head';
import { messageBox } from './message';
import type { Message } from './message';
import { Parts } from './partsTable';
import { boundsOf, isInOrder } from './period';
import { PricesSide } from './prices';
import { Summary } from './summary';
import { spendLine } from './words';

const refreshIntervalMs = 1000;
const notesIntervalMs = 15_000;
const slowMs = 4000;

export class CostApp {
  readonly #host: Host<CostPageRequest, CostPageResponse, CostToHost, CostToPage>;
  readonly #t = makeStrings<CostString>(costStrings, () => this.#translated);
  readonly #live = new LiveRegion();
  readonly #refresh = new RateLimit(refreshIntervalMs);
  #translated: Readonly<Record<string, string>> = {};
  #state!: CostViewState;
  #page: CostPage | null = null;
  #built = false;
  #asking: AbortController | null = null;
  #changedMeanwhile = false;
  #spoken = '';
  #askingNotes: AbortController | null = null;
  #notesOf = '';
  #notesLimit = new RateLimit(notesIntervalMs);
  #head!: CostHead;
  #summary!: Summary;
  #parts!: Parts;
  #prices!: PricesSide;
  readonly #banner = element('div', { class: 'banner' });
  readonly #messages = element('div', { class: 'messages' });
  readonly #content = element('main', { class: 'content' });

  constructor() {
    this.#host = new Host((message) => this.#receive(message));
    this.#host.send({ kind: 'ready' });
  }

  #receive(message: Exclude<CostToPage, { readonly kind: 'response' | 'failure' }>): void {
    switch (message.kind) {
      case 'init':
        this.#translated = message.strings;
        this.#turnTo(message.state);
        break;
      case 'show':
        this.#turnTo(message.state);
        break;
      case 'changed':
        if (!this.#built) return;
        if (this.#asking !== null) this.#changedMeanwhile = true;
        else this.#refresh.run(() => this.#load());
        break;
    }
  }

  #turnTo(state: CostViewState): void {
    this.#state = state;
    if (!this.#built) this.#build();
    this.#host.setState(state);
    this.#page = null;
    this.#load();
  }

  /** What the user chose: kept, told to the host, and asked for at once. */
  #choose(change: Partial<CostViewState>, ask = true): void {
    this.#state = { ...this.#state, ...change };
    this.#host.setState(this.#state);
    this.#host.send({ kind: 'state', state: this.#state });
    this.#head.show(this.#state, this.#page);
    if (ask) this.#load();
    else if (this.#page !== null) this.#parts.show(this.#state, this.#page);
  }

  #build(): void {
    this.#built = true;
    const t = this.#t;
    const send = (message: CostToHost): void => this.#host.send(message);
    this.#head = new CostHead({
      t,
      choose: (change) => this.#choose(change),
      chooseSession: () => send({ kind: 'chooseSession' }),
      copy: () => this.#copy(),
    });
    this.#summary = new Summary({
      t,
      showPrices: () => this.#choose({ side: 'prices' }),
      open: (session, spanId) => send({ kind: 'open', session, spanId }),
    });
    this.#parts = new Parts({
      t,
      chooseBy: (by) => this.#choose({ by, sort: null, limit: rowsAtFirst }),
      sort: (sort) => this.#choose({ sort }, false),
      showMore: () => this.#choose({ limit: Math.min(mostRows, this.#state.limit * rowsFactor) }),
      open: (session, spanId) => send({ kind: 'open', session, spanId }),
      openDay: (day) => this.#choose({ period: { kind: 'days', from: day, to: day }, by: 'session', sort: null }),
    });
    this.#prices = new PricesSide({
      t,
      set: (model) => send({ kind: 'setPrice', model }),
      remove: (model) => send({ kind: 'removePrice', model }),
      openSettings: () => send({ kind: 'openSettings' }),
    });
    const root = document.getElementById('app') ?? document.body.appendChild(element('div', { attributes: { id: 'app' } }));
    this.#content.append(this.#banner, this.#messages, this.#summary.element, this.#parts.element, this.#prices.element);
    root.replaceChildren(this.#head.element, this.#content, this.#live.element);
  }

  #load(): void {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#changedMeanwhile = false;
    const { side } = this.#state;
    this.#head.show(this.#state, this.#page);
    if (side === 'costs' && !isInOrder(this.#state.period)) {
      this.#asking = null;
      this.#say({ title: this.#t('state.daysWrong'), text: '' });
      return;
    }
    const nothingYet = side === 'costs' ? this.#page === null : !this.#prices.known;
    if (nothingYet) this.#say({ title: this.#t('state.loading'), text: '', busy: progressRing() });
    const slow = setTimeout(() => {
      if (nothingYet) this.#say({ title: this.#t('state.loading'), text: this.#t('state.slow'), busy: progressRing() });
    }, slowMs);
    this.#content.setAttribute('aria-busy', 'true');
    this.#host
      .request(side === 'costs' ? { kind: 'costs', ask: this.#ask() } : { kind: 'prices' }, asking.signal)
      .then(
        (response) => {
          if (!asking.signal.aborted) this.#arrived(response);
        },
        (error: unknown) => {
          if (!RequestError.is(error)) throw error;
          if (!RequestError.is(error, 'cancelled')) this.#failed(error);
        },
      )
      .finally(() => {
        clearTimeout(slow);
        if (this.#asking !== asking) return;
        this.#asking = null;
        this.#content.removeAttribute('aria-busy');
        if (this.#changedMeanwhile) this.#refresh.run(() => this.#load());
      });
  }

  #ask(): Extract<CostPageRequest, { readonly kind: 'costs' }>['ask'] {
    const { place, period, by, limit } = this.#state;
    return { place, ...boundsOf(period, new Date()), by, limit, timeZone: timeZone() };
  }

  #arrived(response: CostPageResponse): void {
    switch (response.kind) {
      case 'costs':
        this.#page = response.page;
        this.#head.show(this.#state, response.page);
        this.#showCosts(response.page);
        if (response.page.answer.empty === null) this.#askNotes();
        break;
      case 'prices':
        this.#prices.show(response.models);
        this.#say(
          response.models.length === 0
            ? { title: this.#t('state.noModels'), text: this.#t('state.noModelsWhy'), actions: this.#begin() }
            : null,
        );
        break;
      case 'notes':
      case 'copied':
        break;
    }
  }

  /** Of the same place and time they are asked for now and then only: they change with whole turns. */
  #askNotes(): void {
    const of = JSON.stringify([this.#state.place, this.#state.period]);
    if (of !== this.#notesOf) {
      this.#notesOf = of;
      this.#notesLimit.cancel();
      this.#notesLimit = new RateLimit(notesIntervalMs);
      this.#summary.showNotes(null);
    }
    this.#notesLimit.run(() => {
      this.#askingNotes?.abort();
      const asking = new AbortController();
      this.#askingNotes = asking;
      this.#host.request({ kind: 'notes', ask: this.#ask() }, asking.signal).then(
        (response) => {
          if (!asking.signal.aborted && response.kind === 'notes') this.#summary.showNotes(response.notes);
        },
        (error: unknown) => {
          if (!RequestError.is(error)) throw error;
          if (!RequestError.is(error, 'cancelled')) this.#summary.notesFailed(this.#words(error).reason);
        },
      );
    });
  }

  #showCosts(page: CostPage): void {
    this.#say(this.#emptyMessage(page));
    if (page.answer.empty !== null) return;
    this.#summary.show(page);
    this.#parts.show(this.#state, page);
    const { total } = page.answer;
    const line = this.#t('live.total', spendLine(this.#t, total, page.subscription), wholeNumber(total.calls));
    if (this.#spoken !== '' && this.#spoken !== line) this.#live.say(line);
    this.#spoken = line;
  }

  #emptyMessage({ answer }: CostPage): Message | null {
    const t = this.#t;
    const { place, period } = this.#state;
    const everything = place.sourceId === null;
    const showAll = { label: t('state.showAll'), press: () => this.#choose({ place: { ...place, sourceId: null, sessionId: null } }) };
    switch (answer.empty) {
      case null:
        return null;
      case 'nothing-attached':
        return everything
          ? { title: t('state.nothing'), text: t('state.nothingWhy'), actions: this.#begin() }
          : { title: t('state.gone'), text: t('state.goneWhy'), actions: [showAll] };
      case 'no-calls':
        return period.kind === 'all'
          ? { title: t('state.noCallsAtAll'), text: t('state.noCallsAtAllWhy'), actions: everything ? this.#begin() : [showAll] }
          : {
              title: t('state.noCalls'),
              text: t('state.noCallsWhy'),
              actions: [{ label: t('state.allTime'), press: () => this.#choose({ period: { kind: 'all' } }) }],
            };
    }
  }

  #begin(): Message['actions'] {
    const t = this.#t;
    const begin = (what: 'sample' | 'recording' | 'attach') => () => this.#host.send({ kind: 'begin', with: what });
    return [
      { label: t('state.attach'), press: begin('attach') },
      { label: t('state.recording'), press: begin('recording') },
      { label: t('state.sample'), press: begin('sample') },
    ];
  }

  #failed(error: RequestError): void {
    const t = this.#t;
    const { reason, hint } = this.#words(error);
    const known = this.#state.side === 'costs' ? this.#page !== null : this.#prices.known;
    const retry = { label: t('state.retry'), press: () => this.#load() };
    const title = t(this.#state.side === 'costs' ? 'state.failed' : 'state.pricesFailed');
    if (known) this.#warn(t('state.stale', `${reason} ${hint}`.trim()), retry);
    else this.#say({ title, text: `${reason} ${hint}`.trim(), actions: [retry] });
  }

  #words(error: RequestError): { readonly reason: string; readonly hint: string } {
    if (error.reason === 'failed') return { reason: error.message, hint: error.hint };
    return { reason: this.#t('state.timeout', requestTimeoutMs / 1000), hint: this.#t('state.timeoutHint') };
  }

  #copy(): void {
    const t = this.#t;
    this.#host.request({ kind: 'copy', ask: this.#ask() }, new AbortController().signal).then(
      (response) => {
        if (response.kind !== 'copied') return;
        this.#head.copied(response.rows === 1 ? t('head.copied1') : t('head.copied', wholeNumber(response.rows)));
      },
      (error: unknown) => {
        if (!RequestError.is(error)) throw error;
        const { reason, hint } = this.#words(error);
        this.#warn(`${t('state.copyFailed')}: ${reason} ${hint}`.trim(), { label: t('state.retry'), press: () => this.#copy() });
      },
    );
  }

  /** In place of what is not there; null: it is there. */
  #say(message: Message | null): void {
    const { side } = this.#state;
    replace(this.#banner);
    replace(this.#messages, message === null ? null : messageBox(message));
    this.#summary.element.hidden = side !== 'costs' || message !== null;
    this.#parts.element.hidden = side !== 'costs' || message !== null;
    this.#prices.element.hidden = side !== 'prices' || message !== null;
  }

  /** Above what is still shown. */
  #warn(text: string, action: { readonly label: string; readonly press: () => void }): void {
    replace(this.#banner, element('span', { text, attributes: { role: 'alert' } }), button({ ...action, key: 'banner' }));
  }
}

const rowsFactor = 4;

function timeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
