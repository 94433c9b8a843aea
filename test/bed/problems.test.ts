// Problems as a user walks them, beside a sandbox that worked: F8 through all of them, the line, its hover, the call in its trace,
// and back; a finding settled with a reason. In the installed package, with the agent's files mapped into the workspace. Pictures
// of each step in every look.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pictureOnFailure } from '../e2e/failure';
import { shots, vsix } from '../e2e/paths';
import { openEditor } from '../harness/editorSession.mts';
import type { Editor } from '../harness/editorSession.mts';
import { SandglassPage } from '../harness/sampleRun.mts';
import { projectRoot } from '../harness/tools.mts';
import { bed, BedSandbox, VERSIONS } from './bed';

/** What an editor, a sandbox and an engine on a busy machine need. */
const patience = { timeout: 60_000 };
const there = await bed(VERSIONS.jsonl);
const seed = join(projectRoot, 'test/bed/sandbox/inside/seed/workspace');

/** The one that the window begins with comes last. */
const looks = [
  { name: 'light', theme: 'Default Light Modern', kind: 'vs', width: 1440 },
  { name: 'high-contrast', theme: 'Default High Contrast', kind: 'hc-black', width: 1440 },
  { name: 'narrow', theme: 'Default Dark Modern', kind: 'vs-dark', width: 760 },
  { name: 'dark', theme: 'Default Dark Modern', kind: 'vs-dark', width: 1440 },
] as const;

