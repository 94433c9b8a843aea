// The assistant for mappings on recordings: a workspace that holds the project elsewhere than the sandbox, or another one.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { SandboxFileError } from '../../../server/src/attach/errors';
import { Ingest } from '../../../server/src/collect/ingest';
import type { MappingProposal } from '../../../server/src/protocol/mappings';
import type { Anchor, PathMapping } from '../../../server/src/protocol/messages';
import { usualBounds } from '../../../server/src/query/mappingCompare';
import type { MappingBounds } from '../../../server/src/query/mappingCompare';
import { mappingAnswer } from '../../../server/src/query/mappings';
import { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/placeSource';
import type { Store } from '../../../server/src/store/store';
import { recording } from '../../fixtures/recordings';
import { info, memoryStore, readInto } from '../support/traces';

const inSandbox = '/sandbox/.openclaw/workspace/project';
const id = '0123456789abcdef';
let store: Store;
let source: PlaceSource;
let project: string;
beforeAll(async () => {
  const { root } = recording('openclaw-2026.7.1');
  project = join(root, `.${inSandbox}`);
  store = memoryStore();
  const row = await readInto(store, root);
  const { files } = await openDirectory(root);
  source = { id, row, source: { kind: 'directory', files, mounts: [] } };
}, 60_000);
afterAll(() => store[Symbol.dispose]());

const made: string[] = [];
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'sandglass-mappings-'));
  made.push(dir);
  return dir;
};
afterEach(() => made.splice(0).forEach((dir) => rmSync(dir, { recursive: true, force: true })));

/** The sandbox is gone; only what its calls told of files is known. */
const gone: PlaceSource['source']['files'] = {
  read: () => Promise.reject(new SandboxFileError('not-found', 'gone')),
  stat: () => Promise.resolve(null),
  list: () => Promise.resolve([]),
};

const inTranscript = { kind: 'transcript', agent: 'main', session: 's', state: 'live', file: 's.jsonl' } as const;

/** A call that wrote a file, and its result. */
function written(at: number, write: { readonly path: string; readonly content: string }): readonly object[] {
  const time = Date.UTC(2026, 10, 21) + at * 1000;
  const timestamp = new Date(time).toISOString();
  const call = { type: 'toolCall', id: `c${at}`, name: 'write', arguments: write };
  const result = { role: 'toolResult', toolCallId: call.id, toolName: 'write', content: [{ type: 'text', text: 'ok' }], isError: false };
  return [
    { type: 'message', id: `a${at}`, timestamp, message: { role: 'assistant', timestamp: time, provider: 'p', content: [call] } },
    { type: 'message', id: `r${at}`, timestamp, message: { ...result, timestamp: time } },
  ];
}

function ask(
  folders: readonly string[],
  options: {
    readonly mappings?: readonly PathMapping[];
    readonly gone?: boolean;
    readonly uri?: string;
    readonly bounds?: Partial<MappingBounds>;
  } = {},
) {
  const of: PlaceSource = options.gone === true ? { ...source, source: { ...source.source, files: gone } } : source;
  const places = new Places(store, () => ({ source: () => of, folders, mappings: options.mappings ?? [] }));
  return mappingAnswer({ store, places, sources: [of], uri: options.uri ?? null }, new AbortController().signal, {
    ...usualBounds,
    ...options.bounds,
  });
}

