/** Prints figures as ratios with their aim; an aim that is missed is said, never an error. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** `aim`: the ratio wanted at least; null: none was set. */
export function figure(what: string, of: string, ratio: number, meaning: string, aim: number | null): void {
  const verdict = aim === null ? '' : ratio >= aim ? `  (aim ≥ ${aim}: met)` : `  (aim ≥ ${aim}: missed)`;
  console.log(`${what.padEnd(44)} ${ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2)} ${meaning}${verdict}\n${' '.repeat(45)}${of}`);
}

export function line(text: string): void {
  console.log(text);
}
