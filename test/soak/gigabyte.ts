/**
 * A history of a gigabyte: how long until its newest session is shown, how much memory the server and the reader take meanwhile, how long
 * until all of it is read, and what one more record costs, beside a history of one copy of the recording in the same run.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as messages from '../../server/src/protocol/messages';
import { bed, docker, PlainContainer, VERSIONS } from '../bed/bed';
import { percentile } from '../bench/figures';
import { cpuOf, memoryOf, mib, processesIn } from '../bench/memory';
import { DATABASE, KEEP_OPEN, READER, Shown, STATE, writer, type Place } from '../bench/shown';
import { ServerProcess, until } from '../server/support/serverProcess';
import { writeDatabase, writeFiles, type History } from './history';

const GIGABYTE = 1e9;
/** The aims. They are printed, never asserted. */
const AIM_NEWEST_MS = 2000;
const AIM_SERVER = 300 * 2 ** 20;
const AIM_READER = 80 * 2 ** 20;
const PATIENCE_MS = 60 * 60_000;
const RECORDS = 30;
const EVERY_MS = 300;
/** Written while the history is still being read, so far apart. */
const MEANWHILE_MS = 5000;

type Way = 'directory' | 'container' | 'database in a container';

/** A history, the server that shows it, and the way to write into it. */
interface Stage {
  readonly server: ServerProcess;
  readonly history: History;
  readonly sourceId: string;
  /** When the server was asked to open it. */
  readonly began: number;
  readonly write: (run: string, count: number, everyMs: number) => void;
  readonly reader: () => number | null;
}

export async function gigabyte(wanted = GIGABYTE, ways: readonly string[] = []): Promise<void> {
  const there = await bed(VERSIONS.jsonl, VERSIONS.sqlite);
  for (const way of ['directory', 'container', 'database in a container'] as const) {
    if (ways.length > 0 && !ways.includes(way)) continue;
    if (way !== 'directory' && there.kind === 'missing') {
      console.log(`\na gigabyte, ${way}: did NOT run: ${there.reason}`);
      continue;
    }
    console.log(`\na history of ${Math.round(wanted / 1e6)} MB, ${way}`);
    const alone = await staged(way, 1, oneMore);
    await staged(way, wanted, (stage) => whole(stage, alone));
  }
}

async function staged<T>(way: Way, wanted: number, then: (stage: Stage) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), 'sandglass-gigabyte-'));
  const stateDir = join(root, '.openclaw');
  const storageDir = join(root, 'storage');
  const dockerHost = process.env.DOCKER_HOST ?? '';
  const made =
    way === 'database in a container' ? writeDatabase(stateDir, wanted) : { history: writeFiles(stateDir, wanted), database: null };
  const { history } = made;
  const { file, session } = history.newest;
  const container = way === 'directory' ? null : new PlainContainer(way === 'container' ? VERSIONS.jsonl : VERSIONS.sqlite);
  try {
    container?.fill(stateDir);
    made.database?.close();
    const inside = (script: string): void =>
      void docker('exec', '-d', '-u', 'sandbox', container?.id ?? '', 'node', '--no-deprecation', '-e', script);
    if (made.database) inside(KEEP_OPEN);
    await using server = await ServerProcess.start({
      options: {
        storageDir,
        storeKey: randomBytes(32).toString('base64'),
        trusted: true,
        settings: { pathMappings: [], directories: [], dockerHost, autoAttach: false },
      },
    });
    const found = await server.connection.sendRequest(messages.inventoryRequest, { refresh: true });
    const began = Date.now();
    const id = found.sandboxes.find((sandbox) => sandbox.name === container?.name)?.id;
    if (id !== undefined) await server.connection.sendRequest(messages.attachRequest, { sourceId: id });
    const sourceId = id ?? (await server.connection.sendRequest(messages.openRequest, { path: stateDir })).sourceId;
    const place = (): Place =>
      file === null ? { database: DATABASE, session } : { file: container ? `${STATE}/agents/main/sessions/${basename(file)}` : file };
    return await then({
      ...{ server, history, sourceId, began },
      write: (run, count, everyMs) => {
        const script = writer(place(), run, count, everyMs);
        if (container) inside(script);
        else spawn(process.execPath, ['--no-warnings', '-e', script], { stdio: 'inherit' });
      },
      reader: () => (container ? (processesIn(container.id, READER).at(0) ?? null) : null),
    });
  } finally {
    if (made.database?.isOpen) made.database.close();
    container?.down();
    rmSync(root, { recursive: true, force: true });
  }
}

/** What to compare with: the rows of the newest session, and the milliseconds until one more record of it is shown, some of them. */
interface Alone {
  readonly rows: number;
  readonly more: More;
}

