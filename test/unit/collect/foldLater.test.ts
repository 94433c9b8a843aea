// Folding may be put off while records pour in; nothing is lost by it, not even over a crash.
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Source, SourceRecord } from '../../../server/src/attach/record';
import { collect } from '../../../server/src/collect/collector';
import { FoldPacing } from '../../../server/src/collect/foldPacing';
import { Ingest } from '../../../server/src/collect/ingest';
import { traceDocument } from '../../../server/src/query/document';
import type { Store } from '../../../server/src/store/store';
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

describe('many sessions to fold at once, as after an upgrade', () => {
  afterEach(() => void vi.restoreAllMocks());
  const count = 30;

  function entry(session: number, ordinal: number): SourceRecord {
    const message = { role: 'user', content: `say ${ordinal}` };
    const timestamp = new Date(Date.UTC(2026, 10, 21) + ordinal * 1000).toISOString();
    return {
      kind: 'transcript',
      agent: 'main',
      session: `s${session}`,
      state: 'live',
      file: `s${session}.jsonl`,
      ordinal,
      text: JSON.stringify({ type: 'message', id: `e${session}-${ordinal}`, parentId: null, timestamp, message }),
    };
  }

  /** Each is folded in the store, and marked to be folded again. */
  function upgraded(): { readonly store: Store; readonly row: number; readonly before: unknown } {
    const store = memoryStore();
    const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
    using first = new Ingest(store, row);
    for (let session = 0; session < count; session++) first.apply([entry(session, 0), entry(session, 1)]);
    first.settle();
    const before = traceDocument(store, row, null);
    store.transaction(() => {
      for (const view of store.sessions.list(row)) store.entries.markDirty(view.row);
    });
    // A machine on which nothing is done within a hundredth of a second.
    let now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 10));
    return { store, row, before };
  }

  it('are folded slice by slice, each of them kept, and come to the same', () => {
    const { store, row, before } = upgraded();
    using again = new Ingest(store, row);
    again.apply([]);
    const left = store.entries.dirty(row).length;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(count);
    for (let slices = 0; again.foldDueMs === 0; slices++) {
      expect(slices).toBeLessThan(count);
      expect(again.apply([]).sessions.length).toBeGreaterThan(0);
    }
    expect(store.entries.dirty(row)).toEqual([]);
    expect(again.folded.anew).toBe(count);
    expect(traceDocument(store, row, null)).toEqual(before);
  });

  it('come after the one that something is written in now', () => {
    const { store, row } = upgraded();
    using again = new Ingest(store, row);
    const { sessions } = again.apply([entry(count - 1, 2)]);
    expect(sessions.map(({ session }) => session)).toContain(`s${count - 1}`);
    expect(store.entries.dirty(row).length).toBeGreaterThan(0);
  });

  it('leave the turn to others, and are all folded before the source is told to be read', async () => {
    const { store, row, before } = upgraded();
    const refuse = (): Promise<never> => Promise.reject(new Error('no files'));
    const source: Source = {
      kind: 'directory',
      name: 'made',
      sandboxId: null,
      files: { read: refuse, stat: refuse, list: refuse },
      mounts: [],
      async *open() {
        yield { kind: 'caughtUp' };
      },
    };
    const leftAtTurn: number[] = [];
    let leftAtEnd: number | null = null;
    await collect(store, row, source, {
      follow: false,
      signal: new AbortController().signal,
      onChange: () => void setImmediate(() => leftAtTurn.push(store.entries.dirty(row).length)),
      onCaughtUp: () => (leftAtEnd = store.entries.dirty(row).length),
    });
    expect(leftAtTurn.filter((left) => left > 0).length).toBeGreaterThan(1);
    expect(leftAtEnd).toBe(0);
    expect(traceDocument(store, row, null)).toEqual(before);
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

  it('goes on with what was left while a history pours in, half of the time', () => {
    const pacing = new FoldPacing();
    pacing.folded(1, 0, 200, false);
    pacing.cut(200, 200);
    expect(pacing.due(2, 399, true, grew)).toBe(false);
    expect(pacing.due(2, 400, true, grew)).toBe(true);
    expect(pacing.due(2, 201, false, grew)).toBe(true);
    pacing.folded(2, 400, 410, false);
    expect(pacing.due(3, 1409, true, grew)).toBe(false);
    // A single one that took long is no reason to wait longer than ever.
    pacing.cut(6000, 5000);
    expect(pacing.due(3, 7000, true, grew)).toBe(true);
  });

  it('folds once a second while a history pours in', () => {
    const pacing = new FoldPacing();
    pacing.folded(1, 0, 1, false);
    expect(pacing.due(2, 900, true, grew)).toBe(false);
    expect(pacing.due(2, 1001, true, grew)).toBe(true);
  });
});
