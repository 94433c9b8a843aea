/** What is worth a look, a line each; at most a screen of them. */
import { assertNever } from '../model/assertNever';
import { plainLine } from '../decode/preview';
import { dollars } from '../editor/labels';
import type { CostDocumentInsight } from '../protocol/costDocuments';
import type { GrownPart } from '../protocol/insight';

const shown = 10;

export function insightsText(insights: readonly CostDocumentInsight[]): string {
  if (insights.length === 0) return '';
  const lines = insights.slice(0, shown).map((insight) => `  ${wordsOf(insight)}\n`);
  const rest = insights.length - shown;
  return `\nWorth a look\n${lines.join('')}${rest > 0 ? `  and ${rest} more; --json lists them\n` : ''}`;
}

type Of<K extends CostDocumentInsight['kind']> = Extract<CostDocumentInsight, { readonly kind: K }>;

function wordsOf(insight: CostDocumentInsight): string {
  const session = `session ${plainLine(insight.sessionId, 60)}`;
  switch (insight.kind) {
    case 'unusual': {
      const { of, spanId, measure, value, usual, times, compared, bases, grew, running } = insight;
      const what = of === 'turn' ? `turn ${spanId} of ${session}` : session;
      const said = measure === 'duration' ? 'took' : measure === 'tokens' ? 'used' : 'cost';
      const basis = bases.length > 0 && measure === 'usd' ? ` (${bases.join(', ')})` : '';
      const parts = grew.map((part) => grownText(part, measure));
      return [
        `${what}${running ? ', which still runs,' : ''} ${said} ${amount(value, measure)}${basis}: ${rounded(times)} times the usual ${amount(usual, measure)} of ${compared} like it`,
        ...(parts.length === 0 ? [] : [`grew: ${parts.join(', ')}`]),
      ].join('; ');
    }
    case 'redundantCalls': {
      const { tool, times, llmCalls, carriedTokens } = insight;
      const carried = carriedTokens === 0 ? '' : `; later prompts carried ~${carriedTokens} tokens of it`;
      return `${session}: ${plainLine(tool, 40)} was called ${times} times more in a turn and told nothing new; ${count(llmCalls, 'LLM call')} for it: ${spent(insight)}${carried}`;
    }
    case 'unusedAnswer':
      return `${session} (preview): nothing seems to have come of what this sub-agent answered; ~${spent(insight)}`;
    default:
      return assertNever(insight);
  }
}

function grownText(grown: GrownPart, measure: Of<'unusual'>['measure']): string {
  const { value, usual } = grown;
  const usually = (of: (value: number) => string): string => `${of(value)} (usually ${of(usual)})`;
  switch (grown.part) {
    case 'calls':
      return `LLM calls ${usually(rounded)}`;
    case 'prompt':
      return `tokens of prompt a call ${usually(rounded)}`;
    case 'output':
      return `tokens of output a call ${usually(rounded)}`;
    case 'cacheMisses':
      return `prompts not from a cache ${usually((share) => `${Math.round(share * 100)} %`)}`;
    case 'price':
      return `price of a million tokens ~${usually(dollars)}`;
    case 'below':
      return `sub-agents ${usually((of) => amount(of, measure))}`;
    case 'modelTime':
      return `LLM calls ${usually(seconds)}`;
    case 'toolTime':
      return `${plainLine(grown.tool, 40)} ${usually(seconds)}`;
    default:
      return assertNever(grown);
  }
}

function spent({ usd, tokens, bases, unpricedCalls }: Of<'redundantCalls' | 'unusedAnswer'>): string {
  const unpriced = usd !== null && unpricedCalls > 0 ? ` + ${unpricedCalls} unpriced` : '';
  return `${usd === null ? 'no price' : `${dollars(usd)} (${bases.join(', ')})`}${unpriced}, ${tokens ?? 'unknown'} tokens`;
}

function amount(value: number, measure: Of<'unusual'>['measure']): string {
  return measure === 'usd' ? dollars(value) : measure === 'tokens' ? `${rounded(value)} tokens` : seconds(value);
}

function seconds(ms: number): string {
  return `${rounded(ms / 1000)} s`;
}

function rounded(value: number): string {
  return String(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
}

function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`;
}
