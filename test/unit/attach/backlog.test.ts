/** A long history: the newest session first, what is written meanwhile in between, cut anywhere, and never much of it held. */
import { appendFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { AgentStore } from '../../../server/src/attach/reader/agentStore';
import { LOOK_EVERY_MS, NEWEST_PIECES, newestFirst, readBacklog, type Piece } from '../../../server/src/attach/reader/backlog';
import { ReaderContext } from '../../../server/src/attach/reader/context';
import { MAX_MEMBER_BYTES, membersOf, NoObject } from '../../../server/src/attach/reader/indexMembers';
import { CHUNK_BYTES } from '../../../server/src/attach/reader/lines';
import { BATCH_BYTES } from '../../../server/src/attach/reader/sqliteRows';
import type { Source, SourceRecord } from '../../../server/src/attach/record';
import { cursorsOf, emptyState, entry, header, identity, readAll, sleep, transcripts, writeSession } from './reading';

const SESSIONS = NEWEST_PIECES + 12;
const name = (index: number): string => `s${String(index).padStart(2, '0')}`;
const HEARTBEAT: SourceRecord = { kind: 'heartbeat' };

/** Sessions of which the later ones were written later; their names say nothing about it. */
function files(entries = 3, text = 'hello'): { readonly stateDir: string; readonly sessions: string } {
  const { stateDir, sessions } = emptyState();
  for (let index = 0; index < SESSIONS; index++) {
    const id = name(SESSIONS - 1 - index);
    const lines = Array.from({ length: entries }, (_, at) => entry(`${id}-${at}`, text));
    const path = writeSession(sessions, `${id}.jsonl`, header(id), ...lines);
    utimesSync(path, 1_000_000 + index, 1_000_000 + index);
  }
  const index = Array.from({ length: SESSIONS }, (_, at) => [`agent:main:${name(at)}`, { sessionId: name(at), updatedAt: at }]);
  writeFileSync(join(sessions, 'sessions.json'), JSON.stringify(Object.fromEntries(index)));
  return { stateDir, sessions };
}

/** The same in a database. As it is closed, it is read as it lies there. */
function database(entries = 3, text = 'hello'): { readonly stateDir: string; readonly path: string } {
  const { stateDir, agent } = emptyState();
  const path = join(agent, 'openclaw-agent.sqlite');
  const made = new DatabaseSync(path);
  made.exec(`PRAGMA journal_mode = wal;
    CREATE TABLE session_nodes (session_key TEXT PRIMARY KEY, current_session_id TEXT, entry_json TEXT, updated_at INTEGER, status TEXT);
    CREATE INDEX by_time ON session_nodes (updated_at);
    CREATE TABLE session_windows (session_id TEXT PRIMARY KEY, session_key TEXT, created_at INTEGER, updated_at INTEGER, status TEXT);
    CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, PRIMARY KEY (session_id, seq));
    CREATE TABLE trajectory_runtime_events (session_id TEXT, seq INTEGER, run_id TEXT, event_json TEXT, created_at INTEGER, PRIMARY KEY (session_id, seq));
    BEGIN`);
  const event = made.prepare('INSERT INTO transcript_events VALUES (?, ?, ?, ?)');
  const trajectory = made.prepare('INSERT INTO trajectory_runtime_events VALUES (?, ?, ?, ?, ?)');
  for (let index = 0; index < SESSIONS; index++) {
    const id = name(SESSIONS - 1 - index);
    made.prepare('INSERT INTO session_nodes VALUES (?, ?, ?, ?, ?)').run(`agent:main:${id}`, id, '{}', index, 'done');
    made.prepare('INSERT INTO session_windows VALUES (?, ?, ?, ?, ?)').run(id, `agent:main:${id}`, index, index, 'done');
    event.run(id, 0, header(id).trim(), index);
    for (let at = 0; at < entries; at++) event.run(id, at + 1, entry(`${id}-${at}`, text).trim(), index);
    trajectory.run(id, 0, 'r', JSON.stringify({ type: 'session.started', seq: 0, runId: 'r', sessionId: id, data: {} }), index);
  }
  made.exec('COMMIT');
  made.close();
  return { stateDir, path };
}

const eras = [
  ['files', files],
  ['a database', database],
] as const;

function sessionsInOrder(records: readonly SourceRecord[]): readonly string[] {
  return [...new Set(transcripts(records).map((record) => record.session))];
}

describe.each(eras)('a history in %s', (_, make) => {
  it('comes newest session first, each with its trajectory and none in parts', async () => {
    const records = await readAll(await openDirectory(make().stateDir));
    expect(sessionsInOrder(records)).toEqual(Array.from({ length: SESSIONS }, (_, index) => name(index)));
    const order = transcripts(records).map((record) => record.session);
    expect(order.filter((session, at) => session !== order[at - 1])).toHaveLength(SESSIONS);
    for (const [at, record] of records.entries()) {
      if (record.kind !== 'trajectory') continue;
      const before = records.slice(0, at).findLast(({ kind }) => kind === 'transcript');
      expect(before).toMatchObject({ session: record.session });
    }
  });

  it('says what the newest sessions are called before anything else, and the others before they come', async () => {
    const records = await readAll(await openDirectory(make().stateDir));
    const named = records.flatMap((record, at) =>
      record.kind === 'index' ? [{ at, session: (JSON.parse(record.text) as { sessionId: string }).sessionId }] : [],
    );
    expect(named.map(({ session }) => session).sort()).toEqual(Array.from({ length: SESSIONS }, (_, index) => name(index)));
    const first = records.findIndex(({ kind }) => kind === 'transcript');
    const early = named.filter(({ at }) => at < first).map(({ session }) => session);
    expect(early.sort()).toEqual(Array.from({ length: NEWEST_PIECES }, (_, index) => name(index)));
    for (const { at, session } of named)
      expect(at).toBeLessThan(records.findIndex((record) => record.kind === 'transcript' && record.session === session));
  });

  it('cut anywhere gives each record once, and goes on with what is the newest then', { timeout: 180_000 }, async () => {
    const { stateDir } = make();
    const content = (records: readonly SourceRecord[]): readonly string[] =>
      records
        .filter(({ kind }) => kind === 'transcript' || kind === 'trajectory')
        .map(identity)
        .sort();
    const all = await readAll(await openDirectory(stateDir));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: all.length - 1 }), { minLength: 1, maxLength: 3 }), async (cuts) => {
        const kept: SourceRecord[] = [];
        let cursors: ReadonlyMap<string, string> = new Map();
        for (const cut of [...cuts, Infinity]) {
          const records = await upTo(await openDirectory(stateDir), cut, cursors);
          // What came after the last cursor was not kept.
          const sure = records.length < cut ? records : records.slice(0, records.findLastIndex(({ cursor }) => cursor) + 1);
          expect(records.filter(({ kind }) => kind === 'reread' || kind === 'gone')).toEqual([]);
          const order = sessionsInOrder(records);
          expect(order).toEqual([...order].sort());
          kept.push(...sure);
          cursors = cursorsOf(sure, cursors);
        }
        expect(content(kept)).toEqual(content(all));
      }),
      { numRuns: 40 },
    );
  });

  it('is not held: of what is read, no more is ever ahead of who takes it than one batch', { timeout: 180_000 }, async () => {
    const text = 'x'.repeat(8 * 1024);
    const { stateDir } = make(200, text);
    const source = await openDirectory(stateDir);
    const controller = new AbortController();
    const records = source.open({ cursors: new Map(), follow: false, signal: controller.signal })[Symbol.asyncIterator]();
    // A session holds far more than a batch. Once its first record came, it is taken away: what still comes was read ahead.
    for (;;) {
      const next = await records.next();
      if (next.value?.kind === 'transcript') break;
    }
    emptied(stateDir);
    let ahead = 0;
    for (;;) {
      const next = await records.next().catch(() => ({ done: true as const, value: undefined }));
      if (next.done) break;
      if (next.value.kind === 'transcript') ahead += next.value.text.length;
    }
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThan(2 * (make === files ? CHUNK_BYTES : BATCH_BYTES));
  });

  function emptied(stateDir: string): void {
    if (make === files)
      for (let index = 0; index < SESSIONS; index++) writeFileSync(join(stateDir, 'agents/main/sessions', `${name(index)}.jsonl`), '');
    else rmSync(join(stateDir, 'agents/main/agent/openclaw-agent.sqlite'));
  }
});

