/** One order for the entries of a session, whatever order they arrived in; and each entry once. */
import type { Span } from '../protocol/document';
import type { Entry, SessionEvent } from './events';

export function compareEntries(a: Entry, b: Entry): number {
  // Entries are appended as time goes by; the place in the file orders those of one millisecond.
  return (a.time ?? 0) - (b.time ?? 0) || a.ordinal - b.ordinal || (a.entryId < b.entryId ? -1 : a.entryId > b.entryId ? 1 : 0);
}

export function isEntry(event: SessionEvent): event is Entry {
  return event.kind !== 'header' && event.kind !== 'index' && event.kind !== 'run' && event.kind !== 'runTool';
}

/** Sorted, each entry id once: of copies in several files the one that stands first. */
export function orderedEntries(events: Iterable<SessionEvent>): readonly Entry[] {
  const byId = new Map<string, Entry>();
  for (const event of events) {
    if (!isEntry(event)) continue;
    const known = byId.get(event.entryId);
    if (known === undefined || compareEntries(event, known) < 0) byId.set(event.entryId, event);
  }
  const times = standingTimes(byId);
  const time = (entry: Entry): number => times.get(entry.entryId) ?? 0;
  return [...byId.values()].sort((a, b) => time(a) - time(b) || a.ordinal - b.ordinal || (a.entryId < b.entryId ? -1 : 1));
}

/**
 * When each entry stands: its own time, but never before its parent's, for clocks are set back and entries come without a time.
 * Told by the parents alone, so that it is the same whatever order the entries arrived in.
 */
function standingTimes(entries: ReadonlyMap<string, Entry>): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const first of entries.values()) {
    const chain: Entry[] = [];
    const onChain = new Set<string>();
    let entry: Entry | undefined = first;
    while (entry !== undefined && !times.has(entry.entryId) && !onChain.has(entry.entryId)) {
      chain.push(entry);
      onChain.add(entry.entryId);
      entry = entry.parentEntryId === null ? undefined : entries.get(entry.parentEntryId);
    }
    // Parents that go in a circle are nobody's: each keeps its own time.
    const circle = entry !== undefined && onChain.has(entry.entryId);
    let before = entry === undefined || circle ? 0 : (times.get(entry.entryId) ?? 0);
    for (const link of chain.reverse()) {
      if (circle) times.set(link.entryId, link.time ?? 0);
      else {
        before = Math.max(before, link.time ?? 0);
        times.set(link.entryId, before);
      }
    }
  }
  return times;
}

/**
 * Ids of the active branch: from the last leaf up to the root. A parent that is not there (noise is dropped at the source)
 * means: child of the leaf of that moment.
 */
export function activeBranch(entries: readonly Entry[]): ReadonlySet<string> {
  const parents = new Map<string, string | null>();
  let leaf: string | null = null;
  for (const entry of entries) {
    if (entry.kind === 'note' && entry.leafTarget !== null) {
      leaf = entry.leafTarget;
      continue;
    }
    const known: boolean = entry.parentEntryId !== null && parents.has(entry.parentEntryId);
    parents.set(entry.entryId, known ? entry.parentEntryId : leaf);
    if (!entry.side) leaf = entry.entryId;
  }
  const active = new Set<string>();
  for (let id = leaf; id !== null && !active.has(id); id = parents.get(id) ?? null) active.add(id);
  return active;
}

/** The document's order: start, then id; what has no start comes last. */
export function compareSpans(a: Span, b: Span): number {
  const left = a.startTime ?? '~';
  const right = b.startTime ?? '~';
  return left < right ? -1 : left > right ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
