/**
 * The policy files that lie readable on this machine: YAML in the workspace, NemoClaw's own under its state directory, and the file
 * that a sandbox's container has its policy from, where that is a file of this host. Every place that was looked at is told, with what
 * it gave. A file is read and parsed once, and again when it changed; no secret file is opened, and no link is followed.
 */
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readRegular } from '../attach/regularFile';
import { isSecretPath } from '../attach/secretPaths';
import { maxPolicyBytes, parsePolicy } from './parsePolicy';
import type { ParsedPolicy } from './parsePolicy';
import { PolicyFileError } from './policyDocument';

export interface PolicyFile {
  readonly path: string;
  readonly uri: string;
  readonly place: 'workspace' | 'nemoclaw' | 'container';
  readonly parsed: ParsedPolicy;
}

/** One place that was looked at. `policies` of `files` YAML files hold rules. */
export interface PlaceLooked {
  readonly place: string;
  readonly files: number;
  readonly policies: number;
  /** null: all of it was looked at. */
  readonly reason: string | null;
}

export interface PolicyLook {
  readonly files: readonly PolicyFile[];
  readonly looked: readonly PlaceLooked[];
}

export interface PolicyPlaces {
  readonly home: string;
  readonly folders: readonly string[];
  /** Bind mounts of open sandboxes. */
  readonly mounts: readonly { readonly sandbox: string; readonly host: string }[];
  /** In an untrusted workspace nothing outside of it is looked at. */
  readonly trusted: boolean;
}

