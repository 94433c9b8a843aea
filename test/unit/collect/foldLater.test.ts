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
    first.apply(records.slice(0, records.findIndex((record) => record.kind === 'transcript') + 1));
    expect(first.folded.anew).toBeGreaterThan(0);
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
  const grew = (): boolean => true;
  const other = (): boolean => false;

  it('gives a fold over everything four times the rest it took', () => {
    const pacing = new FoldPacing();
    expect(pacing.due(1, 0, false, other)).toBe(true);
    pacing.folded(1, 0, 100, true);
    expect(pacing.due(1, 499, false, other)).toBe(false);
    expect(pacing.due(1, 500, false, other)).toBe(true);
    expect(pacing.due(2, 101, false, other)).toBe(true);
    expect(pacing.wait([1], 300, other)).toBe(200);
    expect(pacing.wait([], 300, other)).toBeNull();
  });

  it('gives none to what only grew', () => {
    const pacing = new FoldPacing();
    pacing.folded(1, 0, 100, true);
    expect(pacing.due(1, 101, false, grew)).toBe(true);
    expect(pacing.wait([1], 101, grew)).toBe(0);
    pacing.folded(2, 0, 100, false);
    expect(pacing.due(2, 101, false, other)).toBe(true);
  });

  it('owes no rest once everything is folded', () => {
    const pacing = new FoldPacing();
    pacing.folded(1, 0, 100, true);
    pacing.rested();
    expect(pacing.due(1, 101, false, other)).toBe(true);
  });

  it('folds once a second while a history pours in', () => {
    const pacing = new FoldPacing();
    pacing.folded(1, 0, 1, false);
    expect(pacing.due(2, 900, true, grew)).toBe(false);
    expect(pacing.due(2, 1001, true, grew)).toBe(true);
  });
});
