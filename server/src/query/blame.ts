/**
 * Who wrote the lines of a file. What the calls made of it is rebuilt once, and goes on from where it was as calls come; then it
 * is laid beside the file as it is now. So a hover or a lens never reads a session again.
 */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { saysMore, eventsOf } from '../locate/blame/events';
import { blamedBytes, blamedLines, splitLines } from '../locate/blame/lines';
import type { Origin } from '../locate/blame/lines';
import { maskedLines, mayBeMasked } from '../locate/blame/masked';
import { Rebuild } from '../locate/blame/rebuild';
import type { CachedFile } from '../locate/fileCache';
import type { Span } from '../protocol/document';
import type { BlamedCall, BlamedLines, FileBlame, LineAuthor } from '../protocol/messages';
import type { Store } from '../store/store';
import type { TouchingCall } from '../store/touches';
import { blamedCall } from './blamedCall';
import type { FileAt } from './editorFiles';
import type { PlacesRound } from './places';
import type { PlaceSource } from './placeSource';
import { spanPayload } from './payload';

/** Calls looked at for one file, the newest; what the others did is not known then. */
export const callsRebuilt = 10_000;
/** Files whose versions are kept rebuilt. */
export const historiesKept = 64;
/** Answers kept, by what the file holds. */
const answersKept = 64;
/** The last calls of a file may still change: so many are taken back without beginning anew. */
const takenBack = 32;
/** A file that was moved has the lines of another one, which may have been moved too. */
const movesFollowed = 4;
/** Moves followed in all for one question, and calls of other files looked at for them: files may be moved to and fro without end. */
const movesPerQuestion = 64;
const movedCalls = 2 * callsRebuilt;
/** Calls looked at for one that may have changed files that nothing names; of more, one will have. */
const commandsLooked = 300;
/** Earlier calls looked at for a command that was answered while it went on running. */
const earlierLooked = 1000;
const turnMs = 25;

type KnownCall = TouchingCall;

interface History {
  /** In their order. */
  readonly calls: readonly KnownCall[];
  readonly names: Names;
  readonly rebuild: Rebuild;
  /** What was rebuilt before each of the last calls. */
  readonly before: ReadonlyMap<number, Rebuild>;
  readonly older: number;
}

/** What following moves may still cost, and what was followed already. */
interface Moves {
  moves: number;
  calls: number;
  /** By the file and the call that moved it. */
  readonly known: Map<string, History>;
}

interface Kept {
  history: History | null;
  /** Calls came that may be its. */
  stale: boolean;
  /** Counts up with every change of what is rebuilt. */
  revision: number;
}

