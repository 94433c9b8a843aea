/** CPU and memory over the session's time: drawn, told, kept up, and never an empty place without a reason. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ResourceSample } from '../../server/src/protocol/messages';
import { launchChromium } from '../harness/browser.mts';
import { eventually } from './support/eventually';
import { FakeBackend } from './support/fakeBackend';
import { themeNames } from './support/themes';
import type { OpenOptions } from './support/tracePage';
import { TestPage, viewState } from './support/tracePage';

const folder = join(import.meta.dirname, '../../test-results/webviews');
/** As the fake's session begins and ends. */
const start = Date.parse('2026-11-21T00:00:00.000Z');
const sample = (seconds: number, cpuCores: number, mib: number): ResourceSample => ({
  time: new Date(start + seconds * 1000).toISOString(),
  cpuCores,
  memoryBytes: mib * 1024 ** 2,
  memoryLimitBytes: 2 * 1024 ** 3,
});
/** A minute of a sandbox that works, rests, and was not observed for a while. */
const minute = Array.from({ length: 31 }, (_, at) => at * 2)
  .filter((seconds) => seconds < 24 || seconds > 41)
  .map((seconds) => sample(seconds, seconds < 20 ? 0.2 + 0.6 * Math.abs(Math.sin(seconds / 3)) : 0.03, 300 + 4 * seconds));

let browser: Browser;
let test: TestPage;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  browser = await launchChromium();
});
afterAll(() => browser?.close());
afterEach(async () => {
  expect(test.seen).toMatchObject({ requests: [], violations: [], dialogs: [], errors: [] });
  await test.close();
});

async function open(backend: FakeBackend, more: Partial<OpenOptions> = {}): Promise<TestPage> {
  test = await TestPage.open(browser, { backend, state: viewState(backend.sourceId, backend.sessionId, { pane: 'list' }), ...more });
  backend.onChanged((_session, now) => test.link.changed(now));
  await test.rowsReady();
  return test;
}
function fake(samples: readonly ResourceSample[], running = false): FakeBackend {
  const backend = new FakeBackend({ turns: 2, callsInTurn: 5, running });
  backend.samples = [...samples];
  return backend;
}
const section = (): string => '.resources';
const text = (): Promise<string> => test.page.locator(section()).innerText();

describe('a session that is over', () => {
  it('shows two bands with units, average and most, over the time of the session', async () => {
    const backend = fake(minute);
    const { page } = await open(backend);
    const [cpu, memory] = [page.getByRole('img', { name: /^CPU from/ }), page.getByRole('img', { name: /^Memory from/ })];
    await cpu.waitFor();
    expect(await cpu.getAttribute('aria-label')).toMatch(
      /^CPU from 12:00:00\sAM to 12:01:00\sAM: 0\.\d\d cores on average, 0\.80 cores at most, at 12:00:\d\d\sAM$/,
    );
    expect(await memory.getAttribute('aria-label')).toMatch(/: \d+ MiB on average, 540 MiB of 2\.0 GiB at most, at 12:01:00\sAM$/);
    expect((await text()).replace(/\s+/g, ' ')).toMatch(
      /CPU avg 0\.\d\d cores max 0\.80 cores .* Memory avg \d+ MiB max 540 MiB of 2\.0 GiB/,
    );
    expect(await cpu.locator('.resource-line').getAttribute('d')).toMatch(/^M0 .*M/);
    expect(backend.askedResources).toHaveLength(1);
    expect(Date.parse(backend.askedResources[0]!.from)).toBe(start);
  });

  it('says the same in a table for a screen reader', async () => {
    const { page } = await open(fake(minute));
    const table = page.getByRole('table', { name: /^CPU and memory from/ });
    await table.waitFor({ state: 'attached' });
    const rows = await table.locator('tbody tr').allInnerTexts();
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.length).toBeLessThanOrEqual(12);
    for (const row of rows) expect(row).toMatch(/^12:0[01]:\d\d\sAM\s+\d\.\d\d cores\s+\d{3} MiB$/);
  });

  it('is asked for once, however often something else changes', async () => {
    const backend = fake(minute);
    await open(backend);
    await test.page.locator('.resource').first().waitFor();
    const asked = backend.asked.length;
    for (let i = 0; i < 5; i++) {
      backend.announce();
      await eventually(() => backend.asked.length).toBeGreaterThan(asked + i);
    }
    expect(backend.askedResources).toHaveLength(1);
  });
});

