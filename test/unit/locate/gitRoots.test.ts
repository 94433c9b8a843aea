// Repositories of a sandbox and of the workspace, made by git itself; nothing here runs git but the test.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryFiles } from '../../../server/src/attach/directory/directoryFiles';
import { SandboxFileError } from '../../../server/src/attach/errors';
import type { SandboxFiles } from '../../../server/src/attach/record';
import { GitRoots } from '../../../server/src/locate/git/gitRoots';
import { headOf, movesOf, originOf } from '../../../server/src/locate/git/hashes';
import { toWorkspace } from '../../../server/src/locate/mapping';
import type { MappedFile } from '../../../server/src/locate/mapping';

let base: string;
let sandbox: string;
let workspace: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-git-')));
  sandbox = join(base, 'recorded');
  workspace = join(base, 'ws');
  mkdirSync(join(sandbox, '.openclaw'), { recursive: true });
  mkdirSync(workspace);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const env = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'protocol.file.allow',
  GIT_CONFIG_VALUE_0: 'always',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
};
let ticks = 0;
function git(cwd: string, ...args: readonly string[]): string {
  // No two commits made alike are one by chance of being made in one second.
  const date = `${1_700_000_000 + ticks++} +0000`;
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    stdio: 'pipe',
    env: { ...env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
}

function put(root: string, files: Readonly<Record<string, string>>): void {
  for (const [way, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, way)), { recursive: true });
    writeFileSync(join(root, way), text);
  }
}

function commit(root: string, files: Readonly<Record<string, string>>, message = 'c'): string {
  put(root, files);
  git(root, 'add', '-A');
  git(root, 'commit', '-qm', message);
  return git(root, 'rev-parse', 'HEAD').trim();
}

/** A repository with a few commits. */
function made(name: string): string {
  const root = join(base, name);
  mkdirSync(root, { recursive: true });
  git(root, 'init', '-q', '-b', 'main');
  for (let i = 0; i < 3; i++) commit(root, { 'src/app.py': `# ${name} ${i}\n`, 'README.md': `${name}\n` });
  return root;
}

function cloned(from: string, to: string): string {
  git(base, 'clone', '-q', from, to);
  return to;
}

const inSandbox = '/sandbox/.openclaw/workspace/app';
const inRecording = (): string => join(sandbox, '.openclaw/workspace/app');

/** As if it had been cloned from there; what git keeps of such. */
function from(root: string, url: string): void {
  const log = join(root, '.git/logs/HEAD');
  const [first = '', ...others] = readFileSync(log, 'utf8').split('\n');
  const told = first.includes('\t') ? first.slice(0, first.indexOf('\t')) : first;
  const zero = `${'0'.repeat(40)}${told.slice(40)}\tclone: from ${url}`;
  writeFileSync(log, [zero, ...others].join('\n'));
}

let asked: string[] = [];
function filesOf(): SandboxFiles {
  asked = [];
  const tree = { sandbox: '/sandbox', host: sandbox };
  const files = new DirectoryFiles([tree], { sandbox: '/sandbox/.openclaw', host: join(sandbox, '.openclaw') });
  return {
    read: (path, signal) => {
      asked.push(path);
      return files.read(path, signal);
    },
    stat: (path, signal) => files.stat(path, signal),
    list: (path, signal) => files.list(path, signal),
  };
}

async function mapped(
  way: string,
  options: {
    readonly folders?: readonly string[];
    readonly bounds?: ConstructorParameters<typeof GitRoots>[0];
    readonly content?: boolean;
  } = {},
): Promise<{ readonly found: MappedFile | null; readonly why: string | null; readonly roots: readonly string[] }> {
  const files = filesOf();
  const roots = new GitRoots(options.bounds);
  const folders = options.folders ?? [workspace];
  const path = way.startsWith('/') ? way : `${inSandbox}/${way}`;
  const git = (asked: string) => roots.of({ id: 's', files }, asked, folders);
  const hash = async (): Promise<string | null> =>
    options.content === true
      ? createHash('sha256')
          .update((await files.read(path, new AbortController().signal)).bytes)
          .digest('hex')
      : null;
  const found = await toWorkspace(path, { folders, mappings: [], mounts: [], git }, hash);
  const answer = await git(path);
  return { found, why: answer.kind === 'doubt' ? answer.why : null, roots: answer.kind === 'doubt' ? answer.roots : [] };
}

