/** What stands in a file costs each call, in words: short beside the code, with its basis and doubts in the tooltip. */
import { assertNever } from '../model/assertNever';
import { daysLookedBack } from '../query/contextCost';
import type { ContextCost, ContextMoney, InCall } from '../query/contextCost';
import { charsPerToken } from '../query/contextSent';
import { amount, basisWords } from './costWords';
import { counted, dayOrClock } from './definitionLenses';
import { dollars, escaped, label } from './labels';

/** An editor shows so many characters of the hints of a line (`editor.inlayHints.maximumLength`): what is longer would end in the middle of a word. */
const hintChars = 43;

/** In the most words that are shown. `name`: where several stand in one line. */
export function contextHintLabel(cost: ContextCost, name: string | null = null, now: Date = new Date()): string {
  const head = name === null ? '' : `${label(name, 40)}: `;
  const forms = [...formsOf(cost, now)].map((parts) => head + parts.filter((part) => part !== null).join(' · '));
  return forms.find((form) => form.length <= hintChars) ?? forms.at(-1) ?? '';
}

/** All of it: a lens has room. */
export function contextLensTitle(cost: ContextCost, name: string | null = null, now: Date = new Date()): string {
  const { calls, days } = cost;
  const head = name === null ? '' : `${label(name, 40)}: `;
  const [parts = []] = formsOf(cost, now);
  const of = calls === 0 ? null : `in ${counted(calls, 'LLM call')} of ${days === 1 ? '24 hours' : `${days} days`}`;
  return head + [...parts, of].filter((part) => part !== null).join(' · ');
}

/** From the longest to the shortest. */
function formsOf(cost: ContextCost, now: Date): readonly (readonly (string | null)[])[] {
  const { inCall, definition } = cost;
  switch (inCall.kind) {
    case 'unknown':
      return [inCall.fileTokens === null ? ['context cost not known'] : [`~${number(inCall.fileTokens)} tokens`, 'not known whether sent']];
    case 'not-sent':
      return [[notSent(inCall.why)]];
    case 'sent': {
      const tokens = `~${number(inCall.tokens)} ${inCall.tokens === 1 ? 'token' : 'tokens'}`;
      const what = definition.kind === 'skill' ? ' (its entry in the list)' : '';
      const chars = number(inCall.chars);
      const cut = (words: string): string | null => (inCall.truncated ? words : null);
      return [
        [`${tokens} in each call${what}`, price(cost, now, ' a day'), cut(`truncated at ${chars} chars`)],
        [`${tokens} in each call`, price(cost, now, ' a day'), cut('truncated')],
        [`${tokens}/call`, price(cost, now, '/day'), cut(`cut at ${chars}`)],
        [`${tokens}/call`, price(cost, now, '/day'), cut('cut')],
        [`${tokens}/call`, cut('cut')],
      ];
    }
    default:
      return assertNever(inCall);
  }
}

function notSent(why: Extract<InCall, { kind: 'not-sent' }>['why']): string {
  switch (why) {
    case 'missing':
      return 'not there when the last prompt was made';
    case 'tool-search':
      return 'not in the prompt: found by Tool Search';
    case 'not-listed':
      return 'not in the prompt';
    default:
      return assertNever(why);
  }
}

function price({ calls, money, lastCall }: ContextCost, now: Date, each: string): string | null {
  if (calls === 0) return lastCall === null ? 'no calls recorded' : `last sent ${dayOrClock(lastCall, now)}`;
  if (money === null) return 'price not known';
  const { usdADay, bases, unpricedCalls } = money;
  if (usdADay === 0 && bases.every((basis) => basis === 'local')) return 'on own hardware';
  return `${amount(usdADay, unpricedCalls > 0).replace('$', '~$')}${each}`;
}

export function number(value: number): string {
  return value.toLocaleString('en-US');
}

