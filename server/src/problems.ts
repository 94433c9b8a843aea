/** Publishes the problems of every open source to the editor. */
import type { Connection } from 'vscode-languageserver';
import { Coalescer } from './coalescer';
import type { Hub } from './collect/hub';
import type { OpenSource } from './collect/roster';
import { sessionProblems } from './editor/diagnostics';
import type { SessionProblems } from './editor/diagnostics';
import type { LeftOut } from './editor/perFile';
import { byFile } from './editor/perFile';
import { paragraphStart } from './editor/sessionDocument';
import { parseSessionUri, sessionUri } from './editor/labels';
import type { OpenedStore } from './openStore';
import type { BudgetReading } from './query/budgets';
import type { Places } from './query/places';
import type { Rules } from './rules';
import type { SessionView } from './store/sessions';
import type { Suppressing } from './suppressing';

const diagnosticsMs = 300;
/** Sessions whose problems are shown, those last written in first, for each source. */
const sessionsWithProblems = 50;

/** Of what a person detached from nothing is a problem any more. */
export function isWatched({ state }: Pick<OpenSource, 'state'>): boolean {
  return state.kind !== 'idle';
}

/** Keeps the published diagnostics in step with the sessions; only those that changed are worked out anew. */
export class Problems implements Disposable {
  readonly #connection: Connection;
  readonly #opened: OpenedStore;
  readonly #hub: Hub;
  readonly #places: Places;
  readonly #rules: Rules;
  readonly #suppressing: Suppressing;
  readonly #budgets: (row: number) => readonly BudgetReading[];
  readonly #dirty = new Set<number>();
  /** By session row; bounded by sessionsWithProblems for each open source. */
  readonly #sessions = new Map<number, SessionProblems>();
  /** What the editor was told last of each file, to tell it nothing twice. */
  #published = new Map<string, string>();
  readonly #timer: Coalescer;
  #running: Promise<void> | null = null;
  readonly #abort = new AbortController();

  constructor(
    connection: Connection,
    opened: OpenedStore,
    hub: Hub,
    places: Places,
    rules: Rules,
    suppressing: Suppressing,
    budgets: (row: number) => readonly BudgetReading[] = () => [],
  ) {
    this.#connection = connection;
    this.#opened = opened;
    this.#hub = hub;
    this.#places = places;
    this.#rules = rules;
    this.#suppressing = suppressing;
    this.#budgets = budgets;
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
    for (const source of this.#hub.all().filter(isWatched)) {
      for (const row of this.#newest(source)) {
        order.push(row);
        if (!this.#dirty.delete(row) && this.#sessions.has(row)) continue;
        const view = this.#opened.store.sessions.byRow(row);
        if (view === null) continue; // removed while those before it were worked on
        try {
          this.#sessions.set(row, await this.#of(source, view, this.#abort.signal));
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
    const sessions = order.map((row) => this.#sessions.get(row)?.placed ?? []);
    const watched = new Set(
      this.#hub
        .all()
        .filter(isWatched)
        .map(({ id }) => id),
    );
    const ruled = await this.#rules.ruled(sessions, this.#abort.signal, (id) => watched.has(id));
    const files = byFile([...ruled, await this.#suppressing.diagnostics(this.#abort.signal)], this.#hub.settings.problems);
    if (this.#abort.signal.aborted) return;
    for (const uri of [...this.#published.keys()].filter((known) => !files.has(known))) {
      this.#published.delete(uri);
      await this.#connection.sendDiagnostics({ uri, diagnostics: [] });
    }
    for (const [uri, diagnostics] of files) {
      const told = JSON.stringify(diagnostics);
      if (this.#published.get(uri) === told) continue;
      this.#published.set(uri, told);
      await this.#connection.sendDiagnostics({ uri, diagnostics: [...diagnostics] });
    }
  }

  #of(source: OpenSource, view: SessionView, signal: AbortSignal): Promise<SessionProblems> {
    const wishes = { ...this.#hub.findingWishes, problems: this.#hub.settings.problems, budgets: this.#budgets(view.row) };
    return sessionProblems(this.#opened.store, this.#places, source, view, signal, wishes);
  }

  /** The document in which those problems of a session stand that have no file; as they were told last, where they were. */
  async documentOf(sourceId: string, sessionId: string, signal: AbortSignal): Promise<string | null> {
    return (await this.#ofSession(sourceId, sessionId, signal))?.text ?? null;
  }

  /** The calls of the problems at a line of such a document. */
  async callsAt(uri: string, line: number, signal: AbortSignal): Promise<readonly LeftOut[]> {
    const ref = parseSessionUri(uri);
    const source = ref === null ? null : this.#hub.get(ref.sourceId);
    const view = ref === null || source === null ? null : this.#opened.store.sessions.bySession(source.row, ref.sessionId);
    if (ref === null || source === null || view === null) return [];
    const own = sessionUri(source.id, view.info);
    const { placed, text } = (await this.#ofSession(ref.sourceId, ref.sessionId, signal)) ?? { placed: [], text: '' };
    const first = paragraphStart(text, line);
    return placed
      .filter((one) => one.uri === own && one.diagnostic.range.start.line === first)
      .flatMap(({ call, diagnostic }) => call?.spanIds ?? [(diagnostic.data as { readonly spanId?: string } | undefined)?.spanId ?? ''])
      .map((spanId) => ({ sourceId: ref.sourceId, spanId }));
  }

  async #ofSession(sourceId: string, sessionId: string, signal: AbortSignal): Promise<SessionProblems | null> {
    const source = this.#hub.get(sourceId);
    const view = source === null ? null : this.#opened.store.sessions.bySession(source.row, sessionId);
    if (source === null || view === null) return null;
    return this.#sessions.get(view.row) ?? this.#of(source, view, signal);
  }

  [Symbol.dispose](): void {
    this.#abort.abort();
    this.#timer[Symbol.dispose]();
  }
}
