/** The cost page: what it says of a sum and its parts, and that all of it can be worked by keyboard and by mouse. */
import AxeBuilder from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../harness/browser.mts';
import { hostileStrings } from '../unit/flow/hostile';
import { costStrings } from '../../webviews/contract/costStrings';
import type { CostPageOptions, CostTestPage } from './support/costTestPage';
import { openCostPage } from './support/costTestPage';
import { eventually } from './support/eventually';
import { FakeCosts, rowOf, spendOf, usualTotal } from './support/fakeCosts';
import { themeNames } from './support/themes';

let browser: Browser;
let backend: FakeCosts;
let test: CostTestPage;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());
beforeEach(() => {
  backend = new FakeCosts();
});
afterEach(async () => {
  expect(test.seen).toMatchObject({ requests: [], violations: [], dialogs: [], errors: [] });
  await test.close();
});

async function open(state: CostPageOptions['state'] = {}, more: Partial<CostPageOptions> = {}): Promise<CostTestPage['page']> {
  test = await openCostPage(browser, { backend, state, ...more });
  await test.page.locator('.part, .price, .message-actions').first().waitFor();
  return test.page;
}

const texts = (selector: string): Promise<readonly string[]> => test.page.locator(selector).allTextContents();
const focused = (): Promise<string> => test.page.evaluate(() => document.activeElement?.textContent ?? '');
const lastAsked = (): unknown => backend.asked.at(-1);

describe('the sum', () => {
  it('says how each part of it is known, what has no price, and what is written nowhere', async () => {
    const page = await open();
    const total = (await page.getByRole('region', { name: 'Total' }).textContent()) ?? '';
    // Two kinds of list price are one word; what is on own hardware is zero, and says so.
    expect(total).toContain('≥ $1.24');
    expect(await texts('.sum-bases .basis')).toEqual(['$1.10 list price', '$0.14 reported', '$0 own hardware']);
    expect(await page.locator('.sum-value').first().getAttribute('title')).toContain('3 of 59 calls have no price');
    expect(total).toContain('3 calls have no price, 12,400 tokens, and are not in this sum.');
    expect(total).toContain('59 LLM calls');
    expect(await texts('.split-fact')).toEqual([
      'read from cache359,060',
      'input110,400',
      'written to cache27,620',
      'output55,24022,096 of it reasoning',
    ]);
    // 359,060 of the 497,080 that were sent.
    expect(total).toContain('72 % cache hits');
    expect(await texts('.unobserved li')).toEqual([
      "2 compactions: the summariser's tokens are written nowhere.",
      'One attempt failed and was made again: OpenClaw logs that, but not its tokens.',
      'What OpenClaw asks models for beside its sessions (titles, reviews of skills) is in no transcript.',
    ]);
    await page.getByRole('button', { name: 'Set a Price…' }).click();
    await page.getByRole('heading', { name: 'Prices of Models' }).waitFor();
    expect(test.link.state.side).toBe('prices');
  });

  it('is no zero where nothing has a price, and tokens come first then', async () => {
    backend.total = { ...usualTotal, usd: null, byBasis: {}, unpricedCalls: 59, usage: { ...usualTotal.usage, reasoning: null } };
    const page = await open();
    expect(await texts('.sum-value')).toEqual(['552k', 'no price']);
    expect(await page.locator('.total').textContent()).toContain('None of the 59 calls has a price. That is not the same as free.');
    expect(await page.locator('.total').textContent()).toContain('reasoning not reported');
    expect(await page.locator('body').textContent()).not.toContain('$0.00');
    // Shares are of the tokens then.
    expect(await page.locator('.cell-share').first().getAttribute('title')).toBe('Share of the tokens');
  });

  it('under a flat rate has tokens first, and money as what the API would have cost', async () => {
    backend.flatRate = true;
    const page = await open({ by: 'model' });
    expect(await texts('.sum-value')).toEqual(['552k', '≥ $1.24']);
    expect(await page.locator('.sum-money .sum-name').textContent()).toBe('API equivalent');
    expect(await texts('thead .sort span:first-child')).toEqual(['Model', 'Tokens', 'API equivalent', 'Calls']);
    // What took most tokens comes first.
    expect((await texts('.cell-tokens')).map((text) => text.trim())).toEqual(['400k', '90k', '50k', '12k', '9.0k']);
  });
});

