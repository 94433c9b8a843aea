/** The cost view: owns its one webview panel, and what is restored of it after a restart. What it shows is webviews/cost. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { CostPageResponse, CostPlace, CostViewState } from '../../../webviews/contract/cost';
import { costStrings } from '../../../webviews/contract/costStrings';
import { costPanelType } from '../contributions';
import { DisposableStore } from '../disposables';
import type { CostBackend } from './costBackend';
import { CostLink } from './costLink';
import { firstState, isCostViewState } from './costMessages';
import { traceHtml } from './traceHtml';

interface Opened {
  readonly panel: vscode.WebviewPanel;
  readonly link: CostLink;
  readonly owned: DisposableStore;
}

export class CostPanel implements vscode.WebviewPanelSerializer {
  readonly #owned = new DisposableStore();
  #opened: Opened | null = null;
  /** As it was when it was closed. */
  #last: CostViewState = firstState;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly backend: CostBackend,
  ) {
    this.#owned.add(vscode.window.registerWebviewPanelSerializer(costPanelType, this));
  }

  /** `place`: what the costs are of; null: as it was. */
  showCosts(place: CostPlace | null): void {
    const state = this.#opened?.link.state ?? this.#last;
    // Of one session or sandbox it is the whole that is asked for, whatever time was looked at before.
    this.#show(place === null ? { ...state, side: 'costs' } : { ...firstState, by: state.by, place });
  }

  showPrices(): void {
    this.#show({ ...(this.#opened?.link.state ?? this.#last), side: 'prices' });
  }

  get state(): CostViewState | null {
    return this.#opened?.link.state ?? null;
  }

  /** What is on show; null: nothing yet. */
  get shown(): CostPageResponse | null {
    return this.#opened?.link.shown ?? null;
  }

  /** A panel of an earlier run of the editor. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    if (this.#opened !== null) {
      panel.dispose();
      return;
    }
    panel.webview.options = this.#webviewOptions();
    this.#adopt(panel, isCostViewState(state) ? state : firstState);
  }

  dispose(): void {
    this.#owned.dispose();
    this.#opened?.panel.dispose();
  }

  #show(state: CostViewState): void {
    if (this.#opened !== null) {
      this.#opened.panel.reveal();
      this.#opened.link.show(state);
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      costPanelType,
      vscode.l10n.t('Costs'),
      vscode.ViewColumn.Active,
      // Kept while hidden: what was chosen and the place in a long list are worth more than what they hold.
      { ...this.#webviewOptions(), retainContextWhenHidden: true },
    );
    this.#adopt(panel, state);
  }

  #adopt(panel: vscode.WebviewPanel, state: CostViewState): void {
    const { webview } = panel;
    const owned = new DisposableStore();
    const link = owned.add(
      new CostLink({
        backend: this.backend,
        post: (message) => void webview.postMessage(message),
        state,
        strings: Object.fromEntries(Object.entries(costStrings).map(([key, text]) => [key, vscode.l10n.t(text)])),
        newToken: () => new vscode.CancellationTokenSource(),
      }),
    );
    panel.iconPath = {
      light: vscode.Uri.joinPath(this.extensionUri, 'media', 'trace-light.svg'),
      dark: vscode.Uri.joinPath(this.extensionUri, 'media', 'trace-dark.svg'),
    };
    this.#opened = { panel, link, owned };
    owned.add(webview.onDidReceiveMessage((message: unknown) => link.receive(message)));
    owned.add(panel.onDidChangeViewState(() => link.setVisible(panel.visible)));
    owned.add(
      panel.onDidDispose(() => {
        this.#last = link.state;
        this.#opened = null;
        owned.dispose();
      }),
    );
    link.setVisible(panel.visible);
    webview.html = traceHtml({
      cspSource: webview.cspSource,
      nonce: randomBytes(16).toString('base64url'),
      scriptUri: webview.asWebviewUri(vscode.Uri.joinPath(this.#root(), 'cost.js')).toString(),
      styleUri: webview.asWebviewUri(vscode.Uri.joinPath(this.#root(), 'cost.css')).toString(),
      language: vscode.env.language,
      title: vscode.l10n.t('Costs'),
    });
  }

  #webviewOptions(): vscode.WebviewOptions {
    return { enableScripts: true, enableCommandUris: false, enableForms: false, localResourceRoots: [this.#root()] };
  }

  #root(): vscode.Uri {
    return vscode.Uri.joinPath(this.extensionUri, 'dist', 'webviews');
  }
}
