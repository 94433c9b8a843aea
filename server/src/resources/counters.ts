/** What the engine counts of one container, as the docker command computes it. */
import { asObject } from '../attach/reader/reduce';

export interface Counters {
  /** Of the engine's clock, epoch milliseconds. */
  readonly time: number;
  /** Since the container was started. */
  readonly cpuNs: number;
  /** Without what the kernel only keeps for later: files that were read and are not in use. */
  readonly memoryBytes: number;
}

/** null: it does not run, or what came is no answer of an engine. */
export function countersOf(stats: unknown): Counters | null {
  const answer = asObject(stats);
  const memory = asObject(answer?.memory_stats);
  const time = typeof answer?.read === 'string' ? Date.parse(answer.read) : Number.NaN;
  const cpuNs = count(asObject(asObject(answer?.cpu_stats)?.cpu_usage)?.total_usage);
  const used = count(memory?.usage);
  // Of a container at rest the engine tells the year 1.
  if (!(time > 0) || cpuNs === null || used === null) return null;
  const details = asObject(memory?.stats);
  // The first is how control groups of version 1 call it, the second those of version 2.
  const idle = count(details?.total_inactive_file) ?? count(details?.inactive_file) ?? 0;
  return { time, cpuNs, memoryBytes: idle < used ? used - idle : used };
}

/** Cores in use between two looks; null: it was started anew meanwhile, or no time has passed. */
export function coresBetween(before: Counters, after: Counters): number | null {
  const ms = after.time - before.time;
  const ns = after.cpuNs - before.cpuNs;
  return ms > 0 && ns >= 0 ? ns / (ms * 1e6) : null;
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}
