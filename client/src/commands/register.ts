/** The commands. Each fails into one notification that says what did not work and why. */
import * as vscode from 'vscode';
import type { CallAt, SessionRef, SpanRef } from '../../../server/src/protocol/messages';
import type { ServerHost } from '../connection/serverHost';
import { commands, walkthroughId } from '../contributions';
import type { CommandArguments, CommandId, OpenTraceArguments } from '../contributions';
import { DisposableStore } from '../disposables';
import type { Blame } from '../editor/blame';
import type { CallDocuments } from '../editor/callDocuments';
import { callOnShow, goToToolDefinition, usesAt } from '../editor/definitionJump';
import type { Jump } from '../editor/jump';
import type { Notifier } from '../notify';
import type { ReplayDebug } from '../replay/replayDebug';
import { showCostMenu } from '../status/costMenu';
import type { StatusItem } from '../status/statusItem';
import { isAttached } from '../views/attached';
import type { SandboxData } from '../views/sandboxData';
import type { CostPanel } from '../webviews/costPanel';
import { actOnSandbox, isTrusted } from './actions';
import type { ActionServices } from './actions';
import {
  callsOf,
  findingRefOf,
  flagOf,
  reasonOf,
  ruleRefOf,
  sessionRefOf,
  sourceIdOf,
  spanRefOf,
  uriOf,
  usesAtOf,
  costPlaceOf,
} from './arguments';
import { setPrice } from './costPrices';
import { mapPaths, sayUnfound } from './mapping';
import type { ChangePreviews } from './changePreviews';
import { pickCall, pickSandbox, pickSession } from './picks';
import type { SamplePlayer } from './playSample';
import { backTest, previewRule } from './policyRules';
import type { Sources } from './sources';
import { suppressFinding } from './suppressFinding';
import type { TraceView } from './traceView';

export interface CommandServices {
  readonly extensionId: string;
  readonly server: ServerHost;
  readonly data: SandboxData;
  readonly sources: Sources;
  readonly player: SamplePlayer;
  readonly trace: TraceView;
  readonly documents: CallDocuments;
  readonly jump: Jump;
  readonly blame: Blame;
  readonly replay: ReplayDebug;
  readonly status: StatusItem;
  readonly notifier: Notifier;
  readonly previews: ChangePreviews;
  readonly costs: Pick<CostPanel, 'showCosts' | 'showPrices'>;
  showLogs(): void;
}

type Handlers = { readonly [K in CommandId]: (...args: CommandArguments[K]) => unknown };
const t = vscode.l10n.t;
const walkthroughsKnownMs = 600;

export function registerCommands(services: CommandServices): DisposableStore {
  const registered = new DisposableStore();
  const handlers = makeHandlers(services);
  for (const id of Object.keys(commands) as CommandId[]) {
    const handler = handlers[id] as (...args: readonly unknown[]) => unknown;
    registered.add(
      vscode.commands.registerCommand(id, async (...args: unknown[]) => {
        try {
          return await handler(...args);
        } catch (error) {
          services.notifier.failure(id, t('That did not work.'), error, [{ title: t('Show Logs'), run: services.showLogs }]);
          return undefined;
        }
      }),
    );
  }
  return registered;
}

/** As if the user had run it, so that the walkthrough's steps count it. */
export function runCommand<K extends CommandId>(id: K, ...args: CommandArguments[K]): Thenable<unknown> {
  return vscode.commands.executeCommand(id, ...args);
}

