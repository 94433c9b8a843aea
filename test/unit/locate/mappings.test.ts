// The assistant for mappings on recordings: a workspace that holds the project elsewhere than the sandbox, or another one.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { SandboxFileError } from '../../../server/src/attach/errors';
import { placesOfName } from '../../../server/src/locate/suggestSearch';
import type { PathMapping } from '../../../server/src/protocol/messages';
import { mappingAnswer } from '../../../server/src/query/mappings';
import { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/places';
import type { Store } from '../../../server/src/store/store';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

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

function ask(
  folders: readonly string[],
  options: { readonly mappings?: readonly PathMapping[]; readonly gone?: boolean; readonly uri?: string } = {},
) {
  const of: PlaceSource = options.gone === true ? { ...source, source: { ...source.source, files: gone } } : source;
  const places = new Places(store, () => ({ source: () => of, folders, mappings: options.mappings ?? [] }));
  return mappingAnswer({ store, places, sources: [of], uri: options.uri ?? null }, new AbortController().signal);
}

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

  it('as likely only where not all that may match was looked at', async () => {
    const dir = folder();
    cpSync(project, join(dir, 'project'), { recursive: true });
    expect((await ask([dir])).proposals[0]?.confidence).toBe('sure');
    for (let i = 0; i <= placesOfName; i++) {
      mkdirSync(join(dir, `other${i}`));
      writeFileSync(join(dir, `other${i}/vat.py`), 'VAT = 0\n');
    }
    expect((await ask([dir])).proposals[0]).toMatchObject({ workspace: join(dir, 'project'), confidence: 'likely' });
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
