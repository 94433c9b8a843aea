/** Where a container engine may be listening: what a person named, else the usual sockets. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineAddress } from '../attach/container/engine';

export interface EnginePlace {
  /** As a person would look for it. */
  readonly place: string;
  readonly address: EngineAddress | null;
  /** Why the address can't be used; null: it can. */
  readonly reason: string | null;
}

export interface EngineQuestion {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The setting; empty or null: not set. */
  readonly dockerHost?: string | null;
  readonly platform?: NodeJS.Platform;
}

/** A setting or DOCKER_HOST names the one engine that is meant; without them every usual place is looked at. */
export function enginePlaces({ env, dockerHost, platform = process.platform }: EngineQuestion): readonly EnginePlace[] {
  if (dockerHost) return [named(`setting dockerHost ${dockerHost}`, dockerHost, env)];
  if (env.DOCKER_HOST) return [named(`DOCKER_HOST ${env.DOCKER_HOST}`, env.DOCKER_HOST, env)];
  if (platform === 'win32') return [usual('//./pipe/docker_engine')];
  const runtime = env.XDG_RUNTIME_DIR;
  const home = env.HOME;
  return [
    usual('/var/run/docker.sock'),
    ...(runtime ? [usual(join(runtime, 'docker.sock')), usual(join(runtime, 'podman', 'podman.sock'))] : []),
    ...(home ? [usual(join(home, '.docker', 'run', 'docker.sock'))] : []),
  ];
}

/** Is this place one of those above, and not a file of a registry? */
export function isEnginePlace(place: string): boolean {
  return /^(?:unix:|setting dockerHost |DOCKER_HOST )/.test(place);
}

function usual(path: string): EnginePlace {
  return { place: `unix://${path}`, address: { kind: 'socket', path }, reason: null };
}

function named(place: string, host: string, env: EngineQuestion['env']): EnginePlace {
  const socket = /^(?:unix|npipe):\/\/(.+)$/.exec(host)?.[1];
  if (socket !== undefined) return { place, address: { kind: 'socket', path: socket }, reason: null };
  const notOne: EnginePlace = {
    place,
    address: null,
    reason: 'it is not an address such as unix:///var/run/docker.sock or tcp://localhost:2375',
  };
  let url: URL;
  try {
    url = new URL(host.includes('://') ? host : `tcp://${host}`);
  } catch {
    return notOne;
  }
  if (url.hostname === '') return notOne;
  if (!['tcp:', 'http:', 'https:'].includes(url.protocol))
    return {
      place,
      address: null,
      reason: `${url.protocol.slice(0, -1)} addresses are not supported; forward the socket, for example with ssh -L`,
    };
  const secure = url.protocol === 'https:' || env.DOCKER_TLS_VERIFY === '1' || url.port === '2376';
  try {
    const tls = secure ? clientKeys(env.DOCKER_CERT_PATH ?? join(env.HOME ?? '', '.docker')) : null;
    return { place, address: { kind: 'tcp', host: url.hostname, port: Number(url.port || (secure ? 2376 : 2375)), tls }, reason: null };
  } catch {
    return { place, address: null, reason: 'the client certificate (DOCKER_CERT_PATH: ca.pem, cert.pem, key.pem) could not be read' };
  }
}

/** The user's own key for this engine, as the docker command uses it. */
function clientKeys(dir: string): NonNullable<Extract<EngineAddress, { kind: 'tcp' }>['tls']> {
  return { ca: readFileSync(join(dir, 'ca.pem')), cert: readFileSync(join(dir, 'cert.pem')), key: readFileSync(join(dir, 'key.pem')) };
}
