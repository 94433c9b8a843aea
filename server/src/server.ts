/** The language server: one hub, one store and one set of places for as long as the editor is connected. */
import { homedir } from 'node:os';
import type { Connection, InitializeParams } from 'vscode-languageserver';
import { CodeLensRefreshRequest, ErrorCodes, ResponseError, TextDocumentSyncKind } from 'vscode-languageserver';
import { ActAndSample } from './actAndSample';
import { Coalescer } from './coalescer';
import { Hub, sampleDirectory } from './collect/hub';
import type { HubChange } from './collect/change';
import { Pricing } from './collect/pricing';
import { Budgeting } from './budgeting';
import { ContextCosting } from './contextCosting';
import { registerContextRequests } from './contextRequests';
import { realSources, registerCostRequests, sourcesFor } from './costRequests';
import { registerDefinitionRequests } from './definitionRequests';
import { epochOf } from './epoch';
import { EffectivePolicies } from './gateway/effectivePolicies';
import { definingFile } from './locate/defined/findDefinitions';
import { pathOfFileUri } from './locate/fileUri';
import { registerMappingRequests } from './mappingRequests';
import { openStore } from './openStore';
import { isWatched, Problems } from './problems';
import { budgetNotification } from './protocol/cost';
import type * as messages from './protocol/messages';
import { changedNotification } from './protocol/messages';
import { Blames } from './query/blame';
import { Definitions } from './query/definitions';
import { CallsIn } from './query/callsIn';
import { CostsNow } from './query/costNow';
import { Costs } from './query/costs';
import { Places } from './query/places';
import { PolicyFiles } from './policy/policyFiles';
import { registerRequests } from './requests';
import type { Live } from './requests';
import { isPolicyName, isSuppressions, registerRuleRequests, watchPolicies } from './ruleRequests';
import { Rules } from './rules';
import { Suppressing } from './suppressing';
import { registerSuppressRequests } from './suppressRequests';

/** Announcements to the editor, at most ten a second. */
const announceMs = 100;
const lensRefreshMs = 500;

export function startServer(connection: Connection): void {
  let live: Live | null = null;
  let folders: readonly string[] = [];
  let foldersChange = false;
  let watches: Parameters<typeof watchPolicies>[1] = null;

  connection.onInitialize((params) => {
    foldersChange = params.capabilities.workspace?.workspaceFolders === true;
    const watched = params.capabilities.workspace?.didChangeWatchedFiles;
    const { trusted } = params.initializationOptions as messages.InitializeOptions;
    if (watched?.dynamicRegistration === true) watches = { home: trusted && watched.relativePatternSupport === true ? homedir() : null };
    live = createLive(connection, params, () => folders);
    folders = localPaths(params.workspaceFolders ?? []);
    return {
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.None, save: true },
        codeLensProvider: { resolveProvider: false },
        hoverProvider: true,
        referencesProvider: true,
        definitionProvider: true,
        codeActionProvider: { codeActionKinds: ['quickfix'] },
        inlayHintProvider: { resolveProvider: false },
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
        need().placesMoved();
        need().definitions.files.invalidate();
        need().suppressing.readAgain();
      });
    }
    if (watches !== null) need().definitions.files.watch();
    watchPolicies(connection, watches);
    need().suppressing.readAgain();
    need()
      .hub.refresh()
      .catch((error: unknown) => connection.console.error(String(error)));
  });
  connection.onShutdown(async () => {
    await live?.[Symbol.asyncDispose]();
    live = null;
  });
  registerRequests(connection, need);
  registerRuleRequests(connection, need);
  registerDefinitionRequests(connection, need);
  registerContextRequests(connection, need);
  registerSuppressRequests(connection, need, () => folders);
  registerMappingRequests(connection, need);
  registerCostRequests(connection, need);
}

