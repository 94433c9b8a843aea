import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findLines, movedTo, placeClaim } from '../../../server/src/locate/anchors';
import { toWorkspace } from '../../../server/src/locate/mapping';
import type { GitAnswer } from '../../../server/src/locate/mapping';
import { pathOfFileUri } from '../../../server/src/locate/fileUri';
import { parseSandboxUri, sandboxUri } from '../../../server/src/locate/sandboxUri';
import { sandboxPath } from '../../../server/src/locate/sandboxPath';

const folders: string[] = [];
function workspace(files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(tmpdir(), 'sandglass-places-'));
  folders.push(made);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(made, name, '..'), { recursive: true });
    writeFileSync(join(made, name), text);
  }
  return made;
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});
const noGit = (): Promise<GitAnswer> => Promise.resolve({ kind: 'none' });
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('a sandbox path', () => {
  it('is absolute, normal, and none for what is no path', () => {
    expect(sandboxPath('src/a.py', '/sandbox/ws')).toBe('/sandbox/ws/src/a.py');
    expect(sandboxPath('../../etc/passwd', '/sandbox/ws')).toBe('/etc/passwd');
    expect(sandboxPath('~/x', null)).toBe('/sandbox/x');
    expect(sandboxPath('a.py', null)).toBeNull();
    for (const bad of ['', 'a\u0000b', 'a\nb', 'x'.repeat(5000), 'a\ud800b', '\udc00']) expect(sandboxPath(bad, '/sandbox')).toBeNull();
  });

  it('goes into an address and back', () => {
    for (const path of ['/sandbox/a b/#x?.py', '/sandbox/é%41/ü', '/x/<script>.md']) {
      expect(parseSandboxUri(sandboxUri('0123456789abcdef', path))).toEqual({ sourceId: '0123456789abcdef', path });
    }
    for (const bad of [
      'file:///etc/passwd',
      'sandglass-file://x/y',
      'sandglass-file://0123456789abcdef/%',
      'sandglass-file://0123456789abcdef/a%00b',
    ]) {
      expect(parseSandboxUri(bad)).toBeNull();
    }
  });
});

describe("an editor's address of a file", () => {
  it('is a path, or none where it names no file of this machine', () => {
    expect(pathOfFileUri('file:///a%20b/c%23.py')).toBe('/a b/c#.py');
    for (const other of ['untitled:Untitled-1', 'file://server/share/x', 'file:///a%2Fb', 'file:///a%ff', 'file:///a%', 'file://%']) {
      expect.soft(pathOfFileUri(other), other).toBeNull();
    }
  });
});

describe('mapping to the workspace', () => {
  it('takes the file of the same content, and none when the content differs', async () => {
    const folder = workspace({ 'pricing/cart.py': 'a = 1\n' });
    const context = { folders: [folder], mappings: [], mounts: [], git: noGit };
    const path = '/sandbox/.openclaw/workspace/project/pricing/cart.py';
    expect((await toWorkspace(path, context, () => Promise.resolve(sha('a = 1\n'))))?.path).toBe(join(folder, 'pricing/cart.py'));
    expect(await toWorkspace(path, context, () => Promise.resolve(sha('a = 2\n')))).toBeNull();
    expect(await toWorkspace(path, context, () => Promise.resolve(null))).toBeNull();
  });

  it("follows the user's mapping and bind mounts, whatever the content", async () => {
    const folder = workspace({ 'src/pricing/cart.py': 'mine\n', 'all/pricing/cart.py': 'mine\n' });
    const none = (): Promise<string | null> => Promise.resolve(null);
    const mapped = { folders: [folder], mappings: [{ sandbox: '/sandbox/ws', workspace: 'src' }], mounts: [], git: noGit };
    expect((await toWorkspace('/sandbox/ws/pricing/cart.py', mapped, none))?.path).toBe(join(folder, 'src/pricing/cart.py'));
    expect(await toWorkspace('/sandbox/wsx/pricing/cart.py', mapped, none)).toBeNull();
    // The longer path comes first, not the one with more slashes in it.
    for (const sandbox of ['/sandbox/////////////////', '//sandbox/./././././././.', '/sandbox']) {
      const mappings = [
        { sandbox, workspace: 'all' },
        { sandbox: '/sandbox/pricing//', workspace: 'src/pricing' },
      ];
      const found = await toWorkspace('/sandbox/pricing/cart.py', { ...mapped, mappings }, none);
      expect(found?.path).toBe(join(folder, 'src/pricing/cart.py'));
    }
    const mounted = { folders: [folder], mappings: [], mounts: [{ sandbox: '/mnt', host: join(folder, 'src') }], git: noGit };
    expect((await toWorkspace('/mnt/pricing/cart.py', mounted, none))?.path).toBe(join(folder, 'src/pricing/cart.py'));
  });

  it('answers by the name that the workspace was opened by, wherever links lead', async () => {
    const folder = workspace({ 'src/pricing/cart.py': 'mine\n' });
    const named = join(workspace({}), 'named');
    symlinkSync(folder, named);
    const none = (): Promise<string | null> => Promise.resolve(null);
    const mounted = { folders: [named], mappings: [], mounts: [{ sandbox: '/mnt', host: folder }], git: noGit };
    expect((await toWorkspace('/mnt/src/pricing/cart.py', mounted, none))?.path).toBe(join(named, 'src/pricing/cart.py'));
    const mapped = { folders: [named], mappings: [{ sandbox: '/mnt', workspace: join(folder, 'src') }], mounts: [], git: noGit };
    expect((await toWorkspace('/mnt/pricing/cart.py', mapped, none))?.path).toBe(join(named, 'src/pricing/cart.py'));
    const elsewhere = { folders: [], mappings: [{ sandbox: '/mnt', workspace: join(folder, 'src') }], mounts: [], git: noGit };
    expect((await toWorkspace('/mnt/pricing/cart.py', elsewhere, none))?.path).toBe(join(folder, 'src/pricing/cart.py'));
  });

  it('never leaves the workspace, by dots, links or mounts', async () => {
    const outside = workspace({ 'secret.txt': 'x' });
    const folder = workspace({ 'a.txt': 'x' });
    symlinkSync(join(outside, 'secret.txt'), join(folder, 'secret.txt'));
    symlinkSync(outside, join(folder, 'linked'));
    const any = (): Promise<string | null> => Promise.resolve(sha('x'));
    const context = {
      folders: [folder],
      mappings: [{ sandbox: '/sandbox/ws', workspace: '.' }],
      mounts: [{ sandbox: '/m', host: outside }],
      git: noGit,
    };
    for (const path of [
      '/sandbox/ws/secret.txt',
      '/sandbox/ws/linked/secret.txt',
      '/m/secret.txt',
      '/x/linked/secret.txt',
      '/sandbox/ws/../secret.txt',
    ]) {
      expect.soft(await toWorkspace(path, context, any), path).toBeNull();
    }
  });
});

