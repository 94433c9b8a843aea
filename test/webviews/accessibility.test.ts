/** axe finds nothing serious in any state of the page, in any theme, at any width. */
import AxeBuilder from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recording } from '../fixtures/recordings';
import { launchChromium } from '../harness/browser.mts';
import type { RealBackend } from './support/realBackend';
import { realBackend } from './support/realBackend';
import { themeNames } from './support/themes';
import { TestPage, viewState } from './support/tracePage';

let browser: Browser;
let backend: RealBackend;
beforeAll(async () => {
  browser = await launchChromium();
  backend = await realBackend(recording('openclaw-2026.7.1').root);
});
afterAll(async () => {
  await backend?.[Symbol.asyncDispose]();
  await browser?.close();
});

/** The text of a drawn box is cut into lines that axe can't put together again; `badNames` checks its names instead. */
const namedBoxes = 'label-content-name-mismatch';

async function violations(test: TestPage): Promise<readonly string[]> {
  const axe = (): AxeBuilder => new AxeBuilder({ page: test.page as never });
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const results = [
    await axe().withTags(tags).disableRules([namedBoxes]).analyze(),
    await axe().withRules([namedBoxes]).exclude('.flow-canvas').analyze(),
  ];
  return results
    .flatMap((result) => result.violations)
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' || ')}`);
}

/** Boxes whose name does not hold every word that is drawn in them, in order. */
async function badNames(test: TestPage): Promise<readonly string[]> {
  return test.page.locator('.flow-canvas g.node').evaluateAll((boxes) =>
    boxes
      .map((box) => ({
        name: box.getAttribute('aria-label') ?? '',
        words: [...box.querySelectorAll('tspan.text-inner-tspan')].map((word) => (word.textContent ?? '').trim()),
      }))
      .filter(({ name, words }) => {
        let from = 0;
        return words.some((word) => {
          const at = name.indexOf(word, from);
          from = at + word.length;
          return at < 0;
        });
      })
      .map(({ name, words }) => `${name} <> ${words.join(' ')}`),
  );
}

describe.each(themeNames)('%s', (theme) => {
  it.each([
    [320, 'flow'],
    [1000, 'list'],
    [1400, 'flow'],
  ] as const)('at %i pixels with %s', async (width, pane) => {
    const state = viewState(backend.sourceId, backend.session('blocked.example.com').id, { pane });
    const test = await TestPage.open(browser, { backend, state, theme, width, height: 900 });
    await test.rowsReady();
    if (pane === 'flow') await test.flowDrawn();
    expect(await violations(test)).toEqual([]);
    if (pane === 'flow') expect(await badNames(test)).toEqual([]);
    await test.page.locator('.row.status-denied').first().click();
    await test.page.locator('.policy-item').first().waitFor();
    expect(await violations(test)).toEqual([]);
    await test.close();
  });
});

it('as a text list, with a filter that finds nothing', async () => {
  const test = await TestPage.open(browser, {
    backend,
    state: viewState(backend.sourceId, backend.session('Write the release notes').id, { onlyProblems: true }),
    bodyClass: 'vscode-using-screen-reader',
  });
  await test.page.getByText('No problems in this session').waitFor();
  // A screen reader's user gets the texts first.
  await test.page.locator('.flow-item').first().waitFor();
  expect(await violations(test)).toEqual([]);
  await test.close();
});

it('moves nothing when the editor asks for reduced motion', async () => {
  const test = await TestPage.open(browser, {
    backend,
    state: viewState(backend.sourceId, backend.session('blocked.example.com').id),
    bodyClass: 'vscode-reduce-motion',
  });
  await test.rowsReady();
  const moving = await test.page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === 'running').length);
  expect(moving).toBe(0);
  await test.close();
});
