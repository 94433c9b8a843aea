/** From a call to the line it belongs to. An anchor is opened only where one may lead (see targets.ts). */
import { existsSync, realpathSync } from 'node:fs';
import * as vscode from 'vscode';
import type { Anchor, SpanRef } from '../../../server/src/protocol/messages';
import { readSetting } from '../connection/readSetting';
import { readSettings } from '../connection/settings';
import type { ServerHost } from '../connection/serverHost';
import { columnBesideTrace } from './groups';
import { isAllowedTarget } from './targets';

const staleMessageMs = 5_000;

export type JumpResult = 'opened' | 'no-file' | 'refused';

export class Jump {
  constructor(private readonly server: ServerHost) {}

  async toSpan(ref: SpanRef, beside: boolean): Promise<JumpResult> {
    const anchors = await this.server.request('locate', ref);
    if (anchors.length === 0) return 'no-file';
    const anchor = anchors.find((each) => this.allowed(each));
    if (anchor === undefined) return 'refused';
    await this.toAnchor(anchor, { beside });
    return 'opened';
  }

  allowed(anchor: Pick<Anchor, 'uri'>): boolean {
    const trusted = vscode.workspace.isTrusted;
    const { pathMappings } = readSettings(readSetting);
    return isAllowedTarget(vscode.Uri.parse(anchor.uri), {
      workspaceFolders: (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath),
      pathMappings: trusted ? pathMappings : [],
      realPath,
    });
  }

  /** Opens the place next to the trace that is on show, never over it. `beside`: the trace keeps the focus. */
  async toAnchor(
    anchor: Anchor,
    options: { readonly beside: boolean; readonly column?: vscode.ViewColumn; readonly keep?: boolean },
  ): Promise<vscode.TextEditor> {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(anchor.uri));
    const last = Math.max(0, document.lineCount - 1);
    const start = new vscode.Position(Math.min(anchor.startLine, last), 0);
    const end = document.lineAt(Math.min(Math.max(anchor.endLine, anchor.startLine), last)).range.end;
    const editor = await vscode.window.showTextDocument(document, {
      viewColumn: options.column ?? columnBesideTrace(),
      preserveFocus: options.beside,
      preview: options.keep !== true,
      selection: new vscode.Range(start, start),
    });
    editor.revealRange(new vscode.Range(start, anchor.wholeFile ? start : end), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    if (anchor.stale) vscode.window.setStatusBarMessage(vscode.l10n.t('$(history) The file changed since this call'), staleMessageMs);
    return editor;
  }
}

/** What is not there leads nowhere; opening it says so. */
function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}
