import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountFor } from '../../../server/src/usage/account';
import { emptyBook } from '../../../server/src/usage/book';
import type { TokenUsage } from '../../../server/src/model/events';

const usage: TokenUsage = {
  input: 5000,
  output: 1000,
  cacheRead: 90_000,
  cacheWrite: 5000,
  cacheWrite1h: null,
  reasoning: null,
  costUsd: 0,
};
const time = Date.UTC(2026, 10, 20);
const call = { provider: 'anthropic', model: 'claude-opus-4-6', usage, time, durationMs: null };

describe('the account of a call', () => {
  it('counts input with cache, as OpenTelemetry does', () => {
    expect(accountFor(call, { registryProvider: null, book: emptyBook }).inclusiveInput).toBe(100_000);
  });

  it('takes what was reported when it is above zero, and only then', () => {
    expect(accountFor({ ...call, usage: { ...usage, costUsd: 1.5 } }, { registryProvider: null, book: emptyBook }).cost).toMatchObject({
      usd: 1.5,
      basis: 'reported',
    });
    expect(accountFor(call, { registryProvider: null, book: emptyBook }).cost.basis).toBe('priced');
  });

  it('prices by the list, cache reads and writes at their own price', () => {
    // 5k at $5, 90k cache reads at $0.50, 5k cache writes at $6.25, 1k output at $25, each per million.
    expect(accountFor(call, { registryProvider: null, book: emptyBook }).cost.usd).toBeCloseTo(0.12625, 10);
  });

  it('looks behind "inference" to the sandbox\'s provider, and has no price when nobody knows it', () => {
    const nemotron = { provider: 'inference', model: 'nvidia/nemotron-3-super-120b-a12b', usage, time, durationMs: null };
    expect(accountFor(nemotron, { registryProvider: 'nvidia-prod', book: emptyBook }).cost).toMatchObject({ basis: 'overlay' });
    expect(accountFor(nemotron, { registryProvider: 'nvidia-prod', book: emptyBook }).cost.usd).toBeCloseTo(
      (0.2 * 100_000 + 0.8 * 1000) / 1e6,
      12,
    );
    expect(accountFor(nemotron, { registryProvider: null, book: emptyBook }).cost).toEqual({
      usd: null,
      basis: 'unknown',
      source: null,
      date: null,
      reason: 'vendor-unknown',
    });
    expect(accountFor(nemotron, { registryProvider: 'compatible-endpoint', book: emptyBook }).cost.usd).toBeNull();
    expect(accountFor({ ...call, provider: 'inference' }, { registryProvider: 'anthropic-prod', book: emptyBook }).cost.basis).toBe(
      'priced',
    );
  });

  it('is free only on own hardware, and says so', () => {
    expect(accountFor({ ...call, provider: 'inference' }, { registryProvider: 'ollama-local', book: emptyBook }).cost).toMatchObject({
      usd: 0,
      basis: 'local',
    });
    expect(accountFor({ ...call, provider: 'vllm' }, { registryProvider: null, book: emptyBook }).cost).toMatchObject({
      usd: 0,
      basis: 'local',
    });
  });

  it('is unknown, never zero, when nothing was counted', () => {
    const none = { ...usage, input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    expect(accountFor({ ...call, usage: none }, { registryProvider: null, book: emptyBook }).cost.usd).toBeNull();
    expect(accountFor({ ...call, usage: null }, { registryProvider: null, book: emptyBook }).cost.usd).toBeNull();
    expect(accountFor({ ...call, model: 'no-such-model' }, { registryProvider: null, book: emptyBook }).cost.usd).toBeNull();
  });

  it('never throws, and never prices below zero', () => {
    const count = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(
        count,
        count,
        count,
        count,
        fc.constantFrom('anthropic', 'openai', 'inference', 'google', 'x', null),
        fc.string(),
        (input, output, cacheRead, cacheWrite, provider, model) => {
          for (const name of [model, 'claude-sonnet-4-6', 'gpt-5.4']) {
            const { cost } = accountFor(
              {
                provider,
                model: name,
                usage: { input, output, cacheRead, cacheWrite, cacheWrite1h: null, reasoning: null, costUsd: null, billed: false },
                time,
                durationMs: null,
              },
              { registryProvider: null, book: emptyBook },
            );
            expect(cost.usd === null).toBe(cost.basis === 'unknown');
            expect(cost.usd ?? 0).toBeGreaterThanOrEqual(0);
          }
        },
      ),
    );
  });
});
