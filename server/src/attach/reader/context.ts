/** What every part of the reader is given: where it may look, how often it may verify, and what it has already said. */
import type { MendedRecord, SkippedRecord } from '../record';
import { NOT_REGULAR } from '../regularFile';
import { Told, type Topic } from '../told';
import type { Rest } from './stream';

export interface ReaderOptions {
  /** Where `agents/` lies. */
  readonly stateDir: string;
  readonly cursors: ReadonlyMap<string, string>;
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Where OpenClaw puts its own log; none is looked for where that is not known. */
  readonly tmpDir?: string;
  /** Inside a sandbox: a private copy of a database must not be made. */
  readonly mayCopy: boolean;
  /** Least time between two full checks of what was already read; tests shorten it. */
  readonly verifyEveryMs?: number;
  readonly heartbeatMs?: number;
  /** Where the process is the reader's own. */
  readonly rest?: Rest;
  /** What is read is a part of what there is, copied while it may have been written: that something lacks its end says nothing. */
  readonly partial?: boolean;
}

export const VERIFY_EVERY_MS = 30_000;

export class ReaderContext {
  readonly #told = new Told();
  readonly stateDir: string;
  /** Symlinks may lead anywhere below this, and nowhere else. */
  readonly root: string;
  readonly #cursors: Map<string, string>;
  readonly follow: boolean;
  readonly signal: AbortSignal;
  readonly mayCopy: boolean;
  readonly verifyEveryMs: number;
  readonly #partial: boolean;
  /** Everything that was there was looked at once. */
  caughtUp = false;
  /** The history is being read in pieces: a look in between is for what was read already. */
  inBacklog = false;

  constructor(options: ReaderOptions, stateDir: string, root: string) {
    this.stateDir = stateDir;
    this.root = root;
    this.#cursors = new Map([...options.cursors].filter(([, value]) => value !== ''));
    this.follow = options.follow;
    this.signal = options.signal;
    this.mayCopy = options.mayCopy;
    this.#partial = options.partial ?? false;
    this.verifyEveryMs = options.verifyEveryMs ?? VERIFY_EVERY_MS;
  }

  /** Where the last life of the server stopped; each is asked for once, by the one who goes on from there. */
  takeCursor(key: string): string | undefined {
    const value = this.#cursors.get(key);
    this.#cursors.delete(key);
    return value;
  }

  cursorKeys(prefix: string): readonly string[] {
    return [...this.#cursors.keys()].filter((key) => key.startsWith(prefix));
  }

  /** Nothing is said twice: a file that can't be read would otherwise be told at every look. */
  skipped(where: string, reason: string, topic?: Topic): Generator<SkippedRecord> {
    return this.#told.skipped(where, reason, topic);
  }

  /** It can be read now; of this topic, only what is in `still` holds. */
  mended(where: string, topic: Topic = 'whole', still: readonly string[] = []): Generator<SkippedRecord | MendedRecord> {
    return this.#told.mended(where, topic, still);
  }

  gone(where: string): Generator<MendedRecord> {
    return this.#told.gone(where);
  }

  /** What has no end yet is being written; where nobody writes, it was cut off. Of a directory both may be true, when it is opened. */
  get tellsUnfinished(): boolean {
    return !this.#partial && (!this.follow || (this.mayCopy && !this.caughtUp));
  }
}

/** The same, for something that was skipped, with what to do about it. */
export function skipReasonOf(error: unknown): string {
  const reason = reasonOf(error);
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return `${reason}: check who may read it`;
    case 'ELOOP':
      return `${reason}, and none is followed: put what it leads to in its place`;
    case 'EMFILE':
    case 'ENFILE':
      return `${reason}: detach from a few sources`;
    case 'ENOTDIR':
      return 'it is no directory: put the directory itself there';
    case 'EISDIR':
    case NOT_REGULAR:
      return `${reason}: put the file itself there`;
    default:
      return reason;
  }
}

/** An error of the file system in a few plain words, without a path. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'ENOENT':
      return 'it is gone';
    case 'ELOOP':
      return 'it is a symbolic link';
    case 'EISDIR':
      return 'it is a directory';
    case NOT_REGULAR:
      return 'it is no regular file';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many open files';
    default:
      return code ?? (error instanceof Error ? error.message : 'unknown error');
  }
}

export function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** The file system said no, and not our own code. */
export function isFileError(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && !code.startsWith('ERR_');
}
