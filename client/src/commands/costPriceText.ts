/** Prices as people type them, and what is said of them. Pure. */
import { highestRate, isRate } from '../connection/priceSetting';
import type { PricedName, TokenRates } from '../connection/priceSetting';
import type { PriceRates } from '../../../server/src/protocol/cost';
import type { Translate } from '../format';
import { plainText, withoutIcons } from '../plainText';

const maxName = 80;

/** "3", "0.15", "$ 2.50", "2,5"; `null`: nothing; `undefined`: no price. A comma parts thousands only where a dot follows. */
export function typedRate(text: string): number | null | undefined {
  const plain = text.trim().replace(/^\$\s*/, '');
  if (plain === '') return null;
  const number = /^\d{1,3}(,\d{3})+\.\d+$/.test(plain) ? plain.replaceAll(',', '') : plain.replace(/^(\d*),(\d+)$/, '$1.$2');
  if (!/^(\d+(\.\d*)?|\.\d+)$/.test(number)) return undefined;
  const value = Number(number);
  return isRate(value) ? value : undefined;
}

/** What is wrong with what was typed; null: nothing. */
export function rateProblem(text: string, optional: boolean, t: Translate): string | null {
  const rate = typedRate(text);
  if (rate === undefined) return t('A number of US dollars from 0 to {0}, such as 0.15', highestRate);
  if (rate === null && !optional) return t('A number is needed here; 0 if these tokens are free');
  return null;
}

export interface RateQuestion {
  readonly name: keyof TokenRates;
  readonly optional: boolean;
  readonly prompt: string;
  readonly value: string;
}

/** In the order in which they are asked; prefilled with the price that holds now. */
export function rateQuestions(rates: PriceRates | TokenRates | null, t: Translate): readonly RateQuestion[] {
  const value = (rate: number | null | undefined): string => (rate === null || rate === undefined ? '' : plainRate(rate));
  return [
    { name: 'input', optional: false, prompt: t('US dollars for a million input tokens'), value: value(rates?.input) },
    { name: 'output', optional: false, prompt: t('US dollars for a million output tokens'), value: value(rates?.output) },
    {
      name: 'cacheRead',
      optional: true,
      prompt: t('US dollars for a million tokens read from a cache. Empty: as input'),
      value: value(rates?.cacheRead),
    },
    {
      name: 'cacheWrite',
      optional: true,
      prompt: t('US dollars for a million tokens written to a cache. Empty: as input'),
      value: value(rates?.cacheWrite),
    },
  ];
}

/** Without an exponent, which nobody types and `typedRate` does not take. */
function plainRate(rate: number): string {
  const text = String(rate);
  return text.includes('e') ? rate.toFixed(12).replace(/0+$/, '').replace(/\.$/, '') : text;
}

/** Untrusted, made fit for a title. */
export function modelText({ provider, vendor, model }: PricedName, t: Translate): string {
  const name = model === null ? t('model not recorded') : plainText(model, { maxLength: maxName });
  const at = vendor ?? provider;
  return withoutIcons(at === null ? name : `${plainText(at, { maxLength: maxName })} / ${name}`);
}
