/** The bytes of one regular file, plain or zstd, from an offset of what is in it; and a hash over the first part of them. */
import { createHash, type Hash } from 'node:crypto';
import { fstatSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { CHUNK_BYTES } from './lines';

/** As many bytes before the offset as are compared at every growth. */
export const TAIL_BYTES = 4096;
/** What is unpacked of a file is at most so much, and so many times what is packed: a transcript becomes ten to forty times smaller. */
const MAX_UNPACKED_FLOOR = 64 * 1024 * 1024;
const MAX_UNPACKED_RATIO = 256;

const TOO_LONG_UNPACKED = `unpacked it is longer than ${MAX_UNPACKED_FLOOR / 1024 / 1024} MB and ${MAX_UNPACKED_RATIO} times what is packed: no transcript is`;

/** An open file. It is read synchronously, since handing a few bytes to another thread and back costs more than reading them. */
export interface OpenFile {
  readonly fd: number;
}

/** One that nobody reads into: made anew at every look, such memory costs more than what is read into it. */
let spare: Buffer | null = null;

/** A piece is valid until the next one is asked for: its memory is used again. */
export async function* bytesOf(file: OpenFile, compressed: boolean, from: number): AsyncGenerator<Buffer> {
  if (!compressed) {
    const buffer = spare ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    spare = null;
    try {
      for (let at = from; ;) {
        const bytesRead = readSync(file.fd, buffer, 0, CHUNK_BYTES, at);
        if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
        if (bytesRead < CHUNK_BYTES) return;
        at += bytesRead;
        await new Promise(setImmediate); // a long file must not hold up the rest of the process
      }
    } finally {
      spare = buffer;
    }
  }
  if (typeof zlib.createZstdDecompress !== 'function') throw new Error('this Node cannot read zstd (22.15 or newer can)');
  const stream = Readable.from(copiesOf(bytesOf(file, false, 0)));
  const plain = zlib.createZstdDecompress();
  // Not by pipe(): it asks whether the target is process.stdout, and that is opened by being asked for; ours is open already (inside.ts).
  stream.on('data', (chunk) => {
    if (!plain.write(chunk)) stream.pause();
  });
  stream.on('error', (error) => plain.destroy(error));
  stream.on('end', () => plain.end());
  plain.on('drain', () => stream.resume());
  const limit = Math.max(MAX_UNPACKED_FLOOR, fstatSync(file.fd).size * MAX_UNPACKED_RATIO);
  let unpacked = 0;
  let left = from;
  try {
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      unpacked += chunk.length;
      if (unpacked > limit) throw new Error(TOO_LONG_UNPACKED);
      if (left >= chunk.length) left -= chunk.length;
      else {
        yield left > 0 ? chunk.subarray(left) : chunk;
        left = 0;
      }
    }
  } finally {
    stream.destroy();
    plain.destroy();
  }
}

async function* copiesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

export interface Prefix {
  readonly hash: Hash;
  readonly tail: Buffer;
}

/** Hash and last bytes of the first `length` bytes; null if there are not so many. */
export async function prefixOf(file: OpenFile, compressed: boolean, length: number): Promise<Prefix | null> {
  const hash = createHash('sha256');
  let tail: Buffer = Buffer.alloc(0);
  let left = length;
  if (left > 0)
    for await (const chunk of bytesOf(file, compressed, 0)) {
      const piece = chunk.subarray(0, Math.min(left, chunk.length));
      hash.update(piece);
      tail = lastBytes(tail, piece);
      left -= piece.length;
      if (left === 0) break;
    }
  return left === 0 ? { hash, tail } : null;
}

export function digestOf(hash: Hash): string {
  return hash.copy().digest('hex');
}

function lastBytes(before: Buffer, piece: Buffer): Buffer {
  if (piece.length >= TAIL_BYTES) return Buffer.from(piece.subarray(piece.length - TAIL_BYTES));
  return Buffer.concat([before.subarray(Math.max(0, before.length + piece.length - TAIL_BYTES)), piece]);
}

/** Are the bytes before `end` still those? */
export function tailHolds({ fd }: OpenFile, end: number, tail: Buffer): boolean {
  const found = Buffer.alloc(tail.length);
  return readSync(fd, found, 0, tail.length, end - tail.length) === tail.length && found.equals(tail);
}

export function tailOf({ fd }: OpenFile, end: number): Buffer {
  const tail = Buffer.alloc(Math.min(TAIL_BYTES, end));
  return tail.subarray(0, readSync(fd, tail, 0, tail.length, end - tail.length));
}
