import { expect } from 'vitest';

/** `expect.poll`, with the patience that a page on a busy machine needs. */
export function eventually<T>(ask: () => T): ReturnType<typeof expect.poll> {
  return expect.poll(ask, { timeout: 40_000 });
}
