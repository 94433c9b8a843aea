/**
 * How long processes were seen to talk. A process id means one process only from a start of the sandbox to the next: with the container
 * its process ids begin anew. Pure.
 */
import type { PolicyEvent } from './events';
import { meetingKey, startKey } from './sightings';

/** From a start of the sandbox until the next; the first may have begun before all that is known. */
export interface Boot {
  readonly from: number;
  /** Not of it any more. */
  readonly to: number;
}

export class Boots {
  /** Ascending. */
  readonly #starts: readonly number[];

  constructor(starts: Iterable<number>) {
    this.#starts = [...new Set(starts)].sort((a, b) => a - b);
  }

  of(time: number): Boot {
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? Infinity) <= time) low = middle + 1;
      else high = middle;
    }
    return { from: this.#starts[low - 1] ?? -Infinity, to: this.#starts[low] ?? Infinity };
  }
}

/** The supervisor says this once, as soon as it is ready: what runs in the sandbox began after it, or just before. */
export function isStart(event: PolicyEvent): boolean {
  return event.eventClass === 'LIFECYCLE' && meetingKey(event) === startKey;
}

/** First and last time that a process was seen. */
export interface ProcessLife {
  readonly first: number;
  readonly last: number;
}

export class ProcessLives {
  readonly boots: Boots;
  readonly #lives = new Map<string, ProcessLife>();

  constructor(boots: Boots) {
    this.boots = boots;
  }

  /** As far as these events tell. */
  static in(events: readonly PolicyEvent[]): ProcessLives {
    const lives = new ProcessLives(new Boots(events.filter(isStart).map((event) => event.time)));
    for (const { process, time } of events) {
      if (process === null) continue;
      const known = lives.of(process.pid, time);
      lives.set(process.pid, time, { first: Math.min(known?.first ?? time, time), last: Math.max(known?.last ?? time, time) });
    }
    return lives;
  }

  /** Of the process that had this id at this time. */
  of(pid: number, time: number): ProcessLife | undefined {
    return this.#lives.get(this.#key(pid, time));
  }

  set(pid: number, time: number, life: ProcessLife): void {
    this.#lives.set(this.#key(pid, time), life);
  }

  #key(pid: number, time: number): string {
    return `${this.boots.of(time).from} ${pid}`;
  }
}
