/** `sandglass-call:`: read-only plain text about a call that has no file, and where sandboxes were looked for. */
import * as vscode from 'vscode';
import type { SpanRef } from '../../../server/src/protocol/messages';
import type { ServerHost } from '../connection/serverHost';
import { DisposableStore } from '../disposables';
import { callScheme } from '../contributions';
import { plainText } from '../plainText';
import { lookedText } from '../views/lookedText';
import type { SandboxData } from '../views/sandboxData';
import { lookedPath, parseCallUri } from './callUri';
import { columnBesideTrace } from './groups';

const maxCallText = 2_000_000;
const lookedUri = vscode.Uri.from({ scheme: callScheme, path: lookedPath });

export class CallDocuments implements vscode.TextDocumentContentProvider {
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new vscode.EventEmitter<vscode.Uri>());
  readonly onDidChange = this.#changed.event;

  constructor(
    private readonly server: ServerHost,
    private readonly data: SandboxData,
    /** Resolves when the sources that were open before are open again. */
    private readonly ready: () => Promise<void>,
  ) {
    this.#disposables.add(
      data.onDidChange(() => {
        if (vscode.workspace.textDocuments.some((document) => document.uri.toString() === lookedUri.toString()))
          this.#changed.fire(lookedUri);
      }),
    );
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    if (uri.path === lookedPath) return lookedText(await this.data.load(), vscode.l10n.t);
    const ref = parseCallUri(uri);
    await this.ready();
    const answer = ref === null ? null : await this.server.request('callText', ref, token);
    if (answer === null) return vscode.l10n.t('This call is not known any more. Its sandbox may not be attached.');
    return plainText(answer.text, { multiline: true, maxLength: maxCallText });
  }

  async showCall({ sourceId, spanId }: SpanRef): Promise<void> {
    await this.ready();
    await this.#show(vscode.Uri.parse(await this.server.request('callAddress', { sourceId, spanId })));
  }

  async showLooked(): Promise<void> {
    await this.data.load();
    this.#changed.fire(lookedUri);
    await this.#show(lookedUri);
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  async #show(uri: vscode.Uri): Promise<void> {
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.languages.setTextDocumentLanguage(document, 'plaintext');
    await vscode.window.showTextDocument(document, { preview: true, viewColumn: columnBesideTrace() });
  }
}
