/** What LLM calls cost, as their spans tell it: for whoever has the spans at hand and needs no sum of the ledger's. */
import { ExactSum } from './exactSum';
import type { CallCost, UnpricedReason } from '../protocol/cost';
import type { CostBasis, CostTotals, Span } from '../protocol/document';

const bases: readonly CostBasis[] = ['reported', 'user', 'overlay', 'priced', 'local'];

export function spanCost({ attributes }: Pick<Span, 'attributes'>): CallCost {
  const usd = attributes['sandglass.cost.usd'];
  const named = attributes['sandglass.cost.basis'];
  const basis = bases.find((one) => one === named) ?? 'unknown';
  if (typeof usd !== 'number' || basis === 'unknown')
    return {
      usd: null,
      basis: 'unknown',
      source: null,
      date: null,
      reason: textOf(attributes['sandglass.cost.reason']) as UnpricedReason | null,
    };
  return { usd, basis, source: textOf(attributes['sandglass.cost.source']), date: textOf(attributes['sandglass.cost.date']), reason: null };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The same in whatever order the calls come. */
export class CostSum {
  readonly #usd = new ExactSum();
  readonly #byBasis = new Map<CostBasis, ExactSum>();
  #unpricedCalls = 0;

  /** Of one call, or what several came to. */
  add({ usd, basis }: Pick<CallCost, 'usd' | 'basis'>, calls = 1): void {
    if (usd === null) {
      this.#unpricedCalls += calls;
      return;
    }
    const ofBasis = this.#byBasis.get(basis) ?? new ExactSum();
    this.#byBasis.set(basis, ofBasis);
    ofBasis.add(usd);
    this.#usd.add(usd);
  }

  get now(): CostTotals {
    const byBasis: Partial<Record<CostBasis, number>> = {};
    for (const [basis, sum] of this.#byBasis) byBasis[basis] = sum.value;
    return { usd: this.#byBasis.size === 0 ? null : this.#usd.value, byBasis, unpricedCalls: this.#unpricedCalls };
  }
}

export function costOf(calls: Iterable<Pick<CallCost, 'usd' | 'basis'>>): CostTotals {
  const sum = new CostSum();
  for (const call of calls) sum.add(call);
  return sum.now;
}
