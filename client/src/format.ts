/** Numbers as people read them. What was not observed has words of its own and is never shown as zero. */
import type { CostTotals, UsageTotals } from '../../server/src/protocol/document';

/** `vscode.l10n.t`, handed in so that what only makes text needs no editor. */
export type Translate = (message: string, ...args: (string | number)[]) => string;

export function totalTokens(usage: UsageTotals): number {
  return usage.input + usage.output + usage.cacheRead + usage.cacheWrite;
}

/** 999, 8.4k, 41k, 1.2M. */
export function tokenCount(count: number): string {
  if (count < 1000) return String(Math.round(count));
  const [value, unit] = count < 999_500 ? [count / 1000, 'k'] : [count / 1_000_000, 'M'];
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)}${unit}`;
}

/** $0, <$0.0001, $0.0042, $0.02, $12.30, $1234: a small sum keeps its meaning and is never rounded to nothing. */
export function dollars(usd: number): string {
  if (usd === 0) return '$0';
  if (usd > 0 && usd < 0.0001) return '<$0.0001';
  if (usd > 0 && usd < 0.01) return `$${usd.toFixed(4)}`;
  return usd >= 1000 ? `$${Math.round(usd)}` : `$${usd.toFixed(2)}`;
}

/** A cost with what is missing from it: "no price", "$0.02", "$0.02 + 3 calls without price". Null: nothing to price. */
export function costText(cost: CostTotals, t: Translate): string | null {
  if (cost.usd === null) return cost.unpricedCalls > 0 ? t('no price') : null;
  if (cost.unpricedCalls > 0) {
    return cost.unpricedCalls === 1
      ? t('{0} + 1 call without price', dollars(cost.usd))
      : t('{0} + {1} calls without price', dollars(cost.usd), cost.unpricedCalls);
  }
  return cost.usd === 0 && cost.byBasis.local !== undefined ? t('$0 own hardware') : dollars(cost.usd);
}

/** The same where room is short: what is missing makes it a lower bound. */
export function shortCostText(cost: CostTotals, t: Translate): string | null {
  return cost.usd !== null && cost.unpricedCalls > 0 ? lowerBound(cost.usd) : costText(cost, t);
}

/** Of what is next to nothing no number is worth a bound. */
export function lowerBound(usd: number): string {
  const text = dollars(usd);
  return text.startsWith('<') ? '> $0' : `≥ ${text}`;
}

/**
 * What calls came to, what matters first: money and then tokens. With a flat rate (`sandglass.cost.subscription`) tokens, and of money
 * what the same calls would have cost by the call. Null: no call yet.
 */
export function spendText(spend: CostTotals & { readonly usage: UsageTotals }, flatRate: boolean, t: Translate): string | null {
  const count = totalTokens(spend.usage);
  const tokens = count > 0 ? t('{0} tokens', tokenCount(count)) : null;
  const money = shortCostText(spend, t);
  const parts = flatRate ? [tokens, money === null ? null : moneyText(money, spend.usd, flatRate, t)] : [money, tokens];
  const said = parts.filter((part) => part !== null);
  return said.length === 0 ? null : said.join(' · ');
}

/** A sum of money as it is to be read: under a flat rate nobody is billed for it. `text`: as of `dollars` or `costText`. */
export function moneyText(text: string, usd: number | null, flatRate: boolean, t: Translate): string {
  return flatRate && usd !== null ? t('{0} API equivalent', text) : text;
}

/** 12 s, 2:10, 1:02:03. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, String(seconds % 60).padStart(2, '0')];
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** 0 B, 812 B, 8.1 KB, 2.0 MB. */
export function byteCount(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const kib = 1024;

/** 812 KiB, 412 MiB, 2.0 GiB: in the units in which limits of memory are set. */
export function memoryText(bytes: number): string {
  if (bytes < kib ** 2) return `${Math.round(bytes / kib)} KiB`;
  if (bytes < 1000 * kib ** 2) return `${Math.round(bytes / kib ** 2)} MiB`;
  return `${(bytes / kib ** 3).toFixed(bytes < 10 * kib ** 3 ? 1 : 0)} GiB`;
}

/** 0.42 cores (42 %), 2.1 cores (210 %): a small share keeps its meaning. */
export function cores(count: number, t: Translate): string {
  const shown = count === 0 ? '0' : count < 0.01 ? '<0.01' : count.toFixed(count < 10 ? 2 : 0);
  const percent = 100 * count;
  return t('{0} cores ({1} %)', shown, count > 0 && percent < 1 ? '<1' : Math.round(percent));
}
