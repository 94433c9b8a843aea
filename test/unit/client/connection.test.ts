import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CrashBudget, crashWindowMs, maxCrashesInWindow, maxFailedStarts } from '../../../client/src/connection/crashBudget';
import { cachedProbe } from '../../../client/src/connection/probe';
import type { Memory } from '../../../client/src/connection/probe';
import { chooseRuntime, readProbe, runtimeCandidates } from '../../../client/src/connection/runtime';
import type { RuntimeProbe } from '../../../server/src/protocol/messages';
import { readNodePath, readSettings, untrusted } from '../../../client/src/connection/settings';
import { loadStoreKey } from '../../../client/src/connection/storeKey';

class FakeMemory implements Memory {
  readonly values = new Map<string, unknown>();
  get<T>(key: string): T | undefined {
    return this.values.get(key) as T | undefined;
  }
  async update(key: string, value: unknown): Promise<void> {
    this.values.set(key, value);
  }
}

class FakeSecrets {
  readonly values = new Map<string, string>();
  async get(key: string): Promise<string | undefined> {
    return this.values.get(key);
  }
  async store(key: string, value: string): Promise<void> {
    this.values.set(key, value);
  }
}

describe('CrashBudget', () => {
  it('outlives ten kills in a row, with growing pauses, and is spent in the end', () => {
    let now = 0;
    const budget = new CrashBudget(() => now);
    const delays: number[] = [];
    for (let i = 0; i < maxCrashesInWindow; i += 1) {
      const verdict = budget.crashed(500);
      expect(verdict.kind).toBe('restart');
      if (verdict.kind === 'restart') delays.push(verdict.delayMs);
      now += 500;
    }
    expect(delays.slice(0, 4)).toEqual([200, 400, 800, 1600]);
    expect(Math.max(...delays)).toBe(5000);
    expect(budget.crashed(500)).toEqual({ kind: 'spent', crashes: maxCrashesInWindow + 1 });
    budget.reset();
    expect(budget.crashed(500)).toEqual({ kind: 'restart', delayMs: 200 });
  });

  it('forgets crashes outside the window, and pauses after a long good run', () => {
    let now = 0;
    const budget = new CrashBudget(() => now);
    for (let i = 0; i < 100; i += 1) {
      expect(budget.crashed(60_000)).toEqual({ kind: 'restart', delayMs: 200 });
      now += crashWindowMs / maxCrashesInWindow;
    }
  });

  it('gives up early on a server that never comes up', () => {
    const budget = new CrashBudget(() => 0);
    const verdicts = Array.from({ length: maxFailedStarts }, () => budget.crashed(null).kind);
    expect(verdicts).toEqual([...Array.from({ length: maxFailedStarts - 1 }, () => 'restart'), 'spent']);
  });
});

