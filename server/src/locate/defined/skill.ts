/** A skill's SKILL.md: the name in its front matter, and the folder that its calls are known by. */
import { Composer, isMap, isScalar, LineCounter, Parser } from 'yaml';
import { nameLimit, skillKey } from './definition';
import type { Definition } from './definition';

/** Front matter that is longer, or deeper, is not looked at: a name needs none of it. */
export const frontMatterChars = 16 * 1024;
const deepest = 256;
const top = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

/** `folder`: name of the folder that the file lies in. */
export function skillOf(text: string, folder: string): Definition {
  const key = skillKey(folder);
  return { kind: 'skill', key, ...(named(text) ?? { name: folder, range: top }) };
}

function named(text: string): Pick<Definition, 'name' | 'range'> | null {
  const begin = /^\ufeff?---[ \t]*\r?\n/.exec(text)?.[0];
  if (begin === undefined) return null;
  const head = text.slice(begin.length, begin.length + frontMatterChars);
  const end = /^---[ \t]*\r?$/m.exec(head);
  if (end === null) return null;
  const yaml = head.slice(0, end.index);
  if (nesting(yaml) > deepest) return null;
  const lines = new LineCounter();
  const [document] = [
    ...new Composer({ lineCounter: lines, logLevel: 'silent', uniqueKeys: false }).compose(new Parser(lines.addNewLine).parse(yaml)),
  ];
  if (document === undefined || document.errors.length > 0 || !isMap(document.contents)) return null;
  for (const { key, value } of document.contents.items) {
    if (!isScalar(key) || key.value !== 'name' || !isScalar(value) || typeof value.value !== 'string') continue;
    const name = value.value.trim();
    const at = value.range;
    if (name === '' || name.length > nameLimit || !at) return null;
    const place = (offset: number) => {
      const { line, col } = lines.linePos(offset);
      return { line, character: col - 1 };
    };
    return { name, range: { start: place(at[0]), end: place(at[1]) } };
  }
  return null;
}

/** More than there can be: brackets in it, and the steps its lines stand in. */
function nesting(yaml: string): number {
  let most = 0;
  for (const line of yaml.split('\n')) most = Math.max(most, line.search(/\S|$/) / 2 + (line.match(/[[{]|[-?:] /g)?.length ?? 0));
  const brackets = yaml.match(/[[{]/g)?.length ?? 0;
  return Math.max(most, brackets);
}
