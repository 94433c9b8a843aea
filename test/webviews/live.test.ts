/** The trace page while its session changes, while it is hidden, and when the host does not answer. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../harness/browser.mts';
import { renderedRowsLimit } from '../../webviews/kit/virtualList';
import { FakeBackend } from './support/fakeBackend';
import type { OpenOptions } from './support/tracePage';
import { eventually } from './support/eventually';
import { TestPage, viewState } from './support/tracePage';

let browser: Browser;
let test: TestPage;
let backend: FakeBackend;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());
afterEach(async () => {
  expect(test.seen).toMatchObject({ requests: [], violations: [], dialogs: [], errors: [] });
  await test.close();
});

async function open(fake: FakeBackend, state: Partial<OpenOptions['state']> = {}): Promise<TestPage> {
  backend = fake;
  test = await TestPage.open(browser, { backend, state: viewState(fake.sourceId, fake.sessionId, state) });
  fake.onChanged((_session, now) => test.link.changed(now));
  return test;
}

const rowCount = (): Promise<string | null> => test.page.getByRole('treegrid').getAttribute('aria-rowcount');
const scrollTop = (): Promise<number> => test.page.locator('.list-viewport').evaluate((viewport) => viewport.scrollTop);

it('keeps a session of five thousand rows virtual and asks for pages as they are scrolled to', async () => {
  const { page } = await open(new FakeBackend({ turns: 50, callsInTurn: 50 }), { pane: 'list' });
  await test.rowsReady();
  expect(Number(await rowCount())).toBe(5051);
  expect(backend.asked.length).toBeLessThanOrEqual(2);
  for (const share of [0.2, 0.5, 0.9, 0.4]) {
    const at = await page.locator('.list-viewport').evaluate((viewport, to) => {
      viewport.scrollTop = viewport.scrollHeight * to;
      return Math.floor(viewport.scrollTop / 24);
    }, share);
    await page.locator(`.row[data-index="${at + 3}"]:not(.row-waiting)`).waitFor();
    // What is in view may lie on two pages.
    await eventually(() => page.locator('.row-waiting').count()).toBe(0);
    const rows = await page
      .locator('.row:not(.row-waiting)')
      .evaluateAll((all) =>
        all.map((row) => [Number((row as HTMLElement).dataset['index']), (row as HTMLElement).dataset['span']] as const),
      );
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.length).toBeLessThanOrEqual(renderedRowsLimit);
    for (const [index, span] of rows) expect(span).toBe(backend.rows[index]?.span.id);
  }
  expect(backend.asked.every(({ limit }) => limit <= 200)).toBe(true);
  // End needs no row in between.
  await page.locator('.row').nth(12).click();
  await page.keyboard.press('End');
  await page.locator('.row[data-index="5049"]:focus:not(.row-waiting)').waitFor();
  expect(backend.asked.length).toBeLessThan(20);
});

it('takes in new rows without losing scroll position, selection or focus', async () => {
  const { page } = await open(new FakeBackend({ turns: 10, callsInTurn: 30, running: true }), { pane: 'list' });
  await test.rowsReady();
  await page.locator('.list-viewport').evaluate((viewport) => (viewport.scrollTop = 3000));
  await page.locator('.row[data-index="130"]:not(.row-waiting)').click();
  await page.keyboard.press('ArrowDown');
  await page.locator('.row[data-index="131"]:focus').waitFor();
  const before = await scrollTop();
  const focused = await page.evaluate(() => (document.activeElement as HTMLElement).dataset['span']);
  for (let i = 0; i < 5; i++) {
    backend.addCall();
    backend.announce();
  }
  await eventually(rowCount).toBe(String(backend.rows.length + 1));
  expect(await scrollTop()).toBe(before);
  expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['span'])).toBe(focused);
  expect(await page.locator('.row[aria-selected="true"]').getAttribute('data-span')).toBe(backend.rows[130]?.span.id);
  // Said to a screen reader, politely.
  const region = page.locator('[aria-live="polite"]');
  await eventually(() => region.textContent()).toContain('new steps');
});

it('follows the end of a running session when it is in view, and stays when it is not', async () => {
  const { page } = await open(new FakeBackend({ turns: 1, callsInTurn: 60, running: true }), { pane: 'list' });
  await test.rowsReady();
  const toEnd = (): Promise<boolean> =>
    page.locator('.list-viewport').evaluate((viewport) => viewport.scrollTop + viewport.clientHeight >= viewport.scrollHeight - 4);
  await page.locator('.list-viewport').evaluate((viewport) => (viewport.scrollTop = viewport.scrollHeight));
  await page.locator(`.row[data-index="${backend.rows.length - 1}"]:not(.row-waiting)`).waitFor();
  await eventually(toEnd).toBe(true);
  backend.addCall();
  backend.announce();
  await eventually(rowCount).toBe(String(backend.rows.length + 1));
  await eventually(toEnd).toBe(true);
  await page.locator('.list-viewport').evaluate((viewport) => (viewport.scrollTop = 0));
  await page.locator('.row[data-index="0"]:not(.row-waiting)').waitFor();
  backend.addCall();
  backend.announce();
  await eventually(rowCount).toBe(String(backend.rows.length + 1));
  expect(await scrollTop()).toBe(0);
});

it('keeps the rows in view where they are when rows come in above them', async () => {
  const { page } = await open(new FakeBackend({ turns: 10, callsInTurn: 30 }), { pane: 'list' });
  await test.rowsReady();
  await page.locator('.list-viewport').evaluate((viewport) => (viewport.scrollTop = 50 * 24 + 7));
  // One that is in view only there.
  await page.locator('.row[data-index="80"]:not(.row-waiting)').waitFor();
  const first = backend.rows[50];
  backend.rows.splice(3, 0, ...backend.rows.slice(1, 3).map((row) => ({ ...row, span: { ...row.span, id: `${row.span.id}-late` } })));
  backend.announce();
  await eventually(rowCount).toBe(String(backend.rows.length + 1));
  await eventually(scrollTop).toBe(52 * 24 + 7);
  await eventually(() => page.locator('.row[data-index="52"]').getAttribute('data-span')).toBe(first?.span.id);
});

it('does not ask while it is hidden, and catches up with one question when it is shown', async () => {
  await open(new FakeBackend({ turns: 1, callsInTurn: 5 }), { pane: 'list' });
  await test.rowsReady();
  const asked = backend.asked.length;
  test.link.setVisible(false);
  for (let i = 0; i < 20; i++) {
    backend.addCall();
    backend.announce();
  }
  await test.page.waitForTimeout(400);
  expect(backend.asked.length).toBe(asked);
  expect(test.posted.filter(({ kind }) => kind === 'changed')).toEqual([]);
  test.link.setVisible(true);
  await eventually(rowCount).toBe(String(backend.rows.length + 1));
  expect(test.posted.filter(({ kind }) => kind === 'changed')).toEqual([
    { kind: 'changed', epoch: backend.epoch, revision: backend.revision },
  ]);
});

it('asks at most a few times a second however often the session changes', async () => {
  await open(new FakeBackend({ turns: 1, callsInTurn: 5, running: true }));
  await test.rowsReady();
  const asked = backend.asked.length;
  const start = performance.now();
  for (let i = 0; i < 40; i++) {
    backend.addCall();
    backend.announce();
    await test.page.waitForTimeout(40);
  }
  const seconds = (performance.now() - start) / 1000;
  expect(backend.asked.length - asked).toBeLessThanOrEqual(Math.ceil(seconds * 2) * 2 + 2);
  await eventually(rowCount).toBe(String(backend.rows.length + 1));
});

it('goes on when the revisions begin anew, with none of the rows of before', async () => {
  const { page } = await open(new FakeBackend({ turns: 10, callsInTurn: 30, running: true }), { pane: 'list' });
  await test.rowsReady();
  // Rows far from the first page are here too.
  await page.locator('.list-viewport').evaluate((viewport) => (viewport.scrollTop = 450 * 24));
  await page.locator('.row[data-index="450"]:not(.row-waiting)').waitFor();
  backend.revision = 50;
  backend.announce();
  const told = backend.revision;
  const answered = (): boolean =>
    test.posted.some((sent) => sent.kind === 'response' && sent.response.kind === 'trace' && sent.response.page.revision === told);
  await eventually(answered).toBe(true);
  // What is there now is another session's worth of steps, told of by a first revision.
  backend.beginAnew();
  const gone = backend.rows.map(({ span }) => span.id);
  backend.rows = backend.rows.map((row) => ({ ...row, span: { ...row.span, id: `${row.span.id}-again` } }));
  backend.turns = backend.turns.map((turn) => ({ ...turn, span: { ...turn.span, id: `${turn.span.id}-again` } }));
  backend.addCall();
  backend.announce();
  await eventually(rowCount).toBe(String(backend.rows.length + 1));
  backend.delayMs = 500;
  await page.locator('.list-viewport').evaluate((viewport) => (viewport.scrollTop = 0));
  const shown = (): Promise<readonly string[]> =>
    page.locator('.row:not(.row-waiting)').evaluateAll((all) => all.map((row) => (row as HTMLElement).dataset['span'] ?? ''));
  expect((await shown()).filter((id) => gone.includes(id))).toEqual([]);
  await page.locator('.row[data-index="3"]:not(.row-waiting)').waitFor();
  expect((await shown()).filter((id) => gone.includes(id))).toEqual([]);
});

it('keeps the user’s place when the page is loaded anew', async () => {
  const { page } = await open(new FakeBackend({ turns: 10, callsInTurn: 30 }), { pane: 'list' });
  await test.rowsReady();
  await page.locator('.list-viewport').evaluate((viewport) => (viewport.scrollTop = 9000));
  const row = page.locator('.row[data-index="380"]:not(.row-waiting)');
  await row.click();
  await page.locator('.detail-head h2').waitFor();
  await eventually(() => test.link.state.selectedSpanId).toBe(backend.rows[380]?.span.id);
  const state = test.link.state;
  await page.reload();
  await page.locator('.row[data-index="380"][aria-selected="true"]').waitFor();
  await eventually(() => test.link.state).toEqual(state);
});

it('says what, why and what next when the host fails, and tries again', async () => {
  const fake = new FakeBackend({ turns: 1, callsInTurn: 3 });
  fake.broken = { reason: 'The container stopped.', hint: 'Start it and try again.' };
  const { page } = await open(fake);
  await page.getByText('This trace could not be read').waitFor();
  expect(await page.locator('.list .message').textContent()).toContain('The container stopped. Start it and try again.');
  fake.broken = null;
  await page.locator('.list .message').getByRole('button', { name: 'Try Again' }).click();
  await test.rowsReady();
});

it('shows a session by itself that was not there when it was asked for', async () => {
  const fake = new FakeBackend({ turns: 1, callsInTurn: 3 });
  fake.broken = { reason: 'This session is not there any more.', hint: '' };
  const { page } = await open(fake);
  await page.getByText('This trace could not be read').waitFor();
  fake.broken = null;
  fake.announce();
  await test.rowsReady();
});

it('keeps what it shows when a later question fails', async () => {
  const { page } = await open(new FakeBackend({ turns: 1, callsInTurn: 3, running: true }), { pane: 'list' });
  await test.rowsReady();
  backend.broken = { reason: 'The server restarts.', hint: '' };
  backend.announce();
  await eventually(() => page.locator('[aria-live="polite"]').textContent()).toContain('The server restarts.');
  expect(await page.locator('.row').count()).toBe(7);
  backend.broken = null;
  backend.addCall();
  backend.announce();
  await eventually(rowCount).toBe('10');
});

it('says why nothing is there yet', async () => {
  const { page } = await open(new FakeBackend({ turns: 0, callsInTurn: 0, running: true }));
  await page.getByText('Nothing recorded in this session yet').waitFor();
  expect(await page.locator('.list .message').textContent()).toContain('Calls appear here by themselves');
  backend.addTurn(2);
  backend.announce();
  await test.rowsReady();
});

it('never calls an unknown price zero', async () => {
  const fake = new FakeBackend({ turns: 1, callsInTurn: 3 });
  fake.costUsd = null;
  const { page } = await open(fake);
  await test.rowsReady();
  expect(await page.locator('.total-cost').textContent()).toBe('no price');
  expect(await page.locator('.total-cost').getAttribute('title')).toContain('Not the same as free');
});

it('says that the sandbox is paused, stopped or gone, instead of live', async () => {
  const fake = new FakeBackend({ turns: 1, callsInTurn: 3, running: true });
  await open(fake);
  await test.rowsReady();
  const badges = (): Promise<string | null> => test.page.locator('.badges').textContent();
  await eventually(badges).toContain('live');
  for (const state of ['paused', 'stopped', 'removed'] as const) {
    fake.sourceState = state;
    fake.announce();
    await eventually(badges).toContain(`sandbox ${state}`);
    expect(await badges()).not.toContain('live');
  }
});

it('shows the texts that the host sends', async () => {
  const fake = new FakeBackend({ turns: 1, callsInTurn: 3 });
  backend = fake;
  test = await TestPage.open(browser, {
    backend,
    state: viewState(fake.sourceId, fake.sessionId),
    strings: { 'list.turn': 'Runde {0}', 'header.replay': 'Wiedergabe' },
  });
  await test.rowsReady();
  expect(await test.page.locator('.row-name').first().textContent()).toBe('Runde 1');
  await test.page.getByRole('button', { name: 'Wiedergabe' }).waitFor();
});

it('shows findings that were settled when it is asked to, with their reason', async () => {
  const fake = new FakeBackend({ turns: 1, callsInTurn: 3 });
  const finding = { code: 'failing-tool', severity: 'warning', message: 'exec failed 5 times', spanIds: [], preview: true } as const;
  const suppressed = { reason: 'the build was broken', file: '.sandglass/suppressions.yaml', line: 2 };
  fake.findings = [{ ...finding, suppressed }];
  const { page } = await open(fake);
  await test.rowsReady();
  expect(await page.locator('.finding').count()).toBe(0);
  await page.getByRole('button', { name: 'Show 1 suppressed' }).click();
  await eventually(() => page.locator('.finding-suppressed').textContent()).toContain('Suppressed: the build was broken');
  expect(await page.locator('.finding-reason').getAttribute('title')).toBe('.sandglass/suppressions.yaml:2');
  // Another word of the same session: what was opened stays open.
  fake.findings = [
    { ...finding, message: 'exec failed 6 times', suppressed: null },
    { ...finding, suppressed },
  ];
  fake.announce();
  await eventually(() => page.locator('.finding').count()).toBe(2);
  expect(await page.locator('.finding').first().textContent()).toContain('6 times');
  // What is settled already can't be settled again.
  expect(await page.getByRole('button', { name: 'Suppress…' }).count()).toBe(1);
  await page.getByRole('button', { name: 'Suppress…' }).click();
  await eventually(() => fake.acts).toEqual(['suppress failing-tool null']);
  await page.getByRole('button', { name: 'Hide suppressed' }).click();
  await eventually(() => page.locator('.finding').count()).toBe(1);
  // Where the workspace is not trusted nothing is, nor is a rewritten history ever.
  fake.findings = [{ ...finding, code: 'history-rewritten', suppressed: null }];
  fake.announce();
  await eventually(() => page.locator('.finding').first().textContent()).toContain('History rewritten');
  expect(await page.getByRole('button', { name: 'Suppress…' }).count()).toBe(0);
  fake.maySuppress = false;
  fake.findings = [{ ...finding, suppressed: null }];
  fake.announce();
  await eventually(() => page.locator('.finding').first().textContent()).toContain('5 times');
  expect(await page.getByRole('button', { name: 'Suppress…' }).count()).toBe(0);
});
