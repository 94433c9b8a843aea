import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Store } from '../../../server/src/store/store';
import { toldLimit } from '../../../server/src/store/told';

let directory: string;
let path: string;
const key = randomBytes(32);
const open = (): Store => Store.open({ path, key, replaceUnreadable: false });
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sandglass-told-'));
  path = join(directory, 'traces.sqlite');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('is claimed once, by one of all windows, and by none after they were closed', () => {
  {
    using first = open();
    using second = open();
    expect([first, second, first].map((store) => store.told.claim(['a']))).toEqual([true, false, false]);
    expect([second, first].map((store) => store.told.claim(['b']))).toEqual([true, false]);
    expect(first.told.claim([])).toBe(false);
  }
  using later = open();
  expect(['a', 'b', 'c'].map((name) => later.told.claim([name]))).toEqual([false, false, true]);
});

it('is told under its first name, and counts as told under all of them', () => {
  using store = open();
  expect(store.told.claim(['warning'])).toBe(true);
  expect(store.told.claim(['passed', 'warning'])).toBe(true);
  expect(store.told.claim(['passed', 'warning'])).toBe(false);
  expect(store.told.claim(['other passed', 'other warning'])).toBe(true);
  expect(store.told.claim(['other warning'])).toBe(false);
});

it('names nothing in the file, and forgets what is oldest', () => {
  {
    using store = open();
    expect(store.told.claim(['budget of session hush-hush'])).toBe(true);
    for (let n = 0; n < toldLimit - 1; n++) store.told.claim([`n${n}`]);
    expect(store.told.claim(['budget of session hush-hush'])).toBe(false);
    store.told.claim(['one more']);
    expect(store.told.claim(['budget of session hush-hush'])).toBe(true);
  }
  expect(readFileSync(path).includes('hush-hush')).toBe(false);
});
