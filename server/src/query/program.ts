/**
 * Which program a shell command is about, for a line that has room for one word: the program of its last part that does
 * something (`cd app && FOO=1 pytest -q | tail -5` is `pytest`). A guess for people; nothing is decided by it. Pure.
 */

/** Characters of a command that are looked at. */
const commandLimit = 4000;
const nameLimit = 40;

const quiet: ReadonlySet<string> = new Set(
  '. : alias break cd continue done echo esac exit export fi for case function popd printf pushd return set shift source test trap true umask unset wait'.split(
    ' ',
  ),
);
/** What stands before a program and is none itself. */
const before: ReadonlySet<string> = new Set(
  '! { command do elif else env exec if nice nohup stdbuf sudo then time timeout until while'.split(' '),
);

/** Options of these that are followed by a word of their own; that of the others is none, or a number. */
const withWord: ReadonlyMap<string, RegExp> = new Map([
  [
    'sudo',
    /^-[ABbEeHiKklNnPSsVv]*[CDghpRrTtUu]$|^--(?:chdir|chroot|close-from|command-timeout|group|host|other-user|prompt|role|type|user)$/,
  ],
  ['env', /^-[0iv]*[Cu]$|^--(?:chdir|unset)$/],
  ['exec', /^-[cl]*a$/],
  ['stdbuf', /^-[eio]$|^--(?:error|input|output)$/],
  ['time', /^-[apqvV]*[fo]$|^--(?:format|output)$/],
  ['timeout', /^-[fpv]*[ks]$|^--(?:kill-after|signal)$/],
]);
const redirection = /^(?:&|\d*|\{\w+\})(?:<<<|<>|>>|>\||[<>]&?)/;

/** What is shifted left is no document: a number, or what stands in `((`. */
const heredoc = /(?<![\s=([]\d+|\(\([^\n)]*)<<-?[ \t]*(['"]?)(\w+)\1([^\n]*)\n[\s\S]*?(?:\n[ \t]*\2[ \t]*(?=\n|$)|$)/g;

/** null: no word of it could be a program's name. */
export function programOf(command: string): string | null {
  let first: string | null = null;
  let last: string | null = null;
  for (const words of parts(command.slice(0, commandLimit).replace(heredoc, '$3'))) {
    const name = programAmong(words);
    if (name === null) continue;
    first ??= name;
    if (!quiet.has(name)) last = name;
  }
  return last ?? first;
}

function programAmong(words: readonly string[]): string | null {
  let wrapper: string | null = null;
  let skipping = false;
  for (const word of words) {
    if (skipping) {
      skipping = false;
      continue;
    }
    if (/^\w+\+?=/.test(word)) continue;
    const redirected = redirection.exec(word);
    if (redirected !== null) {
      skipping = redirected[0] === word;
      continue;
    }
    // Options and a number of seconds belong to what went before.
    if (wrapper !== null && /^-|^\d+(?:\.\d+)?[smhd]?$/.test(word)) {
      skipping = withWord.get(wrapper)?.test(word) === true;
      continue;
    }
    if (before.has(word)) {
      wrapper = word;
      continue;
    }
    const name =
      word
        .split('/')
        .at(-1)
        ?.replace(/[^\p{L}\p{N}._+:-]/gu, '') ?? '';
    return name === '' ? null : [...name].slice(0, nameLimit).join('');
  }
  return null;
}

/** The parts of a list of commands as words, each without what it is piped into; quotes are taken off. */
function parts(text: string): readonly (readonly string[])[] {
  const found: string[][] = [[]];
  let word: string | null = null;
  let quote = '';
  let piped = false;
  const endWord = (): void => {
    if (word !== null && !piped) found.at(-1)?.push(word);
    word = null;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char === '\\' && quote !== "'") {
      at += 1;
      if (next !== '\n') word = `${word ?? ''}${next}`;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word = `${word ?? ''}${char}`;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '#' && word === null) {
      while (at + 1 < text.length && text.charAt(at + 1) !== '\n') at += 1;
    } else if (char === '|' && next !== '|' && text.charAt(at - 1) !== '>') {
      endWord();
      piped = true;
    } else if ((char === '&' && next === '>') || (/[&|]/.test(char) && /[<>]/.test(text.charAt(at - 1)))) {
      word = `${word ?? ''}${char}`;
    } else if (/[;\n&|()]/.test(char)) {
      endWord();
      piped = false;
      found.push([]);
    } else if (/\s/.test(char)) endWord();
    else word = `${word ?? ''}${char}`;
  }
  endWord();
  return found;
}
