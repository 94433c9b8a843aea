/** What of each budget is used, and by what: read through the one answer to what things cost, so that it is the same cent everywhere. */
import type {
  BudgetDriver,
  BudgetKind,
  Budgets,
  BudgetState,
  BudgetUnit,
  CostAnswer,
  CostQuery,
  CostRow,
  CostScope,
  Spend,
} from '../protocol/cost';
import type { SessionRef, SpanRef } from '../protocol/messages';
import type { LedgerSum } from '../store/ledger';
import type { Store } from '../store/store';
import { budgetStates, driverOf } from '../usage/budgets';
import type { LocalDay } from '../usage/localDay';

/** The server's answer to `sandglass/costs`. */
export type AskCosts = (query: CostQuery) => CostAnswer;

/** A budget with what took most of it. */
export interface BudgetReading {
  readonly state: BudgetState;
  /** Empty below the first level: nobody asks. */
  readonly drivers: readonly BudgetDriver[];
}

/** Turns of a session that are told of among the problems: those that cost most, and the last one. */
const turnsOfSession = 10;
const driversLooked = 5;

const everything: CostScope = { sourceId: null, sessionId: null, withSubagents: false, from: null, to: null };

export interface LastTurn {
  readonly id: string;
  readonly start: string | null;
}

/** Of a session and its turns. `lastTurn`: told of also while it is far below its limit. */
export function sessionBudgets(
  costs: AskCosts,
  budgets: Budgets,
  session: SessionRef,
  lastTurn: LastTurn | null,
  timeZone: string,
  turnDrivers: (span: SpanRef, unit: BudgetUnit) => readonly BudgetDriver[],
): readonly BudgetReading[] {
  const readings: BudgetReading[] = [];
  const scope: CostScope = { ...everything, sourceId: session.sourceId, sessionId: session.sessionId };
  if (budgets.turn !== undefined) {
    const dearest = costs({ scope, by: 'turn', limit: turnsOfSession, timeZone }).rows;
    const last = dearest.some(({ span }) => span?.spanId === lastTurn?.id) ? [] : rowsOfLast(costs, scope, lastTurn, timeZone);
    for (const { span, spend, withSubagents } of [...dearest, ...last]) {
      // What belongs to no turn is in no budget of one.
      if (span === null) continue;
      for (const state of budgetStates('turn', budgets, withSubagents ?? spend, { session, span, sourceId: session.sourceId })) {
        if (state.level !== null) readings.push({ state, drivers: turnDrivers(span, state.unit) });
        else if (span.spanId === lastTurn?.id) readings.push({ state, drivers: [] });
      }
    }
  }
  if (budgets.session !== undefined) {
    const whole: CostScope = { ...scope, withSubagents: true };
    readings.push(
      ...driven(costs, whole, timeZone, 'turn', (total) =>
        budgetStates('session', budgets, total, { session, span: null, sourceId: session.sourceId }),
      ),
    );
  }
  return readings;
}

/** Of many turns the last may be none of the dearest; its calls are those made since it began. */
function rowsOfLast(costs: AskCosts, scope: CostScope, lastTurn: LastTurn | null, timeZone: string): readonly CostRow[] {
  if (lastTurn === null) return [];
  const { rows } = costs({ scope: { ...scope, from: lastTurn.start }, by: 'turn', limit: turnsOfSession, timeZone });
  return rows.filter(({ span }) => span?.spanId === lastTurn.id);
}

/** The tool and the model that took most of what a turn's own calls came to. */
export function turnDrivers(store: Store, row: number, turnId: string, unit: BudgetUnit): readonly BudgetDriver[] {
  const source = store.sessions.byRow(row)?.source;
  if (source === undefined) return [];
  const turn = store.spans.span(source, turnId)?.span;
  const from = turn?.startTime ?? null;
  const to = turn?.endTime ?? null;
  const { ledger } = store;
  const scope = {
    sources: [source],
    sessions: [row],
    from: from === null ? null : Date.parse(from),
    to: to === null ? null : Date.parse(to) + 1,
  };
  const tools = new Map<string, number>();
  for (const part of ledger.tools(scope)) {
    const name = part.key === null ? null : ledger.toolName(Number(part.key));
    if (name !== null) tools.set(name, (tools.get(name) ?? 0) + usedBy(part, unit));
  }
  const models = new Map<string, number>();
  for (const call of ledger.calls(scope)) {
    const name = call.turnId === turnId ? ledger.modelName(call.model).model : null;
    if (name !== null) models.set(name, (models.get(name) ?? 0) + usedBy(call, unit));
  }
  return [mostOf('tool', tools), mostOf('model', models)].filter((driver) => driver !== null);
}

function usedBy(sum: LedgerSum, unit: BudgetUnit): number {
  return unit === 'usd' ? sum.micro / 1e6 + sum.pico / 1e12 : sum.input + sum.output + sum.cacheRead + sum.cacheWrite;
}

function mostOf(by: BudgetDriver['by'], parts: ReadonlyMap<string, number>): BudgetDriver | null {
  let most: BudgetDriver | null = null;
  for (const [label, used] of parts) if (used > (most?.used ?? 0)) most = { by, label, used };
  return most;
}

/** Of a sandbox; of the day, and of all there is, where no source is named. They stand with the session that took most. */
export function wideBudgets(
  costs: AskCosts,
  budgets: Budgets,
  kind: Extract<BudgetKind, 'day' | 'sandbox' | 'workspace'>,
  of: { readonly sourceId: string | null; readonly day: LocalDay | null },
  timeZone: string,
): readonly BudgetReading[] {
  if (budgets[kind] === undefined) return [];
  const scope: CostScope = {
    ...everything,
    sourceId: of.sourceId,
    from: of.day === null ? null : new Date(of.day.from).toISOString(),
    to: of.day === null ? null : new Date(of.day.to).toISOString(),
  };
  return driven(costs, scope, timeZone, 'session', (total, [dearest]) =>
    budgetStates(kind, budgets, total, { session: dearest?.session ?? null, span: null, sourceId: of.sourceId }),
  );
}

function driven(
  costs: AskCosts,
  scope: CostScope,
  timeZone: string,
  by: 'session' | 'turn',
  statesOf: (total: Spend, rows: readonly CostRow[]) => readonly BudgetState[],
): readonly BudgetReading[] {
  // Whatever parts a sum has must be named, which takes far longer than the sum: that is only asked for when something is to be said.
  const { total } = costs({ scope, by: 'trigger', limit: 0, timeZone });
  if (statesOf(total, []).every(({ level }) => level === null)) return statesOf(total, []).map((state) => ({ state, drivers: [] }));
  const { rows } = costs({ scope, by, limit: driversLooked, timeZone });
  const models = costs({ scope, by: 'model', limit: driversLooked, timeZone }).rows;
  const states = statesOf(total, rows);
  return states.map((state) => ({
    state,
    drivers:
      state.level === null
        ? []
        : [driverOf(by, rows, state.unit), driverOf('model', models, state.unit)].filter((driver) => driver !== null),
  }));
}