describe('where it goes', () => {
  it('has a row for each part, with its share, how it is known, and no price where there is none', async () => {
    const page = await open({ by: 'model' });
    const rows = page.getByRole('grid', { name: 'Model' }).getByRole('row');
    expect((await rows.allTextContents()).slice(1)).toEqual([
      'claude-sonnet-4-5anthropic73 %$0.90list price400k40',
      'nvidia/nemotron-3-super-120b-a12binference16 %$0.20list price90k9',
      'gpt-5-miniopenai11 %$0.14reported50k7',
      'qwen3:32bollama0 %$0own hardware9.0k2',
      'some-new-modelopenrouter—no price12k3',
    ]);
    expect(await page.locator('.money').first().getAttribute('title')).toBe('$0.90 by public list prices');
  });

  it('parts by what is chosen, by mouse and by the arrow keys', async () => {
    const page = await open();
    await page.getByRole('tab', { name: 'Tool' }).click();
    await eventually(() => texts('.parts .label')).toEqual(['exec', 'read', 'Asked for no tool']);
    await eventually(() => texts('.parts-note')).toEqual([costStrings['apportioned.tool']]);
    await page.keyboard.press('ArrowRight');
    await eventually(() => texts('.parts .label')).toEqual(['/sandbox/project/cart.py', 'Touched no file']);
    await page.keyboard.press('ArrowRight');
    await eventually(focused).toBe('Day');
    await page.keyboard.press('End');
    await eventually(focused).toBe('File');
    expect(await page.getByRole('tab', { selected: true }).allTextContents()).toEqual(['File']);
    expect(await page.locator('[role="tab"][tabindex="0"]').count()).toBe(1);
    await page.getByRole('tab', { name: 'Trigger' }).click();
    await eventually(() => texts('.parts .label')).toEqual(['user', 'heartbeat', 'sub-agent task', 'a new kind']);
    await page.getByRole('tab', { name: 'Sub-agent' }).click();
    await eventually(() => texts('.parts .label')).toEqual(['By no sub-agent', 'Read the docs and sum them up']);
    await eventually(() => test.link.state.by).toBe('subagent');
  });

  it('opens the trace of a row, at its turn, by click and by key', async () => {
    const page = await open({ by: 'session' });
    const rows = page.locator('.part');
    await rows.nth(1).click();
    await eventually(() => backend.acts).toEqual(['open session-b']);
    // From there by keys, and only one row is reached by Tab.
    await page.keyboard.press('ArrowUp');
    await eventually(focused).toContain('A discount test');
    expect(await page.locator('.part[tabindex="0"]').count()).toBe(1);
    await page.keyboard.press('End');
    await eventually(focused).toContain('Untitled session');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Home');
    await page.keyboard.press('Space');
    await eventually(() => backend.acts).toEqual(['open session-b', 'open session-c', 'open session-a']);
    await page.getByRole('tab', { name: 'Turn' }).click();
    await page.locator('.part', { hasText: 'Run the tests' }).click();
    await eventually(() => backend.acts.at(-1)).toBe('open session-a at turn-1');
  });

  it('has what a part cost with its sub-agents beside it, and a dash where there are none', async () => {
    await open({ by: 'session' });
    expect(await texts('thead .sort span:first-child')).toEqual(['Session', 'Cost', 'Tokens', 'Calls', 'With sub-agents']);
    expect(await texts('.cell-withSubagents')).toEqual(['≥ $1.00list price', '—', '—']);
  });

  it('sorts by each column, and what is not known comes last in either direction', async () => {
    const page = await open({ by: 'model' });
    const money = (): Promise<readonly string[]> => texts('.cell-usd .money-value');
    const sort = page.getByRole('button', { name: 'Cost' });
    await sort.click();
    await eventually(() => page.getByRole('columnheader', { name: 'Cost' }).getAttribute('aria-sort')).toBe('descending');
    expect(await money()).toEqual(['$0.90', '$0.20', '$0.14', '$0', 'no price']);
    // The focus stays where it was pressed.
    await page.keyboard.press('Enter');
    await eventually(money).toEqual(['$0', '$0.14', '$0.20', '$0.90', 'no price']);
    await page.getByRole('button', { name: 'Model', exact: true }).click();
    await eventually(() => texts('.parts .label').then(([first]) => first)).toBe('claude-sonnet-4-5');
    // Sorting asks for nothing.
    expect(backend.asked).toHaveLength(1);
    await eventually(() => test.link.state.sort).toEqual({ column: 'label', descending: false });
  });

  it('shows days as bars, and a day by its sessions', async () => {
    const page = await open();
    // From the 12th to the 20th, with days on which nothing was called, and one of which nobody knows what it cost.
    expect(await page.locator('.bar').count()).toBe(9);
    expect(await page.locator('.bar-none').count()).toBe(4);
    expect(await page.locator('.bar-unknown').count()).toBe(1);
    expect(await page.locator('.chart').getAttribute('aria-hidden')).toBe('true');
    await page.locator('.part', { hasText: 'Nov 19, 2026' }).click();
    await eventually(lastAsked).toMatchObject({
      by: 'session',
      scope: { from: '2026-11-19T00:00:00.000Z', to: '2026-11-20T00:00:00.000Z' },
    });
    await eventually(() => page.getByLabel('From', { exact: true }).inputValue()).toBe('2026-11-19');
  });

  it('says what is beyond the last row, and shows more', async () => {
    backend.rows = { file: Array.from({ length: 60 }, (_, i) => rowOf(`/sandbox/file-${i}.py`, spendOf({ usd: 0.01 }))) };
    const page = await open({ by: 'file' });
    expect(await page.locator('.part').count()).toBe(50);
    expect(await page.locator('.parts-more').textContent()).toContain('and 10 more, which came to $0.10 · 100k tokens');
    await page.getByRole('button', { name: 'Show More' }).click();
    await eventually(() => page.locator('.part').count()).toBe(60);
    expect(await page.locator('.parts-more').textContent()).toBe('');
  });

  it('copies as comma-separated values', async () => {
    const page = await open({ by: 'model' });
    await page.getByRole('button', { name: 'Copy as CSV' }).click();
    await page.getByText('5 rows copied').waitFor();
    expect(backend.asked.at(-1)).toMatchObject({ by: 'model', limit: 1000 });
    expect(backend.copied).toHaveLength(1);
    expect(backend.copied[0]).toContain('claude-sonnet-4-5,anthropic,0.9,priced,40,0,80000,260000,20000,40000,16000');
  });
});

