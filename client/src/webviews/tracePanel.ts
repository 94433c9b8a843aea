/**
 * The trace editor: owns its webview panels, one for each session, and what is restored of them after a restart. What a
 * page asks goes to the backend through a PageLink; what it shows is its own matter (webviews/trace).
 */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { SessionRef, SpanRef } from '../../../server/src/protocol/messages';
import type { TraceViewState } from '../../../webviews/contract/trace';
import { traceStrings } from '../../../webviews/contract/traceStrings';
import type { OpenTraceOptions, TraceView } from '../commands/traceView';
import { tracePanelType } from '../contributions';
import { DisposableStore } from '../disposables';
import { plainText } from '../plainText';
import { isTraceViewState, PageLink } from './pageLink';
import type { TraceBackend } from './traceBackend';
import { traceHtml } from './traceHtml';

/** Each panel keeps a page alive; past this the one used longest ago closes. */
export const panelsLimit = 8;
const titleLength = 40;

interface Opened {
  readonly panel: vscode.WebviewPanel;
  readonly link: PageLink;
  readonly owned: DisposableStore;
}

export class TracePanels implements TraceView, vscode.WebviewPanelSerializer {
  /** By session; in the order of use, the last used last. */
  readonly #panels = new Map<string, Opened>();
  readonly #owned = new DisposableStore();

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly backend: TraceBackend,
  ) {
    this.#owned.add(vscode.window.registerWebviewPanelSerializer(tracePanelType, this));
    this.#owned.add(backend.onChanged((session, now) => this.#panels.get(keyOf(session))?.link.changed(now)));
  }

  async open(session: SessionRef, options: OpenTraceOptions = {}): Promise<void> {
    const key = keyOf(session);
    let known = this.#panels.get(key);
    // Moved by `reveal`, a panel becomes a preview in its new column, which the next file opened there would replace.
    const moved = known !== undefined && !standsIn(known.panel, options.column) ? known : undefined;
    const before = moved?.link.state;
    if (moved !== undefined) {
      moved.panel.dispose();
      known = undefined;
    }
    if (known !== undefined) {
      known.panel.reveal(known.panel.viewColumn, options.preserveFocus);
      this.#use(key, known);
      // The pane after the span: a page that is led to a span turns to its details by itself.
      if (options.spanId) known.link.reveal(options.spanId);
      if (options.pane !== undefined && (options.spanId || options.pane !== known.link.state.pane)) known.link.showPane(options.pane);
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      tracePanelType,
      vscode.l10n.t('Trace'),
      { viewColumn: options.column ?? vscode.ViewColumn.Active, preserveFocus: options.preserveFocus ?? false },
      // Kept while hidden: a drawn flow and a place in a long list are worth more than what they hold.
      { ...this.#webviewOptions(), retainContextWhenHidden: true },
    );
    this.#adopt(panel, {
      ...session,
      selectedSpanId: options.spanId ?? before?.selectedSpanId ?? null,
      selectedTurnId: options.spanId ? null : (before?.selectedTurnId ?? null),
      pane: options.pane ?? (options.spanId ? 'list' : (before?.pane ?? 'flow')),
      onlyProblems: before?.onlyProblems ?? false,
    });
  }

  follow(session: SessionRef, span: SpanRef): void {
    this.#panels.get(keyOf(session))?.link.reveal(span.spanId);
  }

  /** A panel of an earlier run of the editor. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    if (!isTraceViewState(state) || this.#panels.has(keyOf(state))) {
      panel.dispose();
      return;
    }
    panel.webview.options = this.#webviewOptions();
    this.#adopt(panel, state);
  }

  dispose(): void {
    this.#owned.dispose();
    for (const { panel } of [...this.#panels.values()]) panel.dispose();
  }

  #webviewOptions(): vscode.WebviewOptions {
    return { enableScripts: true, enableCommandUris: false, enableForms: false, localResourceRoots: [this.#root()] };
  }

  #root(): vscode.Uri {
    return vscode.Uri.joinPath(this.extensionUri, 'dist', 'webviews');
  }

  #adopt(panel: vscode.WebviewPanel, state: TraceViewState): void {
    const key = keyOf(state);
    const { webview } = panel;
    const owned = new DisposableStore();
    const link = new PageLink({
      backend: this.backend,
      post: (message) => void webview.postMessage(message),
      state,
      strings: translated(),
      newToken: () => new vscode.CancellationTokenSource(),
      openSession: (session) => void this.open(session, { column: panel.viewColumn }),
      titleChanged: (title) => {
        panel.title = title === null ? vscode.l10n.t('Trace') : plainText(title, { maxLength: titleLength });
      },
    });
    panel.iconPath = {
      light: vscode.Uri.joinPath(this.extensionUri, 'media', 'trace-light.svg'),
      dark: vscode.Uri.joinPath(this.extensionUri, 'media', 'trace-dark.svg'),
    };
    const opened: Opened = { panel, link, owned };
    this.#use(key, opened);
    owned.add(link);
    owned.add(webview.onDidReceiveMessage((message: unknown) => link.receive(message)));
    owned.add(
      panel.onDidChangeViewState(() => {
        link.setVisible(panel.visible);
        if (panel.active) this.#use(key, opened);
      }),
    );
    owned.add(
      panel.onDidDispose(() => {
        if (this.#panels.get(key) === opened) this.#panels.delete(key);
        owned.dispose();
      }),
    );
    link.setVisible(panel.visible);
    webview.html = traceHtml({
      cspSource: webview.cspSource,
      nonce: randomBytes(16).toString('base64url'),
      scriptUri: webview.asWebviewUri(vscode.Uri.joinPath(this.#root(), 'trace.js')).toString(),
      styleUri: webview.asWebviewUri(vscode.Uri.joinPath(this.#root(), 'trace.css')).toString(),
      language: vscode.env.language,
      title: vscode.l10n.t('Trace'),
    });
    this.#evict();
  }

  #use(key: string, opened: Opened): void {
    this.#panels.delete(key);
    this.#panels.set(key, opened);
    if (opened.panel.visible) this.backend.inView?.(opened.link.session);
  }

  #evict(): void {
    for (const { panel } of [...this.#panels.values()].slice(0, Math.max(0, this.#panels.size - panelsLimit))) panel.dispose();
  }
}

/** Beside the code is wherever it does not cover the code; where no code is asked from, it may stay. */
function standsIn({ viewColumn }: vscode.WebviewPanel, asked: vscode.ViewColumn | undefined): boolean {
  if (asked === vscode.ViewColumn.Beside) return viewColumn !== vscode.window.tabGroups.activeTabGroup.viewColumn;
  return asked === undefined || asked === vscode.ViewColumn.Active || asked === viewColumn;
}

function keyOf(session: SessionRef): string {
  return JSON.stringify([session.sourceId, session.sessionId]);
}

/** The page's texts in the editor's language. */
function translated(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(traceStrings).map(([key, text]) => [key, vscode.l10n.t(text)]));
}
