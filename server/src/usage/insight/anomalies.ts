/**
 * Runs that cost or last far more than their like: the same agent's runs before, set off by the same. By median and median deviation,
 * so that the wild runs of a history make the next wild run no usual one. The rules stand in docs/cost.md.
 */
import type { CostBasis } from '../../protocol/document';
import { compare, median } from './robust';
import type { Compared } from './robust';
import { comparable, leastHistory, likeOf, tokensOf, usdOf } from './runs';
import type { CallFigures, Run, Sum } from './runs';

/** What of a run grew, with the figures of both. `share`: how much of the excess it explains, 1 all of it. */
export type Grown = { readonly value: number; readonly usual: number; readonly share: number } & (
  | { readonly part: 'calls' | 'below' | 'modelTime' }
  /** Tokens of prompt, or of output, for each call. */
  | { readonly part: 'prompt' | 'output' }
  /** The share of the prompt that did not come out of the cache. */
  | { readonly part: 'cacheMisses' }
  /** US dollars for a million tokens, weighed as they are usually priced: another model, or another price. */
  | { readonly part: 'price' }
  | { readonly part: 'toolTime'; readonly tool: string }
);

export interface Anomaly {
  readonly run: Run;
  /** `duration` in milliseconds. */
  readonly measure: 'usd' | 'tokens' | 'duration';
  readonly value: number;
  /** The median of its like. */
  readonly usual: number;
  readonly times: number;
  readonly score: number;
  /** How many it was compared with. */
  readonly of: number;
  /** Of money: what stands behind all of these sums. */
  readonly bases: readonly CostBasis[];
  /** What explains most first. */
  readonly grew: readonly Grown[];
}

/** In spreads above the median. */
export const leastScore = 3.5;
/** And so many times the median. */
export const leastTimes = 2;
/** And so much more than the median; less is worth nobody's time. */
export const leastExcess: Readonly<Record<Anomaly['measure'], number>> = { usd: 0.1, tokens: 20_000, duration: 60_000 };
/** A part is named when it explains so much of the excess, and grew by so much. */
const leastShare = 0.1;
const leastGrowth = 1.25;
const partsNamed = 3;

/** What is unusual in money, or else in tokens, and what in time. */
export function anomaliesOf(run: Run, runs: readonly Run[]): readonly Anomaly[] {
  const like = likeOf(run, runs);
  if (like.length < leastHistory || run.calls.length === 0) return [];
  return [spending(run, like), lasting(run, like)].filter((anomaly) => anomaly !== null);
}

function spending(run: Run, like: readonly Run[]): Anomaly | null {
  const found = comparable(run, like);
  if (found === null) return null;
  const { unit, value, bases } = found.sum;
  const compared = compare(
    value,
    found.like.map(({ sum }) => sum.value),
    leastExcess[unit],
  );
  if (!isFar(compared, leastExcess[unit])) return null;
  const grew = partsOf(
    shapeOf(run, found.sum),
    found.like.map((one) => shapeOf(one.run, one.sum)),
    unit,
  );
  return anomaly(run, unit, compared, found.like.length, bases, grew);
}

function lasting(run: Run, like: readonly Run[]): Anomaly | null {
  const timed = like.filter(({ durationMs }) => durationMs !== null);
  if (run.durationMs === null || timed.length < leastHistory) return null;
  const compared = compare(
    run.durationMs,
    timed.map(({ durationMs }) => durationMs ?? 0),
    leastExcess.duration,
  );
  if (!isFar(compared, leastExcess.duration)) return null;
  const excess = compared.value - compared.median;
  const grown = (value: number, usual: number): Omit<Grown, 'part'> => ({ value, usual, share: (value - usual) / excess });
  const model: Grown = { part: 'modelTime', ...grown(modelMs(run), median(timed.map(modelMs))) };
  const tools = [...run.toolMs].map(([tool, ms]): Grown => ({
    part: 'toolTime',
    tool,
    ...grown(ms, median(timed.map((one) => one.toolMs.get(tool) ?? 0))),
  }));
  return anomaly(run, 'duration', compared, timed.length, [], [model, ...tools]);
}

function isFar({ value, median: usual, times, score }: Compared, excess: number): boolean {
  return score >= leastScore && times >= leastTimes && value - usual >= excess;
}

function anomaly(
  run: Run,
  measure: Anomaly['measure'],
  { value, median: usual, score }: Compared,
  of: number,
  bases: readonly CostBasis[],
  parts: readonly Grown[],
): Anomaly {
  const grew = parts
    .filter((part) => part.share >= leastShare && part.value >= part.usual * leastGrowth)
    .sort((a, b) => b.share - a.share)
    .slice(0, partsNamed);
  return { run, measure, value, usual, times: value / usual, score, of, bases, grew };
}

function modelMs({ calls }: Run): number {
  return calls.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0);
}

