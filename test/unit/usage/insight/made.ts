/** Runs as a test wants them, from a seed. */
import type { CallFigures, Run } from '../../../../server/src/usage/insight/runs';

/** The same numbers each time (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Log-normal: the usual way in which costs and times spread. */
export function spread(random: () => number, middle: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return middle * Math.exp(sigma * normal);
}

export interface MadeCall {
  readonly input?: number;
  readonly cacheRead?: number;
  readonly output?: number;
  /** US dollars for a million tokens of input; null: no price. */
  readonly rate?: number | null;
  readonly durationMs?: number;
}

export function callOf({ input = 1000, cacheRead = 9000, output = 500, rate = 3, durationMs = 5000 }: MadeCall = {}): CallFigures {
  return {
    tokens: { input, cacheRead, cacheWrite: 0, output },
    usd: rate === null ? null : (rate * (input + cacheRead / 10 + output * 5)) / 1e6,
    basis: rate === null ? 'unknown' : 'priced',
    durationMs,
  };
}

let made = 0;

export function runOf(calls: readonly CallFigures[], more: Partial<Run> = {}): Run {
  made += 1;
  return {
    kind: 'turn',
    sourceId: 'one',
    sessionId: `s${made}`,
    turnId: `t${made}`,
    agent: 'main',
    trigger: 'cron',
    start: made * 1000,
    durationMs: calls.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0),
    ended: true,
    calls,
    toolMs: new Map(),
    below: [],
    ...more,
  };
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
