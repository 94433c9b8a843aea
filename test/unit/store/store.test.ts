import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SessionCache } from '../../../server/src/collect/sessionCache';
import { traceDocument } from '../../../server/src/query/document';
import { StoreError } from '../../../server/src/store/errors';
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

  it('is refused while another holds it', () => {
    const path = join(folder(), 'traces.sqlite');
    const key = randomBytes(32);
    using first = Store.open({ path, key, replaceUnreadable: false });
    expect(first.replaced).toBe(false);
    let reason: unknown = null;
    try {
      Store.open({ path, key, replaceUnreadable: true });
    } catch (error) {
      reason = StoreError.is(error) ? error.reason : error;
    }
    expect(reason).toBe('locked');
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

describe('the cache of sessions', () => {
  it('forgets the least recently used when it is full, never the one at work', () => {
    const cache = new SessionCache(10);
    const events = (n: number): Map<string, never> => new Map(Array.from({ length: n }, (_, i) => [String(i), null as never]));
    cache.put(1, events(4));
    cache.put(2, events(4));
    expect(cache.get(1)).not.toBeNull();
    cache.put(3, events(4));
    expect(cache.get(2)).toBeNull();
    expect(cache.get(1)).not.toBeNull();
    cache.put(4, events(50));
    expect(cache.get(4)).not.toBeNull();
    expect(cache.get(1)).toBeNull();
    expect(cache.size).toBe(50);
  });
});
