/** Opening, attaching and detaching sources: what the user asked for, remembered for the next server. */
import * as vscode from 'vscode';
import { OpenSources } from '../connection/openSources';
import type { OpenSource } from '../connection/openSources';
import { asServerError, ServerError } from '../connection/serverError';
import type { ServerHost } from '../connection/serverHost';
import { readSettings } from '../connection/settings';
import { sandboxesView } from '../contributions';
import { DisposableStore } from '../disposables';
import type { Notifier } from '../notify';
import { plainText } from '../plainText';
import { isFollowed } from '../views/attached';
import type { SandboxData } from '../views/sandboxData';
import { until } from './until';

/** Attaching that takes longer than this has gone wrong without saying so. */
const attachLimitMs = 120_000;

export class Sources {
  readonly #disposables = new DisposableStore();
  readonly #opened = this.#disposables.add(new vscode.EventEmitter<string>());
  /** A source the user just opened or attached to holds now. */
  readonly onDidOpen = this.#opened.event;
  readonly #open: OpenSources;
  #restored: Promise<void> = Promise.resolve();
  /** Sandboxes that were attached to and are not there (yet): the engine may start later, or the workspace is not trusted (yet). */
  readonly #awaited = new Set<string>();

  constructor(
    private readonly server: ServerHost,
    private readonly data: SandboxData,
    private readonly notifier: Notifier,
    workspaceState: vscode.Memento,
  ) {
    this.#open = new OpenSources(workspaceState);
    this.#disposables.add(
      server.onDidChangeState((state) => {
        this.#awaited.clear();
        if (state.kind === 'running') this.#restored = this.#restore();
      }),
    );
    this.#disposables.add(data.onDidChange(() => this.#attachAppeared()));
  }

  /** Resolves when the sources of the last server are open in this one. */
  get restored(): Promise<void> {
    return this.#restored;
  }

  /** Opens a recording or a state directory and tells its source id; null when it could not be opened (and was said). */
  async open(path: string): Promise<string | null> {
    try {
      const { sourceId } = await vscode.window.withProgress({ location: { viewId: sandboxesView } }, () =>
        this.server.request('open', { path }),
      );
      await this.#open.remember({ kind: 'directory', path, sourceId });
      this.#opened.fire(sourceId);
      return sourceId;
    } catch (error) {
      this.notifier.failure('open', vscode.l10n.t('The recording could not be opened.'), error);
      return null;
    }
  }

  async playSample(speed: number): Promise<string> {
    const { sourceId } = await this.server.request('playSample', { speed });
    await this.#open.remember({ kind: 'sample', sourceId });
    return sourceId;
  }

  /** Attaches and waits until it holds or failed; the row shows it meanwhile, and its Cancel ends the wait. */
  async attach(sourceId: string): Promise<void> {
    await vscode.window.withProgress({ location: { viewId: sandboxesView } }, async () => {
      try {
        this.#awaited.delete(sourceId);
        await this.server.request('attach', { sourceId });
        await this.#open.remember({ kind: 'attached', sourceId });
        await until(
          this.data,
          () => {
            const attach = this.data.node(sourceId)?.attach;
            return attach !== undefined && (attach.kind !== 'attaching' || isFollowed(attach));
          },
          attachLimitMs,
        );
      } catch (error) {
        this.notifier.failure('attach', vscode.l10n.t('Sandglass could not attach.'), error);
        return;
      }
      const attach = this.data.node(sourceId)?.attach;
      if (attach?.kind !== 'failed' && attach?.kind !== 'lost') {
        this.#opened.fire(sourceId);
        return;
      }
      if (attach.kind === 'failed') await this.#open.forget(sourceId);
      const what =
        attach.kind === 'lost' && attach.retrying
          ? vscode.l10n.t('Sandglass could not attach and tries again.')
          : vscode.l10n.t('Sandglass could not attach.');
      const hint = attach.kind === 'failed' ? plainText(attach.hint) : '';
      this.notifier.show({
        severity: 'error',
        key: `attach ${sourceId}`,
        text: `${what} ${plainText(attach.reason)} ${hint}`,
        asked: true,
      });
    });
  }

  async detach(sourceId: string): Promise<void> {
    const { directories } = readSettings((id) => vscode.workspace.getConfiguration().get(id));
    await this.#open.detach(sourceId, this.data.node(sourceId)?.kind ?? null, directories.length > 0);
    this.#awaited.delete(sourceId);
    await this.server.request('detach', { sourceId });
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  async #restore(): Promise<void> {
    const { all } = this.#open;
    const sources = all.filter(({ kind }) => kind !== 'detached');
    try {
      // First: the server looks already, and attaches by itself to what it finds.
      for (const source of all) if (source.kind === 'detached') await this.#restoreOne(source);
      if (sources.length === 0) return;
      // Containers are there to be attached to only after they were looked for.
      const looking = sources.some((source) => source.kind === 'attached') && vscode.workspace.isTrusted;
      await this.data.load(looking);
      for (const source of [...sources].reverse()) await this.#restoreOne(source);
    } catch (error) {
      // Whoever waits for this goes on without: each then says what it misses.
      this.#notRestored(error);
    }
  }

  async #restoreOne(source: OpenSource): Promise<void> {
    try {
      switch (source.kind) {
        case 'directory':
          await this.server.request('open', { path: source.path, remembered: true });
          return;
        case 'sample':
          await this.server.request('playSample', { speed: 0, remembered: true });
          return;
        case 'detached':
          await this.server.request('detach', { sourceId: source.sourceId, remembered: true });
          return;
        case 'attached':
          // Also when another window has it read already: this one wants it when that one is closed.
          if (this.#isThere(source.sourceId)) await this.server.request('attach', { sourceId: source.sourceId, remembered: true });
          else this.#awaited.add(source.sourceId);
          return;
      }
    } catch (error) {
      if (!ServerError.is(error, 'refused')) throw error;
      // It is gone, or refuses now; the view shows what there is. A sandbox may be back any time: it has gone just now.
      if (source.kind === 'attached') this.#awaited.add(source.sourceId);
      else await this.#open.forget(source.sourceId);
    }
  }

  /** One that was removed is listed too, but there is nothing to attach to. */
  #isThere(sourceId: string): boolean {
    const node = this.data.node(sourceId);
    return node !== null && node.state !== 'removed';
  }

  #attachAppeared(): void {
    for (const sourceId of [...this.#awaited]) {
      if (!this.#isThere(sourceId)) continue;
      this.#awaited.delete(sourceId);
      this.#restoreOne({ kind: 'attached', sourceId }).catch((error: unknown) => this.#notRestored(error));
    }
  }

  #notRestored(error: unknown): void {
    const text = vscode.l10n.t('What was open before could not be opened again: {0}', asServerError(error).message);
    this.notifier.show({ severity: 'warning', key: 'restore', text });
  }
}
