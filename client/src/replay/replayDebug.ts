/** Registers the debug type `sandglass-replay`. The adapter runs in the extension host and is loaded at the first replay. */
import * as vscode from 'vscode';
import type { ReplayStep, SessionRef, SpanRef } from '../../../server/src/protocol/messages';
import { paysFlatRate } from '../connection/flatRate';
import type { ServerHost } from '../connection/serverHost';
import { replayType } from '../contributions';
import { DisposableStore } from '../disposables';
import { leaveTrace } from '../editor/groups';
import type { Jump } from '../editor/jump';
import { documentName } from '../plainText';

/** Characters of arguments and results that the variables of a step are made from. */
const detailLimit = 100_000;

export interface ReplayOptions {
  readonly server: ServerHost;
  readonly jump: Jump;
  /** Resolves when the sources that were open before are open again. */
  ready(): Promise<void>;
  pickSession(placeHolder: string): Promise<SessionRef | null>;
  stoppedAt(span: SpanRef, session: SessionRef): void;
}

export class ReplayDebug implements vscode.DebugConfigurationProvider, vscode.DebugAdapterDescriptorFactory {
  readonly #disposables = new DisposableStore();

  constructor(private readonly options: ReplayOptions) {
    this.#disposables.add(vscode.debug.registerDebugConfigurationProvider(replayType, this));
    this.#disposables.add(vscode.debug.registerDebugAdapterDescriptorFactory(replayType, this));
  }

  async start(session: SessionRef): Promise<boolean> {
    const configuration: vscode.DebugConfiguration = { type: replayType, request: 'launch', name: vscode.l10n.t('Replay'), ...session };
    await leaveTrace();
    return vscode.debug.startDebugging(undefined, configuration, { suppressSaveBeforeStart: true });
  }

  /** Without a session named (a bare launch.json entry, or "Run" on nothing) the user is asked; no choice, no replay. */
  async resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    given: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const configuration = { ...given, type: replayType, request: 'launch', name: given.name || vscode.l10n.t('Replay') };
    if (typeof given['sourceId'] === 'string' && typeof given['sessionId'] === 'string') return configuration;
    const picked = await this.options.pickSession(vscode.l10n.t('Which session do you want to replay?'));
    return picked === null ? undefined : { ...configuration, ...picked };
  }

  async createDebugAdapterDescriptor(session: vscode.DebugSession): Promise<vscode.DebugAdapterDescriptor> {
    const { server, ready, stoppedAt } = this.options;
    const { ReplaySession } = await import('./replaySession');
    const { sourceId, sessionId } = session.configuration;
    const adapter = new ReplaySession({
      steps: async (ref) => {
        await ready();
        return server.request('replay', ref);
      },
      detail: (ref) => server.request('span', { ...ref, limit: detailLimit }),
      place: (step) => this.#place(step),
      stoppedAt: (span) => stoppedAt(span, { sourceId, sessionId }),
      flatRate: paysFlatRate,
      t: vscode.l10n.t,
    });
    return new vscode.DebugAdapterInlineImplementation(adapter);
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #place(step: ReplayStep): { readonly uri: string; readonly name: string; readonly line: number } {
    const { anchor } = step;
    if (anchor !== null && this.options.jump.allowed(anchor)) {
      return { uri: anchor.uri, name: documentName(anchor.sandboxPath.split('/').at(-1) ?? '', 'file'), line: anchor.startLine };
    }
    const uri = vscode.Uri.parse(step.address);
    return { uri: uri.toString(), name: uri.path.slice(1), line: 0 };
  }
}
