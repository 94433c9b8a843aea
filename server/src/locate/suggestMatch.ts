/**
 * Whether a file of the workspace is a file of a sandbox, by what is known of the latter's content over time. What says little (a
 * licence, an empty package file, a handful of short lines) says nothing here. Pure.
 */
import { withoutFinal } from './blame/lines';

export type Comparison =
  | 'identical'
  | 'earlier'
  | 'edited'
  /** Of the same name, but another file. */
  | 'different'
  /** Neither for nor against: it says too little. */
  | 'nothing';

/** Names that stand in many projects with the same content; the agent's own prompt files are the same in every workspace. */
const genericNames =
  /^(?:(?:licen[cs]e|copying|notice|authors|codeowners|changelog|code_of_conduct|security)(?:[.-].*)?|__init__\.py|py\.typed|conftest\.py|mod\.rs|\.(?:gitignore|gitattributes|gitkeep|npmignore|npmrc|dockerignore|editorconfig|prettierrc(?:\..*)?|nvmrc)|tsconfig\.json|(?:agents|soul|tools|identity|user|heartbeat|boot|bootstrap|memory|claude)\.md)$/i;

/** Lines with something to say, different ones, that a file must have to be told from others. */
export const tellingLines = 4;
const tellingChars = 120;
/** The same for one that is only alike; and how much of both must be the same. */
const alikeLines = 10;
const alikeShare = 0.7;
/** With less than that in common it is another file; between the two it is not told. */
const otherShare = 0.3;
const lineChars = 6;

function telling(lines: readonly string[]): ReadonlySet<string> {
  const set = new Set<string>();
  for (const line of lines) {
    const text = line.trim();
    if (text.length >= lineChars && /[\p{L}\p{N}]{3}/u.test(text)) set.add(text);
  }
  return set;
}

export function isGenericName(base: string): boolean {
  return genericNames.test(base);
}

/** Whether the lines can tell a file from others at all. */
function saysEnough(base: string, lines: readonly string[]): boolean {
  if (isGenericName(base)) return false;
  const set = telling(lines);
  let chars = 0;
  for (const line of set) chars += line.length;
  return set.size >= tellingLines && chars >= tellingChars;
}

/** How a file was at several times, the last first, with what each says: for as many files as it is compared with. */
export interface KnownVersions {
  readonly base: string;
  readonly versions: readonly { readonly lines: readonly string[]; readonly telling: ReadonlySet<string>; readonly enough: boolean }[];
}

export function knownVersions(base: string, versions: readonly (readonly string[])[]): KnownVersions {
  return {
    base,
    versions: versions.map((version) => ({
      lines: withoutFinal(version, (line) => line === ''),
      telling: telling(version),
      enough: saysEnough(base, version),
    })),
  };
}

export function compareFile({ versions }: KnownVersions, lines: readonly string[]): Comparison {
  const own = withoutFinal(lines, (line) => line === '');
  let same = false;
  for (const [at, version] of versions.entries()) {
    if (version.lines.length !== own.length || !version.lines.every((line, i) => line === own[i])) continue;
    if (version.enough) return at === 0 ? 'identical' : 'earlier';
    same = true;
  }
  const here = telling(own);
  if (same || here.size < tellingLines) return 'nothing';
  let most = 0;
  let known = false;
  for (const { telling: there, enough } of versions) {
    if (there.size < tellingLines) continue;
    known = true;
    let common = 0;
    for (const line of there) if (here.has(line)) common += 1;
    const share = common / Math.max(there.size, here.size);
    if (common >= alikeLines && share >= alikeShare && enough) return 'edited';
    most = Math.max(most, share);
  }
  return known && most < otherShare ? 'different' : 'nothing';
}
