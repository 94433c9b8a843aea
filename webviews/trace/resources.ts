/**
 * CPU and memory of the sandbox over the session's time: two small bands beneath the totals, the same in words and as a table
 * for a screen reader, or the reason why there is nothing. Asks at the pace of the session's changes, and seldom.
 */
import type { ResourceSample, TracePage } from '../../server/src/protocol/messages';
import { element, replace, visuallyHidden } from '../kit/dom';
import { clock, coreCount, memory } from '../kit/format';
import { visibleLine } from '../kit/plainText';
import { RateLimit } from '../kit/rateLimit';
import type { Asker } from './asker';
import type { Texts } from './describe';
import type { Band, Chart } from './resourceChart';
import { afterEndMs, chartHeight, chartOf, chartWidth } from './resourceChart';

/** However often the session changes. */
export const askIntervalMs = 4000;
/** Points of a line: more than the room has pixels for would only blur. */
const samplesAsked = 240;
const dayMs = 86_400_000;
/** Sampling that began this much of the time after the session did is worth a word. */
const lateShare = 0.05;
const namespace = 'http://www.w3.org/2000/svg';

interface Range {
  readonly from: number;
  /** null: the session goes on. */
  readonly to: number | null;
}

export class ResourcesPane {
  readonly element: HTMLElement;
  readonly #t: Texts;
  readonly #asker: Asker;
  readonly #limit = new RateLimit(askIntervalMs);
  #ask = new AbortController();
  #page: TracePage | null = null;
  /** What the last answer told of; a time that is over is not asked for again. */
  #answered: string | null = null;
  #drawn = '';

  constructor(t: Texts, asker: Asker) {
    this.#t = t;
    this.#asker = asker;
    this.element = element('section', { class: 'resources', attributes: { 'aria-label': t('resources.label'), hidden: '' } });
  }

  show(page: TracePage): void {
    this.#page = page;
    const why = this.#unmeasured(page);
    if (why !== null) {
      this.#limit.cancel();
      this.#ask.abort();
      return this.#say(why);
    }
    const range = rangeOf(page);
    if (range === null) return this.#say(this.#t('resources.noTime'));
    if (range.to !== null && this.#answered === keyOf(page, range)) return;
    this.#limit.run(() => this.#load());
  }

  /** Why there can be no samples, whoever is asked. */
  #unmeasured({ source }: TracePage): string | null {
    switch (source.kind) {
      case 'container':
        return null;
      case 'sample':
        return this.#t('resources.recording');
      case 'directory':
        return this.#t(source.state === 'recorded' ? 'resources.recording' : 'resources.noContainer');
    }
  }

