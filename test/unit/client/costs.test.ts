/** The client's part of the cost view: what goes to the clipboard, what a page may say, and prices that are typed and set. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costPlaceOf, priceOf } from '../../../client/src/commands/arguments';
import { modelText, rateProblem, rateQuestions, typedRate } from '../../../client/src/commands/costPriceText';
import { ownPrice, priceBook, settable, withoutPrice, withPrice } from '../../../client/src/connection/priceSetting';
import { costCsv } from '../../../client/src/webviews/costCsv';
import { firstState, isCostToHost, isCostViewState } from '../../../client/src/webviews/costMessages';
import type { CostRow, Spend } from '../../../server/src/protocol/cost';
import { hostileStrings } from '../flow/hostile';
import { translate } from './translate';

const spend: Spend = {
  calls: 3,
  usage: { input: 1, cacheRead: 2, cacheWrite: 3, output: 4, reasoning: null },
  usd: 1e-7,
  byBasis: { priced: 1e-7, unknown: 0 },
  unpricedCalls: 1,
};
const row = (label: string | null, more: Partial<CostRow> = {}): CostRow => ({
  label,
  detail: null,
  spend,
  withSubagents: null,
  session: null,
  span: null,
  ...more,
});

/** Cells as a spreadsheet reads them. */
function cellsOf(csv: string): readonly (readonly string[])[] {
  const cells = [...csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)];
  const lines: string[][] = [[]];
  for (const [, quoted, plain, end] of cells) {
    lines.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\r\n') lines.push([]);
  }
  return lines.slice(0, -1);
}

describe('comma-separated values', () => {
  it('have a head, the numbers as they are, and nothing where nothing was observed', () => {
    const withSubagents: Spend = { ...spend, usd: 2, calls: 9 };
    const csv = costCsv({
      rows: [
        row('exec', { detail: 'a, "b"', withSubagents, session: { sourceId: 's', sessionId: 'x' } }),
        row(null, { spend: { ...spend, usd: null, byBasis: {}, unpricedCalls: 3 } }),
      ],
      more: { rows: 7, spend },
    });
    expect(csv.split('\r\n')).toEqual([
      'part,detail,usd,basis,calls,calls_without_price,input_tokens,cache_read_tokens,cache_write_tokens,output_tokens,reasoning_tokens,usd_with_subagents,calls_with_subagents,source_id,session_id',
      'exec,"a, ""b""",0.0000001,priced,3,1,1,2,3,4,,2,9,s,x',
      ',,,,3,3,1,2,3,4,,,,,',
      '(7 more),,0.0000001,priced,3,1,1,2,3,4,,,,,',
      '',
    ]);
  });

  it('are no formulas, and no more rows or cells than there are, whatever a label holds', () => {
    const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =cmd|calc', '|calc', '%0A=1', 'a\r\n=1', 'a",=1,"b', "'=1", ';=1'];
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...formulas, ...hostileStrings), fc.string({ unit: 'binary' })), (text) => {
        const lines = cellsOf(costCsv({ rows: [row(text, { detail: text })], more: null }));
        expect(lines.map(({ length }) => length)).toEqual([15, 15]);
        for (const cell of lines[1]?.slice(0, 2) ?? []) {
          expect(cell).not.toMatch(/^\s*[=+\-@|%]/u);
          expect(cell).not.toMatch(/[\r\n\u0000]/);
        }
      }),
    );
  });
});