async function upTo(source: Source, count: number, cursors: ReadonlyMap<string, string>): Promise<readonly SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const record of source.open({ cursors, follow: false, signal: new AbortController().signal })) {
    records.push(record);
    if (records.length >= count) break;
  }
  return records;
}

describe('what is written while a history is read', () => {
  const isEntry =
    (id: string) =>
    (record: SourceRecord): boolean =>
      record.kind === 'transcript' && (JSON.parse(record.text) as { id: string }).id === id;

  /** Takes records one by one, so slowly that there is time for a look in between; `after` so many transcripts, something is written. */
  async function slowly(stateDir: string, after: number, write: () => void): Promise<readonly SourceRecord[]> {
    const controller = new AbortController();
    const records: SourceRecord[] = [];
    let taken = 0;
    for await (const record of (await openDirectory(stateDir)).open({ cursors: new Map(), follow: true, signal: controller.signal })) {
      records.push(record);
      if (record.kind === 'caughtUp') controller.abort();
      if (record.kind !== 'transcript') continue;
      taken += 1;
      if (taken === after) write();
      if (taken >= after && taken < after + 20) await sleep(LOOK_EVERY_MS + 10);
    }
    return records;
  }

  it.each([
    ['a session that was read', name(0)],
    ['one whose turn is still to come', name(SESSIONS - 1)],
  ])('in %s comes before the rest of the history', async (_, session) => {
    const { stateDir, sessions } = files(30);
    const records = await slowly(stateDir, 40, () => appendFileSync(join(sessions, `${session}.jsonl`), entry('live')));
    const at = records.findIndex(isEntry('live'));
    expect(at).toBeGreaterThan(0);
    const later = new Set(transcripts(records.slice(at)).map((record) => record.session));
    expect(later.size).toBeGreaterThan(SESSIONS - 10);
    expect(records.filter(isEntry('live'))).toHaveLength(1);
    expect(transcripts(records)).toHaveLength(SESSIONS * 31 + 1);
  });

  it('in the session that is being read comes with it, once', async () => {
    const { stateDir, sessions } = files(300);
    const records = await slowly(stateDir, 10, () => appendFileSync(join(sessions, `${name(0)}.jsonl`), entry('live')));
    expect(records.filter(isEntry('live'))).toHaveLength(1);
    // However fast the others are read.
    expect(sessionsInOrder(records.slice(records.findIndex(isEntry('live')) + 1))).toHaveLength(SESSIONS - 1);
    expect(records.filter(({ kind }) => kind === 'reread')).toEqual([]);
  });

  it('as a new session comes before the rest of the history', async () => {
    const { stateDir, sessions } = files(30);
    const records = await slowly(stateDir, 40, () => writeSession(sessions, 'new.jsonl', header('new'), entry('live')));
    expect(sessionsInOrder(records).indexOf('new')).toBeLessThan(10);
  });

  it('in a database comes before the rest of the history, once', async () => {
    // As root it would be read from a copy that is kept for a while.
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65534);
    const { stateDir, path } = database(30);
    const writer = new DatabaseSync(path);
    try {
      writer.exec('PRAGMA wal_autocheckpoint = 0; UPDATE session_nodes SET status = status');
      const insert = writer.prepare('INSERT INTO transcript_events VALUES (?, ?, ?, ?)');
      const records = await slowly(stateDir, 40, () => {
        insert.run(name(0), 31, entry('live').trim(), 99);
        insert.run(name(SESSIONS - 1), 31, entry('old').trim(), 99);
      });
      for (const id of ['live', 'old']) {
        const at = records.findIndex(isEntry(id));
        expect(new Set(transcripts(records.slice(at)).map((record) => record.session)).size).toBeGreaterThan(SESSIONS - 10);
        expect(records.filter(isEntry(id))).toHaveLength(1);
      }
      expect(transcripts(records)).toHaveLength(SESSIONS * 31 + 2);
    } finally {
      writer.close();
      if (root) process.seteuid?.(0);
    }
  });

  it('in a database is found soon also where it is shown only after the look that its file called for', async () => {
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65534);
    const { stateDir, path } = database();
    const writer = new DatabaseSync(path);
    const options = { stateDir, cursors: new Map(), follow: true, signal: new AbortController().signal, mayCopy: false };
    const context = new ReaderContext(options, stateDir, dirname(stateDir));
    const store = new AgentStore(context, 'main', path, 'agents/main/agent/openclaw-agent.sqlite');
    try {
      writer.exec('PRAGMA wal_autocheckpoint = 0; UPDATE session_nodes SET status = status');
      context.inBacklog = true;
      for (const piece of await store.pieces()) for await (const record of piece.read(piece.name)) void record;
      writer.exec('UPDATE session_nodes SET status = status');
      const found: SourceRecord[] = [];
      for await (const record of store.scan([])) found.push(record);
      expect(transcripts(found)).toEqual([]);
      writer.prepare('INSERT INTO transcript_events VALUES (?, ?, ?, ?)').run(name(0), 9, entry('live').trim(), 99);
      // Nothing calls for a look any more, and the history is still being read.
      for (const end = Date.now() + 20_000; !found.some(isEntry('live')) && Date.now() < end; await sleep(5))
        if (store.dueAt <= Date.now()) for await (const record of store.scan([])) found.push(record);
      expect(found.filter(isEntry('live'))).toHaveLength(1);
    } finally {
      store.dispose();
      writer.close();
      if (root) process.seteuid?.(0);
    }
  });
});

