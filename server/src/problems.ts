/** Publishes the problems of every open source to the editor. */
import type { Connection } from 'vscode-languageserver';
import { Coalescer } from './coalescer';
import type { Hub } from './collect/hub';
import type { OpenSource } from './collect/roster';
import { byFile, sessionDiagnostics } from './editor/diagnostics';
import type { OpenedStore } from './openStore';
import type { Places } from './query/places';
import type { Rules } from './rules';
import type { Suppressing } from './suppressing';

const diagnosticsMs = 300;
/** Sessions whose problems are shown, those last written in first, for each source. */
const sessionsWithProblems = 50;

/** Keeps the published diagnostics in step with the sessions; only those that changed are worked out anew. */
export class Problems implements Disposable {
  readonly #connection: Connection;
  readonly #opened: OpenedStore;
  readonly #hub: Hub;
  readonly #places: Places;
  readonly #rules: Rules;
  readonly #suppressing: Suppressing;
  readonly #dirty = new Set<number>();
  /** By session row; bounded by sessionsWithProblems for each open source. */
  readonly #sessions = new Map<number, Awaited<ReturnType<typeof sessionDiagnostics>>>();
  #published = new Set<string>();
  readonly #timer: Coalescer;
  #running: Promise<void> | null = null;
  readonly #abort = new AbortController();

  constructor(connection: Connection, opened: OpenedStore, hub: Hub, places: Places, rules: Rules, suppressing: Suppressing) {
    this.#connection = connection;
    this.#opened = opened;
    this.#hub = hub;
    this.#places = places;
    this.#rules = rules;
    this.#suppressing = suppressing;
    this.#timer = new Coalescer(diagnosticsMs, () => this.#go());
  }

  touch(row: number): void {
    this.#dirty.add(row);
    this.#timer.ask();
  }

  touchAll(source: OpenSource): void {
    for (const row of this.#newest(source)) this.touch(row);
  }

  /** Sources were opened or closed. */
  refresh(): void {
    this.#timer.ask();
  }

  #newest(source: OpenSource): readonly number[] {
    return this.#opened.store.sessions.newest(source.row, sessionsWithProblems);
  }

  #go(): void {
    if (this.#running !== null) {
      // One round at a time; the next begins when this one ends.
      this.#timer.ask();
      return;
    }
    this.#running = this.#round()
      .catch((error: unknown) => {
        if (!this.#abort.signal.aborted)
          this.#connection.console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      })
      .finally(() => {
        this.#running = null;
      });
  }

  async #round(): Promise<void> {
    const order: number[] = [];
    for (const source of this.#hub.all()) {
      for (const row of this.#newest(source)) {
        order.push(row);
        if (!this.#dirty.delete(row) && this.#sessions.has(row)) continue;
        const view = this.#opened.store.sessions.byRow(row);
        if (view === null) continue; // removed while those before it were worked on
        try {
          this.#sessions.set(
            row,
            await sessionDiagnostics(this.#opened.store, this.#places, source, view, this.#abort.signal, this.#hub.findingWishes),
          );
        } catch (error) {
          if (this.#abort.signal.aborted) return;
          // One session whose places can't be worked out must not take the problems of all others along.
          this.#connection.console.error(
            `problems of session ${view.info.id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
          );
        }
        if (this.#abort.signal.aborted) return;
      }
    }
    const shown = new Set(order);
    // One that is shown and marked again changed while the others were worked on: the next round is for it.
    for (const row of this.#dirty) if (!shown.has(row)) this.#dirty.delete(row);
    for (const row of this.#sessions.keys()) if (!shown.has(row)) this.#sessions.delete(row);
    const sessions = order.map((row) => this.#sessions.get(row) ?? []);
    const ruled = await this.#rules.ruled(sessions, this.#abort.signal);
    const files = byFile([...ruled, await this.#suppressing.diagnostics(this.#abort.signal)]);
    if (this.#abort.signal.aborted) return;
    for (const uri of this.#published) if (!files.has(uri)) await this.#connection.sendDiagnostics({ uri, diagnostics: [] });
    for (const [uri, diagnostics] of files) await this.#connection.sendDiagnostics({ uri, diagnostics: [...diagnostics] });
    this.#published = new Set(files.keys());
  }

  [Symbol.dispose](): void {
    this.#abort.abort();
    this.#timer[Symbol.dispose]();
  }
}
