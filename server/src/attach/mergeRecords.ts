/**
 * Several streams as one, each asked for one item ahead at most: a slow consumer slows all of them down. `abort` is called before
 * they are closed: one that waits for its next item would not notice otherwise.
 */
export async function* merge<T>(streams: readonly AsyncIterator<T>[], abort: () => void): AsyncGenerator<T> {
  const asked = new Map<AsyncIterator<T>, Promise<{ readonly stream: AsyncIterator<T>; readonly result: IteratorResult<T> }>>();
  const ask = (stream: AsyncIterator<T>): void => {
    asked.set(
      stream,
      stream.next().then((result) => ({ stream, result })),
    );
  };
  try {
    streams.forEach(ask);
    while (asked.size > 0) {
      const { stream, result } = await Promise.race(asked.values());
      if (result.done) asked.delete(stream);
      else {
        ask(stream);
        yield result.value;
      }
    }
  } finally {
    abort();
    await Promise.allSettled(streams.map((stream) => stream.return?.()));
  }
}
