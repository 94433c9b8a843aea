/** Pictures of the page in every theme and width, for eyes; and that nothing sticks out of it in any of them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { recording } from '../fixtures/recordings';
import { launchChromium } from '../harness/browser.mts';
import { eventually } from './support/eventually';
import type { RealBackend } from './support/realBackend';
import { realBackend } from './support/realBackend';
import { themeNames } from './support/themes';
import { TestPage, viewState } from './support/tracePage';

const folder = join(import.meta.dirname, '../../test-results/webviews');
const widths = [320, 800, 1400] as const;

let browser: Browser;
let backend: RealBackend;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  browser = await launchChromium();
  backend = await realBackend(recording('openclaw-2026.7.1').root);
});
afterAll(async () => {
  await backend?.[Symbol.asyncDispose]();
  await browser?.close();
});

/** Parts that reach over the edge of the window without a scrolling box of their own around them. */
async function overhanging(test: TestPage): Promise<readonly string[]> {
  return test.page.evaluate(() => {
    const found: string[] = [];
    const width = document.documentElement.clientWidth;
    for (const node of document.querySelectorAll<HTMLElement>('#app *')) {
      if (node.closest('.flow-canvas, .visually-hidden, .list-viewport') !== null) continue;
      const box = node.getBoundingClientRect();
      if (box.width > 0 && (box.right > width + 1 || box.left < -1))
        found.push(`${node.className} ${Math.round(box.left)}–${Math.round(box.right)}`);
    }
    return found;
  });
}

const scenes = [
  { name: 'coding', title: 'discount test', row: 4 },
  { name: 'denied', title: 'blocked.example.com', row: 2 },
] as const;

describe.each(themeNames)('%s', (theme) => {
  it.each(widths.flatMap((width) => scenes.map((scene) => [width, scene.name, scene] as const)))(
    '%i pixels, %s',
    async (width, name, scene) => {
      const state = viewState(backend.sourceId, backend.session(scene.title).id);
      const test = await TestPage.open(browser, { backend, state, theme, width, height: width === 1400 ? 900 : 800 });
      await test.rowsReady();
      await test.flowDrawn();
      if (width !== 1400) await test.page.screenshot({ path: join(folder, `${name}-${theme}-${width}-flow.png`) });
      await eventually(() => overhanging(test)).toEqual([]);
      await test.page.locator(`.row[data-index="${scene.row}"]`).click();
      await test.page.locator('.detail-head h2').waitFor();
      await test.page.screenshot({ path: join(folder, `${name}-${theme}-${width}-details.png`) });
      await eventually(() => overhanging(test)).toEqual([]);
      await test.close();
    },
  );
});
