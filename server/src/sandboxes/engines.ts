/**
 * Where a container engine may be listening. Like the docker command does, one that is named is the one that is meant: by the
 * setting, else by DOCKER_HOST, else by DOCKER_CONTEXT; then no other is asked. Else every engine of this host is: that of the
 * context chosen with `docker context use`, the usual sockets, and those of all other contexts, since whoever made a sandbox may
 * have had another context then. An engine on another host is asked only where it is named or chosen.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { codeOf } from '../attach/reader/context';
import type { EngineAddress } from '../attach/container/engine';
import { dockerContexts, type DockerContext, type DockerContexts } from './dockerContexts';
import { hostOf, shownAddress, shownContext, socketOf } from './engineAddress';

export type EnginePlace =
  /** `place` is as a person would look for it. */
  | { readonly place: string; readonly address: EngineAddress; readonly reason: null }
  /** `failed`: the address can't be used; `absent`: it is not asked. */
  | { readonly place: string; readonly address: null; readonly outcome: 'failed' | 'absent'; readonly reason: string };

export interface EngineQuestion {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The setting; empty or null: not set. */
  readonly dockerHost?: string | null;
  readonly platform?: NodeJS.Platform;
  /** null: there are none here. */
  readonly uid?: number | null;
}

export function enginePlaces(question: EngineQuestion): readonly EnginePlace[] {
  const { env, dockerHost } = question;
  if (dockerHost) return [named(`setting sandglass.docker.host ${shownAddress(dockerHost)}`, dockerHost, ownKeys(env))];
  const contexts = dockerContexts(configDirectory(env));
  if (env.DOCKER_HOST) {
    const meant = named(`DOCKER_HOST ${shownAddress(env.DOCKER_HOST)}`, env.DOCKER_HOST, ownKeys(env));
    return [meant, ...passedOver([meant], question, contexts, 'DOCKER_HOST')];
  }
  // "default" is the docker command's word for no context.
  if (env.DOCKER_CONTEXT && env.DOCKER_CONTEXT !== 'default') {
    const context = contexts.contexts.find(({ name }) => name === env.DOCKER_CONTEXT);
    const label = `DOCKER_CONTEXT ${shownContext(env.DOCKER_CONTEXT)}`;
    const meant = context
      ? ofContext(`${label} ${shownAddress(context.host)}`, context)
      : unusable(label, 'there is no such context: "docker context ls" lists them');
    return [meant, ...passedOver([meant], question, contexts, 'DOCKER_CONTEXT')];
  }
  return once(everywhere(question, env.DOCKER_CONTEXT === 'default' ? { ...contexts, current: null } : contexts));
}

/** Is this place one of those above, and not a file of a registry? */
export function isEnginePlace(place: string): boolean {
  return /^(?:unix:|npipe:|setting sandglass\.docker\.host |DOCKER_HOST |DOCKER_CONTEXT |CONTAINER_HOST |context )/.test(place);
}

/** Two places with the same key lead to the same engine. */
export function addressKey(address: EngineAddress): string {
  if (address.kind === 'tcp') return `tcp ${address.host}:${address.port}`;
  try {
    return `socket ${realpathSync(address.path)}`;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return `socket ${address.path}`; // not there, or not to be seen
  }
}

function everywhere(question: EngineQuestion, { current, contexts }: DockerContexts): readonly EnginePlace[] {
  const chosen = contexts.find(({ name }) => name === current);
  const gone = current !== null && chosen === undefined;
  return [
    ...(chosen ? [ofContext(`context ${chosen.name} (current) ${shownAddress(chosen.host)}`, chosen)] : []),
    ...(gone ? [unusable(`context ${current} (current)`, 'there is no such context: choose one with "docker context use"')] : []),
    ...usualPlaces(question),
    ...contexts.filter((context) => context !== chosen).map(unchosen),
  ];
}

function unchosen(context: DockerContext): EnginePlace {
  const place = `context ${context.name} ${shownAddress(context.host)}`;
  if (socketOf(context.host) !== null) return ofContext(place, context);
  const reason = `it is on another host and not the current context: choose it with "docker context use ${context.name}" to look there`;
  return { place, address: null, outcome: 'absent', reason };
}

/** What is there, but not asked because another is named: else sandboxes would be missing without a word. */
function passedOver(meant: readonly EnginePlace[], question: EngineQuestion, contexts: DockerContexts, by: string): readonly EnginePlace[] {
  return once([...meant, ...everywhere(question, contexts)])
    .slice(meant.length)
    .filter(({ address }) => address?.kind === 'socket' && existsSync(address.path))
    .map(({ place }) => ({
      place: `not asked: ${place}`,
      address: null,
      outcome: 'absent',
      reason: `${by} names another engine: unset it, or name this one in the setting sandglass.docker.host, to look there`,
    }));
}

/** The first of those that lead to one engine. */
function once(places: readonly EnginePlace[]): readonly EnginePlace[] {
  const seen = new Set<string>();
  return places.filter(({ address }) => {
    if (!address) return true;
    const key = addressKey(address);
    return seen.has(key) ? false : seen.add(key);
  });
}

