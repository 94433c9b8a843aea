/*
 * How far estimates are from counts. What the recordings report was made up by the bed's scripted model (a quarter of the request's bytes),
 * so the error against it tells of that rule as much as of ours; it is printed, and held within a factor. Counts of a real model are few:
 * an answer that OpenAI's own reference shows is among them. Where only a number of characters is known, tokens come of a ratio: what that
 * ratio is in the texts of real prompts is measured here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { charsPerToken } from '../../../../server/src/query/contextSent';
import { TokenCounter } from '../../../../server/src/usage/tokens/tokenCounter';
import { recording } from '../../../fixtures/recordings';
import { bundledWorker } from './bundledWorker';

interface Compiled {
  readonly session: string;
  readonly systemPrompt: string;
  readonly prompt: string;
  readonly messages: readonly unknown[];
  readonly tools: readonly { readonly name: string; readonly description: string; readonly parameters: unknown }[];
  readonly providerVisibleTools: readonly unknown[];
}

let worker: Awaited<ReturnType<typeof bundledWorker>>;
let counter: TokenCounter;
const sessions = join(recording('openclaw-2026.7.1').stateDir, 'agents/main/sessions');

beforeAll(async () => {
  worker = await bundledWorker();
  counter = new TokenCounter({
    workerFile: worker.file,
    onFault: (error) => {
      throw error;
    },
  });
});
afterAll(async () => {
  await counter[Symbol.asyncDispose]();
  worker[Symbol.dispose]();
});

async function tokensOf(text: string, model: string | null = null): Promise<number> {
  return (await counter.count(text, model, new AbortController().signal)).tokens;
}

function compiled(): readonly Compiled[] {
  return readdirSync(sessions)
    .filter((name) => name.endsWith('.trajectory.jsonl'))
    .flatMap((name) =>
      readFileSync(join(sessions, name), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter(({ type }) => type === 'context.compiled')
        .map(({ data }) => ({ session: name.slice(0, -'.trajectory.jsonl'.length), ...data }) as Compiled),
    );
}

/** The input of the first LLM call of a session, as reported. */
function reportedInput(session: string): { readonly input: number; readonly cacheRead: number; readonly cacheWrite: number } | null {
  for (const line of readFileSync(join(sessions, `${session}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')) {
    const { message } = JSON.parse(line);
    if (message?.role === 'assistant' && message.usage !== undefined) return message.usage;
  }
  return null;
}

it('of whole prompts: the error against what the recordings report', async () => {
  const errors: number[] = [];
  for (const { session, systemPrompt, prompt, messages, providerVisibleTools } of compiled()) {
    if (messages.length > 0) continue;
    const usage = reportedInput(session);
    if (usage === null || usage.input + usage.cacheRead === 0) continue;
    const reported = usage.input + usage.cacheRead + usage.cacheWrite;
    const estimated = (await tokensOf(systemPrompt)) + (await tokensOf(prompt)) + (await tokensOf(JSON.stringify(providerVisibleTools)));
    errors.push((estimated - reported) / reported);
  }
  errors.sort((a, b) => a - b);
  const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
  const [least = NaN, median = NaN, most = NaN] = [errors[0], errors[errors.length >> 1], errors.at(-1)];
  console.log(
    `estimates against the ${errors.length} first prompts of the recording, whose counts the bed's model made up (bytes of the request / 4): ` +
      `median ${percent(median)}, from ${percent(least)} to ${percent(most)}`,
  );
  expect(errors.length).toBeGreaterThanOrEqual(5);
  for (const error of errors) expect(Math.abs(error)).toBeLessThan(0.5);
});

it('of what a real model reported: the example of the chat completions in OpenAI’s API reference', async () => {
  // Reported: 19 tokens of input, 10 of output. A message is its text and four tokens around it, and three begin the answer.
  const messages = ['You are a helpful assistant.', 'Hello!'];
  const input = (await Promise.all(messages.map(async (text) => 4 + (await tokensOf(text, 'gpt-4o'))))).reduce((sum, one) => sum + one, 3);
  const output = await tokensOf('Hello! How can I assist you today?', 'gpt-4o');
  console.log(
    `estimates against a real answer of gpt-4o: input ${input} of 19, output ${output} of 10 (its end is a token that is no text)`,
  );
  expect(input).toBe(19);
  expect(output).toBe(9);
});

it('of characters alone: the ratios are those of the texts in real prompts', async () => {
  const texts: Record<keyof typeof charsPerToken, Set<string>> = { prose: new Set(), skill: new Set(), tool: new Set() };
  for (const { systemPrompt, tools } of compiled()) {
    texts.prose.add(systemPrompt);
    for (const [block] of systemPrompt.matchAll(/<skill>[^]*?<\/skill>/g)) texts.skill.add(block);
    for (const { description, parameters } of tools) texts.tool.add(`${description}${JSON.stringify(parameters)}`);
  }
  for (const kind of ['prose', 'skill', 'tool'] as const) {
    let [chars, tokens, worst] = [0, 0, 0];
    for (const text of texts[kind]) {
      const counted = await tokensOf(text);
      chars += text.length;
      tokens += counted;
      worst = Math.max(worst, Math.abs(text.length / charsPerToken[kind] - counted) / counted);
    }
    console.log(
      `${kind}: ${(chars / tokens).toFixed(2)} characters a token in ${texts[kind].size} texts, ${charsPerToken[kind]} taken; ` +
        `one text by itself is off by up to ${(100 * worst).toFixed(0)} %`,
    );
    expect(texts[kind].size).toBeGreaterThanOrEqual(5);
    expect(chars / tokens / charsPerToken[kind]).toBeGreaterThan(0.95);
    expect(chars / tokens / charsPerToken[kind]).toBeLessThan(1.05);
  }
});
