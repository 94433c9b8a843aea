/** The language server: wires the hub, the store and the queries to the editor's requests. */
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { CancellationToken, Connection, InitializeParams } from 'vscode-languageserver';
import { CodeLensRefreshRequest, ErrorCodes, ResponseError, TextDocumentSyncKind } from 'vscode-languageserver';
import type { AttachError as AttachErrorType } from './attach/errors';
import { AttachError, SandboxFileError } from './attach/errors';
import { Coalescer } from './coalescer';
import { Hub, sampleDirectory } from './collect/hub';
import type { HubChange, OpenSource } from './collect/hub';
import { byFile, sessionDiagnostics } from './editor/diagnostics';
import { codeLenses } from './editor/codeLenses';
import { hover } from './editor/hovers';
import { openStore } from './openStore';
import type { OpenedStore } from './openStore';
import { parseSandboxUri } from './locate/sandboxUri';
import type { SessionInfo } from './protocol/document';
import * as messages from './protocol/messages';
import { callText } from './query/callText';
import { findSpan, spanDetail } from './query/detail';
import { findingsOf } from './query/findings';
import { callAt, tracePage } from './query/pages';
import { Places } from './query/places';
import { ModelSums, statusOf } from './query/status';
import { turnFlow } from './query/turnFlow';
import { replaySteps } from './replay/steps';
import type { SessionView } from './store/sessions';

/** Announcements to the editor, at most ten a second. */
const announceMs = 100;
const diagnosticsMs = 300;
const lensRefreshMs = 500;
/** Sessions whose problems are shown, newest first, for each source. */
const sessionsWithProblems = 50;
const callTextChars = 2 * 1024 * 1024;
const detailCharsLimit = 1024 * 1024;
const replayAnchors = 2000;

interface Live extends AsyncDisposable {
  readonly opened: OpenedStore;
  readonly hub: Hub;
  readonly places: Places;
}

export function startServer(connection: Connection): void {
  let live: Live | null = null;
  let folders: readonly string[] = [];
  let foldersChange = false;

  connection.onInitialize((params) => {
    foldersChange = params.capabilities.workspace?.workspaceFolders === true;
    live = createLive(connection, params, () => folders);
    folders = localPaths(params.workspaceFolders ?? []);
    return {
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.None, save: true },
        codeLensProvider: { resolveProvider: false },
        hoverProvider: true,
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
      serverInfo: { name: 'sandglass' },
    };
  });
  const need = (): Live => {
    if (live === null) throw new ResponseError(ErrorCodes.ServerNotInitialized, 'not initialized');
    return live;
  };
  connection.onInitialized(() => {
    // The library throws at those who ask a client that does not tell.
    if (foldersChange) {
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const gone = new Set(localPaths(removed));
        folders = [...folders.filter((folder) => !gone.has(folder)), ...localPaths(added)];
      });
    }
    need()
      .hub.refresh()
      .catch((error: unknown) => connection.console.error(String(error)));
  });
  connection.onShutdown(async () => {
    await live?.[Symbol.asyncDispose]();
    live = null;
  });
  registerRequests(connection, need);
}

function localPaths(workspaceFolders: readonly { readonly uri: string }[]): readonly string[] {
  return workspaceFolders.filter(({ uri }) => uri.startsWith('file:')).map(({ uri }) => fileURLToPath(uri));
}

