// A window of an older version may go on folding a store that a newer one opened: what it can not keep comes with the next fold.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Ingest } from '../../../server/src/collect/ingest';
import { migrations } from '../../../server/src/store/schema';
import { Store } from '../../../server/src/store/store';
import { recording } from '../../fixtures/recordings';
import { info, memoryStore, readInto, recordsOf } from '../support/traces';

const { root } = recording('openclaw-2026.7.1');
const key = randomBytes(32);
const folders: string[] = [];
function storePath(): string {
  const made = mkdtempSync(join(tmpdir(), 'sandglass-older-'));
  folders.push(made);
  return join(made, 'traces.sqlite');
}
afterEach(() => {
  vi.doUnmock('../../../server/src/store/schema');
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

/** The work of another version's process, in its own words. */
function byAnother(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA foreign_keys = ON; ${sql}`);
  db.close();
}

/** What the versions had to say of a session that they folded, before a fold told who made it. */
const olderFolds = [
  'UPDATE session SET dirty = 0, revision = revision + 1, start = start, end = end, last_time = last_time, body = body',
  'UPDATE session SET dirty = 0, revision = revision + 1, start = start, workspace_blind = workspace_blind, body = body',
];
/** A version that knows no uses keeps none, and takes another digest of each span. */
const withoutUses = "DELETE FROM use; UPDATE session SET workspace_blind = NULL; UPDATE span SET digest = x'00'";

function usesIn(path: string): unknown {
  const db = new DatabaseSync(path, { readOnly: true });
  const uses = db
    .prepare(
      'SELECT hex(key_blind) AS key, session, span_id, how, start, failed, message, hex(owner_blind) AS owner FROM use ORDER BY 1, 2, 3',
    )
    .all();
  const workspaces = db.prepare('SELECT id, hex(workspace_blind) AS workspace FROM session ORDER BY id').all();
  db.close();
  return { uses, workspaces };
}

const all = (store: Store, row: number): readonly number[] =>
  store.sessions
    .list(row)
    .map((view) => view.row)
    .sort((a, b) => a - b);

describe('what an older version folded in a store that was opened anew', () => {
  it.each(olderFolds)('is folded again by whoever comes next: %s', async (fold) => {
    const path = storePath();
    using store = Store.open({ path, key, replaceUnreadable: false });
    const row = await readInto(store, root);
    const before = usesIn(path) as { uses: unknown[] };
    expect(before.uses.length).toBeGreaterThan(20);
    expect(store.entries.dirty(row)).toEqual([]);
    const [some] = all(store, row);
    byAnother(path, `${fold} WHERE id = ${some}`);
    expect(store.entries.dirty(row)).toEqual([some]);
    // A change that no fold made says nothing of who folded.
    store.sessions.touch(some ?? 0);
    expect(store.entries.dirty(row)).toEqual([some]);
    byAnother(path, `${fold}; ${withoutUses}`);
    expect(store.entries.dirty(row)).toEqual(all(store, row));
    expect(await readInto(store, root)).toBe(row);
    expect(store.entries.dirty(row)).toEqual([]);
    expect(usesIn(path)).toEqual(before);
  });

  it('leaves no uses of a span that it took away', async () => {
    const path = storePath();
    using store = Store.open({ path, key, replaceUnreadable: false });
    const row = await readInto(store, root);
    const before = usesIn(path);
    byAnother(path, `DELETE FROM span; ${olderFolds[0]}`);
    await readInto(store, root);
    expect(store.entries.dirty(row)).toEqual([]);
    expect(usesIn(path)).toEqual(before);
    byAnother(path, 'DELETE FROM span');
    expect(usesIn(path)).toMatchObject({ uses: [] });
  });
});

describe('what is folded in this version', () => {
  it('is folded, also after a change that no fold made; a session that never was is not for that', async () => {
    using store = memoryStore();
    const row = await readInto(store, root);
    expect(store.entries.dirty(row)).toEqual([]);
    for (const each of all(store, row)) store.sessions.touch(each);
    store.transaction(() => store.entries.ensureSession(row, 'main', 'announced'));
    expect(store.entries.dirty(row)).toEqual([]);
    const [some = 0] = all(store, row);
    store.entries.markDirty(some);
    expect(store.entries.dirty(row)).toEqual([some]);
  });

  it('is folded again by a later version that asks for it, though this one lives on and folds', async () => {
    vi.resetModules();
    vi.doMock('../../../server/src/store/schema', () => ({
      migrations: [...migrations, 'UPDATE session SET dirty = 1 WHERE body IS NOT NULL'],
    }));
    const later = {
      ...((await import('../../../server/src/store/store')) as { readonly Store: typeof Store }),
      ...((await import('../../../server/src/collect/ingest')) as { readonly Ingest: typeof Ingest }),
    };
    const path = storePath();
    const records = await recordsOf(root);
    const half = Math.floor(records.findLastIndex(({ kind }) => kind === 'transcript') / 2);
    using own = Store.open({ path, key, replaceUnreadable: false });
    const row = own.transaction(() => own.sources.ensure('test', { info, registryProvider: null }));
    using reads = new Ingest(own, row);
    reads.apply(records.slice(0, half));
    reads.settle();
    using next = later.Store.open({ path, key, replaceUnreadable: false });
    expect(next.entries.dirty(row)).toEqual(all(own, row));
    // The older one holds the lease, and reads on.
    reads.apply(records.slice(half));
    reads.settle();
    const folded = all(own, row);
    expect(folded.length).toBeGreaterThan(3);
    expect(next.entries.dirty(row)).toEqual(folded);
    {
      using takesOver = new later.Ingest(next, row);
      takesOver.settle();
    }
    expect(next.entries.dirty(row)).toEqual([]);
    // For the older one they are folded too: it knows of nothing that they lack.
    expect(own.entries.dirty(row)).toEqual([]);
    // Still another old window may be next, and then a new one again.
    using again = new Ingest(own, row);
    own.entries.markDirty(folded[0] ?? 0);
    using more = new Ingest(own, row);
    more.settle();
    expect(again.foldDueMs).toBeNull();
    expect(own.entries.dirty(row)).toEqual([]);
    expect(next.entries.dirty(row)).toEqual(folded.slice(0, 1));
  });

  it('is not folded again for a step that does not ask for it', async () => {
    vi.resetModules();
    vi.doMock('../../../server/src/store/schema', () => ({ migrations: [...migrations, 'CREATE INDEX more ON session(start)'] }));
    const later = (await import('../../../server/src/store/store')) as { readonly Store: typeof Store };
    const path = storePath();
    let row = 0;
    {
      using own = Store.open({ path, key, replaceUnreadable: false });
      row = await readInto(own, root);
    }
    using next = later.Store.open({ path, key, replaceUnreadable: false });
    expect(next.entries.dirty(row)).toEqual([]);
  });
});

it('sessions of a store of an older version are folded once more', () => {
  const db = new DatabaseSync(':memory:');
  const step = migrations.findIndex((each) => each.includes('folded_as'));
  for (const each of migrations.slice(0, step)) db.exec(each);
  db.exec(`
    INSERT INTO source(id, blind, body) VALUES (7, x'01', x'');
    INSERT INTO session(id, source, agent, session, body, revision) VALUES (1, 7, 'main', 'a', x'', 3), (2, 7, 'main', 'b', NULL, 0);
    INSERT INTO use(key_blind, source, session, span_id, how, estimated, failed) VALUES (x'01', 7, 1, 'gone', 0, 0, 0);
  `);
  db.exec(migrations[step] ?? '');
  expect(db.prepare('SELECT id, folded_as FROM session ORDER BY id').all()).toMatchObject([
    { id: 1, folded_as: 0 },
    { id: 2, folded_as: null },
  ]);
  expect(db.prepare('SELECT * FROM use').all()).toEqual([]);
  db.close();
});
