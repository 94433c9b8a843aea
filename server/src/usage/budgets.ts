/** How much of a budget is used, what took most of it, and what it is called once it was told. Pure: who spent what comes from elsewhere. */
import type {
  BudgetDriver,
  BudgetKind,
  BudgetLevel,
  BudgetLimit,
  Budgets,
  BudgetState,
  BudgetUnit,
  CostRow,
  Spend,
} from '../protocol/cost';
import { budgetUnits } from '../protocol/cost';

/** From which share on it is warned of, in tenths. */
const warnTenths = 8;
/** Sums of money are made of whole picodollars, but shown as fractions of a dollar: what differs by less is equal. */
const slack = 1e-12;

export type BudgetSubject = Pick<BudgetState, 'session' | 'span' | 'sourceId'>;

/** One for each unit that is limited. What was spent may be unpriced as a whole: then nothing of a budget in money is known to be used. */
export function budgetStates(kind: BudgetKind, budgets: Budgets, spend: Spend, subject: BudgetSubject): readonly BudgetState[] {
  const limits: BudgetLimit = budgets[kind] ?? {};
  return budgetUnits.flatMap((unit) => {
    const limit = limits[unit];
    if (limit === undefined) return [];
    const used = usedOf(spend, unit);
    return [{ kind, unit, limit, used, level: levelOf(used, limit), unpricedCalls: spend.unpricedCalls, ...subject }];
  });
}

export function usedOf({ usage, usd }: Pick<Spend, 'usage' | 'usd'>, unit: BudgetUnit): number {
  return unit === 'usd' ? (usd ?? 0) : usage.input + usage.output + usage.cacheRead + usage.cacheWrite;
}

export function levelOf(used: number, limit: number): BudgetLevel | null {
  if (used >= limit * (1 - slack)) return 'passed';
  return used * 10 >= limit * warnTenths * (1 - slack) ? 'warning' : null;
}

/** In percent, and never more than is true: what is shown as 100 was passed. */
export function percentUsed({ used, limit }: Pick<BudgetState, 'used' | 'limit'>): number {
  return Math.floor(((100 * used) / limit) * (1 + slack));
}

/** What took most of each part, the largest first; what took nothing drives nothing. */
export function driverOf(by: BudgetDriver['by'], rows: readonly CostRow[], unit: BudgetUnit): BudgetDriver | null {
  let most: BudgetDriver | null = null;
  for (const { label, spend } of rows) {
    const used = usedOf(spend, unit);
    if (used > (most?.used ?? 0)) most = { by, label, used };
  }
  return most;
}

/** The worst first: passed before warned of, and of these the one that is used most. */
export function worstFirst(a: BudgetState, b: BudgetState): number {
  return rank(b.level) - rank(a.level) || b.used / b.limit - a.used / a.limit;
}

function rank(level: BudgetLevel | null): number {
  return level === 'passed' ? 2 : level === 'warning' ? 1 : 0;
}

/**
 * The names under which is kept that a state was told: once for each budget, subject, period and level. One that was raised is another.
 * Whoever tells that it was passed has warned as well. `subject` tells what a budget is of from all others of its kind; `period`: the day.
 */
export function toldNames(state: BudgetState, subject: string, period: string | null): readonly string[] {
  const levels: readonly BudgetLevel[] = state.level === 'passed' ? ['passed', 'warning'] : state.level === 'warning' ? ['warning'] : [];
  return levels.map((level) => JSON.stringify(['budget', state.kind, state.unit, state.limit, subject, period, level]));
}
