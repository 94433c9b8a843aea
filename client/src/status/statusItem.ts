/** The one status bar item. Ticks once a second only while something runs and the window has the focus. */
import * as vscode from 'vscode';
import type { SessionRef, StatusView } from '../../../server/src/protocol/messages';
import { Coalescer } from '../coalescer';
import type { ServerHost } from '../connection/serverHost';
import { flatRateSetting, paysFlatRate } from '../connection/flatRate';
import type { CommandId } from '../contributions';
import { DisposableStore } from '../disposables';
import { isFollowed } from '../views/attached';
import type { SandboxData } from '../views/sandboxData';
import { longestOf, statusText } from './statusText';
import { tooltipCommands } from './statusTooltip';

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
  #tooltip: vscode.MarkdownString | null = null;

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
    this.#disposables.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(flatRateSetting)) this.#draw();
      }),
    );
  }

  /** The text on show; null while hidden. */
  get text(): string | null {
    return this.#text;
  }

  /** What stands in the tooltip; null while hidden. */
  get tooltip(): vscode.MarkdownString | null {
    return this.#text === null ? null : this.#tooltip;
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
      flatRate: paysFlatRate(),
    });
    this.#text = text;
    this.#item.text = text;
    // Whoever has it open may be about to click in it.
    if (this.#tooltip?.value !== tooltip) this.#item.tooltip = this.#tooltip = trustedForItsLinks(tooltip);
    this.#item.accessibilityInformation = { label: spoken };
    this.#item.backgroundColor = amber ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#item.command = menu();
    this.#item.show();
    if (ticking && vscode.window.state.focused) this.#timer = setTimeout(() => this.#draw(), tickMs);
  }
}

/** The keyboard has no tooltips: what stands there is chosen in it. */
function menu(): vscode.Command {
  const command: CommandId = 'sandglass.costMenu';
  return { command, title: vscode.l10n.t('Cost of the Session in View…') };
}

/** Trusted for what statusTooltip.ts writes into it, and for nothing else. */
function trustedForItsLinks(markdown: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString(markdown);
  text.isTrusted = { enabledCommands: tooltipCommands };
  text.supportHtml = false;
  text.supportThemeIcons = false;
  return text;
}
