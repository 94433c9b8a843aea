/**
 * Who sells a call: the names that agents and NemoClaw's registry use for providers, and the list that holds that seller's prices. A
 * provider that is not here has no price: the same model costs something else with each seller.
 */
export type Vendor =
  /** A provider of @pydantic/genai-prices. */
  | { readonly kind: 'list'; readonly id: string }
  /** The same, but its users pay a flat rate: the price is what the API would have charged. */
  | { readonly kind: 'flat-rate'; readonly id: string }
  /** Our own dated table. */
  | { readonly kind: 'overlay'; readonly id: 'nvidia' }
  /** z.ai: the list has its newest models, our table those before. */
  | { readonly kind: 'both'; readonly id: string; readonly overlay: 'zai' }
  /** Runs on own hardware. */
  | { readonly kind: 'local' };

/**
 * By the package's name of each list. Not here though it has them: Novita's and Together's, which are of models that these no longer
 * sell or sell for more, and Zhipu's, which is in another money and without the prices for longer prompts.
 */
const lists: Readonly<Record<string, readonly string[]>> = {
  anthropic: ['anthropic', 'anthropic-prod'],
  arcee: ['arcee'],
  avian: ['avian'],
  aws: ['amazon-bedrock', 'amazon-bedrock-mantle', 'aws-bedrock', 'bedrock', 'bedrock-api', 'bedrock-prod'],
  azure: ['azure', 'azure-openai', 'azure-openai-responses', 'microsoft-foundry'],
  baseten: ['baseten'],
  cerebras: ['cerebras'],
  cloudflare: ['cloudflare', 'cloudflare-workers-ai'],
  cohere: ['cohere'],
  deepseek: ['deepseek'],
  fireworks: ['fireworks', 'fireworks-ai'],
  'github-copilot': ['github-copilot'],
  google: ['google', 'gemini', 'gemini-api', 'google-vertex', 'vertex', 'vertexai', 'anthropic-vertex'],
  groq: ['groq'],
  minimax: ['minimax', 'minimax-api'],
  mistral: ['mistral', 'mistralai'],
  moonshotai: ['moonshot', 'moonshotai', 'moonshot-ai'],
  openai: ['openai', 'openai-api'],
  openrouter: ['openrouter'],
  ovhcloud: ['ovhcloud'],
  perplexity: ['perplexity'],
  'x-ai': ['xai', 'x-ai'],
};

const flatRates: Readonly<Record<string, readonly string[]>> = {
  anthropic: ['claude-cli'],
  google: ['google-gemini-cli', 'google-antigravity'],
  minimax: ['minimax-portal'],
  openai: ['openai-codex', 'codex', 'codex-cli'],
};

/** `nvidia-nim` was NemoClaw's first name for the hosted endpoints; a NIM on own hardware is registered as `vllm-local`. */
const nvidia = ['nvidia', 'nvidia-prod', 'nvidia-nim', 'nvidia-router'];
const zai = ['zai', 'z-ai', 'z.ai'];
const ownHardware = ['ollama', 'vllm', 'llama-cpp', 'llamacpp', 'llama.cpp', 'lmstudio', 'lm-studio', 'sglang', 'localai', 'mlx'];

const vendors: ReadonlyMap<string, Vendor> = new Map<string, Vendor>([
  ...Object.entries(lists).flatMap(([id, names]) => names.map((name) => [name, { kind: 'list', id }] as const)),
  ...Object.entries(flatRates).flatMap(([id, names]) => names.map((name) => [name, { kind: 'flat-rate', id }] as const)),
  ...nvidia.map((name) => [name, { kind: 'overlay', id: 'nvidia' }] as const),
  ...zai.map((name) => [name, { kind: 'both', id: 'zai', overlay: 'zai' }] as const),
  ...ownHardware.flatMap((name) => [name, `${name}-local`].map((own) => [own, { kind: 'local' }] as const)),
  ['nim-local', { kind: 'local' }],
  ['local', { kind: 'local' }],
]);

/** All providers of the price list that any name leads to. */
export const listedVendors: readonly string[] = [...new Set([...Object.keys(lists), ...Object.keys(flatRates), 'zai'])].sort();

/** Names of ours are short; what is longer is none, and is not looked at. */
const longestName = 100;

export function vendorOf(provider: string): Vendor | null {
  if (provider.length > longestName) return null;
  return vendors.get(provider.trim().toLowerCase()) ?? null;
}

/** Who was called: what the agent says, and the registry where the agent only knows the sandbox's own route. */
export interface Seller {
  /** Null: nobody says. */
  readonly provider: string | null;
  /** The agent's word for it hides the seller. */
  readonly hidden: boolean;
}

/** The providers under which an agent in a sandbox calls whatever its sandbox was given. */
const routes: ReadonlySet<string> = new Set(['inference', 'openshell']);

export function sellerOf(provider: string | null, registryProvider: string | null): Seller {
  if (provider !== null && routes.has(provider)) return { provider: registryProvider, hidden: true };
  // NemoClaw names any endpoint that speaks Anthropic's language after Anthropic; only the registry tells whose it is.
  if (provider === 'anthropic' && registryProvider === 'compatible-anthropic-endpoint') return { provider: registryProvider, hidden: true };
  return { provider, hidden: false };
}

/** Ollama serves models of its own cloud under the same provider: those run on nobody's own hardware. */
export function runsElsewhere(model: string): boolean {
  return /[:-]cloud$/i.test(model);
}
