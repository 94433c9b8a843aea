/** What could not be read, as it was told: nothing twice, and what holds no longer is taken back. */
import type { MendedRecord, SkippedRecord } from './record';

/** Reasons remembered; beyond this the oldest places are forgotten and may be told again. */
const MAX_TOLD = 10_000;

/** What a reason is about: that it can't be read at all, a part of it, its end, or what it lacks beside it. */
export type Topic = 'whole' | 'part' | 'end' | 'beside';

/** Reasons of one place and topic that are told one by one. What is broken throughout is beyond words: its rest is one more reason. */
export const MAX_REASONS = 20;
export const MORE = 'and more of it';

export class Told {
  readonly #places = new Map<string, Map<string, Topic>>();
  #count = 0;

  *skipped(where: string, given: string, topic: Topic = 'whole'): Generator<SkippedRecord> {
    const reasons = this.#places.get(where) ?? new Map<string, Topic>();
    const reason = reasons.has(given) || countOf(reasons, topic) < MAX_REASONS ? given : MORE;
    if (reasons.has(reason)) return;
    this.#places.set(where, reasons);
    reasons.set(reason, topic);
    this.#count += 1;
    if (this.#count > MAX_TOLD) this.#forgetOldest(where);
    yield { kind: 'skipped', where, reason };
  }

  /** Of this topic, nothing but `still` holds any more. */
  *mended(where: string, topic: Topic, still: readonly string[] = []): Generator<SkippedRecord | MendedRecord> {
    const reasons = this.#places.get(where);
    if (!reasons) return;
    const over = [...reasons].filter(([reason, of]) => of === topic && !still.includes(reason));
    if (over.length === 0) return;
    for (const [reason] of over) reasons.delete(reason);
    this.#count -= over.length;
    if (reasons.size === 0) this.#places.delete(where);
    yield { kind: 'mended', where };
    for (const reason of reasons.keys()) yield { kind: 'skipped', where, reason };
  }

  /** It is not there any more. */
  *gone(where: string): Generator<MendedRecord> {
    const reasons = this.#places.get(where);
    if (!reasons) return;
    this.#count -= reasons.size;
    this.#places.delete(where);
    yield { kind: 'mended', where };
  }

  #forgetOldest(but: string): void {
    for (const [where, reasons] of this.#places) {
      if (where === but) continue;
      this.#count -= reasons.size;
      this.#places.delete(where);
      return;
    }
  }
}

function countOf(reasons: ReadonlyMap<string, Topic>, topic: Topic): number {
  let count = 0;
  for (const of of reasons.values()) if (of === topic) count += 1;
  return count;
}
