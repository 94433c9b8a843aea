// The installed price list is the one that was looked through: with each new version this is done again.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { calcPrice, findProvider } from '@pydantic/genai-prices';
import { describe, expect, it } from 'vitest';
import { emptyBook } from '../../../server/src/usage/book';
import { overlayDate, overlayRow } from '../../../server/src/usage/overlay';
import { isNameUsed, isRowUsed, rowsLeftOut } from '../../../server/src/usage/priceCorrections';
import { listCharge, listedRow, priceAt, priceListContent, priceListDate, priceListVersion } from '../../../server/src/usage/priceList';
import type { ListPrice } from '../../../server/src/usage/priceList';
import { priceOf } from '../../../server/src/usage/priceOf';
import { listedVendors } from '../../../server/src/usage/vendors';

const usage = {
  input: 1000,
  output: 100,
  cacheRead: 500,
  cacheWrite: 0,
  cacheWrite1h: null,
  reasoning: null,
  costUsd: null,
  billed: false,
};

function priceOn(vendor: string, model: string, day: string): ListPrice {
  const time = Date.parse(day);
  const row = listedRow(vendor, model, time);
  if (row === null) throw new Error(`no row for ${model}`);
  return priceAt(row, time);
}

describe('the price list', () => {
  it('is of the version and the day that its prices are shown with', () => {
    const entry = createRequire(import.meta.url).resolve('@pydantic/genai-prices');
    const { version } = JSON.parse(readFileSync(join(entry, '..', '..', 'package.json'), 'utf8')) as { version: string };
    expect(version).toBe(priceListVersion);
    expect(priceListDate).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(priceListContent()).toBe(priceListContent());
  });

  it('still holds what is left out of it', () => {
    const rows = new Set(
      listedVendors.flatMap((id) => (findProvider({ providerId: id })?.models ?? []).map((model) => `${id}/${model.id}`)),
    );
    expect(rowsLeftOut.length).toBeGreaterThan(0);
    for (const row of rowsLeftOut) {
      expect(rows).toContain(row);
      expect(listedRow(row.slice(0, row.indexOf('/')), row.slice(row.indexOf('/') + 1), Date.UTC(2026, 10)), row).toBeNull();
    }
    expect(isNameUsed('openrouter', '~anthropic/claude-opus-latest')).toBe(false);
  });

  it('is found for every row by its own id, but for what is left out or not of tokens', () => {
    for (const id of listedVendors)
      for (const model of findProvider({ providerId: id })?.models ?? []) {
        if (!isRowUsed(id, model.id) || !isNameUsed(id, model.id)) continue;
        const row = listedRow(id, model.id, Date.UTC(2026, 10));
        expect(row, `${id}/${model.id}`).not.toBeNull();
      }
  });

  it('comes to what the package says, for every row whose price does not change by the hour', () => {
    const at = new Date('2026-11-20T12:00:00Z');
    let compared = 0;
    for (const id of listedVendors)
      for (const model of findProvider({ providerId: id })?.models ?? []) {
        const row = listedRow(id, model.id, at.getTime());
        if (row?.model !== model) continue;
        const price = priceAt(row, at.getTime());
        const theirs = calcPrice({ input_tokens: 1500, cache_read_tokens: 500, cache_write_tokens: 0, output_tokens: 100 }, model.id, {
          provider: { ...row.provider, models: [{ ...model, match: { equals: model.id } }] },
          timestamp: at,
        });
        expect(listCharge(price, usage), `${id}/${model.id}`).toBeCloseTo(theirs?.total_price ?? Number.NaN, 12);
        compared += 1;
      }
    expect(compared).toBeGreaterThan(1000);
  });

  it('has a price for the hour only from the day on that it has', () => {
    const input = (day: string) => priceOn('deepseek', 'deepseek-v4-pro', day).prices['input_mtok'];
    expect(input('2026-08-16T02:00:00Z')).toBe(0.435);
    expect(input('2026-08-17T00:59:59.999Z')).toBe(0.66);
    expect(input('2026-08-17T01:00:00Z')).toBe(1.32);
    expect(input('2026-08-17T04:00:00Z')).toBe(0.66);
    expect(input('2026-08-17T09:59:59Z')).toBe(1.32);
    // The package itself charges the hour's price on the day before there was one.
    const theirs = calcPrice({ input_tokens: 1e6, output_tokens: 0 }, 'deepseek-v4-pro', {
      providerId: 'deepseek',
      timestamp: new Date('2026-08-16T02:00:00Z'),
    });
    expect(theirs?.total_price).toBe(1.32);
  });

  it('tells what it has beside the price of the time', () => {
    const tiers = (provider: string, model: string, day = '2026-11-20T12:00:00Z') =>
      priceOf(provider, null, model, Date.parse(day), emptyBook);
    expect(tiers('openai', 'gpt-5.4').tiers).toEqual(['over 271,999 input tokens: input $5, output $22.5, cache read $0.5']);
    expect(tiers('deepseek', 'deepseek-v4-pro').tiers).toEqual([
      '01:00 to 04:00 UTC: input $1.32, output $3.96',
      '06:00 to 10:00 UTC: input $1.32, output $3.96',
    ]);
    expect(tiers('google', 'gemini-3.6-flash').tiers).toEqual(['from 2027-01-01: input $1.5, output $7.5']);
    expect(tiers('perplexity', 'sonar-pro').tiers).toEqual(['each call: $0.014']);
    expect(tiers('anthropic', 'claude-opus-4-6')).toEqual({
      vendor: null,
      basis: 'priced',
      rates: { input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25, cacheWrite1h: 10 },
      tiers: [],
      source: `Anthropic claude-opus-4-6, from genai-prices ${priceListVersion}; price since 2026-03-13`,
      date: priceListDate,
      reason: null,
    });
    expect(tiers('anthropic', 'claude-opus-4-6', '2026-03-01').tiers).toHaveLength(2);
  });
});

describe('our own table', () => {
  it('has a day, and a price or a trial for a model, not both', () => {
    expect(overlayDate).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(overlayRow('nvidia', 'nvidia/nemotron-3-super-120b-a12b')?.kind).toBe('priced');
    expect(overlayRow('nvidia', 'deepseek-ai/deepseek-v4-flash')?.kind).toBe('priced');
    expect(overlayRow('nvidia', 'deepseek-ai/deepseek-v4-flash-0731')?.kind).toBe('trial');
    expect(overlayRow('nvidia', 'nvidia/nemotron-3-super')).toBeNull();
    expect(overlayRow('nvidia', 'nvidia-routed')).toBeNull();
  });

  it('holds of Z.AI only what the list does not', () => {
    for (const model of findProvider({ providerId: 'zai' })?.models ?? []) expect(overlayRow('zai', model.id), model.id).toBeNull();
  });
});
