/** Certificates made for a test and by nothing but Node: an authority, and what it signs for servers and clients. */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface Signed {
  readonly certificate: string;
  readonly key: string;
}

const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const dayMs = 24 * 60 * 60 * 1000;

export class Authority {
  readonly certificate: string;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(name: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#name = name;
    this.#key = privateKey;
    this.certificate = this.#certify(name, publicKey, [extension([0x55, 0x1d, 0x13], sequence(der(0x01, Buffer.of(0xff))), true)]);
  }

  /** `names`: host names and IPv4 addresses that a server may be called by. */
  sign(name: string, names: readonly string[] = []): Signed {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const called = names.map((one) => (isIPv4(one) ? der(0x87, Buffer.from(one.split('.').map(Number))) : der(0x82, Buffer.from(one))));
    const extensions = called.length === 0 ? [] : [extension([0x55, 0x1d, 0x11], sequence(...called))];
    return {
      certificate: this.#certify(name, publicKey, extensions),
      key: createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))
        .export({ type: 'pkcs8', format: 'pem' })
        .toString(),
    };
  }

  #certify(subject: string, key: KeyObject, extensions: readonly Buffer[]): string {
    const now = Date.now();
    const tbs = sequence(
      der(0xa0, integer(Buffer.of(2))),
      integer(Buffer.concat([Buffer.of(0x01), randomBytes(8)])),
      ecdsaWithSha256,
      named(this.#name),
      sequence(time(now - dayMs), time(now + dayMs)),
      named(subject),
      key.export({ type: 'spki', format: 'der' }),
      ...(extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))]),
    );
    const signature = sign('sha256', tbs, this.#key);
    const certificate = sequence(tbs, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.of(0), signature])));
    const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  }
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function oid(...bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}

/** By its common name alone. */
function named(text: string): Buffer {
  return sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(text)))));
}

function time(ms: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));
}

function extension(id: readonly number[], value: Buffer, critical = false): Buffer {
  return sequence(oid(...id), ...(critical ? [der(0x01, Buffer.of(0xff))] : []), der(0x04, value));
}
