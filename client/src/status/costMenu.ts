/** The status bar's menu as a quick pick: what is chosen there is done by the commands that do it elsewhere. */
import * as vscode from 'vscode';
import { assertNever } from '../assertNever';
import { runCommand } from '../commands/register';
import type { Notifier } from '../notify';
import { openBudgetSettings } from '../budgets/budgetNotices';
import { paysFlatRate } from '../connection/flatRate';
import type { StatusItem } from './statusItem';
import { statusMenu } from './statusMenu';
import type { MenuAction } from './statusMenu';

const t = vscode.l10n.t;

interface Choice extends vscode.QuickPickItem {
  readonly action?: MenuAction;
}

export async function showCostMenu(status: Pick<StatusItem, 'view'>, notifier: Pick<Notifier, 'show'>): Promise<void> {
  const { view } = status;
  if (view === null) {
    const text = t('No session is known yet. Attach to a sandbox or play the sample first.');
    notifier.show({
      severity: 'information',
      key: 'cost-menu',
      text,
      actions: [{ title: t('Play Sample Run'), run: () => runCommand('sandglass.playSample') }],
      asked: true,
    });
    return;
  }
  const clockOf = (time: string): string => new Date(time).toLocaleTimeString();
  const choices = statusMenu(view, paysFlatRate(), clockOf, t).map((item): Choice =>
    item.kind === 'heading'
      ? { label: item.label, kind: vscode.QuickPickItemKind.Separator }
      : { label: item.label, ...(item.description === undefined ? {} : { description: item.description }), action: item.action },
  );
  const chosen = await vscode.window.showQuickPick(choices, { placeHolder: t('What it costs now'), matchOnDescription: true });
  if (chosen?.action !== undefined) await act(chosen.action);
}

function act(action: MenuAction): Thenable<unknown> {
  switch (action.kind) {
    case 'trace':
      return runCommand('sandglass.openTrace', action.session);
    case 'span':
      return runCommand('sandglass.openSpan', action.span);
    case 'costs':
      return runCommand('sandglass.showCosts');
    case 'prices':
      return runCommand('sandglass.showPrices');
    case 'budgets':
      return openBudgetSettings();
    default:
      return assertNever(action);
  }
}