function usualPlaces({ env, platform = process.platform, uid = process.getuid?.() ?? null }: EngineQuestion): readonly EnginePlace[] {
  if (platform === 'win32')
    return ['docker_engine', 'dockerDesktopLinuxEngine', 'podman-machine-default'].map((pipe) => ({
      place: `npipe:////./pipe/${pipe}`,
      address: { kind: 'socket', path: `//./pipe/${pipe}` },
      reason: null,
    }));
  const { join } = posix;
  const runtimes = [env.XDG_RUNTIME_DIR, uid === null ? undefined : `/run/user/${uid}`].filter((dir) => dir !== undefined && dir !== '');
  const home = env.HOME;
  const sockets = [
    '/var/run/docker.sock',
    ...runtimes.flatMap((dir) => [join(dir ?? '', 'docker.sock'), join(dir ?? '', 'podman', 'podman.sock')]),
    '/run/podman/podman.sock',
    // Docker Desktop, older and on Linux; then what else is common on a Mac.
    ...(home ? [join(home, '.docker', 'run', 'docker.sock'), join(home, '.docker', 'desktop', 'docker.sock')] : []),
    ...(home && platform === 'darwin'
      ? [
          join(home, '.colima', 'default', 'docker.sock'),
          join(home, '.orbstack', 'run', 'docker.sock'),
          join(home, '.rd', 'docker.sock'),
          join(home, '.local', 'share', 'containers', 'podman', 'machine', 'podman.sock'),
        ]
      : []),
  ];
  const podman = env.CONTAINER_HOST && socketOf(env.CONTAINER_HOST) !== null ? env.CONTAINER_HOST : null;
  return [
    ...[...new Set(sockets)].map((path): EnginePlace => ({ place: `unix://${path}`, address: { kind: 'socket', path }, reason: null })),
    ...(podman === null ? [] : [named(`CONTAINER_HOST ${shownAddress(podman)}`, podman, null)]),
  ];
}

interface Keys {
  readonly dir: string;
  /** Whether they are to be used with an address that does not say so itself. */
  readonly always: boolean;
  readonly where: string;
}

function ownKeys(env: EngineQuestion['env']): Keys {
  const dir = env.DOCKER_CERT_PATH ?? configDirectory(env);
  return { dir, always: env.DOCKER_TLS_VERIFY === '1', where: 'DOCKER_CERT_PATH' };
}

function configDirectory(env: EngineQuestion['env']): string {
  return env.DOCKER_CONFIG || posix.join((env.HOME ?? '').replaceAll('\\', '/'), '.docker');
}

function ofContext(place: string, context: DockerContext): EnginePlace {
  const secure = existsSync(context.tlsDir);
  return named(place, context.host, secure ? { dir: context.tlsDir, always: true, where: 'of the context' } : null);
}

function unusable(place: string, reason: string): EnginePlace {
  return { place, address: null, outcome: 'failed', reason };
}

function named(place: string, host: string, keys: Keys | null): EnginePlace {
  const socket = socketOf(host);
  if (socket !== null) return { place, address: { kind: 'socket', path: socket }, reason: null };
  const url = hostOf(host);
  if (url === null) return unusable(place, 'it is not an address such as unix:///var/run/docker.sock or tcp://localhost:2375');
  if (url.protocol === 'ssh:') return unusable(place, overSsh(url));
  if (!['tcp:', 'http:', 'https:'].includes(url.protocol))
    return unusable(place, `${url.protocol.slice(0, -1)} addresses are not supported; forward the socket, for example with ssh -L`);
  const secure = url.protocol === 'https:' || keys?.always === true || (keys !== null && url.port === '2376');
  if (secure && keys === null) return unusable(place, 'the context has no client certificate: make it again with "docker context create"');
  try {
    const tls = secure && keys !== null ? clientKeys(keys.dir) : null;
    return { place, address: { kind: 'tcp', host: url.hostname, port: Number(url.port || (secure ? 2376 : 2375)), tls }, reason: null };
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return unusable(place, `the client certificate (${keys?.where ?? ''}: ca.pem, cert.pem, key.pem) could not be read`);
  }
}

function overSsh(url: URL): string {
  const port = url.port === '' ? '' : `-p ${url.port} `;
  const user = url.username === '' ? '' : `${url.username}@`;
  const forward = `ssh -N ${port}-L /tmp/docker.sock:/var/run/docker.sock ${user}${url.hostname}`;
  return `engines are not asked over ssh: forward the socket with "${forward}", and name unix:///tmp/docker.sock in the setting sandglass.docker.host`;
}

/** The user's own key for this engine, as the docker command uses it. */
function clientKeys(dir: string): NonNullable<Extract<EngineAddress, { kind: 'tcp' }>['tls']> {
  return {
    ca: readFileSync(posix.join(dir, 'ca.pem')),
    cert: readFileSync(posix.join(dir, 'cert.pem')),
    key: readFileSync(posix.join(dir, 'key.pem')),
  };
}
