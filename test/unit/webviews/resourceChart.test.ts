import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceSample } from '../../../server/src/protocol/messages';
import { afterEndMs, chartHeight, chartOf, chartWidth, tableRows } from '../../../webviews/trace/resourceChart';
import type { Chart } from '../../../webviews/trace/resourceChart';

const from = Date.parse('2026-11-21T10:00:00Z');
const sample = (afterMs: number, cpuCores: number, mib = 100, limit: number | null = null): ResourceSample => ({
  time: new Date(from + afterMs).toISOString(),
  cpuCores,
  memoryBytes: mib * 1024 ** 2,
  memoryLimitBytes: limit,
});
const every = (count: number, stepMs = 2_000, cpu = (at: number): number => at / count): readonly ResourceSample[] =>
  Array.from({ length: count }, (_, at) => sample(at * stepMs, cpu(at)));
const numbers = (path: string): readonly number[] => [...path.matchAll(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g)].map(([text]) => Number(text));
const strokes = ({ cpu }: Chart): number => cpu.line.split('M').length - 1;

describe('what a sandbox used', () => {
  it('runs from the start to the end of the session, and is told in numbers', () => {
    const chart = chartOf([sample(10_000, 0.2, 300), sample(0, 0.1, 100, 2), sample(20_000, 0.6, 200, 4)], from, from + 20_000)!;
    expect(chart.cpu).toMatchObject({ max: 0.6, maxAt: from + 20_000, last: 0.6 });
    expect(chart.cpu.average).toBeCloseTo(0.3);
    expect(chart.memory).toMatchObject({ max: 300 * 1024 ** 2, maxAt: from + 10_000, last: 200 * 1024 ** 2 });
    expect(chart.memoryLimit).toBe(4);
    expect(chart.cpu.line).toMatch(/^M0 [\d.]+L500 [\d.]+L1000 [\d.]+$/);
  });

  it('takes the first sample after the end with it, since that tells of the time before, and none further on', () => {
    const given = [sample(0, 0.1), sample(8_000, 0.9), sample(12_000, 0.9)];
    expect(chartOf(given, from, from + 5_000)?.samples).toBe(2);
    expect(chartOf([sample(afterEndMs + 5_001, 1)], from, from + 5_000)).toBeNull();
    expect(chartOf(given, from, null)?.to).toBe(from + 12_000);
    expect(chartOf([sample(-5_000, 1)], from, from + 5_000)).toBeNull();
    expect(chartOf([], from, null)).toBeNull();
  });

  it('breaks its lines where nothing was observed, and shows a sample that stands alone', () => {
    const later = every(10).map(({ time, ...rest }) => ({ ...rest, time: new Date(Date.parse(time) + 120_000).toISOString() }));
    expect(strokes(chartOf([...every(10), ...later], from, null)!)).toBe(2);
    expect(strokes(chartOf(every(10, 60_000), from, null)!)).toBe(1);
    expect(chartOf([sample(5_000, 0.5)], from, from + 10_000)!.cpu).toMatchObject({
      line: expect.stringMatching(/^M494 .*H506$/),
      area: '',
    });
  });

  it('is told by a table of few rows, whatever is drawn', () => {
    for (const count of [1, 5, tableRows, tableRows + 1, 240]) {
      const { rows } = chartOf(every(count), from, null)!;
      expect(rows.length).toBeLessThanOrEqual(tableRows);
      expect(rows.length).toBeGreaterThanOrEqual(Math.min(count, tableRows / 2));
      expect(rows.at(-1)?.at).toBe(from + (count - 1) * 2_000);
    }
  });

  it('stays within its frame and makes no number of what is none', () => {
    const any = fc.record({
      time: fc.oneof(
        fc.constantFrom('', 'yesterday', '2026-11-21T10:00:00Z'),
        fc.integer({ min: from, max: from + 3_600_000 }).map((at) => new Date(at).toISOString()),
      ),
      cpuCores: fc.oneof(fc.constantFrom(NaN, Infinity, -1, 0), fc.double({ min: 0, max: 256, noNaN: true })),
      memoryBytes: fc.oneof(fc.constantFrom(NaN, 0), fc.nat({ max: 2 ** 40 })),
      memoryLimitBytes: fc.option(fc.nat()),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 60 }), fc.option(fc.integer({ min: from, max: from + 3_600_000 })), (given, to) => {
        const chart = chartOf(given, from, to);
        if (chart === null) return;
        for (const { line, area, average, max } of [chart.cpu, chart.memory]) {
          expect([average, max].every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
          expect(`${line}${area}`).not.toMatch(/NaN|Infinity|undefined/);
          for (const [x, y] of line
            .split(/[ML]/)
            .filter((point) => point !== '' && !point.includes('H'))
            .map(numbers) as unknown as readonly (readonly [number, number])[]) {
            expect(x).toBeGreaterThanOrEqual(0);
            // Only the sample after the end lies beyond it, where the frame cuts it off.
            if (to === null) expect(x).toBeLessThanOrEqual(chartWidth);
            expect(y).toBeGreaterThanOrEqual(0);
            expect(y).toBeLessThanOrEqual(chartHeight);
          }
        }
      }),
    );
  });
});
