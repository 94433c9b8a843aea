/** Runs as the trajectory frames them: when each began and ended, what set it off, how it ended. Frames come in any order. */
import type { RunEvent, RunToolEvent } from './events';

export interface Run {
  readonly runId: string;
  readonly start: number;
  readonly end: number | null;
  readonly trigger: string | null;
  readonly workspaceDir: string | null;
  readonly outcome: RunEvent['outcome'];
  readonly error: string | null;
}

/** A retried run writes its frames again under the same id: the first start, the last end and the last outcome hold. */
function runOf(runId: string, frames: readonly RunEvent[]): Run {
  const last = frames[frames.length - 1];
  const ends = frames.filter((frame) => frame.phase !== 'started');
  return {
    runId,
    start: frames[0]?.time ?? 0,
    end: last !== undefined && last.phase === 'ended' ? last.time : (ends[ends.length - 1]?.time ?? null),
    trigger: frames.find((frame) => frame.trigger !== null)?.trigger ?? null,
    workspaceDir: frames.find((frame) => frame.workspaceDir !== null)?.workspaceDir ?? null,
    outcome: ends.reduce<RunEvent['outcome']>((known, frame) => frame.outcome ?? known, null),
    error: ends.reduce<string | null>((known, frame) => frame.error ?? known, null),
  };
}

function compareRuns(a: Run, b: Run): number {
  return a.start - b.start || (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0);
}

/** Index of the first item that `reached` holds for, where it holds for all after it. */
export function firstWhere<T>(items: readonly T[], reached: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reached(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Time in which a run lay, before or after a frame was added. */
export interface RunSpan {
  readonly from: number;
  readonly to: number;
}

export class Runs {
  readonly #frames = new Map<string, RunEvent[]>();
  readonly #byId = new Map<string, Run>();
  /** By start. */
  readonly #runs: Run[] = [];
  /** Beside each run, the latest end of it and all before it: tells the first run that was not over at a time. */
  readonly #ends: number[] = [];
  #firstWithDir: Run | null = null;

  /** Answers the time in which turns may belong to another run now. */
  add(frame: RunEvent): RunSpan {
    const frames = this.#frames.get(frame.runId) ?? [];
    this.#frames.set(frame.runId, frames);
    frames.push(frame);
    frames.sort((a, b) => a.time - b.time || a.ordinal - b.ordinal);
    const before = this.#byId.get(frame.runId);
    const run = runOf(frame.runId, frames);
    let touched = this.#runs.length;
    if (before !== undefined) {
      touched = this.#indexOf(before);
      this.#runs.splice(touched, 1);
    }
    const at = this.#indexOf(run);
    this.#runs.splice(at, 0, run);
    this.#byId.set(run.runId, run);
    touched = Math.min(touched, at);
    for (let i = touched; i < this.#runs.length; i++) {
      this.#ends[i] = Math.max(this.#ends[i - 1] ?? -Infinity, this.#runs[i]?.end ?? Infinity);
    }
    const dir = this.#firstWithDir;
    if (dir === null ? run.workspaceDir !== null : dir === before || compareRuns(run, dir) < 0) {
      this.#firstWithDir = this.#runs.find((known) => known.workspaceDir !== null) ?? null;
    }
    return {
      from: Math.min(run.start, before?.start ?? run.start),
      to: Math.max(run.end ?? Infinity, before === undefined ? -Infinity : (before.end ?? Infinity)),
    };
  }

  #indexOf(run: Run): number {
    return firstWhere(this.#runs, (other) => compareRuns(other, run) >= 0);
  }

  /** The first of these runs. */
  among(runIds: Iterable<string>): Run | null {
    let first: Run | null = null;
    for (const runId of runIds) {
      const run = this.#byId.get(runId);
      if (run !== undefined && (first === null || compareRuns(run, first) < 0)) first = run;
    }
    return first;
  }

  /** The first run whose time frame holds this time. */
  at(time: number): Run | null {
    const run = this.#runs[firstWhere(this.#ends, (end) => end >= time)];
    return run !== undefined && run.start <= time ? run : null;
  }

  /** Where the first run that says so worked. */
  get workspaceDir(): string | null {
    return this.#firstWithDir?.workspaceDir ?? null;
  }
}

export interface ToolTimes {
  readonly start: number | null;
  readonly end: number | null;
}

export function withToolTime(known: ToolTimes | undefined, event: RunToolEvent): ToolTimes {
  const start = event.phase === 'call' ? event.time : null;
  const end = event.phase === 'result' ? event.time : null;
  return {
    start: start === null ? (known?.start ?? null) : Math.min(start, known?.start ?? start),
    end: end === null ? (known?.end ?? null) : Math.max(end, known?.end ?? end),
  };
}
