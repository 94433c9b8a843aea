/**
 * The tooltip of the status bar's item, which is a menu too. Its Markdown is trusted for a few commands of ours and no others, and only
 * this file writes links into it: their arguments are ids that the server made, of sixteen hexadecimal digits, or nothing. What came
 * out of a sandbox has every mark of punctuation escaped, so that no link can begin or end in it. Pure.
 */
import type { Spend } from '../../../server/src/protocol/cost';
import type { Collector, DearCall, StatusView, TurnForecast } from '../../../server/src/protocol/messages';
import { amountText, budgetName, usedText } from '../budgets/budgetText';
import type { CommandId } from '../contributions';
import { knownCostText } from '../costWords';
import { dollars, tokenCount, totalTokens } from '../format';
import type { Translate } from '../format';
import { escapedMarkdown } from '../plainText';
import { collectorLines } from '../views/sandboxText';

/** What a click in the tooltip may do. Each looks at what it is given, and none changes anything. */
export const tooltipCommands = ['sandglass.openTrace', 'sandglass.openSpan', 'sandglass.costMenu'] as const satisfies readonly CommandId[];
type TooltipCommand = (typeof tooltipCommands)[number];

const maxModels = 12;
const maxSandboxes = 5;
const maxTitle = 60;
const maxModelName = 40;
const idOfOurs = /^[0-9a-f]{16}$/;

export function statusTooltip(view: StatusView, collector: Collector | null, flatRate: boolean, t: Translate): string {
  const title = `**${escapedMarkdown(view.sandbox)}** · ${escapedMarkdown(view.session.title ?? view.session.key ?? view.session.id, maxTitle)}`;
  const forecast = view.forecast === null ? [] : [escapedMarkdown(forecastText(view.forecast, flatRate, t))];
  const paragraphs = [
    title,
    ...sessionCost(view, flatRate, t),
    modelTable(view, t),
    escapedOrNull(cacheText(view, t)),
    ...forecast,
    view.budgets.map((state) => `- ${escapedMarkdown(`${budgetName(state.kind, t)}: ${usedText(state, flatRate, t)}`)}`).join('\n'),
    dearestLines(t('Most expensive calls of the session'), view.dearest.session, t),
    ...today(view, flatRate, t),
    ...collectorLines(collector, t).map((line) => escapedMarkdown(line)),
    [link(t('Open Trace'), 'sandglass.openTrace'), link(t('More…'), 'sandglass.costMenu')].join(' · '),
  ];
  return paragraphs.filter((part) => part !== null && part !== '').join('\n\n');
}

/** One model's row says it all; the sum is for several, or for what has no price, or for what nobody pays by the call. */
function sessionCost(view: StatusView, flatRate: boolean, t: Translate): readonly string[] {
  const { cost } = view.session.totals;
  if (view.byModel.length === 1 && cost.unpricedCalls === 0 && !flatRate) return [];
  const money = knownCostText(cost, flatRate, t);
  if (money === null) return [];
  const unpriced = cost.unpricedCalls === 1 ? t('1 call without a price') : t('{0} calls without a price', cost.unpricedCalls);
  return [escapedMarkdown(cost.unpricedCalls === 0 ? money : `${money} · ${unpriced}`)];
}

