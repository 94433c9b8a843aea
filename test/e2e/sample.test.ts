// The installed package, as a user has it after three clicks: no Docker, an untrusted workspace, the bundled sample.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEditor } from '../harness/editorSession.mts';
import type { Editor } from '../harness/editorSession.mts';
import { playSample, SandglassPage } from '../harness/sampleRun.mts';
import { pictureOnFailure } from './failure';
import { noDocker, sampleWorkspace, shots, vsix } from './paths';
import { watch } from './watch';
import type { Watch } from './watch';

describe('the sample run', () => {
  let editor: Editor;
  let page: SandglassPage;
  let watched: Watch;
  const shot = (name: string) => editor.workbench.screenshot(join(shots, 'dark', `${name}.png`));

  beforeAll(async () => {
    editor = await openEditor({ vsix, folder: sampleWorkspace, trusted: false, env: noDocker });
    page = new SandglassPage(editor.workbench);
    watched = watch(editor.workbench.page, editor.url);
  });
  afterAll(() => editor?.close());
  pictureOnFailure(() => editor);

  it('says why the view is empty, and offers the sample', async () => {
    const view = await page.openView();
    await view.getByText('This workspace is not trusted').waitFor();
    await page.welcomeButton('Play Sample Run').waitFor();
  });

  it('gets a user started with its own walkthrough, on an editor that never showed one', async () => {
    await editor.workbench.command('Sandglass: Get Started');
    await editor.workbench.page.getByText('See what your agents do').first().waitFor();
    await editor.workbench.page.locator('.getting-started-step', { hasText: 'Play the sample run' }).first().waitFor();
    await shot('0-walkthrough');
    await editor.workbench.command('View: Close All Editors');
  });

  it('plays to its end: problem, cost, flow and lens by themselves', async () => {
    await playSample(editor.workbench, shot);
  });

  it('has the failing test selected in Problems, and its line in the editor', async () => {
    const selected = editor.workbench.page.locator('.markers-panel .monaco-list-row.selected');
    await expect.poll(async () => (await selected.allTextContents()).join('\n')).toMatch(/exec failed with exit code 1|test_cart\.py/);
    await editor.workbench.page.locator('.tab.active', { hasText: 'test_cart.py' }).waitFor();
  });

  it('shows sandbox, agent and sessions, sub-agents beneath the session that sent them', async () => {
    const labels = async (): Promise<string> => (await page.rows().allTextContents()).join('\n');
    for (const label of [/^[^\n]*sample: scripted model/, /Fetch the price feed/, /A discount test/])
      await expect.poll(labels).toMatch(label);
  });

  it('shows the totals and the flow of the turn', async () => {
    const trace = await page.trace();
    // Problem, cost, flow and lens may be there before the last lines of the sample.
    for (const total of [/9\s*LLM calls/, /8\s*tool calls/, /1\s*failed/, /\$0\.01/])
      await expect.poll(() => trace.totals().textContent()).toMatch(total);
    await expect.poll(() => trace.flowNodes().count()).toBeGreaterThan(8);
    expect(await trace.flowNodes().count()).toBeLessThanOrEqual(100);
  });

  it('jumps from the edit to its line, and a lens stands there', async () => {
    const trace = await page.trace();
    await trace.row(/edit.*cart\.py/).click();
    await trace.show('Details');
    await trace.button('Jump to Line').first().click();
    await editor.workbench.page.locator('.tab.active', { hasText: 'cart.py' }).filter({ hasNotText: 'test_cart.py' }).waitFor();
    // Beside the trace, never over it.
    await trace.selectedRow().waitFor();
    await (await page.trace()).row(/edit.*cart\.py/).waitFor();
    await editor.workbench
      .codeLenses()
      .filter({ hasText: /edit ok/ })
      .first()
      .waitFor();
    await shot('4-edited-line');
  });

  it('leads from a lens back to the call', async () => {
    const trace = await page.trace();
    await editor.workbench
      .codeLenses()
      .filter({ hasText: /edit ok/ })
      .first()
      .click();
    await expect.poll(async () => trace.selectedRow().textContent()).toMatch(/edit/);
  });

  it('opens the call of a box of the flow', async () => {
    const trace = await page.trace();
    await trace.show('Thought Flow');
    const failed = trace.flowNodes().filter({ hasText: /exec/ }).first();
    await failed.click();
    await expect.poll(async () => trace.selectedRow().textContent()).toMatch(/exec/);
  });

  it('replays: next, back, on to the failure, and the editor follows', async () => {
    const trace = await page.trace();
    const toolbar = editor.workbench.debugToolbar();
    const frame = editor.workbench.page.locator('.debug-call-stack .stack-frame').first();
    await trace.button('Replay').click();
    // VS Code lets no debugger start in an untrusted folder, whatever it does.
    await editor.workbench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Trust Folder & Continue' }).click();
    await toolbar.waitFor();
    await editor.workbench.showDebug();
    await frame.waitFor();
    const first = await frame.textContent();
    await toolbar.getByRole('button', { name: /^Step Over/ }).click();
    await expect.poll(() => frame.textContent()).not.toBe(first);
    await toolbar.getByRole('button', { name: /^Step Back/ }).click();
    await expect.poll(() => frame.textContent()).toBe(first);
    await toolbar.getByRole('button', { name: /^Continue/ }).click();
    await expect.poll(() => frame.textContent()).toMatch(/failed/);
    await editor.workbench.page.locator('.tab.active', { hasText: 'test_cart.py' }).waitFor();
    await shot('5-replay');
    await toolbar.getByRole('button', { name: /^(Stop|Disconnect)/ }).click();
    await toolbar.waitFor({ state: 'hidden' });
  });

  it('has nothing serious for axe in the trace', async () => {
    const trace = await page.trace();
    expect(await trace.axeViolations()).toEqual([]);
  });

  it('fetched nothing from anywhere, opened no dialog and showed no error', async () => {
    expect(watched.outside).toEqual([]);
    expect(watched.dialogs).toEqual([]);
    expect(await editor.workbench.page.locator('.notification-toast .codicon-error').count()).toBe(0);
  });
});
