/** The thread that counts: a bundle of its own, with tiktoken's WebAssembly and the vocabularies beside it. A vocabulary is loaded when first asked for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { Tiktoken } from 'tiktoken/lite';
import type { EncodingName } from './encoding';
import { cutRuns } from './runs';

export interface CountPiece {
  readonly id: number;
  readonly encoding: EncodingName;
  readonly text: string;
}
export interface PieceCounted {
  readonly id: number;
  readonly tokens: number;
}

interface Vocabulary {
  readonly bpe_ranks: string;
  readonly special_tokens: Record<string, number>;
  readonly pat_str: string;
}

const loaded = new Map<EncodingName, Tiktoken>();

function encoder(name: EncodingName): Tiktoken {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const { bpe_ranks, special_tokens, pat_str } = JSON.parse(readFileSync(join(__dirname, `${name}.json`), 'utf8')) as Vocabulary;
  const made = new Tiktoken(bpe_ranks, special_tokens, pat_str);
  loaded.set(name, made);
  return made;
}

/** `encode_ordinary`: what looks like a special token is text, as everything is that came out of a sandbox. */
function count({ encoding, text }: CountPiece): number {
  const tiktoken = encoder(encoding);
  let tokens = 0;
  let last = '';
  let lastTokens = 0;
  for (const part of cutRuns(text)) {
    // Parts of one long run are mostly the same.
    if (part !== last) lastTokens = tiktoken.encode_ordinary(part).length;
    last = part;
    tokens += lastTokens;
  }
  return tokens;
}

// What is thrown here ends the thread: its owner tells, and starts another.
parentPort?.on('message', (piece: CountPiece) => {
  const answer: PieceCounted = { id: piece.id, tokens: count(piece) };
  parentPort?.postMessage(answer);
});