describe('pieces', () => {
  it('are read by their time, the index around the first of them, looks between batches', async () => {
    const log: string[] = [];
    const piece = (newest: number): Piece => ({
      newest,
      session: `p${newest}`,
      name: `p${newest}.jsonl`,
      async *read() {
        log.push(`read ${newest}`);
        await sleep(LOOK_EVERY_MS + 5);
        yield HEARTBEAT;
      },
    });
    const pieces = Array.from({ length: NEWEST_PIECES + 2 }, (_, index) => piece(index));
    const parts = {
      pieces,
      async *index(only: ReadonlySet<string> | null) {
        log.push(only ? `index of ${only.size}` : 'index');
        yield HEARTBEAT;
      },
      async *look() {
        log.push('look');
        yield HEARTBEAT;
      },
    };
    for await (const record of readBacklog(parts)) expect(record).toBe(HEARTBEAT);
    const reads = log.filter((each) => each.startsWith('read'));
    expect(reads).toEqual(newestFirst(pieces).map(({ newest }) => `read ${newest}`));
    expect(log[0]).toBe(`index of ${NEWEST_PIECES}`);
    expect(log.indexOf('index')).toBe(log.indexOf('read 1') - 1);
    for (const read of reads) expect(log[log.indexOf(read) + 1]).toBe('look');
  });
});

