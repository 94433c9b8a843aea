/** A store that a command keeps: noticed when it goes, since nothing that is read then is kept. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openCommandStore } from '../../../server/src/cli/commandStore';
import { run } from '../../../server/src/cli/run';
import { copyOfRecording } from '../../fixtures/recordings';

const folders: string[] = [];
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

function asked(): { readonly path: string; readonly keyFile: string; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sandglass-command-'));
  folders.push(folder);
  return { path: join(folder, 'store.sqlite'), keyFile: join(folder, 'key'), folder };
}

describe('the store of a command', () => {
  it.each([
    ['removed', (path: string): void => rmSync(path)],
    ['moved away', (path: string): void => renameSync(path, `${path}.old`)],
    ['whose lease was removed', (path: string): void => rmSync(`${path}.lease`)],
  ])('that was %s is lost', async (_, what) => {
    const { path, keyFile } = asked();
    using kept = openCommandStore({ path, keyFile }, 10);
    expect(kept.lost.aborted).toBe(false);
    what(path);
    await vi.waitFor(() => expect(kept.lost.aborted).toBe(true), { timeout: 20_000 });
    expect(String(kept.lost.reason)).toContain(`the store ${path} was removed or replaced`);
  });

  it('is held as long as it is used, and by one at a time', () => {
    const { path, keyFile } = asked();
    {
      using kept = openCommandStore({ path, keyFile });
      expect(kept.lost.aborted).toBe(false);
      expect(() => openCommandStore({ path, keyFile })).toThrow('reads into it');
    }
    using _again = openCommandStore({ path, keyFile });
  });

  it('ends a follow that would go on for ever, and says why', async () => {
    const copy = copyOfRecording('openclaw-2026.7.1');
    folders.push(copy.root);
    const { path, keyFile } = asked();
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    let said = '';
    stderr.on('data', (data: Buffer) => (said += data.toString()));
    const first = new Promise((resolve) => stdout.once('data', resolve));
    const ended = run(['follow', copy.root, '--json', '--store', path, '--key-file', keyFile], { stdout, stderr, env: process.env });
    await first;
    rmSync(path);
    expect(await ended).toBe(1);
    expect(said).toContain('was removed or replaced');
  }, 180_000);
});