  #load(): void {
    const page = this.#page;
    const range = page === null ? null : rangeOf(page);
    if (page === null || range === null) return;
    this.#ask.abort();
    const ask = (this.#ask = new AbortController());
    const until = range.to === null ? farFrom(range.from) : range.to + afterEndMs;
    this.#request(range.from, until, ask, (samples) => {
      const chart = chartOf(samples, range.from, range.to);
      if (chart === null) return this.#explain(page, range, ask);
      this.#settle(page, range, samples);
      this.#draw(chart, page, range.to === null);
    });
  }

  #request(from: number, to: number, ask: AbortController, answered: (samples: readonly ResourceSample[]) => void): void {
    this.#asker.ask(
      { kind: 'resources', from: new Date(from).toISOString(), to: new Date(to).toISOString(), limit: samplesAsked },
      ask,
      (response) => {
        if (response.kind === 'resources') answered(response.samples);
      },
      ({ reason }) => this.#say(this.#t('resources.failed', visibleLine(reason))),
    );
  }

  /** Nothing was observed in the session's time: it may be that sampling began only afterwards. */
  #explain(page: TracePage, range: Range, ask: AbortController): void {
    if (range.to === null) return this.#say(this.#t(page.source.attach.kind === 'live' ? 'resources.notYet' : 'resources.none'));
    this.#request(range.to, farFrom(range.to), ask, (samples) => {
      const [first] = samples;
      this.#settle(page, range, samples);
      this.#say(
        first === undefined ? this.#t('resources.none') : this.#t('resources.beganAfter', this.#time(Date.parse(first.time), range)),
      );
    });
  }

  /** Of a time that is over, and whose last sample is in, nothing more is to come. */
  #settle(page: TracePage, range: Range, samples: readonly ResourceSample[]): void {
    const { to } = range;
    if (to === null) return;
    if (Date.now() > to + 2 * afterEndMs || samples.some(({ time }) => Date.parse(time) >= to)) this.#answered = keyOf(page, range);
  }

  #say(text: string): void {
    this.element.hidden = false;
    if (this.#drawn === text) return;
    this.#drawn = text;
    replace(
      this.element,
      element('p', { class: 'resources-none', title: text }, element('span', { text: this.#t('resources.label') }), ' ', text),
    );
  }

  #draw(chart: Chart, page: TracePage, goesOn: boolean): void {
    const t = this.#t;
    const now = goesOn && page.source.attach.kind === 'live' && page.source.state === 'running';
    const key = JSON.stringify([chart, now]);
    this.element.hidden = false;
    // What did not change stays, and with it the place of a screen reader.
    if (this.#drawn === key) return;
    this.#drawn = key;
    const [from, to] = [this.#time(chart.from, chart), this.#time(chart.to, chart)];
    const limit = chart.memoryLimit === null ? '' : t('resources.ofLimit', memory(chart.memoryLimit));
    const late = chart.firstAt - chart.from > lateShare * (chart.to - chart.from) && chart.firstAt - chart.from > afterEndMs;
    replace(
      this.element,
      this.#figure('cpu', t('resources.cpu'), chart.cpu, (value) => t('resources.cores', coreCount(value)), '', now, chart),
      this.#figure('memory', t('resources.memory'), chart.memory, memory, limit, now, chart),
      late ? element('p', { class: 'resources-late', text: t('resources.began', this.#time(chart.firstAt, chart)) }) : null,
      this.#table(chart, from, to),
    );
  }

  #figure(
    name: 'cpu' | 'memory',
    label: string,
    band: Band,
    unit: (value: number) => string,
    limit: string,
    now: boolean,
    chart: Chart,
  ): HTMLElement {
    const t = this.#t;
    const first = t(now ? 'resources.now' : 'resources.average', unit(now ? band.last : band.average));
    const most = t('resources.most', `${unit(band.max)}${limit}`);
    const summary = t(
      'resources.summary',
      label,
      this.#time(chart.from, chart),
      this.#time(chart.to, chart),
      unit(band.average),
      `${unit(band.max)}${limit}`,
      this.#time(band.maxAt, chart),
    );
    return element(
      'figure',
      { class: `resource resource-${name}`, title: t('resources.means', label, chart.samples) },
      element(
        'figcaption',
        {},
        element('span', { class: 'total-name', text: label }),
        element('span', { class: 'total-value', text: first }),
        element('span', { class: 'total-name', text: most }),
      ),
      drawing(band, summary),
      element(
        'div',
        { class: 'resource-axis', attributes: { 'aria-hidden': 'true' } },
        element('span', { text: this.#time(chart.from, chart) }),
        element('span', { text: this.#time(chart.to, chart) }),
      ),
    );
  }

  #table({ rows, from: start, to: end }: Chart, from: string, to: string): HTMLElement {
    const t = this.#t;
    const cells = (tag: 'td' | 'th', texts: readonly string[]): HTMLElement =>
      element('tr', {}, ...texts.map((text) => element(tag, { text, ...(tag === 'th' ? { attributes: { scope: 'col' } } : {}) })));
    const table = element(
      'table',
      {},
      element('caption', { text: t('resources.table', from, to) }),
      element('thead', {}, cells('th', [t('resources.time'), t('resources.cpu'), t('resources.memory')])),
      element(
        'tbody',
        {},
        ...rows.map(({ at, cpuCores, memoryBytes }) =>
          cells('td', [this.#time(at, { from: start, to: end }), t('resources.cores', coreCount(cpuCores)), memory(memoryBytes)]),
        ),
      ),
    );
    const hidden = visuallyHidden('');
    hidden.append(table);
    return hidden;
  }

  #time(at: number, range: Range): string {
    return clock(at, (range.to ?? at) - range.from);
  }
}

/** The clocks of this machine and of the sandbox's may differ. */
function farFrom(time: number): number {
  return Math.max(Date.now(), time) + dayMs;
}

/** What it shows is the same while this is: a session that goes on is asked for anew each time. */
function keyOf({ source }: TracePage, { from, to }: Range): string {
  return JSON.stringify([source.id, from, to]);
}

/** An end that nobody recorded is that of the last turn. */
function rangeOf({ session, turns }: TracePage): Range | null {
  const from = Date.parse(session.startTime ?? '');
  if (Number.isNaN(from)) return null;
  if (session.status === 'running') return { from, to: null };
  const recorded = Date.parse(session.endTime ?? '');
  const ends = Number.isNaN(recorded) ? turns.map(({ span }) => Date.parse(span.endTime ?? '')) : [recorded];
  const known = ends.filter((end) => end >= from);
  return { from, to: known.length === 0 ? null : Math.max(...known) };
}

function drawing({ line, area }: Band, summary: string): SVGSVGElement {
  const svg = document.createElementNS(namespace, 'svg');
  svg.setAttribute('viewBox', `0 0 ${chartWidth} ${chartHeight}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', summary);
  for (const [name, outline] of [
    ['resource-area', area],
    ['resource-line', line],
  ] as const) {
    if (outline === '') continue;
    const path = document.createElementNS(namespace, 'path');
    path.setAttribute('class', name);
    path.setAttribute('d', outline);
    svg.appendChild(path);
  }
  return svg;
}
