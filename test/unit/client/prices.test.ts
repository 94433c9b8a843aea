import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import { readBook } from '../../../server/src/usage/book';
import { priceBook, pricesLimit, rateNames, unreadPrices } from '../../../client/src/connection/priceSetting';

const manifest = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8'));
const schema = manifest.contributes.configuration[0].properties['sandglass.cost.prices'];

const good = [
  { model: 'gpt-5', input: 1.25, output: 10, cacheRead: 0.125 },
  { provider: 'openai', model: 'gpt-*', from: '2026-01-31', input: 0, output: 0, note: 'contract 7' },
  { model: 'own', perHour: 1.5, insteadOfReported: true },
  { model: 'c', input: 3, output: 15, cacheWrite: 3.75, cacheWrite1h: 6 },
];
const bad = [
  null,
  'gpt-5',
  {},
  { model: '', input: 1, output: 2 },
  { model: 7, input: 1, output: 2 },
  { model: 'm', input: -0.01, output: 2 },
  { model: 'm', input: 1, output: '3' },
  { model: 'm', input: 1, output: 2, cacheRead: null },
  { model: 'm', input: 100_001, output: 2 },
  { model: 'm', input: 1, output: 2, provider: 7 },
  { model: 'm', input: 1, output: 2, from: '2026-1-1' },
  { model: 'm', input: 1, output: 2, from: '2026-13-01' },
  { model: 'm', input: 1, output: 2, insteadOfReported: 'yes' },
  { model: 'm', input: 1, output: 2, note: 3 },
  { model: 'm', input: 1, output: 2, cachedRead: 3 },
  { model: 'm', input: 1 },
  { model: 'm', cacheRead: 1 },
  { model: 'm', input: 1, output: 2, perHour: 3 },
];

describe('the price book of the settings', () => {
  it('takes what can be read as it stands', () => {
    expect(priceBook(good)).toEqual(good);
  });

  it('leaves an entry out whole when a part of it can not be read', () => {
    for (const entry of bad) expect(priceBook([entry]), JSON.stringify(entry)).toEqual([]);
    // In the calendar only, which a pattern can't say.
    expect(priceBook([{ model: 'm', input: 1, output: 2, from: '2026-02-30' }])).toEqual([]);
    expect(priceBook([{ model: 'm', input: NaN, output: 2 }])).toEqual([]);
    expect(priceBook({ model: 'm', input: 1, output: 2 })).toEqual([]);
    expect(priceBook(undefined)).toEqual([]);
  });

  it('takes and leaves out what the server would', () => {
    expect(readBook(good).problems).toEqual([]);
    for (const entry of [...bad, { model: 'm', input: 1, output: 2, from: '2026-02-30' }])
      expect(readBook([entry]).problems.length, JSON.stringify(entry)).toBeGreaterThan(0);
  });

  it('tells which entries those are, counted from one', () => {
    expect(unreadPrices([good[0], bad[3], good[1], bad[5]])).toEqual([2, 4]);
    expect(unreadPrices(good)).toEqual([]);
    expect(unreadPrices(undefined)).toEqual([]);
    expect(unreadPrices({ model: 'm', input: 1, output: 2 })).toBe('no-list');
    expect(unreadPrices(Array.from({ length: pricesLimit + 2 }, () => good[0]))).toEqual([pricesLimit + 1, pricesLimit + 2]);
  });

  it('has a bound', () => {
    expect(priceBook(Array.from({ length: pricesLimit + 1 }, (_, i) => ({ model: `m${i}`, input: 1, output: 2 })))).toHaveLength(
      pricesLimit,
    );
    expect(schema.maxItems).toBe(pricesLimit);
  });

  it('is checked by the editor as by us', () => {
    const validate = new Ajv({ strict: false }).compile(schema);
    expect(validate(good)).toBe(true);
    for (const entry of bad) expect(validate([entry]), JSON.stringify(entry)).toBe(false);
    expect(Object.keys(schema.items.properties)).toEqual(['provider', 'model', 'from', ...rateNames, 'insteadOfReported', 'note']);
  });
});
