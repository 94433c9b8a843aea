/** One agent: its session files and its database. Which era it is shows in the files; both may be there after an upgrade. */
import { realpathSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { SourceRecord } from '../record';
import { AgentStore } from './agentStore';
import type { Piece } from './backlog';
import { codeOf, isFileError, skipReasonOf, type ReaderContext } from './context';
import { SessionsDirectory } from './sessionsDirectory';
import type { Dirty } from './watcher';

export const DATABASE = 'openclaw-agent.sqlite';

export class AgentReader {
  readonly #context: ReaderContext;
  readonly id: string;
  readonly #sessions: SessionsDirectory;
  /** Where the SQLite era puts transcripts that were not used for long. */
  readonly #cold: SessionsDirectory;
  readonly #store: AgentStore;
  readonly #databaseDir: string;
  readonly #base: string;
  /** It was looked through, or is being read in pieces. */
  #begun = false;

  constructor(context: ReaderContext, id: string) {
    this.#context = context;
    this.id = id;
    const base = join(context.stateDir, 'agents', id);
    this.#base = base;
    this.#sessions = new SessionsDirectory(context, id, join(base, 'sessions'), `agents/${id}/sessions`);
    this.#cold = new SessionsDirectory(context, id, join(base, 'sessions', 'cold'), `agents/${id}/sessions/cold`);
    this.#databaseDir = join(base, 'agent');
    this.#store = new AgentStore(context, id, join(this.#databaseDir, DATABASE), `agents/${id}/agent/${DATABASE}`);
  }

  get watched(): readonly string[] {
    return [this.#base, this.#sessions.path, this.#cold.path, this.#databaseDir];
  }

  /** May one of its directories have come or gone? */
  moved(dirty: Dirty): boolean {
    return dirty.has(this.#base) || dirty.get(this.#sessions.path)?.has('cold') === true;
  }

  get version(): string | null {
    return this.#store.version;
  }

  /** When something is to be done though nothing changes; never: Infinity. */
  get dueAt(): number {
    return Math.min(this.#store.dueAt, this.#sessions.dueAt, this.#cold.dueAt);
  }

  /** What there is to read. What can't be looked at is told by the scan. */
  async pieces(): Promise<readonly Piece[]> {
    this.#begun = true;
    const pieces: Piece[] = [];
    for (const part of this.#parts) {
      try {
        if (this.#inside(part.path)) pieces.push(...(await part.read.pieces()));
      } catch (error) {
        if (!isFileError(error)) throw error;
      }
    }
    return pieces;
  }

  /** The session index alone. */
  async *index(only: ReadonlySet<string> | null): AsyncGenerator<SourceRecord> {
    for (const { path, relative, read } of this.#parts) yield* this.#guarded(path, relative, () => read.index(only));
  }

  get #parts(): readonly { readonly path: string; readonly relative: string; readonly read: SessionsDirectory | AgentStore }[] {
    return [
      ...[this.#sessions, this.#cold].map((read) => ({ path: read.path, relative: read.relative, read })),
      { path: this.#databaseDir, relative: `agents/${this.id}/agent`, read: this.#store },
    ];
  }

  async *scan(dirty: Dirty | null): AsyncGenerator<SourceRecord> {
    const now = performance.now();
    if (!this.#begun || (dirty && this.moved(dirty) && !this.#context.inBacklog)) dirty = null;
    this.#begun = true;
    for (const directory of [this.#sessions, this.#cold]) {
      const names = dirty ? (dirty.get(directory.path) ?? null) : null;
      if (!dirty || dirty.has(directory.path)) yield* this.#guarded(directory.path, directory.relative, () => directory.scan(names));
      if (directory.dueAt <= now) yield* this.#guarded(directory.path, directory.relative, () => directory.scan(directory.dueNames(now)));
    }
    if (!dirty || dirty.has(this.#databaseDir) || this.#store.dueAt <= now)
      yield* this.#guarded(this.#databaseDir, `agents/${this.id}/agent`, () => this.#scanStore());
    if (!this.#context.inBacklog) yield* this.#nothingButIndex();
  }

  /** What can't be looked at costs itself, and nothing beside it. */
  async *#guarded(path: string, where: string, scan: () => AsyncGenerator<SourceRecord>): AsyncGenerator<SourceRecord> {
    try {
      if (this.#inside(path)) yield* scan();
      else yield* this.#context.skipped(where, 'it leads out of the directory: put what it leads to in its place');
    } catch (error) {
      if (!isFileError(error)) throw error;
      yield* this.#context.skipped(where, skipReasonOf(error));
    }
  }

  /** A recording of which only the index was kept, or whose database was left out, would look like one in which nothing happened. */
  async *#nothingButIndex(): AsyncGenerator<SourceRecord> {
    const where = `agents/${this.id}/sessions/sessions.json`;
    if (this.#sessions.hasTranscripts || this.#cold.hasTranscripts || this.#store.hasSessions) {
      yield* this.#context.mended(where, 'beside');
      return;
    }
    if (!this.#context.tellsUnfinished) return;
    const named = await this.#sessions.indexed();
    if (named > 0)
      yield* this.#context.skipped(
        where,
        `it names ${named} session${named === 1 ? '' : 's'}, but no transcript is here: copy the *.jsonl files beside it, or the agent's database, too`,
        'beside',
      );
  }

  async *#scanStore(): AsyncGenerator<SourceRecord> {
    yield* this.#store.scan(this.#sessions.names);
    yield* this.#context.mended(`agents/${this.id}/agent`);
  }

  /** A recording may come from anyone: its links must not lead to what is not part of it. */
  #inside(path: string): boolean {
    try {
      return isInside(this.#context.root, realpathSync.native(path));
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' || codeOf(error) === 'EACCES') return true; // the one who reads it says so
      throw error;
    }
  }

  dispose(): void {
    this.#store.dispose();
  }
}

/** `path` is a real one, so no part of it leads back. Asked at every look, so no more is done than must be. */
export function isInside(root: string, path: string): boolean {
  const base = resolve(root);
  return path === base || path.startsWith(base.endsWith(sep) ? base : base + sep);
}