describe('the members of an index', () => {
  async function members(text: string, cut: number): Promise<readonly string[]> {
    const bytes = Buffer.from(text);
    const chunks = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, at) => bytes.subarray(at * cut, (at + 1) * cut));
    const found: string[] = [];
    for await (const member of membersOf(Readable.from(chunks))) found.push(member.toString());
    return found;
  }

  it('are those of JSON.parse, wherever the chunks end', async () => {
    const value = fc.object({ maxDepth: 3, withBigInt: false, withDate: false });
    await fc.assert(
      fc.asyncProperty(value, fc.integer({ min: 1, max: 50 }), fc.constantFrom(0, 2), async (object, cut, indent) => {
        const text = ` ${JSON.stringify(object, null, indent)}\n`;
        const parsed = (await members(text, cut)).map((member) => Object.entries(JSON.parse(`{${member}}`) as object)[0]);
        expect(parsed).toEqual(Object.entries(JSON.parse(text) as object));
      }),
    );
  });

  it.each(['', '  ', '[]', '1', '{', '{"a":1', '{"a":"}', '{"a":{}', '{}{}', '{"a":1}]', 'null'])('of %j are none', async (text) => {
    await expect(members(text, 3)).rejects.toSatisfy(NoObject.is);
  });

  it('that are too long are left out, and never held', async () => {
    const text = `{"a":1,"b":"${'x'.repeat(MAX_MEMBER_BYTES + 10)}","c":2}`;
    expect(await members(text, CHUNK_BYTES)).toEqual(['"a":1', '"c":2']);
  });
});