const byGit = (way: string): MappedFile => ({ path: join(workspace, way), by: 'git' });

describe('by the root of the git repository', () => {
  it('a file is that of the clone, whatever a person and the agent changed in it', async () => {
    const origin = made('origin');
    cloned(origin, inRecording());
    commit(origin, { 'src/app.py': 'later\n' });
    cloned(origin, join(workspace, 'deep/app'));
    put(inRecording(), { 'src/app.py': 'edited by the agent\n' });
    put(workspace, { 'deep/app/src/app.py': 'edited by a person\n' });
    expect((await mapped('src/app.py')).found).toEqual(byGit('deep/app/src/app.py'));
    expect((await mapped('src/none.py')).found).toBeNull();
    // What is in both by the same name and yet of neither.
    for (const way of ['.git/description', '.env', 'node_modules/x/index.js', 'sub/.git/description', 'secrets/key.txt']) {
      put(inRecording(), { [way]: 'theirs\n' });
      put(workspace, { [`deep/app/${way}`]: 'mine\n' });
      expect.soft((await mapped(way)).found, way).toBeNull();
    }
  });

  it('also where the agent committed since, and where the commits are packed and one told by another', async () => {
    const origin = made('origin');
    for (let i = 0; i < 60; i++) commit(origin, { 'src/app.py': `${i}\n` }, `${'the same long message of all of them. '.repeat(20)}${i}`);
    cloned(origin, workspace);
    const at = git(workspace, 'rev-parse', 'HEAD~40').trim();
    cloned(origin, inRecording());
    git(inRecording(), 'checkout', '-q', at);
    git(workspace, 'gc', '-q', '--aggressive', '--prune=now');
    expect(git(workspace, 'count-objects', '-v')).toMatch(/^count: 0$/m);
    expect((await mapped('src/app.py')).found).toEqual(byGit('src/app.py'));
    git(inRecording(), 'checkout', '-q', 'main');
    commit(inRecording(), { 'src/new.py': 'n\n' });
    commit(inRecording(), { 'src/new.py': 'm\n' });
    expect((await mapped('src/app.py')).found).toEqual(byGit('src/app.py'));
  });

  it('reads every commit that git wrote into a pack, and takes nothing else for one', async () => {
    const { HostObjects } = await import('../../../server/src/locate/git/objects');
    const origin = made('origin');
    for (let i = 0; i < 80; i++) commit(origin, { 'src/app.py': `${i}\n` }, `${'words and more words '.repeat(50)}${i}`);
    git(origin, 'repack', '-adfq', '--depth=30', '--window=200');
    const packed = git(
      origin,
      'verify-pack',
      '-v',
      ...execFileSync('find', [join(origin, '.git/objects/pack'), '-name', '*.idx'], { encoding: 'utf8' })
        .trim()
        .split('\n'),
    );
    // A commit told by another has a depth and a base behind its sizes.
    expect(packed).toMatch(/^[0-9a-f]{40} commit \d+ \d+ \d+ \d+ [0-9a-f]{40}$/m);
    const objects = new HostObjects(join(origin, '.git/objects'));
    const lines = git(origin, 'log', '--format=%H %P').trim().split('\n');
    expect(lines.length).toBe(83);
    for (const line of lines) {
      const [hash = '', parent] = line.split(' ');
      expect(await objects.commit(hash)).toEqual({ hash, firstParent: parent === undefined || parent === '' ? null : parent });
    }
    for (const what of ['HEAD^{tree}', 'HEAD:README.md']) expect(await objects.commit(git(origin, 'rev-parse', what).trim())).toBeNull();
    expect(await objects.commit('0'.repeat(40))).toBeNull();
    expect(await objects.isWhole()).toBe(true);
  });

  it('not where the workspace has two of it, as clones or as a worktree: by content neither', async () => {
    const origin = made('origin');
    cloned(origin, inRecording());
    cloned(origin, join(workspace, 'one'));
    expect((await mapped('src/app.py', { content: true })).found).toEqual(byGit('one/src/app.py'));
    cloned(origin, join(workspace, 'two'));
    const both = await mapped('src/app.py', { content: true, folders: [join(workspace, 'one'), join(workspace, 'two')] });
    expect(both).toEqual({ found: null, why: 'several', roots: [join(workspace, 'one'), join(workspace, 'two')] });
    // A file that is another in one of them is told by its bytes.
    put(workspace, { 'two/src/app.py': 'another\n' });
    const told = await mapped('src/app.py', { content: true, folders: [join(workspace, 'one'), join(workspace, 'two')] });
    expect(told.found).toEqual({ path: join(workspace, 'one/src/app.py'), by: 'content' });
    rmSync(join(workspace, 'two'), { recursive: true });
    git(join(workspace, 'one'), 'worktree', 'add', '-q', '../tree', '-b', 'side');
    expect((await mapped('src/app.py')).why).toBe('several');
    // The worktree alone, whose repository lies outside of the workspace.
    expect((await mapped('src/app.py', { folders: [join(workspace, 'tree')] })).found).toEqual(byGit('tree/src/app.py'));
  });

  it('not where both went on from what they share, unless they were cloned from one place', async () => {
    const origin = made('origin');
    cloned(origin, workspace);
    cloned(origin, inRecording());
    commit(workspace, { 'src/app.py': 'mine\n' });
    commit(inRecording(), { 'src/app.py': 'theirs\n' });
    expect(await mapped('src/app.py')).toEqual({ found: null, why: 'diverged', roots: [workspace] });
    from(workspace, 'git@git.example.org:team/app.git');
    from(inRecording(), 'https://robot:hunter2@git.example.org/team/app');
    expect((await mapped('src/app.py')).found).toEqual(byGit('src/app.py'));
    from(inRecording(), 'https://git.example.org/other/app');
    expect(await mapped('src/app.py')).toEqual({ found: null, why: 'elsewhere', roots: [workspace] });
  });

  it('a fork is not what it was forked from, and beside it the one from the same place is', async () => {
    const origin = made('origin');
    cloned(origin, inRecording());
    from(inRecording(), 'https://git.example.org/upstream/app');
    cloned(origin, join(workspace, 'fork'));
    from(join(workspace, 'fork'), 'https://git.example.org/me/app');
    expect((await mapped('src/app.py')).found).toBeNull();
    cloned(origin, join(workspace, 'upstream'));
    from(join(workspace, 'upstream'), 'ssh://git@git.example.org:2222/Upstream/App.git/');
    expect((await mapped('src/app.py')).found).toEqual(byGit('upstream/src/app.py'));
    // Where it does not tell whence it is, both may be it.
    from(join(workspace, 'upstream'), '/srv/app');
    expect((await mapped('src/app.py')).found).toEqual(byGit('upstream/src/app.py'));
    from(inRecording(), '/srv/app');
    expect(await mapped('src/app.py')).toMatchObject({ found: null, why: 'several' });
  });

  it('not where another project was merged into a directory of its own', async () => {
    const library = made('library');
    cloned(library, inRecording());
    const whole = made('whole');
    git(whole, 'remote', 'add', 'library', library);
    git(whole, 'fetch', '-q', 'library');
    git(whole, 'merge', '-q', '-s', 'ours', '--no-commit', '--allow-unrelated-histories', 'library/main');
    git(whole, 'read-tree', '--prefix=vendor/library/', '-u', 'library/main');
    git(whole, 'commit', '-qm', 'merged');
    cloned(whole, join(workspace, 'whole'));
    expect(existsSync(join(workspace, 'whole/vendor/library/src/app.py'))).toBe(true);
    expect(await mapped('src/app.py')).toEqual({ found: null, why: null, roots: [] });
  });

  it('not what lies in a repository of its own, on either side, nor what only has the name', async () => {
    const origin = made('origin');
    const other = made('other');
    git(origin, 'submodule', '--quiet', 'add', other, 'lib');
    commit(origin, {}, 'with a library');
    git(base, 'clone', '-q', '--recurse-submodules', origin, inRecording());
    git(base, 'clone', '-q', '--recurse-submodules', origin, workspace);
    expect((await mapped('README.md')).found).toEqual(byGit('README.md'));
    // The sandbox says only that its data lies elsewhere.
    expect((await mapped('lib/src/app.py')).found).toBeNull();
    rmSync(join(inRecording(), 'lib/.git'));
    expect((await mapped('lib/src/app.py')).found).toBeNull();
    rmSync(inRecording(), { recursive: true });
    renameSync(made('same-names'), inRecording());
    expect(await mapped('src/app.py')).toEqual({ found: null, why: null, roots: [] });
  });

  it('a folder that is a part of a repository has only its own part', async () => {
    const origin = made('origin');
    cloned(origin, inRecording());
    cloned(origin, join(base, 'whole'));
    const folders = [join(base, 'whole/src')];
    expect((await mapped('src/app.py', { folders })).found).toEqual({ path: join(base, 'whole/src/app.py'), by: 'git' });
    expect((await mapped('README.md', { folders })).found).toBeNull();
  });

  it('not where there is more of the workspace than is looked through', async () => {
    const origin = made('origin');
    cloned(origin, inRecording());
    cloned(origin, join(workspace, 'app'));
    for (let i = 0; i < 5; i++) put(workspace, { [`other${i}/x`]: 'x' });
    expect((await mapped('src/app.py')).found).toEqual(byGit('app/src/app.py'));
    // It is found, and there is more behind it; or it is not even found.
    for (const [bounds, why] of [
      [{ entries: 7, depth: 6, repositories: 32 }, 'unknown'],
      [{ entries: 1000, depth: 1, repositories: 32 }, 'unknown'],
      [{ entries: 3, depth: 6, repositories: 32 }, null],
      [{ entries: 1000, depth: 0, repositories: 32 }, null],
    ] as const)
      expect(await mapped('src/app.py', { bounds })).toMatchObject({ found: null, why });
  });

  it('reads nothing of the sandbox but where it stands, never its configuration, and follows no name out of it', async () => {
    const origin = made('origin');
    cloned(origin, inRecording());
    cloned(origin, workspace);
    const marker = join(base, 'ran');
    for (const root of [inRecording(), workspace]) {
      git(root, 'config', 'core.fsmonitor', `touch ${marker}; false`);
      git(root, 'config', 'core.hooksPath', base);
      appendFileSync(join(root, '.git/config'), `[alias]\n\trev-parse = !touch ${marker}\n`);
    }
    expect((await mapped('src/app.py')).found).toEqual(byGit('src/app.py'));
    expect(existsSync(marker)).toBe(false);
    expect([...new Set(asked)].sort()).toEqual(['HEAD', 'logs/HEAD', 'refs/heads/main'].map((way) => `${inSandbox}/.git/${way}`));
    for (const head of [
      'ref: refs/heads/../../../../../outside',
      'ref: refs/heads/a/../../../x',
      'ref: /etc/passwd',
      'ref: refs/heads/.hidden',
      'ref: refs/heads//x',
      `${'0'.repeat(39)}g`,
      '',
      `ref: ${'refs/heads/'.repeat(100)}x`,
    ]) {
      writeFileSync(join(inRecording(), '.git/HEAD'), head);
      expect.soft((await mapped('src/app.py')).found, head).toBeNull();
      expect
        .soft(
          asked.filter((path) => path.includes('..') || !path.includes('/.git/')),
          head,
        )
        .toEqual([]);
    }
  });

  it('a `.git` of the workspace that leads elsewhere is not followed', async () => {
    const origin = made('origin');
    cloned(origin, inRecording());
    cloned(origin, join(base, 'elsewhere'));
    put(workspace, { '.git': `gitdir: ${join(base, 'elsewhere/.git')}\n`, 'src/app.py': 'x\n' });
    expect(await mapped('src/app.py')).toEqual({ found: null, why: null, roots: [] });
    // It may be the one that another one seems to be.
    cloned(origin, join(workspace, 'app'));
    expect(await mapped('src/app.py')).toMatchObject({ found: null, why: 'unknown' });
  });
});

