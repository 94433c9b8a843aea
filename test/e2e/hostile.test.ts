// A recording whose agent met hostile pages and wrote hostile names: opened by the user, looked at in every face that the
// window has. Nothing in it runs, nothing is fetched, nothing leads anywhere but to the call itself.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { errors } from 'playwright-core';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEditor } from '../harness/editorSession.mts';
import type { Editor } from '../harness/editorSession.mts';
import { SandglassPage } from '../harness/sampleRun.mts';
import { projectRoot } from '../harness/tools.mts';
import { TracePage } from '../harness/tracePage.mts';
import { pictureOnFailure } from './failure';
import { noDocker, shots, vsix } from './paths';
import { mark, poison } from './poison';
import { watch } from './watch';
import type { Watch } from './watch';

/** What in a part of the window could run, fetch or lead somewhere; our own way to a call is none of that. */
async function alive(part: Locator): Promise<readonly string[]> {
  const found = await part.evaluateAll((roots) =>
    roots.flatMap((root) => {
      const all = [root, ...root.querySelectorAll('*')];
      const links = all
        .filter((node) => node.matches('a'))
        .map((node) => node.getAttribute('data-href') ?? node.getAttribute('href') ?? '')
        .filter((href) => href !== '' && href !== '#');
      const made = all
        .filter((node) => node.matches('script, img, iframe, object, embed, video, audio, form'))
        .map((node) => node.outerHTML);
      const handlers = all
        .filter((node) => node.getAttributeNames().some((name: string) => /^on/.test(name)))
        .map((node) => node.outerHTML);
      const icons = all.filter((node) => node.matches('.codicon-trash')).map(() => '$(trash)');
      // Not the markup's own white space: what reorders, hides or escapes.
      const hidden = /[\u0000-\u0008\u001b\u202a-\u202e\u2066-\u2069]|[\u{e0000}-\u{e007f}]/u.test(root.textContent ?? '')
        ? ['hidden characters']
        : [];
      return [...links, ...made, ...handlers, ...icons, ...hidden];
    }),
  );
  return found.filter((what) => !what.startsWith('sandglass-call:') && !leadsToCall(what));
}

/** By one of two commands of ours, with ids and nothing else. */
function leadsToCall(href: string): boolean {
  const found = /^command:sandglass\.(?:openTrace|openCall)\?(.*)$/.exec(href);
  if (found === null) return false;
  const [ids, ...others] = JSON.parse(decodeURIComponent(found[1] ?? '')) as readonly Readonly<Record<string, unknown>>[];
  return (
    others.length === 0 &&
    Object.entries(ids ?? {}).every(([name, id]) => /^(?:source|session|span)Id$/.test(name) && /^[0-9a-f-]{16,36}$/.test(String(id)))
  );
}

