/**
 * A file's versions, rebuilt from the calls that wrote it, each line with the call it is from. What a call reports or reads is
 * held against what was rebuilt: where the two differ, something that nobody recorded changed the file, and what was known
 * becomes an older layer, whose lines count only where they are found again for certain. Pure.
 */
import { carry } from './carry';
import type { FileEvent, TextEdit } from './events';
import { unknown, unseenCell, withoutFinal } from './lines';
import type { Cell, Origin } from './lines';
import { hunksOf, placeChunks } from './patches';
import type { Chunk, Hunk, PatchedLine, Placed } from './patches';

/** What is known of a file at one time. */
interface Version {
  readonly cells: readonly Cell[];
  /** There may be more lines below. */
  readonly open: boolean;
}

/** What was known of the file before something unrecorded changed it, or lines that stand in it, it is not known where. */
type Layer = { readonly kind: 'version'; readonly cells: readonly Cell[] } | { readonly kind: 'lines'; readonly cells: readonly Cell[] };

/** Layers kept, newest last; of older ones little is left in a file. */
export const layersKept = 8;

const nothingKnown: Version = { cells: [], open: true };

export class Rebuild {
  #version: Version = nothingKnown;
  #layers: Layer[] = [];
  /** The last call that is known to have changed the file. */
  #last: number | null = null;
  /** Since when every line was known, by the call that wrote or saw them all; null: not all are. */
  #wholeSince: number | null = null;

  get wholeSince(): number | null {
    return this.#wholeSince;
  }

  get lastChange(): number | null {
    return this.#last;
  }

  /** It goes on apart from this one. */
  copy(): Rebuild {
    const copy = new Rebuild();
    copy.#version = this.#version;
    copy.#layers = [...this.#layers];
    copy.#last = this.#last;
    copy.#wholeSince = this.#wholeSince;
    return copy;
  }

  /** The same, where the calls have other numbers. */
  renumbered(numberOf: (call: number) => number): Rebuild {
    const other = (call: number | null): number | null => (call === null ? null : numberOf(call));
    const origin = (of: Origin): Origin => {
      switch (of.kind) {
        case 'call':
        case 'found':
          return { ...of, call: numberOf(of.call) };
        case 'changed':
          return { ...of, after: other(of.after), before: other(of.before) };
        case 'unsure':
        case 'unknown':
          return of;
      }
    };
    const cells = (of: readonly Cell[]): readonly Cell[] => of.map((cell) => ({ text: cell.text, origin: origin(cell.origin) }));
    const copy = new Rebuild();
    copy.#version = { ...this.#version, cells: cells(this.#version.cells) };
    copy.#layers = this.#layers.map((layer) => ({ ...layer, cells: cells(layer.cells) }));
    copy.#last = other(this.#last);
    copy.#wholeSince = other(this.#wholeSince);
    return copy;
  }

  /** What is known of the file's lines now; one that is not has no text. */
  get cells(): readonly Cell[] {
    return this.#version.cells;
  }

