/** The frames in what a reader writes to stdout. What is none of its own is left out, and so is what would not fit; that is told once. */
import { demux } from './demux';
import { MAX_FRAME_BYTES, parseFrame } from './frameParser';
import { MAX_CURSORS, type ReaderCursors } from './readerCursors';
import type { Frame } from '../reader/frames';

const NEWLINE = 0x0a;

/** Where this is told of; not for a reader to take back. */
export const READER = 'reader';
export const TOO_LONG = `a line of its output was longer than ${Math.floor(MAX_FRAME_BYTES / 1024 / 1024)} MB and was left out`;
export const NOT_ITS_OWN = 'a line of its output was none of its own and was left out';
export const TOO_MANY = `how far it came is remembered of ${MAX_CURSORS} files and sessions at most: the rest is read again at the next attach`;

export async function* readerFrames(
  chunks: AsyncIterable<Buffer>,
  cursors: ReaderCursors,
  onStderr: (bytes: Buffer) => void,
): AsyncGenerator<Frame> {
  const told = new Set<string>();
  function* tell(reason: string): Generator<Frame> {
    if (told.has(reason)) return;
    told.add(reason);
    yield { kind: 'skipped', where: READER, reason };
  }
  function* framesOf(line: string): Generator<Frame> {
    const frame = parseFrame(line);
    if (frame === null || (frame.kind === 'mended' && frame.where === READER)) {
      if (line !== '') yield* tell(NOT_ITS_OWN);
    } else if ('cursor' in frame && frame.cursor !== undefined && !cursors.take(frame.cursor)) {
      const { cursor: _, ...rest } = frame;
      yield rest;
      yield* tell(TOO_MANY);
    } else yield frame;
  }
  let parts: Buffer[] = [];
  let held = 0;
  for await (const { channel, bytes } of demux(chunks)) {
    if (channel === 'stderr') {
      onStderr(bytes);
      continue;
    }
    let at = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, at)) {
      parts.push(bytes.subarray(at, end));
      if (held + end - at > MAX_FRAME_BYTES) yield* tell(TOO_LONG);
      else yield* framesOf(Buffer.concat(parts).toString('utf8'));
      parts = [];
      held = 0;
      at = end + 1;
    }
    held += bytes.length - at;
    // Not ours: no frame is so long. Its rest is dropped up to the next line.
    if (held > MAX_FRAME_BYTES) {
      parts = [];
      yield* tell(TOO_LONG);
    } else if (at < bytes.length) parts.push(Buffer.from(bytes.subarray(at)));
  }
}
