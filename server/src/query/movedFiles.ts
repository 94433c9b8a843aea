/**
 * Where a file went after a call, as far as the calls that touched it say so for certain: by a patch or by a plain command, and by
 * nothing else since. One question of the editor judges each call once.
 */
import { asObject, asString } from '../decode/json';
import { parseApplyPatch } from '../locate/blame/patches';
import { placesOfCommand, ranElsewhere } from '../locate/command';
import type { FileMove } from '../locate/sureMoves';
import { baseDirectory, sandboxPath } from '../locate/sandboxPath';
import { ranCommand } from '../locate/touches';
import type { Span } from '../protocol/document';
import type { Store } from '../store/store';
import type { TouchingCall } from '../store/touches';
import { callKey } from './lineHistories';
import { spanArguments } from './payload';

/** A file may be moved again. */
const movesFollowed = 4;
/** Calls of a file looked at, the last of them. */
const callsLooked = 64;
/** Of a longer command nothing is sure: it may be made to be slow. */
const judgedChars = 4096;
/** What a call wrote may carry a time a little after the call's own. */
export const clockSlackMs = 2000;

export interface CallOfFile {
  readonly session: number;
  readonly spanId: string;
  /** Epoch milliseconds. */
  readonly start: number;
  readonly end: number;
}

/** A file that can be shown. `writtenAt`: when it was written last; null: what there is does not tell. */
export interface FileThere {
  readonly writtenAt: number | null;
}

interface Judged {
  readonly moves: readonly FileMove[];
  /** It surely changed no file. */
  readonly reads: boolean;
  /** What it touched is surely still the file of that name. */
  readonly keeps: (path: string) => boolean;
  /** Files it names itself, not in its output. */
  readonly names: (path: string) => boolean;
}

interface MoveCall extends CallOfFile {
  readonly into: readonly string[];
}
/** `rests`: nothing was done to it. */
type Next = MoveCall | 'rests' | 'doubtful';

const doubtful: Judged = { moves: [], reads: false, keeps: () => false, names: () => true };

export class MovedFiles {
  readonly #store: Store;
  readonly #breathe: () => Promise<void>;
  readonly #judged = new Map<string, Judged>();
  readonly #calls = new Map<string, { readonly total: number; readonly calls: readonly TouchingCall[] }>();

  constructor(store: Store, breathe: () => Promise<void>) {
    this.#store = store;
    this.#breathe = breathe;
  }

  /** The name that a file has now which this call touched by another; null: none, or that is not certain. */
  async nameAfter(
    source: number,
    path: string,
    call: CallOfFile,
    there: (path: string) => Promise<FileThere | null>,
  ): Promise<string | null> {
    let at = path;
    let move = await this.#next(source, path, call, 'first');
    for (let i = 0; i < movesFollowed; i++) {
      if (move === 'rests' || move === 'doubtful') return null;
      const rest: string[] = [];
      const onward: { readonly to: string; readonly next: MoveCall }[] = [];
      for (const to of move.into) {
        const found = await there(to);
        if (!this.#touched(source, to, move)) {
          // What became of it since is not known.
          if (found !== null) return null;
          continue;
        }
        const next = await this.#next(source, to, move, 'later');
        if (next === 'doubtful') return null;
        if (next !== 'rests') onward.push({ to, next });
        else if (found !== null) {
          if (found.writtenAt !== null && found.writtenAt > move.end + clockSlackMs) return null;
          rest.push(to);
        }
      }
      if (rest.length + onward.length !== 1) return null;
      const [only] = onward;
      if (only === undefined) return rest[0] === path || rest[0] === at ? null : (rest[0] ?? null);
      at = only.to;
      move = only.next;
    }
    return null;
  }