function createLive(connection: Connection, params: InitializeParams, folders: () => readonly string[]): Live {
  const options = params.initializationOptions as messages.InitializeOptions;
  const opened = openStore(options.storageDir, options.storeKey);
  const { store } = opened;
  const changed = { inventory: false, sessions: new Map<string, messages.Changed['sessions'][number]>() };
  const announce = new Coalescer(announceMs, () => {
    const notice: messages.Changed = { inventory: changed.inventory, sessions: [...changed.sessions.values()] };
    changed.inventory = false;
    changed.sessions.clear();
    void connection.sendNotification(messages.changedNotification, notice);
  });
  const refreshLenses = new Coalescer(lensRefreshMs, () => {
    connection
      .sendRequest(CodeLensRefreshRequest.type)
      .catch((error: unknown) => connection.console.warn(`the editor did not refresh its lenses: ${String(error)}`));
  });
  const onChange = (change: HubChange): void => {
    if (change.inventory) changed.inventory = true;
    if (change.source !== null && change.result !== null) {
      for (const session of change.result.sessions) {
        const key = `${change.source.id} ${session.session}`;
        changed.sessions.set(key, { sourceId: change.source.id, sessionId: session.session, revision: session.revision });
        const view = store.sessions.byRow(session.row);
        for (const span of session.spans) places.forget(change.source, span, view?.workspaceDir ?? null);
        problems.touch(session.row);
      }
      if (change.result.policyChanged) problems.touchAll(change.source);
      if (change.result.sessions.length > 0 || change.result.policyChanged) refreshLenses.ask();
    }
    announce.ask();
  };
  const hub = new Hub({
    store,
    home: homedir(),
    env: process.env,
    sampleDir: sampleDirectory(options.extensionDir),
    onChange,
    onError: (error) => connection.console.error(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  });
  hub.configure(options.trusted, options.settings);
  const places = new Places(store, () => ({ source: (row) => hub.ofRow(row), folders: folders(), mappings: hub.settings.pathMappings }));
  const problems = new Problems(connection, opened, hub, places);
  return {
    opened,
    hub,
    places,
    async [Symbol.asyncDispose]() {
      announce[Symbol.dispose]();
      refreshLenses[Symbol.dispose]();
      problems[Symbol.dispose]();
      await hub[Symbol.asyncDispose]();
      store[Symbol.dispose]();
    },
  };
}

/** Keeps the published diagnostics in step with the sessions; only those that changed are worked out anew. */
class Problems implements Disposable {
  readonly #connection: Connection;
  readonly #opened: OpenedStore;
  readonly #hub: Hub;
  readonly #places: Places;
  readonly #dirty = new Set<number>();
  /** By session row; bounded by sessionsWithProblems for each open source. */
  readonly #sessions = new Map<number, Awaited<ReturnType<typeof sessionDiagnostics>>>();
  #published = new Set<string>();
  readonly #timer: Coalescer;
  #running: Promise<void> | null = null;
  readonly #abort = new AbortController();

  constructor(connection: Connection, opened: OpenedStore, hub: Hub, places: Places) {
    this.#connection = connection;
    this.#opened = opened;
    this.#hub = hub;
    this.#places = places;
    this.#timer = new Coalescer(diagnosticsMs, () => this.#go());
  }

  touch(row: number): void {
    this.#dirty.add(row);
    this.#timer.ask();
  }

  touchAll(source: OpenSource): void {
    for (const view of this.#newest(source)) this.touch(view.row);
  }

  #newest(source: OpenSource): readonly SessionView[] {
    const time = (view: SessionView): string => view.info.endTime ?? view.info.startTime ?? '~';
    return [...this.#opened.store.sessions.list(source.row)].sort((a, b) => (time(a) < time(b) ? 1 : -1)).slice(0, sessionsWithProblems);
  }

  #go(): void {
    if (this.#running !== null) {
      // One round at a time; the next begins when this one ends.
      this.#timer.ask();
      return;
    }
    this.#running = this.#round()
      .catch((error: unknown) => {
        if (!this.#abort.signal.aborted)
          this.#connection.console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      })
      .finally(() => {
        this.#running = null;
      });
  }

  async #round(): Promise<void> {
    const order: number[] = [];
    for (const source of this.#hub.all()) {
      for (const view of this.#newest(source)) {
        order.push(view.row);
        if (!this.#dirty.delete(view.row) && this.#sessions.has(view.row)) continue;
        try {
          this.#sessions.set(view.row, await sessionDiagnostics(this.#opened.store, this.#places, source, view, this.#abort.signal));
        } catch (error) {
          if (this.#abort.signal.aborted) return;
          // One session whose places can't be worked out must not take the problems of all others along.
          this.#connection.console.error(
            `problems of session ${view.info.id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
          );
        }
        if (this.#abort.signal.aborted) return;
      }
    }
    this.#dirty.clear();
    for (const row of [...this.#sessions.keys()]) if (!order.includes(row)) this.#sessions.delete(row);
    const files = byFile(order.map((row) => this.#sessions.get(row) ?? []));
    for (const uri of this.#published) if (!files.has(uri)) await this.#connection.sendDiagnostics({ uri, diagnostics: [] });
    for (const [uri, diagnostics] of files) await this.#connection.sendDiagnostics({ uri, diagnostics: [...diagnostics] });
    this.#published = new Set(files.keys());
  }

  [Symbol.dispose](): void {
    this.#abort.abort();
    this.#timer[Symbol.dispose]();
  }
}

function signalOf(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}

function failed(error: AttachErrorType): ResponseError<messages.OpenFailure> {
  return new ResponseError(ErrorCodes.InternalError, error.message, { reason: error.message, hint: error.hint });
}

/** Errors a user can do something about go out with their hint; all others are ours. */
async function answered<T>(body: () => Promise<T> | T): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (AttachError.is(error)) throw failed(error);
    if (SandboxFileError.is(error)) {
      const data: messages.FileFailure = { reason: error.reason };
      throw new ResponseError(ErrorCodes.InvalidRequest, `${error.reason}: ${error.message}`, data);
    }
    throw error;
  }
}

function registerRequests(connection: Connection, need: () => Live): void {
  const modelSums = new ModelSums();
  const source = (sourceId: string): OpenSource => {
    const open = need().hub.get(sourceId);
    if (open === null) throw new ResponseError(ErrorCodes.InvalidParams, 'this source is not open any more');
    return open;
  };

  connection.onRequest(messages.inventoryRequest, ({ refresh }) =>
    answered(async () => {
      const { hub, opened } = need();
      await (refresh ? hub.refresh() : hub.lookedOnce());
      return { ...hub.inventory(), storeLifetime: opened.lifetime, storeNote: opened.note };
    }),
  );
  connection.onRequest(messages.openRequest, ({ path }) => answered(async () => ({ sourceId: (await need().hub.open(path)).id })));
  connection.onRequest(messages.playSampleRequest, ({ speed }) =>
    answered(async () => ({ sourceId: (await need().hub.playSample(speed)).id })),
  );
  connection.onRequest(messages.attachRequest, ({ sourceId }) => answered(async () => void (await need().hub.attach(sourceId))));
  connection.onRequest(messages.detachRequest, ({ sourceId }) => answered(() => need().hub.detach(sourceId)));
  connection.onRequest(messages.sessionsRequest, ({ sourceId }) => {
    const open = need().hub.get(sourceId);
    return open === null ? [] : listedSessions(need().opened.store, open.row);
  });

  connection.onRequest(messages.traceRequest, ({ sourceId, ...params }) => {
    const { opened, hub } = need();
    const open = source(sourceId);
    const page = tracePage(opened.store, open.row, params);
    if (page === null) throw new ResponseError(ErrorCodes.InvalidParams, 'this session is not there any more');
    const spans = new Set(page.turns.map((turn) => turn.span.id));
    return {
      revision: page.view.revision,
      source: hub.node(open),
      session: page.view.info,
      turns: page.turns,
      offset: page.offset,
      total: page.total,
      rows: page.rows,
      findings: findingsOf(opened.store, open.row).filter(
        (finding) => finding.message.includes(params.sessionId) || finding.spanIds.some((id) => spans.has(id)),
      ),
      badge: open.badge,
    };
  });
  connection.onRequest(messages.flowRequest, ({ sourceId, sessionId, turnId }) =>
    turnFlow(need().opened.store, source(sourceId).row, sessionId, turnId),
  );
  connection.onRequest(messages.spanRequest, async ({ sourceId, spanId, limit }, token) => {
    const { opened, places } = need();
    const open = source(sourceId);
    const detail = spanDetail(opened.store, open.row, spanId, Math.min(detailCharsLimit, Math.max(0, limit)));
    const found = detail === null ? null : findSpan(opened.store, open.row, spanId);
    if (detail === null || found === null) return null;
    return { ...detail, anchors: await places.round(signalOf(token)).anchorsOf(open, found.view, found.span) };
  });
  connection.onRequest(messages.locateRequest, async ({ sourceId, spanId }, token) => {
    const { opened, places } = need();
    const open = source(sourceId);
    const found = findSpan(opened.store, open.row, spanId);
    return found === null ? [] : places.round(signalOf(token)).anchorsOf(open, found.view, found.span);
  });
  connection.onRequest(messages.callsAtRequest, async ({ uri, line }, token) => {
    const { placed } = await need().places.round(signalOf(token)).callsIn(uri);
    const here = placed.filter(({ anchor }) => anchor.wholeFile || (anchor.startLine <= line && line <= anchor.endLine));
    // Calls on the line itself stand before those that meant the whole file.
    here.sort((a, b) => Number(a.anchor.wholeFile) - Number(b.anchor.wholeFile));
    return here.slice(0, 50).map((call) => callAt(call.source.id, call.view.info, call.span));
  });

  const sandboxFile = (uri: string): { readonly open: OpenSource; readonly path: string } => {
    const parsed = parseSandboxUri(uri);
    if (parsed === null) throw new SandboxFileError('not-found', 'this is no address of a file in a sandbox');
    const open = need().hub.get(parsed.sourceId);
    if (open === null) throw new SandboxFileError('not-found', 'the sandbox or recording of this file is not open any more');
    return { open, path: parsed.path };
  };
  connection.onRequest(messages.readFileRequest, ({ uri }, token) =>
    answered(async () => {
      const { open, path } = sandboxFile(uri);
      const file = await need().places.read(open, path, signalOf(token));
      return { base64: Buffer.from(file.bytes).toString('base64'), mtime: file.mtime };
    }),
  );
  connection.onRequest(messages.statFileRequest, ({ uri }, token) =>
    answered(() => {
      const { open, path } = sandboxFile(uri);
      return open.source.files.stat(path, signalOf(token));
    }),
  );
  connection.onRequest(messages.readDirectoryRequest, ({ uri }, token) =>
    answered(() => {
      const { open, path } = sandboxFile(uri);
      return open.source.files.list(path, signalOf(token));
    }),
  );
  connection.onRequest(messages.callTextRequest, ({ sourceId, spanId }) => {
    const open = need().hub.get(sourceId);
    const detail = open === null ? null : spanDetail(need().opened.store, open.row, spanId, callTextChars);
    return detail === null ? null : { text: callText(detail) };
  });
  connection.onRequest(messages.replayRequest, async ({ sourceId, sessionId }, token) => {
    const { opened, places } = need();
    const open = source(sourceId);
    const view = opened.store.sessions.bySession(open.row, sessionId);
    if (view === null) return [];
    const round = places.round(signalOf(token));
    const denied = opened.store.policies.deniedCalls(open.row);
    const steps = replaySteps(
      opened.store.sessions
        .page(view.row, 0, -1)
        .map(({ span }) => (denied.has(span.id) ? (findSpan(opened.store, open.row, span.id)?.span ?? span) : span)),
    );
    const answer: messages.ReplayStep[] = [];
    for (const { span, ...step } of steps) {
      const [anchor] = step.kind === 'call' && answer.length < replayAnchors ? await round.anchorsOf(open, view, span) : [];
      answer.push({ ...step, anchor: anchor ?? null });
    }
    return answer;
  });
  connection.onRequest(messages.statusRequest, ({ sourceId, sessionId }) => {
    const { opened, hub } = need();
    const asked = sourceId === undefined ? null : hub.get(sourceId);
    const view =
      asked !== null && sessionId !== undefined ? opened.store.sessions.bySession(asked.row, sessionId) : newestOpen(hub, opened, asked);
    const open = view === null ? null : hub.ofRow(view.source);
    return view === null || open === null ? null : statusOf(opened.store, modelSums, open.id, hub.node(open).name, view);
  });
  connection.onRequest(messages.probeRequest, () => ({ version: '1', pid: process.pid, nodeVersion: process.versions.node }));
  connection.onNotification(messages.configureNotification, ({ trusted, settings }) => {
    const { hub } = need();
    hub.configure(trusted, settings);
    hub.refresh().catch((error: unknown) => connection.console.error(String(error)));
  });

  connection.onCodeLens(async ({ textDocument }, token) => {
    const calls = await need().places.round(signalOf(token)).callsIn(textDocument.uri);
    return [...codeLenses(need().opened.store, textDocument.uri, calls)];
  });
  connection.onHover(async ({ textDocument, position }, token) => {
    const { placed } = await need().places.round(signalOf(token)).callsIn(textDocument.uri);
    return hover(need().opened.store, placed, position.line);
  });
}

/** Sessions with a transcript, and those the index says are at work and will have one. */
function listedSessions(store: OpenedStore['store'], source: number): readonly SessionInfo[] {
  return store.sessions
    .list(source)
    .filter((view) => view.recorded || view.info.status === 'running')
    .map((view) => view.info);
}

function newestOpen(hub: Hub, opened: OpenedStore, asked: OpenSource | null): SessionView | null {
  let newest: SessionView | null = null;
  const time = (view: SessionView): string => view.info.endTime ?? '~';
  for (const open of asked === null ? hub.all() : [asked]) {
    const view = opened.store.sessions.latest(open.row);
    if (view !== null && (newest === null || time(view) > time(newest))) newest = view;
  }
  return newest;
}
