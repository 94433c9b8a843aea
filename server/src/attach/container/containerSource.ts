/**
 * A sandbox in containers as a source: its records by the best way in that works, the supervisor's log from the engine. One that
 * stands still is read once, by the way that needs nothing to run in it, and not followed.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { AttachError } from '../errors';
import { mergeWitness } from '../mergeRecords';
import type { OpenOptions, Source, SourceRecord } from '../record';
import { archiveRecords } from './archiveRecords';
import { ContainerFiles } from './containerFiles';
import { engineAt, type EngineAddress } from './engine';
import { pythonRecords, pythonScript } from './pythonExec';
import { readerRecords, standsStill } from './readerExec';
import { SupervisorLog } from './supervisorLog';
import { CONTAINER_WAYS, progressing, recordsByWays, type ContainerWay } from './ways';
import { withCopies } from './withCopies';

export const STATE_DIR = '/sandbox/.openclaw';
/** OpenClaw's own log lies in a directory below. */
export const TMP_DIR = '/tmp';

export interface ContainerPlace {
  readonly engine: EngineAddress;
  /** The container in which the agent runs. */
  readonly workloadId: string;
  /** The one whose log the supervisor writes; the same where there is only one. null: none is there. */
  readonly logId: string | null;
  readonly mounts: Source['mounts'];
}

export interface ContainerSourceOptions {
  readonly name: string;
  readonly sandboxId: string | null;
  /** From the registry's row of the sandbox. */
  readonly runtimeVersion: string | null;
  readonly provider: string | null;
  readonly place: ContainerPlace;
  /** The ways in that may be tried, in this order; by default all of them. */
  readonly ways?: readonly ContainerWay[];
  /** The reader's script; by default reader.js beside this bundle. */
  readonly script?: () => Promise<string>;
  /** The same for Python, by default reader.py. */
  readonly pythonScript?: () => Promise<string>;
  readonly verifyEveryMs?: number;
  readonly silenceMs?: number;
  /** So long a reader may live and tell nothing of use before it is given up. */
  readonly progressMs?: number;
  /** Between two looks by the engine, however long they take; by default it depends on that. */
  readonly lookEveryMs?: number;
}

export function containerSource(options: ContainerSourceOptions): Source {
  const docker = engineAt(options.place.engine);
  const workload = docker.getContainer(options.place.workloadId);
  return {
    kind: 'container',
    name: options.name,
    sandboxId: options.sandboxId,
    files: new ContainerFiles(workload),
    mounts: options.place.mounts,
    open: (open) => read(docker, workload, options, open),
  };
}

async function* read(
  docker: Docker,
  workload: Docker.Container,
  options: ContainerSourceOptions,
  open: OpenOptions,
): AsyncGenerator<SourceRecord> {
  const own = new AbortController();
  const signal = AbortSignal.any([open.signal, own.signal]);
  const { logId } = options.place;
  const log =
    logId === null
      ? null
      : new SupervisorLog(docker.getContainer(logId), {
          cursors: open.cursors,
          shared: logId === options.place.workloadId,
          lookEveryMs: options.lookEveryMs,
        });
  try {
    const state = await stateRecords(workload, options, { ...open, signal });
    const abort = (): void => own.abort();
    yield* mergeWitness(named(state, options), logRecords(log, { follow: open.follow, signal, abort }), abort);
  } catch (error) {
    if (!open.signal.aborted) throw error;
  } finally {
    own.abort();
  }
}

async function* named(state: AsyncIterable<SourceRecord>, options: ContainerSourceOptions): AsyncGenerator<SourceRecord> {
  for await (const record of state)
    yield record.kind === 'about'
      ? {
          ...record,
          runtimeVersion: options.runtimeVersion ?? record.runtimeVersion,
          sandboxName: options.name,
          provider: options.provider,
        }
      : record;
}

async function* logRecords(
  log: SupervisorLog | null,
  { follow, signal, abort }: { readonly follow: boolean; readonly signal: AbortSignal; readonly abort: () => void },
): AsyncGenerator<SourceRecord> {
  if (log) yield* log.backlog(signal);
  else yield { kind: 'skipped', where: 'supervisor log', reason: 'the container of the supervisor is not there: start it with NemoClaw' };
  if (signal.aborted) return;
  yield { kind: 'caughtUp' };
  if (log && follow) yield* log.follow(signal, abort);
}

async function stateRecords(
  workload: Docker.Container,
  options: ContainerSourceOptions,
  { cursors: all, follow, signal }: OpenOptions,
): Promise<AsyncGenerator<SourceRecord>> {
  const cursors = new Map([...all].filter(([key]) => !key.startsWith('log:')));
  const ways = options.ways ?? CONTAINER_WAYS;
  const stopped = await standsStill(workload);
  if (stopped && (follow || !ways.includes('archive'))) throw stopped;
  return recordsByWays({
    ways: stopped ? ['archive'] : ways,
    tried: stopped ? ways.slice(0, ways.indexOf('archive')).map((way) => ({ way, reason: stopped.message })) : [],
    cursors,
    follow,
    signal,
    standsStill: () => standsStill(workload),
    records: (way, from) => {
      const records = recordsBy(way, workload, options, { cursors: from, follow, signal });
      return way !== 'archive' && ways.includes('archive')
        ? withCopies(records, workload, { stateDir: STATE_DIR, cursors: from, signal })
        : records;
    },
  });
}

/** One way alone. */
function recordsBy(
  way: ContainerWay,
  workload: Docker.Container,
  options: ContainerSourceOptions,
  open: OpenOptions,
): AsyncGenerator<SourceRecord> {
  switch (way) {
    case 'node':
      return inside(readerRecords, options.script ?? bundledScript);
    case 'python3':
      return inside(pythonRecords, options.pythonScript ?? pythonScript);
    case 'archive':
      return archiveRecords(workload, {
        ...open,
        stateDir: STATE_DIR,
        gatewayLogDir: `${TMP_DIR}/openclaw`,
        lookEveryMs: options.lookEveryMs,
      });
  }
  function inside(read: typeof pythonRecords, script: () => Promise<string>): AsyncGenerator<SourceRecord> {
    // Not around what is copied out beside it: that may take long.
    return progressing((signal) => run(read, script, signal), { signal: open.signal, ms: options.progressMs });
  }
  async function* run(read: typeof pythonRecords, script: () => Promise<string>, signal: AbortSignal): AsyncGenerator<SourceRecord> {
    yield* read(workload, {
      script: await script(),
      request: {
        stateDir: STATE_DIR,
        tmpDir: TMP_DIR,
        cursors: [...open.cursors],
        follow: open.follow,
        verifyEveryMs: options.verifyEveryMs,
      },
      signal,
      silenceMs: options.silenceMs,
    });
  }
}

let script: Promise<string> | null = null;

function bundledScript(): Promise<string> {
  script ??= readFile(join(__dirname, 'reader.js'), 'utf8').catch((error: unknown) => {
    script = null;
    throw new AttachError(
      'reader-failed',
      'The script that reads in a sandbox is missing from this installation',
      'Install Sandglass again.',
      { cause: error },
    );
  });
  return script;
}
