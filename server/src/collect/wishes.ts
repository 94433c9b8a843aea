/**
 * What the windows want read. Each tells its own wish, and the one that reads does what all that live wish, each source once.
 * A person's word counts above what is wished unasked: what was detached from in any window is read for none, since there is
 * one reader for all, until someone attaches to it again, in whatever window.
 */
import { randomUUID } from 'node:crypto';
import { lives, machine } from '../store/machine';
import type { Store } from '../store/store';
import type { LookQuestion, StoredWindow, Wanted } from '../store/windows';

/** Wished because it is there or listed, not because someone asked for it just now. */
export const unasked = 'unasked';
/** A window that shows that it lives less often than this, though its process is there, is another one's process by now. */
const silentMs = 5 * 60_000;
export const beatMs = 60_000;
/** Requests of one window that are remembered; the oldest are forgotten. */
export const askedLimit = 64;

/** The part of a request that says where it is. */
type Place =
  | { readonly kind: 'sandbox' }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'sample'; readonly speed: number };

/** What a person just said of a source, for all windows. */
export interface Word {
  readonly kind: 'attach' | 'detach';
  readonly id: string;
}

export interface Wished {
  readonly wanted: Wanted;
  readonly look: LookQuestion | null;
}

export class Wishes {
  readonly window = randomUUID();
  readonly #store: Store;
  readonly #asked = new Map<string, Wanted>();
  readonly #unasked = new Map<string, Wanted>();
  /** What a person detached from here: not to be read unasked for this window. Bounded by what can be found and listed. */
  readonly #declined = new Set<string>();
  #look: LookQuestion | null = null;
  #written = '';
  /** When each window was first seen at its present beat, by our own clock. */
  readonly #beats = new Map<string, { readonly beat: number; readonly since: number }>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Asked for by a person: again, if it was before. */
  ask(id: string, place: Place, nonce: string = randomUUID()): Wanted {
    const wanted: Wanted = { id, nonce, at: Date.now(), ...place };
    this.#declined.delete(id);
    this.#unasked.delete(id);
    this.#asked.delete(id);
    this.#asked.set(id, wanted);
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= askedLimit) break;
      this.#asked.delete(oldest);
    }
    return wanted;
  }

  askUnasked(id: string, place: Place): void {
    if (!this.#asked.has(id) && !this.#declined.has(id)) this.#unasked.set(id, { id, nonce: unasked, at: 0, ...place });
  }

  decline(id: string): void {
    this.forget(id);
    this.#declined.add(id);
  }

  forget(id: string): void {
    this.#asked.delete(id);
    this.#unasked.delete(id);
  }

  /** What is listed anew is read again. */
  undecline(id: string): void {
    this.#declined.delete(id);
  }

  isDeclined(id: string): boolean {
    return this.#declined.has(id);
  }

  get asked(): readonly Wanted[] {
    return [...this.#asked.values()];
  }

  wants(id: string): boolean {
    return this.#asked.has(id) || this.#unasked.has(id);
  }

  /** Is anything other than before? */
  publish(look: LookQuestion | null, word: Word | null = null): boolean {
    this.#look = look;
    const wanted = [...this.#asked.values(), ...this.#unasked.values()];
    const text = JSON.stringify([look, wanted]);
    if (text === this.#written && word === null) return false;
    const { windows } = this.#store;
    this.#store.transaction(() => {
      windows.put(this.window, process.pid, { machine, look, wanted });
      if (word?.kind === 'attach') windows.attach(word.id);
      if (word?.kind === 'detach') windows.detach(word.id);
      windows.tell(this.window, { kind: 'wishes' });
    });
    this.#written = text;
    return true;
  }

  /** Shows that this window lives; and is there again, should another have thought it dead. */
  beat(): void {
    this.#written = '';
    this.publish(this.#look);
  }

  withdraw(): void {
    const { windows } = this.#store;
    this.#store.transaction(() => {
      windows.remove(this.window);
      windows.tell(this.window, { kind: 'wishes' });
    });
  }

  /** What is wished by all windows, each source once: by whoever asked last. */
  all(): ReadonlyMap<string, Wished> {
    const all = new Map<string, Wished>();
    for (const { wish } of this.#store.windows.all()) {
      for (const wanted of wish.wanted) {
        const known = all.get(wanted.id);
        if (known === undefined || known.wanted.at < wanted.at) all.set(wanted.id, { wanted, look: wish.look });
      }
    }
    return all;
  }

  /** What another window wishes of a source now. */
  ofOthers(id: string): Wanted | null {
    const others = this.#store.windows.all().filter((window) => window.id !== this.window);
    return others.flatMap(({ wish }) => wish.wanted).find((wanted) => wanted.id === id) ?? null;
  }

  /** Windows that died without a word are forgotten; was there any? Only the one that reads asks. */
  sweep(): boolean {
    const { windows } = this.#store;
    if (!windows.others(this.window)) return false;
    const dead = windows.all().filter((window) => window.id !== this.window && this.#isDead(window));
    if (dead.length === 0) return false;
    this.#store.transaction(() => {
      for (const { id } of dead) windows.remove(id);
    });
    for (const { id } of dead) this.#beats.delete(id);
    return true;
  }

  #isDead({ id, pid, beat, wish }: StoredWindow): boolean {
    if (wish.machine === machine && !lives(pid)) return true;
    const now = performance.now();
    const seen = this.#beats.get(id);
    if (seen?.beat !== beat) this.#beats.set(id, { beat, since: now });
    return seen?.beat === beat && now - seen.since > silentMs;
  }
}
