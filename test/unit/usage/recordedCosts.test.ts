// What the recordings report, beside what comes out here.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeEntry } from '../../../server/src/decode/openclaw/entry';
import { accountedCall } from '../../../server/src/model/account';
import type { AccountedCall } from '../../../server/src/model/account';
import type { AssistantEntry } from '../../../server/src/model/events';
import { accountFor } from '../../../server/src/usage/account';
import { emptyBook, readBook } from '../../../server/src/usage/book';
import { recording, recordingNames } from '../../fixtures/recordings';
import { recordsOf } from '../support/traces';

interface Recorded {
  readonly calls: readonly (AccountedCall & { readonly failed: boolean })[];
  readonly registryProvider: string | null;
}

async function recorded(root: string): Promise<Recorded> {
  let registryProvider: string | null = null;
  const entries: AssistantEntry[] = [];
  for (const record of await recordsOf(root)) {
    if (record.kind === 'about') registryProvider = record.provider;
    if (record.kind !== 'transcript') continue;
    const entry = decodeEntry(record.text, { agent: record.agent, session: record.session, ordinal: record.ordinal });
    if (entry?.kind === 'assistant' && !entry.synthetic) entries.push(entry);
  }
  return {
    registryProvider,
    calls: entries.map((entry) => ({ ...accountedCall(entry), failed: entry.stopReason === 'error' || entry.stopReason === 'aborted' })),
  };
}

/** US dollars for a million tokens, as the sandbox's OpenClaw was told; from its own configuration. */
interface Configured {
  readonly id: string;
  readonly cost: { readonly input: number; readonly output: number; readonly cacheRead: number; readonly cacheWrite: number };
}
function configured(root: string): readonly Configured[] {
  const config = JSON.parse(readFileSync(join(root, 'sandbox', '.openclaw', 'openclaw.json'), 'utf8')) as {
    readonly models: { readonly providers: Readonly<Record<string, { readonly models: readonly Configured[] }>> };
  };
  return Object.values(config.models.providers).flatMap(({ models }) => models);
}

describe('where OpenClaw has prices, what it reports is what comes out here', () => {
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'sandglass-priced-'));
    const tarball = join(import.meta.dirname, '..', '..', 'fixtures', 'anchors', 'labels-2026.7.1-direct', 'sandbox.tar.gz');
    execFileSync('tar', ['xzf', tarball, '-C', root]);
  });
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('labels-2026.7.1-direct: each of its calls, within rounding', async () => {
    const { calls } = await recorded(root);
    // The same prices as a book of the user's that goes before what is reported: our own computation of each.
    const { book, problems } = readBook(configured(root).map(({ id, cost }) => ({ model: id, ...cost, insteadOfReported: true })));
    expect(problems).toEqual([]);
    let cached = 0;
    for (const call of calls) {
      const reported = accountFor(call, { registryProvider: null, book: emptyBook }).cost;
      expect(reported).toMatchObject({ basis: 'reported', usd: call.usage?.costUsd });
      const own = accountFor(call, { registryProvider: null, book }).cost;
      expect(own.basis).toBe('user');
      expect(Math.abs((own.usd ?? Number.NaN) - (reported.usd ?? Number.NaN))).toBeLessThanOrEqual(1e-12);
      if ((call.usage?.cacheRead ?? 0) > 0) cached += 1;
    }
    expect(calls.length).toBe(477);
    expect(cached).toBeGreaterThan(400);
  });

  it('a line of OpenClaw 2026.9 with cache writes', () => {
    const usage =
      '{"input":2571,"output":31,"cacheRead":7872,"cacheWrite":128,"reasoningTokens":0,"totalTokens":10602,"cost":{"input":0.007713,"output":0.000465,"cacheRead":0.0023615999999999997,"cacheWrite":0.00048,"total":0.0110196}}';
    const line = `{"type":"message","id":"a","message":{"role":"assistant","content":[],"provider":"inference","model":"fake/large","usage":${usage}}}`;
    const entry = decodeEntry(line, { agent: 'main', session: 's', ordinal: 0 });
    if (entry?.kind !== 'assistant') throw new Error('no assistant');
    const { book } = readBook([{ model: 'fake/large', input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, insteadOfReported: true }]);
    const call = accountedCall(entry);
    expect(accountFor(call, { registryProvider: null, book: emptyBook }).cost).toMatchObject({ basis: 'reported', usd: 0.0110196 });
    expect(accountFor(call, { registryProvider: null, book }).cost.usd).toBeCloseTo(0.0110196, 12);
  });
});

/**
 * The others are of sandboxes as NemoClaw sets them up: all prices zero in OpenClaw's configuration, so it reports zero for every call.
 * Why another number comes out here, by model; all of them at NVIDIA's endpoints, says the registry.
 */
const difference: Readonly<
  Record<
    string,
    | { readonly basis: 'overlay'; readonly perMillion: readonly [input: number, output: number, cacheRead: number] }
    | { readonly reason: 'free-trial' }
  >
> = {
  // Listed; there is no price for cache reads, so they cost what input does.
  'nvidia/nemotron-3-super-120b-a12b': { basis: 'overlay', perMillion: [0.2, 0.8, 0.2] },
  'nvidia/nemotron-3-ultra-550b-a55b': { basis: 'overlay', perMillion: [0.5, 2.5, 0.15] },
  // Listed at zero, for a trial: no price.
  'nvidia/nemotron-3-nano-30b-a3b': { reason: 'free-trial' },
};

describe.each([...recordingNames, 'retry-2026.7.1', 'retry-2026.9.6'])('%s, whose costs are all zero', (name) => {
  it('has real money or no price, and never nothing', async () => {
    const { root } = recording(name);
    expect(configured(root).every(({ cost }) => Object.values(cost).every((price) => price === 0))).toBe(true);
    const { calls, registryProvider } = await recorded(root);
    expect(registryProvider).toBe('nvidia-prod');
    expect(calls.length).toBeGreaterThan(0);
    let priced = 0;
    for (const call of calls) {
      const { usage } = call;
      expect(usage?.costUsd).toBe(0);
      const { cost } = accountFor(call, { registryProvider, book: emptyBook });
      const expected = difference[call.model ?? ''];
      if (usage === null || usage.input + usage.output + usage.cacheRead + usage.cacheWrite === 0) {
        // Cut off or failed: OpenClaw counted nothing, whatever was billed.
        expect(call.failed).toBe(true);
        if (expected !== undefined) expect(cost).toMatchObject({ usd: null, basis: 'unknown', reason: 'no-usage' });
        continue;
      }
      if (expected === undefined || 'reason' in expected) {
        expect(cost).toMatchObject({ usd: null, basis: 'unknown', reason: expected?.reason });
        continue;
      }
      const [input, output, cacheRead] = expected.perMillion;
      const usd = (input * (usage.input + usage.cacheWrite) + cacheRead * usage.cacheRead + output * usage.output) / 1e6;
      expect(cost).toMatchObject({ basis: 'overlay', reason: null });
      expect(cost.usd).toBeGreaterThan(0);
      expect(cost.usd).toBeCloseTo(usd, 12);
      priced += 1;
    }
    expect(priced).toBeGreaterThan(0);
    // Without the registry nobody knows who was called: no price, and the reason is that.
    for (const call of calls) {
      const { cost } = accountFor(call, { registryProvider: null, book: emptyBook });
      expect(cost.usd).toBeNull();
      expect(['vendor-unknown', 'no-usage']).toContain(cost.reason);
    }
  });
});
