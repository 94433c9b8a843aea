// A recording whose agent met hostile pages and wrote hostile names: opened by the user, looked at in every face that the
// window has. Nothing in it runs, nothing is fetched, nothing leads anywhere but to the call itself.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEditor } from '../harness/editorSession.mts';
import type { Editor } from '../harness/editorSession.mts';
import { SandglassPage } from '../harness/sampleRun.mts';
import { projectRoot } from '../harness/tools.mts';
import { pictureOnFailure } from './failure';
import { noDocker, shots, vsix } from './paths';
import { watch } from './watch';
import type { Watch } from './watch';

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
    await editor.workbench.command('View: Toggle Problems');
    await editor.workbench.problems().first().waitFor();
    const links = await editor.workbench.page
      .locator('.markers-panel a')
      .evaluateAll((nodes) =>
        nodes
          .map((node) => node.getAttribute('data-href') ?? node.getAttribute('href') ?? '')
          .filter((href) => href !== '' && href !== '#'),
      );
    expect(links.filter((href) => !href.startsWith('sandglass-call:'))).toEqual([]);
  });

  it('ran nothing, fetched nothing, asked nothing', async () => {
    expect(watched.outside).toEqual([]);
    expect(watched.dialogs).toEqual([]);
    const pwned = await Promise.all(
      editor.workbench.page
        .frames()
        .map((frame) => frame.evaluate(() => Object.keys(globalThis).filter((name) => /pwn|xss|evil|hacked/i.test(name)))),
    );
    expect(pwned.flat()).toEqual([]);
  });
});
