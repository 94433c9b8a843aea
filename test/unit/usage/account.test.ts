import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntry } from '../../../server/src/decode/openclaw/entry';
import type { TokenUsage } from '../../../server/src/model/events';
import { accountFor } from '../../../server/src/usage/account';
import type { CallFacts } from '../../../server/src/usage/account';
import { emptyBook, readBook } from '../../../server/src/usage/book';
import { priceOf } from '../../../server/src/usage/priceOf';

const usage: TokenUsage = {
  input: 5000,
  output: 1000,
  cacheRead: 90_000,
  cacheWrite: 5000,
  cacheWrite1h: null,
  reasoning: null,
  costUsd: 0,
  billed: false,
};
const none: TokenUsage = { ...usage, input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
const time = Date.UTC(2026, 10, 20, 12);
const call: CallFacts = { provider: 'anthropic', model: 'claude-opus-4-6', usage, time, durationMs: 4000 };
const plain = { registryProvider: null, book: emptyBook };
const costOf = (change: Partial<CallFacts>, registryProvider: string | null = null, prices: unknown = []) =>
  accountFor({ ...call, ...change }, { registryProvider, book: readBook(prices).book }).cost;

describe('the account of a call', () => {
  it('counts input with cache, as OpenTelemetry does', () => {
    expect(accountFor(call, plain).inclusiveInput).toBe(100_000);
    expect(accountFor({ ...call, usage: null }, plain).inclusiveInput).toBe(0);
  });

  it('takes what was reported when it is above zero, and only then', () => {
    expect(costOf({ usage: { ...usage, costUsd: 1.5 } })).toEqual({
      usd: 1.5,
      basis: 'reported',
      source: 'reported by OpenClaw',
      date: null,
      reason: null,
    });
    expect(costOf({ usage: { ...usage, costUsd: 1.5, billed: true } }).source).toBe('billed by the provider');
    for (const costUsd of [0, null, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e9])
      expect(costOf({ usage: { ...usage, costUsd } }).basis, String(costUsd)).toBe('priced');
    // Whoever was called, and for how much it is known to be sold.
    expect(costOf({ provider: null, model: null, usage: { ...usage, costUsd: 0.01 } }).usd).toBe(0.01);
    expect(costOf({ provider: 'ollama', usage: { ...usage, costUsd: 0.01 } }).basis).toBe('reported');
  });

  it('has the user’s price before ours, and before what was reported where he says so', () => {
    const price = { model: 'claude-opus-*', input: 1, output: 2, cacheRead: 0.1, note: 'contract 7', from: '2026-10-01' };
    // 5,000 × 1 + 90,000 × 0.1 + 5,000 × 1 (no price for cache writes) + 1,000 × 2
    expect(costOf({}, null, [price])).toEqual({
      usd: (5000 + 9000 + 5000 + 2000) / 1e6,
      basis: 'user',
      source: 'price book: contract 7; no price for cache writes: charged as input',
      date: '2026-10-01',
      reason: null,
    });
    const reported = { usage: { ...usage, costUsd: 1.5 } };
    expect(costOf(reported, null, [price]).basis).toBe('reported');
    expect(costOf(reported, null, [{ ...price, insteadOfReported: true }]).basis).toBe('user');
    expect(costOf({ time: Date.UTC(2026, 8, 30) }, null, [price]).basis).toBe('priced');
    expect(costOf({ provider: 'ollama' }, null, [price]).basis).toBe('user');
    expect(costOf({ provider: 'nobody' }, null, [price]).basis).toBe('user');
  });

  it('is free only on own hardware, and says so, unless an hour of it has a price', () => {
    expect(costOf({ provider: 'inference' }, 'ollama-local')).toEqual({
      usd: 0,
      basis: 'local',
      source: 'runs on own hardware',
      date: null,
      reason: null,
    });
    const hour = [{ model: '*', provider: 'ollama-local', perHour: 1.8 }];
    // Four seconds of an hour at $1.80, whatever was counted.
    expect(costOf({ provider: 'inference' }, 'ollama-local', hour)).toMatchObject({ usd: 0.002, basis: 'local', source: 'price book' });
    expect(costOf({ provider: 'inference', usage: null }, 'ollama-local', hour).usd).toBe(0.002);
    expect(costOf({ provider: 'inference', durationMs: null }, 'ollama-local', hour)).toMatchObject({
      usd: null,
      basis: 'unknown',
      reason: 'duration-unknown',
    });
    expect(costOf({ provider: 'inference' }, 'vllm-local', hour).usd).toBe(0);
  });

  it('is unknown, never zero, when nothing was counted, and says why', () => {
    expect(costOf({ usage: none })).toEqual({ usd: null, basis: 'unknown', source: null, date: null, reason: 'no-usage' });
    expect(costOf({ usage: null }).reason).toBe('no-usage');
    expect(costOf({ model: null }).reason).toBe('no-model');
    expect(costOf({ model: 'no-such-model' }).reason).toBe('model-unknown');
    expect(costOf({ provider: 'nobody' }).reason).toBe('provider-unknown');
    expect(costOf({ provider: null }).reason).toBe('provider-unknown');
    expect(costOf({ provider: 'inference' }).reason).toBe('vendor-unknown');
    expect(costOf({ provider: 'nvidia', model: 'meta/llama-3.3-70b-instruct' }).reason).toBe('free-trial');
  });

  it('has no price for counts that can’t be', () => {
    for (const counts of [
      { cacheWrite1h: 5001 },
      { reasoning: 1001 },
      { input: -1 },
      { input: Number.NaN },
      { output: 0.5 },
      { input: Number.MAX_SAFE_INTEGER },
      { cacheRead: Number.POSITIVE_INFINITY },
    ]) {
      for (const change of [{}, { provider: 'nvidia', model: 'nvidia/nemotron-3-super-120b-a12b' }])
        expect(costOf({ ...change, usage: { ...usage, ...counts } }), JSON.stringify(counts)).toMatchObject({
          usd: null,
          reason: 'counts-impossible',
        });
    }
  });

  it('says what it charged at the price of something else', () => {
    expect(costOf({ usage: { ...usage, cacheWrite1h: 1000 } }).source).not.toContain('charged');
    expect(costOf({ provider: 'google-vertex', usage: { ...usage, cacheWrite1h: 1000 } }).source).toContain(
      'no price for one-hour cache writes: charged as other cache writes',
    );
    expect(costOf({ provider: 'openai', model: 'gpt-5.4' }).source).toContain('no price for cache writes: charged as input');
    expect(costOf({ provider: 'openai', model: 'gpt-5.4', usage: { ...usage, cacheWrite: 0 } }).source).not.toContain('charged');
  });

  it('of a call without a time is the same whenever it is asked for', () => {
    // The day of the list, not today: Gemini 3.6 costs twice as much from 2027 on.
    expect(costOf({ provider: 'google', model: 'gemini-3.6-flash', time: null })).toEqual(
      costOf({ provider: 'google', model: 'gemini-3.6-flash', time: Date.UTC(2026, 8, 23) }),
    );
  });
});

describe('usage as OpenClaw writes it', () => {
  const decoded = (written: unknown): TokenUsage | null => {
    const message = { role: 'assistant', content: [], provider: 'anthropic', model: 'claude-opus-4-6', usage: written };
    const entry = decodeEntry(JSON.stringify({ type: 'message', id: 'a', message }), { agent: 'main', session: 's', ordinal: 0 });
    return entry?.kind === 'assistant' ? entry.usage : null;
  };

  it('holds the one-hour part of the cache writes, and whether the cost was billed', () => {
    const written = { input: 10, output: 5, cacheRead: 3, cacheWrite: 7, cacheWrite1h: 4, reasoningTokens: 2 };
    expect(decoded({ ...written, cost: { total: 0.5, totalOrigin: 'provider-billed' } })).toEqual({
      input: 10,
      output: 5,
      cacheRead: 3,
      cacheWrite: 7,
      cacheWrite1h: 4,
      reasoning: 2,
      costUsd: 0.5,
      billed: true,
    });
    expect(decoded({ input: 10, output: 5, cost: { total: 0 } })).toMatchObject({
      cacheWrite1h: null,
      reasoning: null,
      costUsd: 0,
      billed: false,
    });
  });

  it('is never told by how long the prompt was', () => {
    const written = { input: 10, output: 5, cacheRead: 0, cacheWrite: 0, totalTokens: 15 };
    const context = {
      contextUsage: { state: 'ok', promptTokens: 131_072, totalTokens: 131_077 },
      cacheTelemetry: { read: 9e6 },
      totalTokens: 9e6,
    };
    expect(decoded({ ...written, ...context })).toEqual(decoded(written));
  });
});

describe('whatever is asked', () => {
  const odd = [
    '__proto__',
    'constructor',
    'toString',
    '',
    ' ',
    '\u0000',
    '\u202e',
    '*',
    '../..',
    '\ud800',
    'x'.repeat(2 ** 20),
    'claude-'.repeat(1e5),
  ];
  const provider = fc.oneof(
    fc.constantFrom('anthropic', 'openai', 'inference', 'google', 'openrouter', 'nvidia', 'zai', 'ollama', 'amazon-bedrock', null, ...odd),
    fc.string({ unit: 'binary' }),
  );
  const model = fc.oneof(
    fc.constantFrom('claude-sonnet-4-6', 'gpt-5.4', 'gemini-3.1-pro-preview', 'nvidia/nemotron-3-ultra-550b-a55b', null, ...odd),
    fc.string({ unit: 'binary' }),
  );
  const tokens = fc.integer({ min: 0, max: 1e7 });
  const counts = fc
    .record({
      input: tokens,
      output: tokens,
      cacheRead: tokens,
      cacheWrite: tokens,
      hour: fc.double({ min: 0, max: 1, noNaN: true }),
      thought: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ hour, thought, ...rest }) => ({
      ...usage,
      ...rest,
      cacheWrite1h: Math.floor(rest.cacheWrite * hour),
      reasoning: Math.floor(rest.output * thought),
    }));
  const anything = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.MAX_VALUE, -0));
  const anyCounts = fc.record({
    input: anything,
    output: anything,
    cacheRead: anything,
    cacheWrite: anything,
    cacheWrite1h: fc.option(anything),
    reasoning: fc.option(anything),
    costUsd: fc.option(anything),
    billed: fc.boolean(),
  });
  const when = fc.option(
    fc.oneof(fc.integer({ min: Date.UTC(2023, 0), max: Date.UTC(2028, 0) }), fc.integer({ min: -8.64e15, max: 8.64e15 })),
  );

  it('the account is a number that can be, or a reason', () => {
    fc.assert(
      fc.property(
        provider,
        model,
        provider,
        fc.option(fc.oneof(counts, anyCounts)),
        when,
        fc.option(anything),
        (by, name, registry, counted, at, durationMs) => {
          const book = readBook([{ model: 'gpt-*', perHour: 2 }]).book;
          const account = accountFor(
            { provider: by, model: name, usage: counted, time: at, durationMs },
            { registryProvider: registry, book },
          );
          expect(account.inclusiveInput).toBeGreaterThanOrEqual(0);
          const { usd, basis, source, reason, date } = account.cost;
          expect(usd === null).toBe(basis === 'unknown');
          expect(reason === null).toBe(usd !== null);
          expect(source === null).toBe(usd === null);
          expect(usd ?? 0).toBeGreaterThanOrEqual(0);
          expect(usd ?? 0).toBeLessThanOrEqual(1e6);
          if (basis !== 'local') expect(usd).not.toBe(0);
          if (date !== null) expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
          // And the list of prices speaks of the same.
          expect(typeof priceOf(by, registry, name, at ?? 0, book).basis).toBe('string');
        },
      ),
      { numRuns: 1000 },
    );
  });

  const known = fc.constantFrom<readonly [string, string]>(
    ['anthropic', 'claude-sonnet-4-6'],
    ['openai', 'gpt-5.6-sol'],
    ['google', 'gemini-3.1-pro-preview'],
    ['zai', 'glm-4.7'],
    ['nvidia', 'nvidia/nemotron-3-ultra-550b-a55b'],
  );
  const usdOf = ([by, name]: readonly [string, string], counted: TokenUsage): number => {
    const { cost } = accountFor({ ...call, provider: by, model: name, usage: counted }, plain);
    return cost.usd ?? (cost.reason === 'no-usage' ? 0 : Number.NaN);
  };

  it('input is input with cache, once', () => {
    fc.assert(
      fc.property(counts, (counted) => {
        expect(accountFor({ ...call, usage: counted }, plain).inclusiveInput).toBe(counted.input + counted.cacheRead + counted.cacheWrite);
      }),
    );
  });

  it('reasoning is a part of the output and adds nothing to it', () => {
    fc.assert(
      fc.property(known, counts, (who, counted) => {
        expect(usdOf(who, counted)).toBe(usdOf(who, { ...counted, reasoning: null }));
        expect(usdOf(who, { ...counted, reasoning: counted.output })).toBe(usdOf(who, counted));
      }),
    );
  });

  it('more tokens never cost less', () => {
    const kinds = fc.constantFrom('input', 'output', 'cacheRead', 'cacheWrite') as fc.Arbitrary<
      'input' | 'output' | 'cacheRead' | 'cacheWrite'
    >;
    fc.assert(
      fc.property(known, counts, kinds, fc.integer({ min: 1, max: 1e6 }), (who, counted, kind, more) => {
        const dearer = usdOf(who, { ...counted, [kind]: counted[kind] + more });
        expect(dearer).toBeGreaterThan(usdOf(who, counted));
      }),
    );
  });

  it('a token is charged once: what is read from the cache is not charged as input too', () => {
    fc.assert(
      fc.property(known, tokens, (who, read) => {
        const cached = usdOf(who, { ...none, cacheRead: read });
        const fresh = usdOf(who, { ...none, input: read });
        expect(cached).toBeLessThanOrEqual(fresh);
      }),
    );
  });
});
