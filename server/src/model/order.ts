/** One order for the entries of a session, whatever order they arrived in; and each entry once. */
import type { Span } from '../protocol/document';
import { assertNever } from './assertNever';
import type { Entry, SessionEvent, SessionHeader } from './events';

export function compareEntries(a: Entry, b: Entry): number {
  // Entries are appended as time goes by; the place in the file orders those of one millisecond.
  return (a.time ?? 0) - (b.time ?? 0) || a.ordinal - b.ordinal || compareIds(a.entryId, b.entryId);
}

export function isEntry(event: SessionEvent): event is Entry {
  switch (event.kind) {
    case 'header':
    case 'index':
    case 'run':
    case 'runTool':
    case 'tools':
      return false;
    case 'user':
    case 'assistant':
    case 'toolResult':
    case 'nested':
    case 'compaction':
    case 'note':
      return true;
    default:
      return assertNever(event);
  }
}

/**
 * A fork may bring the header of the session it copies; the one that was written first says when the session was made. Of several of
 * one time, or without any, it is the session's own.
 */
export function firstOf(known: SessionHeader | null, header: SessionHeader): SessionHeader {
  return known === null || compareHeaders(header, known) < 0 ? header : known;
}

function compareHeaders(a: SessionHeader, b: SessionHeader): number {
  return (a.time ?? 0) - (b.time ?? 0) || Number(isOwn(b)) - Number(isOwn(a)) || compareIds(a.entryId, b.entryId) || a.ordinal - b.ordinal;
}

function isOwn({ entryId, session }: SessionHeader): boolean {
  return entryId === session;
}

function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** An entry and when it stands. */
export interface Standing {
  readonly entry: Entry;
  readonly time: number;
}

function compareStanding(a: Standing, b: Standing): number {
  return a.time - b.time || a.entry.ordinal - b.entry.ordinal || (a.entry.entryId < b.entry.entryId ? -1 : 1);
}

/** The order as it grows at its end. */
export class EntryOrder {
  /** When each entry stands, by id. */
  readonly #times = new Map<string, number>();
  /** Ids that entries name and that were never seen: such an entry would change where others stand. */
  readonly #awaited = new Set<string>();
  #last: Standing | null = null;

  /** New entries in order; null when they do not all stand after what is known, or would change where that stands. */
  next(events: Iterable<SessionEvent>): readonly Standing[] | null {
    const byId = new Map<string, Entry>();
    for (const event of events) {
      if (!isEntry(event)) continue;
      if (this.#times.has(event.entryId) || this.#awaited.has(event.entryId)) return null;
      const known = byId.get(event.entryId);
      if (known === undefined || compareEntries(event, known) < 0) byId.set(event.entryId, event);
    }
    const sorted = standing(byId, this.#times).sort(compareStanding);
    const [first] = sorted;
    return first !== undefined && this.#last !== null && compareStanding(first, this.#last) < 0 ? null : sorted;
  }

  /** `sorted`: what `next` answered. */
  add(sorted: readonly Standing[]): void {
    for (const { entry, time } of sorted) this.#times.set(entry.entryId, time);
    for (const { entry } of sorted) {
      if (entry.parentEntryId !== null && !this.#times.has(entry.parentEntryId)) this.#awaited.add(entry.parentEntryId);
      if (entry.kind === 'note' && entry.leafTarget !== null && !this.#times.has(entry.leafTarget)) this.#awaited.add(entry.leafTarget);
    }
    this.#last = sorted.at(-1) ?? this.#last;
  }
}

/**
 * When each entry stands: its own time, but never before its parent's, for clocks are set back and entries come without a time.
 * Told by the parents alone, so that it is the same whatever order the entries arrived in. `known`: when others stand.
 */
function standing(entries: ReadonlyMap<string, Entry>, known: ReadonlyMap<string, number>): Standing[] {
  const times = new Map<string, number>();
  const all: Standing[] = [];
  const stands = (entry: Entry, time: number): void => {
    times.set(entry.entryId, time);
    all.push({ entry, time });
  };
  const timeOf = (parent: string | null): number => (parent === null ? 0 : (times.get(parent) ?? known.get(parent) ?? 0));
  for (const first of entries.values()) {
    if (times.has(first.entryId)) continue;
    const above = first.parentEntryId;
    if (above === null || times.has(above) || !entries.has(above)) {
      // Nearly all are written after their parents.
      stands(first, Math.max(timeOf(above), first.time ?? 0));
      continue;
    }
    const { chain, circle } = unplaced(first, entries, times);
    // Parents that go in a circle are nobody's: each of them keeps its own time.
    for (const link of circle) stands(link, link.time ?? 0);
    let before = timeOf(chain.at(-1)?.parentEntryId ?? null);
    for (const link of chain.reverse()) {
      before = Math.max(before, link.time ?? 0);
      stands(link, before);
    }
  }
  return all;
}

/** An entry and those above it that stand nowhere yet, up to where they go in a circle. */
function unplaced(
  first: Entry,
  entries: ReadonlyMap<string, Entry>,
  placed: ReadonlyMap<string, number>,
): { readonly chain: Entry[]; readonly circle: readonly Entry[] } {
  const chain: Entry[] = [];
  const onChain = new Set<string>();
  let entry: Entry | undefined = first;
  while (entry !== undefined && !placed.has(entry.entryId) && !onChain.has(entry.entryId)) {
    chain.push(entry);
    onChain.add(entry.entryId);
    entry = entry.parentEntryId === null ? undefined : entries.get(entry.parentEntryId);
  }
  return { chain, circle: entry !== undefined && onChain.has(entry.entryId) ? chain.splice(chain.indexOf(entry)) : [] };
}

/** The document's order: start, then id; what has no start comes last. */
export function compareSpans(a: Span, b: Span): number {
  const left = a.startTime ?? '~';
  const right = b.startTime ?? '~';
  return left < right ? -1 : left > right ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