function localPaths(workspaceFolders: readonly { readonly uri: string }[]): readonly string[] {
  return workspaceFolders.map(({ uri }) => pathOfFileUri(uri)).filter((path) => path !== null);
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
    void connection.sendNotification(changedNotification, notice);
  });
  const refreshLenses = new Coalescer(lensRefreshMs, () => {
    context.changed();
    connection
      .sendRequest(CodeLensRefreshRequest.type)
      .catch((error: unknown) => connection.console.warn(`the editor did not refresh its lenses: ${String(error)}`));
  });
  let open = '';
  let states = '';
  const onChange = (change: HubChange): void => {
    calls.changed();
    costsNow.changed();
    if (change.inventory) {
      changed.inventory = true;
      const ids = hub
        .all()
        .filter(isWatched)
        .map(({ id }) => id)
        .join(' ');
      // What was shown of a source that was closed, or detached from, is taken back.
      if (ids !== open) {
        problems.refresh();
        budgeting.refresh();
        refreshLenses.ask();
      }
      open = ids;
      // Which entries suppress nothing is known only when everything was read.
      const now = hub
        .all()
        .map(({ id, state }) => `${id} ${state.kind}`)
        .join(' ');
      if (now !== states && suppressing.hasFiles) problems.refresh();
      // What was still being read may be told of now.
      if (now !== states) budgeting.refresh();
      states = now;
    }
    if (change.source !== null && change.result !== null) {
      for (const session of change.result.sessions) {
        const key = `${change.source.id} ${session.session}`;
        const ref = { sourceId: change.source.id, sessionId: session.session };
        changed.sessions.set(key, { ...ref, epoch: epochOf(store, change.source.row), revision: session.revision });
        const view = store.sessions.byRow(session.row);
        if (session.spans === null) {
          places.forgetAll(change.source);
          blames.forgetAll(change.source);
        } else {
          for (const span of session.spans) {
            places.forget(change.source, span, view?.workspaceDir ?? null);
            blames.touched(change.source, session.row, span);
          }
        }
        suppressing.touch(session.row);
        problems.touch(session.row);
        budgeting.touch(session.row);
      }
      if (change.result.sessions.length > 0 || change.result.policyChanged) definitions.callsChanged();
      if (change.result.sessions.length > 0) context.callsChanged();
      beside.grew(change.source.id, change.source.row);
      if (change.result.policyChanged) {
        rules.touch(change.source.row);
        problems.touchAll(change.source);
      }
      if (change.result.sessions.length > 0 || change.result.policyChanged) refreshLenses.ask();
    }
    announce.ask();
  };
  const onError = (error: unknown): void =>
    connection.console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const hub = new Hub({
    store,
    shared: opened.shared,
    home: homedir(),
    env: process.env,
    sampleDir: sampleDirectory(options.extensionDir),
    suppress: () => suppressing.suppress,
    onChange,
    onError,
  });
  const beside = new ActAndSample({
    store,
    hub,
    directory: options.storageDir,
    onChange: () => hub.listedAnew(),
    onError,
  });
  const places = new Places(store, () => ({ source: (row) => hub.ofRow(row), folders: folders(), mappings: hub.settings.pathMappings }));
  const calls = new CallsIn(store);
  const costs = new Costs(store);
  const blames = new Blames(store);
  const definitions = new Definitions(store, places, () => ({
    // What a person detached from has no lenses either.
    sources: hub.all().filter(isWatched),
    folders: folders(),
    mappings: hub.settings.pathMappings,
  }));
  const context = new ContextCosting(
    connection,
    params,
    store,
    definitions,
    places,
    () => ({ sources: hub.all().filter(isWatched), book: Pricing.of(store).book }),
    onError,
  );
  const policyFiles = new PolicyFiles(() => ({
    home: homedir(),
    folders: folders(),
    mounts: hub.all().flatMap(({ source }) => source.mounts),
    trusted: hub.trusted,
  }));
  const effective = new EffectivePolicies({
    home: homedir(),
    env: process.env,
    allowed: () => (!hub.trusted ? 'untrusted' : hub.settings.askGateway === false ? 'switched-off' : 'yes'),
    onChange: () => problems.refresh(),
    onError,
  });
  const rules = new Rules(store, hub, policyFiles, effective);
  const suppressing = new Suppressing({
    store,
    hub: () => hub,
    folders,
    onChange: () => {
      for (const source of hub.all()) problems.touchAll(source);
      problems.refresh();
      // The rows of sandboxes and the pages of sessions are asked for again.
      changed.inventory = true;
      announce.ask();
    },
    onError,
  });
  const costsNow = new CostsNow(store, costs, () => announce.ask());
  const budgeting = new Budgeting({
    store,
    hub,
    costs: (query) => {
      const { sourceId } = query.scope;
      return costs.answer(query, sourceId === null ? realSources({ hub }) : sourcesFor({ hub }, sourceId));
    },
    folders,
    tell: (notice) => void connection.sendNotification(budgetNotification, notice),
    onChange: (row) => problems.touch(row),
    onStates: () => announce.ask(),
    onError,
  });
  const problems = new Problems(connection, opened, hub, places, rules, suppressing, (row) => budgeting.placedAt(row));
  hub.configure(options.trusted, options.settings);
  return {
    opened,
    hub,
    beside,
    places,
    calls,
    costs,
    costsNow,
    budgeting,
    blames,
    rules,
    definitions,
    context,
    suppressing,
    problems,
    showsReasons: params.capabilities.textDocument?.codeAction?.disabledSupport === true,
    placesMoved() {
      rules.filesChanged();
      for (const source of hub.all()) problems.touchAll(source);
      refreshLenses.ask();
    },
    policiesChanged() {
      rules.filesChanged();
      problems.refresh();
    },
    fileSaved(uri) {
      if (isPolicyName(uri)) this.policiesChanged();
      if (isSuppressions(uri)) suppressing.readAgain();
      const sessions = places.round(new AbortController().signal).editorFiles.sessionsOf(uri);
      for (const row of sessions) problems.touch(row);
      if (sessions.size > 0 || definingFile(uri) !== null) refreshLenses.ask();
    },
    lensesChanged: () => refreshLenses.ask(),
    async [Symbol.asyncDispose]() {
      announce[Symbol.dispose]();
      refreshLenses[Symbol.dispose]();
      problems[Symbol.dispose]();
      suppressing[Symbol.dispose]();
      budgeting[Symbol.dispose]();
      costsNow[Symbol.dispose]();
      await context[Symbol.asyncDispose]();
      await effective[Symbol.asyncDispose]();
      await beside[Symbol.asyncDispose]();
      // Whoever reads next begins only when nothing here reads any more.
      await hub[Symbol.asyncDispose]();
      opened[Symbol.dispose]();
    },
  };
}
