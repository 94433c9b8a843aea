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

/** What an editor, a sandbox and an engine on a busy machine need. */
const patience = { timeout: 60_000 };
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
    await row(sandbox.name).filter({ hasText: 'not attached' }).waitFor(patience);
    await editor.workbench.command('Sandglass: Attach');
    await editor.workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: sandbox.name }).waitFor(patience);
    await shot('1-attach');
    await editor.workbench.pick(sandbox.name);
    await row(sandbox.name).filter({ hasText: 'live' }).waitFor(patience);
  });

  it('shows what the agent does now and what it costs, while it does it', async () => {
    working = sandbox.run('coding', 'denied', 'subagents');
    const { workbench } = editor;
    await row('A discount test').waitFor(patience);
    await workbench
      .statusItem(/\d s · .* tok · \$\d/)
      .first()
      .waitFor(patience);
    await shot('2-working');
    await working;
    for (const text of ['A discount test', 'Fetch the price feed', 'Have two helpers']) await row(text).waitFor(patience);
    await workbench.statusItem(/main idle · .* tok · \$\d/).waitFor(patience);
  });

  it('has the sub-agents beneath the session that sent them', async () => {
    // Once it is known to have some: before, a click there opens it.
    await row('Have two helpers').locator('.monaco-tl-twistie.collapsible.collapsed').click({ timeout: patience.timeout });
    await row('Read the licence').waitFor(patience);
    await row('Count the Python files').waitFor(patience);
    // By where they are shown: the page's own order is that in which they were made.
    const beneath = async (): Promise<readonly string[]> => {
      const shown = await page
        .rows()
        .evaluateAll((rows) => rows.map((each) => [Number(each.getAttribute('data-index')), each.textContent ?? ''] as const));
      const labels = [...shown].sort(([a], [b]) => a - b).map(([, label]) => label);
      const at = labels.findIndex((label) => label.includes('Have two helpers'));
      const known = ['Read the licence', 'Count the Python files'];
      return at < 0 ? [] : labels.slice(at + 1, at + 3).map((label) => known.find((text) => label.includes(text)) ?? label);
    };
    await expect
      .poll(async () => [...(await beneath())].sort(), { timeout: patience.timeout })
      .toEqual(['Count the Python files', 'Read the licence']);
  });

  it('has failure and denials in Problems', async () => {
    await editor.workbench.command('View: Focus Problems');
    await page.failingTest().waitFor(patience);
    const denied = editor.workbench.problems().filter({ hasText: "The sandbox's policy denied" });
    await expect.poll(() => denied.count(), { timeout: patience.timeout }).toBeGreaterThan(2);
  });

  it('shows the denials beside their calls', async () => {
    await row('Fetch the price feed').click();
    const trace = await page.traceOf('Fetch the price feed');
    await trace.row(/denied.*curl/).click(patience);
    await trace.show('Details');
    await trace.frame.getByText('Policy decisions beside this call').waitFor(patience);
    await shot('3-denied');
  });

  it('leads from the failed call to its line in a file that only the sandbox has', async () => {
    await row('A discount test').click();
    const trace = await page.traceOf('A discount test');
    await trace.row(/exit code 1/).dblclick();
    await editor.workbench.page.locator('.tab.active', { hasText: 'test_cart.py' }).waitFor(patience);
    await editor.workbench
      .codeLenses()
      .filter({ hasText: /exec failed/ })
      .first()
      .waitFor(patience);
    await trace.row(/edit.*cart\.py/).dblclick();
    await editor.workbench
      .codeLenses()
      .filter({ hasText: /edit ok/ })
      .first()
      .waitFor(patience);
    await shot('4-edited-line');
  });
});
