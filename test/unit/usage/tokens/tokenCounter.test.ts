// Counting in a thread: what is counted is the vocabulary's own count, whatever stands in the text, and nobody waits for anybody long.
import fc from 'fast-check';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Tiktoken } from 'tiktoken/lite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodingOf } from '../../../../server/src/usage/tokens/encoding';
import type { EncodingName } from '../../../../server/src/usage/tokens/encoding';
import { TokenCountError } from '../../../../server/src/usage/tokens/errors';
import { pieceChars, pieceEnd } from '../../../../server/src/usage/tokens/pieces';
import { cutRuns, runChars } from '../../../../server/src/usage/tokens/runs';
import { mostChars, mostTexts, TokenCounter } from '../../../../server/src/usage/tokens/tokenCounter';
import { bundledWorker } from './bundledWorker';

const root = join(import.meta.dirname, '../../../..');
const never = new AbortController().signal;
let worker: Awaited<ReturnType<typeof bundledWorker>>;
let whole: Readonly<Record<EncodingName, Tiktoken>>;

beforeAll(async () => {
  worker = await bundledWorker();
  const load = (name: EncodingName): Tiktoken => {
    const vocabulary = JSON.parse(readFileSync(join(root, `node_modules/tiktoken/encoders/${name}.json`), 'utf8'));
    return new Tiktoken(vocabulary.bpe_ranks, vocabulary.special_tokens, vocabulary.pat_str);
  };
  whole = { o200k_base: load('o200k_base'), cl100k_base: load('cl100k_base') };
});
afterAll(() => {
  worker[Symbol.dispose]();
  for (const one of Object.values(whole)) one.free();
});

function counter(options: Partial<ConstructorParameters<typeof TokenCounter>[0]> = {}): TokenCounter {
  return new TokenCounter({
    workerFile: worker.file,
    onFault: (error) => {
      throw error;
    },
    ...options,
  });
}

/** Prose and code of this project: what prompts are made of. */
const prose = ['README.md', 'CHANGELOG.md', 'docs/definitions.md', 'server/src/usage/tokens/tokenCounter.ts', 'package.json']
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n');

describe('counts', () => {
  it('are those of the vocabulary, also of a text that is cut into pieces', async () => {
    await using tokens = counter();
    const long = prose.repeat(Math.ceil((5 * pieceChars) / prose.length));
    for (const model of ['gpt-5', 'gpt-4']) {
      const { tokens: counted, encoding, estimated } = await tokens.count(long, model, never);
      expect(estimated).toBe(true);
      expect(counted).toBe(whole[encoding].encode_ordinary(long).length);
    }
  });

  it('take special tokens in a text for text', async () => {
    await using tokens = counter();
    const text = 'before <|endoftext|> <|im_start|>system <|endofprompt|><|fim_prefix|> after';
    const { tokens: counted } = await tokens.count(text, null, never);
    expect(counted).toBe(whole.o200k_base.encode_ordinary(text).length);
    expect(counted).toBeGreaterThan(20);
  });

  it.each(['', '\u0000', '\ud800', '\udc00a\ud83d', '👩‍👩‍👧‍👦'.repeat(300), 'é'.repeat(1000), '\u202e\u200b'])(
    'of any text (%#)',
    async (text) => {
      await using tokens = counter();
      const { tokens: counted } = await tokens.count(text, 'x', never);
      expect(counted).toBeGreaterThanOrEqual(text === '' ? 0 : 1);
      expect(counted).toBeLessThanOrEqual(Buffer.byteLength(text));
    },
  );

  it('are by the vocabulary that is nearest to the model', () => {
    const names = ['gpt-5', 'openai/gpt-4o', 'gpt-4.1-mini', 'o3', 'anthropic/claude-sonnet-4', 'nvidia/nemotron-3-super-120b-a12b', null];
    for (const name of names) expect(encodingOf(name), String(name)).toBe('o200k_base');
    const older = [
      'gpt-4',
      'gpt-4-turbo',
      'openai/gpt-3.5-turbo',
      'meta/llama-3.3-70b-instruct',
      'Qwen/Qwen3-Coder',
      'nvidia/llama-3.1-nemotron',
    ];
    for (const name of older) expect(encodingOf(name), name).toBe('cl100k_base');
  });
});