function makeHandlers(services: CommandServices): Handlers {
  const { server, data, sources, trace, documents, replay, status, notifier } = services;
  const chooseSession = async (given: unknown, placeHolder: string): Promise<(SessionRef & { readonly spanId: string | null }) | null> => {
    const asked = sessionRefOf(given);
    if (asked !== null) return asked;
    const picked = await pickSession(data, placeHolder);
    return picked === null ? null : { ...picked, spanId: null };
  };
  const showCalls = async (calls: readonly CallAt[], placeHolder?: string): Promise<void> => {
    if (calls.length === 0) {
      notifier.show({ severity: 'information', key: 'no-calls', text: t('No call that Sandglass knows touched this line.'), asked: true });
      return;
    }
    const call = calls.length === 1 ? calls[0] : await pickCall(calls, placeHolder);
    if (call) await trace.open(call, { spanId: call.spanId, column: besideText() });
  };
  const acting: ActionServices = { server, data, notifier, showActions: () => documents.showActions() };
  return {
    'sandglass.playSample': () => services.player.play(),
    'sandglass.openRecording': () => openRecording(sources),
    'sandglass.refresh': () => data.load(true),
    'sandglass.whereWeLooked': () => documents.showLooked(),
    'sandglass.attach': async (given) => {
      const sourceId =
        sourceIdOf(given) ??
        (await pickSandbox(
          data,
          ({ attach }) => ['idle', 'failed', 'lost'].includes(attach.kind),
          t('Attach to which sandbox? It only reads.'),
        ));
      if (sourceId !== null) await sources.attach(sourceId);
    },
    'sandglass.detach': async (given) => {
      const sourceId = sourceIdOf(given) ?? (await pickSandbox(data, ({ attach }) => isAttached(attach), t('Detach from which sandbox?')));
      if (sourceId !== null) await sources.detach(sourceId);
    },
    'sandglass.cancelAttach': async (given) => {
      const sourceId = sourceIdOf(given);
      if (sourceId !== null) await sources.detach(sourceId);
    },
    'sandglass.pauseSandbox': (given) => actOnSandbox('pause', sourceIdOf(given), acting),
    'sandglass.resumeSandbox': (given) => actOnSandbox('resume', sourceIdOf(given), acting),
    'sandglass.stopSandbox': (given) => actOnSandbox('stop', sourceIdOf(given), acting),
    'sandglass.showActions': () => (isTrusted(notifier) ? documents.showActions() : undefined),
    'sandglass.openTrace': async (given) => {
      const session = await chooseSession(given ?? inView(status), t('Open the trace of which session?'));
      if (session !== null) await trace.open(session, { spanId: session.spanId });
    },
    'sandglass.replaySession': async (given) => {
      const session = await chooseSession(given, t('Which session do you want to replay?'));
      if (session !== null) await replay.start({ sourceId: session.sourceId, sessionId: session.sessionId });
    },
    'sandglass.copySessionId': async (given) => {
      const session = sessionRefOf(given);
      if (session !== null) await vscode.env.clipboard.writeText(session.sessionId);
    },
    'sandglass.jumpToLine': async (given) => {
      const span = spanRefOf(given);
      if (span !== null) await jumpToLine(services, span, flagOf(given, 'beside'));
    },
    'sandglass.jumpToCall': async () => {
      const editor = vscode.window.activeTextEditor;
      if (editor === undefined) return;
      await showCalls(await server.request('callsAt', { uri: editor.document.uri.toString(), line: editor.selection.active.line }));
    },
    'sandglass.openCall': async (given) => {
      const span = spanRefOf(given);
      if (span !== null) await documents.showCall(span);
    },
    'sandglass.showCalls': (given) => showCalls(callsOf(given)),
    'sandglass.showUses': async (given) => {
      const at = usesAtOf(given);
      if (at !== null) await showCalls(await usesAt(server, at), t('Calls of what is defined here, the newest first'));
    },
    'sandglass.showCarriers': async (given) => {
      const at = usesAtOf(given);
      if (at === null) return;
      const calls = await server.request('carriersAt', at);
      if (calls.length > 0) await showCalls(calls, t('LLM calls whose prompt carried this, the newest first'));
      else notifier.show({ severity: 'information', key: 'no-carriers', text: t('No LLM call is known that carried this.'), asked: true });
    },
    'sandglass.goToToolDefinition': async (given) => {
      const call = spanRefOf(given) ?? callOnShow();
      if (call !== null) await goToToolDefinition(call, services);
    },
    'sandglass.toggleBlame': () => services.blame.toggle(),
    'sandglass.mapPaths': (given) => mapPaths(uriOf(given), services),
    'sandglass.previewRule': async (given) => {
      const ref = ruleRefOf(given);
      if (ref !== null) await previewRule(ref, services);
    },
    'sandglass.backTest': async (given) => {
      const asked = uriOf(given);
      const uri = asked === null ? vscode.window.activeTextEditor?.document.uri : vscode.Uri.parse(asked);
      if (uri !== undefined) await backTest(uri, null, services);
    },
    'sandglass.suppressFinding': async (given) => {
      const ref = findingRefOf(given);
      if (ref !== null) await suppressFinding(ref, reasonOf(given), services);
    },
    'sandglass.costMenu': () => showCostMenu(status, notifier),
    'sandglass.openSpan': async (given) => {
      const span = spanRefOf(given);
      if (span !== null) await openSpan(services, span);
    },
    'sandglass.showCosts': (given) => services.costs.showCosts(costPlaceOf(given)),
    'sandglass.showPrices': () => services.costs.showPrices(),
    'sandglass.setPrice': (given) => setPrice(given, services),
    'sandglass.restartServer': () => server.restart(),
    'sandglass.showLogs': () => services.showLogs(),
    'sandglass.getStarted': () => openWalkthrough(services.extensionId),
  };
}

