/**
 * Functions and headings of a file, told by how their first line looks and how far the lines below are indented. No parser: it is
 * for a lens that stands above them, and must do for any language at no cost. Pure.
 */

export interface Section {
  /** Zero-based, end inclusive. */
  readonly startLine: number;
  readonly endLine: number;
}

export const sectionLimit = 1000;

const functions: readonly RegExp[] = [
  // Python, Ruby
  /^(?:async\s+)?def\s+[\w.]+/,
  // JavaScript, TypeScript, PHP, shell, Lua
  /^(?:export\s+)?(?:default\s+)?(?:local\s+)?(?:(?:public|private|protected|static|final)\s+)*(?:async\s+)?function\b[*\s]*[\w$]*/,
  /^(?:export\s+)?(?:const|let|var)\s+[\w$]+(?:\s*:[^=]+)?\s*=\s*(?:async\s*)?(?:\([^)]*\)|[\w$]+)(?:\s*:[^=]+)?\s*=>/,
  /^[\w.-]+\s*\(\)\s*\{/,
  // Go, Rust, Swift, Kotlin, Zig
  /^func\s+[(\w]/,
  /^(?:pub(?:\([^)]*\))?\s+)?(?:default\s+|const\s+|async\s+|unsafe\s+|extern\s+(?:"[^"]*"\s+)?)*fn\s+\w+/,
  /^(?:(?:public|private|internal|protected|override|open|suspend|inline|static)\s+)*fun\s+[\w<.]+/,
  // Methods, and what Java, C# and the C family call functions: a name, what it takes, and a brace
  /^(?!(?:if|for|while|switch|catch|return|else|do|try|with|when|match|using|lock|foreach|synchronized)\b)(?:[\w$<>[\],.?*&:~@#]+\s+)*[*&]?[\w$:~#]+\s*\([^;{}]*\)?[^;=]*\{\s*$/,
];
const heading = /^#{1,6}\s+\S/;
const fence = /^\s*(?:```|~~~)/;
const longestHeader = 400;

export function sectionsOf(path: string, lines: readonly string[]): readonly Section[] {
  return /\.(?:md|markdown|mdx)$/i.test(path) ? headings(lines) : bodies(lines);
}

function headings(lines: readonly string[]): readonly Section[] {
  const starts: number[] = [];
  let fenced = false;
  lines.forEach((line, at) => {
    if (fence.test(line)) fenced = !fenced;
    else if (!fenced && line.length <= longestHeader && heading.test(line)) starts.push(at);
  });
  return starts
    .slice(0, sectionLimit)
    .map((startLine, i) => ({ startLine, endLine: lastFilled(lines, startLine, starts[i + 1] ?? lines.length) }));
}

function bodies(lines: readonly string[]): readonly Section[] {
  const found: Section[] = [];
  for (let at = 0; at < lines.length && found.length < sectionLimit; at++) {
    const line = lines[at] ?? '';
    const text = line.trimStart();
    if (line.length > longestHeader || !functions.some((looks) => looks.test(text))) continue;
    found.push({ startLine: at, endLine: lastFilled(lines, at, endOf(lines, at, line.length - text.length)) });
  }
  // What stands within another one is told by itself; the outer one would only repeat it.
  return found.filter(({ startLine, endLine }, i) => (found[i + 1]?.startLine ?? Infinity) > endLine || startLine === endLine);
}

/** The first line below that is not indented further, and does not close what the header opened. */
function endOf(lines: readonly string[], start: number, indent: number): number {
  for (let at = start + 1; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const text = line.trimStart();
    if (text === '' || line.length - text.length > indent) continue;
    if (/^[)\]}]/.test(text)) {
      // `) {` and `): T {` end the header only.
      if (/[{:]\s*$/.test(text)) continue;
      return at + 1;
    }
    // An opening brace on its own line.
    if (text === '{') continue;
    return at;
  }
  return lines.length;
}

function lastFilled(lines: readonly string[], start: number, end: number): number {
  let last = end - 1;
  while (last > start && (lines[last] ?? '').trim() === '') last -= 1;
  return last;
}