describe('a sandbox that does not answer', () => {
  it('is no repository, after a moment and once', async () => {
    cloned(made('origin'), workspace);
    let stats = 0;
    const never = (): Promise<never> => new Promise(() => undefined);
    const refused = (): Promise<never> => Promise.reject(new SandboxFileError('unreadable', 'gone'));
    for (const stat of [never, refused]) {
      stats = 0;
      const files = { ...filesOf(), stat: () => ((stats += 1), stat()) };
      const roots = new GitRoots();
      for (let i = 0; i < 3; i++)
        expect(await roots.of({ id: 's', files }, `${inSandbox}/src/app.py`, [workspace])).toEqual({ kind: 'none' });
      expect(stats).toBe(1);
      roots.forget('s');
    }
  });
});

it('what is there and cannot be read leaves a repository unknown: it may say that it is another one', async () => {
  const origin = made('origin');
  cloned(origin, inRecording());
  cloned(origin, workspace);
  const files = filesOf();
  const ask = (reason: 'unreadable' | 'not-found') => {
    const read: SandboxFiles['read'] = (path, signal) =>
      path.endsWith('/logs/HEAD') ? Promise.reject(new SandboxFileError(reason, 'no')) : files.read(path, signal);
    return new GitRoots().of({ id: 's', files: { ...files, read } }, `${inSandbox}/src/app.py`, [workspace]);
  };
  expect((await ask('not-found')).kind).toBe('same');
  expect(await ask('unreadable')).toEqual({ kind: 'none' });
});