describe('repositories that may be the one of the sandbox', () => {
  const git = (cwd: string, ...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], { cwd, encoding: 'utf8', stdio: 'pipe' });

  /** The recording as if its project were a clone of this one. */
  function askWith(repository: string, folders: readonly string[]) {
    const { files } = source.source;
    const own = (path: string): string | null =>
      path.startsWith(`${inSandbox}/.git`) ? join(repository, path.slice(inSandbox.length + 1)) : null;
    const with_: PlaceSource['source']['files'] = {
      read: (path, signal) => {
        const at = own(path);
        if (at === null) return files.read(path, signal);
        return existsSync(at)
          ? Promise.resolve({ bytes: readFileSync(at), mtime: 0 })
          : Promise.reject(new SandboxFileError('not-found', 'none'));
      },
      stat: (path, signal) => {
        const at = own(path);
        return at === null ? files.stat(path, signal) : Promise.resolve(existsSync(at) ? { type: 'directory', size: 0, mtime: 0 } : null);
      },
      list: (path, signal) => files.list(path, signal),
    };
    const of: PlaceSource = { ...source, source: { ...source.source, files: with_ } };
    const places = new Places(store, () => ({ source: () => of, folders, mappings: [] }));
    const { signal } = new AbortController();
    return {
      answer: () => mappingAnswer({ store, places, sources: [of], uri: null }, signal, usualBounds),
      /** From a file of the workspace to the calls' own, and back. */
      both: async (file: string) => {
        const round = places.round(signal);
        const paths = await round.editorFiles.pathsOf(pathToFileURL(file).href);
        const anchors: Anchor[] = [];
        for (const { path } of paths)
          for (const { session, spanId } of store.touches.ofPath(of.row, path, 100).newest) {
            const view = store.sessions.byRow(session);
            const found = store.spans.ofSession(session, spanId);
            if (view !== null && found !== null) anchors.push(...(await round.anchorsOf(of, view, found.span, path)));
          }
        return { paths: paths.map(({ path }) => path), anchors };
      },
    };
  }

  it('are offered, never as the first choice; the one that surely is needs no mapping', async () => {
    const dir = folder();
    const origin = join(dir, 'origin');
    cpSync(project, origin, { recursive: true });
    git(origin, 'init', '-q', '-b', 'main');
    git(origin, 'add', '-A');
    git(origin, 'commit', '-qm', 'c');
    const [ws, one, two] = ['ws', 'ws/one', 'ws/two'].map((name) => join(dir, name)) as [string, string, string];
    mkdirSync(ws);
    const clone = (to: string): void => {
      git(dir, 'clone', '-q', origin, to);
      // By content nothing matches.
      for (const way of git(to, 'ls-files').trim().split('\n')) writeFileSync(join(to, way), `another ${way} in ${to}\n`);
    };
    clone(one);
    const surely = await askWith(origin, [ws]).answer();
    expect(surely.proposals).toEqual([]);
    const before = (await ask([ws])).looked.touched;
    expect(surely.looked.touched).toBeLessThan(before);
    const cart = join(one, 'pricing/cart.py');
    const { paths, anchors } = await askWith(origin, [ws]).both(cart);
    expect(paths).toEqual([`${inSandbox}/pricing/cart.py`]);
    expect(new Set(anchors.map(({ uri, mapped }) => `${mapped} ${uri}`))).toEqual(new Set([`git ${pathToFileURL(cart).href}`]));
    // Another text stands there: no line of it is claimed to be what a call saw or wrote.
    expect(anchors.filter(({ stale, wholeFile }) => !stale && !wholeFile)).toEqual([]);
    clone(two);
    expect((await askWith(origin, [ws]).both(cart)).paths).toEqual([]);
    const { proposals } = await askWith(origin, [ws]).answer();
    expect(proposals).toMatchObject(
      [one, two].map((workspace, at) => ({
        sandbox: inSandbox,
        workspace,
        confidence: 'ambiguous',
        repository: 'several',
        matched: 0,
        rivals: [{ sandbox: inSandbox, workspace: [two, one][at] }],
      })),
    );
    expect(proposals.length).toBe(2);
    expect(proposals[0]?.gained).toBeGreaterThan(1);
  });
});

