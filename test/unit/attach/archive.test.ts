/** The way that runs nothing in the sandbox: what it copies, what it reads, what it leaves behind. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { ARCHIVE_LIMITS, type ArchiveLimits } from '../../../server/src/attach/container/archiveLimits';
import { archiveRecords } from '../../../server/src/attach/container/archiveRecords';
import { mustBeNameable } from '../../../server/src/attach/container/archiveSnapshot';
import { answered, spoken } from '../../../server/src/attach/container/engine';
import { SupervisorFiles } from '../../../server/src/attach/container/supervisorFiles';
import { openDirectory } from '../../../server/src/attach/directory';
import { AttachError } from '../../../server/src/attach/errors';
import type { SourceRecord } from '../../../server/src/attach/record';
import { recording } from '../../fixtures/recordings';
import { FakeEngine } from './fakeEngine';
import { cursorsOf, entry, Following, header, identity, readAll, temporary, writeSession } from './reading';

const STATE = '/sandbox/.openclaw';
const signal = new AbortController().signal;
const engines: FakeEngine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop();
  expect(copies()).toEqual([]);
});

/** What lies in our private directories now. */
function copies(): readonly string[] {
  const ours = readdirSync(tmpdir()).filter((name) => name.startsWith(`sandglass-db-${process.pid}-`));
  return ours.flatMap((name) => [name, ...(readdirSync(join(tmpdir(), name), { recursive: true }) as string[])]);
}

interface Place {
  readonly engine: FakeEngine;
  readonly root: string;
  readonly sessions: string;
  readonly agent: string;
}

async function place(fill?: string): Promise<Place> {
  const root = temporary();
  const base = join(root, STATE, 'agents', 'main');
  if (fill === undefined) for (const name of ['sessions', 'agent']) mkdirSync(join(base, name), { recursive: true });
  else cpSync(fill, join(root, STATE), { recursive: true, preserveTimestamps: true });
  const engine = await FakeEngine.start(root, join(temporary(), 'engine.sock'));
  engines.push(engine);
  return { engine, root, sessions: join(base, 'sessions'), agent: join(base, 'agent') };
}

/** A look is followed by a rest of many times as long as it took. */
const PATIENCE_MS = 30_000;
const source = ({ engine }: Place, lookEveryMs = 20): { open: Parameters<typeof readAll>[0]['open'] } => ({
  open: (options) => archiveRecords(engine.container, { ...options, stateDir: STATE, lookEveryMs }),
});
const read = (from: Place, cursors?: ReadonlyMap<string, string>): Promise<readonly SourceRecord[]> =>
  readAll(source(from) as Parameters<typeof readAll>[0], cursors);
const content = (records: readonly SourceRecord[]): readonly string[] =>
  records
    .filter(({ kind }) => ['transcript', 'index', 'trajectory', 'skipped', 'gone', 'reread'].includes(kind))
    .map(identity)
    .sort();
const fetched = (asked: readonly string[]): readonly string[] =>
  asked
    .filter((what) => what.startsWith('GET '))
    .map((what) => what.slice(4 + STATE.length + 1))
    .filter((path) => !/^agents(?:\/[^/]+\/sessions(?:\/cold)?)?$/.test(path)); // a list of names

