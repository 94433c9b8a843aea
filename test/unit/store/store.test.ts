import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { traceDocument } from '../../../server/src/query/document';
import { StoreError } from '../../../server/src/store/errors';
import { applicationId } from '../../../server/src/store/ownFile';
import { migrations } from '../../../server/src/store/schema';
import { SealedBox } from '../../../server/src/store/sealedBox';
import { skippedChars, skippedPerSource } from '../../../server/src/store/sources';
import { Store } from '../../../server/src/store/store';
import { recording } from '../../fixtures/recordings';
import { info, memoryStore, readInto, traceOf } from '../support/traces';

const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sandglass-store-'));
  folders.push(made);
  return made;
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

/** `log`: left open by its writer, as one that runs. */
function madeBy(path: string, sql: string, log = false): void {
  const made = new DatabaseSync(log ? `${path}.made` : path);
  made.exec(sql);
  if (log) for (const suffix of ['', '-wal', '-shm']) copyFileSync(`${path}.made${suffix}`, path + suffix);
  made.close();
  rmSync(`${path}.made`, { force: true });
}

describe('the sealed box', () => {
  it('opens what it sealed, short and long', () => {
    const box = new SealedBox(randomBytes(32));
    for (const text of ['', 'x', 'é\u0000\ud83d\ude00', 'long '.repeat(100_000)]) expect(box.open(box.seal(text))).toBe(text);
    expect(box.seal('long '.repeat(100_000)).length).toBeLessThan(5000);
  });

  it('opens nothing with another key, and nothing that was changed', () => {
    const sealed = new SealedBox(randomBytes(32)).seal('secret');
    expect(() => new SealedBox(randomBytes(32)).open(sealed)).toThrow(StoreError);
    const key = randomBytes(32);
    const box = new SealedBox(key);
    const own = box.seal('secret');
    for (let at = 0; at < own.length; at++) {
      const changed = Buffer.from(own);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => box.open(changed)).toThrow(StoreError);
    }
  });
});

