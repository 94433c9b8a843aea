/** The cost page's questions, asked of the server and of the view's data; what it leads to runs as commands. */
import * as vscode from 'vscode';
import type { CancellationToken } from 'vscode';
import type { CostAnswer, CostQuery, PricedModel } from '../../server/src/protocol/cost';
import type { InsightsQuery } from '../../server/src/protocol/insight';
import type { SessionRef } from '../../server/src/protocol/messages';
import type { CostNotes, CostSource, ModelName } from '../../webviews/contract/cost';
import { pickSession } from './commands/picks';
import { runCommand } from './commands/register';
import { readSetting } from './connection/readSetting';
import { requestFailure } from './connection/requestFailure';
import type { ServerHost } from './connection/serverHost';
import type { SettingId } from './contributions';
import { insightNote } from './insightText';
import { isAttached } from './views/attached';
import type { SandboxData } from './views/sandboxData';
import { findSessionRow } from './views/treeModel';
import type { CostBackend } from './webviews/costBackend';

const prices: SettingId = 'sandglass.cost.prices';
const flatRate: SettingId = 'sandglass.cost.subscription';

export class ServerCostBackend implements CostBackend {
  constructor(
    private readonly server: ServerHost,
    private readonly data: SandboxData,
    /** Resolves when the sources that were open before are open again; a restored panel asks before they are. */
    private readonly ready: () => Promise<void>,
  ) {}

  async costs(query: CostQuery, token: CancellationToken): Promise<CostAnswer> {
    await this.ready();
    return this.server.request('costs', query, token);
  }

  async prices(token: CancellationToken): Promise<readonly PricedModel[]> {
    await this.ready();
    return this.server.request('prices', undefined, token);
  }

  async sources(): Promise<readonly CostSource[]> {
    await this.ready();
    const { sandboxes } = await this.data.load();
    return sandboxes
      .filter(({ attach, state }) => isAttached(attach) || state === 'removed')
      .map(({ id, name, kind }) => ({ sourceId: id, name, sample: kind === 'sample' }));
  }

  sessionTitle({ sourceId, sessionId }: SessionRef): string | null {
    return findSessionRow(sourceId, sessionId, this.data)?.label ?? null;
  }

  async notes(query: InsightsQuery, token: CancellationToken): Promise<CostNotes> {
    await this.ready();
    const { insights, cut } = await this.server.request('insights', query, token);
    return { notes: insights.map((insight) => insightNote(insight, this.subscription(), vscode.l10n.t)), cut };
  }

  subscription(): boolean {
    return readSetting(flatRate) === true;
  }

  priceSetting(): unknown {
    return readSetting(prices);
  }

  onChanged(listener: () => void): { dispose(): unknown } {
    return vscode.Disposable.from(
      this.server.onChanged(() => listener()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(prices) || event.affectsConfiguration(flatRate)) listener();
      }),
    );
  }

  open(session: SessionRef, spanId: string | null): void {
    void runCommand('sandglass.openTrace', spanId === null ? session : { ...session, spanId });
  }

  chooseSession(): Promise<SessionRef | null> {
    return pickSession(this.data, vscode.l10n.t('Show the costs of which session?'));
  }

  setPrice(model: ModelName): void {
    void runCommand('sandglass.setPrice', model);
  }

  removePrice(model: ModelName): void {
    void runCommand('sandglass.setPrice', { ...model, remove: true });
  }

  openSettings(): void {
    void vscode.commands.executeCommand('workbench.action.openSettings', prices);
  }

  begin(kind: 'sample' | 'recording' | 'attach'): void {
    void runCommand(kind === 'sample' ? 'sandglass.playSample' : kind === 'recording' ? 'sandglass.openRecording' : 'sandglass.attach');
  }

  async copy(text: string): Promise<void> {
    await vscode.env.clipboard.writeText(text);
  }

  failure(error: unknown): { readonly reason: string; readonly hint: string } {
    return requestFailure(error, vscode.l10n.t);
  }
}