describe('a hostile recording', () => {
  let editor: Editor;
  let page: SandglassPage;
  let watched: Watch;

  beforeAll(async () => {
    editor = await openEditor({ vsix, folder: null, trusted: false, env: noDocker });
    page = new SandglassPage(editor.workbench);
    watched = watch(editor.workbench.page, editor.url);
  });
  afterAll(() => editor?.close());
  pictureOnFailure(() => editor);

  it('opens by its path', async () => {
    const recording = join(editor.folder, '../recording');
    await cp(join(projectRoot, 'test/fixtures/openclaw-2026.7.1'), recording, { recursive: true });
    await poison(recording, 'A discount test');
    await page.openView();
    await editor.workbench.command('Sandglass: Open Recording…');
    await editor.workbench.answerPath(recording);
    await page
      .rows()
      .filter({ hasText: /<b>everything<\/b>/ })
      .first()
      .waitFor({ timeout: 60_000 });
  });

  it('shows its hostile session as plain text', async () => {
    await page
      .rows()
      .filter({ hasText: /<b>everything<\/b>/ })
      .first()
      .click();
    const trace = await page.trace();
    await trace.rows().first().waitFor();
    await trace.flowNodes().first().waitFor();
    const count = await trace.rows().count();
    for (let index = 0; index < count; index += 1) {
      await trace.rows().nth(index).click();
      await trace.show('Details');
      await trace.details().getByRole('heading').first().waitFor();
      await trace.show('Thought Flow');
    }
    await editor.workbench.screenshot(join(shots, 'dark', 'hostile.png'));
    const inPage = trace.frame.locator('body');
    const live = {
      scripts: await inPage.locator('script:not([src])').count(),
      pictures: await inPage.locator('img, image, iframe, object, embed, video, audio, form').count(),
      links: await inPage.locator('a[href], a[xlink\\:href]').count(),
      handlers: await inPage
        .locator('*')
        .evaluateAll((nodes) => nodes.filter((node) => node.getAttributeNames().some((name: string) => name.startsWith('on'))).length),
    };
    expect(live).toEqual({ scripts: 0, pictures: 0, links: 0, handlers: 0 });
  });

  it('stands in Problems without a command, an icon or a link of its own', async () => {
    await editor.workbench.command('View: Focus Problems');
    await editor.workbench.problems().first().waitFor();
    expect(await alive(editor.workbench.page.locator('.markers-panel'))).toEqual([]);
  });

  describe('with poisoned words', () => {
    const hover = (): Locator => editor.workbench.page.locator('.monaco-hover:visible, .workbench-hover:visible').last();
    /** A tooltip comes where the mouse rests, and not when what is there is drawn anew meanwhile: then the mouse goes there once more. */
    async function pointAt(move: () => Promise<void>, shown: Locator): Promise<void> {
      for (const end = Date.now() + 60_000; ;) {
        await move();
        try {
          return await shown.waitFor({ timeout: 5_000 });
        } catch (error) {
          if (!(error instanceof errors.TimeoutError) || Date.now() > end) throw error;
        }
        await editor.workbench.page.mouse.move(700, 5);
      }
    }
    const row = (): Locator =>
      page
        .rows()
        .filter({ hasText: mark.slice(0, 14) })
        .first();
    const poisonedTrace = async (): Promise<TracePage> => new TracePage(await editor.workbench.webview('h1:has-text("$(trash)")'));

    it('is text in the view and in its tooltip', async () => {
      await row().waitFor();
      expect(await alive(editor.workbench.sideBar().locator('.monaco-list-rows'))).toEqual([]);
      await pointAt(() => row().hover(), hover().filter({ hasText: mark }));
      expect(await alive(hover())).toEqual([]);
    });

    it('is text in list, flow and details of the trace', async () => {
      await row().click();
      const trace = await poisonedTrace();
      await trace.flowNodes().first().waitFor();
      await trace.flowNodes().filter({ hasText: '$(trash)' }).first().waitFor();
      await trace.row(/edit.*cart\.py/).click();
      await trace.show('Details');
      await trace.details().getByText(mark).first().waitFor();
      expect(await alive(trace.frame.locator('#app'))).toEqual([]);
    });

    it('is text in lens, hover and problem of a touched line', async () => {
      const trace = await poisonedTrace();
      await trace.button('Jump to Line').first().click();
      const lens = editor.workbench
        .codeLenses()
        .filter({ hasText: /edit ok/ })
        .first();
      await lens.waitFor();
      expect(await alive(editor.workbench.codeLenses().locator('.codicon-trash'))).toEqual([]);
      const line = async (): Promise<void> => {
        const box = await lens.boundingBox();
        await editor.workbench.page.mouse.move((box?.x ?? 0) + 40, (box?.y ?? 0) + 28);
      };
      await pointAt(line, hover().filter({ hasText: 'Arguments' }));
      expect(await hover().textContent()).toContain('[run](command:workbench.action.terminal.new)');
      expect(await alive(hover())).toEqual([]);
      await editor.workbench.screenshot(join(shots, 'dark', 'hostile-hover.png'));
    });

    it('is text in the status bar and in its tooltip', async () => {
      const item = page.cost();
      expect(await alive(item.locator('.codicon-trash'))).toEqual([]);
      await pointAt(() => item.hover(), hover().filter({ hasText: '[run]' }));
      // Its own links alone: they hold nothing, or two ids that the server made.
      const own =
        /^command:sandglass\.(?:openTrace|costMenu|openSpan\?%5b%7b%22sourceId%22%3a%22[0-9a-f]{16}%22%2c%22spanId%22%3a%22[0-9a-f]{16}%22%7d%5d)$/;
      expect((await alive(hover())).filter((found) => !own.test(found))).toEqual([]);
    });

    it('is text in the read-only document of a call', async () => {
      const trace = await poisonedTrace();
      await trace.button('Open Call').first().click();
      const document = editor.workbench.page.locator('.editor-instance .monaco-editor', { hasText: 'execute_tool' }).first();
      await document.waitFor();
      expect(await alive(document.locator('.view-lines'))).toEqual([]);
      await editor.workbench.screenshot(join(shots, 'dark', 'hostile-call.png'));
    });

    it('is text in a replay', async () => {
      const { page: window } = editor.workbench;
      const trace = await poisonedTrace();
      await trace.button('Replay').click();
      const trust = window.locator('.monaco-dialog-box').getByRole('button', { name: /^Trust .*Continue$/ });
      const toolbar = editor.workbench.debugToolbar();
      await trust.or(toolbar).first().waitFor();
      if (await trust.isVisible()) await trust.click();
      await toolbar.waitFor();
      await editor.workbench.showDebug();
      const viewlet = window.locator('.debug-viewlet, .part.sidebar');
      const frame = window.locator('.debug-call-stack .stack-frame').first();
      await frame.waitFor();
      for (let step = 0; step < 4; step += 1) {
        const before = await frame.textContent();
        await toolbar.getByRole('button', { name: /^Step Over/ }).click();
        await expect.poll(() => frame.textContent()).not.toBe(before);
      }
      await viewlet.getByText('$(trash)').first().waitFor();
      // Stepped through fast, the editor may leave the variables folded, or unfold them late.
      const thought = viewlet.getByText('thought before').first();
      const folded = viewlet.locator('.monaco-list-row[aria-expanded="false"]').filter({ has: window.getByText('Step', { exact: true }) });
      const unfolded = async (): Promise<boolean> => {
        if (await thought.isVisible()) return true;
        if (await folded.first().isVisible()) await folded.first().click();
        return false;
      };
      await expect.poll(unfolded, { interval: 1_000, timeout: 60_000 }).toBe(true);
      // The variables' own addresses are links of the editor's making, to be opened by the user; commands and pictures are not.
      const found = await alive(viewlet);
      expect(found.filter((what) => !/^https:\/\/evil\.example/.test(what))).toEqual([]);
      await editor.workbench.screenshot(join(shots, 'dark', 'hostile-replay.png'));
      await toolbar.getByRole('button', { name: /^(Stop|Disconnect)/ }).click();
      await toolbar.waitFor({ state: 'hidden' });
    });
  });

  it('ran nothing, fetched nothing, asked nothing', async () => {
    expect(watched.outside).toEqual([]);
    expect(watched.dialogs).toEqual([]);
    expect(await editor.workbench.page.locator('.terminal-wrapper, .integrated-terminal .xterm').count()).toBe(0);
    expect(await editor.workbench.page.locator('.monaco-dialog-box').count()).toBe(0);
    const pwned = await Promise.all(
      editor.workbench.page.frames().map((frame) =>
        frame
          .evaluate(() => Object.keys(globalThis).filter((name) => /pwn|xss|evil|hacked/i.test(name)))
          .catch((error: unknown) => {
            if (frame.isDetached()) return []; // it went while we looked
            throw error;
          }),
      ),
    );
    expect(pwned.flat()).toEqual([]);
  });
});
