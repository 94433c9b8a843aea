// Two windows of one user beside one sandbox that works: both show it, one process reads it, and when that one is killed the
// other goes on.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pictureOnFailure } from '../e2e/failure';
import { shots, vsix } from '../e2e/paths';
import { openEditor } from '../harness/editorSession.mts';
import type { Editor } from '../harness/editorSession.mts';
import { SandglassPage } from '../harness/sampleRun.mts';
import { until } from '../server/support/serverProcess';
import { bed, BedSandbox, readersIn, VERSIONS } from './bed';

/** What two editors, a sandbox and an engine on a busy machine need. */
const patience = { timeout: 60_000 };
const there = await bed(VERSIONS.sqlite);

describe.skipIf(there.kind === 'missing')('two windows beside one sandbox', () => {
  let sandbox: BedSandbox;
  let editor: Editor;
  let first: SandglassPage;
  let second: SandglassPage;
  /** How many readers there ever were at once, those that a killed process left apart: they go when the engine sees that it died. */
  let most = 0;
  let left: readonly string[] = [];
  let watching = true;
  let watched: Promise<void> = Promise.resolve();
  const row = (page: SandglassPage, text: string) => page.rows().filter({ hasText: text }).first();
  const shot = (page: SandglassPage, name: string) => page.workbench.screenshot(join(shots, 'windows', `${name}.png`));

  beforeAll(async () => {
    sandbox = await BedSandbox.up({ version: VERSIONS.sqlite });
    const env = { HOME: sandbox.home, DOCKER_HOST: process.env.DOCKER_HOST ?? '' };
    editor = await openEditor({ vsix, folder: null, trusted: true, env, keyring: true });
    first = new SandglassPage(editor.workbench);
    watched = (async () => {
      while (watching) {
        most = Math.max(most, readersIn(sandbox.id()).filter((reader) => !left.includes(reader)).length);
        await new Promise((done) => setTimeout(done, 100));
      }
    })();
  });
  afterAll(async () => {
    watching = false;
    await watched;
    await editor?.close();
    await sandbox?.down();
  });
  pictureOnFailure(() => editor);

  it('both show what one of them attached to', async () => {
    await first.openView();
    await row(first, sandbox.name).waitFor(patience);
    await editor.workbench.command('Sandglass: Attach');
    await editor.workbench.pick(sandbox.name);
    await row(first, sandbox.name).filter({ hasText: 'live' }).waitFor(patience);
    second = new SandglassPage(await editor.another('second'));
    await second.openView();
    await row(second, sandbox.name).filter({ hasText: 'live' }).waitFor(patience);
    await sandbox.run('hello');
    for (const page of [first, second]) await row(page, 'Hi! What can you do').waitFor(patience);
    await shot(second, '1-second-window');
  });

  it('go on when the process that reads is killed, with one reader at any time', async () => {
    const servers = serversOf(editor.profileDir);
    expect(servers).toHaveLength(2);
    const [reads] = servers;
    if (reads === undefined) throw new Error('no server runs');
    left = readersIn(sandbox.id());
    expect(left).toHaveLength(1);
    process.kill(reads, 'SIGKILL');
    await until(
      'a server in its place',
      () => {
        const now = serversOf(editor.profileDir);
        return now.length === 2 && !now.includes(reads);
      },
      patience.timeout,
    );
    await until(
      'a reader in its place',
      () => {
        const now = readersIn(sandbox.id());
        return now.length === 1 && !left.includes(now[0] ?? '');
      },
      patience.timeout,
    );
    await sandbox.run('denied');
    for (const page of [first, second]) {
      await row(page, sandbox.name).filter({ hasText: 'live' }).waitFor(patience);
      await row(page, 'Fetch the price feed').waitFor(patience);
    }
    await shot(second, '2-taken-over');
    expect(most).toBe(1);
  });
});

/** Our server processes of this editor, the one started first before the others. */
function serversOf(profileDir: string): readonly number[] {
  const found: { readonly pid: number; readonly started: number }[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').split('\0');
      if (!command.some((part) => part.startsWith(profileDir) && part.endsWith(join('dist', 'server.js')))) continue;
      const started = Number(
        readFileSync(join('/proc', pid, 'stat'), 'utf8')
          .split(') ')[1]
          ?.split(' ')[19],
      );
      found.push({ pid: Number(pid), started });
    } catch {
      continue; // ended meanwhile
    }
  }
  return found.sort((a, b) => a.started - b.started).map(({ pid }) => pid);
}
