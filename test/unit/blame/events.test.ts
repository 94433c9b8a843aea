// What a call did to a file, as its arguments and its result tell, in the shapes of both storage eras and in those nobody writes.
import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../../server/src/locate/blame/events';
import type { CallText } from '../../../server/src/locate/blame/events';
import { blamedLines } from '../../../server/src/locate/blame/lines';
import { hunksOf } from '../../../server/src/locate/blame/patches';
import type { Span, SpanStatus } from '../../../server/src/protocol/document';

const workspace = '/sandbox/.openclaw/workspace';
const file = `${workspace}/src/a.py`;

function events(name: string, args: unknown, more: Partial<CallText> & { readonly status?: SpanStatus; readonly path?: string } = {}) {
  const { status = 'ok', path = file, ...texts } = more;
  const span = { kind: 'execute_tool', status, attributes: { 'gen_ai.tool.name': name } } as unknown as Span;
  return eventsOf(span, { args, result: null, patch: null, ...texts }, path, workspace);
}
const kinds = (...of: Parameters<typeof events>): readonly string[] => events(...of).map(({ kind }) => kind);

describe('a call and a file', () => {
  it('knows writes and edits by all their names', () => {
    expect(events('write', { path: 'src/a.py', content: '\ufeffa\r\nb\r' })).toEqual([
      { kind: 'write', lines: ['a', 'b', ''], patch: null },
    ]);
    for (const args of [
      { path: 'src/a.py', edits: [{ oldText: 'a', newText: 'b' }] },
      { file_path: file, old_string: 'a', new_string: 'b' },
      { filePath: './src/../src/a.py', oldText: 'a', newText: 'b' },
    ])
      expect(events('edit', args)).toEqual([{ kind: 'edit', edits: [{ oldText: 'a', newText: 'b' }], patch: null }]);
  });

  it('takes nothing of another file, and nothing of a call that did nothing', () => {
    expect(kinds('write', { path: 'src/b.py', content: 'x' })).toEqual([]);
    expect(kinds('edit', { path: 'src/a.py', edits: [] }, { status: 'error' })).toEqual([]);
    expect(kinds('exec', { command: 'sed -i s/a/b/ src/a.py' })).toEqual([]);
  });

  it("takes for possible what was cut off or can't be understood", () => {
    for (const status of ['aborted', 'running', 'unknown'] as const)
      expect(kinds('write', { path: 'src/a.py', content: 'x' }, { status })).toEqual(['maybe']);
    for (const args of [
      { path: 'src/a.py' },
      { path: 'src/a.py', edits: [null, 7] },
      { path: 'src/a.py', edits: [{ oldText: '', newText: 'x' }] },
    ])
      expect(kinds('edit', args)).toEqual(['maybe']);
    expect(kinds('apply_patch', { input: 'nonsense' })).toEqual(['maybe']);
    expect(kinds('write', null)).toEqual([]);
  });

  it('knows the files of a patch, and where one moved', () => {
    const input = [
      '*** Begin Patch',
      '*** Add File: src/new.py',
      '+one',
      '+',
      '*** Update File: src/a.py',
      '*** Move to: src/b.py',
      '@@ def a():',
      ' same',
      '-old',
      '+new',
      '*** End of File',
      '*** Delete File: src/gone.py',
      '*** End Patch',
    ].join('\n');
    const of = (path: string) => events('apply_patch', { input }, { path: `${workspace}/${path}` });
    expect(of('src/new.py')).toEqual([{ kind: 'write', lines: ['one', '', ''], patch: null }]);
    expect(of('src/gone.py')).toEqual([{ kind: 'delete' }]);
    expect(of('src/a.py')).toEqual([{ kind: 'delete' }]);
    const newLines = [
      { text: 'same', added: false },
      { text: 'new', added: true },
    ];
    expect(of('src/b.py')).toEqual([
      { kind: 'moved', from: file },
      { kind: 'update', chunks: [{ context: 'def a():', oldLines: ['same', 'old'], newLines, atEnd: true }] },
    ]);
    // One that failed may have done half of it.
    expect(kinds('apply_patch', { input }, { status: 'error' })).toEqual(['maybe']);
  });

  it('knows how much of a file a reading showed', () => {
    const read = (args: object, result: string) => events('read', { path: 'src/a.py', ...args }, { result });
    expect(read({}, 'a\nb\n')).toEqual([{ kind: 'seen', start: 0, lines: ['a', 'b', ''], end: true }]);
    expect(read({ offset: 3, limit: 2 }, 'c\nd\n\n[2 more lines in file. Use offset=5 to continue.]')).toEqual([
      { kind: 'seen', start: 2, lines: ['c', 'd'], end: false },
    ]);
    expect(read({}, 'a\n\n[Showing lines 1-1 of 9 (50KB limit). Use offset=2 to continue.]')).toEqual([
      { kind: 'seen', start: 0, lines: ['a'], end: false },
    ]);
    expect(read({}, '[Line 1 is 60KB, exceeds 50KB limit. Use exec]')).toEqual([]);
    expect(read({ cursor: 'x' }, 'a')).toEqual([]);
    expect(events('read', { path: 'src/a.py' }, { result: 'no such file', status: 'error' })).toEqual([]);
  });

  it('knows a notice at the end of a reading, however the text is made to be slow to look through', () => {
    const end = (result: string) => events('read', { path: 'src/a.py' }, { result }).map((event) => event.kind === 'seen' && event.end);
    const many = 'limit'.repeat(200_000);
    expect(end(`[${many}`)).toEqual([true]);
    expect(end(`[${many}]`)).toEqual([]);
    expect(end(`[${many}] \n `)).toEqual([]);
    expect(end(`a\n\n[${many}`)).toEqual([true]);
    expect(end(`a\n\n[${many}]\nb`)).toEqual([true]);
    expect(end(`a\n\n[${many}] b]`)).toEqual([true]);
    expect(end(`a\n\n[${many}]\n`)).toEqual([false]);
    expect(end('\n\n[limit'.repeat(200_000))).toEqual([true]);
    expect(end(`a\n\n[limit]${' '.repeat(400_000)}b`)).toEqual([true]);
    expect(end(']')).toEqual([true]);
  });

  it('takes no place in a file that no file which is blamed has', () => {
    const read = (offset: number) => kinds('read', { path: 'src/a.py', offset }, { result: 'a\nb' });
    expect(read(blamedLines)).toEqual(['seen']);
    for (const offset of [blamedLines + 1, 2e7, 2e9, 1.5]) expect(read(offset)).toEqual([]);
    const hunk = (start: number) => `--- a\n+++ a\n@@ -${start},1 +${start},1 @@\n-a\n+b\n`;
    expect(hunksOf(hunk(blamedLines))).toHaveLength(1);
    for (const start of [blamedLines + 1, 2e7, 2e9]) expect(hunksOf(hunk(start))).toBeNull();
  });
});