describe('what it is of', () => {
  it('is chosen: a sandbox, a session, with its sub-agents or without', async () => {
    const page = await open();
    const scope = page.getByLabel('Of', { exact: true });
    expect(await scope.getAttribute('title')).toBe('');
    backend.names = [...backend.names, { sourceId: 'sample', name: 'Sample run', sample: true }];
    await scope.selectOption({ label: 'ci-agent' });
    await eventually(lastAsked).toMatchObject({ scope: { sourceId: 'source-2', sessionId: null } });
    backend.chosen = { sourceId: 'source-1', sessionId: 'session-a' };
    await page.getByRole('button', { name: 'Session…' }).click();
    await eventually(lastAsked).toMatchObject({ scope: { sourceId: 'source-1', sessionId: 'session-a', withSubagents: true } });
    await eventually(() => scope.locator('option:checked').textContent()).toBe('Session: A discount test');
    await page.getByRole('checkbox', { name: 'With its sub-agents' }).click();
    await eventually(lastAsked).toMatchObject({ scope: { sessionId: 'session-a', withSubagents: false } });
    expect(await scope.getAttribute('title')).toBe('The bundled sample counts by itself only');
    await scope.selectOption({ label: 'All that is attached' });
    await eventually(lastAsked).toMatchObject({ scope: { sourceId: null, sessionId: null } });
    await eventually(() => page.getByRole('checkbox').count()).toBe(0);
  });

  it('is of a time that is chosen, by days of the page', async () => {
    const page = await open();
    const today = new Date();
    const midnight = (back: number): string =>
      new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate() - back)).toISOString();
    const time = page.getByLabel('Time', { exact: true });
    const isDay = (back: number): ReturnType<typeof expect.objectContaining> =>
      expect.objectContaining({ scope: expect.objectContaining({ from: midnight(back), to: null }), timeZone: 'UTC' });
    // Unless midnight passes meanwhile.
    await time.selectOption('today');
    await eventually(lastAsked).toEqual(isDay(0));
    await time.selectOption('week');
    await eventually(lastAsked).toEqual(isDay(6));
    await time.selectOption('month');
    await eventually(lastAsked).toEqual(isDay(29));
    await time.selectOption('days');
    await page.getByLabel('From', { exact: true }).fill('2026-03-28');
    await page.getByLabel('To', { exact: true }).fill('2026-03-30');
    await eventually(lastAsked).toMatchObject({ scope: { from: '2026-03-28T00:00:00.000Z', to: '2026-03-31T00:00:00.000Z' } });
    await page.getByLabel('To', { exact: true }).fill('2026-03-27');
    await page.getByText('The first day comes after the last one.').waitFor();
    await time.selectOption('all');
    await eventually(lastAsked).toMatchObject({ scope: { from: null, to: null } });
    await page.locator('.part').first().waitFor();
  });

  it('comes from the host too, and is kept', async () => {
    const page = await open();
    test.link.show({ ...test.link.state, by: 'tool', place: { sourceId: 'source-2', sessionId: null, withSubagents: true } });
    await eventually(lastAsked).toMatchObject({ by: 'tool', scope: { sourceId: 'source-2' } });
    // As when the editor loads the page anew.
    await page.reload();
    await eventually(() => texts('.parts .label')).toEqual(['exec', 'read', 'Asked for no tool']);
  });
});

