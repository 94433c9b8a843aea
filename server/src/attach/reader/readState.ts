/**
 * The reader: everything in one state directory as records, and, when following, what comes next. It is plain Node, since the
 * same code runs in the server for a directory and inside a sandbox for a container: so both see the same.
 */
import { readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AttachError } from '../errors';
import type { SourceRecord } from '../record';
import { aboutRecord, configuredVersion } from './about';
import { AgentReader } from './agentReader';
import { readBacklog, type Piece } from './backlog';
import { codeOf, ReaderContext, reasonOf, skipReasonOf, type ReaderOptions } from './context';
import { cpuTime } from './cpuTime';
import { GatewayLog } from './gatewayLog';
import { Watcher, type Dirty } from './watcher';

const HEARTBEAT_MS = 3000;
/** A look at everything is followed by a rest of so many times as long, up to this. */
const REST = 500;
const MAX_REST_MS = 60_000;
/** Where every change is notified, and none came, it is so many times as long apart. */
const MAX_LULL = 5;
/** While it streams, looks are so far apart as to take a small part of the time, and no further than no one would notice. */
const SPACING = 100;
const MAX_SPACING_MS = 75;
/** And so far while it streams faster than that. */
const STREAM_SPACING_MS = 180;
const MAX_AGENTS = 1000;
/** What is due at once comes after this. */
const SOON_MS = 20;

export async function* readState(options: ReaderOptions): AsyncGenerator<SourceRecord> {
  const stateDir = await existing(options.stateDir);
  const context = new ReaderContext(options, stateDir, dirname(stateDir));
  const reader = new StateReader(context, options.tmpDir ?? null);
  const watcher = new Watcher(options.signal, options.rest ?? null);
  try {
    const version = await configuredVersion(stateDir);
    yield aboutRecord(version);
    if (options.follow) watcher.watch(await reader.watched());
    context.inBacklog = true;
    yield* readBacklog({
      pieces: await reader.pieces(),
      index: (only) => reader.index(only),
      look: options.follow ? () => look(reader, watcher, watcher.taken()) : null,
    });
    context.inBacklog = false;
    yield* reader.scan(null);
    if (version === null && reader.version !== null) yield aboutRecord(reader.version);
    context.caughtUp = true;
    yield { kind: 'caughtUp' };
    if (options.follow) yield* follow(reader, watcher, options);
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    watcher.dispose();
    reader.dispose();
  }
}

async function* follow(reader: StateReader, watcher: Watcher, options: ReaderOptions): AsyncGenerator<SourceRecord> {
  const heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
  let fullFrom = performance.now() + watcher.pollMs;
  let heartbeatFrom = performance.now() + heartbeatMs;
  let spacedFrom = 0;
  let restsUntil = 0;
  let lull = 1;
  while (!options.signal.aborted) {
    const now = performance.now();
    const wait = Math.max(0, Math.min(fullFrom, heartbeatFrom, Math.max(reader.dueAt, now + SOON_MS)) - now);
    const dirty = await watcher.next(wait, spacedFrom);
    if (options.signal.aborted) return;
    const started = performance.now();
    const used = cpuTime();
    const full = started >= fullFrom;
    if (full) watcher.watch(await reader.watched());
    if (full || dirty.size > 0 || reader.dueAt <= started) yield* full ? reader.scan(null) : look(reader, watcher, dirty);
    const ended = performance.now();
    spacedFrom = started + (watcher.streams ? STREAM_SPACING_MS : Math.min(MAX_SPACING_MS, (ended - started) * SPACING));
    lull = dirty.size > 0 || !watcher.watchesAll ? 1 : full ? Math.min(lull * 2, MAX_LULL) : lull;
    // Other work of this process may go on meanwhile, and other processes too.
    const took = Math.min(ended - started, cpuTime() - used);
    if (full) restsUntil = ended + Math.min(took * REST, MAX_REST_MS);
    if (full) fullFrom = Math.max(restsUntil, ended + watcher.pollMs * lull);
    else if (dirty.size > 0) fullFrom = Math.min(fullFrom, Math.max(restsUntil, ended + watcher.pollMs));
    if (ended >= heartbeatFrom) {
      yield { kind: 'heartbeat' };
      heartbeatFrom = ended + heartbeatMs;
    }
  }
}

