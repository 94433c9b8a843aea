/** Adds up what LLM calls came to. Whole numbers as long as no call was divided, so that no order of adding makes another sum. */
import type { Spend } from '../protocol/cost';
import type { CostBasis } from '../protocol/document';
import type { LedgerSum } from '../store/ledger';

const usageNames = ['input', 'output', 'cacheRead', 'cacheWrite', 'reasoning'] as const;

export class SpendSum {
  #calls = 0;
  #unpriced = 0;
  #unpricedTokens = 0;
  #cut = 0;
  #reasoned = 0;
  readonly #usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
  readonly #money = new Map<CostBasis, { micro: number; pico: number }>();

  add({ basis, ...sum }: LedgerSum & { readonly basis: CostBasis }): void {
    this.#calls += sum.calls;
    this.#cut += sum.cut;
    this.#reasoned += sum.reasoned;
    for (const name of usageNames) this.#usage[name] += sum[name];
    if (basis !== 'unknown') this.#pay(basis, sum);
    else {
      this.#unpriced += sum.calls;
      this.#unpricedTokens += sum.input + sum.output + sum.cacheRead + sum.cacheWrite;
    }
  }

  /** All that another sum holds. */
  join(other: SpendSum): void {
    this.#calls += other.#calls;
    this.#unpriced += other.#unpriced;
    this.#unpricedTokens += other.#unpricedTokens;
    this.#cut += other.#cut;
    this.#reasoned += other.#reasoned;
    for (const name of usageNames) this.#usage[name] += other.#usage[name];
    for (const [basis, money] of other.#money) this.#pay(basis, money);
  }

  #pay(basis: CostBasis, { micro, pico }: { readonly micro: number; readonly pico: number }): void {
    const money = this.#money.get(basis) ?? { micro: 0, pico: 0 };
    money.micro += micro;
    money.pico += pico;
    this.#money.set(basis, money);
  }

  /** Calls that failed or were aborted and of which nothing was counted. */
  get cut(): number {
    return this.#cut;
  }

  /** Of calls without a price. */
  get unpricedTokens(): number {
    return this.#unpricedTokens;
  }

  get tokens(): number {
    const { input, output, cacheRead, cacheWrite } = this.#usage;
    return input + output + cacheRead + cacheWrite;
  }

  get spend(): Spend {
    const all = { micro: 0, pico: 0 };
    const byBasis: Partial<Record<CostBasis, number>> = {};
    for (const [basis, money] of this.#money) {
      byBasis[basis] = dollars(money);
      all.micro += money.micro;
      all.pico += money.pico;
    }
    return {
      calls: this.#calls,
      usage: { ...this.#usage, reasoning: this.#reasoned > 0 ? this.#usage.reasoning : null },
      usd: this.#money.size === 0 ? null : dollars(all),
      byBasis,
      unpricedCalls: this.#unpriced,
    };
  }
}

function dollars({ micro, pico }: { readonly micro: number; readonly pico: number }): number {
  const carried = Math.floor(pico / 1e6);
  return (micro + carried) / 1e6 + (pico - carried * 1e6) / 1e12;
}
