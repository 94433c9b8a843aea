/** Asks the host, and says in the page's words why there is no answer. */
import type { TracePage } from '../../server/src/protocol/messages';
import type { PageRequest, PageResponse, ToHost, ToPage } from '../contract/trace';
import type { Host } from '../kit/host';
import { RequestError, requestTimeoutMs } from '../kit/host';
import type { Texts } from './describe';
import type { PageQuery } from './rowPages';

export interface Words {
  readonly reason: string;
  readonly hint: string;
}

export class Asker {
  readonly #host: Host<PageRequest, PageResponse, ToHost, ToPage>;
  readonly #t: Texts;
  #flatRate = false;

  constructor(host: Host<PageRequest, PageResponse, ToHost, ToPage>, t: Texts) {
    this.#host = host;
    this.#t = t;
  }

  /** As of the last page of the trace: the user pays for no single call. */
  get flatRate(): boolean {
    return this.#flatRate;
  }

  async page(query: PageQuery, signal: AbortSignal): Promise<TracePage> {
    const response = await this.#host.request({ kind: 'trace', ...query }, signal);
    if (response.kind !== 'trace') throw new RequestError('failed', this.#t('state.failed'), this.#t('state.timeoutHint'));
    this.#flatRate = response.flatRate;
    return response.page;
  }

  /** Calls back with the answer or with why there is none; with neither after `ask` was aborted. */
  ask(request: PageRequest, ask: AbortController, answered: (response: PageResponse) => void, failed: (words: Words) => void): void {
    this.#host.request(request, ask.signal).then(
      (response) => {
        if (!ask.signal.aborted) answered(response);
      },
      (error: unknown) => {
        if (!RequestError.is(error)) throw error;
        if (!RequestError.is(error, 'cancelled')) failed(this.words(error));
      },
    );
  }

  words(error: RequestError): Words {
    if (error.reason === 'failed') return { reason: error.message, hint: error.hint };
    return { reason: this.#t('state.timeout', requestTimeoutMs / 1000), hint: this.#t('state.timeoutHint') };
  }
}
