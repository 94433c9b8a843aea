// What a hover and the words beside a line are made of: all that a trace names is text and nothing else.
import { describe, expect, it } from 'vitest';
import { commandLink, gutterText, gutterWidth, hoverText, runAt, timeText } from '../../../client/src/editor/blameText';
import type { HoverContext } from '../../../client/src/editor/blameText';
import { gitText, parseGitBlame } from '../../../client/src/editor/gitBlameText';
import type { Translate } from '../../../client/src/format';
import type { BlamedCall, FileBlame, LineAuthor } from '../../../server/src/protocol/messages';

const t: Translate = (message, ...args) => message.replace(/\{(\d+)\}/g, (_, at) => String(args[Number(at)]));
const bare: HoverContext = { thought: null, git: null, links: null, all: false, flatRate: false };
const hostile =
  '[x](command:sandglass.stopSandbox) $(flame) <img src=x onerror=alert(1)> `tick` **b**\n\n# h \u202e\u0000 https://evil.example';

const call: BlamedCall = {
  sourceId: 's',
  sessionId: 'session',
  spanId: 'a',
  label: 'edit: a',
  status: 'ok',
  time: '2026-11-21T10:00:00.000Z',
  tool: 'edit',
  session: 'Fix the cart',
  agent: 'main',
  turn: 3,
  model: 'a-model',
  messageId: 'm',
  cost: { usd: 0.02, basis: 'priced', source: 'A seller a-model, from a list', date: '2026-09-23', reason: null },
  outside: false,
};

function blameOf(by: LineAuthor, calls: readonly BlamedCall[] = [call]): FileBlame {
  return { sourceId: 's', sandboxPath: '/a', lines: [{ startLine: 0, endLine: 2, by }], calls, exact: true, older: 0 };
}
function told(by: LineAuthor, context: Partial<HoverContext> = {}, calls?: readonly BlamedCall[]): string | null {
  const blame = blameOf(by, calls);
  return hoverText(blame, runAt(blame, 1)!, { ...bare, ...context }, t);
}

describe('the hover of a line', () => {
  it('names session, turn, model, cost with its basis, thought, commit and links', () => {
    const text = told(
      { kind: 'call', call: 0, rewrote: false },
      { thought: { kind: 'thought', text: 'First this.' }, git: 'GIT', links: 'LINKS' },
    );
    expect(text).toMatch(/\*\*edit\*\* · .* · a\\-model/);
    expect(text).toContain('Session “Fix the cart”, turn 3, agent main');
    expect(text).toContain('LLM call: \\$0\\.02 list price · A seller a\\-model\\, from a list\\, as of 2026\\-09\\-23');
    expect(text).toContain('```text\nFirst this.\n```');
    expect(text).toMatch(/GIT\n\nLINKS$/);
  });

  it('says what is not known', () => {
    const none = { ...call, model: null, cost: null, time: null, turn: null };
    const text = told({ kind: 'call', call: 0, rewrote: true }, {}, [{ ...none, outside: true }]);
    for (const words of [
      'model not observed',
      'time not observed',
      'LLM call: not recorded, so there is no cost',
      'what stood there before was not observed',
      'outside the workspace',
    ])
      expect(text).toContain(words);
    expect(told({ kind: 'person', after: 0 })).toMatch(/Changed by a person.*after edit at/);
    expect(told({ kind: 'changed', after: 0, before: null })).toMatch(/Not observed.*a person or a command, after edit at/);
    expect(told({ kind: 'changed', after: null, before: 0 })).toMatch(/before edit at .* saw it/);
  });

  it('says why there is no price, and what else each call is paid by', () => {
    const of = (cost: BlamedCall['cost'], flatRate = false): string | undefined =>
      told({ kind: 'call', call: 0, rewrote: false }, { flatRate }, [{ ...call, cost }])
        ?.split('\n\n')
        .find((line) => line.startsWith('LLM call'));
    expect(of({ usd: null, basis: 'unknown', source: null, date: null, reason: 'free-trial' })).toMatch(
      /no price · The list has it at zero/,
    );
    expect(of({ usd: null, basis: 'unknown', source: null, date: null, reason: null })).toBe('LLM call: no price');
    expect(of({ usd: 0, basis: 'local', source: 'runs on own hardware', date: null, reason: null }, true)).toBe(
      'LLM call: \\$0 own hardware · runs on own hardware',
    );
    expect(of(call.cost, true)).toContain('\\$0\\.02 API equivalent\\, list price');
  });

  it("is silent on lines that are nobody's, but where all are asked for", () => {
    for (const by of [{ kind: 'found', call: 0 }, { kind: 'unsure' }, { kind: 'unknown' }] as const) {
      expect(told(by)).toBeNull();
      expect(told(by, { all: true })).toMatch(/Not (observed|certain)/);
    }
  });

  it('holds no link, icon, image or control character of a trace', () => {
    const bad: BlamedCall = {
      ...call,
      tool: hostile,
      session: hostile,
      agent: hostile,
      model: hostile,
      cost: { usd: 1, basis: 'user', source: hostile, date: hostile, reason: null },
    };
    const fence = '````\n```\n[y](command:z)';
    const text = told({ kind: 'call', call: 0, rewrote: false }, { thought: { kind: 'said', text: `${fence}${hostile}` } }, [bad]) ?? '';
    const [before = '', block = ''] = text.split('Said before it:');
    expect(before).not.toMatch(/(?<!\\)\]\(|(?<!\\)<|\$\(flame|(?<!\\)`|\u202e|\u0000/);
    const opened = /^(`{3,})text\n/m.exec(block)?.[1] ?? '';
    expect(opened.length).toBeGreaterThan(4);
    expect(block.trimEnd().endsWith(`\n${opened}`)).toBe(true);
    expect(block).not.toMatch(/\u202e|\u0000/);
  });

  it('has links that no id can end', () => {
    const link = commandLink('sandglass.openCall', { sourceId: hostile, spanId: ") [x](command:y) <a>'*!" }, 'Open');
    expect(link).toMatch(/^\[Open\]\(command:sandglass\.openCall\?[\w%.~-]+\)$/);
    expect(JSON.parse(decodeURIComponent(/\?(.*)\)$/.exec(link)?.[1] ?? ''))).toEqual([
      { sourceId: hostile, spanId: ") [x](command:y) <a>'*!" },
    ]);
  });

  it('shows the beginning of a long thought', () => {
    const text = told({ kind: 'call', call: 0, rewrote: false }, { thought: { kind: 'thought', text: 'line\n'.repeat(500) } });
    expect((text ?? '').split('\n').length).toBeLessThan(20);
  });
});

