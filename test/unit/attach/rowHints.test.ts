/** Which sessions of a database have something new is told without a look at the others, or not at all. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hintsSince, marksOf, sessionsAfter, type Hints } from '../../../server/src/attach/reader/rowHints';
import { SqliteStore } from '../../../server/src/attach/reader/sqliteStore';
import { temporary } from './reading';

let writer: DatabaseSync;
let store: SqliteStore;

beforeEach(() => {
  const path = join(temporary(), 'agent.sqlite');
  writer = new DatabaseSync(path);
  writer.exec(`CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, PRIMARY KEY (session_id, seq));
    CREATE TABLE trajectory_runtime_events (session_id TEXT, seq INTEGER, event_json TEXT, PRIMARY KEY (session_id, seq));
    CREATE TABLE session_nodes (session_key TEXT PRIMARY KEY, current_session_id TEXT, updated_at INTEGER);
    CREATE TABLE session_windows (session_id TEXT PRIMARY KEY, session_key TEXT, updated_at INTEGER);
    CREATE INDEX by_time ON session_nodes (updated_at)`);
  for (const session of ['a', 'b', 'c']) {
    for (let seq = 0; seq < 3; seq++) writer.prepare('INSERT INTO transcript_events VALUES (?, ?, ?, 1)').run(session, seq, '{}');
    writer.prepare('INSERT INTO session_nodes VALUES (?, ?, 1)').run(`key:${session}`, session);
    writer.prepare('INSERT INTO session_windows VALUES (?, ?, 1)').run(session, `key:${session}`);
  }
  store = new SqliteStore(path, true);
});
afterEach(() => {
  store.dispose();
  writer.close();
});

function since(change: () => void): Hints | null {
  const marks = store.read(marksOf);
  change();
  return store.read((reading) => hintsSince(reading, marks));
}

it('nothing new is nothing, but for what has the time of the mark', () => {
  const hints = since(() => undefined);
  expect(hints).toMatchObject({ transcripts: [], trajectories: [] });
});

it('new rows name their sessions, once each', () => {
  const hints = since(() =>
    writer.exec(`INSERT INTO transcript_events VALUES ('b', 3, '{}', 2), ('b', 4, '{}', 2), ('new', 0, '{}', 2);
      INSERT INTO trajectory_runtime_events VALUES ('c', 0, '{}')`),
  );
  expect([...(hints?.transcripts ?? [])].sort()).toEqual(['b', 'new']);
  expect(hints?.trajectories).toEqual(['c']);
});

it('a later time of a key names its session where times are looked up, and is left to the look at everything where not', () => {
  const nodes = since(() => writer.exec("UPDATE session_nodes SET updated_at = 9 WHERE session_key = 'key:b'"));
  expect(nodes?.index).toContain('b');
  const windows = since(() => writer.exec("UPDATE session_windows SET updated_at = 99 WHERE session_id = 'a'"));
  expect(windows?.index).not.toContain('a');
});

it('rows that were taken away leave nothing to tell by', () => {
  expect(since(() => writer.exec("DELETE FROM transcript_events WHERE session_id = 'c'"))).toBeNull();
});

it('a table or an index that comes later is noticed', () => {
  expect(since(() => writer.exec('CREATE INDEX windows_by_time ON session_windows (updated_at)'))?.marks.windows).toBe(1);
  writer.exec('DROP TABLE trajectory_runtime_events');
  expect(store.read(marksOf).trajectories).toBeNull();
});

it('new rows are found by their number: what that costs does not grow with the rows there are', () => {
  for (const table of ['transcript_events', 'trajectory_runtime_events'] as const) {
    const plan = writer.prepare(`EXPLAIN QUERY PLAN ${sessionsAfter(table)}`).all(0);
    expect(plan.map((step) => step.detail)).toContainEqual(expect.stringContaining('USING INTEGER PRIMARY KEY (rowid>?)'));
    expect(plan.map((step) => step.detail)).not.toContainEqual(expect.stringMatching(/^SCAN /));
  }
});

it('the index is left for later where it is not asked for, and nothing of it is lost by that', () => {
  const marks = store.read(marksOf);
  writer.exec(
    "UPDATE session_nodes SET updated_at = 9 WHERE session_key = 'key:b'; INSERT INTO transcript_events VALUES ('c', 3, '{}', 2)",
  );
  const without = store.read((reading) => hintsSince(reading, marks, false));
  expect(without).toMatchObject({ transcripts: ['c'], index: null });
  const later = store.read((reading) => without && hintsSince(reading, without.marks));
  expect(later?.transcripts).toEqual([]);
  expect(later?.index).toContain('b');
});
