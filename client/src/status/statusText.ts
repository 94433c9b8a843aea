/** What the status bar says: what the agent in view does now, for how long, and what it has cost. Pure. */
import type { BudgetState, Spend } from '../../../server/src/protocol/cost';
import type { Collector, SandboxNode, StatusView } from '../../../server/src/protocol/messages';
import { shareText, shortBudgetText, worstBudget } from '../budgets/budgetText';
import { clock, moneyText, shortCostText, tokenCount, totalTokens } from '../format';
import type { Translate } from '../format';
import { plainText, withoutIcons } from '../plainText';
import { isFollowed } from '../views/attached';
import { statusTooltip } from './statusTooltip';

/** A model that has not answered for this long turns the item amber. */
export const modelWaitAmberMs = 120_000;
/** A start that lies further back is no clock worth showing: the record is old, or the clocks differ. */
const longestMs = 24 * 3_600_000;
/** A directory is followed whether an agent writes in it or it was copied from elsewhere; only what is young happens now. */
const longestInDirectoryMs = 3_600_000;
const maxToolName = 30;

export interface StatusText {
  readonly text: string;
  /** Waiting for the model for too long. */
  readonly amber: boolean;
  /** It shows a time that goes on. */
  readonly ticking: boolean;
  /** Markdown, every untrusted part escaped. */
  readonly tooltip: string;
  /** What a screen reader says. */
  readonly spoken: string;
}

/** What stands around the agent. */
export interface Around {
  /** null: its sandbox is not read by a collector. */
  readonly collector: Collector | null;
  /** Its sandbox is: whatever it was doing, it does not go on. */
  readonly paused: boolean;
  /** The user pays for no single call. */
  readonly flatRate: boolean;
}

/** How long something in this source may run and still be told to run now; 0: what is read or played back is past. */
export function longestOf(source: Pick<SandboxNode, 'kind' | 'attach'> | null): number {
  if (source !== null && source.kind !== 'directory' && isFollowed(source.attach)) return longestMs;
  return source?.kind === 'directory' && source.attach.kind === 'read' ? longestInDirectoryMs : 0;
}

/** `longest`: see longestOf; what has run for longer has no time that is worth showing. */
export function statusText(
  view: StatusView,
  longest: number,
  now: number,
  t: Translate,
  { collector, paused, flatRate }: Around = { collector: null, paused: false, flatRate: false },
): StatusText {
  const { doing, amber, ticking, icon } = doingNow(
    paused ? { ...view, now: { kind: 'paused' } } : view,
    (since) => elapsedMs(since, now, longest),
    t,
  );
  const worst = worstBudget(view.budgets);
  const today = todayText(view, flatRate, t);
  const numbers = numbersOf(view, flatRate, false, t).join(' · ');
  const share = worst === null ? null : `${worst.level === 'passed' ? '$(warning) ' : ''}${t('budget {0}', shareText(worst, t))}`;
  return {
    // Where room is short the editor cuts off the end: what is used up stands before what it was used for.
    text: `$(${icon}) ${(worst?.level === 'passed'
      ? [withoutIcons(doing), share, numbers, today]
      : [withoutIcons(doing), numbers, share, today]
    )
      .filter((part) => part !== null && part !== '')
      .join(' · ')}`,
    amber,
    ticking,
    tooltip: statusTooltip(view, collector, flatRate, t),
    spoken: t(
      'Sandglass: {0}',
      [doing, ...numbersOf(view, flatRate, true, t), worst === null ? null : spokenBudget(worst, t), today]
        .filter((part) => part !== null)
        .join(', '),
    ),
  };
}

/** The session's tokens and cost. `whole`: in words that can be read out. */
function numbersOf(view: StatusView, flatRate: boolean, whole: boolean, t: Translate): readonly string[] {
  const count = whole ? t('{0} tokens', tokenCount(view.tokens)) : t('{0} tok', tokenCount(view.tokens));
  const { cost } = view.session.totals;
  const money = shortCostText(cost, t);
  const parts = [view.tokens > 0 ? count : null, money === null ? null : moneyText(money, cost.usd, flatRate, t)];
  return parts.filter((part) => part !== null);
}

/** Null where today is the session itself, or nothing that could be shown. */
function todayText({ today, session: { totals } }: StatusView, flatRate: boolean, t: Translate): string | null {
  if (today === null || isAllOf(today, totals)) return null;
  if (flatRate) return t('{0} tok today', tokenCount(totalTokens(today.usage)));
  const money = today.usd === null ? null : shortCostText(today, t);
  return money === null ? null : t('{0} today', money);
}

function isAllOf(today: Spend, totals: StatusView['session']['totals']): boolean {
  return today.calls === totals.llmCalls && totalTokens(today.usage) === totalTokens(totals.usage);
}

function spokenBudget(state: BudgetState, t: Translate): string {
  const text = shortBudgetText(state, t);
  return state.level === 'passed' ? t('{0}, which is used up', text) : text;
}

function doingNow(
  view: Omit<StatusView, 'now'> & { readonly now: StatusView['now'] | { readonly kind: 'paused' } },
  elapsedSince: (since: string) => number | null,
  t: Translate,
): { readonly doing: string; readonly amber: boolean; readonly ticking: boolean; readonly icon: string } {
  switch (view.now.kind) {
    case 'paused':
      return {
        doing: t('{0} paused', plainText(view.session.agent, { maxLength: maxToolName })),
        amber: false,
        ticking: false,
        icon: 'debug-pause',
      };
    case 'idle':
      return {
        doing: t('{0} idle', plainText(view.session.agent, { maxLength: maxToolName })),
        amber: false,
        ticking: false,
        icon: 'robot',
      };
    case 'tool': {
      const elapsed = elapsedSince(view.now.since);
      const name = plainText(view.now.name, { maxLength: maxToolName });
      return { doing: elapsed === null ? name : `${name} ${clock(elapsed)}`, amber: false, ticking: elapsed !== null, icon: 'sync~spin' };
    }
    case 'model': {
      const elapsed = elapsedSince(view.now.since);
      const doing = elapsed === null ? t('waiting for the model') : t('waiting for the model {0}', clock(elapsed));
      return { doing, amber: elapsed !== null && elapsed >= modelWaitAmberMs, ticking: elapsed !== null, icon: 'sync~spin' };
    }
  }
}

/** Null when the start is unreadable or too long ago; a start in the future (another clock) counts as now. */
function elapsedMs(since: string, now: number, longest: number): number | null {
  const start = Date.parse(since);
  if (longest === 0 || Number.isNaN(start)) return null;
  const elapsed = Math.max(0, now - start);
  return elapsed > longest ? null : elapsed;
}
