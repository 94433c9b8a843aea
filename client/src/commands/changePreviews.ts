/** A change of a file before it is written: beside the file as a diff, and then as an edit of what the editor has open. */
import * as vscode from 'vscode';
import type { RuleTextEdit } from '../../../server/src/protocol/rules';
import { previewScheme } from '../contributions';

const t = vscode.l10n.t;
const maxPreviews = 20;

export function changedText(document: vscode.TextDocument, edits: readonly RuleTextEdit[]): string {
  const offsets = edits.map(({ range, newText }) => ({
    from: document.offsetAt(new vscode.Position(range.start.line, range.start.character)),
    to: document.offsetAt(new vscode.Position(range.end.line, range.end.character)),
    newText,
  }));
  return offsets
    .sort((a, b) => b.from - a.from)
    .reduce((text, { from, to, newText }) => text.slice(0, from) + newText + text.slice(to), document.getText());
}

/** A file without changes of the user's own is saved; with them it stays as open as it was. False: it was to be saved and was not. */
export async function writeChange(document: vscode.TextDocument, edits: readonly RuleTextEdit[]): Promise<boolean> {
  const { isDirty } = document;
  const edit = new vscode.WorkspaceEdit();
  for (const { range, newText } of edits)
    edit.replace(document.uri, new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character), newText);
  if (!(await vscode.workspace.applyEdit(edit))) throw new Error(t('The editor did not take the change.'));
  return isDirty || (await document.save());
}

export async function closeDiff(changed: vscode.Uri): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  await vscode.window.tabGroups.close(
    tabs.filter(({ input }) => input instanceof vscode.TabInputTextDiff && input.modified.toString() === changed.toString()),
  );
}

/** The changed files of previews, as read-only documents. */
export class ChangePreviews implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  #made = 0;

  put(file: vscode.Uri, text: string): vscode.Uri {
    this.#made += 1;
    const uri = vscode.Uri.from({ scheme: previewScheme, path: file.path, query: String(this.#made) });
    this.#texts.set(uri.toString(), text);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > maxPreviews && oldest !== undefined) this.#texts.delete(oldest);
    return uri;
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? t('This preview is over.');
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
