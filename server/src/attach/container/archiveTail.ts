/**
 * The end of a log that grows, out of an archive, which always begins at its beginning. A file is known again by its first bytes: a log
 * that was put aside, and another that took its place, have the same name.
 */
import { createHash } from 'node:crypto';

/** Of the beginning of a file; a line of a log tells its time. */
const HEAD_BYTES = 4096;
const HEAD = /^(\d{1,4}):([0-9a-f]{32})$/;

export interface TailPosition {
  /** Of the file when it was read to `offset`, its end. */
  readonly stamp: string;
  readonly offset: number;
  /** Length and hash of its first bytes; empty: not kept. */
  readonly head: string;
}

/** As it was kept in a cursor; null: it is none. */
export function tailPosition(value: Readonly<Record<string, unknown>> | null): TailPosition | null {
  if (typeof value?.['stamp'] !== 'string' || typeof value['offset'] !== 'number' || !(value['offset'] >= 0)) return null;
  const head = value['head'];
  return { stamp: value['stamp'], offset: value['offset'], head: typeof head === 'string' && HEAD.test(head) ? head : '' };
}

export interface Tail {
  readonly from: number;
  readonly bytes: AsyncIterable<Buffer>;
  /** What a position at this offset keeps of the file's beginning. */
  head(offset: number): string;
}

/**
 * What follows the first of `known` that is of this file, or all of it. `whole`: of more than so many bytes only the last are given,
 * and `from` is where they begin, which may be in the middle of a line.
 */
export async function tailOf(
  bytes: AsyncIterable<Buffer>,
  size: number,
  known: Iterable<TailPosition>,
  whole: number = Infinity,
): Promise<Tail> {
  const pieces = bytes[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let have = 0;
  while (have < HEAD_BYTES) {
    const next = await pieces.next();
    if (next.done) break;
    first.push(next.value);
    have += next.value.length;
  }
  const beginning = Buffer.concat(first);
  const head = (offset: number): string => headOf(beginning, Math.min(offset, HEAD_BYTES));
  let from = 0;
  for (const { offset, head: was } of known) {
    if (offset > size || (was !== '' && was !== headOf(beginning, Number(HEAD.exec(was)?.[1])))) continue;
    from = offset;
    break;
  }
  if (size - from > whole) from = size - whole;
  return { from, head, bytes: after(beginning, pieces, from) };
}

function headOf(beginning: Buffer, length: number): string {
  const bytes = beginning.subarray(0, length);
  return `${bytes.length}:${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}`;
}

async function* after(beginning: Buffer, pieces: AsyncIterator<Buffer>, from: number): AsyncGenerator<Buffer> {
  let left = from;
  for (let piece = beginning; ;) {
    if (left < piece.length) yield left > 0 ? piece.subarray(left) : piece;
    left = Math.max(0, left - piece.length);
    const next = await pieces.next();
    if (next.done) return;
    piece = next.value;
  }
}