describe('the runtime', () => {
  const good: RuntimeProbe = { node: '24.1.0', sqlite: true, zstd: true, gcm: true };

  it("is the editor's own where it has everything, and nothing else is tried", async () => {
    const tried: string[] = [];
    const choice = await chooseRuntime(runtimeCandidates('/opt/code', ''), async (candidate) => {
      tried.push(candidate.command);
      return { kind: 'answered', report: good };
    });
    expect(choice).toEqual({ kind: 'found', runtime: { from: 'editor', command: '/opt/code' }, node: '24.1.0' });
    expect(tried).toEqual(['/opt/code']);
  });

  it('falls back to the setting, else to the PATH, and tells why each was refused', async () => {
    expect(runtimeCandidates('/opt/code', ' /n/node ').map((each) => each.command)).toEqual(['/opt/code', '/n/node']);
    const lacking = await chooseRuntime(runtimeCandidates('/opt/code', ''), async (candidate) =>
      candidate.from === 'editor'
        ? { kind: 'answered', report: { ...good, sqlite: false } }
        : { kind: 'failed', reason: 'spawn node ENOENT' },
    );
    expect(lacking).toEqual({
      kind: 'none',
      rejected: [
        { from: 'editor', command: '/opt/code', problem: { kind: 'lacks', node: '24.1.0', what: ['node:sqlite'] } },
        { from: 'path', command: 'node', problem: { kind: 'failed', reason: 'spawn node ENOENT' } },
      ],
    });
  });

  it('reads a probe among other lines, and says what came when none did', () => {
    expect(readProbe('warning\n{"node":"22.15.0","sqlite":true,"zstd":true,"gcm":true}\n', '', 0)).toEqual({
      kind: 'answered',
      report: { ...good, node: '22.15.0' },
    });
    expect(readProbe('', '/x/server.js:1\nthrow new Error("No")\nError: No such built-in module: node:sqlite\n  at x', 1)).toEqual({
      kind: 'failed',
      reason: 'Error: No such built-in module: node:sqlite',
    });
    expect(readProbe('{nonsense', '', 3)).toEqual({ kind: 'failed', reason: 'exit code 3' });
  });

  describe('asked for real', () => {
    let folder: string;
    beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'sandglass-probe-'))));
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    it('remembers an answer per executable and version, and asks again after a failure', async () => {
      const server = join(folder, 'server.js');
      const memory = new FakeMemory();
      const candidate = { from: 'editor', command: process.execPath } as const;
      writeFileSync(server, 'process.stderr.write("Error: broken bundle\\n"); process.exit(1);');
      expect(await cachedProbe(server, '1', memory)(candidate)).toEqual({ kind: 'failed', reason: 'Error: broken bundle' });
      writeFileSync(
        server,
        `if (process.argv[2] === '--probe') console.log(JSON.stringify({ node: process.versions.node, sqlite: true, zstd: true, gcm: true }));`,
      );
      const answer = { kind: 'answered', report: { ...good, node: process.versions.node } };
      expect(await cachedProbe(server, '1', memory)(candidate)).toEqual(answer);
      writeFileSync(server, 'process.exit(1);');
      expect(await cachedProbe(server, '1', memory)(candidate)).toEqual(answer);
      expect((await cachedProbe(server, '2', memory)(candidate)).kind).toBe('failed');
      expect(await cachedProbe(server, '1', memory)({ from: 'setting', command: join(folder, 'none') })).toMatchObject({ kind: 'failed' });
    });
  });
});

describe('the key of the store', () => {
  it('is made once, kept, and the same at the next start', async () => {
    const [secrets, memory] = [new FakeSecrets(), new FakeMemory()];
    const first = await loadStoreKey(secrets, memory);
    expect(first.kind).toBe('durable');
    expect(await loadStoreKey(secrets, memory)).toEqual(first);
    if (first.kind === 'durable') expect(Buffer.from(first.key, 'base64')).toHaveLength(32);
  });

  it('says that it was lost, and trusts a new one only after it survived a start', async () => {
    const memory = new FakeMemory();
    expect((await loadStoreKey(new FakeSecrets(), memory)).kind).toBe('durable');
    // Secret storage in memory: empty at each start.
    expect(await loadStoreKey(new FakeSecrets(), memory)).toEqual({ kind: 'lost', again: false });
    expect(await loadStoreKey(new FakeSecrets(), memory)).toEqual({ kind: 'lost', again: true });
    const keyring = new FakeSecrets();
    expect((await loadStoreKey(keyring, memory)).kind).toBe('lost');
    expect((await loadStoreKey(keyring, memory)).kind).toBe('durable');
  });

  it('is unavailable where the storage fails, forgets or holds something else', async () => {
    const failing = { get: () => Promise.reject(new Error('no keyring')), store: () => Promise.resolve() };
    expect(await loadStoreKey(failing, new FakeMemory())).toEqual({ kind: 'unavailable', reason: 'no keyring' });
    const forgetting = { get: async () => undefined, store: async () => undefined };
    expect((await loadStoreKey(forgetting, new FakeMemory())).kind).toBe('unavailable');
    const spoilt = new FakeSecrets();
    spoilt.values.set('sandglass.storeKey', 'not a key');
    expect((await loadStoreKey(spoilt, new FakeMemory())).kind).toBe('durable');
  });

  it('leaves no key in the memory beside the secrets', async () => {
    const [secrets, memory] = [new FakeSecrets(), new FakeMemory()];
    const loaded = await loadStoreKey(secrets, memory);
    if (loaded.kind !== 'durable') throw new Error(loaded.kind);
    expect(JSON.stringify([...memory.values])).not.toContain(loaded.key.slice(0, 12));
  });
});

