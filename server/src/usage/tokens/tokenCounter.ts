/**
 * Estimates of tokens, made in a thread of its own. Texts are counted piece by piece in turn: a long one holds up neither the server nor
 * the short ones, and one that nobody wants any more ends with its piece.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { encodingOf } from './encoding';
import type { EncodingName } from './encoding';
import { TokenCountError } from './errors';
import { pieceEnd } from './pieces';
import type { CountPiece, PieceCounted } from './worker';

export interface TokenCount {
  readonly tokens: number;
  readonly encoding: EncodingName;
  /** Shown with a `~`, wherever it is shown. */
  readonly estimated: true;
}

export interface TokenCounterOptions {
  /** The worker's bundle; beside it lie its WebAssembly and the vocabularies. */
  readonly workerFile?: string;
  /** Milliseconds without anything to count, until the thread is ended: it holds some 100 MB. */
  readonly idleMs?: number;
  /** Told of each worker that ended by itself. */
  readonly onFault: (error: Error) => void;
}

/** Texts that wait or are being counted. */
export const mostTexts = 512;
/** UTF-16 units of one text. */
export const mostChars = 64 * 1024 * 1024;
/** Pieces whose counts are kept, by their content: some 100 bytes each. */
export const piecesKept = 8192;
const usualIdleMs = 60_000;
/** Pieces known from before that are taken in one go, before others get their turn. */
const knownAtOnce = 16;

interface Job {
  readonly text: string;
  readonly encoding: EncodingName;
  readonly resolve: (tokens: number) => void;
  readonly reject: (error: unknown) => void;
  from: number;
  tokens: number;
}

interface InFlight {
  readonly id: number;
  readonly job: Job;
  readonly key: string;
  readonly end: number;
}

export class TokenCounter implements AsyncDisposable {
  readonly #workerFile: string;
  readonly #idleMs: number;
  readonly #onFault: (error: Error) => void;
  /** In turn: who got one goes to the end. */
  readonly #jobs = new Set<Job>();
  /** The least lately used first. */
  readonly #known = new Map<string, number>();
  #worker: Worker | null = null;
  #inFlight: InFlight | null = null;
  #pumping = false;
  #nextId = 0;
  #idle: NodeJS.Timeout | null = null;
  #closed = false;

  constructor({ workerFile, idleMs, onFault }: TokenCounterOptions) {
    this.#workerFile = workerFile ?? join(__dirname, 'tokens.js');
    this.#idleMs = idleMs ?? usualIdleMs;
    this.#onFault = onFault;
  }

  /** Rejects with TokenCountError, or with the signal's reason. `model`: null where it is not known. */
  async count(text: string, model: string | null, signal: AbortSignal): Promise<TokenCount> {
    signal.throwIfAborted();
    const encoding = encodingOf(model);
    if (this.#closed) throw new TokenCountError('closed', 'tokens are not counted any more');
    if (text.length > mostChars) throw new TokenCountError('too-large', `texts of more than ${mostChars} characters are not counted`);
    if (this.#jobs.size >= mostTexts) throw new TokenCountError('queue-full', `${mostTexts} texts wait to be counted already`);
    if (text === '') return { tokens: 0, encoding, estimated: true };
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const job: Job = { text, encoding, resolve, reject, from: 0, tokens: 0 };
    const stop = (): void => this.#end(job, () => reject(signal.reason));
    signal.addEventListener('abort', stop, { once: true });
    this.#jobs.add(job);
    this.#pump();
    try {
      return { tokens: await promise, encoding, estimated: true };
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Whether a thread is there now. */
  get running(): boolean {
    return this.#worker !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#stopIdling();
    for (const job of [...this.#jobs]) this.#end(job, () => job.reject(new TokenCountError('closed', 'tokens are not counted any more')));
    await this.#terminate();
  }

  #end(job: Job, told: () => void): void {
    this.#jobs.delete(job);
    told();
    if (this.#jobs.size === 0) this.#rest();
  }

  /** Not in the caller's turn: to hash and hand over a piece takes part of a millisecond, and a caller may come with many. */
  #pump(): void {
    if (this.#pumping || this.#inFlight !== null) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      for (let taken = 0; taken < knownAtOnce; taken++) {
        const [job] = this.#jobs;
        if (job === undefined) return;
        this.#jobs.delete(job);
        this.#jobs.add(job);
        const end = pieceEnd(job.text, job.from);
        const piece = job.text.slice(job.from, end);
        const key = `${job.encoding} ${createHash('sha256').update(piece, 'utf16le').digest('base64')}`;
        const known = this.#recall(key);
        if (known === null) {
          this.#send({ id: this.#nextId++, job, key, end }, piece);
          return;
        }
        this.#add(job, known, end);
      }
      this.#pump();
    });
  }

  #send(inFlight: InFlight, text: string): void {
    this.#stopIdling();
    const worker = this.#worker ?? this.#start();
    this.#inFlight = inFlight;
    const piece: CountPiece = { id: inFlight.id, encoding: inFlight.job.encoding, text };
    worker.ref();
    worker.postMessage(piece);
  }

  #start(): Worker {
    const worker = new Worker(this.#workerFile);
    this.#worker = worker;
    worker.on('message', (answer: PieceCounted) => {
      const done = this.#inFlight;
      if (this.#worker !== worker || done?.id !== answer.id) return;
      this.#inFlight = null;
      this.#remember(done.key, answer.tokens);
      this.#add(done.job, answer.tokens, done.end);
      if (this.#jobs.size > 0) this.#pump();
      else this.#rest();
    });
    let thrown: Error | null = null;
    worker.on('error', (error: unknown) => (thrown = error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#lost(thrown ?? new Error(`the thread that counts tokens ended with ${code}`));
    });
    return worker;
  }

  /** What it was counting is not counted, and not tried again: it may be what ended it. All else is, by another worker. */
  #lost(cause: Error): void {
    this.#worker = null;
    const job = this.#inFlight?.job;
    this.#inFlight = null;
    const error = new TokenCountError('worker-failed', `tokens were not counted: ${cause.message}`, { cause });
    this.#onFault(error);
    if (job !== undefined && this.#jobs.has(job)) this.#end(job, () => job.reject(error));
    if (this.#jobs.size > 0) this.#pump();
  }

  #add(job: Job, tokens: number, end: number): void {
    if (!this.#jobs.has(job)) return;
    job.tokens += tokens;
    job.from = end;
    if (end < job.text.length) return;
    this.#jobs.delete(job);
    job.resolve(job.tokens);
  }

  #recall(key: string): number | null {
    const known = this.#known.get(key);
    if (known === undefined) return null;
    this.#known.delete(key);
    this.#known.set(key, known);
    return known;
  }

  #remember(key: string, tokens: number): void {
    this.#known.set(key, tokens);
    const [oldest] = this.#known.keys();
    if (this.#known.size > piecesKept && oldest !== undefined) this.#known.delete(oldest);
  }

  #rest(): void {
    if (this.#worker === null || this.#closed) return;
    // A thread with nothing to do keeps no process alive.
    this.#worker.unref();
    this.#stopIdling();
    // Who came meanwhile waits for the piece that is under way.
    this.#idle = setTimeout(() => void (this.#jobs.size === 0 && this.#terminate()), this.#idleMs);
    this.#idle.unref();
  }

  #stopIdling(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
  }

  async #terminate(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#inFlight = null;
    await worker?.terminate();
  }
}
