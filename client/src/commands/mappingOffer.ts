/**
 * When a person comes to a file of a sandbox that the workspace seems to have: says so, once for each directory and workspace, and
 * never again when told not to.
 */
import * as vscode from 'vscode';
import type { MappingProposal } from '../../../server/src/protocol/mappings';
import type { ServerHost } from '../connection/serverHost';
import { fileScheme } from '../contributions';
import { DisposableStore } from '../disposables';
import type { Notifier } from '../notify';
import { workspaceFolders } from './mapping';
import { sandboxText, workspaceText } from './mappingText';

const offeredKey = 'sandglass.mappings.offered';
const offKey = 'sandglass.mappings.off';
const offersKept = 100;
/** Looking through a workspace costs something, so it is not done for whatever is opened. */
const searchesInAWindow = 12;

export class MappingOffer implements vscode.Disposable {
  readonly #disposables = new DisposableStore();
  readonly #asked = new Set<string>();

  constructor(
    private readonly server: Pick<ServerHost, 'request'>,
    private readonly notifier: Pick<Notifier, 'show'>,
    private readonly state: vscode.Memento,
    private readonly map: (uri: string) => unknown,
    failed: (error: unknown) => void,
  ) {
    this.#disposables.add(
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor !== undefined) this.met(editor.document.uri).catch(failed);
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  async met(uri: vscode.Uri): Promise<void> {
    if (uri.scheme !== fileScheme || !vscode.workspace.isTrusted || workspaceFolders().length === 0) return;
    const directory = `${uri.authority}${uri.path.slice(0, uri.path.lastIndexOf('/'))}`;
    if (this.state.get(offKey) === true || this.#asked.has(directory) || this.#asked.size >= searchesInAWindow) return;
    this.#asked.add(directory);
    const { proposals } = await this.server.request('mappings', { uri: uri.toString() });
    const fits = ({ sandbox, confidence, gained }: MappingProposal): boolean =>
      uri.path.startsWith(`${sandbox}/`) && confidence === 'sure' && gained > 0;
    const proposal = proposals.find(fits);
    if (proposal !== undefined) await this.#offer(uri, proposal);
  }

  async #offer(uri: vscode.Uri, { sandbox, workspace, matched }: MappingProposal): Promise<void> {
    const offered = this.state.get<readonly string[]>(offeredKey, []);
    if (offered.includes(sandbox)) return;
    await this.state.update(offeredKey, [...offered, sandbox].slice(-offersKept));
    this.notifier.show({
      severity: 'information',
      key: `map ${sandbox}`,
      text: vscode.l10n.t(
        '{0} files of {1} match {2} by their content. Calls on them can be shown there.',
        matched,
        sandboxText(sandbox),
        workspaceText(workspace, workspaceFolders()),
      ),
      actions: [{ title: vscode.l10n.t('Map…'), run: () => this.map(uri.toString()) }],
      silenced: () => this.state.update(offKey, true),
    });
  }
}
