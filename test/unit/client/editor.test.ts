import { describe, expect, it } from 'vitest';
import { parseCallUri } from '../../../client/src/editor/callUri';
import { isAllowedTarget } from '../../../client/src/editor/targets';

const file = (fsPath: string, authority = ''): { scheme: string; fsPath: string; authority: string } => ({
  scheme: 'file',
  fsPath,
  authority,
});

describe('the address of a call', () => {
  it('leads to the call whatever its ids hold', () => {
    const ref = { sourceId: 'dir:/a b/ü?&=#%', spanId: '0123456789abcdef' };
    const query = `source=${encodeURIComponent(ref.sourceId)}&span=${ref.spanId}`;
    expect(parseCallUri({ scheme: 'sandglass-call', path: '/exec.txt', query })).toEqual(ref);
  });
  it('is nothing without both ids or of another scheme', () => {
    expect(parseCallUri({ scheme: 'sandglass-call', path: '/x', query: 'source=a' })).toBeNull();
    expect(parseCallUri({ scheme: 'file', path: '/x', query: 'source=a&span=b' })).toBeNull();
  });
});

describe('what an anchor may open', () => {
  const realPath = (path: string): string =>
    path === '/home/me/app/link' ? '/home/me/.ssh/id' : path === '/home/me/app/inner' ? '/home/me/app/src/a.ts' : path;
  const rules = {
    realPath,
    workspaceFolders: ['/home/me/app'],
    pathMappings: [
      { sandbox: '/sandbox/lib', workspace: '../lib' },
      { sandbox: '/s', workspace: '/srv/s' },
    ],
  };
  it.each([
    ['/home/me/app/src/a.ts', true],
    ['/home/me/app', true],
    ['/home/me/app/..a', true],
    ['/home/me/lib/b.ts', true],
    ['/srv/s/c.ts', true],
    ['/home/me/app/inner', true],
    ['/home/me/app/link', false],
    ['/home/me/app/../secret', false],
    ['/home/me/application/x', false],
    ['/etc/passwd', false],
    ['/', false],
  ])('%s: %s', (path, allowed) => expect(isAllowedTarget(file(path), rules)).toBe(allowed));

  it("takes the sandbox's own files, and no share, no other scheme, nothing without a workspace", () => {
    expect(isAllowedTarget({ scheme: 'sandglass-file', fsPath: '/etc/passwd', authority: 'x' }, rules)).toBe(true);
    expect(isAllowedTarget(file('/home/me/app/a', 'server'), rules)).toBe(false);
    for (const scheme of ['command', 'http', 'vscode', 'untitled', 'vscode-userdata']) {
      expect(isAllowedTarget({ scheme, fsPath: '/home/me/app/a', authority: '' }, rules), scheme).toBe(false);
    }
    expect(isAllowedTarget(file('/x'), { realPath, workspaceFolders: [], pathMappings: [{ sandbox: '/s', workspace: 'x' }] })).toBe(false);
  });
});