/** In the trace of its session, which is asked for: whoever asks for a span may know no more than its id. */
async function openSpan({ server, trace, notifier }: CommandServices, span: SpanRef): Promise<void> {
  const detail = await server.request('span', { ...span, limit: 0 });
  if (detail !== null) await trace.open({ sourceId: span.sourceId, sessionId: detail.session.id }, { spanId: span.spanId });
  else notifier.show({ severity: 'information', key: 'no-span', text: t('This call is not there any more.'), asked: true });
}

async function jumpToLine(services: CommandServices, span: SpanRef, beside: boolean): Promise<void> {
  const { jump, documents, notifier } = services;
  const result = await jump.toSpan(span, beside);
  switch (result) {
    case 'opened':
      return;
    case 'no-file':
      await documents.showCall(span);
      return sayUnfound(span, services);
    case 'refused':
      notifier.show({
        severity: 'warning',
        key: 'outside',
        text: t('The file of this call lies outside the workspace and the mapped directories, so it is not opened.'),
        actions: [{ title: t('Open Call'), run: () => documents.showCall(span) }],
        asked: true,
      });
  }
}

function inView(status: StatusItem): OpenTraceArguments | undefined {
  return status.view === null ? undefined : { sourceId: status.view.sourceId, sessionId: status.view.session.id };
}

/** The trace goes beside the code it was asked from. */
function besideText(): vscode.ViewColumn {
  return vscode.window.activeTextEditor === undefined ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside;
}

/**
 * Asked twice, since the editor learns of extensions' walkthroughs only when its welcome page first opens, and shows its own
 * until then; asked for the one that is shown already, it does nothing.
 */
async function openWalkthrough(extensionId: string): Promise<void> {
  const open = () => vscode.commands.executeCommand('workbench.action.openWalkthrough', `${extensionId}#${walkthroughId}`, false);
  await open();
  await new Promise((resolve) => setTimeout(resolve, walkthroughsKnownMs));
  await open();
}

async function openRecording(sources: Sources): Promise<void> {
  const folders = await vscode.window.showOpenDialog({
    canSelectFolders: true,
    canSelectFiles: false,
    canSelectMany: false,
    openLabel: t('Open Recording'),
    title: t('A recorded .openclaw state directory, or a folder that holds one'),
  });
  for (const folder of folders ?? []) await sources.open(folder.fsPath);
}
