/** The little that the state directory says about itself. `openclaw.json` holds the gateway's token: it is read for one field. */
import { join } from 'node:path';
import type { AboutRecord } from '../record';
import { readRegular } from '../regularFile';
import { asObject, parseObject } from './reduce';

const MAX_VERSION = 64;
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** The version of OpenClaw that last wrote its configuration; null: not observed. */
export async function configuredVersion(stateDir: string): Promise<string | null> {
  const text = await readSmall(join(stateDir, 'openclaw.json'));
  // JSON5 is allowed there; whoever uses its freedoms goes without this.
  const meta = text === null ? null : asObject(parseObject(text)?.meta);
  return typeof meta?.lastTouchedVersion === 'string' ? meta.lastTouchedVersion.slice(0, MAX_VERSION) : null;
}

/** Name and provider are for those to add who know the sandbox's registry row. */
export function aboutRecord(version: string | null): AboutRecord {
  return { kind: 'about', runtimeVersion: version, sandboxName: null, provider: null };
}

async function readSmall(path: string): Promise<string | null> {
  try {
    return (await readRegular(path, MAX_CONFIG_BYTES)).bytes.toString('utf8');
  } catch {
    return null; // not there, or not for us: then the version is not observed
  }
}
