/**
 * Lines out of a stream of bytes, in batches, with their offsets and a running hash over what was consumed. A line that is
 * not finished yet is handed back, not consumed: its rest may still come.
 */
import type { Hash } from 'node:crypto';

/** Longer lines are reported and left out; the longest seen in the wild is 10 MB. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024;
/** Small, since what is made of one chunk is held until all of it is handed out. */
export const CHUNK_BYTES = 64 * 1024;

/** A byte that is no UTF-8 becomes three when it is written again: is the text still one that a frame can hold? */
export function isTooLong(text: string): boolean {
  return text.length > MAX_LINE_BYTES / 3 && Buffer.byteLength(text) > MAX_LINE_BYTES;
}

const NEWLINE = 0x0a;

export interface Line {
  readonly start: number;
  /** null: longer than MAX_LINE_BYTES. */
  readonly bytes: Buffer | null;
}

export interface LineBatch {
  readonly lines: readonly Line[];
  /** Offset after the last consumed byte. */
  readonly end: number;
  /** State of the hash over everything before `end`. */
  readonly hash: Hash;
}

export interface Rest {
  readonly start: number;
  readonly bytes: Buffer;
  readonly tooLong: boolean;
}

/** Batches of complete lines; returns what is left without a line end. `hash` has seen everything before `from`. */
export async function* lineBatches(
  chunks: AsyncIterable<Buffer>,
  from: number,
  hash: Hash,
  maxLineBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<LineBatch, Rest> {
  let parts: Buffer[] = [];
  let held = 0;
  let lineStart = from;
  let tooLong = false;
  // While a line grows beyond the limit its bytes go straight into a copy, so that an unfinished one can be taken back.
  let running = hash;
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let at = 0;
    for (let end = chunk.indexOf(NEWLINE, at); end !== -1; end = chunk.indexOf(NEWLINE, at)) {
      const piece = chunk.subarray(at, end + 1);
      const whole = parts.length === 0 ? piece : Buffer.concat([...parts, piece]);
      running.update(whole);
      const length = held + piece.length;
      lines.push({ start: lineStart, bytes: tooLong || length - 1 > maxLineBytes ? null : whole.subarray(0, whole.length - 1) });
      hash = running;
      lineStart += length;
      parts = [];
      held = 0;
      tooLong = false;
      at = end + 1;
    }
    if (at < chunk.length) {
      // A copy: a slice would keep the whole chunk alive while the line is unfinished.
      const piece = Buffer.from(chunk.subarray(at));
      held += piece.length;
      if (held > maxLineBytes) {
        if (!tooLong) running = hash.copy();
        tooLong = true;
        for (const part of parts) running.update(part);
        running.update(piece);
        parts = [];
      } else {
        parts.push(piece);
      }
    }
    if (lines.length > 0) yield { lines, end: lineStart, hash };
  }
  return { start: lineStart, bytes: Buffer.concat(parts), tooLong };
}
