// The same records in any order, cut anywhere, with repeats, give the same document.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { recordings } from '../../fixtures/recordings';
import { recordsOf, traceOfBatches } from '../support/traces';

/** Runs of one property; each takes a whole recording through a store. */
const runs = 6;

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function shuffled(records: readonly SourceRecord[], random: () => number): SourceRecord[] {
  const copy = [...records];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as SourceRecord, copy[i] as SourceRecord];
  }
  return copy;
}

function cut(records: readonly SourceRecord[], random: () => number): SourceRecord[][] {
  const batches: SourceRecord[][] = [];
  for (let at = 0; at < records.length;) {
    const size = 1 + Math.floor(random() * 200);
    batches.push(records.slice(at, at + size));
    at += size;
  }
  return batches;
}

describe.each(recordings().filter((recording) => ['rotation-2026.7.1', 'generation-c'].includes(recording.name)))(
  'records of $name',
  (recording) => {
    it('fold to the same document in any order, cut anywhere, repeated', async () => {
      const records = await recordsOf(recording.root);
      const expected = traceOfBatches([records]);
      expect(expected.sessions.length).toBe(Object.keys(recording.expected.sessions).length);
      fc.assert(
        fc.property(fc.integer(), (seed) => {
          const random = seeded(seed);
          const again = records.filter((record) => record.kind !== 'log' && random() < 0.2);
          const actual = traceOfBatches(cut(shuffled([...records, ...again], random), random));
          expect(actual).toEqual(expected);
        }),
        { numRuns: runs },
      );
    });
  },
);
