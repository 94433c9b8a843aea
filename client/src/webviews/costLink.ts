/**
 * The host's end of the line to the cost page, as PageLink is to a trace page: nothing is sent before the page is ready, each request
 * is answered or fails, and what changed while it was hidden is one "changed" when it is shown. Knows no VS Code.
 */
import type { CancellationToken } from 'vscode';
import type { CostQuery } from '../../../server/src/protocol/cost';
import { assertNever } from '../assertNever';
import { ownPrice, settable } from '../connection/priceSetting';
import type { CostAsk, CostPageRequest, CostPageResponse, CostToPage, CostViewState } from '../../../webviews/contract/cost';
import type { CostBackend } from './costBackend';
import { costCsv } from './costCsv';
import { isCostToHost } from './costMessages';

/** Requests that may be open at a time; the page has one, and one for the clipboard. */
export const openRequestsLimit = 8;
/** What is worth a look is a list that is read whole. */
export const notesLimit = 8;
/** Rows on the clipboard: as many as the server gives; what is beyond is summed up in one. */
export const copiedRowsLimit = 1000;

export interface CostLinkOptions {
  readonly backend: CostBackend;
  readonly post: (message: CostToPage) => void;
  readonly state: CostViewState;
  readonly strings: Readonly<Record<string, string>>;
  readonly newToken: () => { readonly token: CancellationToken; cancel(): void; dispose(): void };
}

export class CostLink {
  readonly #options: CostLinkOptions;
  readonly #open = new Map<number, { cancel(): void; dispose(): void }>();
  readonly #listening: { dispose(): unknown };
  #state: CostViewState;
  #ready = false;
  #visible = true;
  #missed = false;
  #disposed = false;
  #shown: CostPageResponse | null = null;

  constructor(options: CostLinkOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#listening = options.backend.onChanged(() => this.changed());
  }

  get state(): CostViewState {
    return this.#state;
  }

  /** What the page was answered last. */
  get shown(): CostPageResponse | null {
    return this.#shown;
  }

  receive(message: unknown): void {
    if (this.#disposed || !isCostToHost(message)) return;
    const { backend } = this.#options;
    switch (message.kind) {
      case 'ready':
        // Also after the page was loaded anew: whatever was asked before is no longer awaited.
        this.#cancelAll();
        this.#ready = true;
        this.#missed = false;
        this.#post({ kind: 'init', state: this.#state, strings: this.#options.strings });
        break;
      case 'request':
        void this.#answer(message.id, message.request);
        break;
      case 'cancel':
        this.#open.get(message.id)?.cancel();
        break;
      case 'state':
        this.#state = message.state;
        break;
      case 'open':
        backend.open(message.session, message.spanId);
        break;
      case 'chooseSession':
        void this.#chooseSession();
        break;
      case 'setPrice':
        backend.setPrice(message.model);
        break;
      case 'removePrice':
        backend.removePrice(message.model);
        break;
      case 'openSettings':
        backend.openSettings();
        break;
      case 'begin':
        backend.begin(message.with);
        break;
      default:
        assertNever(message);
    }
  }

  /** Turns the page to another side or place. */
  show(state: CostViewState): void {
    this.#state = state;
    if (this.#ready) this.#post({ kind: 'show', state });
  }

  changed(): void {
    if (this.#ready && this.#visible) this.#post({ kind: 'changed' });
    else this.#missed = true;
  }

  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (!visible || !this.#ready || !this.#missed) return;
    this.#missed = false;
    this.#post({ kind: 'changed' });
  }

  dispose(): void {
    this.#disposed = true;
    this.#listening.dispose();
    this.#cancelAll();
  }

  async #chooseSession(): Promise<void> {
    const { backend } = this.#options;
    const session = await backend.chooseSession();
    if (session !== null) this.show({ ...this.#state, side: 'costs', place: { ...this.#state.place, ...session } });
  }

  async #answer(id: number, request: CostPageRequest): Promise<void> {
    const { backend } = this.#options;
    if (this.#open.has(id) || this.#open.size >= openRequestsLimit) {
      this.#post({ kind: 'failure', id, ...backend.failure(new Error('too many requests at a time')) });
      return;
    }
    const source = this.#options.newToken();
    this.#open.set(id, source);
    try {
      const response = await this.#ask(request, source.token);
      if (source.token.isCancellationRequested) return;
      if (response.kind === 'costs' || response.kind === 'prices') this.#shown = response;
      this.#post({ kind: 'response', id, response });
    } catch (error) {
      if (!source.token.isCancellationRequested) this.#post({ kind: 'failure', id, ...backend.failure(error) });
    } finally {
      if (this.#open.get(id) === source) this.#open.delete(id);
      source.dispose();
    }
  }

  async #ask(request: CostPageRequest, token: CancellationToken): Promise<CostPageResponse> {
    const { backend } = this.#options;
    switch (request.kind) {
      case 'costs': {
        const { place } = request.ask;
        const [answer, sources] = await Promise.all([backend.costs(queryOf(request.ask), token), backend.sources()]);
        const { sourceId, sessionId } = place;
        const sessionTitle = sourceId === null || sessionId === null ? null : backend.sessionTitle({ sourceId, sessionId });
        return { kind: 'costs', page: { answer, sources, sessionTitle, subscription: backend.subscription() } };
      }
      case 'notes': {
        const { place, from, to } = request.ask;
        const { sourceId, sessionId } = place;
        const notes = await backend.notes({ scope: { sourceId, sessionId, from, to }, limit: notesLimit }, token);
        return { kind: 'notes', notes };
      }
      case 'prices': {
        const models = await backend.prices(token);
        const setting = backend.priceSetting();
        return {
          kind: 'prices',
          models: models.map((model) => ({ ...model, own: ownPrice(setting, model) !== null, settable: settable(model) })),
        };
      }
      case 'copy': {
        const answer = await backend.costs({ ...queryOf(request.ask), limit: copiedRowsLimit }, token);
        await backend.copy(costCsv(answer));
        return { kind: 'copied', rows: answer.rows.length };
      }
    }
  }

  #post(message: CostToPage): void {
    if (!this.#disposed) this.#options.post(message);
  }

  #cancelAll(): void {
    for (const source of this.#open.values()) source.cancel();
    this.#open.clear();
  }
}

function queryOf({ place, from, to, by, limit, timeZone }: CostAsk): CostQuery {
  return { scope: { ...place, from, to }, by, limit, timeZone };
}
