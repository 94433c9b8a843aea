/**
 * What a shell command tells of where it ran and which files it names, as far as its words alone say so. Nothing is expanded or run;
 * what is not plainly a name is left out, and so is the text of here-documents. Linear in the command, of which so much is read.
 */
import { posix } from 'node:path';
import { asObject, asString } from '../decode/json';
import type { Span } from '../protocol/document';
import { baseDirectory, sandboxPath } from './sandboxPath';
import { changes, editsInPlace, gitReads, shows } from './shellPrograms';
import { shellTokens } from './shellWords';
import { moveLimit, moveOf, SureMoves } from './sureMoves';
import type { FileMove } from './sureMoves';

export const namedLimit = 16;
const directoryLimit = 6;
/** After so many nobody knows where it is. */
const wanderLimit = 64;

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

const redirects: ReadonlySet<string> = new Set(['>', '>>', '>&', '<', '<<', '<<<']);
const assignment = /^[A-Za-z_]\w*=/;
const silent: ReadonlySet<string> = new Set(['echo', 'printf', 'mv', 'rm', 'mkdir', 'touch', 'ls', 'find', 'for', 'while', 'if', 'do']);
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
  const tokens = shellTokens(command);
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

/** What a shell makes another name of. */
const unknownName = /[*?$`[{]/;
const finders: ReadonlySet<string> = new Set(['grep', 'egrep', 'fgrep', 'rg', 'ag']);
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