describe('copies by the engine', () => {
  it.each(['rotation-2026.7.1', 'zstd-2026.9.6', 'sandbox-live'])(
    'of %s give what the directory gives',
    { timeout: 180_000 },
    async (name) => {
      const { stateDir } = recording(name);
      const from = await place(stateDir);
      expect(content(await read(from))).toEqual(content(await readAll(await openDirectory(stateDir))));
    },
  );

  it('are made of nothing but what is read, and lie nowhere else', async () => {
    const from = await place(recording('openclaw-2026.7.1').stateDir);
    const secret = 'canary-of-a-key';
    for (const path of [
      'agents/main/agent/auth-profiles.json',
      'openclaw.json',
      'credentials/oauth.json',
      'identity/device.json',
      '.env',
    ]) {
      const file = join(from.root, STATE, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, secret);
    }
    const seen = new Set<string>();
    from.engine.before = () => {
      for (const name of copies()) seen.add(name.split('/').pop() ?? '');
    };
    const records = await read(from);
    expect(JSON.stringify(records)).not.toContain(secret);
    expect(seen.size).toBeGreaterThan(10);
    const read_ = /^(?:sessions\.json|.+\.jsonl(?:\..+)?|openclaw-agent\.sqlite(?:-wal)?)$/;
    const directories = /^(?:sandglass-db-\d+-.+|\.openclaw|agents|main|sessions|cold|agent)$/;
    expect([...seen].filter((name) => !read_.test(name) && !directories.test(name))).toEqual([]);
    const paths = fetched(from.engine.asked);
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.filter((path) => !read_.test(path.split('/').pop() ?? ''))).toEqual([]);
  });

  it('are gone on from where another reader came to', async () => {
    const { stateDir } = recording('rotation-2026.7.1');
    const from = await place(stateDir);
    const cursors = cursorsOf(await readAll(await openDirectory(stateDir)));
    const again = await read(from, cursors);
    expect(again.filter(({ kind }) => ['transcript', 'trajectory', 'gone', 'reread'].includes(kind))).toEqual([]);
    const directory = await readAll(await openDirectory(stateDir), cursorsOf(again, cursors));
    expect(directory.filter(({ kind }) => ['transcript', 'trajectory', 'gone', 'reread'].includes(kind))).toEqual([]);
  });

  it('are made again of what changed alone', async () => {
    const from = await place();
    for (const id of ['a', 'b', 'c']) writeSession(from.sessions, `${id}.jsonl`, header(id), entry(`${id}1`));
    const live = new Following(source(from));
    await live.caughtUp();
    const before = from.engine.asked.length;
    appendFileSync(join(from.sessions, 'b.jsonl'), entry('b2', 'more'));
    await live.until((record) => record.kind === 'transcript' && record.text.includes('"b2"'), 0, PATIENCE_MS);
    writeSession(from.sessions, 'd.jsonl', header('d'), entry('d1'));
    await live.until((record) => record.kind === 'transcript' && record.session === 'd', 0, PATIENCE_MS);
    await live.stop();
    expect(fetched(from.engine.asked.slice(before))).toEqual(['agents/main/sessions/b.jsonl', 'agents/main/sessions/d.jsonl']);
    expect(live.records.filter(({ kind }) => kind === 'gone' || kind === 'reread' || kind === 'skipped')).toEqual([]);
  });

  it('tell what was rewritten, what is gone, and what an archive explains', async () => {
    const from = await place();
    for (const id of ['kept', 'changed', 'lost', 'reset']) writeSession(from.sessions, `${id}.jsonl`, header(id), entry(`${id}1`));
    const live = new Following(source(from));
    await live.caughtUp();
    writeSession(from.sessions, 'changed.jsonl', header('changed'), entry('changed1', 'HELLO'));
    rmSync(join(from.sessions, 'lost.jsonl'));
    renameSync(join(from.sessions, 'reset.jsonl'), join(from.sessions, 'reset.jsonl.reset.2026-11-21T00-00-00.000Z'));
    await live.until((record) => record.kind === 'reread' && record.phase === 'end', 0, PATIENCE_MS);
    await live.until((record) => record.kind === 'gone' && record.session === 'lost', 0, PATIENCE_MS);
    await live.until((record) => record.kind === 'gone' && record.session === 'reset', 0, PATIENCE_MS);
    await live.stop();
    const marks = live.records.flatMap((record) =>
      record.kind === 'gone' || (record.kind === 'reread' && record.phase === 'end')
        ? [[record.kind, record.session, record.explained]]
        : [],
    );
    expect(marks.sort()).toEqual([
      ['gone', 'lost', false],
      ['gone', 'reset', true],
      ['reread', 'changed', false],
    ]);
  });

  it('are made of no link, and of nothing beyond the sandbox', async () => {
    const from = await place();
    writeSession(from.sessions, 'good.jsonl', header('good'), entry('1'));
    mkdirSync(join(from.root, 'etc'));
    mkdirSync(join(from.root, 'outside', 'sessions'), { recursive: true });
    writeSession(join(from.root, 'outside', 'sessions'), 'far.jsonl', header('far'), entry('far1'));
    writeFileSync(join(from.root, 'etc', 'keys.jsonl'), header('keys') + entry('keys1'));
    symlinkSync('/etc/keys.jsonl', join(from.sessions, 'keys.jsonl'));
    symlinkSync('/outside', join(from.root, STATE, 'agents', 'far'));
    const records = await read(from);
    expect(records.flatMap((record) => (record.kind === 'transcript' ? [record.session] : []))).toEqual(['good', 'good']);
    const skipped = records.flatMap((record) => (record.kind === 'skipped' ? [`${record.where}: ${record.reason}`] : []));
    expect(skipped.sort()).toEqual([
      'agents/far/sessions: it leads out of the directory: put what it leads to in its place',
      'agents/main/sessions/keys.jsonl: it is a symbolic link, and none is followed: put the file itself there',
    ]);
    expect(from.engine.asked.filter((what) => what.startsWith('GET /etc') || what.startsWith('GET /outside'))).toEqual([]);
  });

  it('of a database whose log began anew meanwhile are made again, and given up when that does not end', async () => {
    const from = await place();
    const file = join(from.agent, 'openclaw-agent.sqlite');
    const writer = new DatabaseSync(file);
    writer.exec(
      'PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, PRIMARY KEY (session_id, seq))',
    );
    const write = (seq: number): void =>
      void writer
        .prepare('INSERT INTO transcript_events VALUES (?, ?, ?, ?)')
        .run('s', seq, (seq === 0 ? header('s') : entry(`e${seq}`)).trim(), seq);
    write(0);
    let seq = 0;
    const beginAnew = (): void => {
      write(++seq);
      writer.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      write(++seq);
    };
    const whenCopied = (times: number) => (what: string) => {
      if (what.endsWith('openclaw-agent.sqlite') && what.startsWith('GET') && times-- > 0) beginAnew();
    };
    from.engine.before = whenCopied(2);
    const records = await read(from);
    expect(records.filter(({ kind }) => kind === 'skipped')).toEqual([]);
    expect(records.filter(({ kind }) => kind === 'transcript')).toHaveLength(seq + 1);
    from.engine.before = whenCopied(Infinity);
    expect((await read(from)).filter(({ kind }) => kind === 'skipped')).toMatchObject([
      { where: 'agents/main/agent/openclaw-agent.sqlite', reason: expect.stringContaining('changed each time') as string },
    ]);
    writer.close();
  });

  it('take the last of a container that stops, and then say that it stopped', async () => {
    const from = await place();
    const file = writeSession(from.sessions, 'a.jsonl', header('a'), entry('1'));
    const live = new Following(source(from, 300));
    await live.caughtUp();
    appendFileSync(file, entry('2'));
    from.engine.running = false;
    const error = await live.until(() => false, 0, PATIENCE_MS).catch((reason: unknown) => reason);
    expect(AttachError.is(error, 'container-stopped')).toBe(true);
    expect(live.records.filter(({ kind }) => kind === 'transcript')).toHaveLength(3);
  });
});