describe('what changes', () => {
  it('is asked for again, once for many, never twice at a time', async () => {
    const page = await open();
    let go = (): void => undefined;
    backend.gate = new Promise((done) => (go = done));
    for (let i = 0; i < 50; i++) backend.announce();
    await eventually(() => backend.asked.length).toBe(2);
    for (let i = 0; i < 50; i++) backend.announce();
    expect(backend.asked).toHaveLength(2);
    backend.total = { ...usualTotal, usd: 2.5 };
    backend.gate = null;
    go();
    await eventually(() => backend.asked.length).toBe(3);
    await eventually(() => texts('.sum-value')).toEqual(['≥ $2.50', '552k']);
    expect(await page.locator('main').getAttribute('aria-busy')).toBeNull();
  });

  it('waits while the page is hidden', async () => {
    await open();
    test.link.setVisible(false);
    const before = test.posted.length;
    for (let i = 0; i < 5; i++) backend.announce();
    expect(test.posted).toHaveLength(before);
    test.link.setVisible(true);
    expect(test.posted.slice(before)).toEqual([{ kind: 'changed' }]);
    await eventually(() => backend.asked.length).toBe(2);
  });

  it('keeps the focus on the row that had it', async () => {
    const page = await open({ by: 'model' });
    await page.locator('.part').nth(2).focus();
    backend.total = { ...usualTotal, usd: 2.5 };
    backend.announce();
    await eventually(() => texts('.sum-value')).toEqual(['≥ $2.50', '552k']);
    expect(await focused()).toContain('gpt-5-mini');
  });
});

