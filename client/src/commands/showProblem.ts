/** Selects a problem in the Problems view, as a user would who walks its list, and checks that it was the right one. */
import * as vscode from 'vscode';
import { problemRow } from './problemRow';

const tries = 3;
const settleMs = 400;

export async function showProblem(editor: vscode.TextEditor, diagnostic: vscode.Diagnostic): Promise<void> {
  const { document } = editor;
  const start = diagnostic.range.start;
  const elsewhere = new vscode.Position(start.line === 0 ? Math.min(1, document.lineCount - 1) : 0, 0);
  const viewColumn = editor.viewColumn ?? vscode.ViewColumn.One;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    // The list opens what is selected in it: that the cursor comes back to the line tells that the row was right.
    const shown = await vscode.window.showTextDocument(document, {
      viewColumn,
      preview: false,
      selection: new vscode.Range(elsewhere, elsewhere),
    });
    await vscode.commands.executeCommand('workbench.panel.markers.view.focus');
    const row = problemRow(listedFiles(), document.uri.fsPath, start.line);
    if (row === null) break;
    await vscode.commands.executeCommand('list.focusFirst');
    await vscode.commands.executeCommand('list.focusDown', row);
    await vscode.commands.executeCommand('list.selectAndPreserveFocus');
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const active = vscode.window.activeTextEditor;
    if (active?.document === document && active.selection.active.line === start.line && shown.document === document) return;
  }
  await vscode.window.showTextDocument(document, { viewColumn, preview: false, selection: new vscode.Range(start, start) });
  await vscode.commands.executeCommand('workbench.panel.markers.view.focus');
}

function listedFiles(): Parameters<typeof problemRow>[0] {
  return vscode.languages.getDiagnostics().map(([uri, diagnostics]) => ({
    path: uri.fsPath,
    name: uri.path.split('/').at(-1) ?? '',
    problems: diagnostics.map(({ severity, range, relatedInformation }) => ({
      severity,
      line: range.start.line,
      column: range.start.character,
      related: relatedInformation?.length ?? 0,
    })),
  }));
}