describe('settings', () => {
  it('takes what fits and drops the rest', () => {
    const values: Record<string, unknown> = {
      'sandglass.pathMappings': [
        { sandbox: '/sandbox/app', workspace: 'app' },
        { sandbox: 'relative', workspace: 'x' },
        null,
        { sandbox: '/x' },
        7,
      ],
      'sandglass.directories': ['/a', '', 3, ' /b '],
      'sandglass.docker.host': 5,
      'sandglass.autoAttach': 'yes',
      'sandglass.findings.repeatedCalls': 1,
      'sandglass.findings.noProgressCalls': 20.5,
      'sandglass.findings.failuresInARow': 'often',
      'sandglass.problems.perFile': 0,
      'sandglass.problems.severity': { 'failed-call': 'hint', 'denied-call': 'loud', 'history-rewritten': 'off', other: 'error' },
      'sandglass.cost.prices': [{ model: 'm', input: 1, output: 2 }, { model: 'n', input: -1, output: 2 }, 'free'],
      // What can be no limit sets none: neither nothing nor everything is allowed by it.
      'sandglass.budgets.limits': {
        turn: { usd: 0.5, tokens: 0 },
        session: { usd: '1' },
        day: { usd: Infinity, tokens: 5 },
        week: { usd: 1 },
      },
      'sandglass.server.nodePath': ' /n ',
    };
    const read = (id: string): unknown => values[id];
    expect(readSettings(read)).toEqual({
      pathMappings: [{ sandbox: '/sandbox/app', workspace: 'app' }],
      directories: ['/a', '/b'],
      dockerHost: '',
      autoAttach: false,
      // Nothing weaker than the least is kept, so nothing less can be asked for.
      findings: { repeatedCalls: 3, noProgressCalls: 20, failuresInARow: 4 },
      // What is no severity, or would hide a rewritten history, is not set.
      problems: { perFile: 1, severity: { 'failed-call': 'hint' } },
      askGateway: true,
      definitionLenses: true,
      contextCost: true,
      flatRate: false,
      cost: { prices: [{ model: 'm', input: 1, output: 2 }] },
      budgets: { turn: { usd: 0.5 }, day: { tokens: 5 } },
    });
    expect(readNodePath(read)).toBe('/n');
    expect(readSettings(() => undefined)).toEqual({
      pathMappings: [],
      directories: [],
      dockerHost: '',
      autoAttach: false,
      findings: { repeatedCalls: 4, noProgressCalls: 12, failuresInARow: 4 },
      problems: { perFile: 50, severity: {} },
      askGateway: true,
      definitionLenses: true,
      contextCost: true,
      flatRate: false,
      cost: { prices: [] },
      budgets: {},
    });
  });

  it('of an untrusted workspace takes what no workspace can set, and nothing else', () => {
    const values: Record<string, unknown> = {
      'sandglass.directories': ['/a'],
      'sandglass.autoAttach': true,
      'sandglass.cost.prices': [{ model: 'm', input: 1, output: 2 }],
    };
    const read = (id: string): unknown => values[id];
    expect(readSettings(untrusted(read))).toEqual({
      ...readSettings(() => undefined),
      cost: { prices: [{ model: 'm', input: 1, output: 2 }] },
    });
  });
});
