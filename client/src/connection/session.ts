/**
 * One run of the server: process, language client, and what hangs on it. A restart makes a new one, so nothing of a dead
 * server is left over. This file and what it imports are loaded when the first session starts, not before.
 */
import { EventEmitter, Hover, MarkdownString, workspace } from 'vscode';
import type { CancellationToken, Diagnostic, Event, Location, LogOutputChannel, Uri } from 'vscode';
import {
  CloseAction,
  ErrorAction,
  IPCMessageReader,
  IPCMessageWriter,
  LanguageClient,
  RevealOutputChannelOn,
} from 'vscode-languageclient/node';
import type { LanguageClientOptions, MessageSignature, Middleware } from 'vscode-languageclient/node';
import { budgetNotification } from '../../../server/src/protocol/cost';
import type { BudgetNotice } from '../../../server/src/protocol/cost';
import { changedNotification, configureNotification } from '../../../server/src/protocol/messages';
import type { Changed, InitializeOptions, Settings } from '../../../server/src/protocol/messages';
import { callScheme, fileScheme, policyScheme } from '../contributions';
import { DisposableStore } from '../disposables';
import { plainText, withoutUnseen } from '../plainText';
import { requestTypes } from './requests';
import type { ParamsOf, RequestName, ResultOf } from './requests';
import { asServerError, ServerError } from './serverError';
import { spawnServer } from './serverProcess';
import type { ServerProcess } from './serverProcess';

/** A server that has not answered `initialize` by then will not. */
const startTimeoutMs = 30_000;
const stopTimeoutMs = 2_000;
const maxDiagnosticText = 1_000;
const maxLensText = 200;
/** Three calls with their texts are far below. */
const maxHoverText = 20_000;
const linkable: ReadonlySet<string> = new Set([fileScheme, callScheme, policyScheme, 'file']);

export interface SessionOptions {
  readonly command: string;
  readonly serverModule: string;
  readonly initialize: InitializeOptions;
  readonly log: LogOutputChannel;
  readonly serverLog: LogOutputChannel;
}

