/** Costs of context for one editor: their counter, and the word to the editor that hints may say something else now. */
import type { Connection, InitializeParams } from 'vscode-languageserver';
import { InlayHintRefreshRequest } from 'vscode-languageserver';
import { Coalescer } from './coalescer';
import { ContextCosts } from './query/contextCost';
import type { ContextCostsContext } from './query/contextCost';
import type { Definitions } from './query/definitions';
import type { Places } from './query/places';
import type { Store } from './store/store';
import { TokenCounter } from './usage/tokens/tokenCounter';

/** The editor asks anew at most so often, while agents work. */
const refreshMs = 1000;

export class ContextCosting implements AsyncDisposable {
  readonly costs: ContextCosts;
  readonly #counter: TokenCounter;
  readonly #refresh: Coalescer;
  readonly #refreshes: boolean;
  /** Hints were asked for since the editor was told last: of what nobody looks at nothing is told. */
  #asked = false;

  constructor(
    connection: Connection,
    { capabilities }: Pick<InitializeParams, 'capabilities'>,
    store: Store,
    definitions: Definitions,
    places: Places,
    context: () => ContextCostsContext,
    onError: (error: unknown) => void,
  ) {
    this.#counter = new TokenCounter({ onFault: onError });
    this.costs = new ContextCosts(store, definitions, places, this.#counter, context);
    this.#refreshes = capabilities.workspace?.inlayHint?.refreshSupport === true;
    this.#refresh = new Coalescer(refreshMs, () => {
      this.#asked = false;
      connection
        .sendRequest(InlayHintRefreshRequest.type)
        .catch((error: unknown) => connection.console.warn(`the editor did not refresh its inlay hints: ${String(error)}`));
    });
  }

  callsChanged(): void {
    this.costs.callsChanged();
  }

  asked(): void {
    this.#asked = true;
  }

  /** What lenses say may be another, and so may what hints say. */
  changed(): void {
    this.costs.filesChanged();
    if (this.#asked && this.#refreshes) this.#refresh.ask();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#refresh[Symbol.dispose]();
    await this.#counter[Symbol.asyncDispose]();
  }
}
