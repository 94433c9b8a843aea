/** The menu behind the status bar's item, for the keyboard and screen readers too. Pure: what is chosen is done elsewhere. */
import type { BudgetState } from '../../../server/src/protocol/cost';
import type { DearCall, SessionRef, SpanRef, StatusView } from '../../../server/src/protocol/messages';
import { budgetName, usedText } from '../budgets/budgetText';
import { costText, dollars, moneyText, tokenCount } from '../format';
import type { Translate } from '../format';
import { plainText, withoutIcons } from '../plainText';
import { basisText, cacheText, dearText, forecastText, knownSpendText, todayLine } from './statusTooltip';

const maxName = 60;
const maxModels = 8;
const maxSandboxes = 5;

export type MenuAction =
  | { readonly kind: 'trace'; readonly session: SessionRef }
  | { readonly kind: 'span'; readonly span: SpanRef }
  | { readonly kind: 'costs' }
  | { readonly kind: 'prices' }
  | { readonly kind: 'budgets' };

export type MenuItem =
  | { readonly kind: 'heading'; readonly label: string }
  | { readonly kind: 'choice'; readonly label: string; readonly description?: string; readonly action: MenuAction };

/** `clockOf`: when a call was made, in words. Labels hold no icons but ours. */
export function statusMenu(view: StatusView, flatRate: boolean, clockOf: (time: string) => string, t: Translate): readonly MenuItem[] {
  const { sourceId, session } = view;
  const choice = (label: string, action: MenuAction, description?: string | null): MenuItem => ({
    kind: 'choice',
    label,
    ...(description === undefined || description === null ? {} : { description: shown(description) }),
    action,
  });
  const part = (label: string, items: readonly MenuItem[]): readonly MenuItem[] =>
    items.length === 0 ? [] : [{ kind: 'heading', label }, ...items];
  const dear = (call: DearCall): MenuItem =>
    choice(`$(comment) ${shown(dearText(call, maxName, t))}`, { kind: 'span', span: call }, call.time === null ? null : clockOf(call.time));
  const costs: MenuAction = { kind: 'costs' };
  const { cost } = session.totals;
  const sum = costText(cost, t);
  const others = view.dearest.today.filter(({ spanId }) => view.dearest.session.every((own) => own.spanId !== spanId));
  return [
    choice(
      `$(list-tree) ${t('Open Trace')}`,
      { kind: 'trace', session: { sourceId, sessionId: session.id } },
      session.title ?? session.key ?? session.id,
    ),
    choice(`$(graph) ${t('Open Cost View')}`, costs, view.today === null ? null : todayLine(view.today, flatRate, t)),
    ...part(t('Budgets'), [
      ...(view.forecast === null ? [] : [choice(`$(clock) ${shown(forecastText(view.forecast, flatRate, t))}`, costs)]),
      ...view.budgets.map((state) =>
        choice(`$(${budgetIcon(state)}) ${budgetName(state.kind, t)}`, { kind: 'budgets' }, usedText(state, flatRate, t)),
      ),
      choice(`$(settings-gear) ${t('Set Budgets…')}`, { kind: 'budgets' }),
    ]),
    ...part(t('Session by model'), [
      ...view.byModel
        .slice(0, maxModels)
        .map(({ model, calls, tokens, usd, basis }) =>
          choice(
            `$(hubot) ${shown(model)}`,
            costs,
            [
              usd === null ? t('no price') : `${moneyText(dollars(usd), usd, flatRate, t)}${flatRate ? ',' : ''} ${basisText(basis, t)}`,
              t('{0} tokens', tokenCount(tokens)),
              calls === 1 ? t('1 call') : t('{0} calls', calls),
            ].join(' · '),
          ),
        ),
      ...(cost.unpricedCalls === 0
        ? []
        : [choice(`$(question) ${t('Calls without a price: {0}', cost.unpricedCalls)}`, { kind: 'prices' }, sum)]),
      ...cacheItems(view, t).map((label) => choice(label, costs)),
    ]),
    ...part(t('Most expensive calls of the session'), view.dearest.session.map(dear)),
    ...part(t('Other expensive calls of today'), others.map(dear)),
    ...part(
      t('Today by sandbox'),
      view.todayBySandbox.length < 2
        ? []
        : view.todayBySandbox
            .slice(0, maxSandboxes)
            .map(({ sandbox, spend }) => choice(`$(vm) ${shown(sandbox)}`, costs, knownSpendText(spend, flatRate, t))),
    ),
  ];
}

function cacheItems(view: StatusView, t: Translate): readonly string[] {
  const text = cacheText(view, t);
  return text === null ? [] : [`$(database) ${text}`];
}

function budgetIcon({ level }: BudgetState): string {
  return level === 'passed' ? 'error' : level === 'warning' ? 'warning' : 'pass';
}

/** Untrusted text in a quick pick. */
function shown(text: string): string {
  return withoutIcons(plainText(text, { maxLength: maxName * 2 }));
}
