/** What is worth a look, in words. Names of agents and tools are untrusted: whoever shows the words shows them as text. */
import type { CostNote } from '../../webviews/contract/cost';
import type { GrownPart, Insight } from '../../server/src/protocol/insight';
import { assertNever } from './assertNever';
import { basisWord } from './costWords';
import { clock, dollars, moneyText, tokenCount } from './format';
import type { Translate } from './format';
import { plainText } from './plainText';

/** A name stands in the middle of a sentence. */
function short(name: string): string {
  return plainText(name, { maxLength: 60 });
}

/** `flatRate`: money is what the API would have charged. */
export function insightNote(insight: Insight, flatRate: boolean, t: Translate): CostNote {
  const at = { session: insight.session, spanId: insight.span?.spanId ?? null };
  switch (insight.kind) {
    case 'unusual':
      return { ...at, severity: 'warning', title: unusualTitle(insight, flatRate, t), why: unusualWhy(insight, t) };
    case 'redundantCalls':
      return { ...at, severity: 'information', title: redundantTitle(insight, t), why: redundantWhy(insight, flatRate, t) };
    case 'unusedAnswer':
      return {
        ...at,
        severity: 'information',
        title: t('Nothing seems to have come of what a sub-agent of {0} answered (preview)', short(insight.agent)),
        why: t(
          'It came to {0}. After the answer, the session that asked wrote none of its {1} distinctive words, in no text and no call.',
          spent(insight, flatRate, t),
          insight.words,
        ),
      };
    default:
      return assertNever(insight);
  }
}

type Of<K extends Insight['kind']> = Extract<Insight, { readonly kind: K }>;

function unusualTitle({ of, agent, measure, value, times }: Of<'unusual'>, flatRate: boolean, t: Translate): string {
  const [name, what, factor] = [short(agent), amount(value, measure, flatRate, t), rounded(times)];
  if (of === 'session') {
    if (measure === 'usd') return t('A session of {0} cost {1}: {2} times the usual', name, what, factor);
    if (measure === 'tokens') return t('A session of {0} took {1} tokens: {2} times the usual', name, what, factor);
    return t('The turns of a session of {0} took {1}: {2} times the usual', name, what, factor);
  }
  if (measure === 'usd') return t('A turn of {0} cost {1}: {2} times the usual', name, what, factor);
  if (measure === 'tokens') return t('A turn of {0} took {1} tokens: {2} times the usual', name, what, factor);
  return t('A turn of {0} took {1}: {2} times the usual', name, what, factor);
}

function unusualWhy({ compared, usual, measure, grew, bases, running }: Of<'unusual'>, t: Translate): string {
  const median = amount(usual, measure, false, t);
  const usually = measure === 'tokens' ? t('{0} tokens', median) : median;
  return [
    t('The median of the {0} before it that were set off by the same is {1}.', compared, usually),
    grew.length === 0 ? null : t('What grew: {0}.', grew.map((part) => grownText(part, measure, t)).join('; ')),
    measure === 'usd' ? t('Basis: {0}.', basesText(bases, t)) : null,
    running ? t('It still runs.') : null,
  ]
    .filter((part) => part !== null)
    .join(' ');
}

function grownText(grown: GrownPart, measure: Of<'unusual'>['measure'], t: Translate): string {
  const { value, usual } = grown;
  switch (grown.part) {
    case 'calls':
      return t('{0} LLM calls, usually {1}', rounded(value), rounded(usual));
    case 'prompt':
      return t('{0} tokens of prompt for each LLM call, usually {1}', tokenCount(value), tokenCount(usual));
    case 'output':
      return t('{0} tokens of output for each LLM call, usually {1}', tokenCount(value), tokenCount(usual));
    case 'cacheMisses':
      return t('{0} % of the prompts not from a cache, usually {1} %', Math.round(value * 100), Math.round(usual * 100));
    case 'price':
      return t('dearer tokens: about {0} for a million, usually {1}', dollars(value), dollars(usual));
    case 'below':
      return t('sub-agents: {0}, usually {1}', amount(value, measure, false, t), amount(usual, measure, false, t));
    case 'modelTime':
      return t('{0} in LLM calls, usually {1}', clock(value), clock(usual));
    case 'toolTime':
      return t('{0} in {1}, usually {2}', clock(value), short(grown.tool), clock(usual));
    default:
      return assertNever(grown);
  }
}

function redundantTitle({ tool, times }: Of<'redundantCalls'>, t: Translate): string {
  const name = short(tool);
  return times === 1
    ? t('{0} was called once more in a turn and told nothing new', name)
    : t('{0} was called {1} times more in a turn and told nothing new', name, times);
}

function redundantWhy(insight: Of<'redundantCalls'>, flatRate: boolean, t: Translate): string {
  const { llmCalls, carriedTokens, beside } = insight;
  return [
    t('Same arguments, same result, and nothing changed in between.'),
    llmCalls === 1
      ? t('The LLM call that asked for nothing else came to {0}.', spent(insight, flatRate, t))
      : t('The {0} LLM calls that asked for nothing else came to {1}.', llmCalls, spent(insight, flatRate, t)),
    carriedTokens === 0 ? null : t('Later prompts carried about {0} tokens of it.', tokenCount(carriedTokens)),
    beside === 0 ? null : t('{0} of them were asked for beside other calls, and are not counted.', beside),
  ]
    .filter((part) => part !== null)
    .join(' ');
}

/** Money with what stands behind it and what is missing from it, and tokens. */
function spent({ usd, tokens, bases, unpricedCalls }: Of<'redundantCalls' | 'unusedAnswer'>, flatRate: boolean, t: Translate): string {
  const money =
    usd === null
      ? t('no price')
      : `${moneyText(`${unpricedCalls > 0 ? '≥ ' : ''}${dollars(usd)}`, usd, flatRate, t)} (${basesText(bases, t)})`;
  return tokens === null ? money : `${money}, ${t('{0} tokens', tokenCount(tokens))}`;
}

function basesText(bases: Insight['bases'], t: Translate): string {
  return [...new Set(bases.map((basis) => basisWord(basis, t)))].join(', ');
}

function amount(value: number, measure: Of<'unusual'>['measure'], flatRate: boolean, t: Translate): string {
  return measure === 'usd' ? moneyText(dollars(value), value, flatRate, t) : measure === 'tokens' ? tokenCount(value) : clock(value);
}

function rounded(value: number): string {
  return String(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
}
