/**
 * The history that is there when the reader begins: the newest session first, and what is written meanwhile in between. It is an order and
 * no more: what is not read here is found by the look at everything that comes after it.
 */
import type { SourceRecord } from '../record';

/** All of one file, or of one session in a database. */
export interface Piece {
  /** When it was last written to, in milliseconds. */
  readonly newest: number;
  /** As the session index may name it: its id, or its file without the ending. */
  readonly session: string;
  /** What `read` is given: of thousands of pieces each would hold a function of its own. */
  readonly name: string;
  readonly read: (name: string) => AsyncGenerator<SourceRecord>;
}

/** Pieces that come even before the names of all the others. */
export const NEWEST_PIECES = 8;
/** What is written meanwhile waits at most so long, but for one batch of what is being read. */
export const LOOK_EVERY_MS = 25;

export interface BacklogParts {
  readonly pieces: readonly Piece[];
  /** The session index, or of it only what belongs to these. */
  readonly index: (only: ReadonlySet<string> | null) => AsyncGenerator<SourceRecord>;
  /** What is new in what was read; null: nobody follows. */
  readonly look: (() => AsyncGenerator<SourceRecord>) | null;
}

export async function* readBacklog({ pieces, index, look }: BacklogParts): AsyncGenerator<SourceRecord> {
  const ordered = newestFirst(pieces);
  const first = ordered.slice(0, NEWEST_PIECES);
  let lookFrom = performance.now() + LOOK_EVERY_MS;
  async function* meanwhile(): AsyncGenerator<SourceRecord> {
    if (!look || performance.now() < lookFrom) return;
    // Notifications come between two turns of the event loop, and a database is read without one.
    await new Promise(setImmediate);
    yield* look();
    lookFrom = performance.now() + LOOK_EVERY_MS;
  }
  async function* read(some: readonly Piece[]): AsyncGenerator<SourceRecord> {
    for (const piece of some) {
      for await (const record of piece.read(piece.name)) {
        yield record;
        yield* meanwhile();
      }
      yield* meanwhile();
    }
  }
  if (first.length > 0) yield* index(new Set(first.map((piece) => piece.session)));
  yield* read(first);
  yield* index(null);
  yield* read(ordered.slice(NEWEST_PIECES));
}

export function newestFirst(pieces: readonly Piece[]): readonly Piece[] {
  return [...pieces].sort((a, b) => b.newest - a.newest);
}
