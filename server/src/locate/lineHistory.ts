/**
 * Where the lines that a call saw or wrote are now. Every line that is known of a file gets a number of its own, which it keeps
 * through all later changes for as long as it is surely the same line; so a call's lines are numbers, and where they stand in a later
 * file is looked up. Pure; the versions are rebuilt as for the blame of lines.
 */
import { Rebuild } from './blame/rebuild';
import type { FileEvent } from './blame/events';
import { unsure, withoutFinal } from './blame/lines';
import type { Cell, Origin } from './blame/lines';

/** Lines of one call that stood below each other, by their numbers; -1: not known. */
export interface LineRun {
  /** Zero-based, at the time of the call. */
  readonly start: number;
  readonly end: number;
  readonly ids: readonly number[];
}

/** Lines followed of one run; the others are behind them. */
export const runLines = 400;
/** Runs followed of one call. */
export const runLimit = 64;

/** So many lines one after the other that were kept are no coincidence. */
const keptLines = 3;

const event = -1;

export class LineHistory {
  #rebuild = new Rebuild();
  #next: number;

  /** Numbers are not to be the same in the history of another file: a file that was moved brings its own. */
  constructor(first = 0) {
    this.#next = first;
  }

  get next(): number {
    return this.#next;
  }

  get rebuild(): Rebuild {
    return this.#rebuild;
  }

  copy(): LineHistory {
    const copy = new LineHistory(this.#next);
    copy.#rebuild = this.#rebuild.copy();
    return copy;
  }

  /** The lines that it wrote. */
  apply(of: FileEvent, other: (path: string) => LineHistory | null): readonly LineRun[] {
    const before = this.#rebuild.cells;
    this.#rebuild.apply(event, of, (path) => {
      const history = other(path);
      if (history !== null) this.#next = Math.max(this.#next, history.#next);
      return history === null ? null : history.#rebuild;
    });
    const wrote: number[] = [];
    // What is written over as a whole was not taken out anywhere.
    if (of.kind === 'edit' || of.kind === 'update') this.#doubtKept(before);
    const gaps = of.kind === 'edit' || of.kind === 'update' ? this.#gaps(before) : [];
    this.#rebuild.marked(({ origin }, at): Origin => {
      if (origin.kind === 'call' && origin.call !== event) return origin;
      if (origin.kind === 'call') wrote.push(at);
      return { kind: 'call', call: this.#next++, over: 'seen' };
    });
    const runs: LineRun[] = [];
    for (let i = 0; i < wrote.length && runs.length < runLimit;) {
      let last = i;
      while (last + 1 < wrote.length && wrote[last + 1] === (wrote[last] ?? 0) + 1) last += 1;
      runs.push(this.run(wrote[i] ?? 0, wrote[last] ?? 0));
      i = last + 1;
    }
    for (const at of gaps) if (runs.length < runLimit) runs.push(this.run(at, at));
    return runs;
  }

  /**
   * A few lines that were kept between two changes, and stand elsewhere too, need not be the ones that stood there before: a diff
   * may have taken one block for another.
   */
  #doubtKept(before: readonly Cell[]): void {
    const places = new Map<number, number>();
    before.forEach(({ origin }, at) => {
      if (origin.kind === 'call' && origin.call >= 0) places.set(origin.call, at);
    });
    const { cells } = this.#rebuild;
    const was = cells.map(({ text, origin }) => (text === null || origin.kind !== 'call' ? -1 : (places.get(origin.call) ?? -1)));
    const short: [number, number][] = [];
    for (let start = 0; start < was.length;) {
      let end = start + 1;
      while (end < was.length && was[end] === (was[end - 1] ?? -1) + 1 && (was[start] ?? -1) >= 0) end += 1;
      if ((was[start] ?? -1) > 0 && start > 0 && end < was.length && end - start <= keptLines) short.push([start, end]);
      start = end;
    }
    if (short.length === 0) return;
    const counts = new Map<string, number>();
    for (const { text } of cells) if (text !== null) counts.set(text, (counts.get(text) ?? 0) + 1);
    const doubted = new Set<number>();
    for (const [start, end] of short) {
      const only = cells.slice(start, end).some(({ text }) => text !== null && /[\p{L}\p{N}]/u.test(text) && counts.get(text) === 1);
      if (!only) for (let at = start; at < end; at++) doubted.add(at);
    }
    if (doubted.size > 0) this.#rebuild.marked((cell, at) => (doubted.has(at) ? unsure : cell.origin));
  }

  /** Lines that now follow where others stood, and nothing was put there. */
  #gaps(before: readonly Cell[]): readonly number[] {
    const places = new Map<number, number>();
    before.forEach(({ origin }, at) => {
      if (origin.kind === 'call' && origin.call >= 0) places.set(origin.call, at);
    });
    const { cells } = this.#rebuild;
    const gaps: number[] = [];
    let last = -1;
    cells.forEach(({ text, origin }, at) => {
      const was = text === null || origin.kind !== 'call' ? undefined : places.get(origin.call);
      // Before a line that is new, or not known, it was not only taken out.
      if (was !== undefined && was > last + 1) gaps.push(at);
      last = was ?? Number.MAX_SAFE_INTEGER;
    });
    const final = withoutFinal(cells, ({ text }) => text === '').length;
    if (final > 0 && last < withoutFinal(before, ({ text }) => text === '').length - 1) gaps.push(final - 1);
    return gaps;
  }

  /** The file may be another one now. */
  doubt(): void {
    this.#rebuild.doubted();
  }

  /** The lines that stand there now. */
  run(start: number, end: number): LineRun {
    const { cells } = this.#rebuild;
    const ids: number[] = [];
    for (let at = start; at <= Math.min(end, start + runLines - 1); at++) {
      const origin = cells[at]?.text === null ? undefined : cells[at]?.origin;
      ids.push(origin?.kind === 'call' ? origin.call : -1);
    }
    return { start, end, ids };
  }

  /** What stands at a line, as far as it is known. */
  text(at: number): string | null {
    return this.#rebuild.cells[at]?.text ?? null;
  }

  /** By number, where each line stands in these lines. `between`: how the file was in between. */
  linesIn(lines: readonly string[], between: readonly string[] | null): ReadonlyMap<number, number> {
    let rebuild = this.#rebuild;
    if (between !== null) {
      rebuild = rebuild.copy();
      rebuild.apply(event, { kind: 'seen', start: 0, lines: between, end: true }, () => null);
    }
    const found = new Map<number, number>();
    const twice = new Set<number>();
    rebuild.blame(lines).forEach((origin, at) => {
      if (origin.kind !== 'call' || origin.call < 0) return;
      if (found.has(origin.call)) twice.add(origin.call);
      found.set(origin.call, at);
    });
    for (const id of twice) found.delete(id);
    return found;
  }
}

/** The first lines of a run that are still there, one after the other; null: none is. */
export function runNow({ ids }: LineRun, now: ReadonlyMap<number, number>): { readonly start: number; readonly end: number } | null {
  let start: number | null = null;
  let end = 0;
  for (const id of ids) {
    const at = id < 0 ? undefined : now.get(id);
    if (start === null) {
      if (at !== undefined) start = end = at;
    } else if (at === end + 1) end = at;
    else break;
  }
  return start === null ? null : { start, end };
}
