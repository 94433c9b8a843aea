// The installed package as a user sees it, beside a sandbox that works and has no copy of its files on this host: attached
// by hand, everything else by itself.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pictureOnFailure } from '../e2e/failure';
import { shots, vsix } from '../e2e/paths';
import { openEditor } from '../harness/editorSession.mts';
import type { Editor } from '../harness/editorSession.mts';
import { SandglassPage } from '../harness/sampleRun.mts';
import { bed, BedSandbox, VERSIONS } from './bed';

const there = await bed(VERSIONS.jsonl);

describe.skipIf(there.kind === 'missing')('a sandbox that works, in the installed package', () => {
  let sandbox: BedSandbox;
  let editor: Editor;
  let page: SandglassPage;
  let working: Promise<void>;
  const shot = (name: string) => editor.workbench.screenshot(join(shots, 'live', `${name}.png`));
  const row = (text: string) => page.rows().filter({ hasText: text }).first();

  beforeAll(async () => {
    sandbox = await BedSandbox.up({ version: VERSIONS.jsonl });
    const env = { HOME: sandbox.home, DOCKER_HOST: process.env.DOCKER_HOST ?? '' };
    editor = await openEditor({ vsix, folder: null, trusted: true, env });
    page = new SandglassPage(editor.workbench);
  });
  afterAll(async () => {
    // A run that outlives its test has nothing to say about it.
    await Promise.allSettled([working]);
    await editor?.close();
    await sandbox?.down();
  });
  pictureOnFailure(() => editor);

  it('is found, and attached when asked', async () => {
    await page.openView();
    await row(sandbox.name).waitFor();
    expect(await row(sandbox.name).textContent()).toContain('not attached');
    await editor.workbench.command('Sandglass: Attach');
    await editor.workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: sandbox.name }).waitFor();
    await shot('1-attach');
    await editor.workbench.pick(sandbox.name);
    await row(sandbox.name).filter({ hasText: 'live' }).waitFor();
  });

  it('shows what the agent does now and what it costs, while it does it', async () => {
    working = sandbox.run('coding', 'denied', 'subagents');
    const { workbench } = editor;
    await row('A discount test').waitFor({ timeout: 60_000 });
    await workbench
      .statusItem(/\d s · .* tok · \$\d/)
      .first()
      .waitFor({ timeout: 30_000 });
    await shot('2-working');
    await working;
    for (const text of ['A discount test', 'Fetch the price feed', 'Have two helpers']) await row(text).waitFor();
    await workbench.statusItem(/main idle · .* tok · \$\d/).waitFor();
  });

  it('has the sub-agents beneath the session that sent them', async () => {
    await row('Have two helpers').locator('.monaco-tl-twistie').click();
    await row('Read the licence').waitFor();
    await row('Count the Python files').waitFor();
    const order = await page.rows().allTextContents();
    const at = (text: string): number => order.findIndex((label) => label.includes(text));
    expect([at('Read the licence'), at('Count the Python files')].sort()).toEqual([at('Have two helpers') + 1, at('Have two helpers') + 2]);
  });

  it('has failure and denials in Problems', async () => {
    await editor.workbench.command('View: Focus Problems');
    await page.failingTest().waitFor();
    const denied = editor.workbench.problems().filter({ hasText: "The sandbox's policy denied" });
    await expect.poll(() => denied.count(), { timeout: 20_000 }).toBeGreaterThan(2);
  });

  it('shows the denials beside their calls', async () => {
    await row('Fetch the price feed').click();
    const trace = await page.traceOf('Fetch the price feed');
    await trace.row(/denied.*curl/).click();
    await trace.show('Details');
    await trace.frame.getByText('Policy decisions beside this call').waitFor();
    await shot('3-denied');
  });

  it('leads from the failed call to its line in a file that only the sandbox has', async () => {
    await row('A discount test').click();
    const trace = await page.traceOf('A discount test');
    await trace.row(/exit code 1/).dblclick();
    await editor.workbench.page.locator('.tab.active', { hasText: 'test_cart.py' }).waitFor();
    await editor.workbench
      .codeLenses()
      .filter({ hasText: /exec failed/ })
      .first()
      .waitFor();
    await trace.row(/edit.*cart\.py/).dblclick();
    await editor.workbench
      .codeLenses()
      .filter({ hasText: /edit ok/ })
      .first()
      .waitFor();
    await shot('4-edited-line');
  });
});