  /** Gives each line that is known now the origin that it is to be told by. */
  marked(mark: (cell: Cell, at: number) => Origin): void {
    const cells = this.#version.cells.map((cell, at): Cell => {
      const origin = cell.text === null ? cell.origin : mark(cell, at);
      return origin === cell.origin ? cell : { text: cell.text, origin };
    });
    this.#version = { ...this.#version, cells };
  }

  /** Something that nobody recorded may have changed any line. */
  doubted(): void {
    this.#lose();
  }

  /** `stateOf`: of another path at this moment, for a file that was moved. */
  apply(call: number, event: FileEvent, stateOf: (path: string) => Rebuild | null): void {
    switch (event.kind) {
      case 'write':
        this.#write(call, event.lines, event.patch);
        break;
      case 'edit':
        this.#edit(call, event.edits, event.patch);
        break;
      case 'update':
        this.#update(call, event.chunks);
        break;
      case 'delete':
        this.#known({ cells: [], open: false }, call);
        break;
      case 'moved': {
        const other = stateOf(event.from);
        this.#version = other === null ? nothingKnown : other.#version;
        this.#layers = other === null ? [] : [...other.#layers];
        this.#wholeSince = other === null ? null : other.#wholeSince;
        break;
      }
      case 'seen':
        this.#see(call, event.start, event.lines, event.end);
        return;
      case 'maybe':
        // The next thing that is seen of the file tells.
        this.#wholeSince = null;
        return;
    }
    this.#last = call;
  }

  /** Who the lines of the file are from, as it is now. */
  blame(lines: readonly string[]): readonly Origin[] {
    const fresh: Origin = { kind: 'changed', after: this.#last, before: null };
    return this.#resolve(lines, fresh, unknown);
  }

  /** Whether the lines are those of the rebuilt version, every one of which is known. */
  isCurrent(lines: readonly string[]): boolean {
    return isWhole(this.#version) && agrees(this.#version, textsLeft(lines), true);
  }

  /** `fresh`: what was not there when all lines were known. `first`: what may have been there all along. */
  #resolve(lines: readonly string[], fresh: Origin, first: Origin): readonly Origin[] {
    const version = this.#version;
    const whole = isWhole(version);
    const cells = lastLeftOut(version.cells);
    const wanted = textsLeft(lines);
    const missing = whole ? fresh : unknown;
    const origins: Origin[] = agrees(version, wanted, true)
      ? wanted.map((_, at) => cells[at]?.origin ?? unknown)
      : cells.length === 0
        ? wanted.map(() => missing)
        : [...carry(cells, wanted, missing, false)];
    // What stood in a whole version is all that could come from an older one.
    if (!whole) for (const layer of [...this.#layers].reverse()) fill(origins, layer, wanted);
    const settled = origins.map((origin) => (origin.kind === 'unknown' ? first : origin));
    return lines.map((_, at) => settled[at] ?? fresh);
  }

  #known(version: Version, call: number): void {
    this.#version = version;
    this.#layers = [];
    this.#wholeSince = call;
  }

  #write(call: number, lines: readonly string[], patch: string | null): void {
    const hunks = hunksOf(patch);
    // What the tool says that it replaced is what was there.
    const before = hunks === null ? null : undone(lines, hunks);
    if (before !== null) this.#see(call, 0, before, true);
    const mine: Origin = { kind: 'call', call, over: before === null ? 'unseen' : 'seen' };
    const origins = carry(lastLeftOut(this.#version.cells), textsLeft(lines), mine, before !== null);
    const known = origins.map((origin) => (origin.kind === 'unknown' ? mine : origin));
    this.#known({ cells: cellsOf(lines, known), open: false }, call);
  }

  #edit(call: number, edits: readonly TextEdit[], patch: string | null): void {
    const hunks = hunksOf(patch);
    if (isWhole(this.#version)) {
      const cells = edited(this.#version.cells, edits, call);
      if (cells !== null && (hunks === null || hunks.every((hunk) => standsIn(hunk, cells)))) {
        this.#version = { cells, open: false };
        return;
      }
    }
    if (hunks === null) this.#lose();
    else this.#splice(call, hunks);
  }

  #update(call: number, chunks: readonly Chunk[]): void {
    const { cells } = this.#version;
    if (isWhole(this.#version)) {
      const texts = cells.map(({ text }) => text ?? '');
      const placed = placeChunks(textsLeft(texts), chunks);
      if (placed !== null) {
        this.#version = { cells: patched(lastLeftOut(cells), placed, call), open: false };
        return;
      }
    }
    this.#lose();
    for (const { newLines } of chunks) {
      const lines = newLines.map(({ text, added }): Cell => ({ text, origin: added ? { kind: 'call', call, over: 'seen' } : unknown }));
      this.#push({ kind: 'lines', cells: lines });
    }
  }

  /** Lines of the file as a call saw them. */
  #see(call: number, start: number, seen: readonly string[], end: boolean): void {
    const found: Origin = { kind: 'found', call };
    const whole = start === 0 && end;
    if (whole) {
      const fresh: Origin = { kind: 'changed', after: this.#last, before: call };
      const origins = this.#resolve(seen, fresh, found);
      this.#known({ cells: cellsOf(seen, origins), open: false }, call);
      return;
    }
    const lines = end ? textsLeft(seen) : seen;
    const { cells, open } = this.#version;
    const fits = lines.every((line, at) => {
      const cell = cells[start + at];
      return cell === undefined ? open : cell.text === null || cell.text === line;
    });
    if (!fits) this.#lose();
    this.#lay(
      start,
      lines.map((text): Cell => ({ text, origin: found })),
      end,
    );
  }

  /** Puts lines in their place; those known already stay as they are. */
  #lay(start: number, lines: readonly Cell[], end: boolean): void {
    const { cells, open } = this.#version;
    const laid = [...cells];
    while (laid.length < start) laid.push(unseenCell);
    lines.forEach((line, at) => {
      const known = laid[start + at];
      if (known === undefined || known.text === null) laid[start + at] = line;
    });
    const longer = end && laid.length > start + lines.length;
    this.#version = { cells: longer ? laid.slice(0, start + lines.length + 1) : laid, open: open && !end };
  }

  /** An edit told by the places it changed, in a file that is not known as a whole, or not as it was thought to be. */
  #splice(call: number, hunks: readonly Hunk[]): void {
    const { cells, open } = this.#version;
    const fits = hunks.every(({ oldStart, oldLines }) =>
      oldLines.every((line, at) => {
        const cell = cells[oldStart + at];
        return cell === undefined ? open : cell.text === null || cell.text === line;
      }),
    );
    if (!fits) this.#lose();
    const spliced = [...this.#version.cells];
    for (const { oldStart, oldLines, newLines } of [...hunks].reverse()) {
      while (spliced.length < oldStart + oldLines.length) spliced.push(unseenCell);
      const was = spliced.slice(oldStart, oldStart + oldLines.length);
      spliced.splice(oldStart, oldLines.length, ...relined(was, newLines, call));
    }
    this.#version = { cells: spliced, open: this.#version.open };
  }

  /** What is known is not how the file is any more. */
  #lose(): void {
    if (this.#version.cells.some(({ text }) => text !== null)) this.#push({ kind: 'version', cells: this.#version.cells });
    this.#version = nothingKnown;
    this.#wholeSince = null;
  }

  #push(layer: Layer): void {
    this.#layers.push(layer);
    if (this.#layers.length > layersKept) this.#layers.shift();
  }
}

function textsLeft(lines: readonly string[]): readonly string[] {
  return withoutFinal(lines, (line) => line === '');
}

function lastLeftOut(cells: readonly Cell[]): readonly Cell[] {
  return withoutFinal(cells, ({ text }) => text === '');
}

/** The empty line below a final line break is nobody's. */
function cellsOf(lines: readonly string[], origins: readonly Origin[]): readonly Cell[] {
  const kept = textsLeft(lines).length;
  return lines.map((text, at) => ({ text, origin: at < kept ? (origins[at] ?? unknown) : unknown }));
}

function isWhole({ cells, open }: Version): boolean {
  return !open && cells.every(({ text }) => text !== null);
}

/** Every known line stands where it is thought to; `total`: these are all the lines there are. */
function agrees({ cells, open }: Version, lines: readonly string[], total: boolean): boolean {
  const known = lastLeftOut(cells);
  if (total && (open ? lines.length < known.length : lines.length !== known.length)) return false;
  return known.every(({ text }, at) => text === null || text === lines[at]);
}

/** Lines whose origin is not known yet may have one in an older layer. */
function fill(origins: Origin[], layer: Layer, lines: readonly string[]): void {
  if (!origins.some(({ kind }) => kind === 'unknown')) return;
  if (layer.kind === 'version') {
    carry(lastLeftOut(layer.cells), lines, unknown, false).forEach((origin, at) => {
      if (origins[at]?.kind === 'unknown') origins[at] = origin;
    });
    return;
  }
  const at = onlyPlace(layer.cells, lines);
  if (at === null) return;
  layer.cells.forEach(({ origin }, i) => {
    if (origins[at + i]?.kind === 'unknown') origins[at + i] = origin;
  });
}

/** One line alone may well stand there for another reason. */
const tellingLines = 2;
/** Comparisons for one layer: what the lines are is up to whoever wrote the patch. */
const comparisons = 500_000;

function onlyPlace(wanted: readonly Cell[], lines: readonly string[]): number | null {
  if (wanted.filter(({ text }) => text !== null && /[\p{L}\p{N}]/u.test(text)).length < tellingLines) return null;
  let found: number | null = null;
  let left = comparisons;
  for (let at = 0; at + wanted.length <= lines.length; at++) {
    let same = 0;
    while (same < wanted.length && lines[at + same] === wanted[same]?.text) same += 1;
    left -= same + 1;
    if (left < 0) return null;
    if (same < wanted.length) continue;
    if (found !== null) return null;
    found = at;
  }
  return found;
}

/** The lines as they were before a patch that these are the outcome of; null: they are not. */
function undone(lines: readonly string[], hunks: readonly Hunk[]): readonly string[] | null {
  const before = [...lines];
  for (const { newStart, newLines, oldLines } of [...hunks].reverse()) {
    const same = newLines.every(({ text }, at) => before[newStart + at] === text);
    if (!same) return null;
    before.splice(newStart, newLines.length, ...oldLines);
  }
  return before;
}

function standsIn({ newStart, newLines }: Hunk, cells: readonly Cell[]): boolean {
  return newLines.every(({ text }, at) => cells[newStart + at]?.text === text);
}

/** Old lines and what became of them, line by line: what is unchanged stays whose it was. */
function relined(was: readonly Cell[], lines: readonly PatchedLine[], call: number): readonly Cell[] {
  const kept = was.filter(({ text }) => text !== null);
  const mine: Origin = { kind: 'call', call, over: 'seen' };
  const texts = lines.map(({ text }) => text);
  const origins = carry(kept, texts, mine, true);
  // What the patch calls unchanged was there, whoever it is from.
  return lines.map(({ text, added }, at) => {
    const origin = origins[at] ?? mine;
    return { text, origin: !added && origin.kind === 'call' && origin.call === call ? unknown : origin };
  });
}

function patched(cells: readonly Cell[], placed: readonly Placed[], call: number): readonly Cell[] {
  const mine: Origin = { kind: 'call', call, over: 'seen' };
  const result = [...cells];
  for (const { at, removed, lines } of [...placed].sort((a, b) => a.at - b.at).reverse()) {
    const texts = lines.map(({ text }) => text);
    const origins = carry(result.slice(at, at + removed), texts, mine, true);
    result.splice(at, removed, ...texts.map((text, i): Cell => ({ text, origin: origins[i] ?? mine })));
  }
  // The tool ends every file with a line break.
  return result.at(-1)?.text === '' ? result : [...result, { text: '', origin: unknown }];
}

interface Found {
  readonly from: number;
  readonly to: number;
  readonly newText: string;
}

/** All edits are looked for in the text as it was; each must stand there once, as the tool demands. Null: it is not so. */
function edited(cells: readonly Cell[], edits: readonly TextEdit[], call: number): readonly Cell[] | null {
  const text = cells.map((cell) => cell.text ?? '').join('\n');
  const found: Found[] = [];
  for (const { oldText, newText } of edits) {
    const from = text.indexOf(oldText);
    if (from < 0 || text.indexOf(oldText, from + oldText.length) >= 0) return null;
    found.push({ from, to: from + oldText.length, newText });
  }
  found.sort((a, b) => a.from - b.from);
  if (found.some(({ from }, at) => at > 0 && from < (found[at - 1]?.to ?? 0))) return null;
  const mine: Origin = { kind: 'call', call, over: 'seen' };
  const starts = startsOf(cells);
  const lineAt = (offset: number): number => lastNotAfter(starts, offset);
  const result: Cell[] = [];
  let line = 0;
  for (let i = 0; i < found.length;) {
    // Edits that meet in a line are one change.
    const group: Found[] = [];
    const first = lineAt(found[i]?.from ?? 0);
    let last = first;
    while (i < found.length && (group.length === 0 || lineAt(found[i]?.from ?? 0) <= last)) {
      const edit = found[i++] as Found;
      group.push(edit);
      last = Math.max(last, lineAt(edit.to));
    }
    for (; line < first; line++) result.push(cells[line] ?? unseenCell);
    const begin = starts[first] ?? 0;
    const end = (starts[last] ?? 0) + (cells[last]?.text ?? '').length;
    let replaced = '';
    let at = begin;
    for (const { from, to, newText } of group) {
      replaced += text.slice(at, from) + newText;
      at = to;
    }
    replaced += text.slice(at, end);
    const lines = replaced.split('\n');
    const origins = carry(cells.slice(first, last + 1), lines, mine, true);
    result.push(...lines.map((made, n): Cell => ({ text: made, origin: origins[n] ?? mine })));
    line = last + 1;
  }
  for (; line < cells.length; line++) result.push(cells[line] ?? unseenCell);
  return result;
}

function startsOf(cells: readonly Cell[]): Int32Array {
  const starts = new Int32Array(cells.length);
  let offset = 0;
  cells.forEach(({ text }, at) => {
    starts[at] = offset;
    offset += (text ?? '').length + 1;
  });
  return starts;
}

function lastNotAfter(starts: Int32Array, offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