describe('long runs', () => {
  /** Each would take tiktoken the square of its length. */
  const runs = ['a', ' ', '\n', '字', '=', '/\n', '!\u0301', 'e\u0301', '\u3000', 'ａ'];

  it.each(runs)('are cut where none is longer than words are: %j', (unit) => {
    const text = `word ${unit.repeat(5000)} word`;
    const parts = cutRuns(text);
    expect(parts.join('')).toBe(text);
    for (const part of parts) expect(part.length).toBeLessThanOrEqual(runChars + 8);
  });

  it('hold up no more than their bytes: 10 MB of one character, of each kind', async () => {
    await using tokens = counter();
    for (const unit of runs) {
      const text = unit.repeat((10 * 1024 * 1024) / unit.length);
      const { tokens: counted } = await tokens.count(text, null, never);
      expect(counted).toBeGreaterThan(1000);
      expect(counted).toBeLessThanOrEqual(Buffer.byteLength(text));
    }
  });

  it('also where no two parts of it are the same', async () => {
    await using tokens = counter();
    let seed = 1;
    const letter = (from: number, many: number): string => String.fromCharCode(from + ((seed = (seed * 48271) % 0x7fffffff) % many));
    for (const [from, many] of [
      [0x61, 26],
      [0x4e00, 20_000],
    ] as const) {
      const text = Array.from({ length: 1 << 20 }, () => letter(from, many)).join('');
      const { tokens: counted } = await tokens.count(text, null, never);
      expect(counted).toBeGreaterThan(text.length / 4);
      expect(counted).toBeLessThanOrEqual(Buffer.byteLength(text));
    }
  });

  it('and no other text: parts and pieces are the text, and what is ordinary is left whole', () => {
    expect(cutRuns(prose)).toEqual([prose]);
    const text = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom(...runs).map((unit) => unit.repeat(400)),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 600 }), (strings, most) => {
        const all = strings.join('');
        expect(cutRuns(all).join('')).toBe(all);
        for (let from = 0; from < all.length;) {
          const end = pieceEnd(all, from, most);
          expect(end).toBeGreaterThan(from);
          expect(end - from).toBeLessThanOrEqual(most);
          from = end;
        }
      }),
    );
  });
});

describe('the thread', () => {
  it('gives short texts their turn while long ones are counted', async () => {
    await using tokens = counter();
    const order: string[] = [];
    const long = Array.from({ length: 60 }, (_, i) => `${i}${prose}`).join('\n');
    const first = tokens.count(long, null, never).then(() => order.push('long'));
    const second = tokens.count('short', null, never).then(() => order.push('short'));
    await Promise.all([first, second]);
    expect(order).toEqual(['short', 'long']);
  });

  it('stops in the middle of what nobody wants any more, and goes on with the rest', async () => {
    await using tokens = counter();
    const stop = new AbortController();
    const unwanted = tokens.count(Array.from({ length: 400 }, (_, i) => `${i}${prose}`).join(), null, stop.signal);
    await tokens.count('until the thread counts', null, never);
    stop.abort(new Error('not wanted'));
    await expect(unwanted).rejects.toThrow('not wanted');
    expect((await tokens.count('next', null, never)).tokens).toBe(1);
    await expect(tokens.count('never begun', null, stop.signal)).rejects.toThrow('not wanted');
  });

  it('is there only while there is something to count', async () => {
    await using tokens = counter({ idleMs: 20 });
    expect(tokens.running).toBe(false);
    await tokens.count('something', null, never);
    await vi.waitFor(() => expect(tokens.running).toBe(false), { timeout: 20_000 });
    // Known from before: no thread is needed.
    await tokens.count('something', null, never);
    expect(tokens.running).toBe(false);
    expect((await tokens.count('another', null, never)).tokens).toBe(1);
  });

  it('refuses too long and too many texts, and says which', async () => {
    const tokens = counter();
    const waiting = Array.from({ length: mostTexts }, (_, i) => tokens.count(`text ${i}`, null, never).catch((error: unknown) => error));
    const reason = async (text: string): Promise<unknown> =>
      tokens.count(text, null, never).catch((error: unknown) => (TokenCountError.is(error) ? error.reason : error));
    expect(await reason('one more')).toBe('queue-full');
    expect(await reason('a'.repeat(mostChars + 1))).toBe('too-large');
    await tokens[Symbol.asyncDispose]();
    for (const ended of await Promise.all(waiting)) expect(TokenCountError.is(ended, 'closed')).toBe(true);
    expect(await reason('late')).toBe('closed');
  });

  it('that ends by itself is told, and another one counts the rest; never is it zero', async () => {
    const fragile = join(dirname(worker.file), 'fragile.js');
    // As if the text had ended it.
    const crashing = `const { parentPort } = require('node:worker_threads');
const on = parentPort.on.bind(parentPort);
parentPort.on = (name, listener) => on(name, (piece) => {
  if (piece.text.includes('CRASH')) throw new Error('out of its mind');
  if (piece.text.includes('EXIT')) process.exit(3);
  listener(piece);
});\n`;
    writeFileSync(fragile, crashing + readFileSync(worker.file, 'utf8'));
    const faults: string[] = [];
    await using tokens = counter({ workerFile: fragile, onFault: (error) => faults.push(error.message) });
    const all = ['before', 'CRASH', 'again', 'EXIT', 'after'].map((text) =>
      tokens.count(text, null, never).then(
        ({ tokens: counted }) => counted,
        (error: unknown) => (TokenCountError.is(error, 'worker-failed') ? error.message : error),
      ),
    );
    const of = (text: string): number => whole.o200k_base.encode_ordinary(text).length;
    expect(await Promise.all(all)).toEqual([
      of('before'),
      'tokens were not counted: out of its mind',
      of('again'),
      'tokens were not counted: the thread that counts tokens ended with 3',
      of('after'),
    ]);
    expect(faults).toHaveLength(2);
  });

  it('that can not be started is told', async () => {
    const faults: Error[] = [];
    await using tokens = counter({ workerFile: join(dirname(worker.file), 'gone.js'), onFault: (error) => faults.push(error) });
    await expect(tokens.count('text', null, never)).rejects.toSatisfy((error) => TokenCountError.is(error, 'worker-failed'));
    expect(faults).toHaveLength(1);
  });
});
