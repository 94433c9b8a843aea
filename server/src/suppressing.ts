/** What is suppressed in this window: the files of its folders, read again when they change, and what is to be told in them. */
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DiagnosticSeverity } from 'vscode-languageserver-protocol';
import type { Hub } from './collect/hub';
import { label } from './editor/labels';
import type { PlacedDiagnostic } from './editor/placed';
import { hasEnded, matches, problemsListed, suppressBy } from './findings/suppressions';
import type { Suppress, Suppression, SuppressionFile } from './findings/suppressions';
import { foundInOf, shown } from './query/findings';
import type { SessionCandidates } from './store/findings';
import type { Store } from './store/store';
import { suppressionFilesOf } from './suppressionFiles';

/** Sessions whose findings are looked at before others have their turn. */
const sessionsAtOnce = 50;

/** Entries and what is known of them; another one with every change of the files or of the thresholds. */
interface Judged {
  readonly thresholds: string;
  /** Entries that no finding was seen to match yet. */
  readonly unused: Set<Suppression>;
  /** Rows of the open sources all of whose findings were looked at. */
  readonly scanned: Set<number>;
  /** Rows of sessions that changed since. */
  readonly touched: Set<number>;
}

export interface SuppressingOptions {
  readonly store: Store;
  readonly hub: () => Pick<Hub, 'all' | 'findingWishes'>;
  readonly folders: () => readonly string[];
  /** Other findings are suppressed than before, or other things are to be told of the files. */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

export class Suppressing implements Disposable {
  readonly #options: SuppressingOptions;
  readonly #end = new AbortController();
  #files: readonly SuppressionFile[] = [];
  #suppress: Suppress = suppressBy([]);
  #judged: Judged | null = null;
  #stale = false;
  #reading = false;

  constructor(options: SuppressingOptions) {
    this.#options = options;
  }

  get suppress(): Suppress {
    return this.#suppress;
  }

  get hasFiles(): boolean {
    return this.#files.length > 0;
  }

  /** Folders came or went, or something happened to their files. */
  readAgain(): void {
    this.#stale = true;
    if (this.#reading) return;
    this.#reading = true;
    this.#read().catch((error: unknown) => {
      if (!this.#end.signal.aborted) this.#options.onError(error);
    });
  }

  async #read(): Promise<void> {
    try {
      while (this.#stale && !this.#end.signal.aborted) {
        this.#stale = false;
        const files = await suppressionFilesOf(this.#options.folders(), this.#end.signal);
        if (JSON.stringify(files) === JSON.stringify(this.#files)) continue;
        this.#files = files;
        this.#suppress = suppressBy(files);
        this.#judged = null;
        this.#options.onChange();
      }
    } finally {
      this.#reading = false;
    }
  }

  /** Other things may be found in a session than before. */
  touch(row: number): void {
    const judged = this.#judged;
    if (judged !== null && judged.unused.size > 0) judged.touched.add(row);
  }

  /** What is wrong in the files, and the entries that settle nothing any more. */
  async diagnostics(signal: AbortSignal): Promise<readonly PlacedDiagnostic[]> {
    if (this.#files.length === 0) return [];
    const files = this.#files;
    const unused = await this.#unused(signal);
    return files.flatMap(({ path, suppressions, problems }) => {
      const uri = pathToFileURL(path).href;
      const now = Date.now();
      const told = problems.map(({ line, message }) => diagnosticAt(line, message, DiagnosticSeverity.Warning, 'suppression-wrong'));
      for (const one of suppressions) {
        const why = hasEnded(one, now)
          ? `This ended on ${one.until}, and suppresses nothing any more.`
          : unused.has(one)
            ? 'No finding in what is open here is suppressed by this any more.'
            : null;
        if (why !== null) told.push(diagnosticAt(one.line, why, DiagnosticSeverity.Information, 'suppression-unused'));
      }
      return told.slice(0, problemsListed).map((diagnostic) => ({ uri, diagnostic }));
    });
  }

  /** While something is still being read, or nothing is open, it can't be known of any. */
  async #unused(signal: AbortSignal): Promise<ReadonlySet<Suppression>> {
    const { store, hub } = this.#options;
    const thresholds = JSON.stringify(hub().findingWishes.thresholds ?? null);
    if (this.#judged?.thresholds !== thresholds) this.#judged = null;
    const judged = (this.#judged ??= {
      thresholds,
      unused: new Set(this.#files.flatMap(({ suppressions }) => suppressions)),
      scanned: new Set(),
      touched: new Set(),
    });
    const open = hub().all();
    for (const { row } of open) {
      if (judged.scanned.has(row)) continue;
      judged.scanned.add(row);
      await this.#scan(row, judged, signal);
    }
    for (const row of judged.touched) {
      judged.touched.delete(row);
      const source = store.sessions.byRow(row)?.source;
      if (source !== undefined) for (const of of store.findings.of(source, row)) this.#use(of, judged);
    }
    const known = open.length > 0 && open.every(({ state: { kind } }) => kind === 'read' || kind === 'live');
    return known && !signal.aborted ? judged.unused : new Set();
  }

  async #scan(source: number, judged: Judged, signal: AbortSignal): Promise<void> {
    for (let after = 0; judged.unused.size > 0 && !signal.aborted;) {
      const page = this.#options.store.findings.after(source, after, sessionsAtOnce);
      for (const of of page) this.#use(of, judged);
      after = page.at(-1)?.row ?? after;
      if (page.length < sessionsAtOnce) return;
      await setImmediate();
    }
  }

  #use(of: SessionCandidates, { unused }: Judged): void {
    const { store, hub } = this.#options;
    const foundIn = foundInOf(store, of);
    for (const finding of shown(of, hub().findingWishes.thresholds))
      for (const one of unused) if (one.code === finding.code && matches(one, finding, foundIn())) unused.delete(one);
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }
}

function diagnosticAt(line: number, message: string, severity: DiagnosticSeverity, code: string): PlacedDiagnostic['diagnostic'] {
  const range = { start: { line, character: 0 }, end: { line, character: 1000 } };
  return { range, severity, code, source: 'Sandglass', message: label(message, 400) };
}
