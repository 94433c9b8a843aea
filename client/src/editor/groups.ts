/** Where editors come up beside a trace: files and calls never cover it. */
import * as vscode from 'vscode';
import { tracePanelType } from '../contributions';

/** A column whose group shows no trace, the active one first; `Beside` where there is none; undefined: no trace is on show. */
export function columnBesideTrace(): vscode.ViewColumn | undefined {
  const { all, activeTabGroup } = vscode.window.tabGroups;
  const free = all.filter((group) => !showsTrace(group));
  if (free.length === all.length) return undefined;
  return (free.find((group) => group === activeTabGroup) ?? free[0])?.viewColumn ?? vscode.ViewColumn.Beside;
}

/** For what the editor opens in its active group by itself, as the debugger does. */
export async function leaveTrace(): Promise<void> {
  const { activeTabGroup } = vscode.window.tabGroups;
  if (!showsTrace(activeTabGroup)) return;
  const column = columnBesideTrace();
  if (column === undefined) return;
  const focus = column === vscode.ViewColumn.Beside ? 'workbench.action.newGroupLeft' : focusCommands[column - 1];
  if (focus !== undefined) await vscode.commands.executeCommand(focus);
}

const focusCommands = ['First', 'Second', 'Third', 'Fourth', 'Fifth', 'Sixth', 'Seventh', 'Eighth'].map(
  (name) => `workbench.action.focus${name}EditorGroup`,
);

function showsTrace({ activeTab }: vscode.TabGroup): boolean {
  // The editor puts a prefix of its own before the type.
  return activeTab?.input instanceof vscode.TabInputWebview && activeTab.input.viewType.endsWith(tracePanelType);
}
