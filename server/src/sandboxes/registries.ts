/** NemoClaw's registries on this host, one for each of its gateways. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asObject, parseObject } from '../attach/reader/reduce';
import { codeOf, skipReasonOf } from '../attach/reader/context';
import { registryRows, type RegistryRow } from '../attach/registry';
import { readRegular, TOO_LARGE } from '../attach/regularFile';
import type { LookOutcome } from '../protocol/document';

export interface Registry {
  readonly path: string;
  readonly outcome: LookOutcome;
  readonly reason: string | null;
  readonly rows: readonly RegistryRow[];
}

const MAX_GATEWAYS = 64;
const MAX_REGISTRY_BYTES = 16 * 1024 * 1024;

export function registryDirectory(home: string): string {
  return join(home, '.nemoclaw');
}

/** That of the default gateway always, so that it shows where we looked; others where there are some. */
export async function registryPaths(home: string): Promise<readonly string[]> {
  const base = registryDirectory(home);
  try {
    const gateways = (await readdir(join(base, 'gateways'))).sort().slice(0, MAX_GATEWAYS);
    return [join(base, 'sandboxes.json'), ...gateways.map((gateway) => join(base, 'gateways', gateway, 'sandboxes.json'))];
  } catch {
    return [join(base, 'sandboxes.json')]; // no other gateways, or none we may see; the default's own answer tells
  }
}

export async function readRegistry(path: string): Promise<Registry> {
  try {
    const registry = asObject(parseObject((await readRegular(path, MAX_REGISTRY_BYTES, 'followed')).bytes.toString('utf8')));
    if (!registry) return { path, outcome: 'failed', reason: 'it is not a JSON object', rows: [] };
    return { path, outcome: 'ok', reason: null, rows: registryRows(registry) };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { path, outcome: 'absent', reason: 'there is none', rows: [] };
    const tooLarge = `it is larger than ${MAX_REGISTRY_BYTES / 1024 / 1024} MB`;
    return {
      path,
      outcome: code === 'EACCES' || code === 'EPERM' ? 'refused' : 'failed',
      reason: code === TOO_LARGE ? tooLarge : skipReasonOf(error),
      rows: [],
    };
  }
}
