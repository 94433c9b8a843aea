/** SQLite gives `-wal` and `-shm` to the owner of the database when root opens them: nothing of that may happen to a recording. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, copyFileSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { readState } from '../../../server/src/attach/reader/readState';
import type { Source } from '../../../server/src/attach/record';
import { emptyState, Following, readAll, sleep, temporary, transcripts } from './reading';

const root = process.getuid?.() === 0;
if (!root) console.log('not run: only root can show what SQLite does for root');

const NOBODY = 65534;
const open: DatabaseSync[] = [];
afterEach(() => open.splice(0).forEach((database) => database.isOpen && database.close()));

/** Bytes, owner, mode and all times but that of reading. */
function everything(dir: string): readonly string[] {
  return (readdirSync(dir, { recursive: true }) as string[]).sort().map((name) => {
    const stat = lstatSync(join(dir, name), { bigint: true });
    const bytes = stat.isFile()
      ? createHash('sha256')
          .update(readFileSync(join(dir, name)))
          .digest('hex')
      : '';
    return `${name} ${stat.uid}:${stat.gid} ${stat.mode} ${stat.mtimeNs} ${stat.ctimeNs} ${bytes}`;
  });
}

function writer(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  open.push(database);
  database.exec(
    'PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0; CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, PRIMARY KEY (session_id, seq))',
  );
  return database;
}

function add(database: DatabaseSync, seq: number): void {
  database
    .prepare("INSERT INTO transcript_events VALUES ('a', ?, ?)")
    .run(seq, JSON.stringify(seq === 0 ? { type: 'session', id: 'a' } : { type: 'message', id: `${seq}`, pad: 'x'.repeat(1500) }));
}

describe.skipIf(!root)('as root', () => {
  it.each([
    ['of another user', NOBODY],
    ['of root', 0],
  ])('a recording %s with a log and shared memory keeps every owner and time, and is read once', async (_, owner) => {
    const database = writer(join(temporary(), 'openclaw-agent.sqlite'));
    const { stateDir, agent } = emptyState();
    const path = join(agent, 'openclaw-agent.sqlite');
    for (let seq = 0; seq < 30; seq++) add(database, seq);
    for (const suffix of ['', '-wal', '-shm']) {
      copyFileSync(database.location() + suffix, path + suffix);
      if (suffix === '') chownSync(path, owner, owner);
    }
    const before = everything(stateDir);
    expect(transcripts(await readAll(await openDirectory(stateDir)))).toHaveLength(30);
    expect(everything(stateDir)).toEqual(before);
    const live = new Following(await openDirectory(stateDir, { verifyEveryMs: 50 }));
    await live.caughtUp();
    // When nothing was shown late either: only then is the database known as it is.
    await live.until((record) => record.cursor?.key.startsWith('store:') === true, 0, 20_000);
    await sleep(1500);
    await live.stop();
    expect(everything(stateDir)).toEqual(before);
    expect(live.records.filter((record) => record.cursor?.key.startsWith('store:'))).toHaveLength(1);
  });

  it('a database that is written is followed, and nothing but its writer changes its files', async () => {
    const { stateDir, agent } = emptyState();
    const database = writer(join(agent, 'openclaw-agent.sqlite'));
    for (let seq = 0; seq < 5; seq++) add(database, seq);
    const live = new Following(await openDirectory(stateDir, { verifyEveryMs: 50 }));
    await live.caughtUp();
    for (let seq = 5; seq < 20; seq++) {
      add(database, seq);
      if (seq % 5 === 0) database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      const before = everything(stateDir);
      await live.until((record) => record.kind === 'transcript' && record.ordinal === seq);
      await sleep(100);
      expect(everything(stateDir)).toEqual(before);
    }
    await live.stop();
    expect(transcripts(live.records).map((record) => record.ordinal)).toEqual(Array.from({ length: 20 }, (_, seq) => seq));
  });

  it('inside a sandbox, where no copy may be made, it is read once, and no owner changes', async () => {
    for (const owner of [0, NOBODY]) {
      const { stateDir, agent } = emptyState();
      const path = join(agent, 'openclaw-agent.sqlite');
      const database = writer(path);
      for (let seq = 0; seq < 5; seq++) add(database, seq);
      chownSync(path, owner, owner);
      const owners = everything(agent).map((line) => line.split(' ', 2).join(' '));
      const inside: Pick<Source, 'open'> = { open: (options) => readState({ ...options, stateDir, mayCopy: false, verifyEveryMs: 50 }) };
      const live = new Following(inside);
      await live.caughtUp();
      if (owner === 0) await live.until((record) => record.cursor?.key.startsWith('store:') === true, 0, 20_000);
      await sleep(1300);
      await live.stop();
      expect(everything(agent).map((line) => line.split(' ', 2).join(' '))).toEqual(owners);
      const skipped = live.records.filter((record) => record.kind === 'skipped');
      expect([transcripts(live.records).length, skipped.length]).toEqual(owner === 0 ? [5, 0] : [0, 1]);
      expect(live.records.filter((record) => record.cursor?.key.startsWith('store:'))).toHaveLength(owner === 0 ? 1 : 0);
    }
  });

  it('a copy made while the writer checkpoints is whole', async () => {
    const { stateDir, agent } = emptyState();
    const path = join(agent, 'openclaw-agent.sqlite');
    writer(path).close();
    const script = `
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(process.argv[1]);
      database.exec('PRAGMA wal_autocheckpoint = 8; PRAGMA synchronous = off');
      const insert = database.prepare("INSERT INTO transcript_events VALUES ('a', ?, ?)");
      for (let seq = 0; seq < 3000; seq++) insert.run(seq, JSON.stringify({ type: 'message', id: String(seq), pad: 'x'.repeat(1500) }));
      database.close();`;
    const live = new Following(await openDirectory(stateDir, { verifyEveryMs: 50 }));
    await live.caughtUp();
    const child = spawn(process.execPath, ['-e', script, path], { stdio: 'inherit' });
    await once(child, 'exit');
    await live.until((record) => record.kind === 'transcript' && record.ordinal === 2999);
    await live.stop();
    expect(transcripts(live.records).map((record) => record.ordinal)).toEqual(Array.from({ length: 3000 }, (_, seq) => seq));
    expect(live.records.filter((record) => record.kind === 'skipped')).toEqual([]);
  });
});