function modelTable(view: StatusView, t: Translate): string | null {
  if (view.byModel.length === 0) return null;
  const price = (usd: number | null, basis: string): string =>
    usd === null ? t('no price') : usd === 0 && basis === 'local' ? t('$0 own hardware') : dollars(usd);
  const rows = view.byModel
    .slice(0, maxModels)
    .map(({ model, calls, tokens, usd, basis }) =>
      tableRow([model, String(calls), tokenCount(tokens), price(usd, basis), basisText(basis, t)]),
    );
  const more = view.byModel.length > maxModels ? `\n\n${t('{0} more models', view.byModel.length - maxModels)}` : '';
  const head = tableRow([t('Model'), t('Calls'), t('Tokens'), t('Cost'), t('Basis')]);
  return `${[head, '|---|---:|---:|---:|---|', ...rows].join('\n')}${more}`;
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => escapedMarkdown(cell, maxTitle)).join(' | ')} |`;
}

function escapedOrNull(text: string | null): string | null {
  return text === null ? null : escapedMarkdown(text);
}

/** How much of what the model was given came out of a cache. Null: no cache was seen. */
export function cacheText({ session: { totals } }: Pick<StatusView, 'session'>, t: Translate): string | null {
  const { input, cacheRead, cacheWrite } = totals.usage;
  if (cacheRead + cacheWrite === 0) return null;
  return t('{0} % of the input came from a cache', Math.floor((100 * cacheRead) / (input + cacheRead + cacheWrite)));
}

export function forecastText({ unit, median, low, high, of }: TurnForecast, flatRate: boolean, t: Translate): string {
  const [from, to] = [amountText(low, unit, false, t), amountText(high, unit, false, t)];
  return t('This turn: ≈ {0} by its end ({1} to {2}), from {3} turns like it', amountText(median, unit, flatRate, t), from, to, of);
}

function dearestLines(title: string, calls: readonly DearCall[], t: Translate): string | null {
  if (calls.length === 0) return null;
  return [`${escapedMarkdown(title)}:`, ...calls.map((call) => `- ${dearLink(call, t)}`)].join('\n');
}

function dearLink(call: DearCall, t: Translate): string {
  const text = dearText(call, maxModelName, t);
  const { sourceId, spanId } = call;
  return idOfOurs.test(sourceId) && idOfOurs.test(spanId)
    ? link(text, 'sandglass.openSpan', { sourceId, spanId })
    : escapedMarkdown(text, maxTitle * 2);
}

/** `$0.12 list price · claude-opus-4-6 · 41k tokens`; not escaped. */
export function dearText({ model, usd, basis, tokens }: DearCall, maxName: number, t: Translate): string {
  const name = (model ?? t('unknown model')).slice(0, maxName);
  return `${dollars(usd)} ${basisText(basis, t)} · ${name} · ${t('{0} tokens', tokenCount(tokens))}`;
}

function today(view: StatusView, flatRate: boolean, t: Translate): readonly string[] {
  const text = view.today === null ? null : todayLine(view.today, flatRate, t);
  if (text === null) return [];
  const sandboxes = view.todayBySandbox.length < 2 ? [] : view.todayBySandbox.slice(0, maxSandboxes);
  const lines = sandboxes.map(
    ({ sandbox, spend }) => `- ${escapedMarkdown(sandbox)}: ${escapedMarkdown(knownSpendText(spend, flatRate, t))}`,
  );
  // Those of the session stand above already.
  const others = view.dearest.today.filter(({ spanId }) => view.dearest.session.every((own) => own.spanId !== spanId));
  return [[escapedMarkdown(text), ...lines].join('\n'), dearestLines(t('Other expensive calls of today'), others, t) ?? ''];
}

/** `Today: $1.20 list price · 120k tokens, 34 calls`; not escaped. */
export function todayLine(spend: Spend, flatRate: boolean, t: Translate): string {
  const calls = spend.calls === 1 ? t('1 call') : t('{0} calls', spend.calls);
  const money = knownSpendText(spend, flatRate, t);
  const { unpricedCalls } = spend;
  return unpricedCalls === 0
    ? t('Today: {0}, {1}', money, calls)
    : t('Today: {0}, {1}, {2} of them without a price', money, calls, unpricedCalls);
}

/** Money with how it is known, and tokens; what matters first comes first. Not escaped. */
export function knownSpendText(spend: Spend, flatRate: boolean, t: Translate): string {
  const tokens = t('{0} tokens', tokenCount(totalTokens(spend.usage)));
  const money = knownCostText(spend, flatRate, t) ?? t('no price');
  return (flatRate ? [tokens, money] : [money, tokens]).join(' · ');
}

/** How the price is known, in words; a basis that is not ours stays as it is. */
export function basisText(basis: string, t: Translate): string {
  const words: Readonly<Record<string, string>> = {
    reported: t('reported'),
    user: t('your price'),
    overlay: t('list price'),
    priced: t('list price'),
    local: t('own hardware'),
    unknown: t('no price'),
  };
  return [...new Set(basis.split(', ').map((one) => (Object.hasOwn(words, one) ? (words[one] ?? one) : one)))].join(', ');
}

/** Every character of the arguments that is no letter or digit is escaped, so that none can end the link or begin another. */
function link(label: string, command: TooltipCommand, given?: { readonly sourceId: string; readonly spanId: string }): string {
  const query = given === undefined ? '' : `?${percentEncoded(JSON.stringify([given]))}`;
  return `[${escapedMarkdown(label, maxTitle * 2)}](command:${command}${query})`;
}

function percentEncoded(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
