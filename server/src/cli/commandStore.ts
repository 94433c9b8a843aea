/** The store of one command: in memory, or the file that was named, with its key file and the lease of it. */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { codeOf, isFileError, reasonOf } from '../attach/reader/context';
import { StoreError } from '../store/errors';
import { Lease, leaseEveryMs } from '../store/lease';
import { keyBytes } from '../store/sealedBox';
import { Store } from '../store/store';
import { CommandError } from './commandError';
import type { Command } from './usage';

export interface CommandStore extends Disposable {
  readonly store: Store;
  /** Aborts with a CommandError when its file is not there any more: what is read goes nowhere, or another reads too. */
  readonly lost: AbortSignal;
}

/** Throws StoreError and CommandError. `everyMs`: shortened by tests. */
export function openCommandStore(asked: Command['store'], everyMs = leaseEveryMs): CommandStore {
  const lost = new AbortController();
  if (asked === null) {
    const store = Store.open({ path: ':memory:', key: randomBytes(keyBytes), replaceUnreadable: false });
    return { store, lost: lost.signal, [Symbol.dispose]: () => store[Symbol.dispose]() };
  }
  const { path, keyFile } = asked;
  const store = Store.open({ path, key: readKey(keyFile), replaceUnreadable: false });
  // Windows of an editor may read along; reading into it is for one process at a time.
  const lease = Lease.of(path);
  if (!lease.take('command')) {
    store[Symbol.dispose]();
    throw new StoreError('locked', `another process (${lease.holder()?.pid ?? 'unknown'}) reads into it`);
  }
  lease.opened();
  const beat = setInterval(() => {
    const reason = beatOf(lease, path);
    if (reason !== null) lost.abort(new CommandError(reason));
  }, everyMs);
  beat.unref();
  return {
    store,
    lost: lost.signal,
    [Symbol.dispose]() {
      clearInterval(beat);
      store[Symbol.dispose]();
      lease[Symbol.dispose]();
    },
  };
}

/** Shows that it lives; why it may not go on, null: it may. */
function beatOf(lease: Lease, path: string): string | null {
  try {
    return lease.beat() ? null : `the store ${path} was removed or replaced while it was in use; run the command again`;
  } catch (error) {
    return `the lease of the store ${path} can't be kept: ${error instanceof Error ? error.message : String(error)}; run the command again`;
  }
}

function readKey(file: string): Buffer {
  const exists = existsSync(file);
  try {
    return exists ? readKeyFile(file) : makeKeyFile(file);
  } catch (error) {
    if (!isFileError(error)) throw error;
    const missing = !exists && codeOf(error) === 'ENOENT';
    const why = missing ? `there is no directory ${dirname(resolve(file))}` : reasonOf(error);
    throw new CommandError(
      `the key file ${file} can't be ${exists ? 'read' : 'made'}: ${why}; ${missing ? 'make it, or name a file elsewhere' : `name a file that you may ${exists ? 'read' : 'write'}`}`,
      { cause: error },
    );
  }
}

function makeKeyFile(file: string): Buffer {
  const key = randomBytes(keyBytes);
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeSync(handle, `${key.toString('base64')}\n`);
  } finally {
    closeSync(handle);
  }
  return key;
}

function readKeyFile(file: string): Buffer {
  if ((statSync(file).mode & 0o077) !== 0) throw new CommandError(`the key file ${file} can be read by others; run chmod 600 on it`);
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.byteLength !== keyBytes) throw new CommandError(`the key file ${file} does not hold a key of ${keyBytes} bytes in base64`);
  return key;
}
