/** One agent's directory of session files: transcripts, what became of them, trajectories and the index. */
import { lstatSync, type BigIntStats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceRecord } from '../record';
import { irregular } from '../regularFile';
import type { Piece } from './backlog';
import { codeOf, skipReasonOf, type ReaderContext } from './context';
import { isTrajectoryName, stemOf, transcriptName } from './names';
import { SessionIndexFile } from './sessionIndexFile';
import { stampOf } from './stamp';
import { TrajectoryFile } from './trajectoryFile';
import { TranscriptFile, type Siblings } from './transcriptFile';

/** More files than this in one directory are not followed; the newest names are dropped, and it is said. */
const MAX_FILES = 50_000;
/** Transcripts whose hash and last bytes are held, so that a growth is cheap; of others all is read again when they change. */
export const MAX_WARM = 128;
const INDEX = 'sessions.json';
/** What stands in a name for bytes that are no UTF-8: such a name leads nowhere. */
const NO_TEXT = '\ufffd';
const UNREADABLE_NAME = 'its name is not UTF-8: rename it';

export class SessionsDirectory {
  readonly #context: ReaderContext;
  readonly #agent: string;
  readonly path: string;
  /** Relative to the state directory, with forward slashes. */
  readonly relative: string;
  readonly #transcripts = new Map<string, TranscriptFile>();
  readonly #trajectories = new Map<string, TrajectoryFile>();
  /** The one read longest ago first. */
  readonly #warm = new Set<TranscriptFile>();
  /** Those of which only the end was compared when they grew. */
  readonly #unverified = new Set<TranscriptFile>();
  #index: SessionIndexFile | null = null;
  #names: readonly string[] = [];
  /** Files that are being read piece by piece, and those of them that a look passed over meanwhile. */
  readonly #reading = new Set<string>();
  readonly #passedOver = new Set<string>();
  /** Links, pipes and the like that were told of; bounded by the names read. */
  readonly #irregulars = new Set<string>();

  constructor(context: ReaderContext, agent: string, path: string, relative: string) {
    this.#context = context;
    this.#agent = agent;
    this.path = path;
    this.relative = relative;
    const prefix = `file:${relative}/`;
    for (const key of context.cursorKeys(prefix)) this.#transcript(key.slice(prefix.length));
  }

