/** What a sandbox uses, by the counters of its engine: computed as the docker command does, sampled as often as someone cares. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ResourceSample } from '../../../server/src/protocol/messages';
import { coresBetween, countersOf } from '../../../server/src/resources/counters';
import { Sampler, type Sampled, type SamplerOptions } from '../../../server/src/resources/sampler';
import { ActingEngine } from '../actions/actingEngine';
import { sleep } from '../attach/reading';

const read = '2026-11-21T11:53:15.339049001Z';
const stats = (more: object = {}, memory: object = {}): object => ({
  read,
  cpu_stats: { cpu_usage: { total_usage: 5e9 } },
  memory_stats: { usage: 1000, limit: 4096, stats: {}, ...memory },
  ...more,
});

describe('the counters of a container', () => {
  it('leave out what the kernel only keeps: as control groups of version 1 and 2 tell it', () => {
    expect(countersOf(stats({}, { stats: { total_inactive_file: 300, inactive_file: 7 } }))).toEqual({
      time: Date.parse(read),
      cpuNs: 5e9,
      memoryBytes: 700,
    });
    expect(countersOf(stats({}, { stats: { inactive_file: 400 } }))?.memoryBytes).toBe(600);
    expect(countersOf(stats({}, { stats: { inactive_file: 4000 } }))?.memoryBytes).toBe(1000);
    expect(countersOf(stats())?.memoryBytes).toBe(1000);
  });

  it('of one at rest, or of what is no engine, are not observed', () => {
    const rest = { read: '0001-01-01T00:00:00Z', cpu_stats: { cpu_usage: { total_usage: 0 } }, memory_stats: {} };
    for (const answer of [
      rest,
      null,
      'text',
      {},
      stats({ read: 7 }),
      stats({ cpu_stats: {} }),
      stats({}, { usage: 'x' }),
      stats({}, { usage: -1 }),
    ])
      expect(countersOf(answer)).toBeNull();
  });

  it('tell the cores in use between two looks, and nothing over a new start', () => {
    const at = (time: number, cpuNs: number): Parameters<typeof coresBetween>[0] => ({ time, cpuNs, memoryBytes: 1 });
    expect(coresBetween(at(0, 1e9), at(2000, 2e9))).toBe(0.5);
    expect(coresBetween(at(0, 1e9), at(1000, 1e9))).toBe(0);
    expect(coresBetween(at(0, 9e9), at(1000, 1e9))).toBeNull();
    expect(coresBetween(at(5, 1), at(5, 2))).toBeNull();
  });
});

/** Its containers use half a core and a quarter of one, by a clock of its own. */
class CountingEngine extends ActingEngine {
  looks = 0;
  limits: Readonly<Record<string, number>> = {};
  readonly silent = new Set<string>();
  override readonly answer: ActingEngine['answer'] = (_, response, url) => {
    const [, id = '', verb] = /^\/containers\/([^/]+)\/(stats|json)$/.exec(url.pathname) ?? [];
    if (verb === undefined || this.silent.has(id)) return verb !== undefined;
    const state = this.states.get(id);
    response.setHeader('content-type', 'application/json');
    if (state === undefined) response.writeHead(404).end('{"message":"No such container"}');
    else if (verb === 'json') response.end(JSON.stringify({ Id: id, HostConfig: { Memory: this.limits[id] ?? 0 } }));
    else if (state === 'exited') response.end(JSON.stringify({ read: '0001-01-01T00:00:00Z', cpu_stats: {}, memory_stats: {} }));
    else {
      expect(url.searchParams.get('stream')).toBe('false');
      expect(url.searchParams.get('one-shot')).toBe('true');
      this.looks += 1;
      const ms = this.looks * 1000;
      const rate = id.endsWith('supervisor') ? 0.25 : 0.5;
      const time = new Date(Date.parse(read) + ms).toISOString();
      response.end(
        JSON.stringify({ read: time, cpu_stats: { cpu_usage: { total_usage: ms * 1e6 * rate } }, memory_stats: { usage: 100, stats: {} } }),
      );
    }
    return true;
  };
}

const open: (Disposable | AsyncDisposable)[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await (Symbol.dispose in each ? each[Symbol.dispose]() : each[Symbol.asyncDispose]());
});

async function engineOf(): Promise<CountingEngine> {
  const engine = new CountingEngine();
  await engine.start();
  open.push(engine);
  return engine;
}