/** Of records that were written one after another. */
interface More {
  /** Milliseconds until each was shown. */
  readonly times: readonly number[];
  /** Milliseconds of a processor that the server took for each. */
  readonly server: number;
}

async function oneMore(stage: Stage): Promise<Alone> {
  await until('all of it to be read', () => isRead(stage), PATIENCE_MS);
  const rows = await rowsOfNewest(stage);
  return { rows, more: await after(stage) };
}

async function after(stage: Stage): Promise<More> {
  const pid = stage.server.child.pid ?? 0;
  // What the end of the reading set off is no part of it.
  await more(stage, 'before', 3, EVERY_MS);
  const before = cpuOf(pid);
  const times = await more(stage, 'after', RECORDS, EVERY_MS);
  return { times, server: ((cpuOf(pid) - before) * 1000) / RECORDS };
}

async function more({ server, sourceId, history, write }: Stage, run: string, count: number, everyMs: number): Promise<readonly number[]> {
  const shown = await Shown.of(server, { sourceId, sessionId: history.newest.session }, run);
  write(run, count, everyMs);
  return shown.until(count, PATIENCE_MS);
}

async function whole(stage: Stage, alone: Alone): Promise<void> {
  const { server, history, sourceId, began } = stage;
  const { bytes, transcriptBytes, sessions, newest } = history;
  say(`made of`, `${mb(bytes)}, of which ${mb(transcriptBytes)} are transcripts: ${sessions} sessions`);
  await until('the newest session to be shown', async () => (await rowsOfNewest(stage)) >= alone.rows, PATIENCE_MS);
  say('newest session shown after', `${Date.now() - began} ms (aim ≤ ${AIM_NEWEST_MS}); ${newest.records} records`);
  const meanwhile: number[] = [];
  let readerPeak = 0;
  let round = 0;
  let ended = 0;
  while (ended === 0) {
    const shown = await Shown.of(server, { sourceId, sessionId: newest.session }, `meanwhile${round++}`);
    stage.write(`meanwhile${round - 1}`, 1, 0);
    meanwhile.push(...(await shown.until(1, PATIENCE_MS)));
    const pid = stage.reader();
    if (pid !== null) readerPeak = Math.max(readerPeak, memoryOf(pid).peak);
    const next = Date.now() + MEANWHILE_MS;
    while (Date.now() < next && ended === 0) {
      if (await isRead(stage)) ended = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const pid = server.child.pid ?? 0;
  say(
    'all read after',
    `${((ended - began) / 1000).toFixed(1)} s, ${mb(bytes / ((ended - began) / 1000))} a second; the server used ${cpuOf(pid).toFixed(0)} s of a processor`,
  );
  say('a record written meanwhile, until shown', milliseconds(meanwhile));
  say('server, at most', `${mib(memoryOf(pid).peak)} (aim ≤ ${mib(AIM_SERVER)})`);
  if (readerPeak > 0) say('reader, at most', `${mib(readerPeak)} (aim ≤ ${mib(AIM_READER)})`);
  const { times, server: cpu } = await after(stage);
  say('one more record, until shown', `${milliseconds(times)}; beside one copy of the recording: ${milliseconds(alone.more.times)}`);
  say('ratio of the medians', (percentile(times, 0.5) / percentile(alone.more.times, 0.5)).toFixed(2));
  say('of a processor, by the server', `${cpu.toFixed(1)} ms; beside one copy: ${alone.more.server.toFixed(1)} ms`);
  say(
    'server and reader at the end',
    `${mib(memoryOf(pid).resident)}${stage.reader() === null ? '' : ` and ${mib(memoryOf(stage.reader() ?? 0).resident)}`}`,
  );
}

/** Rows of its trace; 0: it is not known yet. */
async function rowsOfNewest({ server, sourceId, history: { newest } }: Stage): Promise<number> {
  const sessions = await server.connection.sendRequest(messages.sessionsRequest, { sourceId });
  if (!sessions.some(({ id }) => id === newest.session)) return 0;
  return (await server.connection.sendRequest(messages.traceRequest, { sourceId, sessionId: newest.session, offset: 0, limit: 1 })).total;
}

async function isRead({ server, sourceId }: Stage): Promise<boolean> {
  const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
  const state = sandboxes.find(({ id }) => id === sourceId)?.attach;
  if (state?.kind === 'failed') throw new Error(state.reason);
  return state?.kind === 'read' || state?.kind === 'live';
}

function say(what: string, text: string): void {
  console.log(`  ${what.padEnd(42)} ${text}`);
}

function mb(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function milliseconds(values: readonly number[]): string {
  return `p50 ${percentile(values, 0.5)} ms, p95 ${percentile(values, 0.95)} ms, longest ${Math.max(...values)} ms of ${values.length}`;
}
