/**
 * Says which entries of the user's price book can't be read, when the editor starts and when the setting changes: left out in silence,
 * they would be prices that somebody believes in. What is wrong with each the setting's own schema marks where it stands.
 */
import * as vscode from 'vscode';
import type { SettingId } from '../contributions';
import type { Notifier } from '../notify';
import { unreadPrices } from './priceSetting';

const setting: SettingId = 'sandglass.cost.prices';
/** So many entries are named. */
const mostNamed = 5;

export class PriceProblems implements vscode.Disposable {
  readonly #listening: vscode.Disposable;
  /** What was said last: the same is not said again with each change of something else. */
  #said = '';

  constructor(private readonly notifier: Notifier) {
    this.#listening = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(setting)) this.#look();
    });
    this.#look();
  }

  #look(): void {
    const unread = unreadPrices(vscode.workspace.getConfiguration().get(setting));
    const text = problemText(unread);
    if (text !== null && text !== this.#said) {
      const run = (): unknown => vscode.commands.executeCommand('workbench.action.openSettingsJson', { revealSetting: { key: setting } });
      this.notifier.show({
        severity: 'warning',
        key: 'price-book',
        text,
        actions: [{ title: vscode.l10n.t('Open Setting'), run }],
        asked: this.#said !== '',
      });
    }
    this.#said = text ?? '';
  }

  dispose(): void {
    this.#listening.dispose();
  }
}

function problemText(unread: ReturnType<typeof unreadPrices>): string | null {
  if (unread === 'no-list') return vscode.l10n.t('Your price book ({0}) is no list, so none of its prices holds.', setting);
  if (unread.length === 0) return null;
  const named = unread.slice(0, mostNamed).join(', ');
  return unread.length === 1
    ? vscode.l10n.t('Entry {0} of your price book ({1}) can’t be read, so its price does not hold.', named, setting)
    : vscode.l10n.t(
        '{0} entries of your price book ({1}) can’t be read, so their prices do not hold. The first: {2}',
        unread.length,
        setting,
        named,
      );
}
