/** One agent: its session files and its database. Which era it is shows in the files; both may be there after an upgrade. */
import { realpathSync } from 'node:fs';
import { join, relative, isAbsolute } from 'node:path';
import type { SourceRecord } from '../record';
import { AgentStore } from './agentStore';
import { codeOf, type ReaderContext } from './context';
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
    for (const directory of [this.#sessions, this.#cold]) {
      if (!this.#inside(directory.path)) {
        yield* this.#context.skipped(`agents/${this.id}/sessions`, 'it leads out of the directory');
        continue;
      }
      if (!dirty || dirty.has(directory.path) || directory.due(Date.now())) yield* directory.scan(dirty?.get(directory.path) ?? null);
    }
    if (!this.#inside(this.#databaseDir)) yield* this.#context.skipped(`agents/${this.id}/agent`, 'it leads out of the directory');
    else if (!dirty || dirty.has(this.#databaseDir) || this.#store.due(Date.now())) yield* this.#store.scan(this.#sessions.names);
    if (!this.#context.follow) yield* this.#nothingButIndex();
  }

  /** A recording of which only the index was kept, or whose database was left out, would look like one in which nothing happened. */
  async *#nothingButIndex(): AsyncGenerator<SourceRecord> {
    if (this.#sessions.hasTranscripts || this.#cold.hasTranscripts || this.#store.hasSessions) return;
    const named = await this.#sessions.indexed();
    if (named > 0)
      yield* this.#context.skipped(
        `agents/${this.id}/sessions/sessions.json`,
        `it names ${named} session${named === 1 ? '' : 's'}, but no transcript is here: copy the *.jsonl files beside it, or the agent's database, too`,
      );
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
