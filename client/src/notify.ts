/** The one way to a notification. Text in it is made plain and holds no links; what is held back goes to the log. */
import * as vscode from 'vscode';
import { asServerError } from './connection/serverError';
import { NotifyRules } from './notifyRules';
import { plainText, withoutLinks } from './plainText';

const maxText = 600;

export interface NotifyAction {
  readonly title: string;
  run(): unknown;
}

export interface Notice {
  readonly severity: 'error' | 'warning' | 'information';
  /** What it is about; the same key is not shown twice at once nor soon again. */
  readonly key: string;
  readonly text: string;
  readonly actions?: readonly NotifyAction[];
  /** It answers something the user just did. */
  readonly asked?: boolean;
  /** The user does not want it again: for those who remember that beyond this window. */
  silenced?(): unknown;
}

/** What the server says of a failure has no full stop; what follows it here begins a sentence. */
function sentence(text: string | null): string {
  const said = (text ?? '').trimEnd();
  return /[.!?…:]$/u.test(said) ? said : `${said}.`;
}

export class Notifier {
  readonly #rules = new NotifyRules();
  readonly #silenced = new Set<string>();

  constructor(private readonly log: vscode.LogOutputChannel) {}

  show(notice: Notice): void {
    this.tryToShow(notice);
  }

  /** False: the rules hold it back, and nobody saw it. */
  tryToShow(notice: Notice): boolean {
    const text = withoutLinks(plainText(notice.text, { maxLength: maxText }));
    this.log[notice.severity === 'information' ? 'info' : notice.severity === 'warning' ? 'warn' : 'error'](
      `notice ${notice.key}: ${text}`,
    );
    if (this.#silenced.has(notice.key)) return true;
    if (!this.#rules.admit(notice.key, notice.asked === true)) return false;
    void this.#show(notice, text);
    return true;
  }

  /** What a failed request means to the user: what, why and what to do; nothing for what the user cancelled. */
  failure(key: string, what: string, error: unknown, actions: readonly NotifyAction[] = []): void {
    const failure = asServerError(error);
    if (failure.reason === 'cancelled') return;
    const parts = [what, failure.message, failure.hint].filter((part) => part !== null && part !== '').map(sentence);
    this.show({ severity: 'error', key, text: parts.join(' '), actions, asked: true });
  }

  async #show(notice: Notice, text: string): Promise<void> {
    const silence: NotifyAction = {
      title: vscode.l10n.t('Do Not Show Again'),
      run: () => (this.#silenced.add(notice.key), notice.silenced?.()),
    };
    const actions = [...(notice.actions ?? []), ...(notice.asked === true || notice.severity === 'error' ? [] : [silence])];
    const open = {
      error: vscode.window.showErrorMessage,
      warning: vscode.window.showWarningMessage,
      information: vscode.window.showInformationMessage,
    };
    const chosen = await open[notice.severity]<string>(text, ...actions.map((action) => action.title));
    this.#rules.closed(notice.key);
    await actions.find((action) => action.title === chosen)?.run();
  }
}