describe('the store', () => {
  it('holds nothing readable: no path, title, host, command or tool of the recording stands in its files', async () => {
    const path = join(folder(), 'nested', 'traces.sqlite');
    const store = Store.open({ path, key: randomBytes(32), replaceUnreadable: false });
    await readInto(store, recording('openclaw-2026.7.1').root);
    const bytes = readdirSync(join(path, '..')).map((name) => readFileSync(join(path, '..', name)));
    store[Symbol.dispose]();
    const files = Buffer.concat([...bytes, readFileSync(path)]).toString('latin1');
    expect(files.length).toBeGreaterThan(100_000);
    for (const word of [
      'cart.py',
      'blocked.example.com',
      'unittest',
      'tool_call',
      'apply_patch',
      'agent:main:coding',
      'nemotron',
      'discount',
      '/sandbox/',
      'curl',
    ]) {
      expect.soft(files.includes(word), word).toBe(false);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('gives the same document after it was closed and opened, and when everything is read again', async () => {
    const { root } = recording('rotation-2026.7.1');
    const path = join(folder(), 'traces.sqlite');
    const key = randomBytes(32);
    const expected = await traceOf(root);
    for (let round = 0; round < 3; round++) {
      using store = Store.open({ path, key, replaceUnreadable: false });
      const row = await readInto(store, root);
      expect(traceDocument(store, row, null)).toEqual(expected);
    }
  });

  it('is replaced, and says so, when its key is lost; else it is an error', () => {
    const path = join(folder(), 'traces.sqlite');
    Store.open({ path, key: randomBytes(32), replaceUnreadable: false })[Symbol.dispose]();
    expect(() => Store.open({ path, key: randomBytes(32), replaceUnreadable: false })).toThrow(StoreError);
    using store = Store.open({ path, key: randomBytes(32), replaceUnreadable: true });
    expect(store.replaced).toBe(true);
  });

  it.each([
    [
      'another database',
      (path: string): void => madeBy(path, 'CREATE TABLE accounts (id INTEGER, name TEXT); INSERT INTO accounts VALUES (1, 2)'),
    ],
    ['one with a log', (path: string): void => madeBy(path, 'PRAGMA journal_mode = WAL; CREATE TABLE meta (name TEXT)', true)],
    ['one of another application', (path: string): void => madeBy(path, 'PRAGMA application_id = 7; CREATE TABLE meta (name TEXT)')],
    ['one without a table', (path: string): void => madeBy(path, 'PRAGMA user_version = 0; CREATE TABLE t (a); DROP TABLE t')],
    ['a text', (path: string): void => writeFileSync(path, 'my notes '.repeat(100))],
    ['a short text', (path: string): void => writeFileSync(path, 'x')],
  ])('does not take over %s', (_, make) => {
    const dir = folder();
    const path = join(dir, 'mine.sqlite');
    make(path);
    chmodSync(path, 0o644);
    const all = (): unknown =>
      readdirSync(dir).map((name) => {
        const { mode, mtimeMs, ctimeMs } = statSync(join(dir, name));
        return [name, mode, mtimeMs, ctimeMs, readFileSync(join(dir, name)).toString('latin1')];
      });
    const before = all();
    let error: unknown = null;
    try {
      Store.open({ path, key: randomBytes(32), replaceUnreadable: false })[Symbol.dispose]();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(StoreError);
    expect((error as StoreError).message).toMatch(/was left as it is: name a file that does not exist yet$/);
    expect(all()).toEqual(before);
  });

  it('does not replace another database, though it would replace one of its own that it can not read', () => {
    const path = join(folder(), 'traces.sqlite');
    madeBy(path, 'CREATE TABLE accounts (id INTEGER)');
    expect(() => Store.open({ path, key: randomBytes(32), replaceUnreadable: true })).toThrow(
      expect.objectContaining({ reason: 'foreign' }) as Error,
    );
    writeFileSync(path, 'damaged '.repeat(1000));
    using store = Store.open({ path, key: randomBytes(32), replaceUnreadable: true });
    expect(store.replaced).toBe(true);
  });

  it('begins in an empty file, and knows what it made before it had its mark', () => {
    const dir = folder();
    const path = join(dir, 'traces.sqlite');
    const key = randomBytes(32);
    writeFileSync(path, '');
    const open = (at: string): Store => Store.open({ path: at, key, replaceUnreadable: false });
    open(path)[Symbol.dispose]();
    const unmarked = new DatabaseSync(path);
    unmarked.exec('PRAGMA application_id = 0');
    unmarked.close();
    open(path)[Symbol.dispose]();
    const marked = new DatabaseSync(path, { readOnly: true });
    expect(marked.prepare('PRAGMA application_id').get()).toEqual({ application_id: applicationId });
    marked.close();
  });

  it('knows what it made before it had its mark, though its writer was killed before its log came into the file', () => {
    const dir = folder();
    const path = join(dir, 'traces.sqlite');
    const key = randomBytes(32);
    const schema = `PRAGMA journal_mode = WAL; ${migrations.join(';')}; PRAGMA user_version = ${migrations.length}`;
    madeBy(path, schema, true);
    rmSync(`${path}-shm`);
    const left = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('sandglass-store-'));
    const before = left();
    Store.open({ path, key, replaceUnreadable: false })[Symbol.dispose]();
    expect(left()).toEqual(before);
    const marked = new DatabaseSync(path, { readOnly: true });
    expect(marked.prepare('PRAGMA application_id').get()).toEqual({ application_id: applicationId });
    marked.close();
  });

  it('says of a place where no file can be why', () => {
    const dir = folder();
    writeFileSync(join(dir, 'file'), '');
    const reason = (path: string): string => {
      try {
        Store.open({ path, key: randomBytes(32), replaceUnreadable: false })[Symbol.dispose]();
      } catch (error) {
        if (StoreError.is(error, 'unusable')) return error.message;
        throw error;
      }
      return 'opened';
    };
    expect(reason(dir)).toBe(`${dir} is a directory: name a file`);
    expect(reason(join(dir, 'file', 'traces.sqlite'))).toContain('a part of the path is no directory');
  });

  it('is shared by those who have its key, and not replaced beneath one who has it open', () => {
    const path = join(folder(), 'traces.sqlite');
    const key = randomBytes(32);
    using first = Store.open({ path, key, replaceUnreadable: false });
    using second = Store.open({ path, key, replaceUnreadable: true });
    expect([first.replaced, second.replaced]).toEqual([false, false]);
    expect(second.identity).toBe(first.identity);
    const before = second.version;
    const row = first.transaction(() => first.sources.ensure('test', { info, registryProvider: null }));
    expect(second.version).not.toBe(before);
    expect(second.sources.find('test')).toBe(row);
  });
});

describe('what could not be read', () => {
  it('is kept up to a bound, with a word that there is more, and taken back place by place', () => {
    using store = memoryStore();
    const { sources } = store;
    const row = store.transaction(() => sources.ensure('test', { info, registryProvider: null }));
    store.transaction(() => {
      for (let i = 0; i < 3000; i++) sources.addSkipped(row, { where: `line ${i % 1500}`, reason: i < 1500 ? 'cut' : 'odd' });
    });
    expect(sources.addSkipped(row, { where: 'line 3', reason: 'cut' })).toBe(false);
    expect(sources.addSkipped(row, { where: 'line 1499', reason: 'cut' })).toBe(false);
    const held = sources.skipped(row);
    expect(held.length).toBe(skippedPerSource + 1);
    expect(held.filter(({ where }) => where === 'and more')).toHaveLength(1);
    sources.mendSkipped(row, 'line 7');
    expect(sources.skipped(row)).toEqual(held.filter(({ where }) => where !== 'line 7'));
    sources.addSkipped(row, { where: 'line 1', reason: 'cut' });
    expect(sources.skipped(row)).toHaveLength(skippedPerSource);
    const left = sources.skipped(row).filter(({ where }) => where !== 'and more');
    for (const [index, { where }] of left.entries()) {
      sources.mendSkipped(row, where);
      expect(sources.skipped(row).some((skipped) => skipped.where === 'and more')).toBe(index < left.length - 1);
    }
    expect(sources.skipped(row)).toEqual([]);
  });

  it('is cut to what fits where it is shown, and taken back by its whole name', () => {
    using store = memoryStore();
    const { sources } = store;
    const row = store.transaction(() => sources.ensure('test', { info, registryProvider: null }));
    const where = `session ${'x'.repeat(1_000_000)}`;
    expect(sources.addSkipped(row, { where, reason: 'y'.repeat(1_000_000) })).toBe(true);
    expect(JSON.stringify(sources.skipped(row)).length).toBeLessThan(2 * skippedChars + 100);
    sources.mendSkipped(row, where);
    expect(sources.skipped(row)).toEqual([]);
  });
});
