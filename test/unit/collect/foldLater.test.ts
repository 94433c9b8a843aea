// Folding may be put off while records pour in; nothing is lost by it, not even over a crash.
import { describe, expect, it } from 'vitest';
import { FoldPacing } from '../../../server/src/collect/foldPacing';
import { Ingest } from '../../../server/src/collect/ingest';
import { traceDocument } from '../../../server/src/query/document';
import { recording } from '../../fixtures/recordings';
import { info, memoryStore, recordsOf, traceOf } from '../support/traces';

describe('a session that is not folded yet', () => {
  it('is folded by whoever opens the store next', async () => {
    const { root } = recording('generation-c');
    using store = memoryStore();
    const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
    const first = new Ingest(store, row);
    const records = await recordsOf(root);
    first.apply(records.slice(0, 1));
    // Right after a fold, more of a history that pours in is only kept.
    first.apply(records, true);
    expect(first.foldDueMs).not.toBeNull();
    expect(store.entries.dirty(row).length).toBeGreaterThan(0);

    const second = new Ingest(store, row);
    expect(second.foldDueMs).toBe(0);
    second.settle();
    expect(second.foldDueMs).toBeNull();
    expect(store.entries.dirty(row)).toEqual([]);
    const { source: _source, ...document } = traceDocument(store, row, null);
    const { source: _other, ...expected } = await traceOf(root);
    expect(document).toEqual(expected);
  });
});

describe('the pacing of folds', () => {
  it('gives a fold four times the rest it took', () => {
    const pacing = new FoldPacing();
    expect(pacing.due(1, 0, false)).toBe(true);
    pacing.folded(1, 0, 100);
    expect(pacing.due(1, 499, false)).toBe(false);
    expect(pacing.due(1, 500, false)).toBe(true);
    expect(pacing.due(2, 101, false)).toBe(true);
    expect(pacing.wait([1], 300)).toBe(200);
    expect(pacing.wait([], 300)).toBeNull();
  });

  it('owes no rest once everything is folded', () => {
    const pacing = new FoldPacing();
    pacing.folded(1, 0, 100);
    pacing.rested();
    expect(pacing.due(1, 101, false)).toBe(true);
  });

  it('folds once a second while a history pours in', () => {
    const pacing = new FoldPacing();
    pacing.folded(1, 0, 1);
    expect(pacing.due(2, 900, true)).toBe(false);
    expect(pacing.due(2, 1001, true)).toBe(true);
  });
});
