/** What this Node can do. Loaded before anything that needs node:sqlite, so that a Node without it can still say so. */
import { createRequire } from 'node:module';
import { getCiphers } from 'node:crypto';
import * as zlib from 'node:zlib';
import type { RuntimeProbe } from './protocol/messages';

export function probeRuntime(): RuntimeProbe {
  let sqlite = true;
  try {
    createRequire(__filename)('node:sqlite');
  } catch {
    // Some builds of Electron and every Node before 22.13 come without it: that is the answer.
    sqlite = false;
  }
  return {
    node: process.versions.node,
    sqlite,
    zstd: typeof (zlib as { zstdDecompressSync?: unknown }).zstdDecompressSync === 'function',
    gcm: getCiphers().includes('aes-256-gcm'),
  };
}

export function missing(probe: RuntimeProbe): readonly string[] {
  return [probe.sqlite ? '' : 'node:sqlite', probe.zstd ? '' : 'zstd', probe.gcm ? '' : 'AES-256-GCM'].filter((name) => name !== '');
}
