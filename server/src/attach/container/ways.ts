/** The ways in, one after the other: which failures of one may be cured by the next, and how to say which one it became. */
import type { WayIn, WayTried } from '../../protocol/messages';
import { AttachError, type AttachReason } from '../errors';
import type { SourceRecord } from '../record';

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
}

/**
 * The records of the first way that works, beginning with which one that is. A way that fails before all that was there is out gives
 * place to the next, which goes on from where it came to.
 */
export async function* recordsByWays(options: WayOptions): AsyncGenerator<SourceRecord> {
  const cursors = new Map(options.cursors);
  const tried: WayTried[] = [...(options.tried ?? [])];
  for (const [index, way] of options.ways.entries()) {
    let caughtUp = false;
    let told = false;
    try {
      for await (const record of options.records(way, cursors)) {
        if (!told) yield { kind: 'way', way, tried: [...tried] };
        told = true;
        caughtUp ||= record.kind === 'caughtUp';
        // Kept only as long as another way may need them.
        if (!caughtUp && record.cursor) cursors.set(record.cursor.key, record.cursor.value);
        yield record;
      }
      return;
    } catch (error) {
      if (caughtUp || !isCurable(error) || index === options.ways.length - 1) throw error;
      tried.push({ way, reason: error.message });
    }
  }
}

function isCurable(error: unknown): error is AttachError {
  return AttachError.is(error) && CURABLE.includes(error.reason);
}
