/**
 * Sets the user's own price of a model, or takes it back: asked for step by step, and written to the user's settings by nobody but
 * the client. How each model is priced now is said beside it.
 */
import * as vscode from 'vscode';
import type { PricedModel } from '../../../server/src/protocol/cost';
import { ownPrice, settable, withPrice, withoutPrice } from '../connection/priceSetting';
import type { TokenRates } from '../connection/priceSetting';
import type { ServerHost } from '../connection/serverHost';
import type { SettingId } from '../contributions';
import { basisWord } from '../costWords';
import { dollars, tokenCount, totalTokens } from '../format';
import type { Notifier } from '../notify';
import { priceOf } from './arguments';
import { modelText, rateProblem, rateQuestions, typedRate } from './costPriceText';

const t = vscode.l10n.t;
const setting: SettingId = 'sandglass.cost.prices';

export interface PriceServices {
  readonly server: ServerHost;
  readonly notifier: Notifier;
}

export async function setPrice(given: unknown, { server, notifier }: PriceServices): Promise<void> {
  const asked = priceOf(given);
  const models = await server.request('prices', undefined);
  const named: Pick<PricedModel, 'provider' | 'vendor' | 'model'> | null = asked ?? (await pickModel(models));
  if (named === null || named.model === null) return;
  const name = { provider: named.provider, vendor: named.vendor, model: named.model };
  if (!settable(name)) {
    const text = t('A price of this model can only be set by hand: its name would stand for others too.');
    notifier.show({ severity: 'warning', key: 'price', text, actions: [{ title: t('Open Setting'), run: openSetting }], asked: true });
    return;
  }
  const known = models.find(({ provider, vendor, model }) => provider === name.provider && vendor === name.vendor && model === name.model);
  const before = vscode.workspace.getConfiguration().inspect<unknown>(setting)?.globalValue;
  if (asked?.remove === true) {
    await write(withoutPrice(before, name), notifier);
    return;
  }
  const own = ownPrice(before, name);
  // Set by itself it would change nothing there.
  const reported = (known?.spend.byBasis.reported ?? 0) > 0;
  const rates = asked?.rates ?? (await askRates(modelText(name, t), own ?? known?.rates ?? null, reported));
  if (rates !== null) await write(withPrice(before, name, rates, reported), notifier);
}

async function write(value: readonly unknown[] | null, notifier: Notifier): Promise<void> {
  if (value === null) {
    const text = t('The setting {0} holds no list, so nothing was written. Mend it first.', setting);
    notifier.show({ severity: 'warning', key: 'price', text, actions: [{ title: t('Open Setting'), run: openSetting }], asked: true });
    return;
  }
  await vscode.workspace.getConfiguration().update(setting, value.length === 0 ? undefined : value, vscode.ConfigurationTarget.Global);
}

function openSetting(): Thenable<unknown> {
  return vscode.commands.executeCommand('workbench.action.openSettings', setting);
}

async function pickModel(models: readonly PricedModel[]): Promise<PricedModel | null> {
  // What has no price is what one is set for.
  const choices = models
    .filter(settable)
    .sort((a, b) => Number(a.reason === null) - Number(b.reason === null))
    .map((value) => ({
      label: modelText(value, t),
      description: basisWord(value.basis, t),
      detail: [
        value.rates === null
          ? null
          : t('{0} input, {1} output for a million tokens', dollars(value.rates.input), dollars(value.rates.output)),
        t('{0} tokens in {1} calls', tokenCount(totalTokens(value.spend.usage)), value.spend.calls),
      ]
        .filter((part) => part !== null)
        .join(' · '),
      value,
    }));
  const placeHolder =
    choices.length === 0
      ? t('No model was called yet. Attach to a sandbox or play the sample first.')
      : t('Set your own price of which model?');
  return (await vscode.window.showQuickPick(choices, { placeHolder, matchOnDescription: true }))?.value ?? null;
}

/** One box for each price, with a way back; null: given up. */
async function askRates(title: string, now: Parameters<typeof rateQuestions>[0], reported: boolean): Promise<TokenRates | null> {
  const questions = rateQuestions(now, t);
  const typed = questions.map(({ value }) => value);
  let at = 0;
  while (at < questions.length) {
    const question = questions[at];
    if (question === undefined) return null;
    const answer = await askOne({
      title,
      step: at + 1,
      steps: questions.length,
      prompt: reported ? t('{0} (holds instead of what is reported)', question.prompt) : question.prompt,
      value: typed[at] ?? '',
      validate: (text) => rateProblem(text, question.optional, t),
    });
    if (answer === null) return null;
    if (answer === 'back') at -= 1;
    else {
      typed[at] = answer.text;
      at += 1;
    }
  }
  const given = questions.flatMap(({ name }, index) => {
    const rate = typedRate(typed[index] ?? '');
    return rate === null || rate === undefined ? [] : [[name, rate] as const];
  });
  return Object.fromEntries(given);
}

interface Question {
  readonly title: string;
  readonly step: number;
  readonly steps: number;
  readonly prompt: string;
  readonly value: string;
  readonly validate: (text: string) => string | null;
}

function askOne({ title, step, steps, prompt, value, validate }: Question): Promise<{ readonly text: string } | 'back' | null> {
  const box = vscode.window.createInputBox();
  return new Promise<{ readonly text: string } | 'back' | null>((answered) => {
    Object.assign(box, { title, step, totalSteps: steps, prompt, value, ignoreFocusOut: true });
    box.buttons = step > 1 ? [vscode.QuickInputButtons.Back] : [];
    box.onDidChangeValue((text) => (box.validationMessage = validate(text) ?? undefined));
    box.onDidTriggerButton(() => answered('back'));
    box.onDidAccept(() => {
      const problem = validate(box.value);
      if (problem === null) answered({ text: box.value });
      else box.validationMessage = problem;
    });
    box.onDidHide(() => answered(null));
    box.show();
  }).finally(() => box.dispose());
}
