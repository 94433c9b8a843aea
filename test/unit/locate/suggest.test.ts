// The assistant for mappings: what counts as the same file, how directories are told from files, and what is never chosen.
import { describe, expect, it } from 'vitest';
import { suggestMappings } from '../../../server/src/locate/suggest';
import type { ComparedFile } from '../../../server/src/locate/suggest';
import { compareFile, knownVersions } from '../../../server/src/locate/suggestMatch';
import type { Comparison } from '../../../server/src/locate/suggestMatch';

const lines = (count: number, of = 'value'): readonly string[] =>
  [...Array(count).keys()].map((n) => `const ${of}${n} = compute("${of} ${n}");`);
const edited = (from: readonly string[], every: number): readonly string[] =>
  from.map((line, i) => (i % every === 0 ? `// changed ${i}` : line));

describe('a file of a sandbox and one of the workspace', () => {
  const last = lines(20);
  const before = edited(last, 4);
  it.each<[string, readonly (readonly string[])[], readonly string[], Comparison]>([
    ['as it is now', [last, before], last, 'identical'],
    ['but for the final line break', [[...last, '']], last, 'identical'],
    ['as it was before later calls', [last, before], before, 'earlier'],
    ['with an edit of a person', [last], edited(last, 10), 'edited'],
    ['with half of it another', [last], edited(last, 2), 'nothing'],
    ['another file', [last], lines(20, 'other'), 'different'],
    ['nothing known of it', [], last, 'nothing'],
  ])('%s', (_, versions, here, expected) => {
    expect(compareFile(knownVersions('cart.py', versions), here)).toBe(expected);
  });

  it('says nothing where it is empty, tiny, or the same everywhere', () => {
    for (const said of [[], [''], ['x = 1', ''], ['}', '{', '}'], ['import os', 'import re', 'import sys']])
      expect(compareFile(knownVersions('a.py', [said]), said)).toBe('nothing');
    for (const name of ['LICENSE', 'LICENSE.md', '__init__.py', 'AGENTS.md', 'SOUL.md', '.gitignore', 'tsconfig.json'])
      expect(compareFile(knownVersions(name, [last]), last), name).toBe('nothing');
    // But that it is another one there is told of these too.
    expect(compareFile(knownVersions('AGENTS.md', [last]), lines(20, 'other'))).toBe('different');
  });

  it('is not the same for having many lines that are the same in itself', () => {
    const said = Array<string>(400).fill('    return null;');
    expect(compareFile(knownVersions('a.py', [said]), said)).toBe('nothing');
  });
});

const folder = '/home/me/code';
const pair = (sandboxPath: string, way: string, comparison: Comparison = 'identical', source = 1): ComparedFile => ({
  source,
  sandboxPath,
  folder,
  way,
  comparison,
});
const work = '/sandbox/.openclaw/workspace';
const around = (projects: readonly string[] = ['']) => ({
  isProject: (_: string, way: string) => projects.includes(way),
  homes: new Set([work]),
});
const told = (files: readonly ComparedFile[], projects?: readonly string[]) =>
  suggestMappings(files, around(projects)).map(({ sandbox, way, confidence, matches }) => [sandbox, way, confidence, matches.length]);

describe('directories told from files', () => {
  it('are those above what the paths have in common', () => {
    const files = ['src/a.py', 'src/b.py', 'tests/c.py'].map((way) => pair(`${work}/project/${way}`, way));
    expect(told(files)).toEqual([[`${work}/project`, '', 'sure', 3]]);
  });

  it('begin where the project begins, and not over what is another file', () => {
    const files = ['src/a.py', 'src/b.py'].map((way) => pair(`${work}/shop/${way}`, `shop/${way}`));
    expect(told(files, ['', 'shop'])).toEqual([[`${work}/shop`, 'shop', 'sure', 2]]);
    // Where an agent works, its own files lie: only what it works on is mapped.
    expect(told(files, [''])).toEqual([[`${work}/shop`, 'shop', 'sure', 2]]);
    const other = pair(`${work}/shop/README.md`, 'shop/README.md', 'different');
    expect(told([...files, other], ['', 'shop'])).toEqual([[`${work}/shop/src`, 'shop/src', 'sure', 2]]);
  });

  it('are none in which everything lies', () => {
    expect(told([pair('/sandbox/a.py', 'a.py'), pair('/tmp/b.py', 'b.py'), pair('/c.py', 'c.py')])).toEqual([]);
    expect(told([pair('/sandbox/src/a.py', 'src/a.py'), pair('/sandbox/src/b.py', 'src/b.py')])).toEqual([
      ['/sandbox/src', 'src', 'sure', 2],
    ]);
  });

  it('are none by name alone, by one that is only alike, or where most are others', () => {
    expect(told([pair(`${work}/p/a.py`, 'a.py', 'nothing'), pair(`${work}/p/b.py`, 'b.py', 'different')])).toEqual([]);
    expect(told([pair(`${work}/p/a.py`, 'a.py', 'edited')])).toEqual([]);
    const others = ['b', 'c', 'd'].map((name) => pair(`${work}/p/${name}.py`, `${name}.py`, 'different'));
    expect(told([pair(`${work}/p/a.py`, 'a.py'), ...others])).toEqual([]);
  });

  it('are only likely by one file', () => {
    expect(told([pair(`${work}/p/src/a.py`, 'src/a.py')])).toEqual([[`${work}/p`, '', 'likely', 1]]);
  });

  it('are ambiguous where two places match alike, in either order', () => {
    const files = ['a.py', 'b.py', 'c.py'].flatMap((name) => [
      pair(`${work}/p/${name}`, `one/${name}`),
      pair(`${work}/p/${name}`, `two/${name}`),
    ]);
    for (const order of [files, [...files].reverse()]) {
      const found = suggestMappings(order, around(['', 'one', 'two']));
      expect(found.map(({ way, confidence }) => [way, confidence]).sort()).toEqual([
        ['one', 'ambiguous'],
        ['two', 'ambiguous'],
      ]);
      expect(found[0]?.rivals.map(({ way }) => way)).toEqual([found[1]?.way]);
    }
  });

  it('are not put in doubt by one stray copy', () => {
    const files = ['a.py', 'b.py', 'c.py', 'd.py'].map((name) => pair(`${work}/p/src/${name}`, `src/${name}`));
    const [first] = suggestMappings([...files, pair(`${work}/p/src/a.py`, 'old/a.py')], around());
    expect(first).toMatchObject({ sandbox: `${work}/p`, way: '', confidence: 'sure' });
  });

  it('are ambiguous where two of one sandbox would come to lie in the same place', () => {
    const files = ['src/a.py', 'src/b.py'].flatMap((way) => [pair(`${work}/p/${way}`, way), pair(`/tmp/copy/${way}`, way)]);
    expect(told(files).map(([, , confidence]) => confidence)).toEqual(['ambiguous', 'ambiguous']);
    // In two sandboxes it is no wonder.
    const apart = ['src/a.py', 'src/b.py'].flatMap((way) => [pair(`${work}/p/${way}`, way), pair(`/tmp/copy/${way}`, way, 'identical', 2)]);
    expect(told(apart).map(([, , confidence]) => confidence)).toEqual(['sure', 'sure']);
  });

  it('are bounded, whatever the paths', () => {
    const many = [...Array(2000).keys()].map((n) => pair(`/sandbox/x${n}/deep/${'d/'.repeat(40)}a.py`, `y${n}/a.py`));
    const found = suggestMappings(many, around());
    expect(found.length).toBe(12);
    for (const { rivals } of found) expect(rivals.length).toBeLessThanOrEqual(4);
  });
});
