/** The archive way as a stream of records: a first look at everything, and then another now and then. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { AttachError } from '../errors';
import { aboutRecord } from '../reader/about';
import type { SourceRecord } from '../record';
import type { ArchiveLimits } from './archiveLimits';
import { ArchiveReader } from './archiveReader';
import { EngineArchive } from './engineArchive';
import { standsStill } from './readerExec';

/** Between two looks. */
const LOOK_EVERY_MS = 5000;
/** A look is followed by a rest of so many times as long as it took, up to this. */
const REST = 10;
const MAX_REST_MS = 120_000;

export interface ArchiveRecordsOptions {
  readonly stateDir: string;
  /** Where OpenClaw's own log lies, in the container. */
  readonly gatewayLogDir?: string;
  readonly cursors: ReadonlyMap<string, string>;
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** However long a look takes; by default it depends on that. */
  readonly lookEveryMs?: number;
  readonly limits?: ArchiveLimits;
}

/** Of looks at something that changes seldom, and that the engine has to work for. */
export function restAfter(tookMs: number): number {
  return Math.max(LOOK_EVERY_MS, Math.min(tookMs * REST, MAX_REST_MS));
}

/** Reads a container that stands still too; of one that is followed, its end is an error, as by every other way. */
export async function* archiveRecords(container: Docker.Container, options: ArchiveRecordsOptions): AsyncGenerator<SourceRecord> {
  const { signal, follow, stateDir, lookEveryMs } = options;
  try {
    const reader = new ArchiveReader(new EngineArchive(container), options);
    let there = await reader.isThere();
    if (!there && !follow)
      throw new AttachError('nothing-recorded', `There is no ${stateDir} in this sandbox`, 'OpenClaw has not been started in it yet.');
    yield aboutRecord(null);
    let began = performance.now();
    if (there) yield* reader.look();
    yield { kind: 'caughtUp' };
    if (!follow) return;
    for (;;) {
      const took = performance.now() - began;
      await sleep(lookEveryMs ?? restAfter(took), undefined, { signal });
      began = performance.now();
      // Asked for first: what it wrote before its end is taken by the last look.
      const stopped = await standsStill(container);
      there ||= await reader.isThere();
      if (there) yield* reader.look();
      if (stopped) throw stopped;
      yield { kind: 'heartbeat' };
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
