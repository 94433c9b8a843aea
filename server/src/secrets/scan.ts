/** Finds secrets in text, and masks them. Linear in the text: see rules.ts. Pure. */
import { hash } from 'node:crypto';
import { maskedByAgent, maskedOpening, privateKeyChars, rules } from './rules';
import type { SecretRule } from './rules';
import { maySecret } from './signs';

/** A secret as evidence: what it is, and by what it is known again, which is too little to guess it by. */
export interface Secret {
  readonly rule: string;
  /** 8 hex digits. */
  readonly hash: string;
}

export interface SecretPlace extends Secret {
  readonly start: number;
  readonly end: number;
}

interface Tried {
  readonly rule: SecretRule;
  readonly opening: RegExp;
  readonly pattern: RegExp;
}
const tried: readonly Tried[] = rules.map((rule) => ({
  rule,
  opening: new RegExp(`^(?:${rule.opening})`),
  pattern: new RegExp(`(?:${rule.opening})${rule.rest}`, 'dy'),
}));
/** Rules by the first few characters of what opens them; there are as many as there are openings. */
const byOpening = new Map<string, readonly Tried[]>();
const openingChars = 4;

function openedBy(opened: string): readonly Tried[] {
  const key = opened.slice(0, openingChars);
  let same = byOpening.get(key);
  if (same === undefined) byOpening.set(key, (same = tried.filter(({ opening }) => opening.test(opened))));
  return same;
}

/** Wherever a rule is tried. */
const openings = new RegExp(rules.map(({ opening }) => `(?:${opening})`).join('|'), 'g');

export function findSecrets(text: string): readonly SecretPlace[] {
  return maySecret(text) ? findTrying(text) : [];
}

/** The same without asking first whether there may be one. */
export function findTrying(text: string): readonly SecretPlace[] {
  const found: SecretPlace[] = [];
  openings.lastIndex = 0;
  for (let opening = openings.exec(text); opening !== null; opening = openings.exec(text)) {
    const place = secretAt(text, opening);
    if (place !== null && place.start >= (found.at(-1)?.end ?? 0)) found.push(place);
    openings.lastIndex = Math.max(place?.end ?? 0, opening.index + 1);
  }
  return found;
}

function secretAt(text: string, { index: at, 0: opened }: RegExpExecArray): SecretPlace | null {
  for (const { rule, pattern } of openedBy(opened)) {
    if (rule.random && follows(text, at, rule)) continue;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) continue;
    const [start, end] = placeOf(text, rule, match);
    const secret = text.slice(start, end);
    if (rule.random && !looksRandom(secret)) continue;
    if (rule.id === maskedByAgent && !maskedOpening.test(text.slice(Math.max(0, start - 1), at))) continue;
    return { rule: rule.id, hash: hash('sha256', secret, 'hex').slice(0, 8), start, end };
  }
  return null;
}

function placeOf(text: string, rule: SecretRule, match: RegExpExecArray): readonly [start: number, end: number] {
  const end = match.index + match[0].length;
  if (rule.id === maskedByAgent) return [Math.max(0, match.index - keptStart), end];
  if (rule.id === 'private-key') return [match.index, keyEnd(text, end)];
  return match.indices?.groups?.['secret'] ?? [match.index, end];
}

/** Characters of a secret that OpenClaw leaves before its ellipsis. */
const keptStart = 6;

/** No word goes on behind these, though they end with a letter or digit: escapes of JSON within text and of addresses, colours. */
const escapeBefore = new RegExp(`(?:\\\\(?:[bfnrt]|u[0-9A-Fa-f]{4})|%[0-9A-Fa-f]{2}|${String.fromCharCode(27)}\\[[\\d;]{0,16}m)$`);
const escapeChars = 20;

/** An opening in the middle of a word opens nothing. What may hold `-` and `.` itself begins at none, or a row of them cost too much. */
function follows(text: string, at: number, rule: SecretRule): boolean {
  const before = text[at - 1];
  if (before === undefined || !(rule.id === 'jwt' ? /[A-Za-z0-9_.-]/ : /[A-Za-z0-9]/).test(before)) return false;
  return !escapeBefore.test(text.slice(Math.max(0, at - escapeChars), at));
}

/** With its last line, if there is one near. */
function keyEnd(text: string, from: number): number {
  const within = text.slice(from, from + privateKeyChars);
  const last = /-----END [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----/.exec(within);
  if (last !== null) return from + last.index + last[0].length;
  return from + (/[^A-Za-z0-9+/=\s\\,:…-]/.exec(within)?.index ?? within.length);
}

const placeholder = /example|placeholder|your|dummy|changeme|xxxx|0000000|1234567|abcdef|\.\.\./i;

/** Neither a word nor what documents put in its place. */
function looksRandom(text: string): boolean {
  return /\d/.test(text) && /[A-Za-z]/.test(text) && new Set(text).size >= 10 && !placeholder.test(text);
}

export function mask(text: string, places: readonly SecretPlace[] = findSecrets(text)): string {
  let masked = '';
  let from = 0;
  for (const { start, end, rule, hash: digits } of places) {
    masked += `${text.slice(from, start)}[masked ${rule} ${digits}]`;
    from = end;
  }
  return from === 0 ? text : masked + text.slice(from);
}