describe('what a cost page may say', () => {
  const ask = { place: firstState.place, from: null, to: '2026-01-01T00:00:00.000Z', by: 'day', limit: 50, timeZone: 'Europe/Berlin' };
  const good: readonly unknown[] = [
    { kind: 'ready' },
    { kind: 'request', id: 1, request: { kind: 'costs', ask } },
    { kind: 'request', id: 1, request: { kind: 'copy', ask } },
    { kind: 'request', id: 1, request: { kind: 'prices' } },
    { kind: 'cancel', id: 1 },
    { kind: 'state', state: firstState },
    {
      kind: 'state',
      state: { ...firstState, period: { kind: 'days', from: '2026-01-01', to: null }, sort: { column: 'usd', descending: true } },
    },
    { kind: 'open', session: { sourceId: 's', sessionId: 'x' }, spanId: null },
    { kind: 'chooseSession' },
    { kind: 'setPrice', model: { provider: null, vendor: 'v', model: 'm' } },
    { kind: 'removePrice', model: { provider: 'p', vendor: null, model: 'm' } },
    { kind: 'openSettings' },
    { kind: 'begin', with: 'sample' },
  ];
  const bad: readonly unknown[] = [
    null,
    'ready',
    {},
    { kind: 'else' },
    { kind: 'request', id: -1, request: { kind: 'prices' } },
    { kind: 'request', id: 1, request: { kind: 'costs', ask: { ...ask, by: 'constructor' } } },
    { kind: 'request', id: 1, request: { kind: 'costs', ask: { ...ask, limit: 501 } } },
    { kind: 'request', id: 1, request: { kind: 'costs', ask: { ...ask, from: 'yesterday' } } },
    { kind: 'request', id: 1, request: { kind: 'costs', ask: { ...ask, timeZone: 'Middle/Earth' } } },
    { kind: 'request', id: 1, request: { kind: 'costs', ask: { ...ask, place: { ...firstState.place, sessionId: 'x' } } } },
    { kind: 'state', state: { ...firstState, side: 'else' } },
    { kind: 'state', state: { ...firstState, sort: { column: 'toString', descending: true } } },
    { kind: 'state', state: { ...firstState, period: { kind: 'days', from: 'x', to: null } } },
    { kind: 'open', session: { sourceId: 's' }, spanId: null },
    { kind: 'setPrice', model: { provider: null, vendor: null, model: '' } },
    { kind: 'setPrice', model: { provider: null, vendor: null, model: 'x'.repeat(501) } },
    { kind: 'begin', with: 'rm' },
  ];
  it('is taken when it is of the contract, and nothing else', () => {
    for (const message of good) expect(isCostToHost(message), JSON.stringify(message)).toBe(true);
    for (const message of bad) expect(isCostToHost(message), JSON.stringify(message)).toBe(false);
    fc.assert(fc.property(fc.anything(), (value) => void isCostToHost(value)));
  });
  it('is also what it kept', () => {
    expect(isCostViewState(firstState)).toBe(true);
    expect(isCostViewState({ ...firstState, by: undefined })).toBe(false);
  });
});

describe('a price that is typed', () => {
  it.each([
    ['3', 3],
    ['0.15', 0.15],
    [' $ 2.50 ', 2.5],
    ['2,5', 2.5],
    ['.5', 0.5],
    ['1.', 1],
    ['1,000.5', 1000.5],
    ['0', 0],
    ['', null],
    ['   ', null],
    ['$', null],
    ['1e-3', undefined],
    ['-1', undefined],
    ['1,2,3', undefined],
    ['free', undefined],
    ['0x10', undefined],
    ['100001', undefined],
    ['٣', undefined],
  ])('%j is %j', (text, rate) => expect(typedRate(text)).toBe(rate));

  it('has what is wrong with it said', () => {
    expect(rateProblem('', false, translate)).toMatch(/needed/);
    expect(rateProblem('', true, translate)).toBeNull();
    expect(rateProblem('x', true, translate)).toMatch(/0 to 100000/);
    expect(rateProblem('1.5', false, translate)).toBeNull();
  });

  it('is prefilled so that it can be typed again', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100_000, noNaN: true }), (rate) => {
        const [input] = rateQuestions({ input: rate, output: 1, cacheRead: null, cacheWrite: null, cacheWrite1h: null }, translate);
        expect(typedRate(input?.value ?? 'x')).toBeCloseTo(rate, 9);
      }),
    );
    expect(rateQuestions(null, translate).map(({ name, value }) => [name, value])).toEqual([
      ['input', ''],
      ['output', ''],
      ['cacheRead', ''],
      ['cacheWrite', ''],
    ]);
  });

  it('is of a model whose name runs nothing and draws nothing', () => {
    expect(modelText({ provider: 'p', vendor: null, model: 'a $(bell)\u202e b' }, translate)).toBe('p / a \\$(bell) b');
    expect(modelText({ provider: 'inference', vendor: 'nvidia', model: 'm' }, translate)).toBe('nvidia / m');
  });
});

