/** Composition root: makes every part, gives each what it needs, and owns them all. */
import { mkdir } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { InitializeOptions, Settings } from '../../server/src/protocol/messages';
import { BudgetNotices } from './budgets/budgetNotices';
import { MappingOffer } from './commands/mappingOffer';
import { ChangePreviews } from './commands/changePreviews';
import { SamplePlayer } from './commands/playSample';
import { pickSession } from './commands/picks';
import { registerCommands, runCommand } from './commands/register';
import { Sources } from './commands/sources';
import { failureText } from './connection/failureText';
import { cachedProbe } from './connection/probe';
import { chooseRuntime, runtimeCandidates } from './connection/runtime';
import { PriceProblems } from './connection/priceProblems';
import { ServerHost } from './connection/serverHost';
import type { ServerState } from './connection/serverHost';
import { readSetting } from './connection/readSetting';
import { readNodePath, readSettings, untrusted } from './connection/settings';
import { loadStoreKey } from './connection/storeKey';
import type { StoreKey } from './connection/storeKey';
import { until } from './commands/until';
import { callScheme, contextKeys, fileScheme, policyScheme, previewScheme, settings } from './contributions';
import type { SettingId } from './contributions';
import { DisposableStore } from './disposables';
import { Blame } from './editor/blame';
import { CallDocuments } from './editor/callDocuments';
import { PolicyDocuments } from './editor/policyDocuments';
import { Jump } from './editor/jump';
import { SandboxFiles } from './editor/sandboxFiles';
import { Notifier } from './notify';
import { ReplayDebug } from './replay/replayDebug';
import { StatusItem } from './status/statusItem';
import { ServerCostBackend } from './costBackend';
import { ServerTraceBackend } from './traceBackend';
import { SandboxData } from './views/sandboxData';
import { SandboxesView } from './views/sandboxesView';
import { CostPanel } from './webviews/costPanel';
import { TracePanels } from './webviews/tracePanel';

export interface Services {
  readonly server: ServerHost;
  readonly data: SandboxData;
  readonly sources: Sources;
  readonly view: SandboxesView;
  readonly status: StatusItem;
  readonly replay: ReplayDebug;
  readonly blame: Blame;
  readonly costs: CostPanel;
  dispose(): Promise<void>;
}

const t = vscode.l10n.t;
const unfoldLimitMs = 10_000;

export function createServices(context: vscode.ExtensionContext): Services {
  const owned = new DisposableStore();
  const log = owned.add(vscode.window.createOutputChannel('Sandglass', { log: true }));
  const serverLog = owned.add(vscode.window.createOutputChannel('Sandglass Server', { log: true }));
  const notifier = new Notifier(log);
  const failed = (error: unknown): void => log.debug(String(error));
  const serverModule = context.asAbsolutePath('dist/server.js');

  const server = new ServerHost({
    serverModule,
    log,
    serverLog,
    chooseRuntime: () =>
      chooseRuntime(
        runtimeCandidates(process.execPath, readNodePath(readSetting)),
        cachedProbe(serverModule, String(context.extension.packageJSON.version), context.globalState),
      ),
    initializeOptions: () => initializeOptions(context, notifier),
  });
  const data = owned.add(new SandboxData(server, failed));
  const sources = owned.add(new Sources(server, data, notifier, context.workspaceState));
  const ready = async (): Promise<void> => {
    await server.ready();
    await sources.restored;
  };
  const documents = owned.add(new CallDocuments(server, data, ready));
  const files = owned.add(new SandboxFiles(server, ready, failed));
  const jump = new Jump(server);
  const blame = owned.add(new Blame(server, failed));
  const status = owned.add(new StatusItem(server, data, failed));
  const trace = owned.add(
    new TracePanels(context.extensionUri, new ServerTraceBackend(server, ready, (session) => status.follow(session))),
  );
  const costs = owned.add(new CostPanel(context.extensionUri, new ServerCostBackend(server, data, ready)));
  const replay = owned.add(
    new ReplayDebug({
      server,
      jump,
      ready,
      pickSession: (placeHolder) => pickSession(data, placeHolder),
      stoppedAt: (span, session) => trace.follow(session, span),
    }),
  );
  const openDropped = async (uris: readonly vscode.Uri[]): Promise<void> => {
    for (const uri of uris.filter(({ scheme }) => scheme === 'file')) await sources.open(uri.fsPath);
  };
  const view = owned.add(new SandboxesView(data, server, openDropped, failed));
  owned.add(
    sources.onDidOpen((sourceId) => {
      // Its row may come with the next answer of the server; without one there is nothing to unfold.
      until(data, () => data.node(sourceId) !== null, unfoldLimitMs)
        .then(() => view.unfold(sourceId))
        .catch(failed);
    }),
  );

  owned.add(
    vscode.workspace.registerFileSystemProvider(fileScheme, files, {
      isCaseSensitive: true,
      isReadonly: new vscode.MarkdownString(t('The files of a sandbox are read-only here.')),
    }),
  );
  owned.add(vscode.workspace.registerTextDocumentContentProvider(callScheme, documents));
  owned.add(vscode.workspace.registerTextDocumentContentProvider(policyScheme, owned.add(new PolicyDocuments(server, ready))));
  const previews = owned.add(new ChangePreviews());
  owned.add(vscode.workspace.registerTextDocumentContentProvider(previewScheme, previews));
  owned.add(
    registerCommands({
      extensionId: context.extension.id,
      server,
      data,
      sources,
      player: new SamplePlayer(server, data, sources, trace, jump),
      trace,
      documents,
      jump,
      blame,
      replay,
      status,
      notifier,
      previews,
      costs,
      showLogs: () => log.show(),
    }),
  );
  owned.add(new MappingOffer(server, notifier, context.workspaceState, (uri) => runCommand('sandglass.mapPaths', { uri }), failed));
  owned.add(new BudgetNotices(server, notifier, context.globalState));
  owned.add(new PriceProblems(notifier));
  owned.add(server.onDidChangeState((state) => showServerState(state, notifier, () => log.show())));
  watchConfiguration(owned, server, failed);
  return {
    server,
    data,
    sources,
    view,
    status,
    replay,
    blame,
    costs,
    async dispose() {
      await server.dispose();
      owned.dispose();
    },
  };
}

