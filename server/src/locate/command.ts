/**
 * What a shell command tells of where it ran and which files it names, as far as its words alone say so. Nothing is expanded or run;
 * what is not plainly a name is left out, and so is the text of here-documents. Linear in the command, of which so much is read.
 */
import { posix } from 'node:path';
import { asObject, asString } from '../decode/json';
import type { Span } from '../protocol/document';
import { baseDirectory, sandboxPath } from './sandboxPath';

export const commandChars = 64 * 1024;
export const namedLimit = 16;
const directoryLimit = 6;
/** After so many nobody knows where it is. */
const wanderLimit = 64;
const moveLimit = 8;

export interface NamedFile {
  readonly path: string;
  /** Zero-based; null: the whole file. */
  readonly lines: readonly [number, number] | null;
}

export interface CommandPlaces {
  /** Where its programs ran, the last first: names in the output are relative to one of them. */
  readonly directories: readonly string[];
  /** It may have run in none of these: it went where its words don't say, or to too many. */
  readonly strayed: boolean;
  readonly files: readonly NamedFile[];
  /** It only shows what stands in files: what looks like a place in the output is their text. */
  readonly shows: boolean;
  /** It searches: what stands behind a place in the output is that line. */
  readonly searches: boolean;
  /** It may have changed files that it names. */
  readonly changes: boolean;
  /** What it surely moved if it ended well. `into`: one of these, by whether that was a directory. */
  readonly moves: readonly FileMove[];
}

export interface FileMove {
  readonly from: string;
  readonly into: readonly string[];
}

type Token = { readonly kind: 'word'; readonly text: string } | { readonly kind: 'operator'; readonly text: string };

/** Of more than one character, the longest first. */
const operators = ['<<<', '&&', '||', '>>', '<<', '>&', '<('];