const limited = ({ engine }: Place, limits: Partial<ArchiveLimits>): { open: Parameters<typeof readAll>[0]['open'] } => ({
  open: (options) =>
    archiveRecords(engine.container, {
      ...options,
      stateDir: STATE,
      gatewayLogDir: '/tmp/openclaw',
      lookEveryMs: 20,
      limits: { ...ARCHIVE_LIMITS, ...limits },
    }),
});
const skippedOf = (records: readonly SourceRecord[]): readonly string[] =>
  records.flatMap((record) => (record.kind === 'skipped' ? [`${record.where}: ${record.reason}`] : []));
const sessionsOf = (records: readonly SourceRecord[]): readonly string[] =>
  [...new Set(records.flatMap((record) => (record.kind === 'transcript' ? [record.session] : [])))].sort();

describe('a container that is removed in the middle of a look', () => {
  const databaseOf = (from: Place): void => {
    const database = new DatabaseSync(join(from.agent, 'openclaw-agent.sqlite'));
    database.exec(
      'CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, PRIMARY KEY (session_id, seq))',
    );
    database.prepare('INSERT INTO transcript_events VALUES (?, ?, ?, ?)').run('rows', 0, header('rows').trim(), 0);
    database.close();
  };

  // At every request of a look in turn.
  it('has lost nothing: that it is gone is all there is to say', { timeout: 180_000 }, async () => {
    const from = await place();
    for (const id of ['a', 'b']) writeSession(from.sessions, `${id}.jsonl`, header(id), entry(`${id}1`));
    databaseOf(from);
    const cursors = cursorsOf(await read(from));
    const all = from.engine.asked.length;
    expect(sessionsOf(await read(from))).toEqual(['a', 'b', 'rows']);
    const requests = from.engine.asked.length - all;
    expect(requests).toBeGreaterThan(10);
    for (let at = 0; at < requests; at++) {
      let left = at;
      from.engine.removed = false;
      from.engine.before = () => void (from.engine.removed = left-- <= 0);
      const records: SourceRecord[] = [];
      const error = await (async () => {
        for await (const record of source(from).open({ cursors, follow: true, signal: new AbortController().signal })) records.push(record);
      })().catch((reason: unknown) => reason);
      expect(AttachError.is(error, 'container-stopped'), `request ${at}: ${String(error)}`).toBe(true);
      expect(records.filter(({ kind }) => kind === 'gone' || kind === 'reread' || kind === 'skipped')).toEqual([]);
    }
  });
});

