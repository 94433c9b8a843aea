/**
 * The server as the rest of the client knows it: started when first needed, restarted when it dies, until the budget is
 * spent. Its events and requests outlive any one process.
 */
import { EventEmitter } from 'vscode';
import type { CancellationToken, Event, LogOutputChannel } from 'vscode';
import type { BudgetNotice } from '../../../server/src/protocol/cost';
import type { Changed, InitializeOptions, Settings } from '../../../server/src/protocol/messages';
import { DisposableStore } from '../disposables';
import { CrashBudget } from './crashBudget';
import type { ActingRequest, ParamsOf, RequestName, ResultOf } from './requests';
import type { RejectedRuntime, RuntimeChoice } from './runtime';
import { ServerError } from './serverError';
import type { ServerSession } from './session';

export type ServerFailure =
  | { readonly kind: 'no-runtime'; readonly rejected: readonly RejectedRuntime[] }
  | { readonly kind: 'crashed'; readonly crashes: number }
  | { readonly kind: 'not-started'; readonly message: string };

export type ServerState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly pid: number; readonly starts: number }
  | { readonly kind: 'restarting' }
  | { readonly kind: 'failed'; readonly failure: ServerFailure };

export interface ServerHostOptions {
  readonly serverModule: string;
  readonly log: LogOutputChannel;
  readonly serverLog: LogOutputChannel;
  chooseRuntime(): Promise<RuntimeChoice>;
  initializeOptions(): Promise<InitializeOptions>;
}

/** How long a request that was lost waits for its server's end to be seen. */
const lostGraceMs = 2_000;

const acting: ReadonlySet<RequestName> = new Set<ActingRequest>(['open', 'playSample', 'attach', 'detach', 'act']);

export class ServerHost {
  readonly #disposables = new DisposableStore();
  readonly #stateChanged = this.#disposables.add(new EventEmitter<ServerState>());
  readonly #changed = this.#disposables.add(new EventEmitter<Changed>());
  readonly onDidChangeState: Event<ServerState> = this.#stateChanged.event;
  readonly onChanged: Event<Changed> = this.#changed.event;
  readonly #budgetTold = this.#disposables.add(new EventEmitter<BudgetNotice>());
  readonly onBudget: Event<BudgetNotice> = this.#budgetTold.event;
  readonly #budget = new CrashBudget();
  #state: ServerState = { kind: 'stopped' };
  #session: Promise<ServerSession> | undefined;
  #starts = 0;
  #disposed = false;

  constructor(private readonly options: ServerHostOptions) {}

  get state(): ServerState {
    return this.#state;
  }

  /** Starts the server unless it runs, and waits until it does. */
  async ready(): Promise<void> {
    await this.#running();
  }

  /** Asks; starts the server for it. A question that the server died over is asked the next server once more. */
  async request<N extends RequestName>(name: N, params: ParamsOf<N>, token?: CancellationToken): Promise<ResultOf<N>> {
    const session = await this.#running();
    try {
      return await session.request(name, params, token);
    } catch (error) {
      if (!ServerError.is(error, 'lost') || acting.has(name) || this.#disposed) throw error;
      await Promise.race([session.closed, pause(lostGraceMs)]);
      return (await this.#running()).request(name, params, token);
    }
  }

  /** Tells a running server what changed; one that does not run will be told at its start. */
  async configure(trusted: boolean, settings: Settings): Promise<void> {
    if (this.#state.kind !== 'running') return;
    await (await this.#running()).configure(trusted, settings);
  }

  async refreshLenses(): Promise<void> {
    if (this.#state.kind === 'running') (await this.#running()).refreshLenses();
  }

  async restart(): Promise<void> {
    this.#budget.reset();
    const next = this.#endThenLaunch(this.#session);
    this.#session = next;
    this.#setState({ kind: 'starting' });
    await next;
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#disposables.dispose();
    await this.#end(this.#session);
  }

  #running(): Promise<ServerSession> {
    if (this.#disposed) return Promise.reject(new ServerError('unavailable', 'the editor is closing'));
    if (this.#state.kind === 'failed') return Promise.reject(new ServerError('unavailable', 'the server does not run'));
    this.#session ??= this.#launch('starting', 0);
    return this.#session;
  }

  async #endThenLaunch(old: Promise<ServerSession> | undefined): Promise<ServerSession> {
    await this.#end(old);
    return this.#launch('starting', 0);
  }

  async #end(session: Promise<ServerSession> | undefined): Promise<void> {
    try {
      await (await session)?.end();
    } catch (error) {
      this.options.log.debug(`ending the server: ${String(error)}`);
    }
  }

  /** Starts until a server runs or the budget is spent. */
  async #launch(kind: 'starting' | 'restarting', firstDelayMs: number): Promise<ServerSession> {
    // Whoever hears of the new state may ask at once, and must then find this launch, not start another.
    await Promise.resolve();
    this.#setState({ kind });
    let delayMs = firstDelayMs;
    for (;;) {
      if (delayMs > 0) await pause(delayMs);
      if (this.#disposed) throw new ServerError('unavailable', 'the editor is closing');
      try {
        return await this.#start();
      } catch (error) {
        if (ServerError.is(error, 'unavailable')) throw error;
        const message = error instanceof Error ? error.message : String(error);
        this.options.log.error(`server did not start: ${message}`);
        const verdict = this.#budget.crashed(null);
        if (verdict.kind === 'spent') throw this.#fail({ kind: 'not-started', message });
        delayMs = verdict.delayMs;
      }
    }
  }

  async #start(): Promise<ServerSession> {
    const choice = await this.options.chooseRuntime();
    if (choice.kind === 'none') throw this.#fail({ kind: 'no-runtime', rejected: choice.rejected });
    const { ServerSession } = await import('./session');
    const session = await ServerSession.start({
      command: choice.runtime.command,
      serverModule: this.options.serverModule,
      initialize: await this.options.initializeOptions(),
      log: this.options.log,
      serverLog: this.options.serverLog,
    });
    const startedAt = performance.now();
    this.#starts += 1;
    this.options.log.info(`server ${session.pid} runs on Node ${choice.node} (${choice.runtime.from})`);
    session.onChanged((changed) => this.#changed.fire(changed));
    session.onBudget((notice) => this.#budgetTold.fire(notice));
    void session.closed.then(({ asked }) => this.#closed(session, asked, performance.now() - startedAt));
    this.#setState({ kind: 'running', pid: session.pid, starts: this.#starts });
    return session;
  }

  #closed(session: ServerSession, asked: boolean, ranMs: number): void {
    if (asked || this.#disposed) return;
    const verdict = this.#budget.crashed(ranMs);
    // Whatever is left of a server that only lost its connection goes before the next one comes.
    const rest = session.end().catch((error: unknown) => this.options.log.debug(`ending a lost server: ${String(error)}`));
    if (verdict.kind === 'spent') {
      this.#fail({ kind: 'crashed', crashes: verdict.crashes });
      return;
    }
    this.options.log.warn(`server ended after ${ranMs} ms; next start in ${verdict.delayMs} ms`);
    const next = rest.then(() => this.#launch('restarting', verdict.delayMs));
    this.#session = next;
    next.catch((error: unknown) => this.options.log.error(`server not restarted: ${String(error)}`));
  }

  #fail(failure: ServerFailure): ServerError {
    this.#session = undefined;
    this.#setState({ kind: 'failed', failure });
    return new ServerError('unavailable', `the server does not run: ${failure.kind}`);
  }

  #setState(state: ServerState): void {
    this.#state = state;
    if (!this.#disposed) this.#stateChanged.fire(state);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
