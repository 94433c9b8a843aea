/**
 * What attaching costs a sandbox, by the container's own counters, idle and while it streams, beside a bare `tail -F`; and how long a
 * record takes from being written to its row in the editor's hands. In the container nothing runs but the writer and whoever reads, so
 * the counters are theirs; those of the reader's process stand beside them.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import * as messages from '../../server/src/protocol/messages';
import { bed, docker, PlainContainer, VERSIONS } from '../bed/bed';
import { ServerProcess, until } from '../server/support/serverProcess';
import { writeDatabase, writeFiles } from '../soak/history';
import { line, percentile } from './figures';
import { cpuOf, memoryOf, mib, processesIn } from './memory';
import { DATABASE, KEEP_OPEN, READER, Shown, STATE, writer, type Place } from './shown';

const IDLE_MS = 20_000;
const REST_MS = 5000;
/** A reader that was just started still tidies up after itself: once, some seconds later, it gives back the memory that it needed to begin. */
const READER_REST_MS = 20_000;
const FAST = { records: 1000, everyMs: 10 };
const SLOW_EVERY_MS = 200;
/** Rows take a moment from the last record on. */
const AFTER_MS = 60_000;

interface Used {
  /** Percent of one processor, by the container's counters. */
  readonly container: number;
  /** By the reader's process; null: it was not there. */
  readonly process: number | null;
}

/** `slowRecords`: at 5 a second. */
export async function cost(slowRecords: number): Promise<void> {
  const state = await bed(VERSIONS.jsonl, VERSIONS.sqlite);
  if (state.kind === 'missing') {
    line(`\ncost to the sandbox, write to shown: did NOT run: ${state.reason}`);
    return;
  }
  for (const era of ['files', 'database'] as const) await costOf(era, slowRecords);
}

