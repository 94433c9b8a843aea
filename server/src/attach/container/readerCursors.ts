/**
 * Cursors out of a reader's stdout, into which every process of its user can write: only those that a reader makes, and of one sandbox
 * only as many as are held in memory without harm. Those of the supervisor's log are none of them: they are the host's alone.
 */
import { DATABASE } from '../reader/agentReader';
import type { Cursor } from '../record';

/** Two names of files, or one and the id of a session. */
const MAX_KEY_CHARS = 2048;
/** The log of OpenClaw needs most, with a number for each of its files. */
const MAX_VALUE_CHARS = 32 * 1024;
/** Files and sessions of one sandbox, now and before. */
export const MAX_CURSORS = 100_000;
/** Of all of them, keys and values: an ordinary one has some 300. */
export const MAX_CURSOR_CHARS = 32 * 1024 * 1024;

/** A name, and no way out of where it lies: those who look by the engine do it as root. */
const NAME = String.raw`(?!\.{1,2}(?:/|$))[^/\0]+`;
const STORE = `agents/${NAME}/agent/${DATABASE.replaceAll('.', String.raw`\.`)}`;
const MADE_BY_READERS = new RegExp(
  `^(?:(?:file|trajectory|index):agents/${NAME}/sessions/(?:cold/)?${NAME}|store:${STORE}|(?:rows|trajectoryRows):${STORE}#[^]*|gatewayLog)$`,
);

export function isReadersCursor({ key, value }: Cursor): boolean {
  return key.length <= MAX_KEY_CHARS && value.length <= MAX_VALUE_CHARS && MADE_BY_READERS.test(key);
}

/** What is held of one sandbox, by those who go on from it: its size, not the cursors again. */
export class ReaderCursors {
  readonly #sizes = new Map<string, number>();
  #chars = 0;

  constructor(known: Iterable<readonly [key: string, value: string]>) {
    for (const [key, value] of known) this.#keep(key, key.length + value.length);
  }

  /** false: it is one too many. */
  take({ key, value }: Cursor): boolean {
    const size = key.length + value.length;
    const before = this.#sizes.get(key);
    if (before === undefined && this.#sizes.size >= MAX_CURSORS) return false;
    if (size > (before ?? 0) && this.#chars + size - (before ?? 0) > MAX_CURSOR_CHARS) return false;
    this.#keep(key, size);
    return true;
  }

  #keep(key: string, size: number): void {
    this.#chars += size - (this.#sizes.get(key) ?? 0);
    this.#sizes.set(key, size);
  }
}