/**
 * How tokens weigh in the parts of a sum, beside input that is 1. In money as price lists usually have them: that only says which part
 * is named first, and prices nothing.
 */
const weights = { usd: { cacheRead: 0.1, output: 5 }, tokens: { cacheRead: 1, output: 1 } } as const;

/** A sum taken apart: calls × (prompt × what a token of it weighs + output × its weight) × price + what is below. */
interface Shape {
  readonly calls: number;
  readonly prompt: number;
  readonly misses: number;
  /** What a token of the prompt weighs, by its misses. */
  readonly weight: number;
  readonly output: number;
  readonly outputWeight: number;
  readonly price: number;
  readonly below: number;
}

function shapeOf({ calls, below }: Run, { unit, value }: Sum): Shape {
  const { cacheRead, output: outputWeight } = weights[unit];
  const sum = (pick: (tokens: NonNullable<CallFigures['tokens']>) => number): number =>
    calls.reduce((all, { tokens }) => all + (tokens === null ? 0 : pick(tokens)), 0);
  const all = sum((tokens) => tokens.input + tokens.cacheRead + tokens.cacheWrite);
  const misses = all === 0 ? 0 : sum((tokens) => tokens.input + tokens.cacheWrite) / all;
  const weight = misses + (1 - misses) * cacheRead;
  const output = sum((tokens) => tokens.output);
  const count = Math.max(1, calls.length);
  const weighed = all * weight + output * outputWeight;
  const ofBelow = (unit === 'usd' ? usdOf(below) : tokensOf(below))?.value ?? 0;
  return {
    calls: calls.length,
    prompt: all / count,
    misses,
    weight,
    output: output / count,
    outputWeight,
    price: weighed === 0 ? 0 : (value - ofBelow) / weighed,
    below: ofBelow,
  };
}

/**
 * Which factor brought how much of the difference. What several brought together, more calls with longer prompts each, is divided among
 * them by their logarithms (the logarithmic mean Divisia index), so that no order of theirs matters and the parts add up.
 */
function partsOf(run: Shape, like: readonly Shape[], unit: 'usd' | 'tokens'): readonly Grown[] {
  const at = (pick: (shape: Shape) => number): number => median(like.map(pick));
  const usual: Shape = {
    calls: at((shape) => shape.calls),
    prompt: at((shape) => shape.prompt),
    misses: at((shape) => shape.misses),
    weight: at((shape) => shape.weight),
    output: at((shape) => shape.output),
    outputWeight: run.outputWeight,
    price: at((shape) => shape.price),
    below: at((shape) => shape.below),
  };
  const prompts = ({ calls, prompt, weight, price }: Shape): number => calls * prompt * weight * price;
  const outputs = ({ calls, output, outputWeight, price }: Shape): number => calls * output * outputWeight * price;
  const ofPrompts = logarithmicMean(prompts(run), prompts(usual));
  const ofOutputs = logarithmicMean(outputs(run), outputs(usual));
  const excess = prompts(run) + outputs(run) + run.below - (prompts(usual) + outputs(usual) + usual.below);
  const grown = (name: 'calls' | 'prompt' | 'weight' | 'output' | 'price', terms: number): number =>
    terms * Math.log(Math.max(run[name], least) / Math.max(usual[name], least));
  const part = (name: 'calls' | 'prompt' | 'output' | 'below', more: number): Grown => ({
    part: name,
    value: run[name],
    usual: usual[name],
    share: more / excess,
  });
  const parts = [
    part('calls', grown('calls', ofPrompts + ofOutputs)),
    part('prompt', grown('prompt', ofPrompts)),
    part('output', grown('output', ofOutputs)),
    part('below', run.below - usual.below),
  ];
  if (unit === 'tokens') return parts;
  return [
    ...parts,
    { part: 'cacheMisses', value: run.misses, usual: usual.misses, share: grown('weight', ofPrompts) / excess },
    {
      part: 'price',
      value: run.price * perMillion,
      usual: usual.price * perMillion,
      share: grown('price', ofPrompts + ofOutputs) / excess,
    },
  ];
}

/** Stands for nothing at all, of which there is no logarithm. */
const least = 1e-12;

function logarithmicMean(a: number, b: number): number {
  const [one, other] = [Math.max(a, least), Math.max(b, least)];
  return one === other ? one : (one - other) / Math.log(one / other);
}

const perMillion = 1e6;

/** Of a session and a turn of it that say the same, the turn is the nearer word: where most of the excess is its own. */
export function nearest(anomalies: readonly Anomaly[]): readonly Anomaly[] {
  return anomalies.filter(
    ({ run, measure, value, usual }) =>
      run.kind === 'turn' ||
      !anomalies.some(
        (other) =>
          other.run.kind === 'turn' &&
          other.run.sourceId === run.sourceId &&
          other.run.agent === run.agent &&
          other.run.sessionId === run.sessionId &&
          other.measure === measure &&
          other.value - other.usual >= (value - usual) / 2,
      ),
  );
}
