/** Made-up costs in the shape of the server's answers: every basis, calls without a price, hostile labels, many rows, failures. */
import type { CostBackend } from '../../../client/src/webviews/costBackend';
import type { CostAnswer, CostBy, CostQuery, CostRow, NotObserved, PricedModel, Spend } from '../../../server/src/protocol/cost';
import type { CostBasis } from '../../../server/src/protocol/document';
import type { InsightsQuery } from '../../../server/src/protocol/insight';
import type { SessionRef } from '../../../server/src/protocol/messages';
import type { CostNote, CostNotes, CostSource, ModelName } from '../../../webviews/contract/cost';

interface SpendParts {
  readonly usd?: number | null;
  readonly basis?: CostBasis;
  readonly calls?: number;
  readonly unpriced?: number;
  readonly tokens?: number;
}

/** `tokens` are parted as those of an agent usually are: most of them read from a cache. */
export function spendOf({ usd = 1, basis = 'priced', calls = 10, unpriced = 0, tokens = 100_000 }: SpendParts): Spend {
  const part = (share: number): number => Math.round(share * tokens);
  return {
    calls,
    usage: { input: part(0.2), cacheRead: part(0.65), cacheWrite: part(0.05), output: part(0.1), reasoning: part(0.04) },
    usd,
    byBasis: usd === null ? {} : { [basis]: usd },
    unpricedCalls: usd === null ? calls : unpriced,
  };
}

export function rowOf(label: string | null, spend: Spend, more: Partial<CostRow> = {}): CostRow {
  return { label, detail: null, spend, withSubagents: null, session: null, span: null, ...more };
}

const session = (name: string): SessionRef => ({ sourceId: 'source-1', sessionId: name });

const usualRows: Readonly<Record<CostBy, readonly CostRow[]>> = {
  day: [
    rowOf('2026-11-20', spendOf({ usd: 0.62, calls: 31, tokens: 310_000 })),
    rowOf('2026-11-19', spendOf({ usd: 0.31, calls: 12, tokens: 120_000 })),
    rowOf('2026-11-17', spendOf({ usd: 0.24, calls: 9, tokens: 80_000 })),
    rowOf('2026-11-16', spendOf({ usd: null, calls: 3, tokens: 12_400 })),
    rowOf('2026-11-12', spendOf({ usd: 0.07, basis: 'reported', calls: 4, tokens: 30_000 })),
  ],
  model: [
    rowOf('claude-sonnet-4-5', spendOf({ usd: 0.9, calls: 40, tokens: 400_000 }), { detail: 'anthropic' }),
    rowOf('nvidia/nemotron-3-super-120b-a12b', spendOf({ usd: 0.2, basis: 'overlay', calls: 9, tokens: 90_000 }), { detail: 'inference' }),
    rowOf('gpt-5-mini', spendOf({ usd: 0.14, basis: 'reported', calls: 7, tokens: 50_000 }), { detail: 'openai' }),
    rowOf('qwen3:32b', spendOf({ usd: 0, basis: 'local', calls: 2, tokens: 9_000 }), { detail: 'ollama' }),
    rowOf('some-new-model', spendOf({ usd: null, calls: 3, tokens: 12_400 }), { detail: 'openrouter' }),
  ],
  sandbox: [
    rowOf('my-assistant', spendOf({ usd: 1.0, calls: 50, tokens: 480_000, unpriced: 3 })),
    rowOf('ci-agent', spendOf({ usd: 0.24 })),
  ],
  agent: [rowOf('main', spendOf({ usd: 1.24 }), { detail: 'my-assistant', withSubagents: spendOf({ usd: 1.24, calls: 12 }) })],
  session: [
    rowOf('A discount test in project/ fails. Find out why, fix it and run the tests again', spendOf({ usd: 0.8 }), {
      detail: 'my-assistant · main',
      withSubagents: spendOf({ usd: 1.0, calls: 22, unpriced: 2 }),
      session: session('session-a'),
    }),
    rowOf('Write the release notes', spendOf({ usd: 0.3 }), { detail: 'my-assistant · main', session: session('session-b') }),
    rowOf(null, spendOf({ usd: null, calls: 3, tokens: 12_400 }), { detail: 'ci-agent · main', session: session('session-c') }),
  ],
  subagent: [
    rowOf(null, spendOf({ usd: 1.0 })),
    rowOf('Read the docs and sum them up', spendOf({ usd: 0.24 }), { session: session('session-d') }),
  ],
  turn: [
    rowOf('Run the tests', spendOf({ usd: 0.9 }), {
      detail: 'A discount test',
      session: session('session-a'),
      span: { sourceId: 'source-1', spanId: 'turn-1' },
    }),
  ],
  trigger: [
    rowOf('user', spendOf({ usd: 0.9 })),
    rowOf('heartbeat', spendOf({ usd: 0.2 })),
    rowOf('subagent', spendOf({ usd: 0.1 })),
    rowOf('a new kind', spendOf({ usd: 0.04 })),
  ],
  tool: [rowOf('exec', spendOf({ usd: 0.7 })), rowOf('read', spendOf({ usd: 0.3 })), rowOf(null, spendOf({ usd: 0.24 }))],
  file: [rowOf('/sandbox/project/cart.py', spendOf({ usd: 0.7 })), rowOf(null, spendOf({ usd: 0.54 }))],
};

export const usualTotal: Spend = {
  calls: 59,
  usage: { input: 110_400, cacheRead: 359_060, cacheWrite: 27_620, output: 55_240, reasoning: 22_096 },
  usd: 1.24,
  byBasis: { priced: 0.9, overlay: 0.2, reported: 0.14, local: 0 },
  unpricedCalls: 3,
};

