/** One agent: its session files and its database. Which era it is shows in the files; both may be there after an upgrade. */
import { realpathSync } from 'node:fs';
import { join, relative, isAbsolute } from 'node:path';
import type { SourceRecord } from '../record';
import { AgentStore } from './agentStore';
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

  constructor(context: ReaderContext, id: string) {
    this.#context = context;
    this.id = id;
    const base = join(context.stateDir, 'agents', id);
    this.#sessions = new SessionsDirectory(context, id, join(base, 'sessions'), `agents/${id}/sessions`);
    this.#cold = new SessionsDirectory(context, id, join(base, 'sessions', 'cold'), `agents/${id}/sessions/cold`);
    this.#databaseDir = join(base, 'agent');
    this.#store = new AgentStore(context, id, join(this.#databaseDir, DATABASE), `agents/${id}/agent/${DATABASE}`);
  }

  get watched(): readonly string[] {
    return [this.#sessions.path, this.#cold.path, this.#databaseDir];
  }

  get version(): string | null {
    return this.#store.version;
  }

  due(now: number): boolean {
    return this.#store.due(now) || this.#sessions.due(now) || this.#cold.due(now);
  }

  async *scan(dirty: Dirty | null): AsyncGenerator<SourceRecord> {
    const now = Date.now();
    for (const directory of [this.#sessions, this.#cold])
      if (!dirty || dirty.has(directory.path) || directory.due(now))
        yield* this.#guarded(directory.path, directory.relative, () => directory.scan(dirty?.get(directory.path) ?? null));
    if (!dirty || dirty.has(this.#databaseDir) || this.#store.due(now))
      yield* this.#guarded(this.#databaseDir, `agents/${this.id}/agent`, () => this.#scanStore());
    yield* this.#nothingButIndex();
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
      return isInside(this.#context.root, realpathSync(path));
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' || codeOf(error) === 'EACCES') return true; // the one who reads it says so
      throw error;
    }
  }

  dispose(): void {
    this.#store.dispose();
  }
}

export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}