describe('the setting with a price more or fewer', () => {
  const name = { provider: 'inference', vendor: 'nvidia', model: 'Nemotron' };
  const rates = { input: 1, output: 2, cacheRead: 0.5 };
  const others = [
    { model: '*', input: 9, output: 9 },
    'mended by nobody',
    { model: 'Nemotron', provider: 'nvidia', from: '2026-01-01', input: 5, output: 5 },
  ];

  it('has it last, for whom the registry names, and leaves the others', () => {
    expect(withPrice(undefined, name, rates, false)).toEqual([{ provider: 'nvidia', model: 'Nemotron', ...rates }]);
    const set = withPrice(others, name, rates, true);
    expect(set).toEqual([...others, { provider: 'nvidia', model: 'Nemotron', ...rates, insteadOfReported: true }]);
    expect(ownPrice(set, name)).toMatchObject(rates);
    expect(withoutPrice(set, name)).toEqual(others);
    expect(priceBook(set)).toHaveLength(3);
  });

  it('has it once, however often it is set, and keeps what was not asked for', () => {
    const own = { provider: 'nvidia', model: 'nemotron', input: 3, output: 3, cacheWrite1h: 4, note: 'contract', insteadOfReported: true };
    const set = withPrice([own, ...others], name, rates, false);
    expect(set).toEqual([
      ...others,
      { provider: 'nvidia', model: 'Nemotron', ...rates, cacheWrite1h: 4, insteadOfReported: true, note: 'contract' },
    ]);
    // By the hour it was priced; now it is by tokens.
    expect(withPrice([{ provider: 'nvidia', model: 'Nemotron', perHour: 2 }], name, rates, false)).toEqual([
      { provider: 'nvidia', model: 'Nemotron', ...rates },
    ]);
  });

  it('is none when what stands there is no list, and of no name that is a pattern', () => {
    expect(withPrice({ model: 'x' }, name, rates, false)).toBeNull();
    expect(withoutPrice('x', name)).toEqual([]);
    expect(settable(name)).toBe(true);
    expect(settable({ ...name, model: 'nemo*' })).toBe(false);
    expect(settable({ ...name, model: null })).toBe(false);
    expect(settable({ ...name, model: ' ' })).toBe(false);
    expect(settable({ ...name, model: 'x'.repeat(501) })).toBe(false);
  });
});

describe('what the commands are given', () => {
  it('is a model, with prices that are known, or to be taken back', () => {
    expect(priceOf({ provider: 'p', vendor: null, model: 'm' })).toEqual({
      provider: 'p',
      vendor: null,
      model: 'm',
      remove: false,
      rates: null,
    });
    expect(priceOf({ model: 'm', rates: { input: 1, output: 2 }, remove: true })).toMatchObject({
      rates: { input: 1, output: 2 },
      remove: true,
    });
    expect(priceOf({ model: 'm', rates: { input: -1, output: 2 } })?.rates).toBeNull();
    expect(priceOf({ model: 'm', rates: { input: 1 } })?.rates).toBeNull();
    expect(priceOf({ model: 'm', rates: { model: 'other', input: 1, output: 2 } })).toMatchObject({
      model: 'm',
      rates: { input: 1, output: 2 },
    });
    expect(priceOf({ model: 'm', rates: 'free' })?.rates).toBeNull();
    expect(priceOf(undefined)).toBeNull();
  });

  it('is a session, a row of the view, a sandbox, or nothing', () => {
    expect(costPlaceOf({ sourceId: 's', sessionId: 'x' })).toEqual({ sourceId: 's', sessionId: 'x', withSubagents: true });
    expect(costPlaceOf({ kind: 'sandbox', node: { id: 's' } })).toEqual({ sourceId: 's', sessionId: null, withSubagents: true });
    expect(costPlaceOf(undefined)).toBeNull();
  });
});
