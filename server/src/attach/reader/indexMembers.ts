/**
 * The members of one JSON object, each as it stands, out of a stream of bytes: an index of many megabytes is never held as a whole.
 */

/** A longer member is left out. An entry is 17 KB. */
export const MAX_MEMBER_BYTES = 4 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/** Not a JSON object, or one that is cut off. */
export class NoObject extends Error {
  static is(value: unknown): value is NoObject {
    return value instanceof NoObject;
  }
}

/** `"key": value` of each; valid until the next is asked for. Throws NoObject. */
export async function* membersOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const member = new Held();
  let depth = 0;
  let inString = false;
  let escaped = false;
  let ended = false;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (depth === 0) {
        if (isSpace(byte)) continue;
        if (ended || byte !== OPEN) throw new NoObject();
        depth = 1;
        from = at + 1;
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN || byte === OPEN_LIST) depth += 1;
      else if (byte === CLOSE || byte === CLOSE_LIST) {
        depth -= 1;
        if (depth > 0) continue;
        ended = true;
        const last = member.whole(chunk.subarray(from, at));
        if (last) yield last;
      } else if (byte === COMMA && depth === 1) {
        const one = member.whole(chunk.subarray(from, at));
        if (one) yield one;
        from = at + 1;
      }
    }
    if (depth > 0) member.add(chunk.subarray(from));
  }
  if (!ended) throw new NoObject();
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** A member that comes in several chunks. */
class Held {
  #parts: Buffer[] = [];
  #bytes = 0;

  add(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > MAX_MEMBER_BYTES) this.#parts = [];
    // A copy: the chunk's memory is used again for the next one.
    else if (part.length > 0) this.#parts.push(Buffer.from(part));
  }

  /** With its last part; null: there is nothing, or too much. */
  whole(last: Buffer): Buffer | null {
    const fits = this.#bytes + last.length <= MAX_MEMBER_BYTES;
    const whole = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#bytes = 0;
    return fits && !whole.every(isSpace) ? whole : null;
  }
}
