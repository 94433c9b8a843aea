/**
 * The sessions last worked on, with their events and their folds, so that a record in a live session costs what is new in it.
 * A session that is not here is read from the store and folded over everything, once. All sources of a store share the room.
 */
import type { SessionFindings } from '../findings/sessionFindings';
import type { SessionEvent } from '../model/events';
import type { GatewayOverlay } from '../model/gatewayOverlay';
import type { SessionFold } from '../model/sessionFold';
import type { Store } from '../store/store';

/** What all of them may hold, as `weightOf` counts, which is near to what they take. */
export const liveBytes = 64 * 1024 * 1024;
/** What those of a source may hold while a history of it pours in, of which hardly anything is worked on again: what follows a session comes right after it. */
export const pouringBytes = 16 * 1024 * 1024;
/** What the one at work may hold, when all others had to go: some 90,000 entries. A longer one is read anew for each fold. */
export const longestBytes = 192 * 1024 * 1024;
/** An event with its fields, its places in the fold and what the fold made of it, without its texts. */
const eventBytes = 1500;
const blockBytes = 450;

export class LiveSession {
  readonly owner: object;
  /** By kind and identity. */
  readonly events = new Map<string, SessionEvent>();
  /** What came since the fold took something; all of it is among the events. */
  fresh: SessionEvent[] = [];
  /** Null: not folded yet. */
  fold: SessionFold | null = null;
  /** What OpenClaw's own log adds to it; follows the fold. */
  overlay: GatewayOverlay | null = null;
  /** What its detectors found; hears of what the fold does. */
  findings: SessionFindings | null = null;
  #bytes = 0;

  constructor(owner: object) {
    this.owner = owner;
  }

  /** A known event stays what it was; but the index says how things stand now. */
  add(key: string, event: SessionEvent): void {
    const known = this.events.get(key);
    if (known !== undefined && event.kind !== 'index') return;
    this.#bytes += weightOf(event) - (known === undefined ? 0 : weightOf(known));
    this.events.set(key, event);
    if (event.kind !== 'index') this.fresh.push(event);
  }

  get bytes(): number {
    return this.#bytes;
  }
}

export class LiveSessions {
  static readonly #ofStore = new WeakMap<Store, LiveSessions>();
  readonly #limit: number;
  readonly #longest: number;
  readonly #pouring: number;
  /** Least recently used first. */
  readonly #sessions = new Map<number, LiveSession>();
  /** What each was counted with. */
  readonly #counted = new Map<number, { readonly owner: object; readonly bytes: number }>();
  readonly #ofOwner = new WeakMap<object, number>();
  #bytes = 0;

  constructor(limit = liveBytes, longest = longestBytes, pouring = pouringBytes) {
    this.#limit = limit;
    this.#longest = longest;
    this.#pouring = pouring;
  }

  static of(store: Store): LiveSessions {
    let made = this.#ofStore.get(store);
    if (made === undefined) this.#ofStore.set(store, (made = new LiveSessions()));
    return made;
  }

  /** `owner`: who works on it. What another one left is not taken over: it may have missed something since. */
  get(row: number, owner: object): LiveSession | null {
    const session = this.#sessions.get(row);
    if (session === undefined) return null;
    this.#sessions.delete(row);
    if (session.owner === owner) {
      this.#sessions.set(row, session);
      return session;
    }
    this.#uncount(row);
    return null;
  }

  /** Begins one, without events. */
  begin(row: number, owner: object): LiveSession {
    this.drop(row);
    const session = new LiveSession(owner);
    this.#sessions.set(row, session);
    return session;
  }

  /**
   * After something was added to one: those used least go, and this one too if it alone is more than is kept of any. `pouring`: more
   * waits to be taken in by its owner, whose others go first; those of another one, which may be at work, only when all is full.
   */
  grew(row: number, pouring = false): void {
    const session = this.#sessions.get(row);
    if (session === undefined) return;
    this.#uncount(row);
    const { owner, bytes } = session;
    this.#counted.set(row, { owner, bytes });
    this.#bytes += bytes;
    this.#ofOwner.set(owner, this.#bytesOf(owner) + bytes);
    if (pouring) {
      for (const [oldest, other] of this.#sessions) {
        // Of a long one that is alone, nothing is left to go; the others need not be gone over for each of its records.
        if (this.#bytesOf(owner) <= Math.max(this.#pouring, bytes)) break;
        if (other.owner === owner && oldest !== row) this.drop(oldest);
      }
    }
    for (const oldest of this.#sessions.keys()) {
      if (this.#bytes <= this.#limit) return;
      if (oldest !== row || session.bytes > this.#longest) this.drop(oldest);
    }
  }

  drop(row: number): void {
    this.#sessions.delete(row);
    this.#uncount(row);
  }

  dropAll(owner: object): void {
    for (const [row, session] of this.#sessions) if (session.owner === owner) this.drop(row);
  }

  #uncount(row: number): void {
    const counted = this.#counted.get(row);
    if (counted === undefined) return;
    this.#bytes -= counted.bytes;
    this.#ofOwner.set(counted.owner, this.#bytesOf(counted.owner) - counted.bytes);
    this.#counted.delete(row);
  }

  #bytesOf(owner: object): number {
    return this.#ofOwner.get(owner) ?? 0;
  }

  get bytes(): number {
    return this.#bytes;
  }
}

/** Bytes that an event takes here, by the texts it holds. */
export function weightOf(event: SessionEvent): number {
  let chars = 0;
  const count = (...texts: readonly (string | null)[]): void => {
    for (const text of texts) chars += text?.length ?? 0;
  };
  switch (event.kind) {
    case 'assistant':
      for (const block of event.blocks) {
        chars += blockBytes;
        count(block.preview);
        if (block.kind === 'toolCall')
          count(block.command, block.target, ...block.paths, ...block.pathsAt, ...block.candidates.flatMap(({ at, path }) => [at, path]));
      }
      break;
    case 'toolResult':
      count(event.preview, event.failure, ...event.places, ...(event.described?.arguments ?? []).map(({ at }) => at));
      break;
    case 'tools':
      for (const { name, arguments: told } of event.tools) count(name, ...told.map(({ at }) => at));
      break;
    case 'user':
    case 'compaction':
    case 'note':
      count(event.preview);
      break;
    case 'nested':
    case 'header':
    case 'index':
    case 'run':
    case 'runTool':
      break;
  }
  return eventBytes + chars;
}