export class Blames {
  readonly #store: Store;
  readonly #kept = new Map<string, Kept>();
  /** Several ask at once for the file that was opened: it is rebuilt once. */
  readonly #working = new Map<string, Promise<Kept & { history: History }>>();
  /** How often calls of a source came. */
  readonly #came = new Map<number, number>();
  readonly #answers = new Map<string, FileBlame | null>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** A call came, or is known better. */
  touched(source: PlaceSource, session: number, span: Span): void {
    this.#came.set(source.row, (this.#came.get(source.row) ?? 0) + 1);
    if (this.#kept.size === 0) return;
    for (const path of this.#store.touches.pathsOfCall(session, span.id)) {
      const kept = this.#kept.get(keyOf(source.row, path));
      if (kept !== undefined) kept.stale = true;
    }
  }

  /** Calls that are not known by name came. */
  forgetAll(source: PlaceSource): void {
    this.#came.set(source.row, (this.#came.get(source.row) ?? 0) + 1);
    for (const [key, kept] of this.#kept) if (key.startsWith(`${source.row} `)) kept.stale = true;
  }

  /** `text`: as it stands in the editor, where that is not yet in the file. */
  async of(round: PlacesRound, uri: string, text: string | null, signal: AbortSignal): Promise<FileBlame | null> {
    return (await this.#best(round, uri, text, signal))?.blame ?? null;
  }

  /** With the lines that it is of: those of the file as it is saved. */
  async withLines(
    round: PlacesRound,
    uri: string,
    signal: AbortSignal,
  ): Promise<{ readonly blame: FileBlame; readonly lines: readonly string[] } | null> {
    const best = await this.#best(round, uri, null, signal);
    return best === null ? null : { blame: best.blame, lines: splitLines(Buffer.from(best.file.bytes).toString('utf8')) };
  }

  /** Of several sandboxes that have the file, the one whose calls wrote most of it. */
  async #best(
    round: PlacesRound,
    uri: string,
    text: string | null,
    signal: AbortSignal,
  ): Promise<{ readonly blame: FileBlame; readonly file: CachedFile } | null> {
    let best: { readonly blame: FileBlame; readonly file: CachedFile } | null = null;
    const files = await round.editorFiles.filesAt(uri);
    const rows = new Set(files.map(({ source }) => source.row));
    for (const at of files) {
      if (signal.aborted) return null;
      const others = [...rows].filter((row) => row !== at.source.row);
      const blame = await this.#ofFile(at, text, others);
      if (blame !== null && (best === null || linesOfCalls(blame) > linesOfCalls(best.blame))) best = { blame, file: at.file };
    }
    return best;
  }

  /** `others`: sources that have the same file. */
  async #ofFile(at: FileAt, text: string | null, others: readonly number[]): Promise<FileBlame | null> {
    if (at.file.bytes.byteLength > blamedBytes || (text !== null && text.length > blamedBytes) || at.file.bytes.includes(0)) return null;
    const original = await at.original();
    const { history, revision } = await this.#history(at.source, at.path);
    if (history.rebuild.lastChange === null) return null;
    const { row } = at.source;
    const edited = text === null ? null : createHash('sha256').update(text).digest('hex');
    // A command that ran meanwhile makes it less sure who changed what.
    const came = [row, ...others].map((of) => [of, this.#came.get(of) ?? 0]);
    const key = JSON.stringify([at.path, revision, came, at.file.hash, original?.hash ?? null, edited]);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = this.#answer(at, history, original, text, others);
    this.#answers.set(key, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= answersKept) break;
      this.#answers.delete(oldest);
    }
    return answer;
  }

  #answer(
    { source, path, file }: FileAt,
    history: History,
    original: CachedFile | null,
    text: string | null,
    others: readonly number[],
  ): FileBlame | null {
    const now = splitLines(text ?? Buffer.from(file.bytes).toString('utf8'));
    if (now.length > blamedLines) return null;
    const rebuild = history.rebuild.copy();
    const count = history.names.count;
    // What the sandbox's own file holds, then its copy in the workspace, then the editor: each step is another's.
    const stages: (readonly string[])[] = [];
    if (original !== null && original.bytes.byteLength <= blamedBytes)
      stages.push(splitLines(Buffer.from(original.bytes).toString('utf8')));
    if (text !== null) stages.push(splitLines(Buffer.from(file.bytes).toString('utf8')));
    const exact = rebuild.isCurrent(now);
    stages.forEach((lines, i) => rebuild.apply(count + i, { kind: 'seen', start: 0, lines, end: true }, () => null));
    const origins = rebuild.blame(now);
    let quiet: boolean | null = null;
    const nobodyElse = (): boolean => (quiet ??= !this.#commandSince(source.row, history, others));
    const masked = maskedLines(history.rebuild.cells);
    const authorOf = (origin: Origin, at: number): LineAuthor => {
      switch (origin.kind) {
        case 'call':
          return { kind: 'call', call: origin.call, rewrote: origin.over === 'unseen' };
        case 'found':
          return origin.call < count ? origin : { kind: 'unknown' };
        case 'changed': {
          if (mayBeMasked(now[at] ?? '', masked)) return { kind: 'unsure' };
          if (origin.before !== null && origin.before < count) return origin;
          // The first step is one within the sandbox; those after it are not.
          const step = origin.before === null ? stages.length : origin.before - count;
          const after = history.rebuild.lastChange;
          return step > 0 || nobodyElse() ? { kind: 'person', after } : { kind: 'changed', after, before: null };
        }
        case 'unsure':
        case 'unknown':
          return origin;
      }
    };
    return this.#described(source, path, history, runsOf(now, origins.map(authorOf)), exact);
  }

  /** Calls by their place among those that are named, each with what is told of it. */
  #described(source: PlaceSource, path: string, history: History, runs: readonly BlamedLines[], exact: boolean): FileBlame | null {
    const calls: FileBlame['calls'][number][] = [];
    const places = new Map<number, number | null>();
    const turns = new Map<string, number>();
    const placeOf = (call: number): number | null => {
      const before = places.get(call);
      if (before !== undefined) return before;
      const told = history.names.told(call, (known) => blamedCall(this.#store, source, known, path, turns));
      const place = told === null ? null : calls.push(told) - 1;
      places.set(call, place);
      return place;
    };
    const named = (by: LineAuthor): LineAuthor => {
      switch (by.kind) {
        case 'call':
        case 'found': {
          const call = placeOf(by.call);
          return call === null ? { kind: 'unknown' } : { ...by, call };
        }
        case 'person':
          return { ...by, after: by.after === null ? null : placeOf(by.after) };
        case 'changed':
          return {
            ...by,
            after: by.after === null ? null : placeOf(by.after),
            before: by.before === null ? null : placeOf(by.before),
          };
        case 'unsure':
        case 'unknown':
          return by;
      }
    };
    const lines = runs.map((run) => ({ ...run, by: named(run.by) }));
    return { sourceId: source.id, sandboxPath: path, lines, calls, exact, older: history.older };
  }

  /** Whether a call that may have changed the file without naming it ran since all of it was known. */
  #commandSince(source: number, { rebuild, names }: History, others: readonly number[]): boolean {
    const since = rebuild.wholeSince === null ? null : (names.at(rebuild.wholeSince)?.start ?? null);
    // Of another sandbox that has the file, any call may have been it: its history is not the one that is told.
    if (since === null || others.some((other) => this.#store.spans.callsSince(other, since, 1).length > 0)) return true;
    const later = this.#store.spans.callsSince(source, since, commandsLooked);
    if (later.length >= commandsLooked || later.some(({ name }) => !namesFiles.has(name))) return true;
    // Only of a command that went into the background the process is told; when it ended, nothing tells for certain.
    return this.#store.spans.callsBefore(source, since, earlierLooked).some(({ pid }) => pid !== null);
  }

  async #history(source: PlaceSource, path: string): Promise<Kept & { history: History }> {
    const key = keyOf(source.row, path);
    const working = this.#working.get(key);
    if (working !== undefined) return working;
    const made = this.#renew(source, path, key);
    this.#working.set(key, made);
    try {
      return await made;
    } finally {
      this.#working.delete(key);
    }
  }

  async #renew(source: PlaceSource, path: string, key: string): Promise<Kept & { history: History }> {
    const kept: Kept = this.#kept.get(key) ?? { history: null, stale: true, revision: 0 };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= historiesKept) break;
      this.#kept.delete(oldest);
    }
    let { history } = kept;
    if (history === null || kept.stale) {
      // What comes while it is rebuilt makes it stale again.
      kept.stale = false;
      try {
        const budget: Moves = { moves: movesPerQuestion, calls: movedCalls, known: new Map() };
        history = await this.#rebuilt(source, path, kept.history, movesFollowed, budget, null);
      } catch (error) {
        kept.stale = true;
        throw error;
      }
      if (history !== kept.history) kept.revision = nextRevision++;
      kept.history = history;
    }
    return { ...kept, history };
  }

  /** `until`: only what happened before this call. */
  async #rebuilt(
    source: PlaceSource,
    path: string,
    last: History | null,
    moves: number,
    budget: Moves,
    until: KnownCall | null,
  ): Promise<History> {
    const { total, calls } = this.#store.touches.callsOf(source.row, path, callsRebuilt);
    const touches = this.#ordered(calls, until);
    if (until !== null) budget.calls -= calls.length;
    let at = sameCalls(last, touches);
    if (last !== null && at === last.calls.length && at === touches.length) return last;
    let rebuild = (last?.calls.length === at ? last.rebuild : last?.before.get(at))?.copy();
    if (rebuild === undefined) [at, rebuild] = [0, new Rebuild()];
    const names = last?.names ?? new Names();
    const before = new Map<number, Rebuild>();
    for (const [call, was] of last?.before ?? []) if (call < at) before.set(call, was);
    const workspaces = new Workspaces(this.#store);
    let rested = performance.now();
    for (; at < touches.length; at++) {
      if (performance.now() - rested > turnMs) {
        await setImmediate();
        rested = performance.now();
      }
      if (at >= touches.length - takenBack) before.set(at, rebuild.copy());
      const call = touches[at];
      if (call !== undefined) await this.#apply(source, path, rebuild, call, { names, workspaces, moves, budget });
    }
    for (const call of [...before.keys()]) if (call < touches.length - takenBack) before.delete(call);
    return { calls: touches, names, rebuild, before, older: total - calls.length };
  }

  async #apply(
    source: PlaceSource,
    path: string,
    rebuild: Rebuild,
    call: KnownCall,
    {
      names,
      workspaces,
      moves,
      budget,
    }: { readonly names: Names; readonly workspaces: Workspaces; readonly moves: number; readonly budget: Moves },
  ): Promise<void> {
    const placed = this.#store.spans.ofSession(call.session, call.spanId);
    if (placed === null || !saysMore(placed.span)) return;
    const texts = spanPayload(this.#store, call.session, placed.span);
    for (const event of eventsOf(placed.span, texts, path, workspaces.of(call.session))) {
      const other = event.kind === 'moved' && moves > 0 ? await this.#moved(source, event.from, call, moves - 1, budget) : null;
      rebuild.apply(names.of(call), event, () => other?.rebuild.renumbered((theirs) => names.ofKnown(other.names.at(theirs))) ?? null);
    }
  }

  /** A file as it was when a call moved it; null: it was moved too often for that. */
  async #moved(source: PlaceSource, from: string, call: KnownCall, moves: number, budget: Moves): Promise<History | null> {
    const key = `${call.session} ${call.spanId} ${from}`;
    const known = budget.known.get(key);
    if (known !== undefined) return known;
    if (budget.moves <= 0 || budget.calls <= 0) return null;
    budget.moves -= 1;
    const history = await this.#rebuilt(source, from, null, moves, budget, call);
    budget.known.set(key, history);
    return history;
  }

