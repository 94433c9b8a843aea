/** What is known of a run, a turn or a whole session, for a comparison with its like. */
import type { CostBasis, Trigger } from '../../protocol/document';

/** One LLM call, counted once. Tokens as OpenClaw counts them: `input` without cache. */
export interface CallFigures {
  /** null: none were reported. */
  readonly tokens: { readonly input: number; readonly cacheRead: number; readonly cacheWrite: number; readonly output: number } | null;
  readonly usd: number | null;
  readonly basis: CostBasis;
  /** null: not observed. */
  readonly durationMs: number | null;
}

export interface Run {
  readonly kind: 'turn' | 'session';
  readonly sourceId: string;
  readonly sessionId: string;
  /** Of a turn. */
  readonly turnId: string | null;
  readonly agent: string;
  readonly trigger: Trigger;
  /** Epoch milliseconds. */
  readonly start: number | null;
  readonly durationMs: number | null;
  /** It has ended; what still runs is no history. */
  readonly ended: boolean;
  /** Its own, in order. */
  readonly calls: readonly CallFigures[];
  /** By tool: how long its calls took together, as far as that is known. */
  readonly toolMs: ReadonlyMap<string, number>;
  /** Of all sessions that it spawned, and those below them. */
  readonly below: readonly CallFigures[];
}

/** What a run came to in one unit. */
export interface Sum {
  readonly unit: 'usd' | 'tokens';
  readonly value: number;
  /** Of money: what stands behind it, sorted. */
  readonly bases: readonly CostBasis[];
}

/** null: one of the calls has no price, or nothing was paid at all. A sum that leaves some out is not to be compared with one that does not. */
export function usdOf(calls: readonly CallFigures[]): Sum | null {
  let value = 0;
  const bases = new Set<CostBasis>();
  for (const { usd, basis } of calls) {
    if (usd === null) return null;
    value += usd;
    bases.add(basis);
  }
  return value > 0 ? { unit: 'usd', value, bases: [...bases].sort() } : null;
}

/** null: of one of the calls no tokens were reported. */
export function tokensOf(calls: readonly CallFigures[]): Sum | null {
  let value = 0;
  for (const { tokens } of calls) {
    if (tokens === null) return null;
    value += tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.output;
  }
  return value > 0 ? { unit: 'tokens', value, bases: [] } : null;
}

export function sameBases(a: Sum, b: Sum): boolean {
  return a.bases.join() === b.bases.join();
}

/** Runs that a run is compared with, at most: the latest before it. */
export const historyLimit = 100;
/** With fewer of its like nothing is said. */
export const leastHistory = 8;

/** Its like: ended before it began, of the same agent of the same sandbox, set off by the same. */
export function likeOf(run: Run, runs: readonly Run[]): readonly Run[] {
  const { start } = run;
  if (start === null) return [];
  return runs
    .filter(
      (other) =>
        other.ended &&
        other.kind === run.kind &&
        other.sourceId === run.sourceId &&
        other.agent === run.agent &&
        other.trigger === run.trigger &&
        other.start !== null &&
        other.start < start &&
        other.calls.length > 0,
    )
    .sort((a, b) => (b.start ?? 0) - (a.start ?? 0))
    .slice(0, historyLimit);
}

/** Money where this run and enough of its like are wholly priced on the same basis, else tokens; null: neither can be compared. */
export function comparable(run: Run, like: readonly Run[]): { readonly sum: Sum; readonly like: readonly { run: Run; sum: Sum }[] } | null {
  const all = (one: Run): readonly CallFigures[] => [...one.calls, ...one.below];
  for (const sumOf of [usdOf, tokensOf]) {
    const sum = sumOf(all(run));
    if (sum === null) continue;
    const priced = like.flatMap((one) => {
      const of = sumOf(all(one));
      return of !== null && sameBases(of, sum) ? [{ run: one, sum: of }] : [];
    });
    if (priced.length >= leastHistory) return { sum, like: priced };
  }
  return null;
}
