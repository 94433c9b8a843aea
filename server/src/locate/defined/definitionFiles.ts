/**
 * The files of the workspace that define something. Looked for when a definition is asked for, and then followed: what changed is
 * looked at again, the rest is not. Of sources only those of a plugin are read, beneath its `openclaw.plugin.json`, without which OpenClaw
 * takes no tool of it. No link is followed and no secret file is opened, but for `openclaw.json`, of which only the names of MCP servers
 * are kept.
 */
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readRegular } from '../../attach/regularFile';
import { isUnreadable } from '../mapping';
import { manifestFile } from './definition';
import type { Definition } from './definition';
import { definingFile, findDefinitions } from './findDefinitions';
import { readManifest } from './manifest';
import { isReallyWithin, isSkipped, isWithin, listed, manifestAbove, maxDepth, slashed } from './places';

export interface FileDefinitions {
  readonly definitions: readonly Definition[];
  /** Of a manifest. */
  readonly pluginId: string | null;
}

export interface FoundDefinition {
  readonly definition: Definition;
  readonly uri: string;
  /** The plugin whose folder it lies in; null: in none, or in one without an id. */
  readonly pluginId: string | null;
}

/** One folder that was looked through. */
export interface FolderLooked {
  readonly place: string;
  /** Files that may define something. */
  readonly files: number;
  /** null: all of it was looked at. */
  readonly reason: string | null;
}

export interface DefinitionLook {
  readonly found: readonly FoundDefinition[];
  readonly looked: readonly FolderLooked[];
}

export const maxFileBytes = 1024 * 1024;
export const maxEntries = 20_000;
export const maxFiles = 2000;
/** Definitions that one search answers. */
export const maxFound = 1000;
/** What changes again and again while it is looked through is answered as it was seen last, and looked through anew by who asks next. */
export const scansAtMost = 3;
/** Files whose definitions are remembered: all of a search, and those that stand open beside. */
const filesKept = maxFiles + 200;
export const changesFollowed = 200;
/** What nobody tells the changes of is looked through again after this long; also what is told of may be missed once. */
const rescanMs = 60_000;
const rescanWatchedMs = 15 * 60_000;
interface Scan {
  readonly key: string;
  readonly at: number;
  readonly folders: ReadonlyMap<string, { files: Set<string>; reason: string | null }>;
}

export class DefinitionFiles {
  readonly #folders: () => readonly string[];
  readonly #now: () => number;
  readonly #known = new Map<string, { readonly stamp: string; readonly file: FileDefinitions }>();
  #scan: Scan | null = null;
  #watched = false;
  #reads = 0;
  #walked = 0;
  #askedPlugins = 0;
  /** Raised by whatever is told: a scan that was under way then may have missed it. */
  #told = 0;

  constructor(folders: () => readonly string[], now: () => number = Date.now) {
    this.#folders = folders;
    this.#now = now;
  }

