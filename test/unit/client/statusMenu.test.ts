// The tooltip of the status bar, which may hold links of ours and nothing that a sandbox could make one of, and the menu behind it.
import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { statusMenu } from '../../../client/src/status/statusMenu';
import { longestOf, statusText } from '../../../client/src/status/statusText';
import { statusTooltip, tooltipCommands } from '../../../client/src/status/statusTooltip';
import type { BudgetState, Spend } from '../../../server/src/protocol/cost';
import type { DearCall, StatusView } from '../../../server/src/protocol/messages';
import { sandbox, session } from './made';
import { translate } from './translate';

const sourceId = '0123456789abcdef';
const now = Date.parse('2026-11-21T10:02:10.500Z');
const spend = (usd: number | null, calls = 3, unpricedCalls = usd === null ? calls : 0): Spend => ({
  calls,
  usage: { input: 1000, output: 200, cacheRead: 8800, cacheWrite: 0, reasoning: null },
  usd,
  byBasis: usd === null ? {} : { priced: usd },
  unpricedCalls,
});
const dear = (usd: number, given: Partial<DearCall> = {}): DearCall => ({
  sourceId,
  spanId: `00000000000000${Math.round(usd * 100)
    .toString(16)
    .padStart(2, '0')}`,
  model: 'nemotron-3-super',
  usd,
  basis: 'priced',
  tokens: 41_000,
  time: '2026-11-21T10:00:00.000Z',
  ...given,
});
const budget = (used: number, given: Partial<BudgetState> = {}): BudgetState => ({
  kind: 'day',
  unit: 'usd',
  limit: 20,
  used,
  level: used >= 20 ? 'passed' : used >= 16 ? 'warning' : null,
  unpricedCalls: 0,
  session: null,
  span: null,
  sourceId: null,
  ...given,
});
const view = (given: Partial<StatusView> = {}): StatusView => ({
  sourceId,
  sandbox: 'my-assistant',
  session: session('s', { title: 'Fix the tests' }),
  now: { kind: 'idle' },
  tokens: 8412,
  byModel: [{ model: 'nemotron-3-super', calls: 2, tokens: 8412, usd: 0.02, basis: 'priced' }],
  dearest: { session: [dear(0.12)], today: [dear(0.12), dear(0.08, { model: 'claude-opus-4-6' })] },
  today: spend(1.2, 34),
  todayBySandbox: [
    { sandbox: 'my-assistant', spend: spend(0.9) },
    { sandbox: 'other', spend: spend(0.3) },
  ],
  budgets: [budget(16.8)],
  forecast: { unit: 'usd', soFar: 0.1, median: 0.42, low: 0.3, high: 0.8, of: 12 },
  ...given,
});
const shown = (given: Partial<StatusView>, flatRate = false): ReturnType<typeof statusText> =>
  statusText(view(given), longestOf(sandbox('a')), now, translate, { collector: null, paused: false, flatRate });
