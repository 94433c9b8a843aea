/**
 * The contexts of the docker command: named engines, one of which may be chosen for good. Its libraries don't know of them. Of the
 * command's settings only the chosen context is taken; what else stands there (logins of registries) is let go at once.
 */
import { createHash } from 'node:crypto';
import { fstatSync, readdirSync, readSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../attach/reader/context';
import { asObject, parseObject } from '../attach/reader/reduce';
import { openRegularSync } from '../attach/regularFile';

export interface DockerContext {
  readonly name: string;
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** Where ca.pem, cert.pem and key.pem lie, if it has any. */
  readonly tlsDir: string;
}

export interface DockerContexts {
  /** The one chosen with `docker context use`; null: none is, or the default one. */
  readonly current: string | null;
  readonly contexts: readonly DockerContext[];
}

/** More than these are not looked at. */
export const contextLimit = 32;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** What the docker command allows. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]{0,200}$/;

/** `directory` is that of the docker command: ~/.docker, or DOCKER_CONFIG. */
export function dockerContexts(directory: string): DockerContexts {
  const chosen = text(readObject(join(directory, 'config.json'))?.currentContext);
  const meta = join(directory, 'contexts', 'meta');
  const contexts: DockerContext[] = [];
  for (const entry of entriesOf(meta).slice(0, contextLimit)) {
    const about = readObject(join(meta, entry, 'meta.json'));
    const name = text(about?.Name);
    const host = text(asObject(asObject(about?.Endpoints)?.docker)?.Host);
    if (name === null || host === null || !NAME.test(name)) continue; // such as one for Kubernetes only
    contexts.push({ name, host, tlsDir: join(directory, 'contexts', 'tls', createHash('sha256').update(name).digest('hex'), 'docker') });
  }
  contexts.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { current: chosen === null || chosen === 'default' || !NAME.test(chosen) ? null : chosen, contexts };
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return []; // no contexts, or none that we may see
  }
}

/** null: there is none, or none that can be read; then there is nothing that it would name. */
function readObject(path: string): Readonly<Record<string, unknown>> | null {
  let file: number;
  try {
    file = openRegularSync(path, 'followed');
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return null;
  }
  try {
    const { size } = fstatSync(file);
    if (size > MAX_FILE_BYTES) return null;
    const bytes = Buffer.alloc(size);
    return parseObject(bytes.toString('utf8', 0, readSync(file, bytes, 0, size, 0)));
  } finally {
    closeSync(file);
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