async function costOf(era: 'files' | 'database', slowRecords: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'sandglass-cost-'));
  const container = new PlainContainer(era === 'files' ? VERSIONS.jsonl : VERSIONS.sqlite);
  const counters = new Docker().getContainer(container.id);
  const inside = (script: string): void =>
    void docker('exec', '-d', '-u', 'sandbox', container.id, 'node', '--no-deprecation', '-e', script);
  let tail: ChildProcess | null = null;
  try {
    const stateDir = join(root, '.openclaw');
    const made = era === 'files' ? { history: writeFiles(stateDir, 1), database: null } : writeDatabase(stateDir, 1);
    container.fill(stateDir);
    made.database?.close();
    if (made.database) inside(KEEP_OPEN);
    const { session, file } = made.history.newest;
    const inSandbox = file === null ? DATABASE : file.replace(stateDir, STATE);
    const place: Place = file === null ? { database: DATABASE, session } : { file: inSandbox };
    const pid = (): number | null => processesIn(container.id, READER).at(0) ?? null;
    const used = async (during: () => Promise<void>): Promise<Used> => {
      const of = pid();
      const [began, cpu, own] = [performance.now(), await cpuTime(counters), of === null ? 0 : cpuOf(of)];
      await during();
      const seconds = (performance.now() - began) / 1000;
      const after = await cpuTime(counters);
      return { container: ((after - cpu) / seconds) * 100, process: of === null ? null : ((cpuOf(of) - own) / seconds) * 100 };
    };
    const idle = (): Promise<Used> => used(() => sleep(IDLE_MS));
    const streaming = (run: string): Promise<Used> =>
      used(async () => {
        inside(writer(place, run, FAST.records, FAST.everyMs));
        await sleep(FAST.records * FAST.everyMs + 1000);
      });

    line(`\ncost to the sandbox, ${era === 'files' ? 'transcripts in files' : 'transcripts in a database'}, in percent of one processor`);
    await sleep(REST_MS);
    const bare = { idle: await idle(), streaming: await streaming('bare') };
    const tailed: number[] = [];
    const watched = era === 'files' ? inSandbox : `${DATABASE}-wal`;
    tail = spawn('docker', ['exec', '-u', 'sandbox', container.id, 'tail', '-n0', '-F', watched], { stdio: ['ignore', 'pipe', 'ignore'] });
    if (tail.stdout)
      createInterface({ input: tail.stdout }).on('line', (text) => {
        const at = Date.now();
        const written = /"text":"tail \d+ (\d+)"/.exec(text)?.[1];
        if (written !== undefined) tailed.push(at - Number(written));
      });
    await sleep(REST_MS);
    const withTail = { idle: await idle(), streaming: await streaming('tail') };
    for (const each of processesIn(container.id, 'tail -n0 -F')) process.kill(each);
    tail.kill();

    await using server = await ServerProcess.start({
      options: {
        trusted: true,
        settings: { pathMappings: [], directories: [], dockerHost: process.env.DOCKER_HOST ?? '', autoAttach: false },
      },
    });
    const inventory = await server.connection.sendRequest(messages.inventoryRequest, { refresh: true });
    const sourceId = inventory.sandboxes.find((sandbox) => sandbox.name === container.name)?.id ?? '';
    await server.connection.sendRequest(messages.attachRequest, { sourceId });
    await until('the container to be live', async () => {
      const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
      return sandboxes.find((sandbox) => sandbox.id === sourceId)?.attach.kind === 'live';
    });
    await sleep(READER_REST_MS);
    const ref = { sourceId, sessionId: session };
    const readerIdle = await idle();
    const fast = await Shown.of(server, ref, 'fast');
    const readerStreaming = await streaming('fast');
    const fastTimes = await fast.until(FAST.records, AFTER_MS);
    const slow = await Shown.of(server, ref, 'slow');
    inside(writer(place, 'slow', slowRecords, SLOW_EVERY_MS));
    const slowTimes = await slow.until(slowRecords, slowRecords * SLOW_EVERY_MS + AFTER_MS);
    const reader = memoryOf(pid() ?? 0);

    say('idle: nothing reads', percent(bare.idle.container));
    say('idle: tail -F', `${percent(withTail.idle.container)}, ${percent(withTail.idle.container - bare.idle.container)} more`);
    say(
      'idle: the reader (aim ≤ 0.2 % more)',
      `${percent(readerIdle.container)}, ${percent(readerIdle.container - bare.idle.container)} more; its process ${percent(readerIdle.process)}`,
    );
    say('100 records a second: nothing reads', percent(bare.streaming.container));
    say(
      '100 records a second: tail -F',
      `${percent(withTail.streaming.container)}, ${percent(withTail.streaming.container - bare.streaming.container)} more`,
    );
    say(
      '100 records a second: the reader (aim ≤ 1 % more)',
      `${percent(readerStreaming.container)}, ${percent(readerStreaming.container - bare.streaming.container)} more; its process ${percent(readerStreaming.process)}`,
    );
    say('memory of the reader (aim ≤ 80 MiB)', `${mib(reader.resident)}, at most ${mib(reader.peak)}; its own ${mib(reader.own)}`);
    if (tailed.length > 0) say('write to tail -F through exec, 100 a second', times(tailed));
    say('write to shown, 100 a second (aim: p95 ≤ 250 ms)', times(fastTimes));
    say('write to shown, 5 a second (aim: p95 ≤ 100 ms)', times(slowTimes));
  } finally {
    tail?.kill();
    container.down();
    rmSync(root, { recursive: true, force: true });
  }
}

/** Seconds, as the engine reads them out of the container's control group. */
async function cpuTime(container: Docker.Container): Promise<number> {
  const stats = await container.stats({ stream: false, 'one-shot': true });
  return stats.cpu_stats.cpu_usage.total_usage / 1e9;
}

function say(what: string, text: string): void {
  line(`  ${what.padEnd(52)} ${text}`);
}

function percent(value: number | null): string {
  return value === null ? 'unknown' : `${value.toFixed(2)} %`;
}

function times(values: readonly number[]): string {
  return `p50 ${percentile(values, 0.5)} ms, p95 ${percentile(values, 0.95)} ms, longest ${Math.max(...values)} ms of ${values.length}`;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
