/**
 * Tells that a budget is nearly or wholly used. The server says it once, to one window; so what the rules of notifications hold back is
 * kept and shown when they let it. What a person does not want to be told again is remembered for that limit; another limit is another.
 */
import * as vscode from 'vscode';
import type { BudgetNotice } from '../../../server/src/protocol/cost';
import { runCommand } from '../commands/register';
import { paysFlatRate } from '../connection/flatRate';
import { readSetting } from '../connection/readSetting';
import type { ServerHost } from '../connection/serverHost';
import type { SettingId } from '../contributions';
import { DisposableStore } from '../disposables';
import type { Notifier, NotifyAction } from '../notify';
import { plainText } from '../plainText';
import { budgetKey, limitsSetting, noticeText } from './budgetText';

const t = vscode.l10n.t;
const silencedKey = 'sandglass.budgets.silenced';
const silencedKept = 100;
const heldLimit = 10;
const retryMs = 20_000;
const maxSandbox = 30;

const atLimit: SettingId = 'sandglass.budgets.atLimit';

export function openBudgetSettings(): Thenable<unknown> {
  return vscode.commands.executeCommand('workbench.action.openSettings', limitsSetting);
}

export class BudgetNotices implements vscode.Disposable {
  readonly #disposables = new DisposableStore();
  #held: BudgetNotice[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    server: Pick<ServerHost, 'onBudget'>,
    private readonly notifier: Pick<Notifier, 'tryToShow'>,
    private readonly state: vscode.Memento,
    private readonly retryAfterMs = retryMs,
  ) {
    this.#disposables.add(server.onBudget((notice) => this.tell(notice)));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#disposables.dispose();
  }

  tell(notice: BudgetNotice): void {
    // The newest are the ones that still hold.
    if (!this.#show(notice)) this.#held = [...this.#held, notice].slice(-heldLimit);
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#held.length === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const [next, ...rest] = this.#held;
      if (next !== undefined && this.#show(next)) this.#held = rest;
      this.#retryLater();
    }, this.retryAfterMs);
  }

  /** False: the rules hold it back. */
  #show(notice: BudgetNotice): boolean {
    const { state, level } = notice;
    const budget = budgetKey(state);
    if (this.#silenced.includes(budget)) return true;
    return this.notifier.tryToShow({
      severity: 'warning',
      key: JSON.stringify([budget, level, state.sourceId, state.session, state.span]),
      text: noticeText(notice, paysFlatRate(), t),
      actions: this.#actions(notice),
      silenced: () => this.state.update(silencedKey, [...this.#silenced, budget].slice(-silencedKept)),
    });
  }

  get #silenced(): readonly string[] {
    return this.state.get<readonly string[]>(silencedKey, []);
  }

  #actions({ state, level, pausable, sandbox }: BudgetNotice): readonly NotifyAction[] {
    const { session } = state;
    const sourceId = session?.sourceId ?? state.sourceId;
    const pause: NotifyAction = {
      title: t('Pause {0}…', plainText(sandbox ?? '', { maxLength: maxSandbox })),
      // It asks first, records it, and offers to resume.
      run: () => runCommand('sandglass.pauseSandbox', { sourceId }),
    };
    const offersPause = level === 'passed' && pausable && sourceId !== null && readSetting(atLimit) === 'offerPause';
    const trace: NotifyAction = {
      title: t('Open Trace'),
      run: () => runCommand('sandglass.openTrace', { ...session, ...spanOf(state.span?.spanId) }),
    };
    const costs: NotifyAction = { title: t('Open Cost View'), run: () => runCommand('sandglass.showCosts') };
    // The editor cuts off the words of more than three, and one is there to be told no more.
    return [...(offersPause ? [pause] : []), ...(session === null ? [] : [trace]), ...(offersPause && session !== null ? [] : [costs])];
  }
}

function spanOf(spanId: string | undefined): { readonly spanId?: string } {
  return spanId === undefined ? {} : { spanId };
}
