/** Drives one source into the store: batches its records, applies them, says what changed. */
import type { Source, SourceRecord } from '../attach/record';
import type { Store } from '../store/store';
import { Ingest } from './ingest';
import type { IngestResult } from './ingest';

/** A live record waits at most this long for company. */
const liveBatchMs = 15;
const batchRecords = 2000;
const batchChars = 8 * 1024 * 1024;

export interface CollectOptions {
  readonly follow: boolean;
  readonly signal: AbortSignal;
  readonly onChange: (result: IngestResult) => void;
  /** Everything there was is in the store. */
  readonly onCaughtUp: () => void;
  /** The source gave a sign of life. */
  readonly onAlive?: () => void;
}

/** Ends when the source ends or the signal aborts; throws what the source throws (AttachError). */
export async function collect(store: Store, sourceRow: number, source: Source, options: CollectOptions): Promise<void> {
  const ingest = new Ingest(store, sourceRow);
  const cursors = store.sources.cursors(sourceRow);
  store.transaction(() => store.sources.clearSkipped(sourceRow));
  const records = source.open({ cursors, follow: options.follow, signal: options.signal })[Symbol.asyncIterator]();
  let batch: SourceRecord[] = [];
  let chars = 0;
  let next = records.next();
  const flush = (bulk: boolean): void => {
    const taken = batch;
    batch = [];
    chars = 0;
    options.onChange(ingest.apply(taken, bulk));
    if (!taken.some((record) => record.kind === 'caughtUp')) return;
    if (ingest.foldDueMs !== null) options.onChange(ingest.settle());
    options.onCaughtUp();
  };
  try {
    for (;;) {
      const wait = batch.length === 0 ? ingest.foldDueMs : liveBatchMs;
      const arrived = wait === null ? await next : await Promise.race([next, delay(wait)]);
      if (arrived === 'waited') {
        flush(false);
        continue;
      }
      if (arrived.done === true) break;
      options.onAlive?.();
      // A heartbeat may carry a cursor: what it covers was noise, and need not be read again.
      if (arrived.value.kind !== 'heartbeat' || arrived.value.cursor !== undefined) {
        batch.push(arrived.value);
        chars += 'text' in arrived.value ? arrived.value.text.length : 0;
      }
      next = records.next();
      if (arrived.value.kind === 'caughtUp') flush(false);
      else if (batch.length >= batchRecords || chars >= batchChars) flush(true);
    }
    if (batch.length > 0) flush(true);
    options.onChange(ingest.settle());
  } finally {
    await records.return?.(undefined);
  }
}

function delay(ms: number): Promise<'waited'> {
  return new Promise((resolve) => setTimeout(() => resolve('waited'), ms));
}
