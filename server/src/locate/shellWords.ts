/**
 * The words of a shell command, as far as they stand there: nothing is expanded, and the text of here-documents is left out. Linear in
 * the command, of which so much is read.
 */

export const commandChars = 64 * 1024;

export type Token = { readonly kind: 'word'; readonly text: string } | { readonly kind: 'operator'; readonly text: string };

/** Of more than one character, the longest first. */
const operators = ['<<<', '&&', '||', '>>', '<<', '>&', '<('];

/** Words without their quotes, and what stands between commands. */
export function shellTokens(command: string): readonly Token[] {
  const text = command.slice(0, commandChars);
  const tokens: Token[] = [];
  let word: string | null = null;
  const flush = (): void => {
    if (word !== null) tokens.push({ kind: 'word', text: word });
    word = null;
  };
  /** Ends of the here-documents that begin below this line. */
  let documents: readonly HereDocument[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === "'" || char === '"') {
      const end = closing(text, at);
      if (end < 0) break;
      word = (word ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (char === '\\') {
      // A line that goes on below it has no end here.
      if (text[at + 1] !== '\n') word = (word ?? '') + (text[at + 1] ?? '');
      at += 1;
    } else if (char === '#' && word === null) {
      const end = text.indexOf('\n', at);
      at = (end < 0 ? text.length : end) - 1;
    } else if (char === ' ' || char === '\t') flush();
    else if ('\n;|&()<>'.includes(char)) {
      // A number before it says which output is meant.
      if ((char === '>' || char === '<') && word !== null && /^\d$/.test(word)) word = null;
      flush();
      const document = char === '<' ? hereDocument(text, at) : null;
      if (document !== null) {
        // What stands below is not known for a command then.
        if (documents.length === hereLimit) break;
        documents = [...documents, document];
        at = document.at - 1;
        continue;
      }
      if (char === '\n' && documents.length > 0) {
        at = documents.reduce((from, one) => endOf(one, text, from), at);
        documents = [];
      }
      const operator = operators.find((one) => text.startsWith(one, at)) ?? char;
      tokens.push({ kind: 'operator', text: operator });
      at += operator.length - 1;
    } else word = (word ?? '') + char;
  }
  flush();
  return tokens;
}

/** The quote that ends it; -1: none does. */
function closing(text: string, at: number): number {
  if (text[at] === "'") return text.indexOf("'", at + 1);
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '\\') end += 1;
    else if (text[end] === '"') return end;
  }
  return -1;
}

interface HereDocument {
  readonly end: string;
  /** Tabs before its end don't count. */
  readonly tabs: boolean;
  /** Where the command goes on. */
  readonly at: number;
}

const hereStart = /<<(-?)[ \t]*(?:'([^'\n]{1,128})'|"([^"\n]{1,128})"|\\?([A-Za-z_][\w.-]{0,127}))/y;
/** Where more of them begin on one line, nothing behind is read. */
const hereLimit = 4;

function hereDocument(text: string, at: number): HereDocument | null {
  hereStart.lastIndex = at;
  const match = hereStart.exec(text);
  const end = match?.[2] ?? match?.[3] ?? match?.[4];
  return match === null || end === undefined ? null : { end, tabs: match[1] === '-', at: at + match[0].length };
}

/** The end of the document's last line; that of the text where none ends it. `from`: the end of the line before it. */
function endOf({ end, tabs }: HereDocument, text: string, from: number): number {
  for (let at = from; at >= 0 && at < text.length;) {
    const next = text.indexOf('\n', at + 1);
    const line = text.slice(at + 1, next < 0 ? text.length : next);
    at = next < 0 ? text.length : next;
    if ((tabs ? line.replace(/^\t+/, '') : line) === end) return at;
  }
  return text.length;
}
