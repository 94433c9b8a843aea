/** A recorded or local state directory as a source: the reader runs in this process, the logs and files lie beside it. */
import { dirname, basename, join } from 'node:path';
import { DirectoryFiles, type Tree } from './directory/directoryFiles';
import { layoutOf, type DirectoryLayout } from './directory/layout';
import { LogFiles } from './directory/logFiles';
import { merge } from './mergeRecords';
import type { ReaderOptions } from './reader/context';
import { readState } from './reader/readState';
import { Watcher } from './reader/watcher';
import type { OpenOptions, Source, SourceRecord } from './record';

export type ReaderTuning = Pick<ReaderOptions, 'verifyEveryMs' | 'heartbeatMs'>;

/** A state directory, a folder that holds one, or a recording folder. Throws AttachError. */
export async function openDirectory(path: string, tuning: ReaderTuning = {}): Promise<Source> {
  const layout = await layoutOf(path);
  const folder = dirname(layout.stateDir);
  const inSandbox = basename(folder) === 'sandbox';
  const stateDir: Tree = { sandbox: '/sandbox/.openclaw', host: layout.stateDir };
  const trees: readonly Tree[] = [
    ...(inSandbox ? [{ sandbox: '/sandbox', host: folder }] : []),
    { sandbox: layout.stateDir, host: layout.stateDir },
  ];
  return {
    kind: 'directory',
    name: layout.name,
    sandboxId: layout.sandboxId,
    files: new DirectoryFiles(trees, stateDir),
    // OpenClaw on this host: what its transcripts name are files of this host. A recording's are not.
    mounts: inSandbox ? [] : [{ sandbox: folder, host: folder }],
    open: (options) => read(layout, options, tuning),
  };
}

async function* read(layout: DirectoryLayout, options: OpenOptions, tuning: ReaderTuning): AsyncGenerator<SourceRecord> {
  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  // What another OpenClaw on this host writes to /tmp is none of a directory's.
  const tmpDir = layout.recording === null ? undefined : join(layout.recording, 'tmp');
  const state = readState({ ...options, ...tuning, signal, stateDir: layout.stateDir, tmpDir, mayCopy: true });
  const logs = layout.recording === null ? null : new LogFiles(layout.recording, layout.logs, options);
  try {
    for (const unread of layout.unread) yield { kind: 'skipped', ...unread };
    if (layout.logs.kind === 'agent-only')
      yield {
        kind: 'skipped',
        where: 'container.log',
        reason: "it is the agent's own output; the supervisor's log is not in this recording: record container-supervisor.log too",
      };
    for (;;) {
      const next = await state.next();
      if (next.done) return;
      if (next.value.kind === 'caughtUp') break;
      yield next.value.kind === 'about' ? told(layout, next.value) : next.value;
    }
    if (logs) yield* logs.scan();
    yield { kind: 'caughtUp' };
    if (options.follow) yield* merge([state, ...(logs ? [followLogs(logs, signal)] : [])], () => own.abort());
  } finally {
    own.abort();
    await state.return(undefined);
  }
}

function told(layout: DirectoryLayout, about: Extract<SourceRecord, { kind: 'about' }>): SourceRecord {
  return { ...about, runtimeVersion: layout.version ?? about.runtimeVersion, sandboxName: layout.sandboxName, provider: layout.provider };
}

async function* followLogs(logs: LogFiles, signal: AbortSignal): AsyncGenerator<SourceRecord> {
  const watcher = new Watcher(signal);
  try {
    while (!signal.aborted) {
      watcher.watch(logs.watched);
      await watcher.next(watcher.pollMs);
      if (!signal.aborted) yield* logs.scan();
    }
  } finally {
    watcher.dispose();
  }
}
