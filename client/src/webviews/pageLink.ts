/**
 * The host's end of the line to one trace page. Nothing is sent before the page says it is ready; each request is answered
 * or fails, and can be cancelled; "changed" waits while the page is hidden, because hidden pages lose messages, and only
 * the last one is kept. Knows no VS Code, so that tests put a real page in front of it.
 */
import type { CancellationToken } from 'vscode';
import type { SessionRef, SessionRevision } from '../../../server/src/protocol/messages';
import type { PageRequest, PageResponse, ToHost, ToPage, TraceViewState } from '../../../webviews/contract/trace';
import type { TraceBackend } from './traceBackend';

/** Requests of one page that may be open at a time; a page of ours stays far below. */
export const openRequestsLimit = 64;
/** Rows in one answer, whatever the page asks for. */
export const rowsLimit = 200;
/** Characters of each text of a span; the whole is one press of "Open Call" away. */
export const detailTextLimit = 40_000;
/** Points of a chart, whatever the page asks for. */
export const samplesLimit = 500;
const idLimit = 200;

export interface PageLinkOptions {
  readonly backend: TraceBackend;
  readonly post: (message: ToPage) => void;
  readonly state: TraceViewState;
  readonly strings: Readonly<Record<string, string>>;
  readonly newToken: () => { readonly token: CancellationToken; cancel(): void; dispose(): void };
  readonly openSession: (session: SessionRef) => void;
  readonly titleChanged: (title: string | null) => void;
}

export class PageLink {
  readonly #options: PageLinkOptions;
  readonly #open = new Map<number, { cancel(): void; dispose(): void }>();
  #state: TraceViewState;
  #ready = false;
  #visible = true;
  #disposed = false;
  #missed: SessionRevision | null = null;

  constructor(options: PageLinkOptions) {
    this.#options = options;
    this.#state = options.state;
  }

  get state(): TraceViewState {
    return this.#state;
  }

