/**
 * Samples what the sandboxes use that this process reads, by the counters of their engine: often while an agent is at work in one or
 * someone looks at it, seldom else. Nothing is run in the sandbox for it.
 */
import { engineAt } from '../attach/container/engine';
import type { ResourceSample } from '../protocol/messages';
import type { FoundSandbox } from '../sandboxes/findSandboxes';
import { coresBetween, countersOf, type Counters } from './counters';

/** A sandbox that is read, and the row of the store in which what is known of it is kept. */
export interface Sampled {
  readonly sourceId: string;
  readonly row: number;
  readonly found: FoundSandbox;
}

export interface SamplerOptions {
  readonly sampled: () => readonly Sampled[];
  /** Is an agent at work in it, as far as it tells? */
  readonly atWork: (row: number) => boolean;
  readonly onSample: (sampled: Sampled, sample: ResourceSample) => void;
  readonly onError: (error: unknown) => void;
  /** Shortened by tests. */
  readonly oftenMs?: number;
}

export const oftenMs = 2000;
/** In multiples of it. */
const seldom = 5;
/** After someone looked, or a record came. */
const lookedAtMs = 30_000;
/** An engine that does not answer is not asked again before it is known not to. */
const askMs = 5000;

interface Known {
  /** Its containers; of others nothing of the below is true. */
  readonly of: string;
  readonly counters: Map<string, Counters>;
  readonly limits: Map<string, number | null>;
  /** When it is due, in rounds. */
  due: number;
  lookedAt: number;
  asking: boolean;
}

export class Sampler implements Disposable {
  readonly #options: SamplerOptions;
  readonly #end = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** By source; bounded by what is read. */
  readonly #known = new Map<string, Known>();
  #round = 0;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#tick(), options.oftenMs ?? oftenMs);
    this.#timer.unref();
  }

  /** Someone looks at it, or its agent does something. */
  touch(sourceId: string): void {
    const known = this.#known.get(sourceId);
    if (known === undefined) return;
    known.lookedAt = performance.now();
    known.due = Math.min(known.due, this.#round + 1);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#end.abort();
  }

  #tick(): void {
    const { sampled, atWork } = this.#options;
    this.#round += 1;
    const all = sampled();
    const ids = new Set(all.map(({ sourceId }) => sourceId));
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
    for (const one of all) {
      const known = this.#knownOf(one);
      if (known.asking || known.due > this.#round) continue;
      const often = performance.now() - known.lookedAt < lookedAtMs || atWork(one.row);
      known.due = this.#round + (often ? 1 : seldom);
      known.asking = true;
      void this.#sample(one, known)
        .catch((error: unknown) => {
          if (!this.#end.signal.aborted) this.#options.onError(error);
        })
        .finally(() => (known.asking = false));
    }
  }

  #knownOf({ sourceId, found }: Sampled): Known {
    const of = found.containers.map(({ id }) => id).join(' ');
    const known = this.#known.get(sourceId);
    if (known?.of === of) return known;
    const fresh: Known = { of, counters: new Map(), limits: new Map(), due: 0, lookedAt: -lookedAtMs, asking: false };
    this.#known.set(sourceId, fresh);
    return fresh;
  }

  async #sample(one: Sampled, known: Known): Promise<void> {
    const { containers } = one.found;
    const parts = (await Promise.all(containers.map(({ id }) => this.#part(one.found, id, known)))).filter((part) => part !== null);
    // Of another life of the container, or of one that was let go meanwhile.
    if (this.#end.signal.aborted || this.#known.get(one.sourceId) !== known || parts.length === 0) return;
    if (!this.#options.sampled().some(({ sourceId, row }) => sourceId === one.sourceId && row === one.row)) return;
    const cores = parts.map((part) => part.cores);
    if (cores.some((part) => part === null)) {
      known.due = this.#round + 1; // only a second look tells the cores in use
      return;
    }
    const limits = parts.map(({ limit }) => limit);
    this.#options.onSample(one, {
      time: new Date(Math.max(...parts.map(({ time }) => time))).toISOString(),
      cpuCores: sum(cores),
      memoryBytes: sum(parts.map(({ memoryBytes }) => memoryBytes)),
      // Where one of two may take what it wants, so may both.
      memoryLimitBytes: limits.includes(null) ? null : sum(limits),
    });
  }

  /** null: the container does not run, or its engine does not tell. */
  async #part(
    { engine }: FoundSandbox,
    id: string,
    known: Known,
  ): Promise<{ readonly time: number; readonly cores: number | null; readonly memoryBytes: number; readonly limit: number | null } | null> {
    if (engine === null) return null;
    const container = engineAt(engine).getContainer(id);
    const abortSignal = AbortSignal.any([this.#end.signal, AbortSignal.timeout(askMs)]);
    try {
      // Without "one-shot" the engine would wait a second for a second look of its own.
      const ask = { stream: false as const, 'one-shot': true, abortSignal };
      const counters = countersOf(await container.stats(ask));
      const before = known.counters.get(id);
      if (counters === null) {
        known.counters.delete(id);
        known.limits.delete(id);
        return null;
      }
      known.counters.set(id, counters);
      let limit = known.limits.get(id);
      if (limit === undefined) {
        // Where none is set, the counters tell all of the machine's memory as the limit.
        const { HostConfig } = await container.inspect({ abortSignal });
        limit = HostConfig.Memory !== undefined && HostConfig.Memory > 0 ? HostConfig.Memory : null;
        known.limits.set(id, limit);
      }
      const cores = before === undefined ? null : coresBetween(before, counters);
      return { time: counters.time, cores, memoryBytes: counters.memoryBytes, limit };
    } catch {
      known.counters.delete(id);
      return null; // gone, or slow: not observed, and how the engine is stands where it was looked for
    }
  }
}

function sum(numbers: readonly (number | null)[]): number {
  return numbers.reduce<number>((all, one) => all + (one ?? 0), 0);
}
