/** A running sandbox as a source: the reader inside the workload's container, the supervisor's log from the engine. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { AttachError } from '../errors';
import { merge } from '../mergeRecords';
import type { OpenOptions, Source, SourceRecord } from '../record';
import { ContainerFiles } from './containerFiles';
import { ContainerLog } from './containerLog';
import { engineAt, type EngineAddress } from './engine';
import { readerRecords } from './readerExec';

export const STATE_DIR = '/sandbox/.openclaw';

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
  /** The reader's script; by default reader.js beside this bundle. */
  readonly script?: () => Promise<string>;
  readonly verifyEveryMs?: number;
  readonly silenceMs?: number;
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
  const log = logId === null ? null : new ContainerLog(docker.getContainer(logId), open.cursors);
  const state = readerRecords(workload, {
    script: await (options.script ?? bundledScript)(),
    request: {
      stateDir: STATE_DIR,
      cursors: [...open.cursors].filter(([key]) => !key.startsWith('log:')),
      follow: open.follow,
      verifyEveryMs: options.verifyEveryMs,
    },
    signal,
    silenceMs: options.silenceMs,
  });
  try {
    for (;;) {
      const next = await state.next();
      if (next.done) return;
      if (next.value.kind === 'caughtUp') break;
      yield next.value.kind === 'about'
        ? {
            ...next.value,
            runtimeVersion: options.runtimeVersion ?? next.value.runtimeVersion,
            sandboxName: options.name,
            provider: options.provider,
          }
        : next.value;
    }
    if (log) yield* log.backlog(signal);
    else yield { kind: 'skipped', where: 'supervisor log', reason: 'the container of the supervisor is not there: start it with NemoClaw' };
    if (signal.aborted) return;
    yield { kind: 'caughtUp' };
    if (open.follow) yield* merge([state, ...(log ? [log.follow(signal)] : [])], () => own.abort());
  } finally {
    own.abort();
    await state.return(undefined);
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