describe('what an agent may put in the way', () => {
  const HUGE = 64 * 1024 ** 3;

  it('as a file without end beside its sessions ends the list, and no more: what is known is read on, and nothing is called gone', async () => {
    const from = await place();
    writeSession(from.sessions, 'a.jsonl', header('a'), entry('a1'));
    const known = writeSession(from.sessions, 'known.jsonl', header('known'), entry('k1'));
    writeSession(from.sessions, 'lost.jsonl', header('lost'), entry('l1'));
    const cursors = cursorsOf(await read(from));
    const core = join(from.sessions, 'core');
    writeFileSync(core, '');
    truncateSync(core, HUGE);
    appendFileSync(known, entry('k2'));
    rmSync(join(from.sessions, 'lost.jsonl'));
    writeFileSync(join(from.sessions, 'sessions.json'), '{}');
    const records = await read(from, cursors);
    expect(from.engine.sent).toBeLessThan(64 * 1024 * 1024);
    expect(skippedOf(records)).toEqual([
      'agents: more than 16 GB lie in it: what comes after that by name is looked for no more',
      'agents/main/sessions: more than 16 GB lie in it: what comes after that by name is looked for no more',
    ]);
    expect(records.filter(({ kind }) => kind === 'transcript')).toMatchObject([{ session: 'known' }]);
    expect(records.filter(({ kind }) => kind === 'gone')).toMatchObject([{ session: 'lost' }]);
    expect(from.engine.asked).toContain(`GET ${STATE}/agents/main/sessions/sessions.json`);
    // Of those that it has no time to ask for, nothing is said.
    const unasked = await readAll(limited(from, { askedFiles: 0 }), cursors);
    expect(unasked.filter(({ kind }) => kind === 'gone' || kind === 'reread')).toEqual([]);
  });

  it('as a list that never ends is waited for so long and no longer', async () => {
    const from = await place();
    const core = join(from.sessions, 'core');
    writeFileSync(core, '');
    truncateSync(core, HUGE);
    const records = await readAll(limited(from, { listBytes: Infinity, listMs: 200 }));
    expect(skippedOf(records)).toEqual([
      expect.stringContaining('agents: to list it took more than') as string,
      expect.stringContaining('agents/main/sessions: to list it took more than') as string,
    ]);
  });

  it('as sessions that are too much together is read a part at a time, or left out and said so', async () => {
    const from = await place();
    for (const id of ['a', 'b', 'c', 'd']) writeSession(from.sessions, `${id}.jsonl`, header(id), entry(`${id}1`, 'x'.repeat(600)));
    let most = 0;
    from.engine.before = () => void (most = Math.max(most, copies().filter((name) => name.endsWith('.jsonl')).length));
    // Each has some 850 bytes.
    expect(sessionsOf(await readAll(limited(from, { batchBytes: 2000 })))).toEqual(['a', 'b', 'c', 'd']);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(2);
    writeSession(from.sessions, 'e.jsonl', header('e'), entry('e1', 'x'.repeat(5000)));
    const records = await readAll(limited(from, { batchBytes: 2000, groupBytes: 4000 }));
    expect(sessionsOf(records)).toEqual(['a', 'b', 'c', 'd']);
    expect(skippedOf(records)).toEqual(['agents/main/sessions/e.jsonl: it is larger than 4000 bytes']);
    expect(from.engine.asked.filter((what) => what.startsWith('GET') && what.endsWith('/e.jsonl'))).toEqual([]);
  });

  it('as more archives of a session than can be read accuses nobody', async () => {
    const from = await place();
    const name = 'a.jsonl';
    writeSession(from.sessions, name, header('a'), entry('a1'));
    const cursors = cursorsOf(await read(from));
    renameSync(join(from.sessions, name), join(from.sessions, `${name}.reset.2026-11-21T00-00-00.000Z`));
    for (const day of ['18', '19', '20'])
      writeSession(from.sessions, `${name}.reset.2026-11-${day}T00-00-00.000Z`, header('a'), entry(day));
    const records = await readAll(limited(from, { groupFiles: 2 }), cursors);
    expect(records.filter(({ kind }) => kind === 'gone' || kind === 'reread')).toEqual([]);
    expect(skippedOf(records)).toEqual([expect.stringContaining("a.jsonl: what became of it can't be told") as string]);
    expect((await readAll(limited(from, {}), cursors)).filter(({ kind }) => kind === 'gone')).toMatchObject([{ explained: true }]);
  });

  it('as a name stays one name on this host', () => {
    for (const name of ['a/../b', 'a//b', 'a/.']) expect(() => mustBeNameable(name, 'linux')).toThrow();
    for (const name of ['a/b\\c.jsonl', 'a/c:x.jsonl', 'a/nul', 'a/com1.jsonl', 'a/b.']) {
      expect(() => mustBeNameable(name, 'win32'), name).toThrow();
      expect(() => mustBeNameable(name, 'linux'), name).not.toThrow();
    }
    expect(() => mustBeNameable('agents/main/sessions/a.jsonl.reset.2026-11-21T00-00-00.000Z', 'win32')).not.toThrow();
  });
});