describe('a place by its line numbers in another copy of the file', () => {
  const claim = { kind: 'lines', path: '/x', start: 1, end: 2, how: 'traceback' } as const;
  it('is where those lines stand there; of several the one with the same lines around it', () => {
    expect(movedTo(claim, ['a', 'b', 'c'], ['new', 'a', 'b', 'c'])).toMatchObject({ start: 2, end: 3 });
    expect(movedTo(claim, ['a', 'b', 'c', 'd'], ['b', 'c', '', 'b', 'c', 'd'])).toMatchObject({ start: 3, end: 4 });
  });

  it('is nowhere when they are not there, not there as whole lines, or when nothing tells which they are', () => {
    expect(movedTo(claim, ['a', 'b', 'c'], ['a', 'b', 'x'])).toBeNull();
    expect(movedTo(claim, ['a'], ['a', 'b'])).toBeNull();
    expect(movedTo({ ...claim, end: 1 }, ['x', 'raise', 'y'], ['password = 1', 'raised = 2', 'exec(x)'])).toBeNull();
    expect(movedTo({ ...claim, end: 1 }, ['x', 'pass', 'y'], ['pass', '', 'pass'])).toBeNull();
  });

  it('is not looked for without end in files made for that', () => {
    // The whole comparison of these would take hours.
    const lines = Array.from({ length: 1_000_000 }, () => '0,0,0');
    expect(movedTo({ ...claim, start: 5, end: 900_000 }, [...lines.slice(0, -1), 'x'], lines)).toBeNull();
    expect(findLines(lines, [...lines.slice(0, 500_000), 'x'], 7)).toBeNull();
  });
});

describe("a place in today's file", () => {
  const lines = ['def a():', '    return 1', '', 'def b():', '    return 1'];

  it('of an edit is where its text stands now', () => {
    const claim = { kind: 'text', path: '/x', text: 'def b():\n    return 1', near: 0 } as const;
    expect(placeClaim(claim, ['# new', ...lines], false)).toMatchObject({ startLine: 4, endLine: 5, stale: false, how: 'edit-text' });
  });

  it('of an edit whose text is gone is stale, and not on a wrong line', () => {
    expect(placeClaim({ kind: 'text', path: '/x', text: 'gone', near: 3 }, lines, false)).toMatchObject({ startLine: 3, stale: true });
    expect(placeClaim({ kind: 'text', path: '/x', text: 'gone', near: null }, lines, false)).toMatchObject({
      wholeFile: true,
      stale: true,
    });
  });

  it('of several equal texts is the nearest, and none when nothing tells which', () => {
    expect(findLines(lines, ['    return 1'], 4)).toBe(4);
    expect(findLines(lines, ['    return 1'], 0)).toBe(1);
    expect(findLines(lines, ['    return 1'], null)).toBeNull();
    expect(findLines(lines, [''], 0)).toBeNull();
  });

  it('beyond the end of the file is no place', () => {
    expect(placeClaim({ kind: 'lines', path: '/x', start: 99, end: 99, how: 'traceback' }, lines, false)).toBeNull();
    expect(placeClaim({ kind: 'lines', path: '/x', start: 1, end: 99, how: 'read-range' }, lines, true)).toMatchObject({
      endLine: 4,
      stale: true,
    });
  });
});
