/** Drives one source into the store: batches its records, applies them, says what changed. */
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Source, SourceRecord } from '../attach/record';
import type { Store } from '../store/store';
import { Ingest } from './ingest';
import type { IngestResult } from './ingest';
import { Pricing } from './pricing';

/** The first record of a live batch waits at most this long for company. */
const liveBatchMs = 15;
/** More than this in that time is a history that pours in; folding it can wait. */
const pouringRecords = 200;
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

/** A source that was told to end may take so long to tidy up; then it is left to itself. */
const closeMs = 3000;

/** Ends when the source ends or the signal aborts, and touches the store no more; throws what the source throws (AttachError). */
export async function collect(store: Store, sourceRow: number, source: Source, options: CollectOptions): Promise<void> {
  using ingest = new Ingest(store, sourceRow);
  const cursors = store.sources.cursors(sourceRow);
  store.transaction(() => store.sources.clearSkipped(sourceRow));
  // Its own: what fails here must end the source too, or it would be waited for until someone else ends it.
  const own = new AbortController();
  const signal = AbortSignal.any([options.signal, own.signal]);
  const records = source.open({ cursors, follow: options.follow, signal })[Symbol.asyncIterator]();
  let batch: SourceRecord[] = [];
  let chars = 0;
  let batchBegan = 0;
  const ask = (): Promise<IteratorResult<SourceRecord>> => {
    const asked = records.next();
    // It is awaited below; but when this ends first, it may still fail, and then there is no one left to tell.
    asked.catch(() => undefined);
    return asked;
  };
  let next = ask();
  /** A history that was just read, or all of a store after an upgrade, may take long to fold; what else this process does goes on. */
  const settle = async (): Promise<void> => {
    for (const result of ingest.settling()) {
      options.onChange(result);
      if (ingest.foldDueMs !== null) await othersTurn();
    }
  };
  const flush = async (bulk: boolean): Promise<void> => {
    const taken = batch;
    batch = [];
    chars = 0;
    options.onChange(ingest.apply(taken, bulk));
    if (!taken.some((record) => record.kind === 'caughtUp')) return;
    if (ingest.foldDueMs !== null) await settle();
    options.onCaughtUp();
  };
  const finish = async (): Promise<void> => {
    if (batch.length > 0) await flush(true);
    await settle();
  };
  try {
    for (;;) {
      const wait = batch.length === 0 ? ingest.foldDueMs : Math.max(0, batchBegan + liveBatchMs - performance.now());
      const arrived = await firstOf(next, wait, options.signal, Pricing.of(store)).catch(async (error: unknown) => {
        // What came before it failed is shown all the same.
        await finish();
        throw error;
      });
      if (arrived === 'waited') {
        await flush(batch.length >= pouringRecords);
        continue;
      }
      if (arrived === 'aborted' || arrived.done === true) break;
      options.onAlive?.();
      // A heartbeat may carry a cursor: what it covers was noise, and need not be read again.
      if (arrived.value.kind !== 'heartbeat' || arrived.value.cursor !== undefined) {
        if (batch.length === 0) batchBegan = performance.now();
        batch.push(arrived.value);
        chars += 'text' in arrived.value ? arrived.value.text.length : 0;
      }
      next = ask();
      if (arrived.value.kind === 'caughtUp') await flush(false);
      else if (batch.length >= batchRecords || chars >= batchChars) await flush(true);
    }
    await finish();
  } finally {
    own.abort();
    await closed(records);
  }
}

/** Other prices end the wait. Not a race of promises: one that waits long would remember every race it was in. */
function firstOf<T>(next: Promise<T>, waitMs: number | null, signal: AbortSignal, pricing: Pricing): Promise<T | 'waited' | 'aborted'> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      repriced[Symbol.dispose]();
      signal.removeEventListener('abort', aborted);
    };
    const repriced = pricing.onChange(() => (end(), resolve('waited')));
    const aborted = (): void => {
      end();
      resolve('aborted');
    };
    const timer = waitMs === null ? undefined : setTimeout(() => (end(), resolve('waited')), waitMs);
    signal.addEventListener('abort', aborted);
    next.then(
      (value) => (end(), resolve(value)),
      (error: unknown) => (end(), reject(error as Error)),
    );
    if (signal.aborted) aborted();
  });
}

/** Its failure while closing says nothing that matters any more: it was told to end, or has said why it failed. */
async function closed(records: AsyncIterator<SourceRecord>): Promise<void> {
  const closing = Promise.resolve(records.return?.(undefined)).then(
    () => undefined,
    () => undefined,
  );
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, closeMs);
  });
  await Promise.race([closing, limit]);
  clearTimeout(timer);
}