describe('nothing to show', () => {
  it('says where to begin when nothing is attached', async () => {
    backend.empty = 'nothing-attached';
    const page = await open();
    await page.getByText('Nothing is attached').waitFor();
    for (const name of ['Play Sample Run', 'Open Recording…', 'Attach…']) await page.getByRole('button', { name }).click();
    await eventually(() => backend.acts).toEqual(['begin sample', 'begin recording', 'begin attach']);
    expect(await page.getByRole('button', { name: 'Copy as CSV' }).count()).toBe(0);
    // It comes by itself once there is something.
    backend.empty = null;
    backend.announce();
    await page.locator('.part').first().waitFor();
  });

  it('says that nothing was called then, and offers all time', async () => {
    backend.empty = 'no-calls';
    const page = await open({ period: { kind: 'today' } });
    await page.getByText('No LLM call in this time').waitFor();
    await page.getByRole('button', { name: 'Show All Time' }).click();
    await page.getByText('No LLM call yet').waitFor();
    expect(backend.asked.at(-1)).toMatchObject({ scope: { from: null } });
  });

  it('says that what was chosen is gone, and offers the rest', async () => {
    backend.empty = 'nothing-attached';
    const page = await open({ place: { sourceId: 'gone', sessionId: null, withSubagents: true } });
    await page.getByText('This is not attached').waitFor();
    await page.getByRole('button', { name: 'Show All That Is Attached' }).click();
    await eventually(() => test.link.state.place.sourceId).toBeNull();
  });

  it('says what failed, why and what to do; what was read before stays', async () => {
    backend.broken = { reason: 'The Sandglass server does not run.', hint: 'Run "Sandglass: Restart Server".' };
    const page = await open();
    await page.getByText('The costs could not be read').waitFor();
    await page.getByText('The Sandglass server does not run. Run "Sandglass: Restart Server".').waitFor();
    backend.broken = null;
    await page.getByRole('button', { name: 'Try Again' }).click();
    await page.locator('.part').first().waitFor();
    backend.broken = { reason: 'It ended.', hint: '' };
    backend.announce();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toBe('Showing what was read before: It ended.');
    expect(await page.locator('.part').count()).toBeGreaterThan(0);
    backend.broken = null;
    await page.getByRole('button', { name: 'Try Again' }).click();
    await eventually(() => page.getByRole('alert').count()).toBe(0);
  });
});

