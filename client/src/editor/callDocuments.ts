/** `sandglass-call:`: read-only plain text about a call, a session's problems that have no file, where sandboxes were looked for, and what was done to them. */
import * as vscode from 'vscode';
import type { SessionRef, SpanRef } from '../../../server/src/protocol/messages';
import type { ServerHost } from '../connection/serverHost';
import { DisposableStore } from '../disposables';
import { callScheme } from '../contributions';
import { plainText } from '../plainText';
import { actionsText } from '../views/actionText';
import { lookedText } from '../views/lookedText';
import type { SandboxData } from '../views/sandboxData';
import { actionsPath, lookedPath, parseCallUri, parseSessionUri } from './callUri';
import { columnBesideTrace } from './groups';

const maxCallText = 2_000_000;
const lookedUri = vscode.Uri.from({ scheme: callScheme, path: lookedPath });
const actionsUri = vscode.Uri.from({ scheme: callScheme, path: actionsPath });

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
        for (const uri of [lookedUri, actionsUri]) if (isOpen(uri)) this.#changed.fire(uri);
      }),
    );
    this.#disposables.add(
      vscode.languages.onDidChangeDiagnostics(({ uris }) => {
        // What stands in it changed together with its problems.
        for (const uri of uris) if (parseSessionUri(uri) !== null && isOpen(uri)) this.#changed.fire(uri);
      }),
    );
  }

  async provideTextDocumentContent(uri: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    if (uri.path === lookedPath) return lookedText(await this.data.load(), vscode.l10n.t);
    if (uri.path === actionsPath) return this.#actions();
    const session = parseSessionUri(uri);
    if (session !== null) return this.#session(session, token);
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

  async #session(session: SessionRef, token: vscode.CancellationToken): Promise<string> {
    await this.ready();
    const answer = await this.server.request('sessionText', session, token);
    if (answer === null) return vscode.l10n.t('This session is not known any more. Its sandbox may not be attached.');
    return plainText(answer.text, { multiline: true, maxLength: maxCallText });
  }

  async showLooked(): Promise<void> {
    await this.data.load();
    this.#changed.fire(lookedUri);
    await this.#show(lookedUri);
  }

  async showActions(): Promise<void> {
    this.#changed.fire(actionsUri);
    await this.#show(actionsUri);
  }

  /** A document that was open when the editor closed comes back with it, in whatever workspace. */
  async #actions(): Promise<string> {
    if (!vscode.workspace.isTrusted) return vscode.l10n.t('This workspace is not trusted, so nothing is told of sandboxes here.');
    return actionsText(await this.server.request('actions', undefined), vscode.l10n.t);
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

function isOpen(uri: vscode.Uri): boolean {
  return vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
}
