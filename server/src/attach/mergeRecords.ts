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
