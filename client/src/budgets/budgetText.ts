/** Budgets in words. Pure; what a budget is of and what drives it may be named by a sandbox, and is made plain here. */
import type { BudgetDriver, BudgetKind, BudgetNotice, BudgetState, BudgetUnit } from '../../../server/src/protocol/cost';
import { assertNever } from '../assertNever';
import type { SettingId } from '../contributions';
import { dollars, moneyText, tokenCount } from '../format';
import type { Translate } from '../format';
import { plainText } from '../plainText';

export const limitsSetting: SettingId = 'sandglass.budgets.limits';
const maxName = 60;

/** In percent, never more than is true. */
export function percentUsed({ used, limit }: Pick<BudgetState, 'used' | 'limit'>): number {
  return Math.floor(((100 * used) / limit) * (1 + 1e-12));
}

/** Of one budget as it is set, whatever it is of. */
export function budgetKey({ kind, unit, limit }: Pick<BudgetState, 'kind' | 'unit' | 'limit'>): string {
  return `${kind} ${unit} ${limit}`;
}

/** What is used at least: calls without a price may come to more. */
export function shareText(state: BudgetState, t: Translate): string {
  const share = t('{0} %', percentUsed(state));
  return state.unit === 'usd' && state.unpricedCalls > 0 ? `≥ ${share}` : share;
}

export function amountText(value: number, unit: BudgetUnit, flatRate: boolean, t: Translate): string {
  return unit === 'usd' ? moneyText(dollars(value), value, flatRate, t) : t('{0} tokens', tokenCount(value));
}

/** `$16.80 of $20 (84 %)`. */
export function usedText(state: BudgetState, flatRate: boolean, t: Translate): string {
  const [used, limit] = [
    state.unit === 'usd' ? dollars(state.used) : tokenCount(state.used),
    amountText(state.limit, state.unit, flatRate, t),
  ];
  return t('{0} of {1} ({2})', used, limit, shareText(state, t));
}

/** Of the budget, where it stands alone. */
export function budgetName(kind: BudgetKind, t: Translate): string {
  switch (kind) {
    case 'turn':
      return t('Budget of the turn');
    case 'session':
      return t('Budget of the session');
    case 'day':
      return t('Budget of the day');
    case 'sandbox':
      return t('Budget of the sandbox');
    case 'workspace':
      return t('Budget of the workspace');
    default:
      return assertNever(kind);
  }
}

/** Where room is short. */
export function shortBudgetText(state: BudgetState, t: Translate): string {
  const share = shareText(state, t);
  switch (state.kind) {
    case 'turn':
      return t('{0} of turn budget', share);
    case 'session':
      return t('{0} of session budget', share);
    case 'day':
      return t('{0} of day budget', share);
    case 'sandbox':
      return t('{0} of sandbox budget', share);
    case 'workspace':
      return t('{0} of workspace budget', share);
    default:
      return assertNever(state.kind);
  }
}

/** The one that is used most; null: none is set. */
export function worstBudget(states: readonly BudgetState[]): BudgetState | null {
  let worst: BudgetState | null = null;
  for (const state of states) if (worst === null || state.used / state.limit > worst.used / worst.limit) worst = state;
  return worst;
}

/** What a notification says: what, how much, what took most, what is not in it. */
export function noticeText({ state, level, drivers, sandbox, others }: BudgetNotice, flatRate: boolean, t: Translate): string {
  const used = usedText(state, flatRate, t);
  const name = budgetName(state.kind, t);
  const what = level === 'passed' ? t('{0} is used up: {1}', name, used) : t('{0} is nearly used up: {1}', name, used);
  // What is of all sandboxes is in none of them.
  const wide = state.kind === 'day' || state.kind === 'workspace';
  const where = sandbox === null || wide ? `${what}.` : t('{0}, in {1}.', what, plainText(sandbox, { maxLength: maxName }));
  const most = drivers.map((driver) => driverText(driver, state.unit, t));
  const unpriced = state.unit === 'usd' ? state.unpricedCalls : 0;
  return [
    where,
    most.length === 0 ? null : t('Most of it: {0}.', most.join(', ')),
    unpriced === 0
      ? null
      : unpriced === 1
        ? t('1 call without a price is not in it.')
        : t('{0} calls without a price are not in it.', unpriced),
    others === 0
      ? null
      : others === 1
        ? t('1 more budget stands among the Problems.')
        : t('{0} more budgets stand among the Problems.', others),
    t('Limits are set in {0}.', limitsSetting),
  ]
    .filter((part) => part !== null)
    .join(' ');
}

function driverText({ by, label, used }: BudgetDriver, unit: BudgetUnit, t: Translate): string {
  const name = label === null ? '?' : plainText(label, { maxLength: maxName });
  const amount = unit === 'usd' ? dollars(used) : tokenCount(used);
  switch (by) {
    case 'model':
      return t('model {0} ({1})', name, amount);
    case 'tool':
      return t('tool {0} ({1})', name, amount);
    case 'turn':
      return t('turn "{0}" ({1})', name, amount);
    case 'session':
      return t('session "{0}" ({1})', name, amount);
    default:
      return assertNever(by);
  }
}
