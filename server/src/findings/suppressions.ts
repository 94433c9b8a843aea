/**
 * `.sandglass/suppressions.yaml`: findings that a person looked at and settled, each with a reason, in a file that is committed and
 * reviewed like code. What is wrong with the file is told with its line, and costs that entry alone; nothing is suppressed by guess.
 */
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node, YAMLMap } from 'yaml';
import type { Finding, Suppressed } from '../protocol/document';

export const suppressionsPath = '.sandglass/suppressions.yaml';
/** A file of a workspace may be anything, and what is made to be slow takes the longer the larger it is. */
export const suppressionsBytes = 64 * 1024;
export const suppressionsListed = 1000;
/** Mistakes that are told of a file. */
export const problemsListed = 50;
/** Whoever rewrites a history could settle that as well. */
export const neverSuppressed: ReadonlySet<string> = new Set(['history-rewritten']);
export const reasonChars = 500;

/** What a finding is of, as suppressions name it. */
export interface FoundIn {
  readonly agent: string;
  readonly session: string;
  readonly sessionKey: string | null;
}

export interface Suppression {
  readonly code: string;
  readonly reason: string;
  /** Each that is given has to hold. */
  readonly agent: string | null;
  readonly session: string | null;
  readonly sessionKey: string | null;
  /** The finding's evidence has to hold this span. */
  readonly span: string | null;
  /** The message has to hold this text: the hash of a secret, the name of a tool. */
  readonly contains: string | null;
  /** Last day on which it holds, in UTC; null: without an end. */
  readonly until: string | null;
  /** Zero-based, in the file. */
  readonly line: number;
}

/** Something a person has to put right; for the editor at its line. */
export interface SuppressionProblem {
  readonly line: number;
  readonly message: string;
}

export interface Suppressions {
  readonly suppressions: readonly Suppression[];
  readonly problems: readonly SuppressionProblem[];
}

const conditions = ['agent', 'session', 'sessionKey', 'span', 'contains', 'until'] as const;
const fields: ReadonlySet<string> = new Set(['code', 'reason', ...conditions]);

/** `codes`: those that there are. */
export function parseSuppressions(text: string, codes: readonly string[]): Suppressions {
  const { suppressions, problems } = parse(text, codes);
  return { suppressions, problems: problems.slice(0, problemsListed) };
}

function parse(text: string, codes: readonly string[]): Suppressions {
  if (Buffer.byteLength(text) > suppressionsBytes)
    return {
      suppressions: [],
      problems: [{ line: 0, message: `The file is larger than ${suppressionsBytes / 1024} KiB; none of it is used.` }],
    };
  const lines = new LineCounter();
  // Read as nodes: an alias is followed nowhere, so none makes a small file a large one.
  // The library compares each key with all others; what stands twice is told below, where it matters.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
  const lineOf = (node: Node | null | undefined): number => Math.max(0, lines.linePos(node?.range?.[0] ?? 0).line - 1);
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => ({
      line: Math.max(0, lines.linePos(pos[0]).line - 1),
      message: `This is no YAML: ${message}`,
    }));
    return { suppressions: [], problems };
  }
  const root = document.contents;
  if (root === null) return { suppressions: [], problems: [] };
  const list = isMap(root) ? root.get('suppressions', true) : null;
  if (!isMap(root) || !isSeq(list))
    return { suppressions: [], problems: [{ line: lineOf(root), message: 'A list under the key "suppressions" is expected.' }] };

  const suppressions: Suppression[] = [];
  const problems: SuppressionProblem[] = [];
  let lists = 0;
  for (const { key } of root.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (name !== 'suppressions')
      problems.push({ line: lineOf(key as Node), message: `"${name}" means nothing here; only "suppressions" does.` });
    else if (++lists > 1)
      problems.push({ line: lineOf(key as Node), message: '"suppressions" stands here already; only the first is used.' });
  }
  for (const [index, item] of list.items.entries()) {
    const line = lineOf(item as Node);
    if (index >= suppressionsListed) {
      problems.push({ line, message: `Only the first ${suppressionsListed} suppressions are used.` });
      break;
    }
    const wrong = (message: string, at: Node | null = null): void => void problems.push({ line: at === null ? line : lineOf(at), message });
    const made = isMap(item) ? suppressionOf(item, line, codes, wrong) : null;
    if (!isMap(item)) wrong('A suppression has a "code" and a "reason", as "key: value".');
    if (made !== null) suppressions.push(made);
  }
  return { suppressions, problems };
}

