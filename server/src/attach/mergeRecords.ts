/** Streams of records as one: items as they come, and a sandbox's state with the log of its witness. */
import type { SourceRecord } from './record';

/**
 * What the agent's side tells and what the witness from outside tells, each from its beginning and as it comes: neither can hold up the
 * other. They have caught up when both have, and the agent's side fails only when all that the witness had to say is out.
 */
export function mergeWitness(
  state: AsyncIterable<SourceRecord>,
  witness: AsyncIterable<SourceRecord>,
  abort: () => void,
): AsyncGenerator<SourceRecord> {
  const through = { state: false, witness: false };
  let failure: { readonly error: unknown } | null = null;
  async function* part(which: keyof typeof through, records: AsyncIterable<SourceRecord>): AsyncGenerator<SourceRecord> {
    for await (const record of records) {
      if (record.kind !== 'caughtUp') yield record;
      else if (!through[which]) {
        through[which] = true;
        if (failure) throw failure.error;
        if (through.state && through.witness) yield record;
      }
    }
  }
  async function* patient(records: AsyncIterable<SourceRecord>): AsyncGenerator<SourceRecord> {
    try {
      yield* records;
    } catch (error) {
      if (through.witness) throw error;
      failure = { error };
    }
  }
  return merge([part('state', patient(state)), part('witness', witness)], abort);
}

/**
 * Several streams as one, each asked for one item ahead at most: a slow consumer slows all of them down. `abort` is called before
 * they are closed: one that waits for its next item would not notice otherwise.
 */
export async function* merge<T>(streams: readonly AsyncIterator<T>[], abort: () => void): AsyncGenerator<T> {
  // At most one of each stream. Not a race of promises: one that waits for hours would remember every race it was in.
  const arrived: Arrival<T>[] = [];
  let wake: (() => void) | null = null;
  const put = (arrival: Arrival<T>): void => {
    arrived.push(arrival);
    wake?.();
  };
  const ask = (stream: AsyncIterator<T>): void => {
    stream.next().then(
      (result) => put({ kind: 'item', stream, result }),
      (error: unknown) => put({ kind: 'failed', error }),
    );
  };
  let open = streams.length;
  try {
    streams.forEach(ask);
    while (open > 0) {
      const arrival = arrived.shift();
      if (!arrival) {
        await new Promise<void>((resolve) => (wake = resolve));
        wake = null;
        continue;
      }
      if (arrival.kind === 'failed') throw arrival.error;
      if (arrival.result.done) open--;
      else {
        ask(arrival.stream);
        yield arrival.result.value;
      }
    }
  } finally {
    abort();
    await Promise.allSettled(streams.map((stream) => stream.return?.()));
  }
}

type Arrival<T> =
  | { readonly kind: 'item'; readonly stream: AsyncIterator<T>; readonly result: IteratorResult<T> }
  | { readonly kind: 'failed'; readonly error: unknown };
