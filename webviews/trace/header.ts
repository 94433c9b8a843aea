/** Who ran what, how it stands, what it came to; and the findings a person should not miss. */
import type { Finding, SessionInfo, Suppressed } from '../../server/src/protocol/document';
import { findingCodes } from '../../server/src/protocol/problems';
import type { TracePage } from '../../server/src/protocol/messages';
import { button } from '../kit/controls';
import { element, replace } from '../kit/dom';
import { compactNumber, dateTime, duration, wholeNumber } from '../kit/format';
import type { IconName } from '../kit/icons';
import { icon } from '../kit/icons';
import { visibleLine, visibleText } from '../kit/plainText';
import type { Texts } from './describe';
import { totalCost } from './cost';
import { sessionDuration } from './describe';
import { deniedOf } from './news';

export interface HeaderOptions {
  readonly t: Texts;
  /** Beneath the totals. */
  readonly resources: HTMLElement;
  readonly replay: () => void;
  readonly flatRate: () => boolean;
  readonly openSession: (sessionId: string) => void;
  readonly showSpan: (spanId: string) => void;
  /** With the first span of its evidence. */
  readonly suppress: (code: string, spanId: string | null) => void;
}

/** More findings than this wait behind a button. */
const findingsShown = 2;

export class Header {
  readonly element: HTMLElement;
  readonly #options: HeaderOptions;
  readonly #heading = element('h1', { class: 'title' });
  readonly #badges = element('div', { class: 'badges' });
  readonly #links = element('span', { class: 'links' });
  readonly #facts = element('dl', { class: 'facts' });
  readonly #totals: HTMLElement;
  readonly #findings: HTMLElement;
  #allFindings = false;
  #suppressedToo = false;
  #last: TracePage | null = null;

