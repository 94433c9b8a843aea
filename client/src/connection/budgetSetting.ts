/** The setting `sandglass.budgets.limits`, as the server takes it: a limit that can't be one is left out, and no other stands for it. */
import type { BudgetKind, BudgetLimit, Budgets, BudgetUnit } from '../../../server/src/protocol/cost';
import { budgetKinds, budgetUnits } from '../../../server/src/protocol/cost';

/** As package.json has it: what is above is no limit. */
export const highestLimit: Readonly<Record<BudgetUnit, number>> = { usd: 1_000_000_000, tokens: 1_000_000_000_000 };

export const atLimitChoices = ['warn', 'offerPause'] as const;

export function budgetLimits(value: unknown): Budgets {
  if (typeof value !== 'object' || value === null) return {};
  const budgets: Partial<Record<BudgetKind, BudgetLimit>> = {};
  for (const kind of budgetKinds) {
    const limit = limitOf((value as Readonly<Record<string, unknown>>)[kind]);
    if (Object.keys(limit).length > 0) budgets[kind] = limit;
  }
  return budgets;
}

function limitOf(value: unknown): BudgetLimit {
  if (typeof value !== 'object' || value === null) return {};
  const limit: Partial<Record<BudgetUnit, number>> = {};
  for (const unit of budgetUnits) {
    const set = (value as Readonly<Record<string, unknown>>)[unit];
    if (typeof set === 'number' && set > 0 && set <= highestLimit[unit]) limit[unit] = set;
  }
  return limit;
}
