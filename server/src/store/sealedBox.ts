/**
 * Everything that can name something (titles, paths, hosts, commands, payloads) is kept compressed and encrypted:
 * codec byte, 12 bytes nonce, 16 bytes tag, AES-256-GCM of the text, zstd-compressed when that helps. What must be looked
 * up by name is kept as a keyed hash (`blind`), which tells nothing without the key.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomFillSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { ZstdOptions } from 'node:zlib';
import { StoreError } from './errors';

const codecPlain = 0;
const codecZstd = 1;
const nonceBytes = 12;
const tagBytes = 16;
export const keyBytes = 32;
/** Below this, setting up the compressor takes longer than everything else, and saves little. */
const compressFrom = 2048;
/** Nonces are drawn from the system this many at a time. */
const noncesDrawn = 256;
const compression: ZstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Each record asks for those of its file, its session's key and its call, several times over: a look-up is a tenth of the making. */
const blindsRemembered = 512;
const longestRemembered = 256;
/** No record of a transcript is larger; a forged length must not make us allocate without end. */
const largestPlain = 256 * 1024 * 1024;

export class SealedBox {
  readonly #sealKey: KeyObject;
  readonly #blindKey: KeyObject;
  readonly #nonces = Buffer.alloc(nonceBytes * noncesDrawn);
  #nextNonce = noncesDrawn;
  readonly #blinds = new Map<string, Buffer>();

  constructor(key: Uint8Array) {
    if (key.byteLength !== keyBytes)
      throw new StoreError('lost-key', `the store's key must have ${keyBytes} bytes, it has ${key.byteLength}`);
    this.#sealKey = createSecretKey(new Uint8Array(hkdfSync('sha256', key, '', 'sandglass store seal', keyBytes)));
    this.#blindKey = createSecretKey(new Uint8Array(hkdfSync('sha256', key, '', 'sandglass store blind', keyBytes)));
  }

  seal(text: string): Buffer {
    const plain = Buffer.from(text, 'utf8');
    const compressed = plain.length >= compressFrom ? zstdCompressSync(plain, { ...compression, pledgedSrcSize: plain.length }) : null;
    const useCompressed = compressed !== null && compressed.length < plain.length;
    const codec = Buffer.of(useCompressed ? codecZstd : codecPlain);
    const nonce = this.#nonce();
    const cipher = createCipheriv('aes-256-gcm', this.#sealKey, nonce);
    cipher.setAAD(codec);
    const body = cipher.update(useCompressed ? compressed : plain);
    // Of this cipher the end adds no bytes, only the tag.
    cipher.final();
    return Buffer.concat([codec, nonce, cipher.getAuthTag(), body]);
  }

  /** Random, each used once; the caller copies it before the next is asked for. */
  #nonce(): Buffer {
    if (this.#nextNonce === noncesDrawn) {
      randomFillSync(this.#nonces);
      this.#nextNonce = 0;
    }
    const start = nonceBytes * this.#nextNonce++;
    return this.#nonces.subarray(start, start + nonceBytes);
  }

  /** Throws StoreError `lost-key` when the key does not fit or the bytes were changed. */
  open(sealed: Uint8Array): string {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (bytes.length < 1 + nonceBytes + tagBytes) throw new StoreError('lost-key', 'a stored value is too short to be ours');
    const codec = bytes.subarray(0, 1);
    const decipher = createDecipheriv('aes-256-gcm', this.#sealKey, bytes.subarray(1, 1 + nonceBytes), { authTagLength: tagBytes });
    decipher.setAAD(codec);
    decipher.setAuthTag(bytes.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes));
    let plain: Buffer;
    try {
      plain = decipher.update(bytes.subarray(1 + nonceBytes + tagBytes));
      decipher.final();
    } catch (cause) {
      throw new StoreError('lost-key', 'a stored value does not open with this key', { cause });
    }
    switch (codec[0]) {
      case codecPlain:
        return plain.toString('utf8');
      case codecZstd:
        return zstdDecompressSync(plain, { maxOutputLength: largestPlain }).toString('utf8');
      default:
        throw new StoreError('newer-schema', `a stored value has the unknown codec ${codec[0]}`);
    }
  }

  /** Not to be written into. */
  blind(text: string): Buffer {
    const known = this.#blinds.get(text);
    if (known !== undefined) return known;
    const blind = createHmac('sha256', this.#blindKey).update(text).digest().subarray(0, 16);
    if (text.length > longestRemembered) return blind;
    if (this.#blinds.size >= blindsRemembered) this.#blinds.clear();
    this.#blinds.set(text, blind);
    return blind;
  }
}
