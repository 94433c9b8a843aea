/** A JSONL state directory while it is followed. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, utimesSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { MAX_WARM } from '../../../server/src/attach/reader/sessionsDirectory';
import { AttachError } from '../../../server/src/attach/errors';
import type { SourceRecord, TranscriptRecord } from '../../../server/src/attach/record';
import { emptyState, entry, Following, header, sleep, writeSession } from './reading';
import { ways, type Way } from './readers';

const isEntry =
  (id: string) =>
  (record: SourceRecord): record is TranscriptRecord =>
    record.kind === 'transcript' && (JSON.parse(record.text) as { id: string }).id === id;
const isReread = (phase: 'begin' | 'end') => (record: SourceRecord) => record.kind === 'reread' && record.phase === phase;
const VERIFY_MS = 50;

async function begun(open: Way['open']): Promise<{
  readonly live: Following;
  readonly path: string;
  readonly sessions: string;
  readonly stateDir: string;
}> {
  const { stateDir, sessions } = emptyState();
  const path = writeSession(sessions, 'a.jsonl', header('a'), entry('1'), entry('2'));
  const live = new Following(await open(stateDir, { verifyEveryMs: VERIFY_MS, heartbeatMs: 200 }));
  await live.caughtUp();
  return { live, path, sessions, stateDir };
}

describe.each(ways)('following $name', ({ open }) => {
  const followed = (): ReturnType<typeof begun> => begun(open);

  it('shows each appended line as it comes, and says how soon', async () => {
    const { live, path } = await followed();
    const times: number[] = [];
    for (let index = 0; index < 20; index++) {
      const started = performance.now();
      appendFileSync(path, entry(`new-${index}`));
      await live.until(isEntry(`new-${index}`));
      times.push(performance.now() - started);
      await sleep(index % 3 === 0 ? 30 : 1);
    }
    await live.stop();
    times.sort((a, b) => a - b);
    console.log(`append to record: median ${times[10]?.toFixed(0)} ms, worst ${times[19]?.toFixed(0)} ms`);
    expect(live.records.filter((record) => record.kind === 'reread')).toEqual([]);
  });

  it('waits for the rest of a line', async () => {
    const { live, path } = await followed();
    const line = entry('split', 'y'.repeat(300_000));
    appendFileSync(path, line.slice(0, 100_000));
    await sleep(80);
    appendFileSync(path, line.slice(100_000, -1));
    await sleep(80);
    appendFileSync(path, '\n');
    appendFileSync(path, entry('after'));
    await live.until(isEntry('after'));
    await live.stop();
    expect(live.records.filter(isEntry('split'))).toHaveLength(1);
    expect(live.records.filter((record) => record.kind === 'skipped')).toEqual([]);
  });

  it('notices a change in place, though the size stays and the time is set back', async () => {
    const { live, path } = await followed();
    const { atime, mtime } = statSync(path);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"hello"', '"HELLO"'));
    utimesSync(path, atime, mtime);
    const mark = await live.until(isReread('end'));
    await live.stop();
    expect(mark).toMatchObject({ session: 'a', explained: false, file: 'agents/main/sessions/a.jsonl' });
    const begin = live.records.findIndex(isReread('begin'));
    expect(live.records.slice(begin).filter((record) => record.kind === 'transcript')).toHaveLength(3);
  });

  it('notices a change far before the end, hidden behind an append', async () => {
    const { stateDir, sessions } = emptyState();
    const path = writeSession(
      sessions,
      'a.jsonl',
      header('a'),
      entry('1', 'x'.repeat(20)),
      ...Array.from({ length: 200 }, (_, index) => entry(`e${index}`, 'z'.repeat(200))),
    );
    const live = new Following(await open(stateDir, { verifyEveryMs: VERIFY_MS }));
    await live.caughtUp();
    appendFileSync(path, entry('honest'));
    await live.until(isEntry('honest'));
    // The tail is as it was; only a comparison of everything shows it.
    writeFileSync(path, readFileSync(path, 'utf8').replace('x'.repeat(20), 'X'.repeat(20)) + entry('dishonest'));
    const mark = await live.until(isReread('end'));
    await live.stop();
    expect(mark).toMatchObject({ explained: false });
    expect(live.records.filter(isEntry('1')).length).toBeGreaterThanOrEqual(2);
  });

  it('notices a cut, and a transcript in its place', async () => {
    const { live, path } = await followed();
    truncateSync(path, header('a').length);
    await live.until(isReread('end'));
    const before = live.records.length;
    writeFileSync(`${path}.tmp`, header('a') + entry('9'));
    renameSync(`${path}.tmp`, path);
    await live.until(isEntry('9'), before);
    await live.stop();
  });

  it('takes a compaction by hand for what it is', async () => {
    const { live, path } = await followed();
    renameSync(path, `${path}.bak.2026-11-21T00-00-00.000Z`);
    writeFileSync(path, header('a') + entry('2'));
    const mark = await live.until(isReread('end'));
    expect(mark).toMatchObject({ explained: true });
    await live.until((record) => record.kind === 'transcript' && record.state === 'archived');
    await live.stop();
  });

  it('takes a reset for what it is, and a removal for what that is', async () => {
    const { live, path, sessions } = await followed();
    renameSync(path, `${path}.reset.2026-11-21T00-00-00.000Z`);
    expect(await live.until((record) => record.kind === 'gone')).toMatchObject({ session: 'a', explained: true });
    expect(live.records.some((record) => record.kind === 'transcript' && record.state === 'reset')).toBe(true);
    const before = live.records.length;
    const other = writeSession(sessions, 'b.jsonl', header('b'), entry('b1'));
    await live.until(isEntry('b1'));
    rmSync(other);
    expect(await live.until((record) => record.kind === 'gone', before)).toMatchObject({ session: 'b', explained: false });
    await live.stop();
  });

  it('sees a new session, a successor file, a new agent and a new index', async () => {
    const { live, sessions, stateDir } = await followed();
    writeSession(sessions, '2026-11-21T00-00-00-000Z_c.jsonl', header('c'), entry('c1'));
    await live.until(isEntry('c1'));
    const other = join(stateDir, 'agents', 'helper', 'sessions');
    mkdirSync(other, { recursive: true });
    writeSession(other, 'h.jsonl', header('h'), entry('h1'));
    expect(await live.until(isEntry('h1'))).toMatchObject({ agent: 'helper', session: 'h' });
    writeFileSync(
      join(sessions, 'sessions.json.1.tmp'),
      JSON.stringify({
        'agent:main:main': { sessionId: 'a', status: 'running', sessionFile: '/sandbox/x/a.jsonl', skillsSnapshot: { prompt: 'huge' } },
      }),
    );
    renameSync(join(sessions, 'sessions.json.1.tmp'), join(sessions, 'sessions.json'));
    const index = await live.until((record) => record.kind === 'index');
    expect(index.kind === 'index' ? JSON.parse(index.text) : null).toEqual({
      sessionKey: 'agent:main:main',
      sessionId: 'a',
      status: 'running',
      sessionFile: 'a.jsonl',
    });
    await live.stop();
    expect(live.records.filter((record) => record.kind === 'reread' || record.kind === 'gone')).toEqual([]);
  });

  it('tells an index entry again only when it changed', async () => {
    const { live, sessions } = await followed();
    const write = (status: string, prompt: string): void =>
      writeFileSync(
        join(sessions, 'sessions.json'),
        JSON.stringify({ k: { sessionId: 'a', status, prompt }, l: { sessionId: 'b', status: 'done' } }),
      );
    write('running', 'one');
    await live.until((record) => record.kind === 'index' && record.text.includes('running'));
    write('running', 'two');
    await sleep(700);
    write('done', 'three');
    await live.until((record) => record.kind === 'index' && record.text.includes('"a","status":"done"'));
    await live.stop();
    expect(live.records.filter((record) => record.kind === 'index')).toHaveLength(3);
  });

  it('gives a sign of life, and ends at once when told to', async () => {
    const { live, stateDir } = await followed();
    await live.until((record) => record.kind === 'heartbeat' && record.cursor === undefined);
    await live.stop();
    // It does not wait for what it would do next, which would not be for a minute.
    const idle = new Following(await open(stateDir, { verifyEveryMs: 60_000, heartbeatMs: 60_000 }));
    await idle.caughtUp();
    const told = idle.records.length;
    expect(await idle.stop()).toBeLessThan(20_000);
    expect(idle.records.slice(told)).toEqual([]);
  });

  it('says so when the directory is taken away', async () => {
    const { live, stateDir } = await followed();
    rmSync(stateDir, { recursive: true });
    await expect(live.until(() => false)).rejects.toSatisfy((error) => AttachError.is(error, 'no-such-path'));
  });

  it('keeps the hashes of the transcripts read last only, and notices growth and forgery in the others too', async () => {
    const { stateDir, sessions } = emptyState();
    const paths = Array.from({ length: MAX_WARM + 40 }, (_, index) =>
      writeSession(sessions, `s${index}.jsonl`, header(`s${index}`), entry(`e${index}`)),
    );
    const live = new Following(await open(stateDir, { verifyEveryMs: VERIFY_MS }));
    await live.caughtUp();
    const [cold = '', forged = ''] = paths;
    appendFileSync(cold, entry('new'));
    await live.until(isEntry('new'));
    writeFileSync(forged, readFileSync(forged, 'utf8').replace('hello', 'HELLO'));
    await live.until(isReread('end'));
    await live.stop();
    expect(live.records.filter((record) => record.kind === 'reread').map((record) => record.session)).toEqual(['s1', 's1']);
    expect(live.records.filter(isEntry('new'))).toHaveLength(1);
  });
});

describe('following a directory', () => {
  it('asks for no more than is taken', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(
      sessions,
      'big.jsonl',
      header('big'),
      ...Array.from({ length: 20_000 }, (_, index) => entry(`e${index}`, 'x'.repeat(2000))),
    );
    const source = await openDirectory(stateDir);
    const controller = new AbortController();
    /** All that this process ever read. */
    const readBytes = (): number => Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
    const before = readBytes();
    let taken = 0;
    for await (const record of source.open({ cursors: new Map(), follow: true, signal: controller.signal })) {
      if (record.kind === 'transcript') taken++;
      if (taken === 500) await sleep(300);
      if (taken === 1000) break;
    }
    // 40 MB lie on the disk; a reader that runs ahead would have read them.
    expect((readBytes() - before) / 1024 / 1024).toBeLessThan(20);
  });
});