const maxEntries = 20_000;
const maxDepth = 8;
const maxYamlFiles = 500;
const maxPolicies = 50;
/** What was seen this short a time ago is not looked at again, unless something said that it changed. */
const freshMs = 1000;
/** Places are gone through again after this long even if nothing said that they changed. */
const rescanMs = 60_000;
const effectivePath = '/etc/openshell/policy.yaml';
/** Others' code and what was built, and of NemoClaw copies of what was, and of sandboxes. */
const skippedDirectories = new Set([
  ...['node_modules', '.git', '.hg', '.svn', 'dist', 'build', 'out', 'target', 'vendor', '.venv', 'venv', '__pycache__', '.cache'],
]);
const skippedOfNemoclaw = new Set(['snapshots', 'rebuild-backups', 'backups', 'mounts', 'state', 'managed-llama-cpp', 'logs']);
const yamlName = /\.ya?ml$/i;
/** Bounded and within one line: what may take lines in is begun anew at each of a file's empty lines, and takes hours. */
const mayBePolicy = /^[ \t]{0,64}["']?(?:network_policies|filesystem_policy)["']?[ \t]{0,64}:/m;

interface Known {
  readonly stamp: string;
  /** null: it is no policy. */
  readonly parsed: ParsedPolicy | null;
}

interface Scan {
  readonly key: string;
  readonly at: number;
  readonly found: readonly { readonly path: string; readonly place: PolicyFile['place']; readonly root: string }[];
  readonly roots: readonly { readonly root: string; readonly reason: string | null }[];
}

export class PolicyFiles {
  readonly #places: () => PolicyPlaces;
  readonly #now: () => number;
  /** By path; those that a scan does not find any more are forgotten with it. */
  #known = new Map<string, Known>();
  #scan: Scan | null = null;
  /** The last answer, given again as long as nothing changed: whoever made something of it need not make it anew. */
  #last: { readonly key: string; readonly at: number; readonly look: PolicyLook } | null = null;
  #reads = 0;

  constructor(places: () => PolicyPlaces, now: () => number = Date.now) {
    this.#places = places;
    this.#now = now;
  }

  /** How often a file was read and parsed, for tests that nothing is done twice. */
  get reads(): number {
    return this.#reads;
  }

  /** Files came or went. */
  invalidate(): void {
    this.#scan = null;
    if (this.#last !== null) this.#last = { ...this.#last, at: -Infinity };
  }

  async look(signal: AbortSignal): Promise<PolicyLook> {
    const places = this.#places();
    const key = JSON.stringify(places);
    if (this.#last?.key === key && this.#now() - this.#last.at < freshMs) return this.#last.look;
    const begun = this.#now();
    if (this.#scan === null || this.#scan.key !== key || this.#now() - this.#scan.at > rescanMs) {
      const before = this.#scan;
      const scan = await scanned(places, key, this.#now(), signal);
      // Asked to look again meanwhile: what was seen may be old already.
      if (this.#scan === before || this.#scan === null) this.#scan = scan;
      const still = new Set(scan.found.map(({ path }) => path));
      this.#known = new Map([...this.#known].filter(([path]) => still.has(path)));
    }
    const { found, roots } = this.#scan ?? { found: [], roots: [] };
    const files: PolicyFile[] = [];
    for (const { path, place } of found) {
      if (signal.aborted) break;
      const parsed = await this.#read(path, place);
      if (parsed !== null && files.length < maxPolicies) files.push({ path, uri: pathToFileURL(path).href, place, parsed });
    }
    const looked = roots.map(({ root, reason }) => ({
      place: root,
      files: found.filter((one) => one.root === root).length,
      policies: files.filter(({ path }) => found.some((one) => one.path === path && one.root === root)).length,
      reason,
    }));
    const known = this.#last?.look;
    const same = known !== undefined && JSON.stringify(known.looked) === JSON.stringify(looked) && sameFiles(known.files, files);
    const look = same ? known : { files, looked };
    if (!signal.aborted) this.#last = { key, at: begun, look };
    return look;
  }

  /**
   * Whether a sandbox runs with this very file. Asked of the files themselves: one file has many paths, through links of folders or
   * of its own. Also where nothing is read from there, in an untrusted workspace.
   */
  async inForce(path: string): Promise<boolean> {
    const own = await identity(path);
    for (const host of this.#places().mounts.flatMap((mount) => mounted(mount) ?? []))
      if (host === path || (own !== null && own === (await identity(host)))) return true;
    return false;
  }

  async #read(path: string, place: PolicyFile['place']): Promise<ParsedPolicy | null> {
    const links = place === 'container' ? 'followed' : 'refused';
    try {
      const { mtimeMs, size, ino } = await (links === 'followed' ? stat(path) : lstat(path));
      const stamp = `${mtimeMs} ${size} ${ino}`;
      const known = this.#known.get(path);
      if (known?.stamp === stamp) return known.parsed;
      this.#reads += 1;
      const { bytes } = await readRegular(path, maxPolicyBytes, links);
      const parsed = parsedOrNull(bytes.toString('utf8'));
      this.#known.set(path, { stamp, parsed });
      return parsed;
    } catch (error) {
      // Gone, too large or not ours to read: none that a rule can be shown in.
      if (error instanceof Error && 'code' in error) return null;
      throw error;
    }
  }
}

function sameFiles(a: readonly PolicyFile[], b: readonly PolicyFile[]): boolean {
  return (
    a.length === b.length && a.every((file, i) => file.path === b[i]?.path && file.place === b[i].place && file.parsed === b[i].parsed)
  );
}

function parsedOrNull(text: string): ParsedPolicy | null {
  if (!mayBePolicy.test(text)) return null;
  try {
    return parsePolicy(text);
  } catch (error) {
    if (PolicyFileError.is(error)) return null;
    throw error;
  }
}

async function scanned(places: PolicyPlaces, key: string, at: number, signal: AbortSignal): Promise<Scan> {
  const found: { path: string; place: PolicyFile['place']; root: string }[] = [];
  const roots: { root: string; reason: string | null }[] = [];
  const add = async (root: string, place: PolicyFile['place'], skipped: ReadonlySet<string>): Promise<void> => {
    const { paths, reason } = await yamlFiles(root, skipped, signal);
    roots.push({ root, reason });
    for (const path of paths) if (!found.some((one) => one.path === path)) found.push({ path, place, root });
  };
  for (const folder of places.folders) await add(folder, 'workspace', skippedDirectories);
  if (!places.trusted) return { key, at, found, roots };
  await add(join(places.home, '.nemoclaw'), 'nemoclaw', new Set([...skippedDirectories, ...skippedOfNemoclaw]));
  let known: Map<string, string | null> | null = null;
  for (const mount of places.mounts) {
    const path = mounted(mount);
    if (path === null || found.length >= maxYamlFiles) continue;
    roots.push({ root: path, reason: null });
    // What is written to it reaches the sandbox, wherever else and by whatever path it was found.
    known ??= new Map(await Promise.all(found.map(async (one) => [one.path, await identity(one.path)] as const)));
    const own = await identity(path);
    for (const same of found.filter((one) => one.path === path || (own !== null && own === known?.get(one.path))))
      found.splice(found.indexOf(same), 1);
    found.push({ path, place: 'container', root: path });
  }
  return { key, at, found, roots };
}

/** The file that a container has its policy from, where this mount holds it. The directory holds its token too: nothing is listed. */
function mounted({ sandbox, host }: PolicyPlaces['mounts'][number]): string | null {
  if (sandbox === effectivePath) return host;
  const beneath = `${sandbox.replace(/\/$/, '')}/`;
  return effectivePath.startsWith(beneath) ? join(host, effectivePath.slice(beneath.length)) : null;
}

/** The same for all paths of one file; null: it can't be asked. */
async function identity(path: string): Promise<string | null> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

async function yamlFiles(
  root: string,
  skipped: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<{ readonly paths: readonly string[]; readonly reason: string | null }> {
  const paths: string[] = [];
  let entries = 0;
  let level: string[] = [root];
  for (let depth = 0; depth <= maxDepth && level.length > 0; depth++) {
    const next: string[] = [];
    for (const directory of level) {
      if (signal.aborted) return { paths, reason: 'it was stopped' };
      let children;
      try {
        children = await readdir(directory, { withFileTypes: true });
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : null;
        if (code === null) throw error;
        if (directory === root) return { paths, reason: code === 'ENOENT' ? 'there is none' : `it can't be read (${code})` };
        continue; // one directory that is not ours to read hides nothing of the others
      }
      for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        if (++entries > maxEntries) return { paths, reason: `it has more than ${maxEntries} entries; the rest was not looked at` };
        const path = join(directory, child.name);
        if (isSecretPath(`/${relative(root, path).split(sep).join('/')}`)) continue;
        if (child.isDirectory() && !skipped.has(basename(path))) next.push(path);
        else if (child.isFile() && yamlName.test(child.name)) paths.push(path);
        if (paths.length >= maxYamlFiles)
          return { paths, reason: `it has more than ${maxYamlFiles} YAML files; the rest was not looked at` };
      }
    }
    level = next;
  }
  return { paths, reason: level.length > 0 ? `what lies deeper than ${maxDepth} folders was not looked at` : null };
}
