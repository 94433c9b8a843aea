/**
 * Parts of a sum as comma-separated values (RFC 4180), for a table of the user's own: numbers as they are, and how each is known.
 * Labels are untrusted: what a spreadsheet would take for a formula stands behind an apostrophe, which makes it text there.
 */
import type { CostAnswer, CostRow, Spend } from '../../../server/src/protocol/cost';
import { plainText } from '../plainText';

const longestText = 500;
const columns = [
  'part',
  'detail',
  'usd',
  'basis',
  'calls',
  'calls_without_price',
  'input_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'usd_with_subagents',
  'calls_with_subagents',
  'source_id',
  'session_id',
] as const;

/** What is beyond the last row stands in a row of its own, so that the rows add up to the total. */
export function costCsv({ rows, more }: Pick<CostAnswer, 'rows' | 'more'>): string {
  const lines = rows.map(line);
  const rest: readonly Cell[][] = more === null ? [] : [[`(${more.rows} more)`, '', ...spend(more.spend), '', '', '', '']];
  return [[...columns], ...lines, ...rest].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}

type Cell = string | number | null;

function line(row: CostRow): Cell[] {
  const { label, detail, withSubagents, session } = row;
  return [
    text(label),
    text(detail),
    ...spend(row.spend),
    withSubagents?.usd ?? null,
    withSubagents?.calls ?? null,
    text(session?.sourceId ?? null),
    text(session?.sessionId ?? null),
  ];
}

function spend({ usd, byBasis, calls, unpricedCalls, usage }: Spend): Cell[] {
  const bases = Object.keys(byBasis).filter((basis) => basis !== 'unknown');
  return [
    usd,
    usd === null ? '' : bases.join(' '),
    calls,
    unpricedCalls,
    usage.input,
    usage.cacheRead,
    usage.cacheWrite,
    usage.output,
    usage.reasoning,
  ];
}

function text(value: string | null): string {
  return value === null ? '' : plainText(value, { maxLength: longestText });
}

/** Not observed is an empty cell, never a zero. */
function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return plainNumber(value);
  const safe = /^[\s]*[=+\-@|%]/u.test(value) ? `'${value}` : value;
  return /[",\r\n';]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Never `1e-7`, which not every table reads. */
function plainNumber(value: number): string {
  const plain = String(value);
  return plain.includes('e') ? value.toFixed(12).replace(/0+$/, '').replace(/\.$/, '') : plain;
}
