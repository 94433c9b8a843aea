/** When a database is looked at: by a clock that stands in for time. */
import { describe, expect, it } from 'vitest';
import { StorePace } from '../../../server/src/attach/reader/storePace';

const LATE = 10_000_000;

describe('the pace of a database', () => {
  it('is a look at all of it first, and at what is new as long as that rests', () => {
    const pace = new StorePace(true);
    expect(pace.begin(1000, true)).toBe('all');
    pace.wideBegan();
    pace.wideEnded(1000, 4);
    expect(pace.begin(1010, true)).toBe('new');
    expect(pace.begin(1020, false)).toBe('nothing');
  });

  it('owes a look at all of it after one at what is new, though nothing changes any more', () => {
    const pace = new StorePace(false);
    pace.begin(1000, true);
    pace.wideBegan();
    pace.wideEnded(1000, 4);
    expect(pace.settled).toBe(true);
    pace.begin(1010, true);
    pace.oweWide();
    expect(pace.settled).toBe(false);
    const due = pace.dueAt(Infinity);
    expect(due).toBeLessThan(Infinity);
    expect(pace.begin(due - 1, false)).toBe('nothing');
    expect(pace.begin(due, false)).toBe('all');
  });

  it('looks again a few times for what was shown late, and is at rest after that', () => {
    const pace = new StorePace(true);
    pace.begin(1000, true);
    pace.wideBegan();
    pace.wideEnded(1000, 0);
    let looks = 0;
    for (let due = pace.dueAt(Infinity); due < Infinity && looks < 100; due = pace.dueAt(Infinity)) {
      expect(pace.begin(due, false)).toBe('new');
      looks += 1;
    }
    expect(looks).toBeGreaterThan(1);
    expect(pace.settled).toBe(true);
  });

  it('waits a while after what passes, and for a change after what does not', () => {
    const pace = new StorePace(false);
    pace.oweWide();
    pace.failed(1000, true);
    expect(pace.dueAt(0)).toBeGreaterThan(1000);
    expect(pace.dueAt(0)).toBeLessThan(LATE);
    pace.failed(1000, false);
    expect(pace.dueAt(0)).toBe(Infinity);
    pace.succeeded();
    expect(pace.dueAt(0)).toBe(0);
  });
});
