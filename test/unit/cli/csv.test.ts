import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csv } from '../../../server/src/cli/csv';

/** As RFC 4180 reads it. */
function parsed(text: string): string[][] {
  const rows: string[][] = [[]];
  const cell = /("(?:[^"]|"")*"|[^,\n"]*)(,|\n)/gy;
  for (let match = cell.exec(text); match !== null; match = cell.exec(text)) {
    const [, value = '', end] = match;
    rows.at(-1)?.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end === '\n') rows.push([]);
  }
  expect(rows.at(-1)).toEqual([]);
  return rows.slice(0, -1);
}

describe('comma-separated values', () => {
  it('hold what was put in, and nothing for what is not known', () => {
    expect(
      csv(
        ['a', 'b'],
        [
          ['x', 1],
          [null, 0],
          ['say "no", twice', 0.1],
        ],
      ),
    ).toBe('a,b\nx,1\n,0\n"say ""no"", twice",0.1\n');
  });

  it('write numbers so that any program reads them', () => {
    expect(csv(['a'], [[1.5e-7], [1e-12], [123456789012], [0.1 + 0.2]])).toBe(
      'a\n0.00000015\n0.000000000001\n123456789012\n0.30000000000000004\n',
    );
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '\u0000=1', '\u200b=1', '＝1', '=HYPERLINK("http://a","b")', '\ufeff=1'])(
    'run no formula: %j',
    (text) => {
      const [[cell = '']] = parsed(csv([text], [])) as [[string]];
      expect(cell).not.toMatch(/^\s*[=+\-@＝＋－＠\t\r]/u);
    },
  );

  it('never run one and never break a row, whatever a sandbox wrote', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[=+@\t\r\n",;\-' ]{0,6}[a-z]{0,3}$/));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }), (rows) => {
        const read = parsed(csv(['head', 'other'], rows));
        expect(read).toHaveLength(rows.length + 1);
        for (const row of read) {
          expect(row).toHaveLength(2);
          for (const cell of row) {
            expect(cell).not.toMatch(/^[=+\-@]/);
            expect(cell).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
