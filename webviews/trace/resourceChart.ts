/**
 * What a sandbox used over a session's time, made ready to be drawn: where the lines run, where they break because nothing
 * was observed, and what they come to in words. Pure.
 */
import type { ResourceSample } from '../../server/src/protocol/messages';

/** The drawing's own units; it is stretched to the room there is. */
export const chartWidth = 1000;
export const chartHeight = 100;
/** Rows of the table that says the same. */
export const tableRows = 12;
/** A sample tells of the time before it, so the first one after the end still belongs to the session. */
export const afterEndMs = 30_000;
/** Longer than this without a sample, and than several samples usually lie apart, is time that was not observed. */
const gapMs = 15_000;
const gapFactor = 4;
/** A flat line of nothing is drawn at the bottom, not in the middle. */
const leastCores = 0.05;
const headroom = 1.1;

export interface Band {
  /** Paths of the line and of what lies under it. */
  readonly line: string;
  readonly area: string;
  readonly average: number;
  readonly max: number;
  readonly maxAt: number;
  readonly last: number;
}

export interface Chart {
  readonly from: number;
  readonly to: number;
  readonly firstAt: number;
  readonly samples: number;
  readonly cpu: Band;
  readonly memory: Band;
  /** The last that was set; null: none is. */
  readonly memoryLimit: number | null;
  readonly rows: readonly { readonly at: number; readonly cpuCores: number; readonly memoryBytes: number }[];
}

interface Point {
  readonly at: number;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number | null;
}

/** `to` null: it goes on, and is drawn to its last sample. Null: nothing was observed in that time. */
export function chartOf(samples: readonly ResourceSample[], from: number, to: number | null): Chart | null {
  const points = within(pointsOf(samples), from, to);
  const last = points.at(-1);
  const first = points[0];
  if (first === undefined || last === undefined) return null;
  // Not wider than what there is: of one sample, the time it tells of.
  const end = Math.max(to ?? last.at, from + 1);
  const segments = segmentsOf(points);
  const band = (value: (point: Point) => number, least: number): Band => {
    const highest = points.reduce((best, point) => (value(point) > value(best) ? point : best), first);
    const top = Math.max(value(highest) * headroom, least);
    const x = ({ at }: Point): number => round((chartWidth * (at - from)) / (end - from));
    const y = (point: Point): number => round(chartHeight * (1 - value(point) / top));
    const runs = segments.map((run) => run.map((point): readonly [number, number] => [x(point), y(point)]));
    return {
      line: runs.map(linePath).join(''),
      area: runs.map(areaPath).join(''),
      average: mean(points.map(value)),
      max: value(highest),
      maxAt: highest.at,
      last: value(last),
    };
  };
  return {
    from,
    to: end,
    firstAt: first.at,
    samples: points.length,
    cpu: band((point) => point.cpuCores, leastCores),
    memory: band((point) => point.memoryBytes, 1),
    memoryLimit: last.memoryLimitBytes,
    rows: rowsOf(points),
  };
}

function pointsOf(samples: readonly ResourceSample[]): readonly Point[] {
  return samples
    .map(({ time, cpuCores, memoryBytes, memoryLimitBytes }) => ({ at: Date.parse(time), cpuCores, memoryBytes, memoryLimitBytes }))
    .filter(({ at, cpuCores, memoryBytes }) => [at, cpuCores, memoryBytes].every((value) => Number.isFinite(value) && value >= 0))
    .sort((a, b) => a.at - b.at);
}

function within(points: readonly Point[], from: number, to: number | null): readonly Point[] {
  const known = points.filter(({ at }) => at >= from);
  if (to === null) return known;
  const after = known.findIndex(({ at }) => at > to);
  const next = known[after];
  if (next === undefined) return known;
  return known.slice(0, next.at <= to + afterEndMs ? after + 1 : after);
}

function segmentsOf(points: readonly Point[]): readonly (readonly Point[])[] {
  const steps = points.slice(1).map(({ at }, index) => at - (points[index]?.at ?? at));
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const gap = Math.max(gapMs, gapFactor * usual);
  const segments: Point[][] = [];
  for (const [index, point] of points.entries()) {
    const current = segments.at(-1);
    if (current === undefined || (steps[index - 1] ?? 0) > gap) segments.push([point]);
    else current.push(point);
  }
  return segments;
}

/** A sample by itself is a short stroke, or it would not be seen. */
const strokeOfOne = 6;

function linePath(run: readonly (readonly [number, number])[]): string {
  const [only] = run;
  if (run.length === 1 && only !== undefined) return `M${only[0] - strokeOfOne} ${only[1]}H${only[0] + strokeOfOne}`;
  return `M${run.map(([x, y]) => `${x} ${y}`).join('L')}`;
}

function areaPath(run: readonly (readonly [number, number])[]): string {
  const [first, last] = [run[0], run.at(-1)];
  if (run.length < 2 || first === undefined || last === undefined) return '';
  return `M${first[0]} ${chartHeight}L${run.map(([x, y]) => `${x} ${y}`).join('L')}L${last[0]} ${chartHeight}Z`;
}

/** Of what falls together, the mean of the cores and the most memory, at its last time. */
function rowsOf(points: readonly Point[]): Chart['rows'] {
  const size = Math.ceil(points.length / tableRows);
  const rows: { at: number; cpuCores: number; memoryBytes: number }[] = [];
  for (let from = 0; from < points.length; from += size) {
    const group = points.slice(from, from + size);
    rows.push({
      at: group.at(-1)?.at ?? 0,
      cpuCores: mean(group.map(({ cpuCores }) => cpuCores)),
      memoryBytes: Math.max(...group.map(({ memoryBytes }) => memoryBytes)),
    });
  }
  return rows;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