export class ServerSession {
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new EventEmitter<Changed>());
  readonly onChanged: Event<Changed> = this.#changed.event;
  readonly #budget = this.#disposables.add(new EventEmitter<BudgetNotice>());
  readonly onBudget: Event<BudgetNotice> = this.#budget.event;
  readonly #client: QuietClient;
  readonly #process: ServerProcess;
  #ending = false;
  /** Resolves when the connection is gone; `asked` when we ended it ourselves. */
  readonly closed: Promise<{ readonly asked: boolean }>;

  private constructor(client: QuietClient, process: ServerProcess, closed: Promise<void>) {
    this.#client = client;
    this.#process = process;
    this.closed = closed.then(() => ({ asked: this.#ending }));
    this.#disposables.add(client.onNotification(changedNotification, (changed) => this.#changed.fire(changed)));
    this.#disposables.add(client.onNotification(budgetNotification, (notice) => this.#budget.fire(notice)));
    this.#disposables.add(workspace.onDidChangeTextDocument(({ document }) => this.#markAnew(document.uri)));
  }

  /** The problems of a document of ours come before its text; those on lines it did not have yet would stand on its last one. */
  #markAnew(uri: Uri): void {
    if (uri.scheme !== callScheme && uri.scheme !== policyScheme) return;
    const known = this.#client.diagnostics?.get(uri) ?? [];
    if (known.length > 0) this.#client.diagnostics?.set(uri, [...known]);
  }

  get pid(): number {
    return this.#process.pid;
  }

  static async start(options: SessionOptions): Promise<ServerSession> {
    const process = await spawnServer(options.command, options.serverModule, options.serverLog);
    let connectionClosed: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => (connectionClosed = resolve));
    const client = new QuietClient(
      'sandglass',
      'Sandglass',
      () => Promise.resolve({ reader: new IPCMessageReader(process.child), writer: new IPCMessageWriter(process.child) }),
      clientOptions(options, connectionClosed),
    );
    try {
      await withTimeout(Promise.race([client.start(), process.gone.then(ended)]), startTimeoutMs);
    } catch (error) {
      await process.end();
      throw error;
    }
    void process.gone.then(({ code, signal }) => options.log.info(`server ${process.pid} ended: ${signal ?? `exit code ${code}`}`));
    return new ServerSession(client, process, closed);
  }

  async request<N extends RequestName>(name: N, params: ParamsOf<N>, token?: CancellationToken): Promise<ResultOf<N>> {
    const type: MessageSignature = requestTypes[name];
    try {
      // A parameter that is not there would be sent as one that is null, and refused.
      if (type.numberOfParams === 0) return await this.#client.sendRequest<ResultOf<N>>(type.method, token);
      // A token that is not there must not be handed on: by name it would count as one more parameter.
      return await (token === undefined
        ? this.#client.sendRequest<ResultOf<N>>(type.method, params)
        : this.#client.sendRequest<ResultOf<N>>(type.method, params, token));
    } catch (error) {
      throw asServerError(error);
    }
  }

  async configure(trusted: boolean, settings: Settings): Promise<void> {
    await this.#client.sendNotification(configureNotification, { trusted, settings });
  }

  /** As if the server had asked for it: the editor asks for the lenses of what it shows. */
  refreshLenses(): void {
    const feature = this.#client.getFeature('textDocument/codeLens');
    for (const document of workspace.textDocuments) feature.getProvider(document)?.onDidChangeCodeLensEmitter.fire();
  }

  async end(): Promise<void> {
    this.#ending = true;
    this.#disposables.dispose();
    await this.#client.dispose(stopTimeoutMs);
    await this.#process.end();
  }
}

function ended({ code, signal }: { readonly code: number | null; readonly signal: string | null }): never {
  throw new ServerError('lost', `the server ended while starting: ${signal ?? `exit code ${code}`}`);
}

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ServerError('lost', `the server did not answer in ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Failed requests go to the log, never into a notification: whoever asked says what it means. */
class QuietClient extends LanguageClient {
  override handleFailedRequest<T>(type: MessageSignature, token: CancellationToken | undefined, error: unknown, defaultValue: T): T {
    return super.handleFailedRequest(type, token, error, defaultValue, false);
  }

  /** The library stops itself when starting fails, which it then rejects as "not running"; the start has failed already. */
  override async stop(timeout?: number): Promise<void> {
    if (this.isRunning()) await super.stop(timeout);
  }
}

function clientOptions(options: SessionOptions, connectionClosed: () => void): LanguageClientOptions {
  return {
    documentSelector: [{ scheme: 'file' }, { scheme: fileScheme }, { scheme: callScheme }, { scheme: policyScheme }],
    diagnosticCollectionName: 'sandglass',
    outputChannel: options.serverLog,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: options.initialize,
    initializationFailedHandler: () => false,
    markdown: { isTrusted: false, supportHtml: false, supportThemeIcons: false },
    textSynchronization: { delayOpenNotifications: true },
    errorHandler: {
      error: (error, _message, count) => {
        options.log.warn(`connection: ${error.message}`);
        return { action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown, handled: true };
      },
      // Restarting is ServerHost's: it has the budget, the pauses and the words for it.
      closed: () => {
        connectionClosed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    middleware: guard(),
  };
}

/** The last look at what the server made of traces: no control characters, and links that only go where ours may go. */
function guard(): Middleware {
  return {
    handleDiagnostics: (uri, diagnostics, next) => next(uri, diagnostics.map(guardedDiagnostic)),
    provideCodeLenses: async (document, token, next) => {
      const lenses = await next(document, token);
      for (const lens of lenses ?? [])
        if (lens.command !== undefined) lens.command.title = plainText(lens.command.title, { maxLength: maxLensText });
      return lenses;
    },
    provideHover: async (document, position, token, next) => {
      const hover = await next(document, position, token);
      return hover && new Hover(hover.contents.map(guardedMarkdown), hover.range);
    },
    provideReferences: async (document, position, options, token, next) => {
      const found = await next(document, position, options, token);
      return found?.filter(({ uri }) => uri.scheme === callScheme);
    },
    provideDefinition: async (document, position, token, next) => {
      const found = (await next(document, position, token)) ?? [];
      return (Array.isArray(found) ? found : [found]).filter(
        (place): place is Location => 'uri' in place && linkable.has(place.uri.scheme),
      );
    },
    provideCodeActions: async (document, range, context, token, next) => {
      const actions = await next(document, range, context, token);
      for (const action of actions ?? []) {
        action.title = plainText(action.title, { maxLength: maxLensText });
        if ('disabled' in action && action.disabled !== undefined)
          action.disabled = { reason: plainText(action.disabled.reason, { maxLength: maxLensText }) };
      }
      return actions;
    },
    resolveCodeLens: async (lens, token, next) => {
      const resolved = await next(lens, token);
      if (resolved?.command !== undefined) resolved.command.title = plainText(resolved.command.title, { maxLength: maxLensText });
      return resolved;
    },
  };
}

/** The server fences and escapes; what reorders, hides or escapes is replaced in the whole, and nothing of it is trusted. */
function guardedMarkdown(content: Hover['contents'][number]): MarkdownString {
  const text = typeof content === 'string' ? content : content.value;
  const markdown = new MarkdownString(withoutUnseen(text, maxHoverText));
  markdown.isTrusted = false;
  markdown.supportHtml = false;
  return markdown;
}

function guardedDiagnostic(diagnostic: Diagnostic): Diagnostic {
  diagnostic.message = plainText(diagnostic.message, { maxLength: maxDiagnosticText, multiline: true });
  const code = diagnostic.code;
  if (typeof code === 'object' && code.target.scheme !== callScheme) diagnostic.code = code.value;
  diagnostic.relatedInformation = diagnostic.relatedInformation?.filter(({ location }) => linkable.has(location.uri.scheme));
  for (const related of diagnostic.relatedInformation ?? []) related.message = plainText(related.message, { maxLength: maxDiagnosticText });
  return diagnostic;
}
