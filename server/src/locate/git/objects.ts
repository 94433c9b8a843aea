/**
 * Commits of a repository on the host, read from its files: git itself is never run, since what a repository's own configuration says
 * may make it start programs. Loose objects and packs, no alternates: those lie elsewhere.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, inflate } from 'node:zlib';
import { openRegular, readRegular } from '../../attach/regularFile';
import { isUnreadable } from '../mapping';
import { commitHash } from './hashes';

/** Larger ones are no commits that anybody wrote. */
const commitBytes = 64 * 1024;
const indexBytes = 64 * 1024 * 1024;
const packLimit = 64;
const deltaDepth = 64;
const headerBytes = 4096;

const hashLength = 20;
const fanout = 8;
const names = fanout + 256 * 4;
const unzip = promisify(inflate);

const types = { commit: 1, byOffset: 6, byName: 7 } as const;

export interface Commit {
  readonly hash: string;
  /** Null: it is a first one. */
  readonly firstParent: string | null;
}

interface Pack {
  readonly path: string;
  readonly index: Buffer;
  readonly count: number;
}

/** Reads for one question: what it opened once it keeps until it is dropped. */
export class HostObjects {
  readonly #directory: string;
  #packs: Promise<readonly Pack[]> | null = null;
  #whole = true;

  /** `directory`: the `objects` of a repository. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Null: it has no such commit, or it can't be read. */
  async commit(hash: string): Promise<Commit | null> {
    if (!commitHash.test(hash)) return null;
    const text = (await this.#loose(hash)) ?? (await this.#packed(hash));
    if (text === null) return null;
    const parent = /^tree [0-9a-f]{40}\nparent ([0-9a-f]{40})\n/.exec(text)?.[1] ?? null;
    return { hash, firstParent: parent };
  }

  /** Nothing of it was left out: what it did not find is not there. */
  async isWhole(): Promise<boolean> {
    await (this.#packs ??= this.#openPacks());
    return this.#whole;
  }

  async #loose(hash: string): Promise<string | null> {
    const packed = await bytesOf(join(this.#directory, hash.slice(0, 2), hash.slice(2)), commitBytes);
    if (packed === null) return null;
    const whole = await unzipped(packed);
    const end = whole?.indexOf(0) ?? -1;
    return whole === null || end < 0 || !whole.subarray(0, end).toString('latin1').startsWith('commit ')
      ? null
      : whole.subarray(end + 1).toString('latin1');
  }

  async #packed(hash: string): Promise<string | null> {
    for (const pack of await (this.#packs ??= this.#openPacks())) {
      const offset = offsetOf(pack, Buffer.from(hash, 'hex'));
      if (offset === null) continue;
      const found = await this.#object(pack, offset, 0);
      return found?.toString('latin1') ?? null;
    }
    return null;
  }

  async #openPacks(): Promise<readonly Pack[]> {
    const packs: Pack[] = [];
    const directory = join(this.#directory, 'pack');
    let left = indexBytes;
    const indexes = (await namesIn(directory)).filter((each) => each.endsWith('.idx'));
    this.#whole = indexes.length <= packLimit && !(await namesIn(join(this.#directory, 'info'))).includes('alternates');
    for (const name of indexes.slice(0, packLimit)) {
      const index = await bytesOf(join(directory, name), left);
      const known = index !== null && index.length >= names && index.readUInt32BE(0) === 0xff744f63 && index.readUInt32BE(4) === 2;
      const count = known ? index.readUInt32BE(fanout + 255 * 4) : 0;
      if (!known || index.length < names + count * (hashLength + 8)) {
        this.#whole = false;
        continue;
      }
      left -= index.length;
      packs.push({ path: join(directory, `${name.slice(0, -'.idx'.length)}.pack`), index, count });
    }
    return packs;
  }

  /** The content of a commit, put together from what it is told to differ from; null: it is another kind of object. */
  async #object(pack: Pack, offset: number, depth: number): Promise<Buffer | null> {
    if (depth > deltaDepth) return null;
    const raw = await rangeOf(pack.path, offset, headerBytes);
    const head = raw === null ? null : headerOf(raw);
    if (raw === null || head === null || head.size > commitBytes) return null;
    if (head.type === types.commit) return contentAt(pack.path, offset + head.length, head.size);
    let base: Buffer | null = null;
    let at = head.length;
    if (head.type === types.byOffset) {
      const back = backOf(raw, at);
      if (back === null || back.distance > offset) return null;
      at = back.end;
      base = await this.#object(pack, offset - back.distance, depth + 1);
    } else if (head.type === types.byName) {
      const from = offsetOf(pack, raw.subarray(at, at + hashLength));
      at += hashLength;
      base = from === null ? null : await this.#object(pack, from, depth + 1);
    }
    const delta = base === null ? null : await contentAt(pack.path, offset + at, head.size);
    return base === null || delta === null ? null : patched(base, delta);
  }
}

/** Null: the pack does not hold it. */
function offsetOf({ index, count }: Pack, hash: Buffer): number | null {
  const first = hash[0];
  if (first === undefined || hash.length !== hashLength) return null;
  let low = first === 0 ? 0 : index.readUInt32BE(fanout + (first - 1) * 4);
  let high = Math.min(count, index.readUInt32BE(fanout + first * 4));
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = names + middle * hashLength;
    const order = index.compare(hash, 0, hashLength, at, at + hashLength);
    if (order === 0) return placeOf(index, count, middle);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return null;
}

function placeOf(index: Buffer, count: number, at: number): number | null {
  const small = names + count * (hashLength + 4);
  const offset = index.readUInt32BE(small + at * 4);
  if (offset < 0x80000000) return offset;
  const large = small + count * 4 + (offset - 0x80000000) * 8;
  return large + 8 > index.length ? null : Number(index.readBigUInt64BE(large));
}

function headerOf(raw: Buffer): { readonly type: number; readonly size: number; readonly length: number } | null {
  let byte = raw[0];
  if (byte === undefined) return null;
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  let length = 1;
  for (let factor = 16; (byte & 0x80) !== 0; factor *= 128) {
    byte = raw[length++];
    if (byte === undefined || length > 8) return null;
    size += (byte & 0x7f) * factor;
  }
  return { type, size, length };
}

function backOf(raw: Buffer, from: number): { readonly distance: number; readonly end: number } | null {
  let at = from;
  let byte = raw[at++];
  if (byte === undefined) return null;
  let distance = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = raw[at++];
    if (byte === undefined || at - from > 8) return null;
    distance = (distance + 1) * 128 + (byte & 0x7f);
  }
  return { distance, end: at };
}

async function contentAt(path: string, offset: number, size: number): Promise<Buffer | null> {
  // Deflate makes what it can't make smaller a little larger.
  const packed = await rangeOf(path, offset, size + (size >> 3) + 64);
  const content = packed === null ? null : await unzipped(packed);
  return content?.length === size ? content : null;
}

function patched(base: Buffer, delta: Buffer): Buffer | null {
  let at = 0;
  const size = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = delta[at++];
      if (byte === undefined || factor > 2 ** 28) return -1;
      value += (byte & 0x7f) * factor;
      if ((byte & 0x80) === 0) return value;
    }
  };
  if (size() !== base.length) return null;
  const whole = size();
  if (whole < 0 || whole > commitBytes) return null;
  const parts: Buffer[] = [];
  let made = 0;
  while (at < delta.length && made <= whole) {
    const order = delta[at++] ?? 0;
    let part: Buffer;
    if ((order & 0x80) === 0) {
      if (order === 0) return null;
      part = delta.subarray(at, at + order);
      at += order;
    } else {
      const field = (first: number, bytes: number): number => {
        let value = 0;
        for (let i = 0; i < bytes; i++) if ((order & (first << i)) !== 0) value += (delta[at++] ?? 0) * 2 ** (8 * i);
        return value;
      };
      const start = field(0x01, 4);
      const length = field(0x10, 3);
      part = base.subarray(start, start + (length === 0 ? 0x10000 : length));
    }
    parts.push(part);
    made += part.length;
  }
  return made === whole ? Buffer.concat(parts) : null;
}

/** Null: it is broken, or makes more than a commit. */
async function unzipped(packed: Buffer): Promise<Buffer | null> {
  try {
    // More may stand behind it.
    return await unzip(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 * commitBytes });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
    if (code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE') return null;
    throw error;
  }
}

/** Null: not there, or not for us. */
export async function rangeOf(path: string, offset: number, length: number): Promise<Buffer | null> {
  try {
    const handle = await openRegular(path);
    try {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

/** Null: not there, larger, or not for us. */
export async function bytesOf(path: string, limit: number): Promise<Buffer | null> {
  try {
    return (await readRegular(path, limit)).bytes;
  } catch (error) {
    if (isUnreadable(error)) return null;
    throw error;
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isUnreadable(error)) return [];
    throw error;
  }
}
