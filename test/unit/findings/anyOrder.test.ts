// What is found hangs on what a session holds, and not on the order or the pieces in which it arrived, nor on what else came twice.
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { recordsOf, traceOfBatches } from '../support/traces';
import { unpackPairs } from './recording';

const runs = 8;

async function records(): Promise<readonly SourceRecord[]> {
  const root = unpackPairs();
  try {
    return await recordsOf(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('findings', () => {
  it('are the same in any order, cut anywhere, repeated', async () => {
    const all = await records();
    const { findings } = traceOfBatches([all]);
    expect(findings.length).toBeGreaterThan(0);
    const order = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: all.length, maxLength: all.length });
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: all.length - 1 }), { maxLength: 40 });
    fc.assert(
      fc.property(order, cuts, fc.boolean(), (ranks, at, inOrder) => {
        const moved = inOrder
          ? [...all]
          : all
              .map((record, index) => ({ record, rank: ranks[index] ?? 0 }))
              .sort((a, b) => a.rank - b.rank)
              .map(({ record }) => record);
        moved.push(...all.filter((_, index) => (ranks[index] ?? 0) < 0.1));
        const ends = [...at].sort((a, b) => a - b);
        const batches = [...ends, moved.length].map((end, index) => moved.slice(ends[index - 1] ?? 0, end));
        expect(traceOfBatches(batches).findings).toEqual(findings);
      }),
      { numRuns: runs },
    );
  });
});
