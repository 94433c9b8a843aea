/** The private copy of a database holds everything that stands in it, secrets too: nothing of it may be left behind. */
import { build } from 'esbuild';
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { sweepPrivateCopies } from '../../../server/src/attach/reader/privateCopy';
import { SqliteStore } from '../../../server/src/attach/reader/sqliteStore';
import { sleep, temporary } from './reading';

const SECRET = 'a secret that is in no table we read';

/** A database of some megabytes whose log holds a little: a copy of it takes a while. */
function databaseWithLog(path: string, rows = 4000): DatabaseSync {
  const writer = new DatabaseSync(path);
  writer.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE auth_profile_store (secret TEXT); BEGIN');
  writer.exec('CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT)');
  const add = writer.prepare('INSERT INTO auth_profile_store VALUES (?)');
  for (let row = 0; row < rows; row++) add.run(`${SECRET} ${'x'.repeat(2000)}`);
  writer.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO transcript_events VALUES ('a', 0, '{}')");
  return writer;
}

/** Files below a directory that hold the secret. */
function leaking(dir: string): readonly string[] {
  return (readdirSync(dir, { recursive: true }) as string[]).filter((name) => {
    const path = join(dir, name);
    return lstatSync(path).isFile() && readFileSync(path).includes(SECRET);
  });
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('a private copy', () => {
  it.runIf(process.platform === 'linux')(
    'that is cut short leaves nothing of the database behind, and the next process removes what it left at all',
    { timeout: 180_000 },
    async () => {
      const dir = temporary();
      const scratch = join(dir, 'tmp');
      mkdirSync(scratch);
      const path = join(dir, 'agent.sqlite');
      const writer = databaseWithLog(path);
      const script = join(dir, 'child.cjs');
      await build({
        stdin: {
          contents: `import { SqliteStore } from './sqliteStore';
            const copy = () => {
              const store = new SqliteStore(${JSON.stringify(path)}, true);
              store.read(() => 0);
              store.dispose();
              setImmediate(copy);
            };
            process.send('begun');
            copy();`,
          resolveDir: join(import.meta.dirname, '../../../server/src/attach/reader'),
          loader: 'ts',
        },
        bundle: true,
        platform: 'node',
        format: 'cjs',
        target: 'node22',
        outfile: script,
        logLevel: 'error',
      });
      // Without its shared memory it must be copied, whoever reads it.
      const before = readFileSync(`${path}-wal`);
      writer.close();
      writeFileSync(`${path}-wal`, before);
      expect(existsSync(`${path}-shm`)).toBe(false);
      let left = 0;
      // On a busy machine it may be ended before it began, each time.
      const end = Date.now() + 40_000;
      for (let round = 0; round < 12 || (left === 0 && Date.now() < end); round++) {
        const child = fork(script, { env: { ...process.env, TMPDIR: scratch }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
        await once(child, 'message');
        await sleep(40 + (round % 24) * 9);
        await killed(child);
        left += readdirSync(scratch).length;
        expect(leaking(scratch), `round ${round}`).toEqual([]);
      }
      expect(left).toBeGreaterThan(0); // else it was never cut short
      expect(readdirSync(scratch).length).toBeLessThanOrEqual(1); // each removed what the one before left
    },
  );

  it('is the database, with what is in its log, and with none', () => {
    const dir = temporary();
    const path = join(dir, 'agent.sqlite');
    const writer = databaseWithLog(path, 10);
    const log = readFileSync(`${path}-wal`);
    writer.close();
    writeFileSync(`${path}-wal`, log);
    const count = (): unknown => {
      const store = new SqliteStore(path, true);
      try {
        return store.read((reading) => [...reading.rows('SELECT count(*) AS n FROM transcript_events')][0]?.['n']);
      } finally {
        store.dispose();
      }
    };
    expect(count()).toBe(1);
    const other = databaseWithLog(join(dir, 'other.sqlite'), 10);
    other.exec("INSERT INTO transcript_events VALUES ('a', 1, '{}')");
    writeFileSync(path, readFileSync(join(dir, 'other.sqlite')));
    writeFileSync(`${path}-wal`, readFileSync(join(dir, 'other.sqlite-wal')));
    expect(count()).toBe(2);
    writeFileSync(`${path}-wal`, '');
    writeFileSync(`${path}-shm`, '');
    expect(count()).toBe(0);
    other.close();
  });
});

describe('what a killed process left', () => {
  it('is removed, and nothing else: not of one that runs, of another user, under another name or behind a link', () => {
    const dir = temporary();
    const dead = spawnSync('true').pid;
    const made = (name: string): string => {
      mkdirSync(join(dir, name));
      writeFileSync(join(dir, name, 'agent.sqlite-wal'), SECRET);
      return name;
    };
    made(`sandglass-db-${dead}-gone`);
    made(`sandglass-db-${dead}-1-gone`);
    // Of processes that had these ids before.
    made(`sandglass-db-${process.pid}-1-before`);
    if (process.platform === 'linux') made(`sandglass-db-${process.ppid}-1-before`);
    const kept = [
      made(`sandglass-db-${process.pid}-own`),
      made(`sandglass-db-${process.ppid}-runs`),
      made(`sandglass-db-${process.ppid}-xa1b2-runs`),
      made('sandglass-db-nobody'),
      made(`other-${dead}-x`),
    ];
    symlinkSync(join(dir, `other-${dead}-x`), join(dir, `sandglass-db-${dead}-link`));
    kept.push(`sandglass-db-${dead}-link`);
    if (process.getuid?.() === 0) {
      const name = made(`sandglass-db-${dead}-foreign`);
      chownSync(join(dir, name), 65534, 65534);
      kept.push(name);
    }
    sweepPrivateCopies(dir);
    expect(readdirSync(dir).sort()).toEqual(kept.sort());
    expect(readdirSync(join(dir, `other-${dead}-x`))).toEqual(['agent.sqlite-wal']);
  });

  it('stops nothing where it may not be looked for', () => {
    const dir = temporary();
    sweepPrivateCopies(join(dir, 'nowhere'));
    chmodSync(dir, 0o300);
    sweepPrivateCopies(dir);
    chmodSync(dir, 0o700);
    expect(readdirSync(dir)).toEqual([]);
  });
});