const tooltip = (given: Partial<StatusView> = {}, flatRate = false): string => statusTooltip(view(given), null, flatRate, translate);
const plain = (markdown: string): string => markdown.replace(/\\([!-/:-@[-`{-~])/g, '$1');
const hrefs = (markdown: string): readonly string[] =>
  [...marked.parse(markdown, { async: false, gfm: true }).matchAll(/(?:href|src)\s*=\s*"([^"]*)"/g)].map((match) => match[1] ?? '');
const menu = (given: Partial<StatusView> = {}, flatRate = false): readonly string[] =>
  statusMenu(view(given), flatRate, () => '10:00', translate).map((item) =>
    item.kind === 'heading' ? `# ${item.label}` : `${item.label}${item.description === undefined ? '' : ` | ${item.description}`}`,
  );

describe('what now costs', () => {
  it('is the session, today, and how much of the budget that is used most', () => {
    expect(shown({}).text).toBe('$(robot) main idle · 8.4k tok · $0.02 · budget 84 % · $1.20 today');
    expect(shown({}).spoken).toBe('Sandglass: main idle, 8.4k tokens, $0.02, 84 % of day budget, $1.20 today');
    const passed = [budget(1, { kind: 'turn', limit: 100 }), budget(25)];
    // Before all else, since the editor may cut off the end.
    expect(shown({ budgets: passed }).text).toBe('$(robot) main idle · $(warning) budget 125 % · 8.4k tok · $0.02 · $1.20 today');
    expect(shown({ budgets: passed }).spoken).toMatch(/, 125 % of day budget, which is used up, /);
  });

  it('says of today nothing that the session has not said, and no sum that is not known', () => {
    const { totals } = session('s');
    const same: Spend = { ...spend(0.02, totals.llmCalls), usage: totals.usage };
    for (const today of [null, same, spend(null)]) expect(shown({ today, budgets: [] }).text).toBe('$(robot) main idle · 8.4k tok · $0.02');
    expect(shown({ today: spend(1, 9, 4), budgets: [] }).text).toMatch(/ · ≥ \$1\.00 today$/);
    // Calls that no one can price may use up more of it.
    expect(shown({ today: null, budgets: [budget(10, { unpricedCalls: 2 })] }).text).toMatch(/ · budget ≥ 50 %$/);
    expect(shown({ today: null, budgets: [budget(10, { unpricedCalls: 2, unit: 'tokens' })] }).text).toMatch(/ · budget 50 %$/);
  });

  it('of a flat rate comes in tokens, and money is what the API would have cost', () => {
    expect(shown({ budgets: [] }, true).text).toBe('$(robot) main idle · 8.4k tok · $0.02 API equivalent · 10k tok today');
    expect(plain(tooltip({}, true))).toContain('Today: 10k tokens · $1.20 API equivalent, list price, 34 calls');
    expect(menu({}, true).join('\n')).toContain('$(hubot) nemotron-3-super | $0.02 API equivalent, list price · 8.4k tokens · 2 calls');
  });
});

describe('the tooltip', () => {
  it('says by what the sum is made, what comes, what is used, and leads on', () => {
    expect(plain(tooltip())).toBe(
      [
        '**my-assistant** · Fix the tests',
        '| Model | Calls | Tokens | Cost | Basis |\n|---|---:|---:|---:|---|\n| nemotron-3-super | 2 | 8.4k | $0.02 | list price |',
        '90 % of the input came from a cache',
        'This turn: ≈ $0.42 by its end ($0.30 to $0.80), from 12 turns like it',
        '- Budget of the day: $16.80 of $20.00 (84 %)',
        `Most expensive calls of the session:\n- [$0.12 list price · nemotron-3-super · 41k tokens](command:sandglass.openSpan?${args(dear(0.12))})`,
        'Today: $1.20 list price · 10k tokens, 34 calls\n- my-assistant: $0.90 list price · 10k tokens\n- other: $0.30 list price · 10k tokens',
        `Other expensive calls of today:\n- [$0.08 list price · claude-opus-4-6 · 41k tokens](command:sandglass.openSpan?${args(dear(0.08))})`,
        '[Open Trace](command:sandglass.openTrace) · [More…](command:sandglass.costMenu)',
      ].join('\n\n'),
    );
  });

  const args = ({ spanId }: DearCall): string =>
    [...JSON.stringify([{ sourceId, spanId }])]
      .map((char) => (/[A-Za-z0-9]/.test(char) ? char : `%${char.charCodeAt(0).toString(16)}`))
      .join('');

  it('links as it is rendered to what it may, with the ids of the calls', () => {
    const links = hrefs(tooltip());
    expect(links).toHaveLength(4);
    const [first] = links;
    expect(JSON.parse(decodeURIComponent(first?.replace('command:sandglass.openSpan?', '') ?? ''))).toEqual([
      { sourceId, spanId: dear(0.12).spanId },
    ]);
  });

  it('never shows money where there is none: no price is no $0.00', () => {
    const noPrice = session('s', { totals: { ...session('s').totals, cost: { usd: null, byBasis: {}, unpricedCalls: 2 } } });
    const text = plain(
      tooltip({
        session: noPrice,
        byModel: [{ model: 'm', calls: 2, tokens: 10, usd: null, basis: 'unknown' }],
        today: spend(null, 2),
        todayBySandbox: [],
        dearest: { session: [], today: [] },
        budgets: [],
        forecast: null,
      }),
    );
    expect(text).toContain('| m | 2 | 10 | no price | no price |');
    expect(text).toContain('Today: no price · 10k tokens, 2 calls, 2 of them without a price');
    expect(text).not.toMatch(/\$/);
  });

  /** Where names come from a sandbox; whatever they hold, they may add no link, no image, no tag and no row. */
  const hostile = (text: string): Partial<StatusView> => ({
    sandbox: text,
    session: session('s', { title: text, agent: text }),
    now: { kind: 'tool', name: text, since: '2026-11-21T10:01:58Z' },
    byModel: [{ model: text, calls: 1, tokens: 1, usd: null, basis: text }],
    dearest: { session: [dear(0.12, { model: text })], today: [dear(0.1, { model: text, sourceId: text }), dear(0.08, { spanId: text })] },
    todayBySandbox: [
      { sandbox: text, spend: spend(1) },
      { sandbox: text, spend: spend(null) },
    ],
  });
  const harmless = (text: string): void => {
    const markdown = tooltip(hostile(text));
    const html = marked.parse(markdown, { async: false, gfm: true });
    expect(hrefs(markdown)).toEqual(hrefs(tooltip(hostile('x'))));
    for (const href of hrefs(markdown)) expect(href).toMatch(/^command:sandglass\.(openTrace|costMenu|openSpan\?[0-9A-Za-z%]+)$/);
    // The same elements as of a harmless name, and so many of each.
    const tags = (of: string): readonly string[] => [...of.matchAll(/<\/?([a-z0-9]+)/g)].map((match) => match[0]);
    expect(tags(html)).toEqual(tags(marked.parse(tooltip(hostile('x')), { async: false, gfm: true })));
  };

  it('makes no link, image, tag, row or heading of what a sandbox wrote', () => {
    for (const text of [
      '[x](command:workbench.action.terminal.new)',
      '](command:sandglass.stopSandbox) [y',
      '![x](https://evil.example/x.png)',
      '<a href="command:sandglass.stopSandbox">x</a>',
      '<command:sandglass.stopSandbox>',
      '[x]: command:sandglass.stopSandbox',
      'x | y | z\n|---|\n| a |',
      '`code` ``` fence\n```\n# heading\n> quote\n- item\n***\n',
      '\\[x](command:y)',
      'https://evil.example www.evil.example mail@evil.example',
      '&#91;x&#93;&#40;command:y&#41;',
      '$(trash) %5Bx%5D(command:y)',
      '\u202e)dnammoc(\u200b[x](command:y)',
      'x\u2028[y](command:z)\u0085# h',
    ])
      harmless(text);
  });

  it('makes none of any text at all', () => {
    const mark = fc.constantFrom(...'[]()<>!|`*_#\\\n&:;"\'~-=+@./ $%command:sandglass.x'.split(''));
    const text = fc.oneof(fc.string({ unit: mark, maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 60 }));
    // With a letter before it, since what is empty when it is plain has no text in any case.
    fc.assert(
      fc.property(text, (made) => harmless(`x${made}`)),
      { numRuns: 150 },
    );
  });

  it('may do nothing but show', () => {
    expect([...tooltipCommands]).toEqual(['sandglass.openTrace', 'sandglass.openSpan', 'sandglass.costMenu']);
  });
});

describe('the menu', () => {
  it('has by the keyboard all that the tooltip says', () => {
    expect(menu()).toEqual([
      '$(list-tree) Open Trace | Fix the tests',
      '$(graph) Open Cost View | Today: $1.20 list price · 10k tokens, 34 calls',
      '# Budgets',
      '$(clock) This turn: ≈ $0.42 by its end ($0.30 to $0.80), from 12 turns like it',
      '$(warning) Budget of the day | $16.80 of $20.00 (84 %)',
      '$(settings-gear) Set Budgets…',
      '# Session by model',
      '$(hubot) nemotron-3-super | $0.02 list price · 8.4k tokens · 2 calls',
      '$(database) 90 % of the input came from a cache',
      '# Most expensive calls of the session',
      '$(comment) $0.12 list price · nemotron-3-super · 41k tokens | 10:00',
      '# Other expensive calls of today',
      '$(comment) $0.08 list price · claude-opus-4-6 · 41k tokens | 10:00',
      '# Today by sandbox',
      '$(vm) my-assistant | $0.90 list price · 10k tokens',
      '$(vm) other | $0.30 list price · 10k tokens',
    ]);
  });

  it('leads to the prices where calls have none, and to each call', () => {
    const partly = session('s', { totals: { ...session('s').totals, cost: { usd: 0.02, byBasis: {}, unpricedCalls: 3 } } });
    const items = statusMenu(view({ session: partly }), false, () => '', translate);
    expect(items).toContainEqual(expect.objectContaining({ label: '$(question) Calls without a price: 3', action: { kind: 'prices' } }));
    expect(items).toContainEqual(expect.objectContaining({ action: { kind: 'span', span: dear(0.12) } }));
    expect(items).toContainEqual(expect.objectContaining({ action: { kind: 'trace', session: { sourceId, sessionId: 's' } } }));
  });

  it('draws no icon of what a sandbox wrote, and no control character', () => {
    const evil = '$(trash) \u001b[31m\u202e x\ny';
    const labels = menu({
      session: session('s', { title: evil }),
      byModel: [{ model: evil, calls: 1, tokens: 1, usd: null, basis: evil }],
      dearest: { session: [dear(0.12, { model: evil })], today: [dear(0.3, { model: evil })] },
      todayBySandbox: [
        { sandbox: evil, spend: spend(1) },
        { sandbox: evil, spend: spend(1) },
      ],
    }).join('\n');
    expect(labels).not.toMatch(/(?<!\\)\$\(trash\)|[\u001b\u202e]/);
    expect(labels.match(/\\\$\(trash\)/g)?.length).toBe(6);
  });
});