describe('worth a look', () => {
  it('is listed with why, and opens its trace', async () => {
    backend.worthALook = [
      {
        title: 'A run cost 8 times what its like do',
        why: 'Its input grew.',
        severity: 'warning',
        session: { sourceId: 's', sessionId: 'x' },
        spanId: 'y',
      },
      { title: 'Calls were made again', why: 'They came to $0.12.', severity: 'information', session: null, spanId: null },
    ];
    backend.cut = true;
    const page = await open();
    await eventually(() => texts('.note-text')).toEqual([
      'A run cost 8 times what its like doIts input grew.',
      'Calls were made againThey came to $0.12.',
    ]);
    expect(await page.locator('.notes').textContent()).toContain('Not all was looked through');
    await page.getByRole('button', { name: 'Open Trace' }).click();
    await eventually(() => backend.acts).toEqual(['open x at y']);
    // They stay while the sum changes, and are asked for anew of another time.
    backend.total = { ...usualTotal, usd: 2.5 };
    backend.announce();
    await eventually(() => texts('.sum-value')).toEqual(['≥ $2.50', '552k']);
    expect(await page.locator('.note').count()).toBe(2);
    expect(backend.askedNotes).toHaveLength(1);
    backend.worthALook = [];
    await page.getByLabel('Time', { exact: true }).selectOption('month');
    await eventually(() => backend.askedNotes.length).toBe(2);
    await eventually(() => page.locator('.note').count()).toBe(0);
    expect(await page.getByText('Worth a look').count()).toBe(0);
  });

  it('has the first two on show, and the others one press away', async () => {
    const session = { sourceId: 's', sessionId: 'x' };
    backend.worthALook = [1, 2, 3, 4].map((n) => ({
      title: `Note ${n}`,
      why: 'Why.',
      severity: 'information',
      session,
      spanId: `span-${n}`,
    }));
    const page = await open();
    await eventually(() => texts('.note-title')).toEqual(['Note 1', 'Note 2']);
    await page.getByRole('button', { name: 'Show 2 More' }).click();
    await eventually(() => texts('.note-title')).toEqual(['Note 1', 'Note 2', 'Note 3', 'Note 4']);
    // The focus goes on to the first that came.
    await page.keyboard.press('Enter');
    await eventually(() => backend.acts).toEqual(['open x at span-3']);
  });

  it('says when that could not be found out; the costs stand all the same', async () => {
    backend.brokenNotes = 'It ended.';
    const page = await open();
    await page.getByText('What is worth a look could not be found out: Error: It ended.').waitFor();
    expect(await page.locator('.part').count()).toBeGreaterThan(0);
  });
});

describe('prices', () => {
  it('lists each model with how it is priced, or why it is not, and what needs a price first', async () => {
    const page = await open({ side: 'prices' });
    const rows = page.getByRole('table', { name: 'Prices of Models' }).getByRole('row');
    expect(await texts('.price .label')).toEqual([
      'some-new-model',
      'any-*',
      'claude-sonnet-4-5',
      'own-model',
      'nvidia/nemotron-3-super-120b-a12b',
    ]);
    expect(await rows.nth(1).textContent()).toContain('The model is in no price list.');
    const listed = (await rows.nth(3).textContent()) ?? '';
    for (const part of [
      '$3.00',
      '$15.00',
      '$0.30',
      '$3.75',
      '$6.00 for a cache of one hour',
      'genai-prices of 2026-11-01',
      'above 200,000 tokens',
    ])
      expect(listed).toContain(part);
    expect(await rows.nth(5).textContent()).toContain('inference, behind it nvidia');
    expect(await rows.nth(5).textContent()).toContain('as input');
    await page.getByRole('button', { name: 'Back to Costs' }).click();
    await page.locator('.part').first().waitFor();
  });

  it('leads to a price of the own, which can be changed and taken back', async () => {
    backend.setting = [{ provider: 'acme', model: 'own-model', input: 1, output: 2 }];
    const page = await open({ side: 'prices' });
    const row = (name: string): ReturnType<typeof page.locator> => page.locator('.price', { hasText: name });
    await row('claude-sonnet-4-5').getByRole('button', { name: 'Set…' }).click();
    expect(await row('claude-sonnet-4-5').getByRole('button', { name: 'Remove' }).count()).toBe(0);
    await row('own-model').getByRole('button', { name: 'Change…' }).click();
    await row('own-model').getByRole('button', { name: 'Remove' }).click();
    await row('nvidia').getByRole('button', { name: 'Set…' }).click();
    // A name that an entry would take for a pattern can't be set from here.
    expect(await row('any-*').locator('.control').count()).toBe(0);
    await page.getByRole('button', { name: 'Open Setting' }).click();
    await eventually(() => backend.acts).toEqual([
      'set anthropic/claude-sonnet-4-5',
      'set acme/own-model',
      'remove acme/own-model',
      'set nvidia/nvidia/nemotron-3-super-120b-a12b',
      'settings',
    ]);
  });

  it('says when no model was called, and what failed', async () => {
    backend.models = [];
    const page = await open({ side: 'prices' });
    await page.getByText('No model was called yet').waitFor();
    backend.broken = { reason: 'It ended.', hint: '' };
    await page.reload();
    await page.getByText('The prices could not be read').waitFor();
  });
});