/** Words without their quotes, and what stands between commands. */
function tokensOf(command: string): readonly Token[] {
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

const redirects: ReadonlySet<string> = new Set(['>', '>>', '>&', '<', '<<', '<<<']);
const assignment = /^[A-Za-z_]\w*=/;
const shows: ReadonlySet<string> = new Set([
  'cat',
  'head',
  'tail',
  'sed',
  'less',
  'more',
  'echo',
  'printf',
  'wc',
  'nl',
  'ls',
  'cd',
  'true',
]);
const silent: ReadonlySet<string> = new Set(['echo', 'printf', 'mv', 'rm', 'mkdir', 'touch', 'ls', 'find', 'for', 'while', 'if', 'do']);
const changes: ReadonlySet<string> = new Set([
  'mv',
  'rm',
  'cp',
  'tee',
  'touch',
  'truncate',
  'patch',
  'dd',
  'install',
  'ln',
  'perl',
  'black',
]);
const patternFirst: ReadonlySet<string> = new Set(['grep', 'egrep', 'fgrep', 'rg', 'ag', 'awk', 'gawk', 'sed', 'perl']);
/** Programs that go on in another directory, by the option that names it. */
const rootOptions: ReadonlySet<string> = new Set(['-C', '--root', '--rootDir', '--rootdir', '--cwd', '--prefix', '--directory', '--dir']);
const outputOptions: ReadonlySet<string> = new Set([
  '-o',
  '--output',
  '--out-dir',
  '--outDir',
  '-d',
  '-e',
  '-c',
  '-m',
  '-n',
  '-p',
  '--config',
]);
/** A name with an ending, or one below a directory. */
const looksLikeFile =
  /^(?=.{1,512}$)(?!-)(?![a-z]+:\/\/)(?:[^*?$`]*\/)?[^/*?$`]*[^/*?$`.]\.[A-Za-z][A-Za-z0-9]{0,9}$|^(?:[^*?$`]*\/)?(?:Makefile|Dockerfile|Cargo\.lock)$/u;

export function commandPlaces(command: string, base: string | null): CommandPlaces {
  const directories: string[] = [];
  const files = new Map<string, NamedFile>();
  let cwd = base;
  let strayed = false;
  const ran = (directory: string | null): void => {
    if (directory === null || directories.includes(directory)) return;
    if (directories.length < directoryLimit) directories.unshift(directory);
    else strayed = true;
  };
  ran(cwd);
  let onlyShows = true;
  let mayChange = false;
  let searches = false;
  let wandered = 0;
  let named = 0;
  const sequence = new SureMoves(command);
  const written = (name: string): void => {
    const path = looksLikeFile.test(name) ? sandboxPath(name, cwd) : null;
    if (path !== null && files.size < namedLimit) files.set(path, { path, lines: null });
  };
  const tokens = tokensOf(command);
  const outer: (string | null)[] = [];
  for (let at = 0; at < tokens.length;) {
    const words: string[] = [];
    while (at < tokens.length) {
      const token = tokens[at];
      if (token === undefined) break;
      if (token.kind === 'operator') {
        if (!redirects.has(token.text)) break;
        const target = tokens[at + 1];
        if (token.text.startsWith('>') && target?.text !== '/dev/null' && token.text !== '>&') {
          mayChange = true;
          sequence.unsure();
          if (target?.kind === 'word') written(target.text);
        }
        if (token.text === '>&' && !/^[\d-]$/.test(target?.text ?? '')) sequence.unsure();
        at += 2;
        continue;
      }
      words.push(token.text);
      at += 1;
    }
    const operator = tokens[at]?.text;
    at += 1;
    while (words.length > 0 && assignment.test(words[0] ?? '')) words.shift();
    const [program = '', ...args] = words;
    const move = moveOf(program, args, cwd);
    sequence.ran(program, args, move, operator);
    if (program !== '') {
      if (move !== null && named < moveLimit) {
        named += 1;
        for (const name of [move.from, ...move.into])
          if (looksLikeFile.test(name) && files.size < namedLimit) files.set(name, { path: name, lines: null });
      }
      if (!shows.has(program)) onlyShows = false;
      if (finders.has(program) || (program === 'git' && args.includes('grep'))) searches = true;
      if (changes.has(program) || editsInPlace(program, args)) mayChange = true;
      if (program === 'cd' || program === 'pushd') {
        const target = args.find((arg) => !arg.startsWith('-'));
        if (target === undefined || args.includes('-') || unknownName.test(target)) strayed = true;
        cwd = target === undefined || ++wandered > wanderLimit ? null : sandboxPath(target, cwd);
        if (cwd === null) strayed = true;
        ran(cwd);
      } else if (program === 'git' && !args.some((arg) => gitReads.has(arg))) mayChange = true;
      else if (!silent.has(program)) {
        const other = rootOf(args, cwd);
        ran(other);
        const moved = program === 'git' || program === 'make' ? other : null;
        for (const file of namedBy(program, args, moved ?? cwd)) if (files.size < namedLimit) files.set(file.path, file);
      }
    }
    if (operator === '(') outer.push(cwd);
    if (operator === ')') cwd = outer.pop() ?? cwd;
  }
  return { directories, strayed, files: [...files.values()], shows: onlyShows, searches, changes: mayChange, moves: sequence.moves };
}

const moveOptions = /^(?:-[fvT]+|--force|--verbose|--no-target-directory)$/;

/** Of one file, by its name, to a name or into a directory. */
function moveOf(program: string, words: readonly string[], cwd: string | null): FileMove | null {
  const args = program === 'git' && words[0] === 'mv' ? words.slice(1) : program === 'mv' ? words : null;
  const [source, target, ...others] = (args ?? []).filter((arg) => !moveOptions.test(arg) && arg !== '--');
  if (source === undefined || target === undefined || others.length > 0) return null;
  if ([source, target].some((name) => name.startsWith('-') || /[*?$`[{]/.test(name))) return null;
  const [from, to] = [sandboxPath(source, cwd), sandboxPath(target, cwd)];
  if (from === null || to === null || source.endsWith('/')) return null;
  const within = posix.join(to, posix.basename(from));
  return { from, into: target.endsWith('/') ? [within] : [to, within] };
}

/** What a shell makes another name of. */
const unknownName = /[*?$`[{]/;
const inOrder: ReadonlySet<string> = new Set(['&&', ';', '\n']);
/** What makes it unsure whether, where or as what the words behind it run. */
const unsureWords: ReadonlySet<string> = new Set(
  (
    'if then elif else fi for while until do done case esac select function { } ! [[ time coproc exit return exec set shopt trap ' +
    'pushd popd source . eval alias unalias unset enable builtin command break continue wait logout suspend'
  ).split(' '),
);
/** What may stand behind a move: it leaves the moved file alone. */
const gitKeeps: ReadonlySet<string> = new Set(['add', 'commit', 'status', 'log', 'diff']);
/** Programs may be told to run these. */
const movers = /\b(?:mv|rm|cp|exit)\b/;
/** No expansion, nothing that was quoted in a way that is not known any more. */
const plainName = /^(?![~-])[^*?$`[\]{}\\~]+$/;

/**
 * The moves of a command that surely ran where its words say, if it ended well: each stands in a row of `&&` that ends the command,
 * and nothing in the command makes it doubtful what runs or where.
 */
class SureMoves {
  #sure: boolean;
  /** Of them those that surely ran. */
  #moves: FileMove[] = [];
  readonly #all: FileMove[] = [];
  /** By nothing but `&&` from the first command on. */
  #chained = true;
  #wentAway = false;
  #last: string | undefined = '&&';

  constructor(command: string) {
    // Text below the command, and what is not read of it, may be anything.
    this.#sure = command.length <= commandChars && !command.includes('<<');
  }

  unsure(): void {
    this.#sure = false;
  }

  /** `operator`: what stands behind it. */
  ran(program: string, args: readonly string[], move: FileMove | null, operator: string | undefined): void {
    if (program === '') {
      // Lines may be empty; whatever else is, is not plain.
      if (operator !== undefined && operator !== '\n') this.#sure = false;
      return;
    }
    if (this.#last !== '&&') {
      this.#chained = false;
      // What ran before this may have failed.
      this.#moves = [];
    }
    this.#last = operator;
    if (unsureWords.has(program) || (operator !== undefined && !inOrder.has(operator))) this.#sure = false;
    if (program === 'cd') {
      this.#wentAway = true;
      if (args.length !== 1 || !args.every((arg) => plainName.test(arg))) this.#sure = false;
    }
    // After a way that failed it ran elsewhere.
    if (this.#wentAway && !this.#chained) this.#sure = false;
    if (move !== null) this.#moved(args, move);
    else if (changesFiles(program, args) || args.some((arg) => movers.test(arg)) || (this.#moves.length > 0 && !keepsFiles(program, args)))
      this.#sure = false;
  }

  #moved(args: readonly string[], move: FileMove): void {
    const plain = args.every((arg) => arg.startsWith('-') || isPlain(arg));
    if (!plain || this.#all.length >= moveLimit || this.#all.some((one) => share(one, move))) this.#sure = false;
    else {
      this.#all.push(move);
      this.#moves.push(move);
    }
  }

  get moves(): readonly FileMove[] {
    return this.#sure ? this.#moves : [];
  }
}

function editsInPlace(program: string, args: readonly string[]): boolean {
  return program === 'sed' && args.some((arg) => /^-[A-Za-z]*i/.test(arg) || arg.startsWith('--in-place'));
}

function keepsFiles(program: string, args: readonly string[]): boolean {
  return shows.has(program) || (program === 'git' && gitKeeps.has(args[0] ?? ''));
}

function changesFiles(program: string, args: readonly string[]): boolean {
  if (program === 'git') return !gitKeeps.has(args[0] ?? '') && !gitReads.has(args[0] ?? '');
  return changes.has(program) || editsInPlace(program, args);
}

function isPlain(name: string): boolean {
  return plainName.test(name) && !name.split('/').includes('..');
}

function share(a: FileMove, b: FileMove): boolean {
  const names = [b.from, ...b.into];
  return [a.from, ...a.into].some((one) => names.some((name) => one === name || one.startsWith(`${name}/`) || name.startsWith(`${one}/`)));
}

const finders: ReadonlySet<string> = new Set(['grep', 'egrep', 'fgrep', 'rg', 'ag']);
const gitReads: ReadonlySet<string> = new Set(['grep', 'show', 'log', 'diff', 'status', 'blame', 'ls-files']);

function rootOf(args: readonly string[], cwd: string | null): string | null {
  for (let at = 0; at < args.length; at++) {
    const [option = '', value] = splitOption(args[at] ?? '');
    if (rootOptions.has(option)) return sandboxPath(value ?? args[at + 1] ?? '', cwd);
  }
  return null;
}

function splitOption(arg: string): readonly [string, string?] {
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1;
  return at < 0 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)];
}

function namedBy(program: string, args: readonly string[], cwd: string | null): readonly NamedFile[] {
  const files: NamedFile[] = [];
  const name = posix.basename(program);
  let pattern = patternFirst.has(name) || args.includes('grep');
  let range: readonly [number, number] | null = null;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (arg === '--' || arg === '-') continue;
    if (arg.startsWith('-')) {
      const takes = rootOptions.has(arg) || (outputOptions.has(arg) && !readers.has(name) && !patternFirst.has(name));
      if (takes && arg !== '-p') at += 1;
      if (arg === '-e' && patternFirst.has(name)) {
        pattern = false;
        at += 1;
      }
      continue;
    }
    if (name === 'git' && gitReads.has(arg)) continue;
    if (pattern) {
      pattern = false;
      const lines = name === 'sed' ? /^(\d{1,7})(?:,(\d{1,7}))?p$/.exec(arg) : null;
      if (lines !== null) range = [Number(lines[1]) - 1, Number(lines[2] ?? lines[1]) - 1];
      continue;
    }
    if (!looksLikeFile.test(arg)) continue;
    const path = sandboxPath(arg, cwd);
    if (path !== null) files.push({ path, lines: range !== null && range[0] >= 0 && range[1] >= range[0] ? range : null });
  }
  return files;
}

const readers: ReadonlySet<string> = new Set(['cat', 'head', 'tail', 'wc', 'nl', 'git', 'node']);

/** Of a call that ran a command; null: it did not. */
export function placesOfCommand(span: Span, args: unknown, workspaceDir: string | null): CommandPlaces | null {
  const object = asObject(args);
  const command = asString(object?.['command']);
  if (command === null) return null;
  const told = asString(object?.['workdir']) ?? asString(object?.['cwd']);
  const base = baseDirectory(span, workspaceDir);
  return commandPlaces(command, (told === null ? null : sandboxPath(told, workspaceDir ?? base)) ?? base);
}

/** Whether a command was sent to another machine: what it names is not the sandbox's. */
export function ranElsewhere(args: unknown): boolean {
  const object = asObject(args);
  return object?.['host'] === 'node' || (asString(object?.['node']) ?? '') !== '';
}

/** Whether a call may have changed a file that it names in another way than an edit tells. */
export function changesUnnamed(span: Span, args: unknown): boolean {
  return placesOfCommand(span, args, null)?.changes ?? false;
}
