/**
 * Which request a command makes, where it plainly says so: `curl -X POST https://host/path` and its like. Of a connection that was
 * refused the supervisor knows no more than host and port; the command can tell method and path. Only one reading counts: whatever
 * could mean something else (a second address of the host, a variable, a pipe into the program, a file of options) tells nothing.
 */
export interface RequestHint {
  readonly method: string;
  readonly path: string;
}

const maxCommand = 2000;
const maxWords = 200;
/** Options of curl that take a value and say nothing of method or address. */
const curlValues = new Set([
  '-m',
  '--max-time',
  '--connect-timeout',
  '-o',
  '--output',
  '-H',
  '--header',
  '-A',
  '--user-agent',
  '-e',
  '--referer',
  '--retry',
]);
const curlFlags =
  /^(?:-[sSfLkivg]+|--silent|--show-error|--fail|--insecure|--include|--verbose|--compressed|--location|--http1\.1|--http2)$/;
const curlData = /^(?:-d|--data|--data-raw|--data-binary|--data-urlencode|--json|-F|--form)$/;

export function requestHint(command: string | null, host: string, port: number): RequestHint | null {
  const words = command === null || command.length >= maxCommand ? null : wordsOf(command);
  if (words === null || words.length > maxWords) return null;
  const [program] = words;
  const name = program?.slice(program.lastIndexOf('/') + 1);
  if (name === 'curl') return curlRequest(words.slice(1), host, port);
  return null;
}

function curlRequest(words: readonly string[], host: string, port: number): RequestHint | null {
  let asked: string | null = null;
  let method: string | null = null;
  let sends = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const value = (): string => words[++at] ?? '';
    if (word === '-X' || word === '--request') method = value();
    else if (word.startsWith('-X') && word.length > 2) method = word.slice(2);
    else if (word === '-I' || word === '--head') method ??= 'HEAD';
    else if (curlData.test(word)) {
      sends = true;
      value();
    } else if (curlValues.has(word)) value();
    else if (curlFlags.test(word)) continue;
    else if (word.startsWith('-')) return null;
    else if (asked !== null) return null;
    else asked = word;
  }
  if (asked === null) return null;
  const path = pathAt(asked, host, port);
  const verb = (method ?? (sends ? 'POST' : 'GET')).toUpperCase();
  return path === null || !/^[A-Z]{3,16}$/.test(verb) ? null : { method: verb, path };
}

/** Path of an address of this host and port; null: it is one of another, or not plain. */
function pathAt(address: string, host: string, port: number): string | null {
  const match = /^(https?):\/\/([A-Za-z0-9.-]+)(?::(\d{1,5}))?(\/[A-Za-z0-9\-._~/$&'()+,=:@]*)?(?:[?#].*)?$/.exec(address);
  if (match === null) return null;
  const [, scheme, name, written, path = '/'] = match;
  const usual = scheme === 'https' ? 443 : 80;
  if (name?.toLowerCase() !== host.toLowerCase() || Number(written ?? usual) !== port) return null;
  // The proxy tidies paths before it judges them.
  return /\/\.{0,2}\/|\/\.{1,2}$/.test(path) ? null : path;
}

/** The words of a command that is one plain command; null: it is more than that. */
function wordsOf(command: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (const char of command.trim()) {
    if (quote !== null) {
      if (char === quote) quote = null;
      else if (quote === '"' && /[$`\\]/.test(char)) return null;
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === ' ' || char === '\t') {
      if (word !== null) words.push(word);
      word = null;
    } else if (/[\\$`|&;<>(){}*?[\]!#~\n\r]/.test(char) && !(char === '?' || char === '&' || char === '#')) return null;
    else if (char === '&' || (char === '#' && word === null)) return null;
    else word = (word ?? '') + char;
  }
  if (quote !== null) return null;
  if (word !== null) words.push(word);
  return words;
}
