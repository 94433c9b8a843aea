/**
 * The wrapper of the VS Code API: typed requests with an answer, cancellation and a time limit over `postMessage`. The
 * host may be restarted or the panel hidden at any time, so every request ends: answered, failed, cancelled or timed out.
 */

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export type RequestFailureReason = 'failed' | 'timeout' | 'cancelled' | 'too-many';

/** Why a request has no answer. `message` and `hint` are for people; they come from the host, except on a timeout. */
export class RequestError extends Error {
  readonly reason: RequestFailureReason;
  readonly hint: string;
  constructor(reason: RequestFailureReason, message: string, hint: string) {
    super(message);
    this.name = 'RequestError';
    this.reason = reason;
    this.hint = hint;
  }
  static is(value: unknown, reason?: RequestFailureReason): value is RequestError {
    return value instanceof RequestError && (reason === undefined || value.reason === reason);
  }
}

export const requestTimeoutMs = 20_000;
/** More unanswered requests than this mean a host that no longer answers. */
export const pendingLimit = 64;

interface Pending<Response> {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: RequestError) => void;
  readonly done: () => void;
}

/** What every contract's answers look like. */
interface Answer<Response> {
  readonly kind: 'response';
  readonly id: number;
  readonly response: Response;
}
interface Failure {
  readonly kind: 'failure';
  readonly id: number;
  readonly reason: string;
  readonly hint: string;
}

export class Host<Request, Response, ToHost, ToPage extends { readonly kind: string }> {
  readonly #api = acquireVsCodeApi();
  readonly #pending = new Map<number, Pending<Response>>();
  #lastId = 0;

  /** `receive` gets everything that is no answer. Nothing arrives before `ready` is sent. */
  constructor(receive: (message: Exclude<ToPage, Answer<Response> | Failure>) => void) {
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      const message = event.data;
      if (!isMessage(message)) return;
      if (message.kind === 'response' || message.kind === 'failure') this.#settle(message as unknown as Answer<Response> | Failure);
      else receive(message as unknown as Exclude<ToPage, Answer<Response> | Failure>);
    });
  }

  send(message: ToHost): void {
    this.#api.postMessage(message);
  }

  request(request: Request, signal: AbortSignal, timeoutMs = requestTimeoutMs): Promise<Response> {
    const id = ++this.#lastId;
    return new Promise<Response>((resolve, reject) => {
      if (signal.aborted) return reject(new RequestError('cancelled', '', ''));
      if (this.#pending.size >= pendingLimit) return reject(new RequestError('too-many', '', ''));
      const giveUp = (reason: RequestFailureReason): void => {
        this.#pending.get(id)?.done();
        this.#api.postMessage({ kind: 'cancel', id });
        reject(new RequestError(reason, '', ''));
      };
      const abort = (): void => giveUp('cancelled');
      const timer = setTimeout(() => giveUp('timeout'), timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        this.#pending.delete(id);
      };
      signal.addEventListener('abort', abort);
      this.#pending.set(id, { resolve, reject, done });
      this.#api.postMessage({ kind: 'request', id, request });
    });
  }

  #settle(message: Answer<Response> | Failure): void {
    const pending = this.#pending.get(message.id);
    // Late answers to what was cancelled meanwhile.
    if (pending === undefined) return;
    pending.done();
    if (message.kind === 'response') pending.resolve(message.response);
    else pending.reject(new RequestError('failed', message.reason, message.hint));
  }

  getState(): unknown {
    return this.#api.getState();
  }

  setState(state: unknown): void {
    this.#api.setState(state);
  }
}

function isMessage(value: unknown): value is { readonly kind: string } {
  return typeof value === 'object' && value !== null && typeof (value as { readonly kind?: unknown }).kind === 'string';
}
