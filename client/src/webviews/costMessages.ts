/** What a cost page may say, and what it kept: both are checked, since the page shows untrusted text. */
import type { CostBy } from '../../../server/src/protocol/cost';
import type { SessionRef } from '../../../server/src/protocol/messages';
import { mostRows, rowsAtFirst } from '../../../webviews/contract/cost';
import type {
  CostAsk,
  CostColumn,
  CostPageRequest,
  CostPeriod,
  CostPlace,
  CostSort,
  CostToHost,
  CostViewState,
  ModelName,
} from '../../../webviews/contract/cost';

const longestId = 800;
const longestName = 500;
const allBy: Readonly<Record<CostBy, true>> = {
  day: true,
  model: true,
  sandbox: true,
  agent: true,
  session: true,
  subagent: true,
  turn: true,
  trigger: true,
  tool: true,
  file: true,
};
const allColumns: Readonly<Record<CostColumn, true>> = { label: true, usd: true, tokens: true, calls: true, withSubagents: true };

export const everything: CostPlace = { sourceId: null, sessionId: null, withSubagents: true };
export const firstState: CostViewState = {
  side: 'costs',
  place: everything,
  period: { kind: 'all' },
  by: 'day',
  sort: null,
  limit: rowsAtFirst,
};

export function isCostToHost(value: unknown): value is CostToHost {
  if (!isRecord(value)) return false;
  switch (value['kind']) {
    case 'ready':
    case 'chooseSession':
    case 'openSettings':
      return true;
    case 'request':
      return isCount(value['id']) && isRequest(value['request']);
    case 'cancel':
      return isCount(value['id']);
    case 'state':
      return isCostViewState(value['state']);
    case 'open':
      return isSession(value['session']) && (value['spanId'] === null || isId(value['spanId']));
    case 'setPrice':
    case 'removePrice':
      return isModelName(value['model']);
    case 'begin':
      return ['sample', 'recording', 'attach'].includes(String(value['with']));
    default:
      return false;
  }
}

function isRequest(value: unknown): value is CostPageRequest {
  if (!isRecord(value)) return false;
  switch (value['kind']) {
    case 'costs':
    case 'notes':
    case 'copy':
      return isAsk(value['ask']);
    case 'prices':
      return true;
    default:
      return false;
  }
}

function isAsk(value: unknown): value is CostAsk {
  return (
    isRecord(value) &&
    isPlace(value['place']) &&
    isTimeOrNull(value['from']) &&
    isTimeOrNull(value['to']) &&
    isBy(value['by']) &&
    isLimit(value['limit']) &&
    isTimeZone(value['timeZone'])
  );
}

/** Also of a state that the editor kept from an earlier version of Sandglass. */
export function isCostViewState(value: unknown): value is CostViewState {
  return (
    isRecord(value) &&
    (value['side'] === 'costs' || value['side'] === 'prices') &&
    isPlace(value['place']) &&
    isPeriod(value['period']) &&
    isBy(value['by']) &&
    (value['sort'] === null || isSort(value['sort'])) &&
    isLimit(value['limit'])
  );
}

function isPlace(value: unknown): value is CostPlace {
  if (!isRecord(value) || typeof value['withSubagents'] !== 'boolean') return false;
  const { sourceId, sessionId } = value;
  // A session is one of a source.
  return (sourceId === null || isId(sourceId)) && (sessionId === null || (isId(sessionId) && sourceId !== null));
}

function isPeriod(value: unknown): value is CostPeriod {
  if (!isRecord(value)) return false;
  const isDay = (day: unknown): boolean => day === null || (typeof day === 'string' && /^\d{4,6}-\d{2}-\d{2}$/.test(day));
  return value['kind'] === 'days'
    ? isDay(value['from']) && isDay(value['to'])
    : ['today', 'week', 'month', 'all'].includes(String(value['kind']));
}

function isSort(value: unknown): value is CostSort {
  return (
    isRecord(value) &&
    typeof value['column'] === 'string' &&
    Object.hasOwn(allColumns, value['column']) &&
    typeof value['descending'] === 'boolean'
  );
}

function isBy(value: unknown): value is CostBy {
  return typeof value === 'string' && Object.hasOwn(allBy, value);
}

function isModelName(value: unknown): value is ModelName {
  if (!isRecord(value)) return false;
  const isName = (name: unknown): boolean => typeof name === 'string' && name.length <= longestName;
  return (
    [value['provider'], value['vendor']].every((name) => name === null || isName(name)) && value['model'] !== '' && isName(value['model'])
  );
}

function isSession(value: unknown): value is SessionRef {
  return isRecord(value) && isId(value['sourceId']) && isId(value['sessionId']);
}

function isTimeZone(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 100) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function isTimeOrNull(value: unknown): value is string | null {
  return value === null || (isId(value) && !Number.isNaN(Date.parse(value)));
}

function isLimit(value: unknown): value is number {
  return isCount(value) && value >= 1 && value <= mostRows;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestId;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
