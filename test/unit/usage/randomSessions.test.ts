// Forks, rewinds, retries, sub-agents and copies: what they came to depends on no order, no repetition and no cut. The soak does it with 100,000.
import { describe, expect, it } from 'vitest';
import { randomAgent } from '../support/randomSessions';
import { randomSums } from '../support/randomSums';
import { memoryStore } from '../support/traces';

const agents = 60;

describe('random sessions', () => {
  it('hold all that makes counting hard', () => {
    const all = Array.from({ length: agents }, (_, seed) => randomAgent(seed, 4)).flatMap(({ records }) => records);
    const texts = all.map((record) => ('text' in record ? record.text : ''));
    for (const mark of ['"parentSession"', '"spawnedBy"', '"compaction"', '"stopReason":"error"', 'childSessionKey'])
      expect(texts.filter((text) => text.includes(mark)).length, mark).toBeGreaterThan(10);
    const entries = all.flatMap((record) =>
      record.kind === 'transcript' && record.state === 'live' ? [(JSON.parse(record.text) as { id: string }).id] : [],
    );
    expect(entries.length - new Set(entries).size).toBeGreaterThan(100);
  });

  it('come to the same in any order, repeated, cut anywhere: each call once', { timeout: 300_000 }, () => {
    for (let seed = 0; seed < agents; seed++) {
      // One store for a while: making one takes longer than filling it.
      using store = memoryStore();
      const { wanted, found } = randomSums(store, seed, 1 + (seed % 6), 'agent');
      for (const [at, sums] of found.entries()) expect(sums, `seed ${seed}, order ${at}`).toEqual(wanted);
    }
  });
});