describe('in every field', () => {
  it('hostile text is text', async () => {
    const strings = hostileStrings.map((text) => text.slice(0, 50_000));
    const [model] = backend.models;
    if (model === undefined) throw new Error('no model to be named otherwise');
    backend.names = strings.map((name, index) => ({ sourceId: `source-${index}`, name, sample: false }));
    backend.titles = strings[0] ?? '';
    backend.worthALook = strings.map((text) => ({ title: text, why: text, severity: 'warning', session: null, spanId: null }));
    backend.rows = { session: strings.map((text, index) => rowOf(text, spendOf({ usd: index % 2 === 0 ? null : 1 }), { detail: text })) };
    backend.models = strings.map((text) => ({
      ...model,
      provider: text,
      vendor: text,
      model: text,
      tiers: [text],
      source: text,
      date: text,
    }));
    const page = await open({ by: 'session', place: { sourceId: 'source-1', sessionId: 'x', withSubagents: true } });
    await page.getByRole('button', { name: /^Show \d+ More$/ }).click();
    await eventually(() => page.locator('.note').count()).toBe(strings.length);
    expect(await page.locator('.part').count()).toBe(strings.length);
    await clean();
    await page.getByRole('button', { name: 'Prices…' }).click();
    await eventually(() => page.locator('.price').count()).toBe(strings.length);
    await clean();
  });

  /** Nothing runs, nothing is fetched, no markup was made, and nothing that turns or hides text is left in what is shown. */
  async function clean(): Promise<void> {
    const found = await test.page.evaluate(() => ({
      strangers: [...document.querySelectorAll('body *')]
        .filter(
          (node) =>
            node.matches('script:not([nonce]), img, iframe, object, embed, a, form, link, meta, base, video, audio') ||
            [...node.attributes].some(
              ({ name, value }) => /^on/i.test(name) || (name !== 'title' && /^\s*(?:javascript|command|data):/i.test(value)),
            ),
        )
        .map((node) => node.outerHTML.slice(0, 200)),
      acting: /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u0000\u001b]/u.test(document.body.innerText),
      polluted: Object.hasOwn(Object.prototype, 'polluted'),
    }));
    expect(found).toEqual({ strangers: [], acting: false, polluted: false });
    expect(await overhanging()).toEqual([]);
  }
});

/** Parts that reach over the edge of the window. */
async function overhanging(): Promise<readonly string[]> {
  return test.page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    return [...document.querySelectorAll<HTMLElement>('#app *')]
      .filter((node) => node.closest('.visually-hidden, select, .cell-line, .money') === null)
      .map((node) => [node, node.getBoundingClientRect()] as const)
      .filter(([, box]) => box.width > 0 && (box.right > width + 1 || box.left < -1))
      .map(([node, box]) => `${node.tagName} ${node.className} ${Math.round(box.left)}–${Math.round(box.right)}`);
  });
}

describe.each(themeNames)('%s', (theme) => {
  it.each([
    [320, { by: 'session' }],
    ...(theme === 'hc-light' ? [[1200, { by: 'day' }] as const] : []),
    [1000, { side: 'prices' }],
  ] as const)('at %i pixels, %j: axe finds nothing serious, and nothing sticks out', async (width, state) => {
    backend.setting = [{ provider: 'acme', model: 'own-model', input: 1, output: 2 }];
    backend.worthALook = [
      { title: 'A run cost much', why: 'Its input grew.', severity: 'warning', session: { sourceId: 's', sessionId: 'x' }, spanId: null },
    ];
    const page = await open(state, { theme, width, height: 900 });
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await new AxeBuilder({ page: page as never }).withTags(tags).analyze();
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(
      serious.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' || ')}`,
      ),
    ).toEqual([]);
    expect(await overhanging()).toEqual([]);
  });
});