  constructor(options: HeaderOptions) {
    const { t } = options;
    this.#options = options;
    this.#totals = element('ul', { class: 'totals', attributes: { 'aria-label': t('header.totals') } });
    this.#findings = element('section', { class: 'findings', attributes: { 'aria-label': t('findings.label'), hidden: '' } });
    this.element = element(
      'header',
      { class: 'header' },
      element(
        'div',
        { class: 'header-top' },
        element('div', { class: 'header-title' }, this.#heading, this.#badges),
        element(
          'div',
          { class: 'actions' },
          this.#links,
          button({ label: t('header.replay'), title: t('header.replayHint'), icon: 'replay', kind: 'primary', press: options.replay }),
        ),
      ),
      this.#facts,
      this.#totals,
      options.resources,
      this.#findings,
    );
  }

  /** `model`: what an LLM call named, for sources that don't say theirs. */
  show(page: TracePage, model: string | null): void {
    const { t } = this.#options;
    this.#last = page;
    const { session, source } = page;
    const title = session.title === null ? t('header.untitled') : visibleLine(session.title, 300);
    if (this.#heading.textContent !== title) {
      this.#heading.textContent = title;
      this.#heading.title = title;
    }
    replace(this.#badges, ...this.#badgeNodes(page));
    replace(this.#links, ...this.#linkNodes(session));
    const shownModel = source.model ?? model;
    const sandbox = source.name === '' ? source.id : source.name;
    const facts: (HTMLElement | null)[] = [
      this.#fact('header.sandbox', visibleLine(sandbox, 120)),
      this.#fact('header.agent', visibleLine(session.agent, 80)),
      shownModel === null ? null : this.#fact('header.model', visibleLine(shownModel, 120)),
      session.startTime === null ? null : this.#fact('header.started', dateTime(session.startTime)),
      this.#fact('header.trigger', t(`trigger.${session.trigger}`)),
    ];
    replace(this.#facts, ...facts);
    replace(this.#totals, ...this.#totalNodes(page));
    this.#showFindings(page);
  }

  #fact(
    name: 'header.sandbox' | 'header.agent' | 'header.model' | 'header.trigger' | 'header.started',
    value: string,
    title = value,
  ): HTMLElement {
    return element(
      'div',
      { class: `fact fact-${name.slice('header.'.length)}` },
      element('dt', { text: this.#options.t(name) }),
      element('dd', { text: value, title }),
    );
  }

  #badgeNodes(page: TracePage): readonly HTMLElement[] {
    const { t } = this.#options;
    const { session, source, badge } = page;
    const nodes: HTMLElement[] = [];
    if (badge !== null) nodes.push(element('span', { class: 'badge badge-note', text: visibleLine(badge, 60) }));
    const run = session.status;
    const runIcon: IconName =
      run === 'running' ? 'running' : run === 'done' ? 'ok' : run === 'unknown' ? 'unknown' : run === 'killed' ? 'aborted' : 'error';
    nodes.push(element('span', { class: `badge badge-run status-${runIcon}` }, icon(runIcon, `status-${runIcon}`), t(`run.${run}`)));
    if (session.state !== 'live') nodes.push(element('span', { class: 'badge', text: t(`session.${session.state}`) }));
    const attach = source.attach;
    // That explains why nothing more comes, and better than how it is read.
    if (source.state === 'paused' || source.state === 'stopped' || source.state === 'removed') {
      nodes.push(element('span', { class: 'badge', text: t(`header.${source.state}`) }));
      return nodes;
    }
    switch (attach.kind) {
      case 'live':
        nodes.push(element('span', { class: 'badge badge-live', text: t('header.attachLive') }));
        break;
      case 'lost':
        nodes.push(
          element('span', {
            class: 'badge badge-warning',
            text: t(attach.retrying ? 'header.attachLost' : 'header.attachGone'),
            title: visibleText(attach.reason),
          }),
        );
        break;
      case 'failed':
        nodes.push(
          element('span', {
            class: 'badge badge-warning',
            text: t('header.attachFailed'),
            title: visibleText(`${attach.reason}\n${attach.hint}`),
          }),
        );
        break;
      case 'attaching':
        nodes.push(
          element('span', { class: 'badge', text: t(attach.follows === true ? 'header.attachFollows' : 'header.attachAttaching') }),
        );
        break;
      case 'read':
        if (badge === null) nodes.push(element('span', { class: 'badge', text: t('header.attachRead') }));
        break;
      case 'idle':
        nodes.push(element('span', { class: 'badge', text: t('header.attachIdle') }));
        break;
    }
    return nodes;
  }

  #linkNodes(session: SessionInfo): readonly HTMLElement[] {
    const { t, openSession } = this.#options;
    const nodes: HTMLElement[] = [];
    const { parentSessionId, previousSessionId } = session;
    if (parentSessionId !== null)
      nodes.push(button({ label: t('header.parent'), key: 'parent', press: () => openSession(parentSessionId) }));
    if (previousSessionId !== null)
      nodes.push(button({ label: t('header.previous'), key: 'previous', press: () => openSession(previousSessionId) }));
    return nodes;
  }

  #totalNodes(page: TracePage): readonly HTMLElement[] {
    const { t } = this.#options;
    const { totals } = page.session;
    const { usage } = totals;
    const denied = deniedOf(page);
    const item = (value: string, name: string, kind = '', title = ''): HTMLElement =>
      element(
        'li',
        { class: `total ${kind}`.trim(), title },
        element('span', { class: 'total-value', text: value }),
        name === '' ? null : element('span', { class: 'total-name', text: name }),
      );
    const count = (
      value: number,
      one: 'header.turn' | 'header.llmCall' | 'header.toolCall' | 'header.compaction',
      many: 'header.turns' | 'header.llmCalls' | 'header.toolCalls' | 'header.compactions',
    ): HTMLElement => item(wholeNumber(value), t(value === 1 ? one : many));
    const tokensTitle = t(
      'header.tokensTitle',
      wholeNumber(usage.input),
      wholeNumber(usage.output),
      wholeNumber(usage.cacheRead),
      wholeNumber(usage.cacheWrite),
    );
    const tokens = usage.reasoning === null ? tokensTitle : `${tokensTitle}\n${t('header.tokensReasoning', wholeNumber(usage.reasoning))}`;
    const cost = totalCost(t, totals.cost, this.#options.flatRate());
    const nodes = [
      count(totals.turns, 'header.turn', 'header.turns'),
      count(totals.llmCalls, 'header.llmCall', 'header.llmCalls'),
      count(totals.toolCalls, 'header.toolCall', 'header.toolCalls'),
      item(wholeNumber(totals.failedToolCalls), t('header.failed'), totals.failedToolCalls > 0 ? 'total-error' : ''),
      item(wholeNumber(denied), t('header.denied'), denied > 0 ? 'total-denied' : ''),
    ];
    if (totals.compactions > 0) nodes.push(count(totals.compactions, 'header.compaction', 'header.compactions'));
    nodes.push(
      item(compactNumber(usage.input), t('header.tokensIn'), '', tokens),
      item(compactNumber(usage.output), t('header.tokensOut'), '', tokens),
      item(compactNumber(usage.cacheRead + usage.cacheWrite), t('header.cached'), '', tokens),
      item(cost.text, cost.basis, 'total-cost', cost.title),
    );
    const ms = sessionDuration(page.session);
    nodes.push(item(ms === null ? '—' : duration(ms), t('header.duration'), '', ms === null ? t('duration.unknown') : ''));
    return nodes;
  }

  #showFindings(page: TracePage): void {
    const { t } = this.#options;
    const skipped: readonly Finding[] = page.source.skipped.map(({ where, reason }) => ({
      code: 'skipped',
      severity: 'information',
      message: `${where}: ${reason}`,
      spanIds: [],
      preview: false,
      suppressed: null,
    }));
    const rank = { error: 0, warning: 1, information: 2 } as const;
    const all = [...page.findings.filter(({ suppressed }) => suppressed === null), ...skipped].sort(
      (a, b) => rank[a.severity] - rank[b.severity],
    );
    const settled = page.findings.filter(({ suppressed }) => suppressed !== null);
    this.#findings.hidden = all.length + settled.length === 0;
    const shown = this.#allFindings ? all : all.slice(0, findingsShown);
    const nodes: HTMLElement[] = shown.map((finding) => this.#findingNode(finding, page));
    if (all.length > findingsShown) {
      const label = this.#allFindings ? t('findings.fewer') : t('findings.more', all.length - findingsShown);
      nodes.push(button({ label, key: 'findings-more', press: () => this.#toggleFindings() }));
    }
    if (this.#suppressedToo) nodes.push(...settled.map((finding) => this.#findingNode(finding, page)));
    if (settled.length > 0) {
      const label = this.#suppressedToo ? t('findings.suppressedHide') : t('findings.suppressedShow', settled.length);
      nodes.push(button({ label, key: 'findings-suppressed', press: () => this.#toggleSuppressed() }));
    }
    replace(this.#findings, ...nodes);
  }

  #toggleSuppressed(): void {
    this.#suppressedToo = !this.#suppressedToo;
    if (this.#last !== null) this.#showFindings(this.#last);
  }

  #toggleFindings(): void {
    this.#allFindings = !this.#allFindings;
    if (this.#last !== null) this.#showFindings(this.#last);
  }

  #findingNode(finding: Finding, { maySuppress, session: { id: sessionId } }: TracePage): HTMLElement {
    const { t, showSpan, suppress } = this.#options;
    const [spanId] = finding.spanIds;
    const label = finding.code === 'skipped' ? t('findings.skipped', '').replace(/\s*:?\s*$/, '') : findingTitle(t, finding);
    const message = visibleLine(ownMessage(finding.message, sessionId), 500);
    const { suppressed } = finding;
    return element(
      'div',
      { class: suppressed === null ? `finding finding-${finding.severity}` : 'finding finding-suppressed' },
      icon(finding.severity === 'information' ? 'event' : 'warning'),
      element(
        'span',
        { class: 'finding-text', title: message },
        element('strong', { text: label }),
        ` ${message}`,
        suppressed === null ? null : suppressedBy(t, suppressed),
      ),
      element(
        'span',
        { class: 'finding-actions' },
        spanId === undefined
          ? null
          : button({ label: t('findings.show'), title: t('findings.showHint'), key: `finding-${spanId}`, press: () => showSpan(spanId) }),
        suppressed !== null || !maySuppress || !(findingCodes as readonly string[]).includes(finding.code)
          ? null
          : button({
              label: t('findings.suppress'),
              title: t('findings.suppressHint'),
              key: `suppress-${finding.code}-${spanId}`,
              press: () => suppress(finding.code, spanId ?? null),
            }),
      ),
    );
  }
}

/** Which session it is of is plain where that is shown. */
function ownMessage(message: string, sessionId: string): string {
  const prefix = `In session ${sessionId}: `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

function suppressedBy(t: Texts, { reason, file, line }: Suppressed): HTMLElement {
  const place = `${visibleLine(file, 200)}:${line}`;
  return element('span', { class: 'finding-reason', text: t('findings.suppressed', visibleLine(reason, 500)), title: place });
}

function findingTitle(t: Texts, finding: Finding): string {
  const title = isKnown(finding.code)
    ? t(`findings.${finding.code}`)
    : `${t(`findings.severity.${finding.severity}`)}: ${visibleLine(finding.code, 60)}`;
  return finding.preview ? t('findings.preview', title) : title;
}

const known = ['history-rewritten', ...findingCodes] as const;

function isKnown(code: string): code is (typeof known)[number] {
  return (known as readonly string[]).includes(code);
}
