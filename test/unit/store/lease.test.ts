/** The lease: one holder at a time, known to others, and let go when its file can keep no one out any more. */
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { Lease } from '../../../server/src/store/lease';
import { kernel } from '../../../server/src/store/machine';

const folders: string[] = [];
function storePath(): string {
  const made = mkdtempSync(join(tmpdir(), 'sandglass-lease-'));
  folders.push(made);
  return join(made, 'nested', 'traces.sqlite');
}
afterEach(() => {
  vi.restoreAllMocks();
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

it('has one holder, whom the others can name, until that one lets go', () => {
  const path = storePath();
  const [first, second] = [Lease.of(path), Lease.of(path)];
  expect(first.holder()).toBeNull();
  expect([first.take('store'), second.take('store'), first.take('store')]).toEqual([true, false, true]);
  expect([first.held, second.held]).toEqual([true, false]);
  expect(second.holder()).toEqual({ pid: process.pid, kernel, reads: 'store' });
  first.tell('session');
  expect(second.holder()?.reads).toBe('session');
  expect(statSync(`${path}.lease`).size).toBe(0);
  first[Symbol.dispose]();
  expect(second.holder()).toBeNull();
  expect(second.take('command')).toBe(true);
  second[Symbol.dispose]();
  expect(existsSync(`${path}.lease.holder`)).toBe(false);
});

it('says that its holder hangs when that one gives no sign of life, and no more when it does', () => {
  const path = storePath();
  using first = Lease.of(path);
  using second = Lease.of(path);
  first.take('store');
  let now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  expect(second.hangs()).toBe(false);
  now += 9_000;
  expect(second.hangs()).toBe(false);
  now += 2_000;
  expect(second.hangs()).toBe(true);
  expect(first.hangs()).toBe(false);
  const note = `${path}.lease.holder`;
  utimesSync(note, 1, 1);
  expect(first.beat()).toBe(true);
  expect(statSync(note).mtimeMs).toBeGreaterThan(1000);
  expect(second.hangs()).toBe(false);
});

it('is lost when its file is removed: another could lock a new one', () => {
  const path = storePath();
  using first = Lease.of(path);
  first.take('store');
  rmSync(`${path}.lease`);
  using second = Lease.of(path);
  expect(second.take('store')).toBe(true);
  expect(first.beat()).toBe(false);
  expect(first.held).toBe(false);
  expect(first.take('store')).toBe(false);
  expect(second.beat()).toBe(true);
});

it('is let go for good when the store it was taken for is another file by now, and leaves alone what the next holder wrote', () => {
  const path = storePath();
  using first = Lease.of(path);
  using waiting = Lease.of(path);
  writeFileSync(path, 'the store');
  for (const lease of [first, waiting]) {
    lease.take('store');
    lease.opened();
  }
  expect([first.beat(), first.orphaned, waiting.orphaned]).toEqual([true, false, false]);
  // In its place, while the one that was there still is: so it has another number.
  renameSync(path, `${path}.old`);
  writeFileSync(path, 'another store');
  using next = Lease.of(path);
  next.opened();
  expect(next.take('store')).toBe(false);
  expect([first.beat(), first.held, first.orphaned]).toEqual([false, false, true]);
  expect(existsSync(`${path}.lease.holder`)).toBe(false);
  expect([waiting.take('store'), waiting.orphaned]).toEqual([false, true]);
  expect(next.take('store')).toBe(true);
  renameSync(`${path}.old`, path);
  expect([first.take('store'), waiting.take('store')]).toEqual([false, false]);
  rmSync(`${path}.lease`);
  using another = Lease.of(path);
  expect(another.take('store')).toBe(true);
  next[Symbol.dispose]();
  expect(another.holder()?.pid).toBe(process.pid);
});

it('writes its note anew when someone removed that', () => {
  const path = storePath();
  using lease = Lease.of(path);
  lease.take('store');
  rmSync(`${path}.lease.holder`);
  expect(lease.beat()).toBe(true);
  expect(lease.holder()?.pid).toBe(process.pid);
});
