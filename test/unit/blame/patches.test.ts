// Where the chunks of a patch apply, and that looking for them ends where lines are made to be nearly the same everywhere.
import { describe, expect, it } from 'vitest';
import { patchComparisons, placeChunks, standsAt } from '../../../server/src/locate/blame/patches';
import type { Chunk } from '../../../server/src/locate/blame/patches';
import { linesBefore } from '../../../server/src/locate/undone';

const chunk = (oldLines: readonly string[], newLines: readonly string[] = ['new']): Chunk => ({
  context: null,
  oldLines,
  newLines: newLines.map((text) => ({ text, added: true })),
  atEnd: false,
});
const many = (text: string, count: number): string[] => Array.from({ length: count }, () => text);

describe('the places of a patch', () => {
  it('are all found in a large file, the loosest way too', () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `  line ${i} `);
    const at = Array.from({ length: 400 }, (_, i) => i * 100);
    expect(
      placeChunks(
        lines,
        at.map((n) => chunk([`  line ${n} `])),
      )?.map((placed) => placed.at),
    ).toEqual(at);
    expect(placeChunks(lines, [chunk(['line 39999'])])?.[0]?.at).toBe(39_999);
  });

  it('are given up after so many comparisons over all chunks', () => {
    const height = 400;
    const slow = (count: number): readonly string[] => Array.from({ length: count }, () => [...many('a', 1000), 'b']).flat();
    const chunks = (count: number): readonly Chunk[] => Array.from({ length: count }, () => chunk([...many('a', height), 'b']));
    expect(placeChunks(slow(1), chunks(1))?.[0]?.at).toBe(1000 - height);
    const work = { left: patchComparisons };
    expect(placeChunks(slow(10), chunks(10), work)).toBeNull();
    expect(work.left).toBeLessThan(0);
    expect(work.left).toBeGreaterThan(-2 * height);
    expect(placeChunks(slow(10), chunks(10))).toBeNull();
  });

  it('are given up also in taking a patch back', () => {
    const before = (lines: number, height: number): number => {
      const now = [...many('a', lines), 'b'];
      const event = { kind: 'update', chunks: [chunk(['old'], [...many('a', height), 'b'])] } as const;
      return linesBefore([[{ event, firstChanged: null }]], now).from;
    };
    expect(before(100, 50)).toBe(0);
    expect(before(20_000, 10_000)).toBe(1);
  });

  it('count what was compared', () => {
    const work = { left: 10 };
    expect(standsAt(['a', 'b', 'c'], ['b', 'c'], 1, work)).toBe(true);
    expect(work.left).toBe(7);
    expect(standsAt(['a', 'b', 'c'], ['b', 'c'], 0, work)).toBe(false);
    expect(work.left).toBe(6);
  });
});