describe('what small files of a repository tell', () => {
  it('is one place however its address is written, and nothing of who logs in', () => {
    const same = [
      'https://git.example.org/Team/App.git',
      'https://user:pass@git.example.org/team/app',
      'https://a@b:p@git.example.org/team/app/',
      'ssh://git@git.example.org:22/team/app.git',
      'git@git.example.org:team/app.git',
      'git.example.org:/team/app',
      'git://git.example.org/team/app',
    ];
    expect(new Set(same.map(originOf)).size).toBe(1);
    expect(originOf(same[0] ?? '')).toMatch(/^[0-9a-f]{64}$/);
    expect(originOf('https://git.example.org/team/app2')).not.toBe(originOf(same[0] ?? ''));
    for (const none of ['/srv/app', './app', '../x', 'file:///srv/app', 'app', '', 'C:\\app', 'C:/app'])
      expect.soft(originOf(none), none).toBeNull();
  });

  it('is taken from moves and heads that git wrote, and from no others', () => {
    const [a, b, zero] = ['a', 'b', '0'].map((char) => char.repeat(40)) as [string, string, string];
    const who = 'A <a@example.org> 1700000000 +0000';
    expect(movesOf(`${zero} ${a} ${who}\tclone: from https://x.org/y\n${a} ${b} ${who}\tcommit: z\n`)).toEqual({
      commits: [a, b],
      origin: originOf('https://x.org/y'),
    });
    expect(movesOf(`${a} ${b} ${who}\tclone: from https://x.org/y\n`).origin).toBeNull();
    expect(movesOf('x\n'.repeat(5000))).toEqual({ commits: [], origin: null });
    expect(movesOf(`${a} ${b} ${who}\n`.repeat(5000)).commits.length).toBe(1000);
    expect(headOf(`${a}\n`)).toEqual({ kind: 'commit', hash: a });
    expect(headOf('ref: refs/heads/feat/ü-1\n')).toEqual({ kind: 'branch', ref: 'refs/heads/feat/ü-1' });
  });
});