  /** By time; what one message asked for, in the order in which it did. */
  #ordered(touching: readonly KnownCall[], until: KnownCall | null): readonly KnownCall[] {
    const calls = [...touching];
    const sameTime = new Map<number | null, number>();
    for (const { start } of calls) sameTime.set(start, (sameTime.get(start) ?? 0) + 1);
    const place = (call: KnownCall): Buffer => this.#store.spans.ofSession(call.session, call.spanId)?.place.key ?? Buffer.alloc(0);
    const places = new Map<KnownCall, Buffer>();
    for (const call of calls) if ((sameTime.get(call.start) ?? 0) > 1) places.set(call, place(call));
    calls.sort((a, b) => {
      if (a.start !== b.start) return (a.start ?? -Infinity) - (b.start ?? -Infinity);
      return a.session - b.session || Buffer.compare(places.get(a) ?? Buffer.alloc(0), places.get(b) ?? Buffer.alloc(0));
    });
    if (until === null) return calls;
    const end = calls.findIndex(({ spanId, start }) => spanId === until.spanId || (start ?? -Infinity) > (until.start ?? -Infinity));
    return end < 0 ? calls : calls.slice(0, end);
  }
}

/** Where the agents of sessions worked: read once for each, not with each of its calls. */
class Workspaces {
  readonly #store: Store;
  readonly #known = new Map<number, string | null>();