describe("OpenClaw's own log", () => {
  const day = new Date().toISOString().slice(0, 10);
  const line = (n: number): string =>
    `${JSON.stringify({ '0': '{"subsystem":"provider-transport-fetch"}', '1': `[model-fetch] response provider=inference model=m status=500 elapsedMs=${n} contentType=x`, time: '2026-11-21T11:25:26.112+00:00' })}\n`;
  const told = (records: readonly SourceRecord[]): readonly string[] =>
    records.flatMap((record) => (record.kind === 'gatewayLog' ? [/elapsedMs=(\d+)/.exec(record.text)?.[1] ?? '?'] : []));
  const logOf = async (): Promise<{ readonly from: Place; readonly at: (name: string) => string }> => {
    const from = await place();
    mkdirSync(join(from.root, 'tmp', 'openclaw'), { recursive: true });
    return { from, at: (name) => join(from.root, 'tmp', 'openclaw', `openclaw-${day}${name}`) };
  };

  it('is known again when it is put aside, and what takes its place is read from its beginning', async () => {
    const { from, at } = await logOf();
    writeFileSync(at('.log'), line(1) + line(2));
    const live = new Following(limited(from, {}));
    await live.caughtUp();
    appendFileSync(at('.log'), line(3));
    renameSync(at('.log'), at('.1.log'));
    writeFileSync(at('.log'), line(4) + line(5) + line(6) + line(7));
    for (const last of ['3', '7']) await live.until((record) => told([record])[0] === last, 0, PATIENCE_MS);
    await live.stop();
    expect([...told(live.records)].sort()).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  });

  it('that is another of the same size is read from its beginning after a restart', async () => {
    const { from, at } = await logOf();
    writeFileSync(at('.log'), line(1) + line(2));
    const cursors = cursorsOf(await readAll(limited(from, {})));
    expect(told(await readAll(limited(from, {}), cursors))).toEqual([]);
    writeFileSync(at('.log'), line(3) + line(4));
    utimesSync(at('.log'), 1, 1);
    expect(told(await readAll(limited(from, {}), cursors))).toEqual(['3', '4']);
  });

  it('is read from near its end where it is long, not at all where it is endless, and either is said', async () => {
    const { from, at } = await logOf();
    const last = line(9);
    writeFileSync(at('.log'), line(1) + line(2) + last);
    const part = await readAll(limited(from, { logHistoryBytes: last.length + 10 }));
    expect(told(part)).toEqual(['9']);
    expect(skippedOf(part)).toEqual([expect.stringContaining('only the last') as string]);
    truncateSync(at('.log'), 64 * 1024 ** 3);
    const endless = await readAll(limited(from, {}));
    expect(told(endless)).toEqual([]);
    expect(skippedOf(endless)).toContain(`openclaw-${day}.log: it is larger than 1 GB`);
    expect(from.engine.sent).toBeLessThan(64 * 1024 * 1024);
  });
});

