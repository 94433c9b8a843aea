/** `sandglass-policy:`: the policy that a sandbox runs with, as its gateway tells it; read-only, for there is no file to write to. */
import * as vscode from 'vscode';
import type { ServerHost } from '../connection/serverHost';
import { policyScheme } from '../contributions';
import { DisposableStore } from '../disposables';
import { plainText } from '../plainText';

const maxPolicyText = 2_000_000;

export class PolicyDocuments implements vscode.TextDocumentContentProvider {
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.#changed.event;

  constructor(
    private readonly server: ServerHost,
    /** Resolves when the sources that were open before are open again. */
    private readonly ready: () => Promise<void>,
  ) {
    this.#disposables.add(
      vscode.languages.onDidChangeDiagnostics(({ uris }) => {
        // Another policy has other problems, or the same ones elsewhere.
        for (const uri of uris) if (uri.scheme === policyScheme && isOpen(uri)) this.#changed.fire(uri);
      }),
    );
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    await this.ready();
    const answer = await this.server.request('policyText', { uri: uri.toString() }, token);
    if (answer === null)
      return vscode.l10n.t(
        '# Nothing is known of the policy in force: its sandbox may not be attached, or its gateway was not asked or did not answer.',
      );
    // The server wrote all that is not plain as an escape: nothing is taken out here, so places in it hold.
    return plainText(answer.text, { multiline: true, maxLength: maxPolicyText });
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

function isOpen(uri: vscode.Uri): boolean {
  return vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
}
