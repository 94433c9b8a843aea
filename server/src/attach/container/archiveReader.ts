/**
 * Reads a sandbox without running anything in it: what changed since the last look is copied out, read by the same reader as a
 * directory, from the same cursors as every other way, and removed at once. Slow by nature, so it looks seldom, and the more seldom the
 * longer a look takes; but it works wherever the engine can look at all, also while the container stands still.
 */
import { posix } from 'node:path';
import { AttachError, SandboxFileError } from '../errors';
import { aboutRecord } from '../reader/about';
import { DATABASE } from '../reader/agentReader';
import { isFileError, skipReasonOf } from '../reader/context';
import { readState } from '../reader/readState';
import { sweepPrivateCopies } from '../reader/privateCopy';
import { StoreError } from '../reader/storeError';
import type { SourceRecord } from '../record';
import { Told } from '../told';
import { ArchiveGatewayLog } from './archiveGatewayLog';
import { groups, isPutAway, namesOf, within, type Group } from './archiveGroups';
import { ARCHIVE_LIMITS, sizeText, type ArchiveLimits } from './archiveLimits';
import { DirectoryListing, type ChangedFile } from './archiveListing';
import { namesIn } from './archiveNames';
import { isTooLarge, MAX_COPIED_BYTES, Snapshot, tooLarge } from './archiveSnapshot';
import type { ArchiveStat, EngineArchive } from './engineArchive';

const MAX_AGENTS = 1000;
/** Where their list took too much to be ended. */
const LIST_AGAIN_MS = 600_000;
const SESSION_DIRECTORIES = ['sessions', 'sessions/cold'];

export interface ArchiveReaderOptions {
  /** In the container. */
  readonly stateDir: string;
  /** Where OpenClaw's own log lies, in the container. */
  readonly gatewayLogDir?: string;
  readonly cursors: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
  readonly limits?: ArchiveLimits;
}

interface Agent {
  readonly id: string;
  readonly directories: ReadonlyMap<string, DirectoryListing>;
  /** Of the database and its log, when they were read last. */
  databaseStamp: string | null;
}

export class ArchiveReader {
  readonly #archive: EngineArchive;
  readonly #stateDir: string;
  readonly #signal: AbortSignal;
  /** How far everything was read, as the reader itself keeps it. */
  readonly #cursors: Map<string, string>;
  readonly #agents = new Map<string, Agent>();
  readonly #gatewayLog: ArchiveGatewayLog | null;
  readonly #limits: ArchiveLimits;
  #agentsStamp: string | null = null;
  #agentsAgain = Infinity;
  /** What lies on the way to the files, as this look found it. */
  readonly #steps = new Map<string, ArchiveStat>();
  readonly #told = new Told();
  /** Places of each file of which something was told. */
  readonly #places = new Map<string, Set<string>>();
  #version: string | null = null;