describe('mappings are proposed', () => {
  it('for the project as the folder that is open, with what matches', async () => {
    const dir = folder();
    cpSync(project, dir, { recursive: true });
    const { proposals, looked } = await ask([dir]);
    expect(proposals.map(({ sandbox, workspace, confidence }) => [sandbox, workspace, confidence])).toEqual([[inSandbox, dir, 'sure']]);
    const matched = proposals[0]?.evidence.map(({ sandboxPath, match }) => [sandboxPath.slice(inSandbox.length + 1), match]) ?? [];
    expect(matched).toContainEqual(['pricing/vat.py', 'identical']);
    expect(matched).toContainEqual(['tests/test_cart.py', 'identical']);
    expect(matched.flat()).not.toContain('pricing/__init__.py');
    expect(looked).toMatchObject({ folders: [dir], cut: false });
    expect(looked.compared).toBeGreaterThan(0);
    expect(looked.compared).toBeLessThanOrEqual(looked.named);
    expect(looked.named).toBeLessThanOrEqual(looked.touched);
  });

  it('for the project deeper in the workspace, edited by a person since, from what calls wrote and saw alone', async () => {
    const dir = folder();
    const at = join(dir, 'apps/shop');
    cpSync(project, at, { recursive: true });
    writeFileSync(join(at, 'pyproject.toml'), '[project]\nname = "shop"\n');
    const vat = join(at, 'pricing/vat.py');
    writeFileSync(vat, `# mine\n${readFileSync(vat, 'utf8')}`);
    const { proposals } = await ask([dir], { gone: true });
    expect(proposals[0]).toMatchObject({ sandbox: inSandbox, workspace: at });
    expect(proposals[0]?.confidence).not.toBe('ambiguous');
    expect(proposals[0]?.gained).toBeGreaterThan(0);
  });

  it('never one of two that match alike', async () => {
    const dir = folder();
    for (const name of ['one', 'two']) cpSync(project, join(dir, name), { recursive: true });
    const { proposals } = await ask([dir]);
    expect(proposals.map(({ confidence }) => confidence)).toEqual(['ambiguous', 'ambiguous']);
    expect(proposals.map(({ workspace }) => workspace).sort()).toEqual([join(dir, 'one'), join(dir, 'two')]);
    expect(proposals[0]?.rivals.map(({ workspace }) => workspace)).toEqual([proposals[1]?.workspace]);
  });

  /** Other projects whose files have the same names, so that these come before what is called `zz…`. */
  function besides(dir: string, others: number): void {
    const names = readdirSync(project, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('.git'))
      .map(({ parentPath, name }) => join(relative(project, parentPath), name));
    for (let n = 0; n < others; n++)
      for (const name of names) {
        const to = join(dir, `d${String(n).padStart(3, '0')}`, name);
        mkdirSync(dirname(to), { recursive: true });
        writeFileSync(to, [...Array(20).keys()].map((i) => `other_${n} of ${name} = ${i}`).join('\n'));
      }
  }

  it.each([1, 15, 40, 70])('never one of two that match alike, also among %d directories with the same names', async (others) => {
    const dir = folder();
    besides(dir, others);
    for (const name of ['copy', 'zz']) cpSync(project, join(dir, name), { recursive: true });
    const { proposals, looked } = await ask([dir]);
    const alike = proposals.filter(({ sandbox }) => sandbox === inSandbox);
    expect(alike.map(({ confidence }) => confidence)).toEqual(['ambiguous', 'ambiguous']);
    expect(alike.map(({ workspace }) => workspace).sort()).toEqual([join(dir, 'copy'), join(dir, 'zz')]);
    expect(looked.cut).toBe(false);
  });

  it('surely among many with the same names, once all of them were looked at', async () => {
    const dir = folder();
    besides(dir, 70);
    cpSync(project, join(dir, 'copy'), { recursive: true });
    expect((await ask([dir])).proposals[0]).toMatchObject({ workspace: join(dir, 'copy'), confidence: 'sure' });
  });

  it.each<[string, Partial<MappingBounds>]>([
    ['names', { entries: 60 }],
    ['places', { places: 1, filesAgain: 0 }],
  ])('as sure by none that was left out for the bound of %s', async (_, bounds) => {
    const dir = folder();
    cpSync(project, join(dir, 'a'), { recursive: true });
    besides(dir, 8);
    cpSync(project, join(dir, 'zz'), { recursive: true });
    const { proposals, looked } = await ask([dir], { bounds });
    expect(proposals.map(({ workspace, confidence }) => [workspace, confidence])).toEqual([[join(dir, 'a'), 'likely']]);
    expect(looked.cut).toBe(true);
  });

  it('as sure by none whose files were left out, wherever the bounds of files, bytes and lines lie', async () => {
    const dir = folder();
    cpSync(project, join(dir, 'a'), { recursive: true });
    // What is compared first is not in the other copy.
    let files = 0;
    let alone: MappingProposal | undefined;
    while (alone?.confidence !== 'sure' && files < usualBounds.files)
      [alone] = (await ask([dir], { bounds: { files: ++files, filesAgain: 0 } })).proposals;
    const first = alone?.evidence.map(({ sandboxPath }) => relative(inSandbox, sandboxPath)) ?? [];
    expect(first).toHaveLength(2);
    cpSync(project, join(dir, 'zz'), { recursive: true });
    for (const name of first) rmSync(join(dir, 'zz', name));
    const told: string[] = [];
    const asked = async (bounds: Partial<MappingBounds>): Promise<void> => {
      const answer = await ask([dir], { bounds });
      for (const { confidence } of answer.proposals) told.push(confidence);
      if (answer.proposals.some(({ confidence }) => confidence === 'likely')) expect(answer.looked.cut).toBe(true);
    };
    await asked({});
    expect(new Set(told)).toEqual(new Set(['ambiguous']));
    await asked({ files, filesAgain: 0 });
    for (let at = 1; at <= 20; at++) {
      await asked({ bytes: at * 500 });
      await asked({ lines: at * 25 });
    }
    expect(new Set(told)).toEqual(new Set(['likely', 'ambiguous']));
  });

  it('surely for no directory of which the sandbox has a copy, looked at or not', async () => {
    using other = memoryStore();
    const row = other.transaction(() => other.sources.ensure('copies', { info, registryProvider: null }));
    using ingest = new Ingest(other, row);
    const dir = folder();
    const names = ['a.py', 'b.py', 'c.py'];
    const text = (name: string): string => [...Array(12).keys()].map((n) => `def ${name[0]}_${n}(): return compute(${n})\n`).join('');
    mkdirSync(join(dir, 'src'));
    for (const name of names) writeFileSync(join(dir, 'src', name), text(name));
    const writes = ['/tmp/copy', '/sandbox/project'].flatMap((at) =>
      names.map((name) => ({ path: `${at}/src/${name}`, content: text(name) })),
    );
    const lines = writes.flatMap((write, i) => written(i, write));
    ingest.apply(lines.map((line, ordinal) => ({ ...inTranscript, ordinal, text: JSON.stringify(line) })));
    ingest.settle();
    const of: PlaceSource = { id, row, source: { kind: 'directory', files: gone, mounts: [] } };
    const places = new Places(other, () => ({ source: () => of, folders: [dir], mappings: [] }));
    const told = async (paths: number): Promise<readonly unknown[]> => {
      const asked = { store: other, places, sources: [of], uri: null };
      const { proposals } = await mappingAnswer(asked, new AbortController().signal, { ...usualBounds, paths });
      return proposals.map(({ sandbox, confidence }) => [sandbox, confidence]).sort();
    };
    expect(await told(usualBounds.paths)).toEqual([
      ['/sandbox/project', 'ambiguous'],
      ['/tmp/copy', 'ambiguous'],
    ]);
    expect(await told(names.length)).toEqual([['/sandbox/project', 'likely']]);
  });

  it('for none of another project with the same names, and it says where it looked', async () => {
    const dir = folder();
    for (const way of ['pricing/vat.py', 'pricing/cart.py', 'tests/test_cart.py', 'pricing/__init__.py', 'LICENSE']) {
      mkdirSync(join(dir, way, '..'), { recursive: true });
      writeFileSync(join(dir, way), [...Array(30).keys()].map((n) => `def other_${n}(): return ${n} * 17`).join('\n'));
    }
    const { proposals, looked, unmapped } = await ask([dir]);
    expect(proposals).toEqual([]);
    expect(looked.named).toBeGreaterThan(0);
    expect(looked.entries).toBeGreaterThanOrEqual(5);
    expect(unmapped.map(({ sandbox }) => sandbox)).toContain(`${inSandbox}/pricing`);
  });

  it('for nothing that is mapped already, nor beyond a link', async () => {
    const dir = folder();
    cpSync(project, join(dir, 'project'), { recursive: true });
    const mapped = await ask([dir], { mappings: [{ sandbox: inSandbox, workspace: 'project' }] });
    expect(mapped.proposals.filter(({ sandbox }) => sandbox.startsWith(inSandbox))).toEqual([]);
    const linked = folder();
    symlinkSync(join(dir, 'project'), join(linked, 'project'));
    expect((await ask([linked])).proposals).toEqual([]);
    expect((await ask([])).proposals).toEqual([]);
  });

  it('first for the file that it is asked for', async () => {
    const dir = folder();
    cpSync(project, join(dir, 'project'), { recursive: true });
    const { proposals } = await ask([dir], { uri: `sandglass-file://${id}${inSandbox}/pricing/vat.py` });
    expect(proposals[0]?.sandbox).toBe(inSandbox);
  });
});