const noCalls: Spend = {
  calls: 0,
  usage: { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: null },
  usd: null,
  byBasis: {},
  unpricedCalls: 0,
};

export class FakeCosts implements CostBackend {
  readonly asked: CostQuery[] = [];
  readonly acts: string[] = [];
  copied: string[] = [];
  rows: Partial<Record<CostBy, readonly CostRow[]>> = {};
  total: Spend = usualTotal;
  empty: CostAnswer['empty'] = null;
  notObserved: readonly NotObserved[] = [
    { kind: 'compactions', count: 2 },
    { kind: 'retries', count: 1 },
  ];
  readonly askedNotes: InsightsQuery[] = [];
  worthALook: readonly CostNote[] = [];
  cut = false;
  brokenNotes: string | null = null;
  models: readonly PricedModel[] = usualModels;
  setting: unknown = undefined;
  flatRate = false;
  broken: { readonly reason: string; readonly hint: string } | null = null;
  /** Answers wait for it. */
  gate: Promise<void> | null = null;
  chosen: SessionRef | null = null;
  names: readonly CostSource[] = [
    { sourceId: 'source-1', name: 'my-assistant', sample: false },
    { sourceId: 'source-2', name: 'ci-agent', sample: false },
  ];
  titles = 'A discount test';
  readonly #listeners = new Set<() => void>();

  async costs(query: CostQuery): Promise<CostAnswer> {
    this.asked.push(query);
    await this.#answerable();
    const rows = this.rows[query.by] ?? usualRows[query.by];
    const shown = rows.slice(0, query.limit);
    const rest = rows.slice(query.limit);
    return {
      total: this.empty === null ? this.total : noCalls,
      unpricedTokens: this.total.unpricedCalls === 0 ? 0 : 12_400,
      rows: this.empty === null ? shown : [],
      more: rest.length === 0 ? null : { rows: rest.length, spend: spendOf({ usd: 0.01 * rest.length }) },
      notObserved: this.empty === null ? this.notObserved : [],
      empty: this.empty,
    };
  }

  async prices(): Promise<readonly PricedModel[]> {
    await this.#answerable();
    return this.models;
  }

  async sources(): Promise<readonly CostSource[]> {
    return this.names;
  }
  sessionTitle(): string | null {
    return this.titles;
  }
  async notes(query: InsightsQuery): Promise<CostNotes> {
    this.askedNotes.push(query);
    if (this.brokenNotes !== null) throw new Error(this.brokenNotes);
    return { notes: this.worthALook, cut: this.cut };
  }
  subscription(): boolean {
    return this.flatRate;
  }
  priceSetting(): unknown {
    return this.setting;
  }
  onChanged(listener: () => void): { dispose(): unknown } {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }
  announce(): void {
    for (const listener of this.#listeners) listener();
  }
  open({ sessionId }: SessionRef, spanId: string | null): void {
    this.acts.push(`open ${sessionId}${spanId === null ? '' : ` at ${spanId}`}`);
  }
  async chooseSession(): Promise<SessionRef | null> {
    return this.chosen;
  }
  setPrice({ vendor, provider, model }: ModelName): void {
    this.acts.push(`set ${vendor ?? provider}/${model}`);
  }
  removePrice({ vendor, provider, model }: ModelName): void {
    this.acts.push(`remove ${vendor ?? provider}/${model}`);
  }
  openSettings(): void {
    this.acts.push('settings');
  }
  begin(kind: string): void {
    this.acts.push(`begin ${kind}`);
  }
  async copy(text: string): Promise<void> {
    this.copied.push(text);
  }
  failure(error: unknown): { readonly reason: string; readonly hint: string } {
    return this.broken ?? { reason: String(error), hint: '' };
  }

  async #answerable(): Promise<void> {
    await this.gate;
    if (this.broken !== null) throw new Error(this.broken.reason);
  }
}

const listed = { tiers: [], source: 'genai-prices', date: '2026-11-01', reason: null } as const;

const usualModels: readonly PricedModel[] = [
  {
    ...listed,
    provider: 'anthropic',
    vendor: null,
    model: 'claude-sonnet-4-5',
    spend: spendOf({ usd: 0.9, calls: 40, tokens: 400_000 }),
    basis: 'priced',
    rates: { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, cacheWrite1h: 6 },
    tiers: ['above 200,000 tokens of prompt: $6.00 input, $22.50 output'],
  },
  {
    ...listed,
    provider: 'inference',
    vendor: 'nvidia',
    model: 'nvidia/nemotron-3-super-120b-a12b',
    spend: spendOf({ usd: 0.2, basis: 'overlay', calls: 9, tokens: 90_000 }),
    basis: 'overlay',
    rates: { input: 0.1, output: 0.5, cacheRead: null, cacheWrite: null, cacheWrite1h: null },
    source: 'NVIDIA',
    date: '2026-10-12',
  },
  {
    ...listed,
    provider: 'openrouter',
    vendor: null,
    model: 'some-new-model',
    spend: spendOf({ usd: null, calls: 3, tokens: 12_400 }),
    basis: 'unknown',
    rates: null,
    source: null,
    date: null,
    reason: 'model-unknown',
  },
  {
    ...listed,
    provider: 'acme',
    vendor: null,
    model: 'own-model',
    spend: spendOf({ usd: 0.5, basis: 'user' }),
    basis: 'user',
    rates: { input: 1, output: 2, cacheRead: null, cacheWrite: null, cacheWrite1h: null },
    source: 'contract 7',
    date: null,
  },
  {
    ...listed,
    provider: 'acme',
    vendor: null,
    model: 'any-*',
    spend: spendOf({ usd: null, calls: 1 }),
    basis: 'unknown',
    rates: null,
    source: null,
    date: null,
    reason: 'model-unknown',
  },
];
