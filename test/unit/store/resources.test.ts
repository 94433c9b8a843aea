/** What each source used over time: kept bounded, and thinned when it is asked for. */
import { describe, expect, it } from 'vitest';
import type { ResourceSample } from '../../../server/src/protocol/messages';
import { resourcesPerSource } from '../../../server/src/store/resources';
import type { Store } from '../../../server/src/store/store';
import { info, memoryStore } from '../support/traces';

const start = Date.parse('2026-10-01T00:00:00.000Z');
const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();
const sample = (seconds: number, cpuCores: number, memoryBytes: number, memoryLimitBytes: number | null = null): ResourceSample => ({
  time: at(seconds),
  cpuCores,
  memoryBytes,
  memoryLimitBytes,
});
const sourceOf = (store: Store, id = 'a'): number => store.sources.ensure(id, { info, registryProvider: null });

describe('the samples of a source', () => {
  it('come back as they went in, in the order of time, each of its own source and time', () => {
    using store = memoryStore();
    const [a, b] = [sourceOf(store), sourceOf(store, 'b')];
    store.resources.add(a, sample(2, 0.5, 100, 4096));
    store.resources.add(a, sample(0, 0.25, 90));
    store.resources.add(b, sample(1, 3, 7));
    expect(store.resources.between(a, start, start + 9000, 10)).toEqual([sample(0, 0.25, 90), sample(2, 0.5, 100, 4096)]);
    expect(store.resources.between(a, start + 1000, start + 9000, 10)).toEqual([sample(2, 0.5, 100, 4096)]);
    expect(store.resources.between(a, start + 9000, start, 10)).toEqual([]);
    expect(store.resources.between(a, start, start + 9000, 0)).toEqual([]);
    expect(store.resources.last(a)).toEqual(sample(2, 0.5, 100, 4096));
    expect(store.resources.last(b)).toEqual(sample(1, 3, 7));
    store.transaction(() => store.sources.remove(a));
    expect(store.resources.last(a)).toBeNull();
    expect(store.resources.last(b)).not.toBeNull();
  });

  it('are thinned by time to what is asked for, and a peak of memory stays', () => {
    using store = memoryStore();
    const row = sourceOf(store);
    // Sampled every second for a minute, then every ten seconds.
    for (let s = 0; s < 60; s++) store.resources.add(row, sample(s, 1, s === 30 ? 999 : 10));
    for (let s = 60; s <= 600; s += 10) store.resources.add(row, sample(s, 0.5, 20));
    const thinned = store.resources.between(row, start, start + 600_000, 20);
    expect(thinned.length).toBeLessThanOrEqual(20);
    expect(thinned.length).toBeGreaterThan(15);
    expect(thinned.map(({ time }) => time)).toEqual([...thinned.map(({ time }) => time)].sort());
    expect(Math.max(...thinned.map(({ memoryBytes }) => memoryBytes))).toBe(999);
    expect(thinned.at(-1)).toEqual(sample(600, 0.5, 20));
    expect(store.resources.between(row, start, start + 600_000, 1)).toHaveLength(1);
  });

  it('are bounded: the older half is thinned, the newer stays as it was', () => {
    using store = memoryStore();
    const row = sourceOf(store);
    const extra = 100;
    store.transaction(() => {
      for (let s = 0; s < resourcesPerSource + extra; s++) store.resources.add(row, sample(2 * s, s % 2, 1000 + s));
    });
    const all = store.resources.between(row, 0, start * 2, resourcesPerSource * 2);
    expect(all.length).toBeLessThanOrEqual(resourcesPerSource);
    expect(all.length).toBeGreaterThan(resourcesPerSource / 2);
    // The oldest are means of two, the newest are samples.
    expect(all[0]).toEqual(sample(2, 0.5, 1001));
    expect(all.slice(-resourcesPerSource / 2).map(({ memoryBytes }) => memoryBytes)).toEqual(
      Array.from({ length: resourcesPerSource / 2 }, (_, n) => 1000 + resourcesPerSource / 2 + extra + n),
    );
  });
});
