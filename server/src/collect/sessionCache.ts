/** Decoded events of the sessions last worked on, so that a record in a live session does not decrypt the whole session again. */
import type { SessionEvent } from '../model/events';

/** Events kept over all sessions; at about half a kilobyte each. */
export const cachedEventLimit = 100_000;

export class SessionCache {
  readonly #limit: number;
  readonly #sessions = new Map<number, Map<string, SessionEvent>>();
  #events = 0;

  constructor(limit = cachedEventLimit) {
    this.#limit = limit;
  }

  get(session: number): Map<string, SessionEvent> | null {
    const events = this.#sessions.get(session);
    if (events === undefined) return null;
    // Least recently used first.
    this.#sessions.delete(session);
    this.#sessions.set(session, events);
    return events;
  }

  put(session: number, events: Map<string, SessionEvent>): void {
    this.drop(session);
    this.#sessions.set(session, events);
    this.#events += events.size;
    this.trim(session);
  }

  /** After events were added to a cached map. */
  grew(session: number, by: number): void {
    this.#events += by;
    this.trim(session);
  }

  drop(session: number): void {
    const events = this.#sessions.get(session);
    if (events === undefined) return;
    this.#events -= events.size;
    this.#sessions.delete(session);
  }

  clear(): void {
    this.#sessions.clear();
    this.#events = 0;
  }

  get size(): number {
    return this.#events;
  }

  private trim(keep: number): void {
    for (const session of this.#sessions.keys()) {
      if (this.#events <= this.#limit) return;
      if (session !== keep) this.drop(session);
    }
  }
}
