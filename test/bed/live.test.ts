/** Sandboxes in which the real OpenClaw runs turns while we are attached. One bring-up for each way it can be laid out. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory } from '../../server/src/attach/directory';
import { AttachError } from '../../server/src/attach/errors';
import type { LogOrigin, Source, SourceRecord, TranscriptRecord } from '../../server/src/attach/record';
import { findSandboxes, type FoundSandbox } from '../../server/src/sandboxes/findSandboxes';
import { sandboxSource } from '../../server/src/sandboxes/sandboxSource';
import { cursorsOf, Following, identity, readAll, sleep, temporary, transcripts } from '../unit/attach/reading';
import { until } from '../server/support/serverProcess';
import { bed, BedSandbox, copyOut, docker, listing, readersIn, readerScript, VERSIONS } from './bed';

const there = await bed(VERSIONS.jsonl, VERSIONS.sqlite);
/** What a busy machine needs until what was written in a sandbox is here. */
const PATIENCE_MS = 60_000;
/** What does not end says what it was. */
async function within<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const signal = new AbortController().signal;
const CANARIES = ['nemobed-canary-sandbox-jwt', 'nemobed-gateway-token-not-a-secret'];

interface Layout {
  readonly title: string;
  readonly version: string;
  readonly generation: 'B' | 'C';
}
const LAYOUTS: readonly Layout[] = [
  { title: 'JSONL, one container', version: VERSIONS.jsonl, generation: 'B' },
  { title: 'SQLite, one container', version: VERSIONS.sqlite, generation: 'B' },
  { title: 'SQLite, two containers', version: VERSIONS.sqlite, generation: 'C' },
];

const stored = (records: readonly SourceRecord[]): readonly string[] =>
  records
    .filter((record) => record.kind === 'transcript' || record.kind === 'trajectory')
    .map(identity)
    .sort();
const isReply =
  (session: string | null) =>
  (record: SourceRecord): record is TranscriptRecord =>
    record.kind === 'transcript' &&
    (session === null || record.session === session) &&
    record.text.includes('"role":"assistant"') &&
    record.text.includes('"stopReason":"stop"');
/** How many runs are written to their end: the last that OpenClaw writes of a run, after its reply, is that in its trajectory. */
const runsEnded = (records: readonly SourceRecord[]): number =>
  records.filter((record) => record.kind === 'trajectory' && record.text.includes('"type":"session.ended"')).length;
/** What changes by OpenClaw's own doing while nobody asks it anything. */
const isOpenClaws = (line: string): boolean => /-shm |-wal |\/state|\/logs|\/cache|\/tmp|\.lock|skill/.test(line);

