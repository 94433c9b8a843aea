/** Takes apart the engine's stream of an exec or a log without a terminal: frames of 8 bytes of header, then stdout or stderr. */

export type Channel = 'stdout' | 'stderr';
export interface Piece {
  readonly channel: Channel;
  readonly bytes: Buffer;
  /** The frame ends with it. */
  readonly last: boolean;
}

const HEADER = 8;

/** Reads only as fast as it is asked: the library's own way of doing it has no end of buffer. */
export async function* demux(stream: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  let held: Buffer = Buffer.alloc(0);
  let channel: Channel = 'stdout';
  let left = 0;
  for await (const chunk of stream) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      if (left === 0) {
        if (held.length < HEADER) break;
        channel = held[0] === 2 ? 'stderr' : 'stdout';
        left = held.readUInt32BE(4);
        held = held.subarray(HEADER);
        continue;
      }
      if (held.length === 0) break;
      const bytes = held.subarray(0, Math.min(left, held.length));
      held = held.subarray(bytes.length);
      left -= bytes.length;
      yield { channel, bytes, last: left === 0 };
    }
  }
}
