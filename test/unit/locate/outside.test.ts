// What a call wrote outside its agent's workspace, or where no git repository keeps what stood there.
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SandboxFileError } from '../../../server/src/attach/errors';
import type { SandboxFiles } from '../../../server/src/attach/record';
import { directoriesAbove, liesOutside, writtenPaths } from '../../../server/src/locate/outside';
import type { Span } from '../../../server/src/protocol/document';
import { writtenFiles } from '../../../server/src/query/written';
import { pageLimit, tracePage } from '../../../server/src/query/pages';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

const workspace = '/sandbox/.openclaw/workspace';
const signal = new AbortController().signal;

const call = (tool: string, paths: readonly string[], status: Span['status'] = 'ok'): Span => ({
  id: 'c',
  entryId: 'e',
  parentId: null,
  kind: 'execute_tool',
  name: tool,
  startTime: null,
  endTime: null,
  durationMs: null,
  durationBasis: 'estimated',
  status,
  statusMessage: null,
  witness: 'agent',
  attributes: { 'gen_ai.tool.name': tool, 'sandglass.paths': [...paths] },
});

/** A sandbox with these files and directories in it. */
function sandbox(...there: readonly string[]): SandboxFiles & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    read: () => Promise.reject(new SandboxFileError('not-found', 'unused')),
    list: () => Promise.resolve([]),
    stat: (path) => {
      asked.push(path);
      const type = there.includes(path) ? (posix.basename(path) === '.git' ? 'directory' : 'file') : null;
      return Promise.resolve(type === null ? null : { type, size: 1, mtime: 0 });
    },
  };
}

describe('what a call wrote', () => {
  it.each([
    [`${workspace}/a.py`, false],
    [workspace, false],
    [`${workspace}-other/a.py`, true],
    ['/sandbox/.openclaw/a.py', true],
    ['/tmp/a.py', true],
    [`${workspace}/..a/b.py`, false],
  ])('%s: outside is %s', (path, outside) => {
    expect(liesOutside(path, workspace)).toBe(outside);
    expect(liesOutside(path, null)).toBe(null);
    expect(liesOutside(path, 'workspace')).toBe(null);
  });

  it('are the paths of tools that write, if they did', () => {
    expect(writtenPaths(call('write', ['notes/a.md', '../b.md', '~/c.md', '/tmp/d', 'notes/a.md']), workspace)).toEqual([
      `${workspace}/notes/a.md`,
      '/sandbox/.openclaw/b.md',
      '/sandbox/c.md',
      '/tmp/d',
    ]);
    expect(writtenPaths(call('read', ['/tmp/d']), workspace)).toEqual([]);
    for (const status of ['error', 'denied', 'aborted', 'running', 'unknown'] as const)
      expect(writtenPaths(call('write', ['/tmp/d'], status), workspace)).toEqual([]);
  });

  it('every directory above a path is one, up to the root', () => {
    expect(directoriesAbove('/a/b/c')).toEqual(['/a/b', '/a', '/']);
    expect(directoriesAbove('/')).toEqual(['/']);
    expect(directoriesAbove('a')).toEqual(['.']);
  });

  it('is in git where a directory above it is a repository, and it is asked once of each', async () => {
    const files = sandbox('/tmp/x/a', '/tmp/x/b', `${workspace}/a.py`, `${workspace}/.git`);
    const span = call('apply_patch', ['/tmp/x/a', '/tmp/x/b', 'a.py', 'gone.py']);
    expect(await writtenFiles({ kind: 'container', files }, span, workspace, signal)).toEqual([
      { path: '/tmp/x/a', outside: true, git: false },
      { path: '/tmp/x/b', outside: true, git: false },
      { path: `${workspace}/a.py`, outside: false, git: true },
      { path: `${workspace}/gone.py`, outside: false, git: null },
    ]);
    expect(new Set(files.asked).size).toBe(files.asked.length);
  });

  it('is not known of a recording, nor of a sandbox that refuses or gives no answer', async () => {
    const span = call('write', ['/tmp/a']);
    const expected = [{ path: '/tmp/a', outside: true, git: null }];
    const files = sandbox('/tmp/a');
    expect(await writtenFiles({ kind: 'directory', files }, span, workspace, signal)).toEqual(expected);
    expect(files.asked).toEqual([]);
    const refusing = { ...files, stat: () => Promise.reject(new SandboxFileError('unreadable', 'no')) };
    expect(await writtenFiles({ kind: 'container', files: refusing }, span, workspace, signal)).toEqual(expected);
    const gone = AbortSignal.abort();
    const silent = { ...files, stat: (_: string, late: AbortSignal) => Promise.reject(late.reason as Error) };
    expect(await writtenFiles({ kind: 'container', files: silent }, span, workspace, gone)).toEqual(expected);
  });
});

describe('recordings', () => {
  it.each(['openclaw-2026.7.1', 'openclaw-2026.9.5'])('%s: what was written outside is what its calls name so', async (name) => {
    using store = memoryStore();
    const source = await readInto(store, recording(name).root);
    const seen = { inside: 0, outside: new Set<string>() };
    for (const { info } of store.sessions.list(source)) {
      for (let offset = 0, more = true; more; offset += pageLimit) {
        const page = tracePage(store, source, { sessionId: info.id, offset, limit: pageLimit });
        more = page !== null && offset + pageLimit < page.total;
        for (const { span, outside } of page?.rows ?? []) {
          const paths = writtenPaths(span, page?.view.workspaceDir ?? null);
          if (outside) for (const path of paths) seen.outside.add(path);
          else seen.inside += paths.length;
        }
      }
    }
    expect(seen.inside).toBeGreaterThan(0);
    expect([...seen.outside].filter((path) => path.startsWith(`${workspace}/`))).toEqual([]);
    console.log(`${name}: ${seen.inside} files written in a workspace, outside: ${[...seen.outside].join(', ') || 'none'}`);
  });
});
