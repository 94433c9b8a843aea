// Where functions and headings begin and end, and what the lens above them says.
import { describe, expect, it } from 'vitest';
import { blameLenses } from '../../../server/src/editor/blameLenses';
import { sectionsOf } from '../../../server/src/editor/outline';
import type { CallCost } from '../../../server/src/protocol/cost';
import { showCallsCommand } from '../../../server/src/protocol/messages';
import type { BlamedCall, FileBlame } from '../../../server/src/protocol/messages';

const sections = (path: string, text: string): readonly string[] =>
  sectionsOf(path, text.split('\n')).map(({ startLine, endLine }) => `${startLine + 1}-${endLine + 1}`);

describe('the outline of a file', () => {
  it.each([
    [
      'a.py',
      'import x\n\nclass A:\n    def one(self):\n        return 1\n\n    async def two(\n        self,\n    ):\n        return 2\n\nprint(A())\n',
      ['4-5', '7-10'],
    ],
    [
      'a.ts',
      'export function a(b: string): void {\n  b();\n}\n\nexport const c = async (d) => {\n  return d;\n};\n\nclass E {\n  f(g: number) {\n    if (g) {\n      h();\n    }\n  }\n}\n',
      ['1-3', '5-7', '10-14'],
    ],
    ['a.go', 'func (s *S) Do() error {\n\treturn nil\n}\n\nfunc main() {\n}\n', ['1-3', '5-6']],
    ['a.rs', 'pub fn a() -> u8 {\n    1\n}\nimpl A {\n    async fn b(&self) {\n        c()\n    }\n}\n', ['1-3', '5-7']],
    ['A.java', 'class A {\n  public static void main(String[] args) {\n    for (int i = 0; i < 1; i++) {\n    }\n  }\n}\n', ['2-5']],
    ['a.c', 'static int f(int a)\n{\n  return a;\n}\nint main(void) {\n  return f(1);\n}\n', ['5-7']],
    ['a.sh', 'set -e\nrun() {\n  echo 1\n}\nrun\n', ['2-4']],
    ['a.md', '# One\n\ntext\n\n## Two\n```\n# not one\n```\n', ['1-3', '5-8']],
    ['a.txt', 'nothing\nof it\n', []],
  ])('%s', (path, text, expected) => {
    expect(sections(path, text)).toEqual(expected);
  });

  it('takes no time over what is made to take it', () => {
    const hostile = [`${'a '.repeat(190)}(`, `${'('.repeat(390)}`, 'x'.repeat(1_000_000), `const a${': '.repeat(190)}=`];
    expect(sectionsOf('a.ts', hostile).length).toBeLessThan(3);
  });
});

const listed: CallCost = { usd: 0.02, basis: 'priced', source: 'A seller a-model', date: '2026-09-23', reason: null };

const call = (spanId: string, more: Partial<BlamedCall> = {}): BlamedCall => ({
  sourceId: 's',
  sessionId: 'session',
  spanId,
  label: 'edit: a',
  status: 'ok',
  time: '2026-11-21T10:00:00.000Z',
  tool: 'edit',
  session: 'title',
  agent: 'main',
  turn: 1,
  model: 'a-model',
  messageId: 'm',
  cost: listed,
  outside: false,
  ...more,
});

function titles(lines: FileBlame['lines'], calls: readonly BlamedCall[], ends: readonly (readonly [number, number])[]): readonly string[] {
  const blame: FileBlame = { sourceId: 's', sandboxPath: '/a', lines, calls, exact: true, older: 0 };
  const lenses = blameLenses(
    'file:///a',
    blame,
    ends.map(([startLine, endLine]) => ({ startLine, endLine })),
  );
  for (const { command } of lenses) expect(command?.command).toBe(showCallsCommand);
  return lenses.map(({ command, range }) => `${range.start.line}: ${command?.title.replace(/ · \d\d:\d\d$/, '')}`);
}

describe('the lens above a section', () => {
  const by = (n: number) => ({ kind: 'call', call: n, rewrote: false }) as const;
  it('says how much of it calls wrote, and stands above no other', () => {
    const lines: FileBlame['lines'] = [
      { startLine: 0, endLine: 3, by: by(0) },
      { startLine: 4, endLine: 4, by: { kind: 'person', after: 0 } },
      { startLine: 5, endLine: 6, by: by(1) },
      { startLine: 7, endLine: 9, by: { kind: 'found', call: 0 } },
    ];
    expect(
      titles(
        lines,
        [call('a'), call('b')],
        [
          [0, 1],
          [2, 6],
          [7, 9],
        ],
      ),
    ).toEqual([
      '0: agent wrote all 2 lines · a-model · $0.02 list price',
      '2: agent wrote 4 of 5 lines · 2 calls · 1 changed since · a-model · $0.02 list price',
    ]);
  });

  it('adds up messages, not calls, says how that is known, and never less than all of it', () => {
    const lines: FileBlame['lines'] = [
      { startLine: 0, endLine: 0, by: by(0) },
      { startLine: 1, endLine: 1, by: by(1) },
    ];
    const title = (first: CallCost | null, second: CallCost | null): string | undefined =>
      titles(lines, [call('a', { cost: first }), call('b', { messageId: 'n', model: 'b-model', cost: second })], [[0, 1]])[0];
    const unpriced: CallCost = { usd: null, basis: 'unknown', source: null, date: null, reason: 'model-unknown' };
    expect(title(listed, listed)).toMatch(/a-model and 1 more · \$0\.04 list price$/);
    expect(title(listed, { ...listed, usd: 0.05, basis: 'reported' })).toMatch(/ · \$0\.07 reported \+ list price$/);
    expect(title(listed, unpriced)).toMatch(/ · ≥ \$0\.02 list price$/);
    expect(title(listed, null)).toMatch(/ · ≥ \$0\.02 list price$/);
    expect(title(unpriced, unpriced)).toMatch(/ · no price$/);
    expect(titles(lines, [call('a'), call('b')], [[0, 1]])[0]).toMatch(/ · \$0\.02 list price$/);
  });

  it('has the source and day of the price in its tooltip', () => {
    const blame: FileBlame = {
      sourceId: 's',
      sandboxPath: '/a',
      lines: [{ startLine: 0, endLine: 0, by: by(0) }],
      calls: [call('a', { cost: { ...listed, basis: 'user', source: 'price book: $(flame)\u202e offer', date: '2026-01-01' } })],
      exact: true,
      older: 0,
    };
    const [lens] = blameLenses('file:///a', blame, [{ startLine: 0, endLine: 0 }], true);
    expect(lens?.command?.title).toContain('$0.02 API equivalent, your price');
    expect(lens?.command?.tooltip).toBe('your price: price book: $ (flame) offer, as of 2026-01-01');
  });

  it('draws no icon that a trace names', () => {
    expect(titles([{ startLine: 0, endLine: 0, by: by(0) }], [call('a', { model: '$(flame)\u202emodel' })], [[0, 0]])[0]).not.toMatch(
      /\$\(|\u202e/,
    );
  });
});
