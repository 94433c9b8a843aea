/** The one status bar item. Ticks once a second only while something runs and the window has the focus. */
import * as vscode from 'vscode';
import type { SessionRef, StatusView } from '../../../server/src/protocol/messages';
import { Coalescer } from '../coalescer';
import type { ServerHost } from '../connection/serverHost';
import type { CommandId, OpenTraceArguments } from '../contributions';
import { DisposableStore } from '../disposables';
import { isFollowed } from '../views/attached';
import type { SandboxData } from '../views/sandboxData';
import { longestOf, statusText } from './statusText';

const refreshMs = 250;
const tickMs = 1_000;

export class StatusItem {
  readonly #disposables = new DisposableStore();
  readonly #item: vscode.StatusBarItem;
  readonly #coalescer: Coalescer;
  #view: StatusView | null = null;
  #inView: SessionRef | null = null;
  #timer: NodeJS.Timeout | undefined;
  #text: string | null = null;

  constructor(
    private readonly server: ServerHost,
    private readonly sources: Pick<SandboxData, 'node' | 'onDidChange' | 'inventory'>,
    failed: (error: unknown) => void,
  ) {
    this.#item = this.#disposables.add(vscode.window.createStatusBarItem('sandglass.status', vscode.StatusBarAlignment.Left, 50));
    this.#item.name = vscode.l10n.t('Sandglass: Agent in View');
    this.#coalescer = this.#disposables.add(new Coalescer(refreshMs, () => this.#fetch(), failed));
    this.#disposables.add(server.onChanged(() => this.#coalescer.ask()));
    this.#disposables.add(server.onDidChangeState(() => this.#coalescer.ask()));
    this.#disposables.add(sources.onDidChange(() => this.#draw()));
    this.#disposables.add(vscode.window.onDidChangeWindowState(() => this.#draw()));
  }

  /** The text on show; null while hidden. */
  get text(): string | null {
    return this.#text;
  }

  get view(): StatusView | null {
    return this.#view;
  }

  /** The session that the user looks at; null: whichever was last acted in. */
  follow(session: SessionRef | null): void {
    this.#inView = session;
    this.#coalescer.ask();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#disposables.dispose();
  }

  async #fetch(): Promise<void> {
    if (this.server.state.kind !== 'running') this.#view = null;
    else {
      const asked = this.#inView === null ? null : await this.server.request('status', this.#inView);
      this.#view = asked ?? (await this.server.request('status', {}));
    }
    this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#timer);
    if (this.#view === null) {
      this.#text = null;
      this.#item.hide();
      return;
    }
    const source = this.sources.node(this.#view.sourceId);
    const longest = longestOf(source);
    const { text, amber, ticking, tooltip, spoken } = statusText(this.#view, longest, Date.now(), vscode.l10n.t, {
      // A recording is read by each window for itself.
      collector:
        source !== null && source.kind !== 'directory' && isFollowed(source.attach) ? (this.sources.inventory?.collector ?? null) : null,
      paused: source?.state === 'paused',
    });
    this.#text = text;
    this.#item.text = text;
    this.#item.tooltip = untrusted(tooltip);
    this.#item.accessibilityInformation = { label: spoken };
    this.#item.backgroundColor = amber ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#item.command = openTrace({ sourceId: this.#view.sourceId, sessionId: this.#view.session.id });
    this.#item.show();
    if (ticking && vscode.window.state.focused) this.#timer = setTimeout(() => this.#draw(), tickMs);
  }
}

function openTrace(session: OpenTraceArguments): vscode.Command {
  const command: CommandId = 'sandglass.openTrace';
  return { command, title: vscode.l10n.t('Open Trace'), arguments: [session] };
}

function untrusted(markdown: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString(markdown);
  text.isTrusted = false;
  text.supportHtml = false;
  return text;
}
