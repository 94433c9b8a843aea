/**
 * One more entry in the text of a suppressions file: after the last one, in its indentation, with every other character as it was.
 * What came of it is read as the file will be: unless it holds one entry more, the one that was wanted, nothing is changed.
 */
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { YAMLMap } from 'yaml';
import { assertNever } from '../model/assertNever';
import type { NoSuppression } from '../protocol/suppressions';
import { matches, parseSuppressions, suppressionsBytes, suppressionsListed } from './suppressions';
import type { FoundIn, Suppression } from './suppressions';
import type { Finding } from '../protocol/document';

export interface NewEntry {
  readonly code: string;
  readonly session: string;
  readonly span: string | null;
  readonly contains: string | null;
  readonly reason: string;
}

export interface TextInsert {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export type NewSuppression =
  | { readonly kind: 'change'; readonly edits: readonly TextInsert[] }
  | { readonly kind: 'none'; readonly why: Extract<NoSuppression, 'not-yaml' | 'style' | 'too-large'> };

type Settled = Pick<Finding, 'code' | 'message' | 'spanIds'>;

/** The entry that holds for this finding; for no other of the session as far as its text can tell them apart. */
export function entryFor(finding: Settled, others: readonly Settled[], session: string, reason: string): NewEntry {
  const entry = { code: finding.code, session, span: finding.spanIds[0] ?? null, contains: null, reason };
  const alike = others.filter((other) => other.code === entry.code && (entry.span === null || other.spanIds.includes(entry.span)));
  if (alike.length === 0) return entry;
  // Of a secret the message tells the beginning of its hash.
  const words = [...finding.message.matchAll(/\b[0-9a-f]{8}\b/g)].map(([hash]) => hash);
  const contains = words.find((word) => alike.every(({ message }) => !message.includes(word))) ?? finding.message;
  return { ...entry, contains };
}

export function newSuppression(text: string, entry: NewEntry, finding: Settled, of: FoundIn): NewSuppression {
  const before = parseSuppressions(text, [entry.code]);
  const edits = editsFor(text, entry);
  if (edits.kind === 'none') return edits;
  const changed = withInserts(text, edits.edits);
  const known = parseSuppressions(text, codesIn(text, entry.code));
  if (Buffer.byteLength(changed) > suppressionsBytes || known.suppressions.length >= suppressionsListed)
    return { kind: 'none', why: 'too-large' };
  const after = parseSuppressions(changed, [entry.code]);
  const added = after.suppressions.filter((one) => isEntry(one, entry) && matches(one, finding, of));
  const knownAdded = before.suppressions.filter((one) => isEntry(one, entry)).length;
  const good = added.length === knownAdded + 1 && after.suppressions.length === before.suppressions.length + 1;
  return good && after.problems.length <= before.problems.length ? edits : { kind: 'none', why: 'style' };
}

export function withInserts(text: string, edits: readonly TextInsert[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((all, { start, end, text: put }) => all.slice(0, start) + put + all.slice(end), text);
}

/** How many entries there are counts, whatever their codes. */
function codesIn(text: string, code: string): readonly string[] {
  return [code, ...[...text.matchAll(/\bcode:\s*["']?([\w-]+)/g)].flatMap(([, found]) => found ?? [])];
}

function isEntry(one: Suppression, { code, session, span, contains, reason }: NewEntry): boolean {
  return one.code === code && one.session === session && one.span === span && one.contains === contains && one.reason === reason;
}

function editsFor(text: string, entry: NewEntry): NewSuppression {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = (indent: number): string => linesOf(entry, ' '.repeat(indent)).join(eol);
  const whole = `suppressions:${eol}${lines(2)}${eol}`;
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false });
  if (document.errors.length > 0) return { kind: 'none', why: 'not-yaml' };
  const root = document.contents;
  // Nothing but comments: they stay above it.
  if (root === null || (isScalar(root) && root.value === null)) {
    const gap = text === '' || text.endsWith('\n') ? '' : eol;
    return { kind: 'change', edits: [{ start: text.length, end: text.length, text: `${gap}${whole}` }] };
  }
  const at = isMap(root) && root.flow !== true ? placeIn(root, text) : null;
  if (at === null) return { kind: 'none', why: 'style' };
  switch (at.kind) {
    case 'no-list': {
      const gap = text.endsWith('\n') ? '' : eol;
      return { kind: 'change', edits: [{ start: text.length, end: text.length, text: `${gap}${whole}` }] };
    }
    case 'empty': {
      const end = endOfLine(text, at.end);
      const removed = at.start === at.end ? [] : [{ start: at.start, end: at.end, text: '' }];
      return { kind: 'change', edits: [...removed, { start: end, end, text: `${eol}${lines(2)}` }] };
    }
    case 'after': {
      // What a block scalar ends with is its own line end.
      const lineEnded = text[at.offset - 1] === '\n';
      const end = lineEnded ? at.offset : endOfLine(text, at.offset);
      return { kind: 'change', edits: [{ start: end, end, text: lineEnded ? `${lines(at.indent)}${eol}` : `${eol}${lines(at.indent)}` }] };
    }
    default:
      return assertNever(at);
  }
}

type Place =
  | { readonly kind: 'no-list' }
  | { readonly kind: 'empty'; readonly start: number; readonly end: number }
  | { readonly kind: 'after'; readonly offset: number; readonly indent: number };

/** null: it is written in another way. */
function placeIn(root: YAMLMap, text: string): Place | null {
  const pair = root.items.find(({ key }) => isScalar(key) && key.value === 'suppressions');
  if (pair === undefined) return { kind: 'no-list' };
  const { key, value } = pair;
  if (isScalar(value) && value.value === null && isScalar(key)) {
    // `suppressions:` and nothing, or the word for it.
    const end = value.range?.[1] ?? 0;
    return value.source === '' ? { kind: 'empty', start: end, end } : { kind: 'empty', start: value.range?.[0] ?? end, end };
  }
  if (!isSeq(value)) return null;
  if (value.flow === true)
    return value.items.length === 0 && value.range ? { kind: 'empty', start: value.range[0], end: value.range[1] } : null;
  const start = value.range?.[0];
  const last = value.items.at(-1);
  const offset = typeof last === 'object' && last !== null && 'range' in last ? (last.range as readonly number[] | null)?.[1] : undefined;
  if (start === undefined || offset === undefined || text[start] !== '-') return null;
  return { kind: 'after', offset, indent: start - (text.lastIndexOf('\n', start) + 1) };
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  if (at < 0) return text.length;
  return text[at - 1] === '\r' ? at - 1 : at;
}

function linesOf({ code, session, span, contains, reason }: NewEntry, indent: string): readonly string[] {
  const fields = Object.entries({ session, span, contains, reason }).filter((field): field is [string, string] => field[1] !== null);
  return [`${indent}- code: ${code}`, ...fields.map(([name, value]) => `${indent}  ${name}: ${scalar(value)}`)];
}

/** Plain where it can be nothing but text; else as JSON has it, which YAML reads alike. */
function scalar(value: string): string {
  const plain =
    /^[\p{L}][\p{L}\p{N} ,.()/_-]*$/u.test(value) && !/\s$/.test(value) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return plain
    ? value
    : JSON.stringify(value).replace(
        /[\u007f-\u009f\u2028\u2029\ufeff]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
}
