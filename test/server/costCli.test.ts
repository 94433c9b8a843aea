// `cost` and `prices` of the command line: their documents against the published schemas, and against what traces say.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv';
import { afterAll, describe, expect, it } from 'vitest';
import type { Spend } from '../../server/src/protocol/cost';
import type { CostDocument, PricesDocument } from '../../server/src/protocol/costDocuments';
import type { TraceDocument } from '../../server/src/protocol/document';
import { recording, recordings } from '../fixtures/recordings';
import { runCli } from './support/cli';
import { root } from './support/serverProcess';

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
const schema = (name: string): ReturnType<typeof ajv.compile> =>
  ajv.compile(JSON.parse(readFileSync(join(root, 'schemas', `${name}.schema.json`), 'utf8')));
const validCost = schema('cost');
const validPrices = schema('prices');
const scratch = mkdtempSync(join(tmpdir(), 'sandglass-cost-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function fileOf(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
}

async function costOf(...args: readonly string[]): Promise<CostDocument> {
  const ran = await runCli(['cost', ...args, '--json']);
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
  const document = JSON.parse(ran.stdout) as CostDocument;
  expect(validCost(document), JSON.stringify(validCost.errors?.slice(0, 3))).toBe(true);
  return document;
}

const usdOf = (spends: readonly Pick<Spend, 'usd'>[]): number => spends.reduce((sum, { usd }) => sum + (usd ?? 0), 0);
const totalsOf = ({ sessions }: TraceDocument): readonly Spend[] =>
  sessions.map(({ totals: { llmCalls, usage, cost } }) => ({ calls: llmCalls, usage, ...cost }));

describe.each(recordings())('what $name cost', ({ root: path }) => {
  it('is the same by the command line as its trace says, by each part of it', async () => {
    const trace = JSON.parse((await runCli(['trace', path, '--json'])).stdout) as TraceDocument;
    const sessions = totalsOf(trace);
    const sum = (pick: (spend: Spend) => number): number => sessions.reduce((all, spend) => all + pick(spend), 0);
    const { total, rows, more } = await costOf(path, '--by', 'tool');
    expect(total.calls).toBe(sum(({ calls }) => calls));
    expect(total.unpricedCalls).toBe(sum(({ unpricedCalls }) => unpricedCalls));
    for (const kind of ['input', 'output', 'cacheRead', 'cacheWrite'] as const)
      expect(total.usage[kind]).toBe(sum(({ usage }) => usage[kind]));
    expect(total.usd ?? 0).toBeCloseTo(usdOf(sessions), 9);
    expect(total.usd === null).toBe(sessions.every(({ usd }) => usd === null));
    expect(usdOf([...rows.map(({ spend }) => spend), ...(more === null ? [] : [more.spend])])).toBeCloseTo(total.usd ?? 0, 9);
  });
});

describe('the command cost', () => {
  const { root: path } = recording('openclaw-2026.7.1');

  it('names the session, its sub-agents, the time and the time zone it was asked for', async () => {
    const trace = JSON.parse((await runCli(['trace', path, '--json'])).stdout) as TraceDocument;
    const child = trace.sessions.find(({ parentSessionId }) => parentSessionId !== null);
    const parent = trace.sessions.find(({ id }) => id === child?.parentSessionId);
    const id = parent?.id ?? '';
    const own = await costOf(path, '--session', id, '--by', 'model');
    expect(own).toMatchObject({ sessionId: id, by: 'model', from: null, to: null });
    expect(own.total.usd).toBeCloseTo(parent?.totals.cost.usd ?? NaN, 9);
    expect(own.total.calls).toBe(parent?.totals.llmCalls);
    const below = await costOf(path, '--session', id, '--by', 'subagent');
    expect(below.total.calls).toBeGreaterThan(own.total.calls);
    expect(below.rows.some(({ sessionId }) => sessionId === child?.id)).toBe(true);

    const day = (trace.sessions[0]?.startTime ?? '').slice(0, 10);
    const all = await costOf(path, '--tz', 'UTC');
    const that = await costOf(path, '--tz', 'UTC', '--from', day, '--to', day);
    expect(that).toMatchObject({ from: `${day}T00:00:00.000Z`, timeZone: 'UTC' });
    expect(that.total).toEqual(all.total);
    expect(all.rows.map(({ label }) => label)).toContain(day);
    const before = await costOf(path, '--to', `${day}T00:00:00Z`);
    expect(before).toMatchObject({ total: { calls: 0, usd: null }, rows: [] });
    expect((await runCli(['cost', path, '--to', `${day}T00:00:00Z`])).stdout).toBe('No LLM call is recorded here.\n');
  });

  it('prints a table without control characters, with what stands behind each number and what is not in it', async () => {
    for (const by of ['turn', 'model']) {
      const { stdout, code } = await runCli(['cost', path, '--by', by]);
      expect(code).toBe(0);
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
      expect(stdout).toMatch(/^all .*overlay/m);
      expect(stdout).toContain('no price');
      expect(stdout).not.toMatch(/\$0(?:\.00)?(?![\d.])/);
      expect(stdout).toMatch(/^not observed: what the summaries of 5 compactions cost/m);
      expect(stdout).toMatch(/^not observed: what OpenClaw asked models for beside its sessions/m);
    }
  });

  it('says what is worth a look, of what was asked of', async () => {
    const { insights } = await costOf(path);
    const { sessions } = recording('openclaw-2026.7.1').expected;
    const [first] = insights;
    expect(first).toMatchObject({ kind: 'unusual', of: 'turn', measure: 'usd', bases: ['overlay'], parentSessionId: null });
    expect(sessions[first?.sessionId ?? '']?.sessionKey).toBe('agent:main:long');
    const loop = insights.find(({ kind }) => kind === 'redundantCalls');
    expect(sessions[loop?.sessionId ?? '']?.sessionKey).toBe('agent:main:loop');
    expect((await costOf(path, '--session', loop?.sessionId ?? '')).insights).toEqual([loop]);
    const { stdout } = await runCli(['cost', path]);
    expect(stdout).toMatch(/^Worth a look\n {2}turn [0-9a-f]{16} of session .* cost \$1\.22 \(overlay\): 424 times the usual/m);
    expect(stdout).toMatch(/exec was called 5 times more in a turn and told nothing new; 5 LLM calls for it: \$0\.0055 \(overlay\)/);
    expect((await runCli(['cost', path, '--csv'])).stdout).not.toContain('Worth');
  });

  it('prints values that a spreadsheet adds up to the same, none of them a formula', async () => {
    const { total, rows } = await costOf(path, '--by', 'turn');
    const { stdout } = await runCli(['cost', path, '--by', 'turn', '--csv']);
    const [head = '', ...lines] = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(rows.length);
    const columns = head.split(',');
    // Labels may hold commas: what follows them is numbers, so the columns are counted from the end.
    const usd = lines.map((line) => Number(line.split(',').at(columns.indexOf('usd') - columns.length)));
    expect(usd.reduce((sum, each) => sum + each, 0)).toBeCloseTo(total.usd ?? NaN, 9);
    for (const line of lines) expect(line).not.toMatch(/(?:^|,)"?[=+\-@\t]/);
    // A turn without a price has an empty cell there, and no 0.
    const unpriced = rows.findIndex(({ spend }) => spend.usd === null);
    expect(unpriced).toBeGreaterThanOrEqual(0);
    expect(lines[unpriced]?.split(',').at(columns.indexOf('usd') - columns.length)).toBe('');
  });

  it('goes by your own prices, and says which entries it leaves out', async () => {
    const model = 'nvidia/nemotron-3-nano-30b-a3b';
    const before = (await costOf(path, '--by', 'model')).rows.find(({ label }) => label === model);
    expect(before?.spend).toMatchObject({ usd: null, byBasis: {} });
    const prices = fileOf('own.yaml', `- model: ${model}\n  input: 1\n  output: 2\n`);
    const after = (await costOf(path, '--by', 'model', '--prices', prices)).rows.find(({ label }) => label === model);
    const { input, cacheRead, output } = after?.spend.usage ?? { input: NaN, cacheRead: NaN, output: NaN };
    // One of them was cut off before anything was counted.
    expect(before?.spend.unpricedCalls).toBe(19);
    expect(after?.spend.unpricedCalls).toBe(1);
    expect(after?.spend.usd).toBeCloseTo((input + cacheRead + 2 * output) / 1e6, 9);
    expect(after?.spend.byBasis).toEqual({ user: after?.spend.usd });
    const wrong = await runCli(['cost', path, '--json', '--prices', fileOf('wrong.json', `[{"model":"a","input":-1,"output":1}]`)]);
    expect(wrong.stderr).toBe('sandglass: wrong.json: entry 1: input: a price is meant: US dollars, not below zero; it is left out\n');
    expect(wrong.code).toBe(0);
  });

  it('keeps to what a store holds by other prices', async () => {
    const store = ['--store', join(scratch, 'kept.sqlite'), '--key-file', join(scratch, 'key')];
    const prices = fileOf('all.json', JSON.stringify([{ model: '*', input: 1, output: 1, insteadOfReported: true }]));
    const first = await costOf(path, ...store);
    const second = await costOf(path, ...store, '--prices', prices);
    expect(second.total.byBasis['user']).toBeGreaterThan(0);
    expect(second.total.usage).toEqual(first.total.usage);
    expect((await costOf(path, ...store)).total).toEqual(first.total);
  });

  it('says what is wrong in one line', async () => {
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [['cost'], 2, /needs a source/],
      [['cost', path, '--by', 'colour'], 2, /there is no --by "colour"/],
      [['cost', path, '--tz', 'Nowhere/City'], 2, /there is no time zone/],
      [['cost', path, '--from', '2026-02-30'], 2, /is no day/],
      [['cost', path, '--from', '2026-02-03', '--to', '2026-02-01'], 2, /does not come before/],
      [['cost', path, '--json', '--csv'], 2, /exclude each other/],
      [['cost', path, '--suppressions', 'x'], 2, /takes no --suppressions/],
      [['trace', path, '--by', 'day'], 2, /takes no --by/],
      [['trace', path, '--csv'], 2, /takes no --csv/],
      [['sessions', path, '--prices', 'x'], 2, /takes no --prices/],
      [['prices', '--way', 'node'], 2, /takes no --way without a source/],
      [['prices', '--session', 'x'], 2, /takes no --session/],
      [['cost', path, '--session', 'nope'], 1, /no session "nope"/],
      [['cost', path, '--prices', join(scratch, 'nowhere.json')], 1, /there is no file/],
      [['cost', path, '--prices', scratch], 1, /no regular file/],
      [['cost', path, '--prices', fileOf('broken.yaml', '- a: [\n')], 1, /neither JSON nor YAML/],
      [['prices', '--prices', fileOf('bomb.yaml', bomb())], 1, /can't be read/],
    ];
    for (const [args, code, words] of cases) {
      const ran = await runCli(args);
      expect.soft(ran.code, args.join(' ')).toBe(code);
      expect.soft(ran.stderr, args.join(' ')).toMatch(words);
      expect.soft(ran.stderr.trimEnd().split('\n').length, ran.stderr).toBe(1);
      expect.soft(ran.stdout, args.join(' ')).toBe('');
    }
  });
});

/** Grows tenfold with each line when links are followed. */
function bomb(): string {
  const lines = ['a0: &a0 x'];
  for (let at = 1; at < 10; at++) lines.push(`a${at}: &a${at} [${Array.from({ length: 10 }, () => `*a${at - 1}`).join(', ')}]`);
  return lines.join('\n');
}

describe('the command prices', () => {
  const { root: path } = recording('openclaw-2026.7.1');
  const pricesOf = async (...args: readonly string[]): Promise<{ readonly code: number | null; readonly document: PricesDocument }> => {
    const ran = await runCli(['prices', ...args, '--json']);
    const document = JSON.parse(ran.stdout) as PricesDocument;
    expect(validPrices(document), JSON.stringify(validPrices.errors?.slice(0, 3))).toBe(true);
    expect(ran.stderr).toBe('');
    return { code: ran.code, document };
  };

  it('lists each model of a source with its price, its date and where it is from, or why there is none', async () => {
    const { code, document } = await pricesOf(path);
    expect(code).toBe(0);
    expect(
      document.models.map(({ model, provider, vendor, basis, reason, spend }) => [model, provider, vendor, basis, reason, spend.calls]),
    ).toEqual([
      ['nvidia/nemotron-3-super-120b-a12b', 'inference', 'nvidia-prod', 'overlay', null, 104],
      ['nvidia/nemotron-3-ultra-550b-a55b', 'inference', 'nvidia-prod', 'overlay', null, 101],
      ['nvidia/nemotron-3-nano-30b-a3b', 'inference', 'nvidia-prod', 'unknown', 'free-trial', 19],
    ]);
    expect(document.models[1]?.rates).toMatchObject({ input: 0.5, output: 2.5, cacheRead: 0.15 });
    for (const { date, source, rates } of document.models)
      expect([date === null, source === null]).toEqual([rates === null, rates === null]);
    const { total } = await costOf(path);
    expect(usdOf(document.models.map(({ spend }) => spend))).toBeCloseTo(total.usd ?? NaN, 9);
    const table = await runCli(['prices', path]);
    expect(table.stdout).toContain('no price: it is listed as a free trial');
    expect((await runCli(['prices', path, '--csv'])).stdout.split('\n')[3]).toMatch(
      /nano-30b-a3b,inference,nvidia-prod,19,,19,unknown,,,,,,,,,free-trial$/,
    );
  });

  it('checks our own lists, which hold', async () => {
    const { code, document } = await pricesOf();
    expect(document).toMatchObject({ source: null, models: [], problems: [] });
    expect(document.lists.map(({ list }) => list)).toEqual(['overlay', 'priced']);
    for (const { rows, date } of document.lists) expect([rows > 0, date]).toEqual([true, expect.stringMatching(/^\d{4}-\d\d-\d\d$/)]);
    expect(code).toBe(0);
    expect((await runCli(['prices'])).stdout).toContain('Nothing is wrong with the lists.');
  });

  it('checks your own, and tells by the exit code', async () => {
    const own = fileOf(
      'check.yaml',
      [
        '- {model: nvidia/nemotron-3-super-*, input: 1, output: 1}',
        '- {model: a, input: -1, output: 1}',
        '- {model: b, input: 0, output: 0}',
        '- {model: nvidia/nemotron*, provider: inference, input: 0, output: 0, note: given to us}',
        '- {model: "=cmd|\u202e", from: 2026-01-01, input: 1, output: 1}',
        '- {model: nvidia/*, input: 2, output: 2}',
      ].join('\n'),
    );
    const alone = await pricesOf('--prices', own);
    expect(alone.code).toBe(1);
    expect(alone.document.problems.map(({ row, check, detail }) => [row, check, detail])).toEqual([
      [1, 'shadowed', 'by entry 6'],
      [2, 'negative', 'input: a price is meant: US dollars, not below zero'],
      [3, 'zero', null],
      [4, 'shadowed', 'by entry 6'],
    ]);
    const seen = await pricesOf(path, '--prices', own);
    expect(seen.document.problems.filter(({ check }) => check === 'matches-nothing').map(({ row }) => row)).toEqual([3, 5]);
    expect(seen.document.models[0]).toMatchObject({ basis: 'user', rates: { input: 2, output: 2 } });
    const table = await runCli(['prices', path, '--prices', own]);
    expect(table.code).toBe(1);
    expect(table.stdout).toMatch(/^wrong: user, row 1, nvidia\/nemotron-3-super-\*: it never holds/m);
    expect(table.stdout).not.toMatch(/\u202e/);
  });
});
