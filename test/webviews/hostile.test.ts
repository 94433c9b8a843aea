/** Whatever an agent writes, in every field at once: nothing runs, nothing is fetched, nothing leaves its place. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recording } from '../fixtures/recordings';
import { launchChromium } from '../harness/browser.mts';
import { hostileStrings } from '../unit/flow/hostile';
import { eventually } from './support/eventually';
import { FakeBackend } from './support/fakeBackend';
import { realBackend } from './support/realBackend';
import { TestPage, viewState } from './support/tracePage';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

/** Elements and attributes that only markup out of a trace could have made. */
async function strangers(test: TestPage): Promise<readonly string[]> {
  return test.page.evaluate(() => {
    const found: string[] = [];
    for (const node of document.querySelectorAll('body *')) {
      if (
        node.matches('script:not([nonce]), img, iframe, object, embed, a, form, foreignObject, image, use, video, audio, link, meta, base')
      )
        found.push(node.outerHTML.slice(0, 200));
      for (const { name, value } of node.attributes)
        if (/^on/i.test(name) || /^\s*(?:javascript|command|vscode|data):/i.test(value))
          found.push(`${node.nodeName} ${name}=${value.slice(0, 80)}`);
    }
    return found;
  });
}

async function clean(test: TestPage): Promise<void> {
  expect(test.seen).toMatchObject({ requests: [], violations: [], dialogs: [], errors: [] });
  expect(await strangers(test)).toEqual([]);
  expect(await test.page.evaluate(() => Object.hasOwn(Object.prototype, 'polluted'))).toBe(false);
  // Nothing that turns text around or hides it is left in what is shown.
  const acting = await test.page.evaluate(() => /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u0000\u001b]/u.test(document.body.innerText));
  expect(acting).toBe(false);
}

describe('in every field', () => {
  it.each(hostileStrings.map((text): [string, string] => [text.length > 50 ? `${text.slice(0, 50)}…` : text, text]))(
    '%j',
    async (_, text) => {
      // A page holds some hundred copies of it; the server cuts previews to a line and details to a limit long before.
      const backend = new FakeBackend({ turns: 2, callsInTurn: 3, text: text.slice(0, 50_000) });
      const test = await TestPage.open(browser, {
        backend,
        state: viewState(backend.sourceId, backend.sessionId),
        width: 1400,
        height: 900,
      });
      await test.rowsReady();
      await test.flowDrawn();
      await eventually(() => test.page.locator('.flow-canvas g.node[role="button"]').count()).toBeGreaterThan(5);
      await test.page.locator('.row[data-index="2"]').click();
      await test.page.locator('.detail-head h2').waitFor();
      await test.page.getByRole('button', { name: 'Show 1 suppressed' }).click();
      await eventually(() => test.page.locator('.finding-reason').count()).toBe(1);
      await test.page.getByRole('button', { name: 'Show as Text List' }).click();
      await eventually(() => test.page.locator('.flow-item').count()).toBeGreaterThan(5);
      await clean(test);
      await test.close();
    },
  );
});

describe('the hostile recording', () => {
  it.each(['openclaw-2026.7.1', 'openclaw-2026.9.5'])('%s', async (name) => {
    await using backend = await realBackend(recording(name).root);
    const session = backend.session('Show me <b>everything</b>');
    const test = await TestPage.open(browser, { backend, state: viewState(backend.sourceId, session.id), width: 1400, height: 900 });
    await test.rowsReady();
    await test.flowDrawn();
    const count = Number(await test.page.getByRole('treegrid').getAttribute('aria-rowcount')) - 1;
    for (let index = 0; index < count; index++) {
      await test.page.locator(`.row[data-index="${index}"]`).click();
      await test.page.locator(`.row[data-index="${index}"][aria-selected="true"]`).waitFor();
      await test.page.locator('.detail-head h2').waitFor();
      await clean(test);
    }
    // It is shown as what it is: text.
    expect(await test.page.locator('h1').textContent()).toContain('<b>everything</b> <script>alert(0)</script>');
    await eventually(() =>
      test.page.locator('.flow-canvas text', { hasText: "<script>alert('thinking')</script>" }).count(),
    ).toBeGreaterThan(0);
    await test.close();
  });
});
