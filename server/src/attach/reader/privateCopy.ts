/**
 * A private copy of an agent's database, secrets and all, for as long as it is open. Where the system allows it, the database's bytes
 * go into a file that has no name any more when the first of them arrives: a process that is killed leaves none of them behind. Its
 * log must have a name while SQLite opens it; what a killed process left of one is removed by the next.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegularSync } from '../regularFile';
import { codeOf, isFileError, skipReasonOf } from './context';
import { StoreError } from './storeError';

/** Followed by the id of the process, what tells it from others that had or will have that id, and what makes it the only one of its name. */
const PREFIX = 'sandglass-db-';
const OURS = /^sandglass-db-(\d+)-(?:(\w+)-)?/;
const NAME = 'agent.sqlite';
const MODE = 0o600;

let swept = false;
let own: string | null = null;

export interface CopyOptions {
  readonly path: string;
  readonly Database: typeof DatabaseSync;
  readonly timeout: number;
  /** The same before and after: what was copied belongs together. */
  readonly mark: () => string;
}

/** A new directory of mode 0700. Its owner removes it; one that was killed left it to the sweep of the next. Throws StoreError. */
export function privateDirectory(): string {
  if (!swept) sweepPrivateCopies();
  try {
    return mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-${ownMark()}-`));
  } catch (error) {
    throw notCopied(error);
  }
}

/** In a directory of mode 0700 that is gone again when this returns. */
export function privateCopy(options: CopyOptions): DatabaseSync {
  const dir = privateDirectory();
  try {
    const database = filled(options, join(dir, NAME));
    try {
      // Its own memory instead of a `-shm`; and every file is open after the first reading.
      database.exec('PRAGMA locking_mode = exclusive; SELECT count(*) FROM sqlite_master;');
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Removes what processes of this user that are no more left of their copies. */
export function sweepPrivateCopies(dir: string = tmpdir()): void {
  swept = true;
  for (const name of entriesOf(dir)) {
    const [, id, mark] = OURS.exec(name) ?? [];
    if (id === undefined || isOfOneThatRuns(Number(id), mark)) continue;
    try {
      const path = join(dir, name);
      const stat = lstatSync(path);
      if (stat.isDirectory() && stat.uid === (process.geteuid?.() ?? stat.uid)) rmSync(path, { recursive: true, force: true });
    } catch (error) {
      if (!isFileError(error)) throw error; // another process was quicker, or it is not for us
    }
  }
}

function entriesOf(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (isFileError(error)) return []; // then no copy can be made in it either, and that says why
    throw error;
  }
}

/** The id of a process is given again; without a mark that can be compared, one of that id is taken for the same. */
function isOfOneThatRuns(pid: number, mark: string | undefined): boolean {
  if (pid === process.pid) return mark === undefined || mark === ownMark();
  if (!Number.isSafeInteger(pid) || !isAlive(pid)) return !Number.isSafeInteger(pid);
  const started = startOf(pid);
  return mark === undefined || started === null || !/^\d+$/.test(mark) || mark === started;
}

/** When this process started, where that can be asked of others too; else something that no other has. */
function ownMark(): string {
  own ??= startOf(process.pid) ?? `x${randomBytes(6).toString('hex')}`;
  return own;
}

/** In ticks since the system began; null: it can't be told. Linux only. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may hold anything; the start is the 20th of what follows.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return /^\d+$/.test(started) ? started : null;
  } catch (error) {
    if (isFileError(error)) return null;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

function filled({ path, Database, timeout, mark }: CopyOptions, target: string): DatabaseSync {
  let database: DatabaseSync | null = null;
  let file: number | null = null;
  try {
    const before = mark();
    file = openSync(target, 'wx', MODE);
    // Opened while it is empty: SQLite looks at the bytes when it is first asked for something.
    if (hasOtherName(file)) {
      database = new Database(target, { timeout });
      rmSync(target);
    }
    // First the database, then its log, which is only added to until it begins anew: what a writer moved from the log to the database
    // meanwhile is in the copied log too.
    copy(path, database === null ? target : otherName(file), 'database');
    // SQLite gives a log the mode of the file that has the database's name.
    if (database !== null) writeFileSync(target, '', { mode: MODE });
    copy(`${path}-wal`, `${target}-wal`, 'log');
    if (mark() !== before) throw new StoreError('it changed while being copied', { passing: true });
    return database ?? new Database(target, { timeout });
  } catch (error) {
    database?.close();
    throw StoreError.is(error) || !isFileError(error) ? error : notCopied(error);
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** By a descriptor too: a pipe put in its place would be waited for. Where there is no log, there is nothing to copy. */
function copy(from: string, to: string, what: 'database' | 'log'): void {
  if (what === 'log' && lstatSync(from, { throwIfNoEntry: false }) === undefined) return;
  const source = openRegularSync(from);
  try {
    copyFileSync(hasOtherName(source) ? otherName(source) : from, to, constants.COPYFILE_FICLONE);
  } finally {
    closeSync(source);
  }
}

/** Linux only: by this name an open file is reached though it has no other. */
function otherName(file: number): string {
  return `/proc/self/fd/${file}`;
}

function hasOtherName(file: number): boolean {
  return process.platform === 'linux' && existsSync(otherName(file));
}

function notCopied(cause: unknown): StoreError {
  return new StoreError(`no private copy of it could be made in ${tmpdir()}: ${skipReasonOf(cause)}`, {
    passing: codeOf(cause) === 'ENOENT',
    cause,
  });
}