  get session(): SessionRef {
    return { sourceId: this.#state.sourceId, sessionId: this.#state.sessionId };
  }

  receive(message: unknown): void {
    if (this.#disposed || !isToHost(message)) return;
    const { backend } = this.#options;
    switch (message.kind) {
      case 'ready':
        // Also after the page was loaded anew: whatever was asked before is no longer awaited.
        this.#cancelAll();
        this.#ready = true;
        this.#missed = null;
        this.#post({ kind: 'init', state: this.#state, strings: this.#options.strings });
        break;
      case 'request':
        void this.#answer(message.id, message.request);
        break;
      case 'cancel':
        this.#open.get(message.id)?.cancel();
        break;
      case 'jump':
        backend.jump({ sourceId: this.#state.sourceId, spanId: message.spanId }, message.beside);
        break;
      case 'openCall':
        backend.openCall({ sourceId: this.#state.sourceId, spanId: message.spanId });
        break;
      case 'toolDefinition':
        backend.toolDefinition({ sourceId: this.#state.sourceId, spanId: message.spanId });
        break;
      case 'openSession':
        this.#options.openSession({ sourceId: this.#state.sourceId, sessionId: message.sessionId });
        break;
      case 'replay':
        backend.replay(this.session);
        break;
      case 'showPrices':
        backend.showPrices();
        break;
      case 'suppress':
        backend.suppress({ ...this.session, code: message.code, evidence: message.spanId });
        break;
      case 'state':
        // Which session it is stays the host's to say.
        this.#state = { ...message.state, ...this.session };
        break;
    }
  }

  changed({ epoch, revision }: SessionRevision): void {
    if (this.#disposed) return;
    if (this.#ready && this.#visible) this.#post({ kind: 'changed', epoch, revision });
    else if (this.#missed?.epoch !== epoch || revision > this.#missed.revision) this.#missed = { epoch, revision };
  }

  setVisible(visible: boolean): void {
    this.#visible = visible;
    const missed = this.#missed;
    if (!visible || !this.#ready || missed === null) return;
    this.#missed = null;
    this.#post({ kind: 'changed', ...missed });
  }

  reveal(spanId: string): void {
    this.#state = { ...this.#state, selectedSpanId: spanId };
    if (this.#ready) this.#post({ kind: 'reveal', spanId });
  }

  showPane(pane: TraceViewState['pane']): void {
    this.#state = { ...this.#state, pane };
    if (this.#ready) this.#post({ kind: 'pane', pane });
  }

  dispose(): void {
    this.#disposed = true;
    this.#cancelAll();
  }

  async #answer(id: number, request: PageRequest): Promise<void> {
    const { backend } = this.#options;
    if (this.#open.has(id) || this.#open.size >= openRequestsLimit) {
      this.#post({ kind: 'failure', id, ...backend.failure(new Error('too many requests at a time')) });
      return;
    }
    const source = this.#options.newToken();
    this.#open.set(id, source);
    try {
      const response = await this.#ask(request, source.token);
      if (!source.token.isCancellationRequested) this.#post({ kind: 'response', id, response });
    } catch (error) {
      if (!source.token.isCancellationRequested) this.#post({ kind: 'failure', id, ...backend.failure(error) });
    } finally {
      if (this.#open.get(id) === source) this.#open.delete(id);
      source.dispose();
    }
  }

  async #ask(request: PageRequest, token: CancellationToken): Promise<PageResponse> {
    const { backend } = this.#options;
    switch (request.kind) {
      case 'trace': {
        const { offset, onlyProblems, around } = request;
        const page = await backend.trace(
          { ...this.session, offset, limit: Math.min(request.limit, rowsLimit), onlyProblems, around },
          token,
        );
        this.#options.titleChanged(page.session.title);
        return { kind: 'trace', page, flatRate: backend.flatRate() };
      }
      case 'flow':
        return { kind: 'flow', diagram: await backend.flow({ ...this.session, turnId: request.turnId }, token) };
      case 'span':
        return {
          kind: 'span',
          detail: await backend.span({ sourceId: this.#state.sourceId, spanId: request.spanId, limit: detailTextLimit }, token),
        };
      case 'resources': {
        const { from, to, limit } = request;
        const params = { sourceId: this.#state.sourceId, from, to, limit: Math.min(limit, samplesLimit) };
        return { kind: 'resources', samples: await backend.resources(params, token) };
      }
    }
  }

  #post(message: ToPage): void {
    if (!this.#disposed) this.#options.post(message);
  }

  #cancelAll(): void {
    for (const source of this.#open.values()) source.cancel();
    this.#open.clear();
  }
}

/** What a page may say. It shows untrusted text, so its messages are checked like anyone's. */
export function isToHost(value: unknown): value is ToHost {
  if (!isRecord(value)) return false;
  switch (value['kind']) {
    case 'ready':
    case 'replay':
    case 'showPrices':
      return true;
    case 'request':
      return isCount(value['id']) && isPageRequest(value['request']);
    case 'cancel':
      return isCount(value['id']);
    case 'jump':
      return isId(value['spanId']) && typeof value['beside'] === 'boolean';
    case 'openCall':
    case 'toolDefinition':
      return isId(value['spanId']);
    case 'suppress':
      return isId(value['code']) && (value['spanId'] === null || isId(value['spanId']));
    case 'openSession':
      return isId(value['sessionId']);
    case 'state':
      return isTraceViewState(value['state']);
    default:
      return false;
  }
}

function isPageRequest(value: unknown): value is PageRequest {
  if (!isRecord(value)) return false;
  switch (value['kind']) {
    case 'trace':
      return (
        isCount(value['offset']) &&
        isCount(value['limit']) &&
        typeof value['onlyProblems'] === 'boolean' &&
        (value['around'] === null || isId(value['around']))
      );
    case 'flow':
      return isId(value['turnId']);
    case 'span':
      return isId(value['spanId']);
    case 'resources':
      return isTime(value['from']) && isTime(value['to']) && isCount(value['limit']);
    default:
      return false;
  }
}

/** Also of a state that the editor kept from an earlier version of Sandglass. */
export function isTraceViewState(value: unknown): value is TraceViewState {
  return (
    isRecord(value) &&
    isId(value['sourceId']) &&
    isId(value['sessionId']) &&
    (value['selectedSpanId'] === null || isId(value['selectedSpanId'])) &&
    (value['selectedTurnId'] === null || isId(value['selectedTurnId'])) &&
    (value['pane'] === 'list' || value['pane'] === 'flow') &&
    typeof value['onlyProblems'] === 'boolean' &&
    isShares(value['shares'])
  );
}

function isShares(value: unknown): boolean {
  if (value === undefined) return true;
  return isRecord(value) && [value['stacked'], value['beside']].every((share) => share === undefined || Number.isFinite(share));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 4 * idLimit;
}

function isTime(value: unknown): value is string {
  return isId(value) && !Number.isNaN(Date.parse(value));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