  constructor(store: Store) {
    this.#store = store;
  }

  of(session: number): string | null {
    const known = this.#known.get(session);
    if (known !== undefined) return known;
    const directory = this.#store.sessions.byRow(session)?.workspaceDir ?? null;
    this.#known.set(session, directory);
    return directory;
  }
}

/** Calls by number, for as long as a history goes on. */
class Names {
  readonly #calls: KnownCall[] = [];
  readonly #numbers = new Map<string, number>();
  /** What is told of each that was asked for, for as long as it is as it was. */
  readonly #told = new Map<number, BlamedCall | null>();

  told(number: number, tell: (call: KnownCall) => BlamedCall | null): BlamedCall | null {
    const known = this.#told.get(number);
    if (known !== undefined) return known;
    const call = this.at(number);
    const told = call === null ? null : tell(call);
    this.#told.set(number, told);
    return told;
  }

  get count(): number {
    return this.#calls.length;
  }

  at(number: number): KnownCall | null {
    return this.#calls[number] ?? null;
  }

  of(call: KnownCall): number {
    const key = `${call.session} ${call.spanId}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) {
      if (this.#calls[known]?.digest !== call.digest) this.#told.delete(known);
      this.#calls[known] = call;
      return known;
    }
    this.#numbers.set(key, this.#calls.length);
    return this.#calls.push(call) - 1;
  }

  ofKnown(call: KnownCall | null): number {
    return call === null ? -1 : this.of(call);
  }
}

/** Counts on over all files, so that no answer is taken for one of another history. */
let nextRevision = 1;

/** Tools that change no files but those they name. */
const namesFiles: ReadonlySet<string> = new Set([
  'read',
  'write',
  'edit',
  'apply_patch',
  'ls',
  'memory_get',
  'memory_search',
  'session_status',
  'sessions_list',
  'sessions_history',
  'update_plan',
  'progress_card',
  'web_fetch',
  'web_search',
]);

function keyOf(source: number, path: string): string {
  return `${source} ${path}`;
}

/** How many of the calls are those that the history was made of, as they were. */
function sameCalls(last: History | null, calls: readonly KnownCall[]): number {
  if (last === null) return 0;
  let same = 0;
  while (same < last.calls.length && same < calls.length && isSame(last.calls[same], calls[same])) same += 1;
  return same;
}

function isSame(a: KnownCall | undefined, b: KnownCall | undefined): boolean {
  return a?.spanId === b?.spanId && a?.session === b?.session && a?.start === b?.start && a?.digest === b?.digest;
}

function linesOfCalls({ lines }: FileBlame): number {
  return lines.reduce((sum, { by, startLine, endLine }) => sum + (by.kind === 'call' ? endLine - startLine + 1 : 0), 0);
}

function runsOf(lines: readonly string[], authors: readonly LineAuthor[]): readonly BlamedLines[] {
  const runs: { startLine: number; endLine: number; by: LineAuthor }[] = [];
  let last = '';
  // The empty line below a final line break is nobody's.
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  for (let line = 0; line < count; line++) {
    const by = authors[line] ?? { kind: 'unknown' };
    const key = JSON.stringify(by);
    const run = runs.at(-1);
    if (run !== undefined && key === last) run.endLine = line;
    else runs.push({ startLine: line, endLine: line, by });
    last = key;
  }
  return runs;
}
