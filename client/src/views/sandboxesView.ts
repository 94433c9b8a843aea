/** The view Sandboxes: turns rows into tree items, keeps the context keys of its empty states, takes dropped recordings. */
import * as vscode from 'vscode';
import type { EmptyReason } from '../../../server/src/protocol/messages';
import { flatRateSetting, paysFlatRate } from '../connection/flatRate';
import { ServerError } from '../connection/serverError';
import type { ServerHost } from '../connection/serverHost';
import { contextKeys, sandboxesView } from '../contributions';
import type { CommandId } from '../contributions';
import { DisposableStore } from '../disposables';
import { plainText } from '../plainText';
import { contextValue, description, icon, noteLabel, tooltip } from './rowText';
import type { SandboxData } from './sandboxData';
import { childRows, failureRow, findSandboxRow, parentOf, rootRows } from './treeModel';
import type { Row } from './treeModel';

export const showMoreCommand = 'sandglass.internal.showMore';
const t = vscode.l10n.t;

export class SandboxesView implements vscode.TreeDataProvider<Row>, vscode.TreeDragAndDropController<Row> {
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new vscode.EventEmitter<void>());
  readonly onDidChangeTreeData = this.#changed.event;
  readonly dropMimeTypes = ['text/uri-list'];
  readonly dragMimeTypes = [];
  readonly #tree: vscode.TreeView<Row>;
  #empty: EmptyReason | undefined;

  constructor(
    private readonly data: SandboxData,
    private readonly server: ServerHost,
    private readonly openDropped: (uris: readonly vscode.Uri[]) => Promise<void>,
    private readonly failed: (error: unknown) => void,
  ) {
    this.#tree = this.#disposables.add(
      vscode.window.createTreeView(sandboxesView, { treeDataProvider: this, dragAndDropController: this, showCollapseAll: true }),
    );
    data.shownNow = this.#tree.visible;
    this.#disposables.add(
      this.#tree.onDidChangeVisibility(({ visible }) => {
        data.shownNow = visible;
      }),
    );
    this.#disposables.add(data.onDidChange(() => this.#show()));
    this.#disposables.add(server.onDidChangeState(() => this.#changed.fire()));
    this.#disposables.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(flatRateSetting)) this.#changed.fire();
      }),
    );
    this.#disposables.add(
      vscode.commands.registerCommand(showMoreCommand, (parent: unknown) => typeof parent === 'string' && data.showMore(parent)),
    );
  }

  async getChildren(row?: Row): Promise<Row[]> {
    if (row !== undefined) return [...childRows(row, this.data)];
    if (this.server.state.kind === 'failed') return [];
    try {
      await this.data.load();
    } catch (error) {
      this.failed(error);
      // A server that failed has its own welcome text; any other reason stands where the rows would.
      return ServerError.is(error, 'unavailable') ? [] : [failureRow(error instanceof Error ? error.message : String(error))];
    }
    return [...rootRows(this.data)];
  }

  getParent(row: Row): Row | null {
    return parentOf(row, this.data);
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const item = new vscode.TreeItem(row.kind === 'note' ? noteLabel(row.note, t) : row.label, this.#collapsible(row));
    item.id = row.id;
    item.description = description(row, t);
    item.tooltip = tooltip(row, t, this.data.inventory?.collector ?? null, paysFlatRate());
    item.contextValue = contextValue(row);
    const { icon: name, color } = icon(row);
    item.iconPath = new vscode.ThemeIcon(name, color === undefined ? undefined : new vscode.ThemeColor(color));
    item.accessibilityInformation = { label: [item.label, item.description].filter(Boolean).join(', ') };
    const command = clickCommand(row);
    if (command !== null) item.command = command;
    return item;
  }

  async handleDrop(_target: Row | undefined, transfer: vscode.DataTransfer): Promise<void> {
    const list = await transfer.get('text/uri-list')?.asString();
    const uris = (list ?? '')
      .split(/\r?\n/)
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => vscode.Uri.parse(line));
    if (uris.length > 0) await this.openDropped(uris);
  }

  /** Unfolds a source that was just opened or attached to; never opens the view by itself. */
  async unfold(sourceId: string): Promise<void> {
    const row = findSandboxRow(sourceId, this.data);
    if (row !== null && this.#tree.visible) await this.#tree.reveal(row, { select: false, focus: false, expand: 2 });
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #collapsible(row: Row): vscode.TreeItemCollapsibleState {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    switch (row.kind) {
      case 'sandbox':
        // An earlier build is history: there to be opened, out of the way until then.
        return row.earlier || row.node.attach.kind === 'idle' ? Collapsed : Expanded;
      case 'agent':
        return Expanded;
      case 'session':
        return row.children > 0 ? Expanded : None;
      case 'note':
        return None;
    }
  }

  #show(): void {
    this.#showState();
    this.#changed.fire();
  }

  #showState(): void {
    const { inventory } = this.data;
    const empty = inventory?.empty;
    if (empty !== this.#empty) {
      this.#empty = empty;
      void vscode.commands.executeCommand('setContext', contextKeys.empty, empty);
    }
    // One line above the rows: that nothing is kept. Without rows it would take the place of the welcome text.
    const note = inventory !== null && inventory.sandboxes.length > 0 && inventory.storeLifetime === 'session' ? inventory.storeNote : null;
    this.#tree.message = note === null ? undefined : plainText(note);
  }
}

function clickCommand(row: Row): vscode.Command | null {
  const command = (id: CommandId | typeof showMoreCommand, title: string, ...args: unknown[]): vscode.Command => ({
    command: id,
    title,
    arguments: args,
  });
  if (row.kind === 'session') return command('sandglass.openTrace', t('Open Trace'), row);
  if (row.kind !== 'note') return null;
  if (row.sourceId === '') return command('sandglass.refresh', t('Refresh'));
  if (row.note.kind === 'not-attached' || row.note.kind === 'failed') return command('sandglass.attach', t('Attach'), row);
  return row.note.kind === 'more' ? command(showMoreCommand, t('Show More'), row.note.parent) : null;
}