describe('a session that goes on', () => {
  it('grows with it, at the pace of its changes but seldom', async () => {
    const backend = fake(minute.slice(0, 5), true);
    await open(backend);
    await test.page.locator('.resource').first().waitFor();
    await eventually(text).toContain('now 0.');
    backend.samples = [...minute.slice(0, 5), sample(10, 1.5, 700)];
    const began = performance.now();
    for (let i = 0; i < 10; i++) backend.announce();
    await eventually(text).toContain('max 1.5 cores');
    for (let i = 0; i < 10; i++) backend.announce();
    const seconds = (performance.now() - began) / 1000;
    expect(backend.askedResources.length).toBeLessThanOrEqual(2 + seconds / 4);
  });

  it('says that sampling began later, where it did', async () => {
    await open(fake(minute.slice(-8), true));
    await eventually(text).toMatch(/sampling began at 12:00:4\d/);
  });
});

describe('where there is nothing to draw', () => {
  const says = async (backend: FakeBackend, why: string): Promise<void> => {
    await open(backend);
    await eventually(text).toContain(why);
    expect(await test.page.locator('.resources svg').count()).toBe(0);
  };
  it('says that a recording holds none, and asks nobody', async () => {
    const backend = fake(minute);
    backend.sourceKind = 'sample';
    await says(backend, 'not observed: this is a recording');
    expect(backend.askedResources).toEqual([]);
  });
  it('says that only a container is measured', async () => {
    const backend = fake([]);
    backend.sourceKind = 'directory';
    await says(backend, 'not observed: only what runs in a container is measured');
  });
  it('says that the first sample is still to come', () => says(fake([], true), 'not observed yet'));
  it('says that nothing measured it then', () => says(fake([]), 'nothing measured this sandbox in that time'));
  it('says when sampling began, after the session', () => says(fake([sample(600, 1, 300)]), 'sampling began at 12:10:00'));
  it('says why it could not be asked', async () => {
    const backend = fake([]);
    backend.resources = () => Promise.reject(new Error('the server is <b>busy</b>\u202e'));
    await says(backend, 'not shown: Error: the server is <b>busy</b>');
    expect(await text()).not.toContain('\u202e');
  });
});

it('leaves the rows their room where the page is low', async () => {
  const { page } = await open(fake(minute), { width: 512, height: 500 });
  await page.locator('.resource').first().waitFor();
  await eventually(() => page.locator('.resource-axis').first().isVisible()).toBe(false);
  await eventually(() => page.locator('.resource svg').first().isVisible()).toBe(true);
  await page.screenshot({ path: join(folder, 'resources-low.png') });
  expect(await page.getByRole('table', { name: /^CPU and memory from/ }).count()).toBe(1);
});

describe.each(themeNames)('%s', (theme) => {
  it.each([320, 800, 1400])('at %i pixels', async (width) => {
    const { page } = await open(fake(minute), { theme, width });
    await page.locator('.resource-memory .resource-line').waitFor();
    await page.screenshot({ path: join(folder, `resources-${theme}-${width}.png`) });
    const axe = await new AxeBuilder({ page: page as never })
      .include('.resources')
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    expect(axe.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' ')}`)).toEqual([]);
    // No label reaches into its neighbour.
    const labels = await page.locator('.resource-axis span').evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON()));
    for (const [at, { right }] of (labels as { left: number; right: number }[]).entries()) {
      const next = labels[at + 1] as { left: number } | undefined;
      expect(right).toBeLessThanOrEqual(next?.left ?? width);
    }
    const boxes = await page.locator('.resource svg').evaluateAll((all) => all.map((each) => each.getBoundingClientRect().toJSON()));
    for (const { left, right, height } of boxes as { left: number; right: number; height: number }[]) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(width);
      expect(height).toBeGreaterThan(15);
    }
  });
});
