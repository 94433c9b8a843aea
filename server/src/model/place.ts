/**
 * Display order of a session's spans: each turn, beneath it its LLM calls and events by time, beneath a call its tool calls.
 * A span's place tells its order by itself: bytes that sort, beginning with those of what it stands beneath. Nothing else
 * that comes or goes moves it.
 */
import type { Span } from '../protocol/document';

export interface Place {
  readonly key: Buffer;
  readonly depth: number;
}

export interface PlacedSpan {
  readonly span: Span;
  readonly place: Place;
  readonly turnId: string | null;
}

type Placeable = Pick<Span, 'id' | 'startTime'> & { readonly block?: number };

const timeBytes = 8;
const idBytes = 8;
const blockBytes = 4;
/** Dates reach as far back. */
const earliest = -8.64e15;
const word = 2 ** 32;

/** `parent`: null for what stands beneath nothing of its own session, as a turn does whatever spawned it. */
export function placeBeneath(parent: Place | null, span: Placeable): Place {
  const above = parent?.key ?? Buffer.alloc(0);
  // Calls of one message stand in the order in which they were asked for; everything else by time.
  const rank = parent !== null && parent.depth > 0 ? blockRank(span.block ?? 0) : timeRank(span.startTime);
  return {
    key: Buffer.concat([above, rank, Buffer.from(span.id, 'hex')], above.length + rank.length + idBytes),
    depth: parent === null ? 0 : parent.depth + 1,
  };
}

/** What has no start comes last. */
function timeRank(start: string | null): Buffer {
  const rank = Buffer.alloc(timeBytes, 0xff);
  if (start === null) return rank;
  const since = Date.parse(start) - earliest;
  rank.writeUInt32BE(Math.floor(since / word), 0);
  rank.writeUInt32BE(since % word, timeBytes / 2);
  return rank;
}

function blockRank(block: number): Buffer {
  const rank = Buffer.alloc(blockBytes);
  rank.writeUInt32BE(block, 0);
  return rank;
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
    const { id, startTime } = span;
    const place = placeBeneath(above === undefined ? null : placeOf(above), { id, startTime, block: blockOf(span) });
    places.set(id, place);
    return place;
  };
  return spans
    .map((span) => ({ span, place: placeOf(span), turnId: turnIdOf(span) }))
    .sort((a, b) => Buffer.compare(a.place.key, b.place.key));
}
