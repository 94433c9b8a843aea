/** The trace page on real recordings: what it shows, and that all of it can be worked by keyboard and by mouse. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { recording } from '../fixtures/recordings';
import { launchChromium } from '../harness/browser.mts';
import type { RealBackend } from './support/realBackend';
import { realBackend } from './support/realBackend';
import type { OpenOptions } from './support/tracePage';
import { eventually } from './support/eventually';
import { TestPage, viewState } from './support/tracePage';

let browser: Browser;
let backend: RealBackend;
let test: TestPage;

beforeAll(async () => {
  browser = await launchChromium();
  backend = await realBackend(recording('openclaw-2026.7.1').root);
});
afterAll(async () => {
  await backend?.[Symbol.asyncDispose]();
  await browser?.close();
});
afterEach(async () => {
  expect(test.seen).toMatchObject({ requests: [], violations: [], dialogs: [], errors: [] });
  backend.acts.length = 0;
  await test.close();
});

async function open(title: string, state: Partial<OpenOptions['state']> = {}, more: Partial<OpenOptions> = {}): Promise<TestPage> {
  test = await TestPage.open(browser, { backend, state: viewState(backend.sourceId, backend.session(title).id, state), ...more });
  await test.rowsReady();
  return test;
}

const focusedText = (): Promise<string> => test.page.evaluate(() => document.activeElement?.textContent ?? '');

describe('header', () => {
  it('says who ran what and what it came to', async () => {
    const { page } = await open('discount test');
    const { totals } = backend.session('discount test');
    expect(await page.locator('h1').textContent()).toContain('A discount test in project/ fails');
    expect(await page.locator('.facts').textContent()).toContain('nvidia/nemotron-3-super-120b-a12b');
    const shown = (await page.locator('.total').allTextContents()).join(' | ');
    expect(shown).toContain(`${totals.turns}turn`);
    expect(shown).toContain(`${totals.llmCalls}LLM calls`);
    expect(shown).toContain(`${totals.toolCalls}tool calls`);
    expect(shown).toContain(`${totals.failedToolCalls}failed`);
    expect(totals.cost.usd).not.toBeNull();
    expect(shown).toContain(`$${totals.cost.usd?.toFixed(4)}list price`);
  });

  it('counts what was denied', async () => {
    const { page } = await open('blocked.example.com');
    expect(await page.locator('.total-denied').textContent()).toBe('4denied');
  });

  it('starts a replay and opens the selected call', async () => {
    const { page } = await open('discount test');
    await page.getByRole('button', { name: 'Replay' }).click();
    await eventually(() => backend.acts).toEqual(['replay']);
    await page.locator('.row[data-index="2"]').click();
    const spanId = await page.locator('.row[data-index="2"]').getAttribute('data-span');
    await page.locator('#panel-list').getByRole('button', { name: 'Open Call' }).click();
    await eventually(() => backend.acts).toEqual(['replay', `openCall ${spanId}`]);
    await page.locator('#panel-list').getByRole('button', { name: 'Tool Definition' }).click();
    await eventually(() => backend.acts).toEqual(['replay', `openCall ${spanId}`, `toolDefinition ${spanId}`]);
  });
});

describe('list', () => {
  it('is a treegrid with a row for each step, outcome in words', async () => {
    const { page } = await open('discount test');
    const grid = page.getByRole('treegrid', { name: 'Turns and calls' });
    expect(await grid.getAttribute('aria-rowcount')).toBe('19');
    const rows = grid.locator('.row');
    expect(await rows.nth(0).getAttribute('aria-level')).toBe('1');
    expect(await rows.nth(2).getAttribute('aria-level')).toBe('3');
    expect(await rows.nth(4).locator('.row-status').textContent()).toContain('exit code 1');
    expect(await rows.nth(2).locator('.row-status').textContent()).toContain('ok');
    // Estimated durations say so; unknown ones are never zero.
    expect(await rows.nth(6).locator('.cell-duration').textContent()).toMatch(/^~\d/);
  });

  it('moves with the arrow keys, shows details with Space and jumps with Enter', async () => {
    const { page } = await open('discount test');
    await page.locator('.row[tabindex="0"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await eventually(focusedText).toContain('exec');
    await page.keyboard.press('Space');
    await page.getByRole('tabpanel', { name: 'Details' }).getByRole('heading', { name: 'exec' }).waitFor();
    await eventually(focusedText).toContain('exec');
    await page.keyboard.press('ArrowLeft');
    await eventually(focusedText).toContain('LLM call');
    await page.keyboard.press('ArrowRight');
    await eventually(focusedText).toContain('exec');
    await page.keyboard.press('End');
    await eventually(focusedText).toContain('Fixed:');
    await page.keyboard.press('Home');
    await eventually(focusedText).toContain('Turn 1');
    const call = await page.locator('.row[data-index="4"]').getAttribute('data-span');
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Enter');
    await eventually(() => backend.acts).toEqual([`jump ${call}`, `jump ${call} beside`]);
    expect(await page.locator('.row[tabindex="0"]').count()).toBe(1);
  });

  it('shows only problems, and all again', async () => {
    const { page } = await open('Run the linter');
    await page.getByRole('checkbox', { name: 'Only problems' }).click();
    await eventually(() => page.getByRole('treegrid').getAttribute('aria-rowcount')).toBe('22');
    const calls = page.locator('.row-execute_tool');
    await eventually(() => calls.count()).toBe(8);
    for (const status of await calls.locator('.row-status').allTextContents()) expect(status).toMatch(/failed|exit code/);
    await eventually(() => page.locator('.row .row-icon svg').count()).toBe(21);
    await eventually(() => test.link.state.onlyProblems).toBe(true);
    await page.getByRole('checkbox', { name: 'Only problems' }).click();
    await eventually(() => page.getByRole('treegrid').getAttribute('aria-rowcount')).not.toBe('22');
  });

  it('says why it is empty when nothing went wrong', async () => {
    test = await TestPage.open(browser, {
      backend,
      state: viewState(backend.sourceId, backend.session('Write the release notes').id, { onlyProblems: true }),
    });
    const { page } = test;
    await page.getByText('No problems in this session').waitFor();
    expect(await page.locator('.list .message').textContent()).toContain('None of its 2 tool calls failed');
    await page.getByRole('button', { name: 'Show All Calls' }).click();
    await test.rowsReady();
  });
});

describe('details', () => {
  it('shows arguments, outcome, sizes, the thought before and the way to the line', async () => {
    const { page } = await open('discount test');
    const row = page.locator('.row[data-index="4"]');
    const spanId = await row.getAttribute('data-span');
    await row.click();
    const panel = page.getByRole('tabpanel', { name: 'Details' });
    await panel.getByRole('heading', { name: 'exec' }).waitFor();
    const text = await panel.textContent();
    expect(text).toContain('exit code 1');
    expect(text).toContain('python3 -m unittest discover -s tests -v');
    expect(text).toContain('Run the tests before any change, as AGENTS.md asks.');
    expect(text).toMatch(/Arguments\d+ B/);
    expect(text).toMatch(/Outcome1\.\d kB/);
    expect(text).toContain("the agent's own transcript");
    expect(text).toContain('project/tests/test_cart.py, line');
    await panel.getByRole('button', { name: 'Jump to Line' }).click();
    await eventually(() => backend.acts).toEqual([`jump ${spanId}`]);
    await panel.getByRole('button', { name: 'Show It' }).click();
    await panel.locator('.detail-status', { hasText: 'ok' }).waitFor();
  });

  it('puts a denial beside its call, with reason and who saw it', async () => {
    const { page } = await open('blocked.example.com');
    await page.locator('.row.status-denied').first().click();
    const item = page.locator('.policy-item').first();
    await item.waitFor();
    const text = await item.textContent();
    expect(text).toContain('denied');
    expect(text).toContain('blocked.example.com:443');
    expect(text).toContain('is not allowed by any policy');
    expect(text).toContain('/usr/bin/curl');
  });

  it('opens the session of a sub-agent', async () => {
    const { page } = await open('two helpers');
    await page.locator('.row', { hasText: 'sub-agent' }).first().click();
    await page.getByRole('button', { name: 'Open Sub-agent' }).click();
    await eventually(() => test.openedSessions.length).toBe(1);
    const [opened] = test.openedSessions;
    expect(backend.sessions.find(({ id }) => id === opened)?.parentSessionId).toBe(backend.session('two helpers').id);
  });

  it('reveals a span that the editor jumps to', async () => {
    const { page } = await open('300 items');
    const last = await backend.trace({ sourceId: backend.sourceId, sessionId: backend.session('300 items').id, offset: 390, limit: 5 }, {
      isCancellationRequested: false,
    } as never);
    const call = last.rows.find(({ span }) => span.kind === 'execute_tool');
    expect(call).toBeDefined();
    test.link.reveal(call?.span.id ?? '');
    await page.locator(`.row[data-span="${call?.span.id}"][aria-selected="true"]`).waitFor();
    expect(await page.locator(`.row[data-span="${call?.span.id}"]`).isVisible()).toBe(true);
  });
});

describe('thought flow', () => {
  it('draws the turn, and every box can be reached and pressed', async () => {
    const { page } = await open('discount test');
    await test.flowDrawn();
    const boxes = page.locator('.flow-canvas g.node[role="button"]');
    const diagram = await backend.flow(
      { sourceId: backend.sourceId, sessionId: backend.session('discount test').id, turnId: test.link.state.selectedTurnId ?? '' },
      { isCancellationRequested: false } as never,
    );
    await eventually(() => boxes.count()).toBe(diagram?.nodes.length);
    await page.locator('.flow-canvas g.node[tabindex="0"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await eventually(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toContain('✓ exec');
    await page.keyboard.press('Enter');
    await eventually(() => page.locator('.flow-canvas g.node.selected').count()).toBe(1);
    await page.locator('.row[aria-selected="true"]', { hasText: 'exec' }).waitFor();
    await page.locator('.flow-strip').getByRole('button', { name: 'Details' }).click();
    await page.getByRole('tabpanel', { name: 'Details' }).getByRole('heading', { name: 'exec' }).waitFor();
  });

  it('says the same as a list of texts', async () => {
    const { page } = await open('discount test');
    await test.flowDrawn();
    await page.getByRole('button', { name: 'Show as Text List' }).click();
    const items = page.locator('.flow-item');
    await items.first().waitFor();
    expect((await items.allTextContents())[0]).toContain('Prompt');
    expect((await items.allTextContents()).at(-1)).toContain('Reply');
    await items.filter({ hasText: 'exit code 1' }).click();
    await eventually(() => page.locator('.row[aria-selected="true"] .row-status').textContent()).toContain('exit code 1');
    await page.getByRole('button', { name: 'Show as Diagram' }).click();
    await test.flowDrawn();
  });

  it('zooms by keyboard, by button and by wheel, and pans by dragging', async () => {
    const { page } = await open('discount test');
    await test.flowDrawn();
    const width = async (): Promise<number> => Number(await page.locator('.flow-canvas svg').getAttribute('width'));
    const before = await width();
    await page.locator('.flow-canvas g.node[tabindex="0"]').focus();
    await page.keyboard.press('+');
    await eventually(width).toBeGreaterThan(before);
    await page.keyboard.press('0');
    await eventually(width).toBe(before);
    await page.getByRole('button', { name: 'Zoom Out' }).click();
    await eventually(width).toBeLessThan(before);
    await page.locator('.flow-canvas').hover();
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -300);
    await page.keyboard.up('Control');
    await eventually(width).toBeGreaterThan(before * 0.9);
    const box = await page.locator('.flow-canvas').boundingBox();
    if (box === null) throw new Error('no canvas');
    const scroll = (): Promise<number> => page.locator('.flow-canvas').evaluate((canvas) => canvas.scrollTop);
    const scrolled = await scroll();
    await page.mouse.move(box.x + 10, box.y + 300);
    await page.mouse.down();
    await page.mouse.move(box.x + 10, box.y + 100, { steps: 4 });
    await page.mouse.up();
    await eventually(async () => (await scroll()) - scrolled).toBe(200);
  });

  it('goes to the next turn and back', async () => {
    const { page } = await open('Run the linter');
    await test.flowDrawn();
    await page.getByRole('button', { name: 'Next Turn' }).click();
    await page.getByText('Turn 2 of 5').waitFor();
    await page.locator('.flow-canvas text', { hasText: 'What does the change' }).waitFor();
    await page.getByRole('button', { name: 'Previous Turn' }).click();
    await page.getByText('Turn 1 of 5').waitFor();
  });

  it('says why there are no thoughts', async () => {
    const { page } = await open('malformed request');
    await page.getByText('No thoughts were recorded in this turn.').waitFor();
  });

  it('loads Mermaid only when a flow is shown, and draws it anew in another theme', async () => {
    const { page } = await open('discount test', { pane: 'list' });
    await page.waitForTimeout(300);
    expect(test.seen.files.filter((file) => /mermaid|flowDiagram|dagre/.test(file))).toEqual([]);
    await page.getByRole('tab', { name: 'Thought Flow' }).click();
    await test.flowDrawn();
    const first = await page.locator('.flow-canvas svg').getAttribute('id');
    await test.setTheme('light-modern');
    await eventually(() => page.locator('.flow-canvas svg').getAttribute('id')).not.toBe(first);
    const fill = await page
      .locator('.flow-canvas g.node .label-container')
      .first()
      .evaluate((box) => getComputedStyle(box).fill);
    expect(fill).not.toBe('rgb(32, 32, 32)');
  });
});

describe('divider', () => {
  const listHeight = async (page: TestPage['page']): Promise<number> => (await page.locator('.panel-rows').boundingBox())?.height ?? 0;

  it('is dragged, worked by keys, remembered, and reset by a double click', async () => {
    const { page, link } = await open('discount test', {}, { width: 520, height: 800 });
    const divider = page.getByRole('separator', { name: 'Size of the list' });
    const first = await listHeight(page);
    const box = (await divider.boundingBox())!;
    await page.mouse.move(box.x + 100, box.y);
    await page.mouse.down();
    await page.mouse.move(box.x + 100, box.y + 120, { steps: 4 });
    await page.mouse.up();
    await eventually(() => listHeight(page)).toBeGreaterThan(first + 100);
    await eventually(async () => Number(await divider.getAttribute('aria-valuenow'))).toBeGreaterThan(50);
    await eventually(() => link.state.shares?.stacked ?? 0).toBeGreaterThan(0.5);
    const dragged = await listHeight(page);
    await divider.focus();
    await page.keyboard.press('ArrowUp');
    await eventually(() => listHeight(page)).toBeLessThan(dragged - 10);
    await page.keyboard.press('Home');
    await eventually(() => divider.getAttribute('aria-valuenow')).toBe('15');
    await divider.dblclick();
    await eventually(async () => Math.abs((await listHeight(page)) - first)).toBeLessThan(2);
    await eventually(() => link.state.shares).toEqual({});
  });

  it('stands where it was left, apart for each way the parts stand', async () => {
    const { page } = await open('discount test', { shares: { stacked: 0.3, beside: 0.7 } }, { width: 900, height: 700 });
    const width = async (): Promise<number> => (await page.locator('.panel-rows').boundingBox())?.width ?? 0;
    await eventually(async () => Math.round(await width())).toBe(630);
    await page.setViewportSize({ width: 500, height: 700 });
    await eventually(async () => Math.round(await width())).toBe(500);
    const share = async (): Promise<number> => {
      const body = (await page.locator('main').boundingBox())?.height ?? 0;
      return Math.round(((await listHeight(page)) / body) * 100);
    };
    await eventually(share).toBe(30);
  });
});
