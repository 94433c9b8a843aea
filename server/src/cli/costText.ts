/** What something cost, as tables for people and as comma-separated values. */
import { assertNever } from '../model/assertNever';
import type { CostBy, NotObserved, Spend } from '../protocol/cost';
import type { CostDocument, CostDocumentRow } from '../protocol/costDocuments';
import type { CostBasis } from '../protocol/document';
import { plainLine } from '../decode/preview';
import { dollars } from '../editor/labels';
import { csv } from './csv';
import { insightsText } from './insightText';
import { notRead, table } from './tables';

const bases: readonly CostBasis[] = ['reported', 'user', 'overlay', 'priced', 'local'];

export function costText(document: CostDocument): string {
  const { by, rows, more, total, notObserved, insights, skipped } = document;
  const parts = [rows.length === 0 ? 'No LLM call is recorded here.\n' : costTable(by, rows, more, total)];
  if (total.unpricedCalls > 0)
    parts.push(
      `${count(total.unpricedCalls, 'LLM call has', 'LLM calls have')} no price and ${total.unpricedCalls === 1 ? 'is' : 'are'} in no sum; "sandglass prices" says why.\n`,
    );
  parts.push(...notObserved.map((each) => `not observed: ${unseen(each)}\n`));
  // Whether there were any nothing tells, so it is said of every sum.
  if (rows.length > 0) parts.push('not observed: what OpenClaw asked models for beside its sessions (titles, reviews of skills)\n');
  parts.push(insightsText(insights), ...notRead(skipped));
  return parts.join('');
}

function costTable(by: CostBy, rows: readonly CostDocumentRow[], more: CostDocument['more'], total: Spend): string {
  const detailed = rows.some(({ detail }) => detail !== null);
  const below = rows.some(({ withSubagents }) => withSubagents !== null);
  const line = (label: string, detail: string, spend: Spend, all: Spend | null): readonly string[] => [
    label,
    ...(detailed ? [detail] : []),
    amount(spend.calls),
    amount(spend.usage.input),
    amount(spend.usage.cacheRead),
    amount(spend.usage.cacheWrite),
    amount(spend.usage.output),
    money(spend),
    basisText(spend),
    ...(below ? [all === null ? '-' : money(all)] : []),
  ];
  return table(
    [
      by.toUpperCase(),
      ...(detailed ? ['OF'] : []),
      'LLM',
      'INPUT',
      'CACHED',
      'WRITTEN',
      'OUTPUT',
      'COST',
      'BASIS',
      ...(below ? ['WITH SUB-AGENTS'] : []),
    ],
    [
      ...rows.map((row) =>
        line(
          row.label === null ? none(by) : plainLine(row.label, labelChars),
          row.detail === null ? '' : plainLine(row.detail, detailChars),
          row.spend,
          row.withSubagents,
        ),
      ),
      ...(more === null ? [] : [line(`${more.rows} more`, '', more.spend, null)]),
      line('all', '', total, null),
    ],
  );
}

/** A prompt stands in a row with its figures, not beside them; a file has its whole path. */
const labelChars = 80;
const detailChars = 40;

/** "no price" is never 0. */
function money({ usd, unpricedCalls, calls }: Spend): string {
  if (calls === 0) return '-';
  if (usd === null) return 'no price';
  return unpricedCalls > 0 ? `${dollars(usd)} + ${amount(unpricedCalls)} unpriced` : dollars(usd);
}

/** A call that was divided among several has parts that are no whole numbers. */
function amount(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

/** What stands behind a sum; of several, each with its share. */
function basisText({ byBasis }: Spend): string {
  const known = bases.filter((basis) => byBasis[basis] !== undefined);
  return known.length === 1 ? (known[0] ?? '') : known.map((basis) => `${basis} ${dollars(byBasis[basis] ?? 0)}`).join(', ') || 'unknown';
}

function none(by: CostBy): string {
  switch (by) {
    case 'day':
      return '(time not observed)';
    case 'model':
      return '(model not named)';
    case 'tool':
      return '(asked for no tool)';
    case 'file':
      return '(touched no file)';
    case 'turn':
      return '(of no turn)';
    case 'subagent':
      return '(not by a sub-agent)';
    case 'trigger':
    case 'sandbox':
    case 'agent':
    case 'session':
      return '(not named)';
    default:
      return assertNever(by);
  }
}

function unseen(each: NotObserved): string {
  switch (each.kind) {
    case 'compactions':
      return `what the summaries of ${count(each.count, 'compaction', 'compactions')} cost; no count of them is written down`;
    case 'retries':
      return `what ${count(each.count, 'attempt', 'attempts')} cost that failed and ${each.count === 1 ? 'was' : 'were'} made again`;
    case 'cutOff':
      return `what ${count(each.count, 'LLM call', 'LLM calls')} cost that failed or ${each.count === 1 ? 'was' : 'were'} cut off before anything was counted`;
    case 'unrecordedSessions':
      return `${count(each.count, 'session', 'sessions')} of which only the index speaks`;
    default:
      return assertNever(each);
  }
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** Money in full, to be summed; a cell without a price is empty. */
export function costCsv({ by, rows, more }: CostDocument): string {
  return csv(
    [
      by,
      'of',
      'session',
      'span',
      'llm_calls',
      'input_tokens',
      'cache_read_tokens',
      'cache_write_tokens',
      'output_tokens',
      'reasoning_tokens',
      'usd',
      ...bases.map((basis) => `usd_${basis}`),
      'unpriced_calls',
      'usd_with_subagents',
      'unpriced_calls_with_subagents',
    ],
    [...rows, ...(more === null ? [] : [rest(more)])].map(({ label, detail, sessionId, spanId, spend, withSubagents }) => [
      label,
      detail,
      sessionId,
      spanId,
      spend.calls,
      spend.usage.input,
      spend.usage.cacheRead,
      spend.usage.cacheWrite,
      spend.usage.output,
      spend.usage.reasoning,
      spend.usd,
      ...bases.map((basis) => spend.byBasis[basis] ?? null),
      spend.unpricedCalls,
      withSubagents?.usd ?? null,
      withSubagents?.unpricedCalls ?? null,
    ]),
  );
}

/** What is not listed, so that a sum over the column is the sum of all. */
function rest({ rows, spend }: NonNullable<CostDocument['more']>): CostDocumentRow {
  return { label: `(${rows} more)`, detail: null, sessionId: null, spanId: null, spend, withSubagents: null };
}