describe("the supervisor's files", () => {
  const at = (from: Place, name: string): string => join(from.root, 'var', 'log', name);
  const scan = async (files: SupervisorFiles): Promise<readonly SourceRecord[]> => {
    const records: SourceRecord[] = [];
    for await (const record of files.scan('all', signal)) records.push(record);
    return records;
  };
  const lines = (records: readonly SourceRecord[]): readonly string[] =>
    records.flatMap((record) => (record.kind === 'log' ? [`${record.origin} ${record.text}`] : []));

  it('are read from where they were left, whole lines only, and no other file', async () => {
    const from = await place();
    mkdirSync(join(from.root, 'var', 'log'), { recursive: true });
    writeFileSync(at(from, 'openshell.2026-11-21.log'), 'one\ntwo\nhal');
    writeFileSync(at(from, 'openshell-ocsf.2026-11-21.log'), '{"a":1}\n');
    writeFileSync(at(from, 'agent.log'), 'forged\n');
    symlinkSync('agent.log', at(from, 'openshell.2026-11-22.log'));
    const first = await scan(new SupervisorFiles(from.engine.container, new Map(), true));
    expect(lines(first)).toEqual(['jsonl {"a":1}', 'file one', 'file two']);
    const asked = from.engine.asked.length;
    const files = new SupervisorFiles(from.engine.container, cursorsOf(first), true);
    expect(lines(await scan(files))).toEqual([]);
    expect(from.engine.asked.slice(asked).filter((what) => what.startsWith('GET'))).toEqual(['GET /var/log']);
    appendFileSync(at(from, 'openshell.2026-11-21.log'), 'f\nthree\n');
    expect(lines(await scan(files))).toEqual(['file half', 'file three']);
  });

  it('are read from their beginning where another has the same name', async () => {
    const from = await place();
    mkdirSync(join(from.root, 'var', 'log'), { recursive: true });
    writeFileSync(at(from, 'openshell.log'), 'one\ntwo\n');
    const first = await scan(new SupervisorFiles(from.engine.container, new Map(), true));
    writeFileSync(at(from, 'openshell.log'), 'three\nfour\nfive\n');
    expect(lines(await scan(new SupervisorFiles(from.engine.container, cursorsOf(first), true)))).toEqual([
      'file three',
      'file four',
      'file five',
    ]);
  });

  it('are none that the agent could have written', async () => {
    const from = await place();
    mkdirSync(join(from.root, 'var', 'log'), { recursive: true });
    writeFileSync(at(from, 'openshell.2026-11-21.log'), 'forged\n');
    from.engine.uid = 998;
    const shared = await scan(new SupervisorFiles(from.engine.container, new Map(), true));
    expect(lines(shared)).toEqual([]);
    expect(shared).toMatchObject([{ kind: 'skipped', where: '/var/log/openshell.2026-11-21.log' }]);
    expect(lines(await scan(new SupervisorFiles(from.engine.container, new Map(), false)))).toEqual(['file forged']);
  });
});

describe('an engine that hangs', () => {
  it('is waited for so long and no longer', async () => {
    let told: AbortSignal | undefined;
    const never = answered('anything', (given) => ((told = given), new Promise<never>(() => undefined)), undefined, 30);
    await expect(never).rejects.toMatchObject({ reason: 'lost', message: expect.stringContaining('anything') as string });
    expect(told?.aborted).toBe(true);
    const pausing = spoken(
      (async function* () {
        yield Buffer.from('a');
        await new Promise(() => undefined);
      })(),
      'It',
      30,
    );
    expect((await pausing.next()).value).toEqual(Buffer.from('a'));
    await expect(pausing.next()).rejects.toMatchObject({ reason: 'lost' });
  });
});