function sampler(
  sampled: () => readonly Sampled[],
  more: Partial<SamplerOptions> = {},
): { readonly samples: ResourceSample[]; readonly errors: unknown[]; readonly sampler: Sampler } {
  const samples: ResourceSample[] = [];
  const errors: unknown[] = [];
  const made = new Sampler({
    sampled,
    atWork: () => true,
    onSample: (_, sample) => samples.push(sample),
    onError: (error) => errors.push(error),
    oftenMs: 20,
    ...more,
  });
  open.unshift(made);
  return { samples, errors, sampler: made };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !holds(); await sleep(5)) if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
}

describe('sampling', () => {
  it('sums up two containers; a limit only where both have one', async () => {
    const engine = await engineOf();
    const found = engine.sandbox('a', ['sandbox', 'supervisor']);
    engine.limits = { 'a-sandbox': 1000 };
    const { samples, errors } = sampler(() => [{ sourceId: 's', row: 1, found }]);
    await until('three samples', () => samples.length >= 3);
    for (const sample of samples) expect(sample).toMatchObject({ memoryBytes: 200, memoryLimitBytes: null });
    expect(samples.map(({ cpuCores }) => cpuCores)).toEqual(samples.map(() => 0.75));
    expect(samples.map(({ time }) => time)).toEqual([...samples.map(({ time }) => time)].sort());
    expect(engine.asked.filter((path) => path.endsWith('/json'))).toHaveLength(2); // limits are asked for once
    engine.limits = { 'a-sandbox': 1000, 'a-supervisor': 24 };
    const both = sampler(() => [{ sourceId: 's', row: 1, found }]);
    await until('a sample', () => both.samples.length > 0);
    expect(both.samples[0]?.memoryLimitBytes).toBe(1024);
    expect(errors).toEqual([]);
  });

  it('says nothing of what does not run, is gone or does not answer; and goes on with what does', async () => {
    const engine = await engineOf();
    const [still, there] = [engine.sandbox('still'), engine.sandbox('there')];
    engine.states.set('still-only', 'exited');
    const gone = engine.sandbox('gone');
    engine.states.delete('gone-only');
    engine.sandbox('mute');
    const mute = engine.sandbox('mute');
    engine.silent.add('mute-only');
    const from: string[] = [];
    const all = [still, gone, mute, there].map((found, row) => ({ sourceId: found.id, row, found }));
    const { errors } = sampler(() => all, { onSample: ({ sourceId }) => from.push(sourceId) });
    await until('some samples', () => from.length >= 3);
    expect(new Set(from)).toEqual(new Set(['there']));
    engine.states.set('still-only', 'running');
    await until('one that was started', () => from.includes('still'));
    expect(errors).toEqual([]);
  });

  it('is seldom where nothing happens, until someone looks', async () => {
    const engine = await engineOf();
    const found = engine.sandbox('a');
    let rounds = 0;
    let asked = 0;
    let busy = false;
    const sampled = (): readonly Sampled[] => [{ sourceId: 's', row: 1, found }];
    const { samples, sampler: made } = sampler(sampled, {
      atWork: () => {
        asked += 1;
        return busy;
      },
    });
    const counting = setInterval(() => (rounds += 1), 20);
    await until('some rounds', () => rounds > 50);
    // Of five rounds it is asked in one.
    expect(engine.looks).toBeLessThan(rounds / 2);
    expect(samples.length).toBeGreaterThan(0);
    clearInterval(counting);
    made.touch('unknown');
    made.touch('s');
    const before = samples.length;
    await until('more', () => samples.length > before + 5);
    busy = true;
    expect(asked).toBeGreaterThan(0);
  });

  it('ends with what it samples, and begins anew with another container', async () => {
    const engine = await engineOf();
    let found = engine.sandbox('a');
    let reading = true;
    let rounds = 0;
    const { samples } = sampler(() => {
      rounds += 1;
      return reading ? [{ sourceId: 's', row: 1, found }] : [];
    });
    await until('a sample', () => samples.length > 0);
    reading = false;
    const at = rounds;
    // The one that was under way is over when the one after it has begun.
    await until('a round without it', () => rounds >= at + 3);
    const { looks } = engine;
    await until('some more', () => rounds >= at + 8);
    expect(engine.looks).toBe(looks);
    reading = true;
    engine.states.set('b-only', 'running');
    found = { ...engine.sandbox('b'), id: 'a' };
    const before = samples.length;
    await until('a sample of the other', () => samples.length > before);
  });
});