/** Markdown; untrusted text in it is escaped. */
export function contextCostTooltip(one: ContextCost, now: Date = new Date()): string {
  const { definition, inCall, sessions, knownSessions, unknownSessions, calls, days, lastCall, money, at } = one;
  const when = at === null ? 'at a time that is not recorded' : escaped(`as of ${dayOrClock(at, now)}`);
  const lines = [`**${escaped(definition.name)}** in the prompts of agents, ${when}`];
  lines.push(tokensText(one));
  if (inCall.kind === 'sent' && inCall.truncated)
    lines.push(`OpenClaw cut it: ${number(inCall.chars)} of ${number(inCall.rawChars)} characters were sent.`);
  if (knownSessions > 0) {
    const doubt = unknownSessions === 0 ? '' : ` Of ${counted(unknownSessions, 'further session')} it is not recorded.`;
    lines.push(`The last prompt of ${sessions} of ${counted(knownSessions, 'session')} carried it.${doubt}`);
  }
  if (inCall.kind === 'sent') lines.push(callsText(calls, days, lastCall, now));
  if (inCall.kind === 'sent' && calls > 0) lines.push(moneyText(money));
  return lines.join('\n\n');
}

function tokensText({ inCall, encoding, definition }: ContextCost): string {
  switch (inCall.kind) {
    case 'unknown':
      return inCall.fileTokens === null
        ? 'What was in the prompts of its sessions is not recorded.'
        : `The file has about ${number(inCall.fileTokens)} tokens (${escaped(encoding ?? 'by its characters')}). What was in the prompts of its sessions is not recorded.`;
    case 'not-sent':
      return inCall.why === 'tool-search'
        ? 'The model gets Tool Search instead of all tools: this one costs tokens only when it is looked up.'
        : 'The last prompts that OpenClaw measured did not hold it.';
    case 'sent':
      return `About ${number(inCall.tokens)} tokens, an estimate: ${estimateText(inCall, encoding, definition.kind === 'skill')}`;
    default:
      return assertNever(inCall);
  }
}

function estimateText(inCall: Extract<InCall, { kind: 'sent' }>, encoding: string | null, skill: boolean): string {
  const by = escaped(encoding ?? '');
  switch (inCall.by) {
    case 'text':
      return `counted with ${by} in the file as it was saved, which is as long as what was sent.`;
    case 'part':
      return `counted with ${by} in the file as it was saved, in proportion to the part that was sent.`;
    case 'changed':
      return `the file has changed since; counted with ${by} in it as it is now, in proportion to the ${number(inCall.chars)} characters that were sent.`;
    case 'characters': {
      const of = skill ? charsPerToken.skill : inCall.tools > 0 ? charsPerToken.tool : null;
      const tools = inCall.tools > 0 ? ` of ${counted(inCall.tools, 'tool')}` : '';
      const each = of === null ? '' : `, at ${of} a token`;
      return `${number(inCall.chars)} characters${tools} were sent${each}.${skill ? ' The rest of the skill is sent only when the agent reads it.' : ''}`;
    }
    default:
      return assertNever(inCall.by);
  }
}

function callsText(calls: number, days: number, lastCall: number | null, now: Date): string {
  if (calls > 0) return `${counted(calls, 'LLM call')} of these sessions in the last ${days === 1 ? '24 hours' : `${days} days`}.`;
  if (lastCall === null) return 'No LLM calls of these sessions are recorded.';
  return `No LLM calls of these sessions in the last ${daysLookedBack} days; the last was ${escaped(dayOrClock(lastCall, now))}.`;
}

function moneyText(money: ContextMoney | null): string {
  if (money === null) return 'No price is known for the models of these calls, so there are tokens only.';
  const { usdADay, bases, sources, unpricedCalls, cached } = money;
  const listed = sources.filter((source) => source !== 'price book');
  const from =
    listed.length === 0
      ? ''
      : ` (${listed
          .slice(0, 3)
          .map((source) => escaped(source, 100))
          .join('; ')})`;
  const rest = unpricedCalls === 0 ? '' : ` ${counted(unpricedCalls, 'call')} without a known price left out.`;
  return `About ${dollars(usdADay)} a day, by ${[...new Set(bases.map((basis) => basisWords[basis]))].join(' + ')}${from}: these tokens at the price of input, ${Math.round(cached * 100)} % of it read from a cache as in these calls.${rest}`;
}