  /** Names in it when it was last looked through. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** When something is to be looked at though nothing changes; never: Infinity. */
  get dueAt(): number {
    let first = this.#index?.dueAt ?? Infinity;
    for (const name of this.#passedOver) if (!this.#reading.has(name)) return 0;
    for (const file of this.#unverified) first = Math.min(first, file.dueAt);
    return first;
  }

  /** Names to be looked at though nothing changed. */
  dueNames(now: number): ReadonlySet<string> {
    const names = new Set([...this.#passedOver].filter((name) => !this.#reading.has(name)));
    for (const file of this.#unverified) if (file.dueAt <= now) names.add(file.name);
    if (this.#index && this.#index.dueAt <= now) names.add(INDEX);
    return names;
  }

  /** Every file that there is to read, but for the index. What can't be listed is told by the scan. */
  async pieces(): Promise<readonly Piece[]> {
    const found = new Map<string, number>();
    for (const name of (await this.#list()).slice(0, MAX_FILES)) {
      const stat = isTrajectoryName(name) || transcriptName(name) ? this.#stat(name) : null;
      if (stat) found.set(name, Number(stat.mtimeMs));
    }
    const read = (name: string): AsyncGenerator<SourceRecord> => this.#piece(name);
    return Array.from(found, ([name, changed]) => {
      // A trajectory comes with its transcript, right after it.
      const newest = isTrajectoryName(name) ? (found.get(`${stemOf(name)}.jsonl`) ?? changed) - 0.5 : changed;
      return { newest, session: stemOf(name), name, read };
    });
  }

  async *#piece(name: string): AsyncGenerator<SourceRecord> {
    if (this.#reading.has(name)) return;
    this.#reading.add(name);
    try {
      yield* this.#scanFile(name);
      // What was written to it meanwhile comes with it, and does not wait for the next look: many sessions may come before that.
      if (this.#passedOver.has(name)) yield* this.#scanFile(name);
    } finally {
      this.#reading.delete(name);
    }
  }

  /** The session index alone; `only`: sessions whose entries are wanted before those of the others. */
  async *index(only: ReadonlySet<string> | null): AsyncGenerator<SourceRecord> {
    if (this.#stamp(INDEX) !== null) yield* this.#scanIndex(only);
  }

  /** `dirty`: only these names are looked at, unless one of them turns out to be gone; null: all. */
  async *scan(dirty: ReadonlySet<string> | null): AsyncGenerator<SourceRecord> {
    const many: string[] = [];
    if (this.#context.inBacklog) dirty ??= new Set([...this.#transcripts.values()].filter((file) => file.seen).map((file) => file.name));
    else if (dirty && [...dirty].some((name) => this.#transcripts.has(name) && this.#stamp(name) === null)) dirty = null;
    if (!dirty) {
      let names: readonly string[];
      try {
        names = await this.#list();
      } catch (error) {
        yield* this.#context.skipped(this.relative, skipReasonOf(error));
        return;
      }
      if (names.length > MAX_FILES)
        many.push(`it holds ${names.length} files; the first ${MAX_FILES} by name are read: move old ones away`);
      this.#names = names.slice(0, MAX_FILES);
    }
    const names = dirty ? [...dirty] : this.#names;
    if (names.includes(INDEX)) yield* this.#scanIndex(null);
    for (const name of names) {
      this.#context.signal.throwIfAborted();
      if (this.#reading.has(name)) this.#passedOver.add(name);
      else yield* this.#scanFile(name);
    }
    // After everything else: the archive that a transcript became has been read by now.
    if (dirty) return;
    yield* this.#gone(new Set(this.#names));
    yield* this.#context.mended(this.relative, 'whole', many);
    for (const reason of many) yield* this.#context.skipped(this.relative, reason);
  }

  async *#scanFile(name: string): AsyncGenerator<SourceRecord> {
    this.#passedOver.delete(name);
    if (isTrajectoryName(name)) yield* this.#scanTrajectory(name);
    else if (this.#transcripts.has(name) || transcriptName(name)) yield* this.#scanTranscript(name);
  }

  readonly #list: Siblings = async () => {
    try {
      return (await readdir(this.path)).sort();
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
      throw error;
    }
  };

  /** Is any transcript here? */
  get hasTranscripts(): boolean {
    return this.#transcripts.size > 0;
  }

  /** Sessions that the index names, if there is one. */
  async indexed(): Promise<number> {
    return this.#names.includes(INDEX) ? ((await this.#indexFile().count()) ?? 0) : 0;
  }

  #indexFile(): SessionIndexFile {
    this.#index ??= new SessionIndexFile(this.#context, this.#agent, join(this.path, INDEX), `${this.relative}/${INDEX}`);
    return this.#index;
  }

  async *#scanIndex(only: ReadonlySet<string> | null): AsyncGenerator<SourceRecord> {
    const index = this.#indexFile();
    const stamp = this.#stamp(INDEX);
    if (stamp === null) yield* this.#irregular(INDEX);
    else yield* this.#regular(INDEX);
    if (stamp === null || index.unchanged(stamp)) return;
    if (this.#context.follow && index.tooSoon) index.postpone();
    else yield* index.scan(only);
  }

  async *#scanTrajectory(name: string): AsyncGenerator<SourceRecord> {
    const stamp = this.#stamp(name);
    if (stamp === null) {
      yield* this.#irregular(name);
      return;
    }
    yield* this.#regular(name);
    let file = this.#trajectories.get(name);
    if (!file)
      this.#trajectories.set(
        name,
        (file = new TrajectoryFile(this.#context, this.#agent, join(this.path, name), `${this.relative}/${name}`, name)),
      );
    yield* file.recall();
    if (!file.unchanged(stamp)) yield* file.scan();
  }

  async *#scanTranscript(name: string): AsyncGenerator<SourceRecord> {
    const stamp = this.#stamp(name);
    if (stamp === null) {
      yield* this.#irregular(name);
      return;
    }
    yield* this.#regular(name);
    const file = this.#transcript(name);
    if (!file) return;
    yield* file.recall();
    if (file.unchanged(stamp)) return;
    yield* file.scan(stamp, this.#list);
    this.#unverified.delete(file);
    if (file.unverified) this.#unverified.add(file);
    this.#warm.delete(file);
    if (file.warm) this.#warm.add(file);
    if (this.#warm.size > MAX_WARM)
      for (const coldest of this.#warm) {
        coldest.cool();
        this.#warm.delete(coldest);
        break;
      }
  }

  #transcript(name: string): TranscriptFile | null {
    const known = this.#transcripts.get(name);
    const parsed = transcriptName(name);
    if (known || !parsed) return known ?? null;
    const made = new TranscriptFile(this.#context, this.#agent, this.path, `${this.relative}/${name}`, parsed);
    this.#transcripts.set(name, made);
    return made;
  }

  async *#gone(there: ReadonlySet<string>): AsyncGenerator<SourceRecord> {
    for (const name of [...this.#trajectories.keys(), ...this.#irregulars]) {
      if (there.has(name)) continue;
      this.#trajectories.delete(name);
      this.#irregulars.delete(name);
      yield* this.#context.gone(`${this.relative}/${name}`);
    }
    if (this.#index && !there.has(INDEX)) yield* this.#context.gone(`${this.relative}/${INDEX}`);
    for (const [name, file] of this.#transcripts) {
      if (there.has(name) && this.#stamp(name) !== null) continue;
      this.#transcripts.delete(name);
      this.#warm.delete(file);
      this.#unverified.delete(file);
      if (file.seen) yield* file.gone(this.#list);
      if (!there.has(name)) yield* this.#context.gone(file.file);
    }
  }

  /** A link, a pipe or the like has the name of a file. A directory is just something else. */
  *#irregular(name: string): Generator<SourceRecord> {
    const stat = lstatSync(join(this.path, name), { throwIfNoEntry: false });
    const reason = stat ? (stat.isDirectory() ? null : irregular(stat)) : name.includes(NO_TEXT) ? UNREADABLE_NAME : null;
    if (reason === null) return;
    this.#irregulars.add(name);
    yield* this.#context.skipped(`${this.relative}/${name}`, reason);
  }

  /** A file took its place. */
  *#regular(name: string): Generator<SourceRecord> {
    if (this.#irregulars.delete(name)) yield* this.#context.mended(`${this.relative}/${name}`);
  }

  /** null: not there, or not a regular file. */
  #stamp(name: string): string | null {
    const stat = this.#stat(name);
    return stat ? stampOf(stat) : null;
  }

  #stat(name: string): BigIntStats | null {
    const stat = lstatSync(join(this.path, name), { bigint: true, throwIfNoEntry: false });
    return stat?.isFile() ? stat : null;
  }
}
