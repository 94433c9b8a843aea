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

/** A member that comes in several chunks. Its memory is used again for the next one: ten thousand of them would be as many pieces to free. */
class Held {
  #memory: Buffer = Buffer.alloc(0);
  #bytes = 0;

  add(part: Buffer): void {
    const bytes = this.#bytes + part.length;
    if (bytes <= MAX_MEMBER_BYTES) {
      if (bytes > this.#memory.length) this.#grow(bytes);
      part.copy(this.#memory, this.#bytes);
    }
    this.#bytes = bytes;
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(MAX_MEMBER_BYTES, Math.max(bytes, this.#memory.length * 2)));
    this.#memory.copy(larger, 0, 0, this.#bytes);
    this.#memory = larger;
  }

  /** With its last part; null: there is nothing, or too much. */
  whole(last: Buffer): Buffer | null {
    const inParts = this.#bytes > 0;
    if (inParts) this.add(last);
    const fits = this.#bytes <= MAX_MEMBER_BYTES && last.length <= MAX_MEMBER_BYTES;
    const whole = inParts ? this.#memory.subarray(0, Math.min(this.#bytes, this.#memory.length)) : last;
    this.#bytes = 0;
    return fits && !whole.every(isSpace) ? whole : null;
  }
}