  constructor(archive: EngineArchive, options: ArchiveReaderOptions) {
    this.#archive = archive;
    this.#stateDir = options.stateDir;
    this.#signal = options.signal;
    this.#limits = options.limits ?? ARCHIVE_LIMITS;
    sweepPrivateCopies();
    this.#cursors = new Map(options.cursors);
    this.#gatewayLog =
      options.gatewayLogDir === undefined ? null : new ArchiveGatewayLog(archive, options.gatewayLogDir, options.cursors, this.#limits);
    for (const key of this.#cursors.keys()) {
      const id = /^(?:file|rows):agents\/([^/]+)\//.exec(key)?.[1];
      if (id !== undefined) this.#agent(id);
    }
  }

  /** Is there a state directory? */
  async isThere(): Promise<boolean> {
    if ((await this.#directory('')) !== null) return true;
    await this.#archive.mustBeThere(this.#signal);
    return false;
  }

  /** All that changed since the last look. */
  async *look(): AsyncGenerator<SourceRecord> {
    this.#steps.clear();
    yield* this.#guarded('agents', () => this.#listAgents());
    for (const agent of this.#agents.values()) {
      for (const [relative, listing] of agent.directories) yield* this.#guarded(relative, () => this.#sessions(relative, listing));
      yield* this.database(agent.id);
    }
    const log = this.#gatewayLog;
    if (log) yield* this.#guarded("OpenClaw's own log", () => log.look(this.#signal));
  }

  /** The database of one agent alone. */
  async *database(id: string): AsyncGenerator<SourceRecord> {
    const agent = this.#agent(id);
    const relative = databaseOf(id);
    yield* this.#guarded(relative, () => this.#database(agent, relative));
  }

  /** What can't be looked at costs itself, and nothing beside it. */
  async *#guarded(where: string, look: () => AsyncGenerator<SourceRecord>): AsyncGenerator<SourceRecord> {
    try {
      yield* look();
    } catch (error) {
      const reason = whyNot(error);
      await this.#archive.mustBeThere(this.#signal);
      yield* this.#say(where, reason);
    }
  }

  #agent(id: string): Agent {
    let agent = this.#agents.get(id);
    if (!agent) {
      const directories = new Map(
        SESSION_DIRECTORIES.map((name) => [`agents/${id}/${name}`, new DirectoryListing(this.#archive, this.#limits)]),
      );
      this.#agents.set(id, (agent = { id, directories, databaseStamp: null }));
    }
    return agent;
  }

  async *#listAgents(): AsyncGenerator<SourceRecord> {
    const directory = await this.#directory('agents');
    if (directory === null || (directory.stamp === this.#agentsStamp && performance.now() < this.#agentsAgain)) return;
    const ids = new Set<string>();
    const stopped = await namesIn(
      this.#archive,
      directory.path,
      this.#signal,
      ({ name, type }) => {
        if (type === 'directory' || type === 'symlink') ids.add(name);
      },
      this.#limits,
    );
    for (const id of [...ids].slice(0, MAX_AGENTS)) this.#agent(id);
    this.#agentsStamp = directory.stamp;
    this.#agentsAgain = stopped === null ? Infinity : performance.now() + LIST_AGAIN_MS;
    if (ids.size > MAX_AGENTS) yield* this.#say('agents', `there are ${ids.size} agents; ${MAX_AGENTS} of them are read: move others away`);
    else if (stopped !== null) yield* this.#say('agents', stopped);
    else yield* this.#unsay('agents');
  }

  /** Where it really lies; null: it is not there. Throws where it leads out of the sandbox's own tree, as for every other way. */
  async #directory(relative: string): Promise<ArchiveStat | null> {
    const root = posix.dirname(this.#stateDir);
    try {
      const found = await this.#archive.resolve(posix.join(this.#stateDir, relative), this.#signal, undefined, this.#steps);
      if (found.path !== root && !found.path.startsWith(`${root}/`))
        throw new SandboxFileError('unreadable', 'it leads out of the directory: put what it leads to in its place');
      if (found.kind === 'directory') return found;
      return null;
    } catch (error) {
      if (SandboxFileError.is(error, 'not-found')) return null;
      throw error;
    }
  }

  async *#sessions(relative: string, listing: DirectoryListing): AsyncGenerator<SourceRecord> {
    const directory = await this.#directory(relative);
    const listed = await listing.look(directory, namesOf(relative, this.#cursors), this.#signal);
    if (listed.stopped !== null) yield* this.#say(relative, listed.stopped);
    else if (listed.beyond > 0)
      yield* this.#say(
        relative,
        `it holds ${listed.files.size + listed.beyond} files; the first ${listed.files.size} by name are read: move old ones away`,
      );
    else yield* this.#unsay(relative);
    for (const { name, kind } of listed.files.values()) if (kind !== 'file') yield* this.#say(`${relative}/${name}`, IRREGULAR[kind]);
    const changed = groups(relative, listing, listed, this.#cursors);
    if (changed.length === 0) return;
    let copied = new Copied(new Snapshot(this.#archive, this.#signal));
    const { batchBytes, batchFiles, groupBytes, groupFiles } = this.#limits;
    try {
      for (const group of changed) {
        const files = within(group, groupBytes, groupFiles);
        yield* this.#sayLeftOut(relative, group, files);
        if (files === null) continue;
        const bytes = files.reduce((sum, { stat }) => sum + (isTooLarge(stat) ? 0 : stat.size), 0);
        if (copied.hasAny && (copied.snapshot.bytes + bytes > batchBytes || copied.paths.length + files.length > batchFiles)) {
          yield* this.#readSessions(copied, listing);
          copied.snapshot.dispose();
          copied = new Copied(new Snapshot(this.#archive, this.#signal));
        }
        for (const file of files) yield* this.#copy(relative, file, copied, listing);
        copied.gone.push(...group.gone.map((name) => `${relative}/${name}`));
      }
      yield* this.#readSessions(copied, listing);
    } finally {
      copied.snapshot.dispose();
    }
  }

  /** Of a session whose files are too much to be read at once. Those that are left come with the next look, if it can be told without. */
  *#sayLeftOut(relative: string, { files, gone }: Group, read: readonly ChangedFile[] | null): Generator<SourceRecord> {
    const place = `${relative}/${gone[0] ?? files[0]?.name ?? ''}`;
    const { groupBytes, groupFiles } = this.#limits;
    if (read === null)
      yield* this.#say(
        place,
        `what became of it can't be told: its files are more than ${groupFiles}, or larger than ${sizeText(groupBytes)} together`,
      );
    else if (read.length === 0 && files.length > 0) yield* this.#say(place, `it is larger than ${sizeText(groupBytes)}`);
  }

  async *#copy(relative: string, file: ChangedFile, copied: Copied, listing: DirectoryListing): AsyncGenerator<SourceRecord> {
    const path = `${relative}/${file.name}`;
    try {
      if (isTooLarge(file.stat)) {
        listing.taken(file.name, file.stat); // until it changes
        throw tooLarge();
      }
      // It may have grown since it was looked at.
      await copied.snapshot.file(file.stat.path, path, Math.min(MAX_COPIED_BYTES, this.#limits.groupBytes - copied.snapshot.bytes));
      copied.files.push(file);
      copied.paths.push(path);
    } catch (error) {
      // What became of one that is gone by now, the next look finds out.
      if (!SandboxFileError.is(error, 'not-found')) yield* this.#say(path, whyNot(error));
    }
  }

  async *#readSessions(copied: Copied, listing: DirectoryListing): AsyncGenerator<SourceRecord> {
    if (copied.paths.length + copied.gone.length === 0) return;
    yield* this.#read(copied.snapshot, copied.paths, copied.gone);
    for (const { name, stat } of copied.files) listing.taken(name, stat);
  }

  async *#database(agent: Agent, relative: string): AsyncGenerator<SourceRecord> {
    const directory = await this.#directory(posix.dirname(relative));
    const path = directory === null ? null : posix.join(directory.path, DATABASE);
    const found = path === null ? null : await this.#stat(path);
    const log = path === null ? null : await this.#stat(`${path}-wal`);
    const stamp = found === null ? null : `${found.stamp}|${log?.stamp ?? '-'}`;
    if (stamp === agent.databaseStamp) return;
    if (found && found.kind !== 'file') {
      yield* this.#say(
        relative,
        found.kind === 'directory' ? 'it is a directory, not a database: copy it there again' : IRREGULAR[found.kind],
      );
      return;
    }
    if ((found?.size ?? 0) + (log?.size ?? 0) > MAX_COPIED_BYTES) throw tooLarge();
    const known = this.#cursorsOf([relative]).length > 0;
    if (found === null && !known) return;
    const snapshot = new Snapshot(this.#archive, this.#signal);
    try {
      // Of a session that was deleted only an archive is left; its name says so.
      for (const name of await this.#putAway(agent.id)) await snapshot.name(`agents/${agent.id}/sessions/${name}`);
      if (path !== null && found !== null) await snapshot.database(path, relative);
      yield* this.#read(snapshot, [relative], []);
      agent.databaseStamp = stamp;
    } finally {
      snapshot.dispose();
    }
  }

  async #putAway(id: string): Promise<readonly string[]> {
    const relative = `agents/${id}/sessions`;
    const listing = this.#agent(id).directories.get(relative);
    const files =
      (await listing?.look(await this.#directory(relative), namesOf(relative, this.#cursors), this.#signal))?.files ??
      new Map<string, never>();
    return [...files.keys()].filter(isPutAway);
  }

  async #stat(path: string): Promise<ArchiveStat | null> {
    try {
      return await this.#archive.stat(path, this.#signal);
    } catch (error) {
      if (SandboxFileError.is(error, 'not-found')) return null;
      throw error;
    }
  }

  /** The reader sees these files and those that are gone, and knows of no others: nothing else is missed. */
  async *#read(snapshot: Snapshot, files: readonly string[], gone: readonly string[]): AsyncGenerator<SourceRecord> {
    // Whatever was not found until now was of a container that is there: else all of it would seem to be gone.
    await this.#archive.mustBeThere(this.#signal);
    const said = new Set<string>();
    const places = [...files, ...gone];
    for await (const record of readState({
      stateDir: snapshot.stateDir,
      cursors: new Map(this.#cursorsOf(places)),
      follow: false,
      mayCopy: true,
      partial: true,
      signal: this.#signal,
    })) {
      if (record.cursor) this.#keep(record.cursor.key, record.cursor.value);
      switch (record.kind) {
        case 'about':
          if (record.runtimeVersion !== null && record.runtimeVersion !== this.#version) {
            this.#version = record.runtimeVersion;
            yield aboutRecord(this.#version);
          }
          break;
        case 'caughtUp':
          break;
        case 'heartbeat':
          if (record.cursor) yield record;
          break;
        case 'skipped':
          said.add(record.where);
          yield* this.#say(record.where, record.reason);
          break;
        case 'mended':
          said.delete(record.where);
          yield* this.#unsay(record.where);
          break;
        default:
          yield record;
      }
    }
    // What was told of these files, and is no more.
    for (const file of places) for (const where of this.#places.get(file) ?? []) if (!said.has(where)) yield* this.#unsay(where);
  }

  #keep(key: string, value: string): void {
    if (value === '') this.#cursors.delete(key);
    else this.#cursors.set(key, value);
  }

  #cursorsOf(files: readonly string[]): readonly (readonly [string, string])[] {
    const wanted = new Set(files);
    return [...this.#cursors].filter(([key]) => {
      const [, kind = '', rest = ''] = /^(file|trajectory|index|store|rows|trajectoryRows):(.*)$/s.exec(key) ?? [];
      if (kind === 'rows' || kind === 'trajectoryRows') return wanted.has(rest.slice(0, rest.indexOf('#')));
      return kind !== '' && wanted.has(rest);
    });
  }

  *#say(where: string, reason: string): Generator<SourceRecord> {
    const file = fileOf(where);
    const places = this.#places.get(file) ?? new Set<string>();
    this.#places.set(file, places.add(where));
    yield* this.#told.skipped(where, reason);
  }

  *#unsay(where: string): Generator<SourceRecord> {
    const file = fileOf(where);
    const places = this.#places.get(file);
    places?.delete(where);
    if (places?.size === 0) this.#places.delete(file);
    yield* this.#told.gone(where);
  }
}

/** What was copied and is to be read at once. */
class Copied {
  readonly snapshot: Snapshot;
  readonly files: ChangedFile[] = [];
  readonly paths: string[] = [];
  readonly gone: string[] = [];

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
  }

  get hasAny(): boolean {
    return this.paths.length > 0 || this.snapshot.bytes > 0;
  }
}

export function databaseOf(agent: string): string {
  return `agents/${agent}/agent/${DATABASE}`;
}

/** The file that a place is about: of a database, a session in it may be one. */
function fileOf(where: string): string {
  return /^(agents\/[^/]+\/agent\/\S+?) (?:session|trajectory) /.exec(where)?.[1] ?? where;
}

/** For people; and what says that there is no engine to ask any more is not about one file. */
function whyNot(error: unknown): string {
  if (SandboxFileError.is(error) || StoreError.is(error)) return error.message;
  if (AttachError.is(error) || !isFileError(error)) throw error;
  return `no private copy of it could be made: ${skipReasonOf(error)}`;
}

const IRREGULAR = {
  link: 'it is a symbolic link, and none is followed: put the file itself there',
  other: 'it is no regular file: put the file itself there',
} as const;
