/**
 * The gateways that OpenShell's command has registered on this host, read from where the command itself reads them:
 * `$XDG_CONFIG_HOME/openshell` (else `~/.config/openshell`; of the command from a snap, that in the snap's own directory), then
 * `/etc/openshell` (or `OPENSHELL_SYSTEM_GATEWAY_DIR`). Nothing secret is read to learn which there are; the key of a client
 * certificate only when its gateway is asked, and only the one that is named here.
 */
import { readdir } from 'node:fs/promises';
import { basename, isAbsolute, join } from 'node:path';
import { readRegular } from '../attach/regularFile';
import { GatewayError } from './gatewayError';

export interface Gateway {
  readonly name: string;
  /** As it is registered, without what could be in it beside scheme, host and port. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** null: its connection is not encrypted, and goes to this host only. */
  readonly certificates: string | null;
}

/** What is registered under a name, or why that can't be asked. */
export type Registered =
  { readonly kind: 'gateway'; readonly gateway: Gateway } | { readonly kind: 'none'; readonly name: string; readonly error: GatewayError };

export interface ConfigPlaces {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Gateways that are looked at; the one in use stands first. */
export const maxGateways = 16;
const maxMetadataBytes = 64 * 1024;
const maxPemBytes = 256 * 1024;

/**
 * `named`: as the registry of the sandbox says; null: it says none, and all there are may be its. Empty: none is registered.
 */
export async function registeredGateways(places: ConfigPlaces, named: string | null): Promise<readonly Registered[]> {
  const roots = configRoots(places);
  const names = named === null ? await allNames(roots, places.env) : [named];
  const found: Registered[] = [];
  for (const name of names.slice(0, maxGateways)) {
    const one = await registered(roots, name);
    if (one !== null) found.push(one);
  }
  return found;
}

interface Roots {
  /** Where the user's own are, and the certificates; the first that has one of a name counts. */
  readonly user: readonly [string, ...string[]];
  readonly system: string;
}

/** The user's own stand before the system's of the same name. */
function configRoots({ home, env }: ConfigPlaces): Roots {
  const { XDG_CONFIG_HOME: config, APPDATA: appData, OPENSHELL_SYSTEM_GATEWAY_DIR: system } = env;
  const usual = process.platform === 'win32' && appData !== undefined ? appData : join(home, '.config');
  return {
    user: [
      join(config !== undefined && isAbsolute(config) ? config : usual, 'openshell'),
      join(home, 'snap/openshell/common/.config/openshell'),
    ],
    system: system !== undefined && isAbsolute(system) ? system : '/etc/openshell',
  };
}

async function allNames({ user, system }: Roots, env: ConfigPlaces['env']): Promise<readonly string[]> {
  const roots = [...user, system];
  const chosen = [env['OPENSHELL_GATEWAY']?.trim() ?? ''];
  for (const root of roots) chosen.push((await activeIn(root)) ?? '');
  const names: string[] = [];
  for (const root of roots) names.push(...(await directories(join(root, 'gateways'))));
  return [...new Set([...chosen.filter((name) => name !== '').slice(0, 1), ...names.sort()])];
}

async function activeIn(root: string): Promise<string | null> {
  try {
    const { bytes } = await readRegular(join(root, 'active_gateway'), maxMetadataBytes, 'followed');
    return bytes.toString('utf8').trim() || null;
  } catch (error) {
    if (codeOf(error) !== null) return null;
    throw error;
  }
}

async function directories(path: string): Promise<readonly string[]> {
  try {
    const found = await readdir(path, { withFileTypes: true });
    return found.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
  } catch (error) {
    if (codeOf(error) !== null) return [];
    throw error;
  }
}

/** null: there is none of this name. */
async function registered({ user, system }: Roots, name: string): Promise<Registered | null> {
  const none = (error: GatewayError): Registered => ({ kind: 'none', name, error });
  // A name is a part of a path, and comes from a registry or the environment.
  if (name === '' || name === '.' || name === '..' || basename(name) !== name || /[\\\0]/.test(name) || name.length > 200)
    return none(new GatewayError('unreadable', 'its name is none that a gateway can have'));
  for (const root of [...user, system]) {
    const directory = join(root, 'gateways', name);
    let metadata: unknown;
    try {
      const { bytes } = await readRegular(join(directory, 'metadata.json'), maxMetadataBytes, 'followed');
      metadata = JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') continue;
      if (code === null && !(error instanceof SyntaxError)) throw error;
      return none(new GatewayError('unreadable', `what is registered of it can't be read (${code ?? 'it is no JSON'})`));
    }
    // Certificates are the user's, also where the gateway is registered for the whole system.
    return gatewayOf(name, metadata, join(root === system ? user[0] : root, 'gateways', name.replace(/[^A-Za-z0-9._-]/g, '_'), 'mtls'));
  }
  return null;
}

function gatewayOf(name: string, metadata: unknown, mtls: string): Registered {
  const none = (reason: GatewayError['reason'], message: string): Registered => ({
    kind: 'none',
    name,
    error: new GatewayError(reason, message),
  });
  const { gateway_endpoint: endpoint, auth_mode: mode, is_remote: remote } = asObject(metadata);
  const url = typeof endpoint === 'string' ? urlOf(endpoint) : null;
  if (url === null) return none('unreadable', 'its address is none that is known');
  // The brackets of an IPv6 address belong to the address as it is written.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  if (remote === true || !isOwnHost(host)) return none('elsewhere', 'it is on another host, and only gateways of this host are asked');
  if (mode !== undefined && mode !== null && mode !== 'mtls' && mode !== 'plaintext')
    return none('sign-in', 'it asks for a sign-in, and its tokens are not touched');
  const address = `${url.protocol}//${url.host}`;
  return { kind: 'gateway', gateway: { name, address, host, port, certificates: url.protocol === 'https:' ? mtls : null } };
}

function urlOf(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : null;
}

function isOwnHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

export interface ClientCertificate {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** Throws GatewayError. What is in the files is in no message. */
export async function clientCertificate(directory: string): Promise<ClientCertificate> {
  const read = async (name: string): Promise<Buffer> => {
    try {
      return (await readRegular(join(directory, name), maxPemBytes, 'followed')).bytes;
    } catch (error) {
      const code = codeOf(error);
      if (code === null) throw error;
      throw new GatewayError('no-certificate', `${name} of its client certificate can't be read from ${directory} (${code})`);
    }
  };
  return { ca: await read('ca.crt'), certificate: await read('tls.crt'), key: await read('tls.key') };
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
