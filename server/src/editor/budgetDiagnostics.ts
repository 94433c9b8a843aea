/** Budgets that are nearly or wholly used, as problems in the read-only document of the session that they are of, or that took most. */
import type { BudgetDriver, BudgetKind, BudgetState, BudgetUnit } from '../protocol/cost';
import type { ProblemCode } from '../protocol/problems';
import type { BudgetReading } from '../query/budgets';
import type { PlaceSource } from '../query/placeSource';
import { normalUri } from '../query/sameUri';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import { percentUsed } from '../usage/budgets';
import { callUri, dollars, label, sessionUri } from './labels';
import type { PlacedDiagnostic } from './placed';
import { lspSeverities } from './severities';

export const budgetSetting = 'sandglass.budgets.limits';

const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
const kinds: Readonly<Record<BudgetKind, string>> = {
  turn: 'a turn',
  session: 'a session',
  day: 'the day',
  sandbox: 'the sandbox',
  workspace: 'the workspace',
};

type BudgetCode = Extract<ProblemCode, 'budget-warning' | 'budget-passed'>;

export function budgetDiagnostics(
  store: Store,
  source: PlaceSource,
  view: SessionView,
  readings: readonly BudgetReading[],
): readonly PlacedDiagnostic[] {
  return readings.flatMap(({ state, drivers }) => {
    if (state.level === null) return [];
    const code: BudgetCode = state.level === 'passed' ? 'budget-passed' : 'budget-warning';
    const turn = state.span === null ? undefined : store.spans.span(view.source, state.span.spanId)?.span;
    const span = turn ?? store.spans.lastTurn(view.row)?.span ?? { id: view.info.id, name: 'session', attributes: {} };
    return [
      {
        uri: normalUri(sessionUri(source.id, view.info)),
        diagnostic: {
          range,
          severity: state.level === 'passed' ? lspSeverities.warning : lspSeverities.information,
          code,
          codeDescription: { href: callUri(source.id, span) },
          source: 'Sandglass',
          message: budgetMessage(state, drivers),
          data: { sourceId: source.id, sessionId: view.info.id, spanId: span.id },
        },
      },
    ];
  });
}

export function budgetMessage(state: BudgetState, drivers: readonly BudgetDriver[]): string {
  const used = `${amount(state.used, state.unit)} of ${amount(state.limit, state.unit)}`;
  const what = `Budget of ${kinds[state.kind]} ${state.level === 'passed' ? 'used up' : 'nearly used up'}: ${used} (${percentUsed(state)} %).`;
  const most = drivers.map((driver) => `${named(driver)} (${amount(driver.used, state.unit)})`);
  const by = most.length === 0 ? '' : ` Most of it: ${most.join(', ')}.`;
  const calls = state.unpricedCalls === 1 ? '1 call without a price is' : `${state.unpricedCalls} calls without a price are`;
  const missing = state.unit === 'usd' && state.unpricedCalls > 0 ? ` ${calls} not in it.` : '';
  return `${what}${by}${missing} The limit is set by ${budgetSetting}.`;
}

function named({ by, label: name }: BudgetDriver): string {
  if (name === null || name === '') return `one ${by}`;
  const shown = label(name, 60);
  return by === 'turn' || by === 'session' ? `${by} "${shown}"` : `${by} ${shown}`;
}

/** Tokens in full: nearly a million is not a million. */
function amount(value: number, unit: BudgetUnit): string {
  return unit === 'usd' ? dollars(value) : `${String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')} tokens`;
}