  /** How often a file was read, a directory listed, and a plugin looked for, for tests that nothing is done twice. */
  get work(): { readonly reads: number; readonly directories: number; readonly plugins: number } {
    return { reads: this.#reads, directories: this.#walked, plugins: this.#askedPlugins };
  }

  /** From now on `changed` tells what changes. */
  watch(): void {
    this.#watched = true;
  }

  /** The workspace has other folders now. */
  invalidate(): void {
    this.#told += 1;
    this.#scan = null;
  }

  /** Files came, went or have another text. Of many at once, as when a branch is checked out, nothing is looked at until it is asked for. */
  async changed(paths: readonly string[], signal: AbortSignal): Promise<void> {
    if (paths.length > changesFollowed) return this.invalidate();
    const defining = paths.filter((path) => {
      const kind = definingFile(slashed(path));
      return kind !== null && kind !== 'prompt';
    });
    if (defining.length > 0) this.#told += 1;
    for (const path of defining) await this.#changed(path, signal);
  }

  /** What a plugin's folder holds is looked at again when its manifest came or went. */
  async #changed(path: string, signal: AbortSignal): Promise<void> {
    const scan = this.#scan;
    const folder = scan === null ? undefined : [...scan.folders.keys()].find((each) => isWithin(each, path));
    const kind = definingFile(slashed(path));
    const found = folder === undefined ? undefined : scan?.folders.get(folder);
    if (folder === undefined || found === undefined || isSkipped(folder, path) || !(await isReallyWithin([folder], path))) return;
    if (kind === 'manifest') {
      const beneath = dirname(path);
      for (const known of found.files) if (isWithin(beneath, known)) found.files.delete(known);
      const again = await this.#walk(folder, beneath, await this.#inPlugin(folder, dirname(beneath)), maxFiles - found.files.size, signal);
      for (const file of again.files) found.files.add(file);
      found.reason ??= again.reason;
    } else if (kind !== 'source' || (await this.#inPlugin(folder, dirname(path)))) {
      if (found.files.size < maxFiles) found.files.add(path);
    }
  }

  /** What a file of the workspace defines; null: it lies in none of its folders, or can't be read. */
  async ofFile(path: string): Promise<FileDefinitions | null> {
    const folder = this.#folders().find((each) => isWithin(each, path));
    return folder === undefined || isSkipped(folder, path) ? null : this.#read(path);
  }

  /** The plugin that a file is of; null: it lies beneath no manifest. */
  async pluginOf(path: string): Promise<{ readonly id: string | null } | null> {
    this.#askedPlugins += 1;
    const folder = this.#folders().find((each) => isWithin(each, path));
    if (folder === undefined || !(await isReallyWithin(this.#folders(), path))) return null;
    const manifest = await manifestAbove(folder, dirname(path));
    return manifest === null ? null : { id: (await this.#read(manifest))?.pluginId ?? null };
  }

  /** All that is defined under one of these keys. */
  async find(keys: ReadonlySet<string>, signal: AbortSignal): Promise<DefinitionLook> {
    const scan = await this.#scanned(signal);
    const found: FoundDefinition[] = [];
    const looked: FolderLooked[] = [];
    for (const [place, { files, reason }] of scan.folders) {
      let cut = false;
      for (const path of files) {
        if (signal.aborted || cut) break;
        const asked = (await this.#read(path))?.definitions.filter(({ key }) => key !== null && keys.has(key)) ?? [];
        const room = maxFound - found.length;
        cut = asked.length > room;
        const pluginId = room > 0 && asked.some(isOfPlugin) ? ((await this.pluginOf(path))?.id ?? null) : null;
        for (const definition of asked.slice(0, room))
          found.push({ definition, uri: pathToFileURL(path).href, pluginId: isOfPlugin(definition) ? pluginId : null });
      }
      const tooMany = cut ? `more than ${maxFound} definitions were found; the rest was not looked at` : null;
      looked.push({ place, files: files.size, reason: signal.aborted ? 'it was stopped' : (tooMany ?? reason) });
    }
    return { found, looked };
  }

  async #scanned(signal: AbortSignal): Promise<Scan> {
    const fresh = this.#watched ? rescanWatchedMs : rescanMs;
    const known = this.#scan;
    if (known !== null && known.key === JSON.stringify(this.#folders()) && this.#now() - known.at < fresh) return known;
    for (let scans = 1; ; scans++) {
      const told = this.#told;
      const scan = await this.#scanAll(signal);
      // Told meanwhile that something is different now: what was looked through before it was may not show it.
      const whole = this.#told === told && !signal.aborted;
      if (whole) this.#scan = scan;
      if (whole || signal.aborted || scans >= scansAtMost) return scan;
    }
  }

  async #scanAll(signal: AbortSignal): Promise<Scan> {
    const folders = this.#folders();
    const at = this.#now();
    const found = new Map<string, { files: Set<string>; reason: string | null }>();
    for (const folder of folders) {
      const { files, reason } = await this.#walk(folder, folder, false, maxFiles, signal);
      found.set(folder, { files: new Set(files), reason });
    }
    return { key: JSON.stringify(folders), at, folders: found };
  }

  async #walk(
    folder: string,
    from: string,
    inPlugin: boolean,
    room: number,
    signal: AbortSignal,
  ): Promise<{ readonly files: readonly string[]; readonly reason: string | null }> {
    const files: string[] = [];
    let entries = 0;
    let level: { readonly path: string; readonly plugin: boolean }[] = [{ path: from, plugin: inPlugin }];
    for (let depth = 0; depth <= maxDepth && level.length > 0; depth++) {
      const next: typeof level = [];
      for (const { path: directory, plugin: above } of level) {
        if (signal.aborted) return { files, reason: 'it was stopped' };
        this.#walked += 1;
        const children = await listed(directory);
        if (typeof children === 'string') {
          if (directory === folder) return { files, reason: children };
          continue; // one directory that is not ours to read hides nothing of the others
        }
        const plugin = above || children.some((child) => child.name === manifestFile && child.isFile());
        for (const child of children) {
          if (++entries > maxEntries) return { files, reason: `it has more than ${maxEntries} entries; the rest was not looked at` };
          const path = join(directory, child.name);
          if (isSkipped(folder, path)) continue;
          if (child.isDirectory()) next.push({ path, plugin });
          if (!child.isFile()) continue;
          const kind = definingFile(child.name);
          if (kind === null || kind === 'prompt' || (kind === 'source' && !plugin)) continue;
          if (files.length >= room) return { files, reason: `it has more than ${maxFiles} such files; the rest was not looked at` };
          files.push(path);
        }
      }
      level = next;
    }
    return { files, reason: level.length > 0 ? `what lies deeper than ${maxDepth} folders was not looked at` : null };
  }

  async #inPlugin(folder: string, directory: string): Promise<boolean> {
    return isWithin(folder, directory) && (await manifestAbove(folder, directory)) !== null;
  }

  async #read(path: string): Promise<FileDefinitions | null> {
    try {
      const { mtimeMs, size, ino } = await lstat(path);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      const known = this.#known.get(path);
      if (known?.stamp === stamp) return known.file;
      if (!(await isReallyWithin(this.#folders(), path))) return null;
      this.#reads += 1;
      const { bytes } = await readRegular(path, maxFileBytes, 'refused');
      const text = bytes.toString('utf8');
      const name = slashed(path);
      const manifest = definingFile(name) === 'manifest' ? readManifest(text) : null;
      // Parts of a text hold on to all of it, and what an openclaw.json says besides is not to be kept.
      const file: FileDefinitions = structuredClone({
        definitions: manifest?.tools ?? findDefinitions(name, text),
        pluginId: manifest?.pluginId ?? null,
      });
      this.#known.delete(path);
      this.#known.set(path, { stamp, file });
      for (const oldest of this.#known.keys()) {
        if (this.#known.size <= filesKept) break;
        this.#known.delete(oldest);
      }
      return file;
    } catch (error) {
      if (isUnreadable(error)) return null;
      throw error;
    }
  }
}

function isOfPlugin({ kind }: Definition): boolean {
  return kind === 'plugin-tool' || kind === 'manifest-tool';
}
