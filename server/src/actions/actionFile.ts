/**
 * The file in which the log of actions lies: what was done to sandboxes, and which are paused by us. A person may read and edit it;
 * what is no such file any more is kept aside, never overwritten.
 */
import { closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Adapter } from 'lowdb';
import { codeOf } from '../attach/reader/context';
import { asObject, parseObject } from '../attach/reader/reduce';
import { readRegular } from '../attach/regularFile';
import type { ActionRecord } from '../protocol/messages';

export interface LoggedAction extends ActionRecord {
  /** Tells it from others of the same time. */
  readonly id: string;
  /** Who does it, while its outcome is null: the name of that process's lock. */
  readonly holder: string;
}

/** A sandbox that a person paused through us, as long as it is. */
export interface PausedByUs {
  readonly sandboxId: string;
  readonly sandbox: string;
  readonly containerIds: readonly string[];
  readonly since: string;
  /** The process that answers for it: when that dies, it is resumed. */
  readonly holder: string;
}

export interface ActionData {
  readonly schema: typeof schema;
  /** Oldest first. */
  readonly actions: readonly LoggedAction[];
  readonly paused: readonly PausedByUs[];
}

export const schema = 'sandglass/actions@1';
const otherSchema = /^sandglass\/actions@\d+$/;
const maxFileBytes = 4 * 1024 * 1024;

export function emptyData(): ActionData {
  return { schema, actions: [], paused: [] };
}

/** Written by another version of Sandglass: not ours to change or to put aside. */
export class OtherVersionError extends Error {}

export class ActionFile implements Adapter<ActionData> {
  readonly path: string;
  /** Where what was no log of actions was put; null: it was one. */
  keptAside: string | null = null;

  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  }

  /** Changes whenever the file does; null: there is none. */
  get stamp(): string | null {
    const found = statSync(this.path, { throwIfNoEntry: false });
    return found === undefined ? null : `${found.ino} ${found.size} ${found.mtimeMs}`;
  }

  /** Within the lock, for what is none of ours is put aside. */
  async read(): Promise<ActionData> {
    let text: string;
    try {
      text = (await readRegular(this.path, maxFileBytes)).bytes.toString('utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return emptyData();
      if (codeOf(error) === undefined || !mayMove(error)) throw error;
      return this.#putAside();
    }
    const value = parseObject(text);
    const data = dataOf(value);
    if (data !== null) return data;
    if (typeof value?.schema === 'string' && value.schema !== schema && otherSchema.test(value.schema))
      throw new OtherVersionError('the file was written by another version of Sandglass');
    return this.#putAside();
  }

  /** Whole or not at all, and readable for no one else. */
  write(data: ActionData): Promise<void> {
    const made = `${this.path}.${process.pid}.tmp`;
    const file = openSync(made, 'w', 0o600);
    try {
      fchmodSync(file, 0o600);
      writeSync(file, `${JSON.stringify(data, null, 1)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(made, this.path);
    return Promise.resolve();
  }

  #putAside(): ActionData {
    const aside = `${this.path}.kept-${new Date().toISOString().replaceAll(':', '-')}`;
    renameSync(this.path, aside);
    this.keptAside = aside;
    return emptyData();
  }
}

/** A link, a directory, a file without end: something else stands where the log would be. */
function mayMove(error: unknown): boolean {
  return ['ELOOP', 'EISDIR', 'ENOTREG', 'EFBIG'].includes(codeOf(error) ?? '');
}

/** null: it is no log of actions. */
function dataOf(value: Readonly<Record<string, unknown>> | null): ActionData | null {
  if (value?.schema !== schema || !Array.isArray(value.actions) || !Array.isArray(value.paused)) return null;
  return value.actions.every(isAction) && value.paused.every(isPaused) ? (value as unknown as ActionData) : null;
}

function isAction(value: unknown): value is LoggedAction {
  const entry = asObject(value);
  return (
    entry !== null &&
    texts(entry, ['id', 'time', 'sandboxId', 'sandbox', 'holder']) &&
    isOne(entry.action, ['pause', 'resume', 'stop']) &&
    isOne(entry.by, ['user', 'recovery']) &&
    isOne(entry.outcome, ['done', 'failed', null]) &&
    (entry.reason === null || typeof entry.reason === 'string') &&
    allTexts(entry.containers)
  );
}

function isPaused(value: unknown): value is PausedByUs {
  const entry = asObject(value);
  return entry !== null && texts(entry, ['sandboxId', 'sandbox', 'since', 'holder']) && allTexts(entry.containerIds);
}

function texts(entry: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return names.every((name) => typeof entry[name] === 'string');
}

function allTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isOne(value: unknown, values: readonly (string | null)[]): boolean {
  return values.includes(value as string | null);
}
