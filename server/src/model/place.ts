/**
 * Display order of a session's spans: each turn, beneath it its LLM calls and events by time, beneath a call its tool calls.
 * A span's place tells its order by itself: bytes that sort, beginning with those of what it stands beneath. Nothing else
 * that comes or goes moves it.
 */
import type { Span } from '../protocol/document';
import { isTime } from './isoTime';

export interface Place {
  readonly key: Buffer;
  readonly depth: number;
}

export interface PlacedSpan {
  readonly span: Span;
  readonly place: Place;
  readonly turnId: string | null;
}

const timeBytes = 8;
const idBytes = 8;
const blockBytes = 4;
/** Dates reach as far back. */
const earliest = -8.64e15;
const word = 2 ** 32;

/**
 * `parent`: null for what stands beneath nothing of its own session, as a turn does whatever spawned it. `start`: epoch milliseconds.
 * Calls of one message stand in the order in which they were asked for, by their `block`; everything else by time.
 */
export function placeBeneath(parent: Place | null, id: string, start: number | null, block = 0): Place {
  const byBlock = parent !== null && parent.depth > 0;
  const above = parent?.key.length ?? 0;
  const rank = byBlock ? blockBytes : timeBytes;
  // Not of Node's pool: a key is kept as long as its session, and would keep 64 KiB with it of what was made beside it.
  const key = Buffer.allocUnsafeSlow(above + rank + idBytes);
  parent?.key.copy(key);
  if (byBlock) key.writeUInt32BE(block, above);
  else writeTime(key, above, start);
  const written = key.write(id, above + rank, 'hex');
  if (written < idBytes) key.fill(0, above + rank + written);
  return { key, depth: parent === null ? 0 : parent.depth + 1 };
}

/** What has no start comes last. */
function writeTime(key: Buffer, at: number, start: number | null): void {
  if (!isTime(start)) {
    key.fill(0xff, at, at + timeBytes);
    return;
  }
  const since = Math.trunc(start) - earliest;
  key.writeUInt32BE(Math.floor(since / word), at);
  key.writeUInt32BE(since % word, at + timeBytes / 2);
}

export function blockOf(span: Span): number {
  return Number(span.attributes['sandglass.block'] ?? 0);
}

export function turnIdOf(span: Span): string | null {
  const turn = span.attributes['sandglass.turn'];
  return typeof turn === 'string' ? turn : null;
}

/** All spans of a session in their order. */
export function placeSpans(spans: readonly Span[]): readonly PlacedSpan[] {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const places = new Map<string, Place>();
  const placeOf = (span: Span): Place => {
    const known = places.get(span.id);
    if (known !== undefined) return known;
    // A turn of a spawned session hangs under a call of another session: here it is a root.
    const above = span.parentId === null || span.kind === 'invoke_agent' ? undefined : byId.get(span.parentId);
    const start = span.startTime === null ? null : Date.parse(span.startTime);
    const place = placeBeneath(above === undefined ? null : placeOf(above), span.id, start, blockOf(span));
    places.set(span.id, place);
    return place;
  };
  return spans
    .map((span) => ({ span, place: placeOf(span), turnId: turnIdOf(span) }))
    .sort((a, b) => Buffer.compare(a.place.key, b.place.key));
}
