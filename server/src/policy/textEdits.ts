/** Changes of a policy file as insertions into its text, so that every comment and every other line stays as it is. */
import { isMap, isSeq } from 'yaml';
import type { ParsedNode, YAMLMap, YAMLSeq } from 'yaml';
import { contentEnd } from './parsePolicy';
import type { ParsedPolicy } from './parsePolicy';

/** By offsets into the text. */
export interface OffsetEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Null where the file is written in a way that a line can't simply be added to. */
export type MaybeEdits = readonly OffsetEdit[] | null;

/** A new rule at the end of the map of rules; `lines` are indented by the file's own step, in units of one. */
export function addRule({ text, yaml }: ParsedPolicy, lines: (step: number) => readonly string[]): MaybeEdits {
  const root: unknown = yaml.contents;
  if (!isMap(root) || root.flow === true) return null;
  const map = root as YAMLMap.Parsed;
  const [firstOfRoot] = map.items;
  const pair = map.items.find(({ key }) => 'value' in key && key.value === 'network_policies');
  if (pair === undefined) {
    const column = firstOfRoot === undefined ? 0 : columnOf(text, firstOfRoot.key);
    if (column === null) return null;
    return [insertAfter(text, contentEnd(map), indented(['network_policies:', ...indentedBy(lines(2), 2)], column))];
  }
  const value: ParsedNode | null = pair.value;
  const keyColumn = columnOf(text, pair.key);
  if (keyColumn === null) return null;
  if (value === null || value.range[0] === value.range[1]) return [insertAfter(text, pair.key.range[1], indented(lines(2), keyColumn + 2))];
  if (!isMap(value)) return null;
  const rules = value as YAMLMap.Parsed;
  const [first] = rules.items;
  if (first === undefined) {
    const [start, end] = value.range;
    if (text.slice(start, end).includes('\n')) return null;
    return [{ start, end, text: '' }, insertAfter(text, end, indented(lines(2), keyColumn + 2))];
  }
  if (rules.flow === true) return null;
  const column = columnOf(text, first.key);
  if (column === null) return null;
  const inner: unknown = first.value;
  const innerColumn =
    isMap(inner) && inner.flow !== true && inner.items[0] !== undefined
      ? columnOf(text, (inner as YAMLMap.Parsed).items[0]?.key ?? null)
      : null;
  const step = innerColumn === null ? 2 : Math.min(8, Math.max(1, innerColumn - column));
  return [insertAfter(text, contentEnd(rules), indented(lines(step), column))];
}

/** One more item at the end of a list, which has some; `item` is written in one line. */
export function addItem({ text }: ParsedPolicy, list: ParsedNode | null, item: string): MaybeEdits {
  if (!isSeq(list)) return null;
  const seq = list as YAMLSeq.Parsed;
  const last = seq.items.at(-1);
  if (last === undefined) return null;
  const end = contentEnd(last);
  if (seq.flow === true) return [{ start: end, end, text: `, ${item.startsWith('{') ? item : `{ ${item} }`}` }];
  const first = seq.items[0];
  const dash = first === undefined ? -1 : text.lastIndexOf('-', first.range[0] - 1);
  const line = text.slice(text.lastIndexOf('\n', dash) + 1, dash);
  if (dash < 0 || line.trim() !== '' || text.slice(dash + 1, first?.range[0]).trim() !== '') return null;
  return [insertAfter(text, end, [`${line}- ${item}`])];
}

export function applied(text: string, edits: readonly OffsetEdit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((now, edit) => now.slice(0, edit.start) + edit.text + now.slice(edit.end), text);
}

/** Where a key stands in its line; null: something else stands before it there. */
function columnOf(text: string, node: ParsedNode | null): number | null {
  if (node === null) return null;
  const before = text.slice(text.lastIndexOf('\n', node.range[0] - 1) + 1, node.range[0]);
  return /^ *$/.test(before) ? before.length : null;
}

/** New lines below the one that holds this offset. */
function insertAfter(text: string, offset: number, lines: readonly string[]): OffsetEdit {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  // The end of a block scalar is the beginning of the next line.
  const from = text[offset - 1] === '\n' ? offset - 1 : offset;
  const next = text.indexOf('\n', from);
  const at = next < 0 ? text.length : text[next - 1] === '\r' ? next - 1 : next;
  return { start: at, end: at, text: lines.map((line) => `${eol}${line}`).join('') };
}

function indented(lines: readonly string[], column: number): readonly string[] {
  return indentedBy(lines, column);
}

function indentedBy(lines: readonly string[], columns: number): readonly string[] {
  return lines.map((line) => `${' '.repeat(columns)}${line}`);
}
