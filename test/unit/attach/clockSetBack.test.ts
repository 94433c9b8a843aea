// A clock that is set back by an hour, as a machine does that woke up or was told the time: whoever measures a while by it rests for an
// hour. What is followed is shown as before.
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SandboxFiles, SourceRecord } from '../../../server/src/attach/record';
import { Coalescer } from '../../../server/src/coalescer';
import { FileCache } from '../../../server/src/locate/fileCache';
import { emptyState, entry, Following, header, writeSession } from './reading';
import { nodeReader, pythonScript } from './readers';

const realNow = Date.now;
let offset = 0;
afterEach(() => {
  vi.restoreAllMocks();
  offset = 0;
});
function watchedClock(): void {
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + offset);
}
const setBack = (): void => void (offset = -3_600_000);

const isEntry = (id: string) => (record: SourceRecord) => record.kind === 'transcript' && record.text.includes(`"id":"${id}"`);
const isReread = (record: SourceRecord): boolean => record.kind === 'reread' && record.phase === 'end';

async function followed(stateDir: string): Promise<Following> {
  watchedClock();
  const live = new Following(nodeReader.open(stateDir, { verifyEveryMs: 50, heartbeatMs: 100 }));
  await live.caughtUp();
  return live;
}

describe('with a clock set back, the reader', () => {
  it('says as often as before that it is there', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'), entry('1'));
    const live = await followed(stateDir);
    await live.until(({ kind }) => kind === 'heartbeat');
    setBack();
    const heard = live.records.length;
    await live.until(({ kind, cursor }: SourceRecord) => kind === 'heartbeat' && cursor === undefined, heard + 1);
    await live.stop();
  });

  it('notices a change in a transcript, hidden behind an append', async () => {
    const { stateDir, sessions } = emptyState();
    const many = Array.from({ length: 200 }, (_, at) => entry(`e${at}`, 'z'.repeat(200)));
    const path = writeSession(sessions, 'a.jsonl', header('a'), entry('1', 'x'.repeat(20)), ...many);
    const live = await followed(stateDir);
    appendFileSync(path, entry('honest'));
    await live.until(isEntry('honest'));
    setBack();
    // The tail is as it was; only a comparison of everything shows it.
    writeFileSync(path, readFileSync(path, 'utf8').replace('x'.repeat(20), 'X'.repeat(20)) + entry('dishonest'));
    await live.until(isReread);
    await live.stop();
  });

  it('reads a session index that changed', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'), entry('1'));
    const index = join(sessions, 'sessions.json');
    const keyed = (key: string): string => JSON.stringify({ [`agent:main:${key}`]: { sessionId: 'a', updatedAt: 1 } });
    writeFileSync(index, keyed('main'));
    const live = await followed(stateDir);
    setBack();
    writeFileSync(index, keyed('other'));
    await live.until((record) => record.kind === 'index' && record.text.includes('agent:main:other'));
    await live.stop();
  });

  it('notices a change in a row of a database', async () => {
    const { stateDir, agent } = emptyState();
    using database = new DatabaseSync(join(agent, 'openclaw-agent.sqlite'));
    database.exec(`PRAGMA journal_mode = wal;
      CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, PRIMARY KEY (session_id, seq))`);
    const add = database.prepare('INSERT INTO transcript_events VALUES (?, ?, ?, 1)');
    for (const [seq, line] of [header('a'), entry('1'), entry('2')].entries()) add.run('a', seq, line.trimEnd());
    const live = await followed(stateDir);
    add.run('a', 3, entry('3').trimEnd());
    await live.until(isEntry('3'));
    // What was compared is compared again, by a clock that is an hour early.
    database.exec("UPDATE transcript_events SET event_json = replace(event_json, 'hello', 'HELLO') WHERE seq = 1");
    await live.until(isReread);
    setBack();
    const before = live.records.length;
    database.exec("UPDATE transcript_events SET event_json = replace(event_json, 'hello', 'HALLO') WHERE seq = 2");
    await live.until(isReread, before);
    await live.stop();
  });
});

describe('with a clock set back, the server', () => {
  it('tells a change as soon as before', async () => {
    watchedClock();
    let told = 0;
    using coalescer = new Coalescer(20, () => void (told += 1));
    coalescer.ask();
    await vi.waitUntil(() => told === 1, { timeout: 20_000 });
    setBack();
    coalescer.ask();
    await vi.waitUntil(() => told === 2, { timeout: 20_000 });
  });
});

it('with a clock set back, a file of a sandbox is read again as soon as before', async () => {
  watchedClock();
  const cache = new FileCache();
  let read = 0;
  const files = { read: async () => ({ bytes: new Uint8Array(), mtime: (read += 1) }) } as unknown as SandboxFiles;
  const asked = (): Promise<unknown> => cache.read('source', files, '/a', new AbortController().signal);
  await asked();
  setBack();
  await vi.waitUntil(async () => (await asked(), read === 2), { timeout: 20_000 });
});

it('the time of day is asked for by no reader but beside that of a file', () => {
  const root = resolve(import.meta.dirname, '../../../server/src/attach/reader');
  const lines = [
    ...readdirSync(root)
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => readFileSync(join(root, name), 'utf8').split('\n')),
    ...pythonScript().split('\n'),
  ].filter((line) => /\bDate\.now\(|new Date\(\)|\btime\.time\(|datetime\.now\(/.test(line));
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(line).toMatch(/mtime/);
});
