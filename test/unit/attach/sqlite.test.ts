/** The SQLite era: databases made here with the tables of OpenClaw, read while a writer has them open, and after it. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import type { SourceRecord, TranscriptRecord } from '../../../server/src/attach/record';
import { recording } from '../../fixtures/recordings';
import { contents, cursorsOf, emptyState, Following, readAll, sleep, transcripts } from './reading';
import { nodeProcess, nodeReader, pythonReader, ways, type Way } from './readers';

const CANARY = 'canary-of-the-secret-table';
const opened: DatabaseSync[] = [];
afterEach(() => opened.splice(0).forEach((database) => database.isOpen && database.close()));

class Writer {
  readonly database: DatabaseSync;
  readonly path: string;
  readonly stateDir: string;
  readonly sessions: string;
  #seq = new Map<string, number>();

  constructor() {
    const { stateDir, sessions, agent } = emptyState();
    this.stateDir = stateDir;
    this.sessions = sessions;
    this.path = join(agent, 'openclaw-agent.sqlite');
    this.database = new DatabaseSync(this.path);
    opened.push(this.database);
    this.database.exec(`PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0;
      CREATE TABLE schema_meta (meta_key TEXT PRIMARY KEY, app_version TEXT, updated_at INTEGER); INSERT INTO schema_meta VALUES ('primary', '2026.9.6', 1);
      CREATE TABLE session_nodes (session_key TEXT PRIMARY KEY, current_session_id TEXT, entry_json TEXT, updated_at INTEGER, status TEXT, created_via TEXT, parent_session_key TEXT, spawned_by TEXT, label TEXT, display_name TEXT);
      CREATE TABLE session_windows (session_id TEXT PRIMARY KEY, session_key TEXT, previous_session_id TEXT, reason TEXT, created_at INTEGER, updated_at INTEGER, started_at INTEGER, ended_at INTEGER, status TEXT, model_provider TEXT, model TEXT, parent_session_key TEXT, spawned_by TEXT, display_name TEXT);
      CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, event_zstd BLOB, event_utf8_bytes INTEGER, PRIMARY KEY (session_id, seq));
      CREATE TABLE transcript_rewrite_watermarks (session_id TEXT PRIMARY KEY, generation TEXT, updated_at INTEGER);
      CREATE TABLE trajectory_runtime_events (session_id TEXT, seq INTEGER, run_id TEXT, event_json TEXT, created_at INTEGER, PRIMARY KEY (session_id, seq));
      CREATE TABLE session_transcript_archives (session_id TEXT, generation TEXT, PRIMARY KEY (session_id, generation));
      CREATE TABLE auth_profile_store (id TEXT PRIMARY KEY, secret TEXT); INSERT INTO auth_profile_store VALUES ('x', '${CANARY}');`);
  }

  session(id: string, key = `agent:main:${id}`): void {
    this.database
      .prepare('INSERT INTO session_windows (session_id, session_key, created_at, updated_at, status) VALUES (?, ?, 1, 1, ?)')
      .run(id, key, 'running');
    this.database
      .prepare(
        'INSERT OR REPLACE INTO session_nodes (session_key, current_session_id, entry_json, updated_at, status, spawned_by) VALUES (?, ?, ?, 1, ?, NULL)',
      )
      .run(key, id, JSON.stringify({ sessionId: id, label: 'from the entry', skillsSnapshot: 'huge' }), 'running');
    this.database.prepare('INSERT INTO transcript_rewrite_watermarks VALUES (?, ?, 1)').run(id, 'generation-1');
    this.add(id, { type: 'session', version: 4, id, timestamp: '2026-11-21T00:00:00.000Z', cwd: '/sandbox/.openclaw/workspace' });
  }

  add(id: string, entry: object, packed = false): void {
    const seq = this.#seq.get(id) ?? 0;
    this.#seq.set(id, seq + 1);
    const text = JSON.stringify(entry);
    this.database
      .prepare('INSERT INTO transcript_events VALUES (?, ?, ?, 1, ?, ?)')
      .run(id, seq, packed ? null : text, packed ? zstdCompressSync(Buffer.from(text)) : null, packed ? text.length : null);
  }

  message(id: string, entryId: string, text = 'hello', packed = false): void {
    this.add(id, { type: 'message', id: entryId, timestamp: '2026-11-21T00:00:01.000Z', message: { role: 'user', content: text } }, packed);
  }

  files(): readonly string[] {
    return readdirSync(join(this.path, '..')).sort();
  }
}

const ids = (records: readonly SourceRecord[]): readonly string[] =>
  transcripts(records).map((record) => (JSON.parse(record.text) as { id: string }).id);
const isEntry =
  (id: string) =>
  (record: SourceRecord): record is TranscriptRecord =>
    record.kind === 'transcript' && (JSON.parse(record.text) as { id: string }).id === id;
const VERIFY_MS = 50;
const followed = async (open: Way['open'], writer: Writer, cursors?: ReadonlyMap<string, string>): Promise<Following> => {
  const live = new Following(await open(writer.stateDir, { verifyEveryMs: VERIFY_MS }), cursors);
  await live.caughtUp();
  return live;
};

describe.each(ways)('read as $name, a database that OpenClaw has open', ({ open }) => {
  // As root it would be read from a copy (asRoot.test.ts); it is the way of everyone else that is meant here.
  const root = process.geteuid?.() === 0;
  beforeEach(() => root && process.seteuid?.(65534));
  afterEach(() => root && process.seteuid?.(0));

  it('is read with what is in its log only, packed rows too, and no secret', async () => {
    const writer = new Writer();
    writer.session('a');
    writer.message('a', '1');
    writer.message('a', '2', 'packed '.repeat(500), true);
    writer.add('a', { type: 'custom', customType: 'openclaw.cache-ttl', id: 'noise', data: {} });
    const records = await readAll(await open(writer.stateDir));
    expect(ids(records)).toEqual(['a', '1', '2']);
    expect(records.find((record) => record.kind === 'index')).toMatchObject({
      text: JSON.stringify({
        sessionKey: 'agent:main:a',
        sessionId: 'a',
        updatedAt: 1,
        sessionStartedAt: 1,
        status: 'running',
        label: 'from the entry',
      }),
    });
    expect(records.find((record) => record.kind === 'about' && record.runtimeVersion === '2026.9.6')).toBeDefined();
    expect(JSON.stringify(records)).not.toContain(CANARY);
    expect(JSON.stringify(records)).not.toContain('huge');
  });

  it('shows each new row as it comes, and says how soon', async () => {
    const writer = new Writer();
    writer.session('a');
    const live = await followed(open, writer);
    const times: number[] = [];
    for (let index = 0; index < 20; index++) {
      const started = performance.now();
      writer.message('a', `m${index}`);
      await live.until(isEntry(`m${index}`));
      times.push(performance.now() - started);
    }
    await live.stop();
    times.sort((a, b) => a - b);
    console.log(`row to record: median ${times[10]?.toFixed(0)} ms, worst ${times[19]?.toFixed(0)} ms`);
    expect(ids(live.records)).toEqual(['a', ...Array.from({ length: 20 }, (_, index) => `m${index}`)]);
  });

  it('may tidy up its log while it is followed', async () => {
    const writer = new Writer();
    writer.session('a');
    const live = await followed(open, writer);
    writer.message('a', '1', 'x'.repeat(100_000));
    await live.until(isEntry('1'));
    const [result] = writer.database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
    expect(result).toMatchObject({ busy: 0 });
    writer.message('a', '2');
    await live.until(isEntry('2'));
    await live.stop();
    expect(live.records.filter((record) => record.kind === 'reread' || record.kind === 'skipped')).toEqual([]);
  });

  it('is closed cleanly by its writer while we follow it: no log stays behind, and what follows is seen', async () => {
    const writer = new Writer();
    writer.session('a');
    const live = await followed(open, writer);
    writer.message('a', '1');
    await live.until(isEntry('1'));
    writer.database.close();
    for (let waited = 0; waited < 1200; waited += 100) {
      await sleep(100);
      expect(writer.files()).toEqual(['openclaw-agent.sqlite']);
    }
    const again = new DatabaseSync(writer.path);
    opened.push(again);
    again.exec(`INSERT INTO transcript_events (session_id, seq, event_json, created_at) VALUES ('a', 2, '{"type":"message","id":"2"}', 1)`);
    await live.until(isEntry('2'));
    await live.stop();
    expect(ids(live.records)).toEqual(['a', '1', '2']);
  });

  it('changed in a row that was read: the session comes again, unexplained', async () => {
    const writer = new Writer();
    writer.session('a');
    writer.message('a', '1');
    writer.message('a', '2');
    const live = await followed(open, writer);
    writer.database
      .prepare("UPDATE transcript_events SET event_json = replace(event_json, 'hello', 'HELLO') WHERE session_id = 'a' AND seq = 1")
      .run();
    expect(await live.until((record) => record.kind === 'reread' && record.phase === 'end')).toMatchObject({
      session: 'a',
      explained: false,
    });
    await live.stop();
    expect(live.records.filter(isEntry('1')).map((record) => record.text.includes('HELLO'))).toEqual([false, true]);
  });

  it('rewritten by OpenClaw itself: the session comes again, explained', async () => {
    const writer = new Writer();
    writer.session('a');
    for (let index = 0; index < 5; index++) writer.message('a', `${index}`);
    const live = await followed(open, writer);
    writer.database.exec(
      "BEGIN; DELETE FROM transcript_events WHERE session_id = 'a' AND seq BETWEEN 1 AND 3; UPDATE transcript_events SET seq = 1 WHERE session_id = 'a' AND seq = 4; UPDATE transcript_events SET seq = 2 WHERE session_id = 'a' AND seq = 5; UPDATE transcript_rewrite_watermarks SET generation = 'generation-2'; COMMIT;",
    );
    const mark = await live.until((record) => record.kind === 'reread' && record.phase === 'end');
    await live.stop();
    expect(mark).toMatchObject({ session: 'a', explained: true });
    const begin = live.records.findIndex((record) => record.kind === 'reread');
    expect(ids(live.records.slice(begin))).toEqual(['a', '3', '4']);
  });

  it('a session deleted with an archive is gone, explained; without one, unexplained', async () => {
    const writer = new Writer();
    for (const id of ['kept', 'archived', 'hidden']) {
      writer.session(id);
      writer.message(id, `${id}-1`);
    }
    const live = await followed(open, writer);
    writer.database.exec(
      "BEGIN; INSERT INTO session_transcript_archives VALUES ('archived', 'g'); DELETE FROM transcript_events WHERE session_id IN ('archived', 'hidden'); COMMIT;",
    );
    await live.until((record) => record.kind === 'gone' && record.session === 'hidden');
    await live.stop();
    expect(live.records.filter((record) => record.kind === 'gone').map((record) => [record.session, record.explained])).toEqual([
      ['archived', true],
      ['hidden', false],
    ]);
  });

  it('gives trajectories, and their column seq as the order', async () => {
    const writer = new Writer();
    writer.session('a');
    const insert = writer.database.prepare('INSERT INTO trajectory_runtime_events VALUES (?, ?, ?, ?, 1)');
    insert.run(
      'a',
      0,
      'r',
      JSON.stringify({
        traceSchema: 'openclaw-trajectory',
        type: 'session.started',
        seq: 1,
        runId: 'r',
        sessionId: 'a',
        data: { trigger: 'user', secret: 'x' },
      }),
    );
    insert.run(
      'a',
      1,
      'r',
      JSON.stringify({ traceSchema: 'openclaw-trajectory', type: 'context.compiled', seq: 2, runId: 'r', data: { systemPrompt: 'huge' } }),
    );
    insert.run(
      'a',
      2,
      'r',
      JSON.stringify({
        traceSchema: 'openclaw-trajectory',
        type: 'model.completed',
        seq: 3,
        runId: 'r',
        data: { promptError: 'e'.repeat(2000), aborted: false },
      }),
    );
    const records = (await readAll(await open(writer.stateDir))).filter((record) => record.kind === 'trajectory');
    expect(records.map(({ ordinal, text }) => [ordinal, JSON.parse(text)])).toEqual([
      [0, { type: 'session.started', seq: 1, runId: 'r', sessionId: 'a', data: { trigger: 'user' } }],
      [2, { type: 'model.completed', seq: 3, runId: 'r', data: { promptError: 'e'.repeat(500), aborted: false } }],
    ]);
  });
});

it.each([...ways, nodeProcess])('packed files beside a database are read ($name)', async ({ open }) => {
  const writer = new Writer();
  writer.session('a');
  // So many that the reader's output is full in between.
  const packed = Array.from({ length: 20 }, (_, i) => `z${i}`);
  for (const id of packed) {
    const lines = [
      { type: 'session', id },
      { type: 'message', id: `${id}m`, text: 'x'.repeat(200_000) },
    ];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(join(writer.sessions, `${id}.jsonl.deleted.2026-11-21T00-00-00.000Z.abc.zst`), zstdCompressSync(Buffer.from(text)));
  }
  const records = await readAll(await open(writer.stateDir));
  expect(records.filter((record) => record.kind === 'skipped')).toEqual([]);
  expect([...ids(records)].sort()).toEqual(['a', ...packed.flatMap((id) => [id, `${id}m`])].sort());
});

it.each(ways)('what stands behind a row that fills a batch alone is read too ($name)', async ({ open }) => {
  const writer = new Writer();
  writer.session('a');
  writer.message('a', 'large', 'x'.repeat(700_000));
  writer.message('a', 'packed', 'y'.repeat(700_000), true);
  writer.message('a', 'behind');
  expect(ids(await readAll(await open(writer.stateDir)))).toEqual(['a', 'large', 'packed', 'behind']);
});

it.each(ways)('trajectory rows nested too deeply, or no JSON, stop nothing and are told ($name)', async ({ open }) => {
  const writer = new Writer();
  writer.session('a');
  const insert = writer.database.prepare("INSERT INTO trajectory_runtime_events VALUES ('a', ?, 'r', ?, 1)");
  insert.run(0, `{"type":"model.completed","data":{"promptError":{"cause":${'['.repeat(100_000)}${']'.repeat(100_000)}}}}`);
  insert.run(1, '{"type":"model.completed","data":');
  insert.run(2, '{"type":"session.ended","data":{"status":"ok"}}');
  writer.message('a', '1');
  const records = await readAll(await open(writer.stateDir));
  expect(ids(records)).toEqual(['a', '1']);
  expect(records.filter((record) => record.kind === 'trajectory').map((record) => record.ordinal)).toEqual([0, 2]);
  expect(records.filter((record) => record.kind === 'skipped')).toEqual([
    { kind: 'skipped', where: 'agents/main/agent/openclaw-agent.sqlite trajectory a', reason: 'row 1: it is not JSON' },
  ]);
});

describe.each(ways)('read as $name, a database that was made to do harm', ({ open }) => {
  const where = 'agents/main/agent/openclaw-agent.sqlite';
  const endless = (columns: string): string =>
    `AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT ${columns} FROM c`;
  const told = (records: readonly SourceRecord[]): readonly (readonly [string, string])[] =>
    records.flatMap((record) => (record.kind === 'skipped' ? [[record.where, record.reason] as const] : []));

  it('by a view without an end in the place of its transcripts is not asked, and that is said every time', async () => {
    const writer = new Writer();
    writer.database.exec(
      `DROP TABLE transcript_events; CREATE VIEW Transcript_Events ${endless("'s' session_id, x seq, '{}' event_json, 0 created_at, x rowid")}`,
    );
    writer.database.close();
    writeFileSync(join(writer.sessions, 'other.jsonl'), '{"type":"session","id":"other"}\n');
    const records = await readAll(await open(writer.stateDir));
    expect(ids(records)).toEqual(['other']);
    expect(told(records)).toEqual([[where, 'transcript_events is no table: it is not read']]);
    expect(told(await readAll(await open(writer.stateDir), cursorsOf(records)))).toEqual(told(records));
  });

  it.each([
    ['session_nodes', "'k' session_key, 's' current_session_id, x updated_at"],
    ['session_windows', "'a' session_id, 'k' session_key, x updated_at"],
    ['trajectory_runtime_events', "'a' session_id, x seq, '{}' event_json, x rowid"],
    ['transcript_rewrite_watermarks', "'a' session_id, x generation"],
    ['session_transcript_archives', 'x session_id'],
    ['schema_meta', 'x app_version, x updated_at'],
  ])('by a view in the place of %s is read without it', async (table, columns) => {
    const writer = new Writer();
    writer.session('a');
    writer.message('a', '1');
    writer.database.exec(`DROP TABLE ${table}; CREATE VIEW ${table} ${endless(columns)}`);
    writer.database.close();
    const records = await readAll(await open(writer.stateDir));
    expect(ids(records)).toEqual(['a', '1']);
    expect(told(records)).toEqual([[where, `${table} is no table: it is not read`]]);
  });

  it('by a table that is none, or one that computes, is read without them', async () => {
    const writer = new Writer();
    writer.session('a');
    writer.database
      .exec(`DROP TABLE trajectory_runtime_events; CREATE VIRTUAL TABLE trajectory_runtime_events USING fts5(session_id, seq, event_json);
      DROP TABLE schema_meta; CREATE TABLE schema_meta (updated_at INTEGER, app_version TEXT AS (hex(zeroblob(10))));
      INSERT INTO schema_meta VALUES (1)`);
    writer.database.close();
    const records = await readAll(await open(writer.stateDir));
    expect(ids(records)).toEqual(['a']);
    expect(told(records)).toEqual([
      [where, 'trajectory_runtime_events is no table: it is not read'],
      [where, 'schema_meta has columns that are computed: it is not read'],
    ]);
  });

  it('whose rows have no number of their own is read all the same', async () => {
    const writer = new Writer();
    writer.database.exec(
      'DROP TABLE transcript_events; CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, event_zstd BLOB, event_utf8_bytes INTEGER, PRIMARY KEY (session_id, seq)) WITHOUT ROWID',
    );
    writer.session('a');
    const live = await followed(open, writer);
    writer.message('a', '1');
    await live.until(isEntry('1'), 0, 20_000);
    await live.stop();
    expect(told(live.records)).toEqual([]);
  });

  it('by rows that are too long as they are, or would be when unpacked, loses those only', async () => {
    const writer = new Writer();
    writer.session('a');
    writer.message('a', '1', 'x'.repeat(33 * 1024 * 1024));
    writer.message('a', '2', 'x'.repeat(5 * 1024 * 1024), true);
    writer.message('a', '3');
    writer.message('a', '4', 'x'.repeat(5 * 1024 * 1024));
    writer.database
      .prepare("INSERT INTO trajectory_runtime_events VALUES ('a', 0, 'r', ?, 1)")
      .run(`{"type":"session.ended","pad":"${'x'.repeat(33 * 1024 * 1024)}"}`);
    writer.database.close();
    const records = await readAll(await open(writer.stateDir));
    expect(ids(records)).toEqual(['a', '3', '4']);
    expect(told(records)).toEqual([
      [`${where} session a`, 'row 1: it is longer than 32 MB'],
      [`${where} session a`, 'row 2: it is longer than 4 MB'],
      [`${where} trajectory a`, 'row 0: it is longer than 32 MB'],
    ]);
  });
});

describe.each(ways)('when going on after a while, as $name,', ({ open }) => {
  it('only new rows come, whatever became of the log', async () => {
    const writer = new Writer();
    writer.session('a');
    writer.message('a', '1');
    const cursors = cursorsOf(await readAll(await open(writer.stateDir)));
    writer.message('a', '2');
    writer.database.close();
    expect(writer.files()).toEqual(['openclaw-agent.sqlite']);
    const records = await readAll(await open(writer.stateDir), cursors);
    expect(ids(records)).toEqual(['2']);
    expect(records.some((record) => record.kind === 'reread')).toBe(false);
    // Read as immutable: nothing was left behind.
    expect(writer.files()).toEqual(['openclaw-agent.sqlite']);
  });

  it('a row changed meanwhile brings all of its session again', async () => {
    const writer = new Writer();
    for (const id of ['a', 'b']) {
      writer.session(id);
      writer.message(id, `${id}1`);
    }
    const cursors = cursorsOf(await readAll(await open(writer.stateDir)));
    writer.database.exec(
      "UPDATE transcript_events SET event_json = replace(event_json, 'hello', 'HELLO') WHERE session_id = 'b' AND seq = 1",
    );
    writer.message('a', 'a2');
    const records = await readAll(await open(writer.stateDir), cursors);
    expect(records.filter((record) => record.kind === 'reread').map((record) => [record.phase, record.session, record.explained])).toEqual([
      ['begin', 'b', false],
      ['end', 'b', false],
    ]);
    expect(ids(records)).toEqual(['a2', 'b', 'b1']);
  });

  it('a change while it was being compared is found in portions, also when following', async () => {
    const writer = new Writer();
    for (let index = 0; index < 40; index++) {
      writer.session(`s${index}`);
      writer.message(`s${index}`, `m${index}`);
    }
    const cursors = cursorsOf(await readAll(await open(writer.stateDir)));
    writer.database.exec(
      "UPDATE transcript_events SET event_json = replace(event_json, 'hello', 'HELLO') WHERE session_id = 's39' AND seq = 1",
    );
    const live = await followed(open, writer, cursors);
    expect(await live.until((record) => record.kind === 'reread' && record.phase === 'end')).toMatchObject({
      session: 's39',
      explained: false,
    });
    await live.stop();
  });
});

describe.each(ways)('read as $name, a database that nobody has open', ({ open }) => {
  it.each([
    ['a whole -shm', (): undefined => undefined],
    ['an empty -shm', (shm: string) => truncateSync(shm, 0)],
    ['a -shm of another time', (shm: string) => writeFileSync(shm, Buffer.alloc(32_768, 7))],
    ['an empty log', (shm: string) => truncateSync(shm.replace('-shm', '-wal'), 0)],
  ])('left behind with its log and %s is read without a byte or a time of any file changing', async (_, spoil) => {
    const writer = new Writer();
    writer.session('a');
    writer.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    for (let index = 0; index < 20; index++) writer.message('a', `${index}`, 'x'.repeat(2000));
    // As it lies there after its writer was killed, or in a copy that was made while it ran.
    const left = emptyState();
    const path = join(left.agent, 'openclaw-agent.sqlite');
    for (const suffix of ['', '-wal', '-shm']) copyFileSync(writer.path + suffix, path + suffix);
    spoil(`${path}-shm`);
    const before = contents(left.stateDir);
    const records = await readAll(await open(left.stateDir));
    expect(ids(records)).toEqual([
      'a',
      ...(statSync(`${path}-wal`).size === 0 ? [] : Array.from({ length: 20 }, (_, index) => `${index}`)),
    ]);
    expect(records.filter((record) => record.kind === 'skipped')).toEqual([]);
    expect(contents(left.stateDir)).toEqual(before);
    const live = new Following(await open(left.stateDir, { verifyEveryMs: VERIFY_MS }));
    await live.caughtUp();
    await sleep(700);
    await live.stop();
    expect(contents(left.stateDir)).toEqual(before);
  });

  it.each([
    ['cut off', (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    ['cut within its first page', (path: string) => truncateSync(path, 1000)],
    ['no database at all', (path: string) => writeFileSync(path, 'this is no database '.repeat(1000))],
  ])('%s is said, and everything else goes on', async (_, damage) => {
    const writer = new Writer();
    for (let index = 0; index < 50; index++) {
      writer.session(`s${index}`);
      writer.message(`s${index}`, `m${index}`, 'x'.repeat(5000));
    }
    writer.database.close();
    writeFileSync(
      join(writer.sessions, 'other.jsonl'),
      `${JSON.stringify({ type: 'session', id: 'other' })}\n${JSON.stringify({ type: 'message', id: 'o1' })}\n`,
    );
    damage(writer.path);
    const records = await readAll(await open(writer.stateDir));
    expect(records.filter((record) => record.kind === 'skipped')).toMatchObject([
      { where: 'agents/main/agent/openclaw-agent.sqlite', reason: expect.stringMatching(/damaged|cut off/) as string },
    ]);
    expect(ids(records)).toEqual(expect.arrayContaining(['other', 'o1']));
    expect(records.at(-1)?.kind).toBe('caughtUp');
  });

  it('without transcripts in it is left alone, as up to 2026.7.1', async () => {
    const { stateDir, agent, sessions } = emptyState();
    const database = new DatabaseSync(join(agent, 'openclaw-agent.sqlite'));
    database.exec('CREATE TABLE memory_index_chunks (path TEXT); CREATE TABLE auth_profile_store (id TEXT, secret TEXT)');
    database.close();
    writeFileSync(join(sessions, 'a.jsonl'), `${JSON.stringify({ type: 'session', id: 'a' })}\n`);
    const records = await readAll(await open(stateDir));
    expect(records.filter((record) => record.kind === 'skipped')).toEqual([]);
    expect(ids(records)).toEqual(['a']);
  });

  it('that comes to be while following is read then, and one that goes is missed', async () => {
    const { stateDir, agent } = emptyState();
    const live = new Following(await open(stateDir));
    await live.caughtUp();
    const writer = new Writer();
    writer.session('late');
    writer.message('late', 'l1');
    writer.database.close();
    mkdirSync(agent, { recursive: true });
    copyFileSync(writer.path, join(agent, 'openclaw-agent.sqlite'));
    await live.until(isEntry('l1'));
    rmSync(join(agent, 'openclaw-agent.sqlite'));
    expect(await live.until((record) => record.kind === 'gone')).toMatchObject({ session: 'late', explained: false });
    await live.stop();
  });

  it('damaged in one packed row loses that row only', async () => {
    const writer = new Writer();
    writer.session('a');
    writer.message('a', '1', 'p'.repeat(3000), true);
    writer.message('a', '2', 'p'.repeat(3000), true);
    writer.database.prepare("UPDATE transcript_events SET event_zstd = x'28b52ffd00' WHERE seq = 1").run();
    const records = await readAll(await open(writer.stateDir));
    expect(ids(records)).toEqual(['a', '2']);
    const lost = [{ where: 'agents/main/agent/openclaw-agent.sqlite session a', reason: 'row 1: its zstd frame is damaged' }];
    expect(records.filter((record) => record.kind === 'skipped')).toMatchObject(lost);
    // And it is said again to whoever goes on later.
    const again = await readAll(await open(writer.stateDir), cursorsOf(records));
    expect(again.filter((record) => record.kind === 'skipped')).toMatchObject(lost);
  });
});

describe('a database with a log alone', () => {
  it('is read from a private copy, which is gone at once', async () => {
    const { stateDir } = recording('sandbox-live');
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('sandglass-db-'));
    const records = await readAll(await openDirectory(stateDir));
    expect(transcripts(records)).toHaveLength(23 - 4); // four rows are noise
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('sandglass-db-'))).toEqual(before);
    expect(readdirSync(join(stateDir, 'agents/main/agent'))).not.toContain('openclaw-agent.sqlite-shm');
  });

  it.each([nodeReader, pythonReader])('is not read inside a sandbox, and that is said ($name)', async (reader) => {
    const { stateDir } = recording('sandbox-live');
    const records: SourceRecord[] = [];
    for await (const record of reader.open(stateDir).open({ cursors: new Map(), follow: true, signal: new AbortController().signal })) {
      if (record.kind === 'caughtUp') break;
      records.push(record);
    }
    expect(records.filter((record) => record.kind === 'skipped')).toMatchObject([{ where: 'agents/main/agent/openclaw-agent.sqlite' }]);
    expect(transcripts(records)).toEqual([]);
  });
});

it.each(ways)('gives one index record for every session id that a key ever had ($name)', async ({ open }) => {
  const writer = new Writer();
  writer.session('old', 'agent:main:notes');
  writer.session('new', 'agent:main:notes');
  writer.database
    .prepare("UPDATE session_windows SET previous_session_id = 'old', reason = 'rewind', status = 'done' WHERE session_id = 'new'")
    .run();
  writer.database.prepare("UPDATE session_nodes SET spawned_by = 'agent:main:boss', status = 'done'").run();
  const records = (await readAll(await open(writer.stateDir)))
    .filter((record) => record.kind === 'index')
    .map((record) => JSON.parse(record.text) as object);
  expect(records).toEqual([
    {
      sessionKey: 'agent:main:notes',
      sessionId: 'new',
      updatedAt: 1,
      sessionStartedAt: 1,
      status: 'done',
      label: 'from the entry',
      spawnedBy: 'agent:main:boss',
      previousSessionId: 'old',
      reason: 'rewind',
    },
    {
      sessionKey: 'agent:main:notes',
      sessionId: 'old',
      updatedAt: 1,
      sessionStartedAt: 1,
      status: 'running',
      label: 'from the entry',
      spawnedBy: 'agent:main:boss',
    },
  ]);
});

it('what is asked of a database is what the page about it says, and nothing else', () => {
  const root = join(import.meta.dirname, '../../..');
  const source = readFileSync(join(root, 'server/src/attach/reader/sqliteStore.ts'), 'utf8');
  const union = /export type Table =([^;]+);/.exec(source)?.[1] ?? '';
  const asked = [...union.matchAll(/'([^']+)'/g)].map((match) => match[1]);
  const line = readFileSync(join(root, 'docs/what-is-read.md'), 'utf8')
    .split('\n')
    .find((each) => each.startsWith('| transcripts |'));
  const said = [...(line ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1]);
  expect(asked.length).toBeGreaterThan(0);
  expect([...said].sort()).toEqual([...asked].sort());
});