type Wrong = (message: string, at?: Node) => void;

function suppressionOf(item: YAMLMap, line: number, codes: readonly string[], wrong: Wrong): Suppression | null {
  const values = new Map<string, string>();
  let good = true;
  const bad: Wrong = (message, at) => {
    good = false;
    wrong(message, at);
  };
  for (const { key, value } of item.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (!fields.has(name)) bad(`"${name}" is nothing that a suppression has; it has ${[...fields].join(', ')}.`, key as Node);
    else if (values.has(name)) bad(`"${name}" is given twice.`, key as Node);
    else if (!isScalar(value) || typeof value.value !== 'string' || value.value.trim() === '')
      bad(
        `"${name}" is to be text that is not empty${isScalar(value) && typeof value.value === 'number' ? ', in quotes' : ''}.`,
        key as Node,
      );
    else values.set(name, value.value.trim());
  }
  const code = values.get('code') ?? null;
  const reason = values.get('reason') ?? null;
  const until = values.get('until') ?? null;
  if (code === null) bad('A "code" is missing: which finding is suppressed.');
  else if (neverSuppressed.has(code)) bad(`"${code}" is always a problem, and can't be suppressed.`);
  else if (!codes.includes(code)) bad(`There is no finding "${code}"; there are ${codes.join(', ')}.`);
  if (reason === null) bad('A "reason" is missing: why nobody needs to look at it again.');
  else if (reason.length > reasonChars) bad(`The reason is longer than ${reasonChars} characters.`);
  if (until !== null && !isDay(until)) bad(`"${until}" is no day, as in 2027-01-31.`);
  if (!good || code === null || reason === null) return null;
  const [agent = null, session = null, sessionKey = null, span = null, contains = null] = conditions.map(
    (name) => values.get(name) ?? null,
  );
  return { code, reason, agent, session, sessionKey, span, contains, until, line };
}

function isDay(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** The first that settles a finding; null: it is to be shown. `now`: epoch milliseconds. */
export function suppressionFor(
  finding: Pick<Finding, 'code' | 'message' | 'spanIds'>,
  of: FoundIn,
  suppressions: readonly Suppression[],
  now: number,
): Suppression | null {
  return suppressions.find((one) => matches(one, finding, of) && !hasEnded(one, now)) ?? null;
}

/** Whether all of its conditions hold but the day. */
export function matches(
  one: Suppression,
  { code, message, spanIds }: Pick<Finding, 'code' | 'message' | 'spanIds'>,
  { agent, session, sessionKey }: FoundIn,
): boolean {
  const holds = (wanted: string | null, actual: string | null): boolean => wanted === null || wanted === actual;
  return (
    one.code === code &&
    holds(one.agent, agent) &&
    holds(one.session, session) &&
    holds(one.sessionKey, sessionKey) &&
    (one.span === null || spanIds.includes(one.span)) &&
    (one.contains === null || message.includes(one.contains))
  );
}

export function hasEnded({ until }: Suppression, now: number): boolean {
  return until !== null && new Date(now).toISOString().slice(0, 10) > until;
}

/** A file as it was read last. */
export interface SuppressionFile extends Suppressions {
  /** Where it lies on this host. */
  readonly path: string;
  /** What it is called wherever it is shown. */
  readonly name: string;
}

/** What settles a finding, of all files that are in force; null: it is to be shown. */
export type Suppress = (finding: Pick<Finding, 'code' | 'message' | 'spanIds'>, of: () => FoundIn) => Suppressed | null;

export const suppressNothing: Suppress = () => null;

export function suppressBy(files: readonly SuppressionFile[]): Suppress {
  const codes = new Set(files.flatMap(({ suppressions }) => suppressions.map(({ code }) => code)));
  return (finding, of) => {
    // Whose it is has to be looked up.
    if (!codes.has(finding.code)) return null;
    const found = of();
    for (const { name, suppressions } of files) {
      const by = suppressionFor(finding, found, suppressions, Date.now());
      if (by !== null) return { reason: by.reason, file: name, line: by.line + 1 };
    }
    return null;
  };
}
