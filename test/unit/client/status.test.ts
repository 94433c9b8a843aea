import { describe, expect, it } from 'vitest';
import { longestOf, modelWaitAmberMs, statusText } from '../../../client/src/status/statusText';
import type { StatusView } from '../../../server/src/protocol/messages';
import { sandbox, session } from './made';
import { translate } from './translate';

const now = Date.parse('2026-11-21T10:02:10.500Z');
const view = (given: Partial<StatusView> = {}): StatusView => ({
  sourceId: 'a',
  sandbox: 'my-assistant',
  session: session('s'),
  now: { kind: 'idle' },
  tokens: 8412,
  byModel: [{ model: 'nemotron-3-super', calls: 2, tokens: 8412, usd: 0.02, basis: 'priced' }],
  dearest: { session: [], today: [] },
  today: null,
  todayBySandbox: [],
  budgets: [],
  forecast: null,
  ...given,
});
const live = longestOf(sandbox('a'));
const text = (given: Partial<StatusView>): string => statusText(view(given), live, now, translate).text;

describe('the status bar', () => {
  it('says what runs, for how long, and what it cost', () => {
    expect(text({ now: { kind: 'tool', name: 'pytest', since: '2026-11-21T10:01:58Z' } })).toBe(
      '$(sync~spin) pytest 12 s · 8.4k tok · $0.02',
    );
    expect(text({})).toBe('$(robot) main idle · 8.4k tok · $0.02');
    const noPrice = session('s', { totals: { ...session('s').totals, cost: { usd: null, byBasis: {}, unpricedCalls: 2 } } });
    expect(text({ session: noPrice })).toBe('$(robot) main idle · 8.4k tok · no price');
  });

  it('turns amber when the model does not answer', () => {
    const waiting = (since: string): ReturnType<typeof statusText> =>
      statusText(view({ now: { kind: 'model', since } }), live, now, translate);
    expect(waiting('2026-11-21T10:00:00Z')).toMatchObject({
      text: '$(sync~spin) waiting for the model 2:10 · 8.4k tok · $0.02',
      amber: true,
      ticking: true,
    });
    expect(waiting(new Date(now - modelWaitAmberMs + 1).toISOString()).amber).toBe(false);
  });

  it('shows no time it cannot know: another clock, an old record, no time at all', () => {
    const tool = (since: string): string => text({ now: { kind: 'tool', name: 'pytest', since } });
    expect(tool('2026-11-21T10:03:00Z')).toMatch(/pytest 0 s/);
    expect(tool('2026-10-01T10:00:00Z')).toMatch(/pytest · /);
    expect(tool('nonsense')).toMatch(/pytest · /);
    const played = statusText(view({ now: { kind: 'model', since: '2026-11-21T10:00:00Z' } }), 0, now, translate);
    expect(played).toMatchObject({ text: '$(sync~spin) waiting for the model · 8.4k tok · $0.02', amber: false, ticking: false });
    expect(statusText(view({ now: { kind: 'tool', name: 'x', since: 'nonsense' } }), live, now, translate).ticking).toBe(false);
  });

  it('shows the time of what happens now in a directory too, and of nothing that is only recorded or played', () => {
    const waiting = (source: Parameters<typeof longestOf>[0], since: string): ReturnType<typeof statusText> =>
      statusText(view({ now: { kind: 'model', since } }), longestOf(source), now, translate);
    const directory = sandbox('a', { kind: 'read' }, { kind: 'directory' });
    const young = '2026-11-21T10:00:00Z';
    expect(waiting(directory, young)).toMatchObject({ text: expect.stringContaining('the model 2:10 ·'), amber: true, ticking: true });
    const past = { text: expect.stringContaining('the model ·'), amber: false, ticking: false };
    expect(waiting(directory, '2026-11-21T08:00:00Z')).toMatchObject(past);
    expect(waiting(sandbox('a', { kind: 'read' }, { kind: 'sample' }), young)).toMatchObject(past);
    expect(waiting(sandbox('a', { kind: 'idle' }, { kind: 'directory' }), young)).toMatchObject(past);
    expect(waiting(null, young)).toMatchObject(past);
  });

  it('shows no icon, link, mark-up or control character of a tool, model or title', () => {
    const evil = '$(trash) [x](command:y) <img src=x> | **b** https://evil.example \u001b[31m\u202e';
    const shown = statusText(
      view({
        sandbox: evil,
        session: session('s', { title: evil }),
        now: { kind: 'tool', name: evil, since: '2026-11-21T10:01:58Z' },
        byModel: [{ model: evil, calls: 1, tokens: 1, usd: null, basis: evil }],
      }),
      live,
      now,
      translate,
    );
    expect(shown.text).toMatch(/^\$\(sync~spin\) \\\$\(trash\)/);
    expect(`${shown.text}${shown.tooltip}`).not.toMatch(/[\u001b\u202e]/);
    // Unescaped, only our own mark-up is left: the bold title, the table, the words, and the two links of ours.
    const bare = shown.tooltip.replace(/\\[!-/:-@[-`{-~]/g, '').replace(/\[[^\]]+\]\(command:sandglass\.(openTrace|costMenu)\)/g, '');
    expect(bare).not.toMatch(/[[\]<>]|https?:/);
    expect(
      bare
        .split('\n')
        .filter((line) => line.startsWith('|'))
        .map((line) => line.split('|').length),
    ).toEqual([7, 7, 7]);
  });

  it('lists a bounded number of models', () => {
    const byModel = Array.from({ length: 30 }, (_, at) => ({ model: `m${at}`, calls: 1, tokens: 1, usd: 0, basis: 'local' }));
    const { tooltip } = statusText(view({ byModel }), live, now, translate);
    expect(tooltip.match(/^\| m\d+/gm)).toHaveLength(12);
    expect(tooltip).toContain('18 more models');
    expect(tooltip).toContain('\\$0 own hardware');
  });

  it('says in its tooltip that another window reads, and only then', () => {
    const tip = (kind: 'this-window' | 'other-window' | 'none'): string =>
      statusText(view(), live, now, translate, { collector: { kind, pid: 77 }, paused: false, flatRate: false }).tooltip;
    expect(tip('other-window')).toContain('Another window reads it \\(process 77\\)');
    for (const kind of ['this-window', 'none'] as const) expect(tip(kind)).toBe(statusText(view(), live, now, translate).tooltip);
  });

  it('says that its sandbox is paused, whatever it was doing', () => {
    const waiting = view({ now: { kind: 'model', since: '2026-11-21T09:00:00Z' } });
    expect(statusText(waiting, live, now, translate, { collector: null, paused: true, flatRate: false })).toMatchObject({
      text: '$(debug-pause) main paused · 8.4k tok · $0.02',
      amber: false,
      ticking: false,
    });
  });
});