/** What changed, and directories that came with it. */
async function* look(reader: StateReader, watcher: Watcher, dirty: Dirty): AsyncGenerator<SourceRecord> {
  const moved = reader.moved(dirty);
  if (moved) watcher.watch(await reader.watched());
  yield* reader.scan(dirty);
}

class StateReader {
  readonly #context: ReaderContext;
  readonly #agents = new Map<string, AgentReader>();
  readonly #gatewayLog: GatewayLog | null;

  constructor(context: ReaderContext, tmpDir: string | null) {
    this.#context = context;
    this.#gatewayLog = tmpDir === null ? null : new GatewayLog(context, tmpDir);
    // Agents known from before, whose directory may be gone by now.
    for (const key of context.cursorKeys('')) {
      const id = /^(?:file|rows):agents\/([^/]+)\//.exec(key)?.[1];
      if (id !== undefined) this.#agent(id);
    }
  }

  get version(): string | null {
    for (const agent of this.#agents.values()) if (agent.version !== null) return agent.version;
    return null;
  }

  async watched(): Promise<readonly string[]> {
    await this.#list();
    return [
      this.#context.stateDir,
      join(this.#context.stateDir, 'agents'),
      ...[...this.#agents.values()].flatMap((agent) => agent.watched),
      ...(this.#gatewayLog?.watched ?? []),
    ];
  }

  /** When something is to be done though nothing changes; never: Infinity. */
  get dueAt(): number {
    let first = Infinity;
    for (const agent of this.#agents.values()) first = Math.min(first, agent.dueAt);
    return first;
  }

  /** May a directory have come or gone? */
  moved(dirty: Dirty): boolean {
    const { stateDir } = this.#context;
    if (dirty.has(join(stateDir, 'agents')) || dirty.get(stateDir)?.has('agents') === true) return true;
    for (const agent of this.#agents.values()) if (agent.moved(dirty)) return true;
    return false;
  }

  async pieces(): Promise<readonly Piece[]> {
    await this.#list();
    const pieces: Piece[] = [];
    for (const agent of this.#agents.values()) pieces.push(...(await agent.pieces()));
    return pieces;
  }

  async *index(only: ReadonlySet<string> | null): AsyncGenerator<SourceRecord> {
    for (const agent of this.#agents.values()) yield* agent.index(only);
  }

  async *scan(dirty: Dirty | null): AsyncGenerator<SourceRecord> {
    if (dirty === null || dirty.has(join(this.#context.stateDir, 'agents'))) {
      const problem = await this.#list();
      yield* this.#context.mended('agents', 'whole', problem === null ? [] : [problem]);
      if (problem !== null) yield* this.#context.skipped('agents', problem);
    }
    for (const agent of this.#agents.values()) {
      this.#context.signal.throwIfAborted();
      yield* agent.scan(dirty);
    }
    if (this.#gatewayLog) yield* this.#gatewayLog.scan(dirty);
  }

  /** null: all right. */
  async #list(): Promise<string | null> {
    try {
      const entries = (await readdir(join(this.#context.stateDir, 'agents'), { withFileTypes: true })).filter(
        (entry) => entry.isDirectory() || entry.isSymbolicLink(),
      );
      for (const entry of entries.slice(0, MAX_AGENTS)) this.#agent(entry.name);
      return entries.length > MAX_AGENTS ? `there are ${entries.length} agents; ${MAX_AGENTS} of them are read: move others away` : null;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') return skipReasonOf(error);
      // No agents yet is fine; no state directory any more is not.
      await existing(this.#context.stateDir);
      return null;
    }
  }

  #agent(id: string): void {
    if (!this.#agents.has(id)) this.#agents.set(id, new AgentReader(this.#context, id));
  }

  dispose(): void {
    for (const agent of this.#agents.values()) agent.dispose();
  }
}

async function existing(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR')
      throw new AttachError('no-such-path', `There is no ${path}`, 'Check the path.', { cause: error });
    throw new AttachError('unreadable', `${path} can't be read: ${reasonOf(error)}`, 'Check the permissions of the directory.', {
      cause: error,
    });
  }
}