describe('the words beside a line', () => {
  it('fit, and are plain', () => {
    const { kind, text } = gutterText(
      blameOf({ kind: 'call', call: 0, rewrote: false }, [{ ...call, session: hostile }]),
      blameOf({ kind: 'call', call: 0, rewrote: false }).lines[0]!,
      t,
    );
    expect(kind).toBe('agent');
    expect(text.length).toBeLessThanOrEqual(gutterWidth);
    expect(text).toMatch(/^\d\d:\d\d edit /);
    expect(text).not.toMatch(/[\u0000-\u001f\u202e]/);
  });

  it('find the run of any line', () => {
    const blame: FileBlame = {
      ...blameOf({ kind: 'unknown' }),
      lines: [0, 3, 4, 9].map((at, i, all) => ({ startLine: at, endLine: (all[i + 1] ?? 12) - 1, by: { kind: 'unknown' } })),
    };
    expect([0, 2, 3, 8, 11, 12].map((line) => runAt(blame, line)?.startLine)).toEqual([0, 0, 3, 4, 9, undefined]);
  });

  it('tell the day where it is another one', () => {
    const now = new Date('2026-11-21T12:00:00');
    expect(timeText('2026-11-21T10:05:00', now)).toBe('10:05');
    expect(timeText('2026-11-20T10:05:00', now)).toBe('2026-11-20 10:05');
    expect(timeText('no time', now)).toBeNull();
  });
});

describe('git blame', () => {
  it('is read line by line, boundary, other files and odd names too', () => {
    const printed = [
      '^abcdef0 (A. Person            2026-01-02 03:04:05 +0100  1) first',
      '0123456789 old/path.py (Name (with) 2026 parens 2026-01-02 03:04:05 -0800 12) x (y 2020-01-01 00:00:00 +0000 3)',
      '00000000 (Not Committed Yet 2026-01-02 03:04:05 +0000 13) z',
      'nothing of it',
    ].join('\n');
    expect(parseGitBlame(printed)).toEqual([
      { hash: 'abcdef0', author: 'A. Person', date: '2026-01-02 03:04' },
      { hash: '0123456789', author: 'Name (with) 2026 parens', date: '2026-01-02 03:04' },
      { hash: '00000000', author: 'Not Committed Yet', date: '2026-01-02 03:04' },
      { hash: '', author: '', date: '' },
    ]);
  });

  it('takes the name for the author, not a path with parentheses', () => {
    const authors = (printed: string): readonly string[] => parseGitBlame(printed).map(({ author }) => author);
    const when = '2024-01-02 03:04:05 +0000 1) x';
    expect(authors(`abcdef12 app/(shop)/page.tsx (Ann Lee ${when}`)).toEqual(['Ann Lee']);
    expect(authors(`abcdef12 (shop)/page.tsx     (Ann (Lee)   ${when}`)).toEqual(['Ann (Lee)']);
    expect(authors(`abcdef12 page.tsx Ann) ${when}`)).toEqual(['']);
  });

  it('is read in bounds however a line is made', () => {
    const line = `abcdef12 ${'('.repeat(400)}${' '.repeat(580)}`;
    const printed = Array.from({ length: 20_000 }, () => line).join('\n');
    expect(parseGitBlame(printed).every(({ hash }) => hash === '')).toBe(true);
  });

  it('is told with its subject, escaped; and that there is none', () => {
    const text = gitText({ kind: 'commit', hash: '0123456789', author: hostile, date: '2026-01-02 03:04', subject: hostile }, t) ?? '';
    expect(text).toContain('`01234567`');
    expect(text.replace('`01234567`', '')).not.toMatch(/(?<!\\)\]\(|(?<!\\)<|\$\(|(?<!\\)`/);
    expect(gitText({ kind: 'outside' }, t)).toContain('no repository');
    expect(gitText({ kind: 'not-committed' }, t)).toContain('not committed');
    expect(gitText({ kind: 'none' }, t)).toBeNull();
  });
});