describe.skipIf(there.kind === 'missing')('the problems of a sandbox, in the installed package', () => {
  let sandbox: BedSandbox;
  let editor: Editor;
  let page: SandglassPage;

  beforeAll(async () => {
    sandbox = await BedSandbox.up({ version: VERSIONS.jsonl });
    const env = { HOME: sandbox.home, DOCKER_HOST: process.env.DOCKER_HOST ?? '' };
    const pathMappings = [{ sandbox: '/sandbox/.openclaw/workspace/project', workspace: 'project' }];
    const settings = { 'sandglass.pathMappings': pathMappings };
    // The agent works while the editor starts; both come to their end, whatever becomes of the other.
    const [opened, worked] = await Promise.allSettled([
      openEditor({ vsix, folder: seed, trusted: true, env, settings }),
      sandbox.run('coding', 'denied', 'loop'),
    ]);
    if (opened.status === 'fulfilled') editor = opened.value;
    for (const each of [opened, worked]) if (each.status === 'rejected') throw each.reason;
    page = new SandglassPage(editor.workbench);
  });
  afterAll(async () => {
    await editor?.close();
    await sandbox?.down();
  });
  pictureOnFailure(() => editor);

  /** The same moment in every look; `SANDGLASS_ALL_LOOKS` has that of each step, which takes a while. */
  async function shot(step: string, every = process.env['SANDGLASS_ALL_LOOKS'] === '1'): Promise<void> {
    const { page: window } = editor.workbench;
    await mkdir(join(editor.folder, '.vscode'), { recursive: true });
    for (const { name, theme, kind, width } of every ? looks : looks.slice(-1)) {
      await writeFile(join(editor.folder, '.vscode/settings.json'), JSON.stringify({ 'workbench.colorTheme': theme }));
      await window.setViewportSize({ width, height: 900 });
      await window.locator(`.monaco-workbench.${kind}`).waitFor(patience);
      await editor.workbench.screenshot(join(shots, 'problems', `${step}-${name}.png`));
    }
  }
  const activeTab = (text: string | RegExp): Locator => editor.workbench.page.locator('.tab.active', { hasText: text }).first();

  /** File, message and code of what F8 shows, once it shows another than before. */
  async function stepped(before: string | null): Promise<string> {
    const { page: window } = editor.workbench;
    const file = window.locator('.monaco-editor .peekview-widget .filename').first();
    const message = window.locator('.monaco-editor .marker-widget .descriptioncontainer').first();
    const look = async (): Promise<string | null> =>
      (await file.isVisible()) && (await message.isVisible()) ? `${await file.textContent()}: ${await message.innerText()}` : null;
    let shown: string | null = null;
    await expect.poll(async () => (shown = await look()) !== null && shown !== before, patience).toBe(true);
    return shown ?? '';
  }

  it('are listed by file: that of the workspace, and one for a session whose calls have none', async () => {
    const { workbench } = editor;
    await page.openView();
    await page.rows().filter({ hasText: sandbox.name }).first().waitFor(patience);
    await workbench.command('Sandglass: Attach');
    await workbench.pick(sandbox.name);
    await workbench.command('View: Focus Problems');
    await page.failingTest().waitFor(patience);
    const denied = workbench.problems().filter({ hasText: "The sandbox's policy denied" });
    await expect.poll(() => denied.count(), patience).toBe(4);
    // Where was looked for the rule of each is worked out after the denials themselves.
    const files = workbench.problems().filter({ has: workbench.page.locator('.monaco-count-badge') });
    const named = async (): Promise<readonly string[]> =>
      (await files.allTextContents()).map((text) => /test_cart\.py|Fetch the price feed/.exec(text)?.[0] ?? text).sort();
    await expect.poll(named, patience).toEqual(['Fetch the price feed', 'test_cart.py']);
    await shot('1-listed');
  });

  it('are stepped through with F8, each once and file by file, and then the first again', async () => {
    await page.failingTest().dblclick();
    await activeTab('test_cart.py').waitFor(patience);
    // A key that comes before the editor has the focus is lost.
    await editor.workbench.page.locator('.editor-instance .monaco-editor.focused').first().waitFor(patience);
    const steps: string[] = [];
    for (let last: string | null = null; ;) {
      await editor.workbench.page.keyboard.press('F8');
      last = await stepped(last);
      if (steps.length === 1) await shot('2-next-file');
      if (steps.length >= 5) {
        expect(last).toBe(steps[0]);
        break;
      }
      steps.push(last);
      if (steps.length === 1) await shot('2-first', true);
    }
    expect(new Set(steps).size).toBe(5);
    expect(steps[0]).toMatch(/^test_cart\.py: exec failed with exit code 1 .*recovered-call/s);
    for (const denied of steps.slice(1)) expect(denied).toMatch(/^Fetch the price feed.*The sandbox's policy denied exec .*denied-call/s);
    // In the order in which they happened.
    const hosts = ['blocked.example.com', 'mirror.blocked.example.net', 'docs.example.com', 'pypi.tst'];
    expect(steps.slice(1).map((step) => hosts.find((host) => step.includes(`//${host}`)))).toEqual(hosts);
  });

  it('lead from the line, whose hover tells what was done there, to the call, and back', async () => {
    const { page: window } = editor.workbench;
    await window.keyboard.press('Escape');
    await page.failingTest().dblclick();
    await activeTab('test_cart.py').waitFor(patience);
    await editor.workbench.command('Show or Focus Hover');
    const hover = window.locator('.monaco-hover').filter({ hasText: 'Thought before' }).first();
    await hover.waitFor(patience);
    expect(await hover.innerText()).toMatch(/recovered-call.*exec failed.*Arguments/s);
    await shot('3-hover');
    await window.keyboard.press('Escape');
    await editor.workbench.command('Sandglass: Jump to Call of This Line');
    const trace = await page.traceOf('A discount test');
    await trace
      .selectedRow()
      .filter({ hasText: /exit code 1.*exec/ })
      .waitFor(patience);
    await shot('4-call', true);
    await trace.selectedRow().dblclick();
    await activeTab('test_cart.py').waitFor(patience);
    await editor.workbench.statusItem('Ln 11, Col 1').waitFor(patience);
    await shot('5-back');
  });

  it('without a file lead from the document of their session to the call too', async () => {
    await editor.workbench.problems().filter({ hasText: 'mirror.blocked.example.net' }).first().dblclick();
    await activeTab('Fetch the price feed').waitFor(patience);
    await editor.workbench.command('Sandglass: Jump to Call of This Line');
    const trace = await page.traceOf('Fetch the price feed');
    await trace
      .selectedRow()
      .filter({ hasText: /denied.*mirror\.blocked/ })
      .waitFor(patience);
    await shot('6-denied');
  });

  it('that are findings are settled from the trace, with a reason, in a file that is shown before it is written', async () => {
    const { page: window } = editor.workbench;
    await editor.workbench.command('View: Close All Editors');
    await page.rows().filter({ hasText: 'Wait for the build' }).first().click(patience);
    const trace = await page.traceOf('Wait for the build');
    await trace.button('Suppress…').click(patience);
    const input = window.locator('.quick-input-widget input').first();
    await input.waitFor(patience);
    await shot('7-reason', true);
    await input.fill('It waits: nobody minds.');
    await input.press('Enter');
    await activeTab('Suppress repeated-calls').waitFor(patience);
    await shot('8-shown');
    const file = join(editor.folder, '.sandglass/suppressions.yaml');
    expect(existsSync(file)).toBe(false);
    await window.locator('.notification-toast').getByText('Write to File').click(patience);
    await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8'), patience).toMatch(/reason: "It waits: nobody minds\."\n$/);
    await activeTab(/^suppressions\.yaml$/).waitFor(patience);
    await page.rows().filter({ hasText: 'Wait for the build' }).first().click(patience);
    await (await page.traceOf('Wait for the build')).button('Show 1 suppressed').click(patience);
    await (await page.traceOf('Wait for the build')).frame.getByText('Suppressed: It waits: nobody minds.').waitFor(patience);
    await shot('9-settled');
  });
});