/** In an untrusted workspace the machine's settings are left out too: nothing is attached to there. */
function currentSettings(): Settings {
  return readSettings(vscode.workspace.isTrusted ? readSetting : untrusted(readSetting));
}

async function initializeOptions(context: vscode.ExtensionContext, notifier: Notifier): Promise<InitializeOptions> {
  const key = await loadStoreKey(context.secrets, context.globalState);
  const storage = context.globalStorageUri;
  sayKey(key, notifier);
  if (storage.scheme === 'file') await mkdir(storage.fsPath, { recursive: true, mode: 0o700 });
  return {
    storageDir: storage.scheme === 'file' ? storage.fsPath : null,
    storeKey: key.kind === 'durable' ? key.key : null,
    extensionDir: context.extensionPath,
    trusted: vscode.workspace.isTrusted,
    settings: currentSettings(),
  };
}

function sayKey(key: StoreKey, notifier: Notifier): void {
  // Where no key ever lasts it is said once; from then on the line above the rows says that nothing is kept.
  if (key.kind === 'durable' || (key.kind === 'lost' && key.again)) return;
  const text =
    key.kind === 'lost'
      ? t(
          'The editor no longer has the key of what Sandglass had kept, so that cannot be read any more. Until a key lasts, traces are kept for this session only. On Linux this mostly means that no keyring runs.',
        )
      : t('The editor keeps no secrets here, so traces are kept for this session only: {0}', key.reason);
  notifier.show({ severity: 'warning', key: 'store-key', text });
}

function showServerState(state: ServerState, notifier: Notifier, showLogs: () => void): void {
  void vscode.commands.executeCommand('setContext', contextKeys.server, state.kind);
  if (state.kind !== 'failed') return;
  const nodePath: SettingId = 'sandglass.server.nodePath';
  const settingsAction = {
    title: t('Open Settings'),
    run: () => vscode.commands.executeCommand('workbench.action.openSettings', nodePath),
  };
  notifier.show({
    severity: 'error',
    key: 'server',
    text: failureText(state.failure, t),
    actions: [
      { title: t('Restart'), run: () => runCommand('sandglass.restartServer') },
      ...(state.failure.kind === 'no-runtime' ? [settingsAction] : []),
      { title: t('Show Logs'), run: showLogs },
    ],
  });
}

function watchConfiguration(owned: DisposableStore, server: ServerHost, failed: (error: unknown) => void): void {
  const tell = (): void => {
    server.configure(vscode.workspace.isTrusted, currentSettings()).catch(failed);
  };
  owned.add(vscode.workspace.onDidGrantWorkspaceTrust(tell));
  owned.add(
    vscode.workspace.onDidChangeConfiguration((event) => {
      const nodePath: SettingId = 'sandglass.server.nodePath';
      // Another Node only matters while none was found.
      if (event.affectsConfiguration(nodePath) && server.state.kind === 'failed') server.restart().catch(failed);
      else if (Object.keys(settings).some((id) => id !== nodePath && event.affectsConfiguration(id))) tell();
    }),
  );
}