describe.skipIf(there.kind === 'missing').each(LAYOUTS)('$title', ({ version, generation }) => {
  let sandbox: BedSandbox;
  let script: string;
  let found: FoundSandbox;
  let source: Source;
  let followed: readonly SourceRecord[] = [];

  async function find(): Promise<FoundSandbox> {
    const { sandboxes } = await findSandboxes({ home: sandbox.home, env: process.env, signal });
    const one = sandboxes.find(({ name }) => name === sandbox.name);
    if (!one) throw new Error('the sandbox was not found');
    return one;
  }

  beforeAll(async () => {
    script = await readerScript();
    sandbox = await BedSandbox.up({ version, generation });
    found = await find();
    source = sandboxSource(found, { script: async () => script });
  });
  afterAll(() => sandbox?.down());

  it('is found, and joined with its row in the registry', () => {
    expect(found).toMatchObject({
      name: sandbox.name,
      layout: generation === 'C' ? 'two-containers' : 'one-container',
      runtime: 'openclaw',
      runtimeVersion: version,
      provider: 'nvidia-prod',
      state: 'running',
    });
    expect(found.seenBy).toHaveLength(2);
  });

  it('shows turns while they run', { timeout: 480_000 }, async () => {
    const live = new Following(source);
    await live.caughtUp();
    const delays: number[] = [];
    let finished = false;
    const seen = live.records.length;
    const running = sandbox.run('hello', 'coding', 'denied');
    const times = new Map<SourceRecord, number>();
    const collecting = (async () => {
      for (let at = seen; ;) {
        for (; at < live.records.length; at++) times.set(live.records[at] as SourceRecord, Date.now());
        await sleep(2);
        if (finished) return;
      }
    })();
    await running;
    const whileRunning = live.records.slice(seen);
    await until('the end of all three runs', () => runsEnded(live.records) >= 3, PATIENCE_MS);
    finished = true;
    await collecting;
    await live.stop();
    followed = live.records;
    for (const record of transcripts(live.records)) {
      const time = Date.parse((JSON.parse(record.text) as { timestamp: string }).timestamp);
      const at = times.get(record);
      if (at !== undefined && /"role":"(?:assistant|toolResult)"/.test(record.text)) delays.push(at - time);
    }
    delays.sort((a, b) => a - b);
    const median = delays[Math.floor(delays.length / 2)] ?? Infinity;
    console.log(
      `${version} ${generation}: entry written to record here: median ${median} ms, worst ${delays.at(-1)} ms, of ${delays.length}`,
    );
    expect(delays.length).toBeGreaterThan(20);
    // The first run was over, and here to be seen, while the last one still ran.
    expect(whileRunning.some(isReply(null))).toBe(true);
    expect(runsEnded(whileRunning)).toBeGreaterThan(0);
    expect(live.records.filter((record) => record.kind === 'reread' || record.kind === 'gone' || record.kind === 'skipped')).toEqual([]);
  });

  it('gives what a directory source gives for a copy of its state', async () => {
    const dir = temporary();
    const stateDir = copyOut(sandbox.id(), dir);
    const fromDirectory = await readAll(await openDirectory(stateDir));
    const fromContainer = await readAll(source);
    expect(transcripts(fromContainer).length).toBeGreaterThan(40);
    expect(runsEnded(fromContainer)).toBe(3);
    expect(stored(fromContainer)).toEqual(stored(fromDirectory));
    // And while following everything came once, and nothing else.
    expect(stored(followed)).toEqual(stored(fromContainer));
    rmSync(dir, { recursive: true, force: true });
  });

  it("gives the supervisor's log, each line once, and none of the agent's output", async () => {
    const container = generation === 'C' ? sandbox.id('supervisor') : sandbox.id();
    const written = docker('logs', container, '--tail', 'all');
    const lines = (records: readonly SourceRecord[], origin: LogOrigin = 'console'): readonly string[] =>
      records.flatMap((record) => (record.kind === 'log' && record.origin === origin ? [record.text] : []));
    const first = await readAll(source);
    expect(lines(first).some((line) => line.includes('DENIED /usr/bin/curl'))).toBe(true);
    expect(new Set(lines(followed)).size).toBe(lines(followed).length);
    expect(lines(first)).toEqual(expect.arrayContaining([...lines(followed)]));
    expect(lines(first).every((line) => /^\d{4}-\d\d-\d\dT\S+ (?:OCSF|OCSF-JSON|INFO|WARN|ERROR) /.test(line))).toBe(true);
    expect(lines(first).length).toBeGreaterThanOrEqual(written.split('\n').filter((line) => line.trim() !== '').length);
    // The same once more from the files, where those can be had from outside: in memory they can not.
    const fromFiles = lines(first, 'file');
    if (generation === 'C') expect(fromFiles).toEqual([]);
    else expect(lines(first)).toEqual(expect.arrayContaining([...fromFiles.filter((line) => line.includes(' OCSF '))]));
    expect(fromFiles.length > 10).toBe(generation === 'B');
    // What the supervisor writes just now is new; what was given is not given again.
    const again = await readAll(source, cursorsOf(first));
    for (const origin of ['console', 'file', 'jsonl'] as const) {
      const given = new Set(lines(first, origin));
      expect(lines(again, origin).filter((line) => given.has(line))).toEqual([]);
    }
  });

  it('is not changed by being read, and no reader stays', async () => {
    const container = sandbox.id();
    const before = listing(container).filter((line) => !isOpenClaws(line));
    for (let round = 0; round < 3; round++) {
      const live = new Following(source);
      await live.caughtUp();
      await live.stop();
    }
    expect(listing(container).filter((line) => !isOpenClaws(line))).toEqual(before);
    await until('the readers to be gone', () => readersIn(container).length === 0, PATIENCE_MS);
  });

  it('gives no secret', async () => {
    const all = JSON.stringify([await readAll(source), followed]);
    for (const canary of CANARIES) expect(all).not.toContain(canary);
  });

  it('is gone on with after a restart and after a kill, nothing lost, nothing twice', { timeout: 600_000 }, async () => {
    const records: SourceRecord[] = [];
    for (const way of ['restart', 'kill'] as const) {
      const live = new Following(source, cursorsOf(records));
      await live.caughtUp();
      const ended = live.until(() => false, 0, 2 * PATIENCE_MS).catch((error: unknown) => error);
      if (way === 'restart') await sandbox.restart();
      else {
        await sandbox.kill();
        await sandbox.start();
      }
      const error = await ended;
      expect(
        AttachError.is(error, 'container-stopped') || AttachError.is(error, 'lost') || AttachError.is(error, 'reader-failed'),
        String(error),
      ).toBe(true);
      records.push(...live.records);
      source = sandboxSource(await find(), { script: async () => script });
    }
    const live = new Following(source, cursorsOf(records));
    await live.caughtUp();
    await sandbox.run('hello');
    await until('the end of the fourth run', () => runsEnded([...records, ...live.records]) >= 4, PATIENCE_MS);
    await live.stop();
    records.push(...live.records);
    expect(records.filter((record) => record.kind === 'reread' || record.kind === 'gone')).toEqual([]);
    expect(stored(records)).toEqual(stored(await readAll(source)));
  });

  it('that is stopped says so, is found as stopped, and its history can be read', { timeout: 5 * PATIENCE_MS }, async () => {
    const before = stored(await within('reading it before', readAll(source)));
    const live = new Following(source);
    await within('following it', live.caughtUp());
    const ended = live.until(() => false, 0, 2 * PATIENCE_MS).catch((error: unknown) => error);
    await within('stopping it', sandbox.stop());
    expect(AttachError.is(await ended, 'container-stopped'), String(await ended)).toBe(true);
    const records = await within('reading it when it was stopped', readAll(source));
    expect(records.find((record) => record.kind === 'way')).toMatchObject({ way: 'archive' });
    expect(stored(records)).toEqual(expect.arrayContaining([...before]));
    expect((await within('finding it', find())).state).toBe('stopped');
  });
});
