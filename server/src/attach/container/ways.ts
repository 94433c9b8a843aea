/**
 * The ways in, one after the other: which failures of one may be cured by the next, and how to say which one it became. What runs in a
 * sandbox is the agent's to replace: one that says nothing, or nothing of use, is a way that failed.
 */
import type { WayIn, WayTried } from '../../protocol/messages';
import { AttachError, type AttachReason } from '../errors';
import type { SourceRecord } from '../record';
import { READER } from './readerFrames';

/** In the order in which they are tried: the best first. */
export type ContainerWay = Exclude<WayIn, 'host'>;
export const CONTAINER_WAYS: readonly ContainerWay[] = ['node', 'python3', 'archive'];

/** It is the way that failed, and not the container or the engine: those are the same for every way. */
const CURABLE: readonly AttachReason[] = ['no-runtime', 'exec-refused', 'reader-failed', 'unreadable'];

export interface WayOptions {
  readonly ways: readonly ContainerWay[];
  /** What was decided against before any of these. */
  readonly tried?: readonly WayTried[];
  readonly records: (way: ContainerWay, cursors: ReadonlyMap<string, string>) => AsyncGenerator<SourceRecord>;
  readonly cursors: ReadonlyMap<string, string>;
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Why nothing can run in the container now; null: it runs. Rejects where that can't be said. */
  readonly standsStill: () => Promise<AttachError | null>;
}

/**
 * The records of the first way that works, beginning with which one that is. A way that fails before all that was there is out gives
 * place to the next, which goes on from where it came to.
 */
export async function* recordsByWays(options: WayOptions): AsyncGenerator<SourceRecord> {
  const cursors = new Map(options.cursors);
  const tried: WayTried[] = [...(options.tried ?? [])];
  let lost: AttachError | null = null;
  for (const [index, way] of options.ways.entries()) {
    let caughtUp = false;
    let told = false;
    // What of its output was none of its own: where nothing else comes, that is why the way failed, and no news of the sandbox.
    const aside: SourceRecord[] = [];
    try {
      for await (const record of options.records(way, cursors)) {
        if (!told && record.kind === 'skipped' && record.where === READER) {
          aside.push(record);
          continue;
        }
        if (!told) {
          yield { kind: 'way', way, tried: [...tried] };
          yield* aside;
        }
        told = true;
        caughtUp ||= record.kind === 'caughtUp';
        // Kept only as long as another way may need them.
        if (!caughtUp && record.cursor) cursors.set(record.cursor.key, record.cursor.value);
        yield record;
      }
      if (options.signal.aborted || (caughtUp && !options.follow)) return;
      throw new AttachError('lost', 'The reader in the sandbox ended', 'Try again.');
    } catch (error) {
      if (options.signal.aborted || caughtUp || !AttachError.is(error)) throw error;
      if (error.reason === 'lost') {
        // Once it has told something it is one that works, and worth another try.
        if (told) throw error;
        const stopped = await options.standsStill();
        if (stopped) throw stopped;
        lost = error;
      } else if (!CURABLE.includes(error.reason)) throw error;
      // What was lost may be found at the next try, whatever the others say.
      if (index === options.ways.length - 1) throw lost ?? error;
      tried.push({ way, reason: error.message });
    }
  }
}

/** So long a reader may tell nothing of use, however alive it is, before all that was there is out. */
const PROGRESS_MS = 60_000;

/** Fails when a reader tells nothing for too long but that it is there; the time in which nobody asks it does not count. */
export async function* progressing(
  open: (signal: AbortSignal) => AsyncGenerator<SourceRecord>,
  { signal, ms = PROGRESS_MS }: { readonly signal: AbortSignal; readonly ms?: number },
): AsyncGenerator<SourceRecord> {
  const own = new AbortController();
  const records = open(AbortSignal.any([signal, own.signal]));
  let left = ms;
  let caughtUp = false;
  try {
    for (;;) {
      const asked = performance.now();
      const next: IteratorResult<SourceRecord> | 'late' = caughtUp ? await records.next() : await within(records.next(), left);
      if (next === 'late') throw idle(ms);
      if (next.done) return;
      caughtUp ||= next.value.kind === 'caughtUp';
      if (!caughtUp && next.value.kind === 'heartbeat' && !next.value.cursor) {
        left -= performance.now() - asked;
        if (left <= 0) throw idle(ms);
        continue;
      }
      left = ms;
      yield next.value;
    }
  } finally {
    // One that waits would not notice otherwise that it is closed.
    own.abort();
    await records.return(undefined);
  }
}

function idle(ms: number): AttachError {
  return new AttachError('reader-failed', `The reader in the sandbox told nothing of use for ${ms / 1000} s`, 'Try again.');
}

async function within<T>(asked: Promise<T>, ms: number): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
