/** Which files a command surely moved, if it ended well. Whatever is not plain makes it none. */
import { posix } from 'node:path';
import { sandboxPath } from './sandboxPath';
import { changesFiles, keepsFiles } from './shellPrograms';
import { commandChars } from './shellWords';

export const moveLimit = 8;

export interface FileMove {
  readonly from: string;
  readonly into: readonly string[];
}

const moveOptions = /^(?:-[fvT]+|--force|--verbose|--no-target-directory)$/;

/** Of one file, by its name, to a name or into a directory. */
export function moveOf(program: string, words: readonly string[], cwd: string | null): FileMove | null {
  const args = program === 'git' && words[0] === 'mv' ? words.slice(1) : program === 'mv' ? words : null;
  const [source, target, ...others] = (args ?? []).filter((arg) => !moveOptions.test(arg) && arg !== '--');
  if (source === undefined || target === undefined || others.length > 0) return null;
  if ([source, target].some((name) => name.startsWith('-') || /[*?$`[{]/.test(name))) return null;
  const [from, to] = [sandboxPath(source, cwd), sandboxPath(target, cwd)];
  if (from === null || to === null || source.endsWith('/')) return null;
  const within = posix.join(to, posix.basename(from));
  return { from, into: target.endsWith('/') ? [within] : [to, within] };
}

const inOrder: ReadonlySet<string> = new Set(['&&', ';', '\n']);
/** What makes it unsure whether, where or as what the words behind it run. */
const unsureWords: ReadonlySet<string> = new Set(
  (
    'if then elif else fi for while until do done case esac select function { } ! [[ time coproc exit return exec set shopt trap ' +
    'pushd popd source . eval alias unalias unset enable builtin command break continue wait logout suspend'
  ).split(' '),
);
/** Programs may be told to run these. */
const movers = /\b(?:mv|rm|cp|exit)\b/;
/** No expansion, nothing that was quoted in a way that is not known any more. */
const plainName = /^(?![~-])[^*?$`[\]{}\\~]+$/;

/**
 * The moves of a command that surely ran where its words say, if it ended well: each stands in a row of `&&` that ends the command,
 * and nothing in the command makes it doubtful what runs or where.
 */
export class SureMoves {
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

function isPlain(name: string): boolean {
  return plainName.test(name) && !name.split('/').includes('..');
}

function share(a: FileMove, b: FileMove): boolean {
  const names = [b.from, ...b.into];
  return [a.from, ...a.into].some((one) => names.some((name) => one === name || one.startsWith(`${name}/`) || name.startsWith(`${one}/`)));
}