  /** Whether a call named this path itself: there surely was such a file, or there was to be one. */
  async isKnown(source: number, path: string): Promise<boolean> {
    const { total, calls } = this.#callsOf(source, path);
    if (total > calls.length) return true;
    for (const call of calls) if ((await this.#judge(call)).names(path)) return true;
    return false;
  }

  #touched(source: number, path: string, call: CallOfFile): boolean {
    return this.#callsOf(source, path).calls.some((one) => isSame(one, call));
  }

  /** What was done to a file after a call. The first time it may be changed under its name: what is told of it is stale then. */
  async #next(source: number, path: string, since: CallOfFile, which: 'first' | 'later'): Promise<Next> {
    const { total, calls } = this.#callsOf(source, path);
    // Of older calls nothing is known.
    if (total > calls.length && !calls.some((one) => isSame(one, since))) return 'doubtful';
    for (const call of calls) {
      if (isSame(call, since)) continue;
      const end = this.#endOf(call);
      if (end <= since.start) continue;
      if (call.start === null) return 'doubtful';
      const judged = await this.#judge(call);
      const move = judged.moves.find(({ from }) => from === path);
      if (move !== undefined) {
        const { session, spanId, start } = call;
        return start < since.end ? 'doubtful' : { session, spanId, start, end, into: move.into };
      }
      if (!(which === 'first' ? judged.keeps(path) : judged.reads)) return 'doubtful';
    }
    return 'rests';
  }

  #callsOf(source: number, path: string): { readonly total: number; readonly calls: readonly TouchingCall[] } {
    const key = `${source} ${path}`;
    const calls = this.#calls.get(key) ?? this.#store.touches.callsOf(source, path, callsLooked);
    this.#calls.set(key, calls);
    return calls;
  }

  /** A call that did not end goes on. */
  #endOf(call: TouchingCall): number {
    const end = this.#store.spans.ofSession(call.session, call.spanId)?.span.endTime ?? null;
    return end === null ? Number.POSITIVE_INFINITY : Date.parse(end);
  }

  async #judge(call: TouchingCall): Promise<Judged> {
    const key = callKey(call.session, call.spanId);
    let judged = this.#judged.get(key);
    if (judged === undefined) {
      await this.#breathe();
      const span = this.#store.spans.ofSession(call.session, call.spanId)?.span;
      judged = span === undefined ? doubtful : this.#judgeSpan(call.session, span);
      this.#judged.set(key, judged);
    }
    return judged;
  }

  #judgeSpan(session: number, span: Span): Judged {
    const always = (): boolean => true;
    switch (span.attributes['gen_ai.tool.name']) {
      case 'read':
      case 'memory_get':
        return { ...doubtful, reads: true, keeps: always };
      case 'edit':
      case 'write':
        return { ...doubtful, keeps: always };
      case 'apply_patch':
        return this.#judgePatch(session, span);
      default:
        return ranCommand(span) ? this.#judgeCommand(session, span) : doubtful;
    }
  }

  #judgePatch(session: number, span: Span): Judged {
    const object = asObject(spanArguments(this.#store, session, span));
    const base = this.#store.sessions.byRow(session)?.workspaceDir ?? baseDirectory(span, null);
    const files = parseApplyPatch(asString(object?.['input']) ?? asString(object?.['patch']) ?? '');
    if (files === null || span.status !== 'ok' || span.endTime === null) return doubtful;
    const named: (string | null)[] = [];
    const gone = new Set<string | null>();
    const moves: FileMove[] = [];
    for (const file of files) {
      const from = sandboxPath(file.path, base);
      const to = file.kind === 'update' && file.moveTo !== null ? sandboxPath(file.moveTo, base) : null;
      named.push(from, ...(to === null ? [] : [to]));
      if (file.kind === 'delete' || to !== null) gone.add(from);
      if (from !== null && to !== null) moves.push({ from, into: [to] });
    }
    // Of a file that it names twice it is not plain what became.
    if (named.includes(null) || new Set(named).size < named.length) return doubtful;
    return { moves, reads: false, keeps: (path) => named.includes(path) && !gone.has(path), names: (path) => named.includes(path) };
  }

  #judgeCommand(session: number, span: Span): Judged {
    const args = asObject(spanArguments(this.#store, session, span));
    const command = asString(args?.['command']);
    if (command === null || command.length > judgedChars || ranElsewhere(args)) return doubtful;
    const places = placesOfCommand(span, args, this.#store.sessions.byRow(session)?.workspaceDir ?? null);
    if (places === null) return doubtful;
    const ended = (span.status === 'ok' || span.status === 'denied') && span.attributes['sandglass.exit_code'] === 0;
    const named = new Set(places.files.map(({ path }) => path));
    return {
      moves: ended && span.endTime !== null ? places.moves : [],
      reads: places.shows && !places.changes,
      keeps: () => !places.changes,
      names: (path) => named.has(path),
    };
  }
}

function isSame(
  a: { readonly session: number; readonly spanId: string },
  b: { readonly session: number; readonly spanId: string },
): boolean {
  return a.session === b.session && a.spanId === b.spanId;
}
