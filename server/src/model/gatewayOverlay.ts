/**
 * Lays what OpenClaw's own log tells of a session's runs to their turns, beside what the fold made of the transcript: nothing of it is
 * counted, and what the transcript tells itself is left out. It follows the fold from span to span.
 */
import type { GatewayEvent } from './gatewayLines';
import { spanId } from './ids';
import { placeBeneath } from './place';
import type { Place } from './place';
import type { MadeSpan } from './sessionFold';
import { isoTime } from './toolSpan';

interface Turn {
  readonly id: string;
  readonly start: number | null;
  readonly end: number | null;
  readonly runId: string | null;
  readonly inherited: boolean;
  readonly place: Place;
}

interface Chat {
  readonly turnId: string | null;
  readonly start: number;
  readonly end: number;
  readonly failed: boolean;
}

/** The log's line and the transcript's entry of one moment are written one after the other. */
const writtenMs = 250;
/** A run may tell a little more after its last entry. */
const afterMs = 2000;

export class GatewayOverlay {
  readonly #agent: string;
  readonly #session: string;
  readonly #turns = new Map<string, Turn>();
  readonly #chats = new Map<string, Chat>();
  #events: readonly GatewayEvent[] = [];
  #made = new Map<string, MadeSpan>();
  #stale = false;

  constructor(agent: string, session: string) {
    this.#agent = agent;
    this.#session = session;
  }

  /** Spans that the fold made. */
  saw(spans: readonly MadeSpan[]): void {
    for (const { span, place, turnId } of spans) {
      const { attributes } = span;
      const start = span.startTime === null ? null : Date.parse(span.startTime);
      const end = span.endTime === null ? null : Date.parse(span.endTime);
      if (span.kind === 'invoke_agent') {
        const runId = typeof attributes['sandglass.run.id'] === 'string' ? attributes['sandglass.run.id'] : null;
        this.#turns.set(span.id, { id: span.id, start, end, runId, inherited: attributes['sandglass.inherited'] === true, place });
      } else if (span.kind === 'chat' && end !== null) {
        this.#chats.set(span.id, { turnId, start: start ?? end, end, failed: span.status === 'error' });
      } else continue;
      this.#stale = true;
    }
  }

  /** What the log tells of the session's runs now. */
  tell(events: readonly GatewayEvent[]): void {
    this.#events = events;
    this.#stale = true;
  }

  /** Spans that are new or other than before; `gone`: one that was made is none any more. */
  take(): { readonly spans: readonly MadeSpan[]; readonly gone: boolean } {
    if (!this.#stale || (this.#events.length === 0 && this.#made.size === 0)) return { spans: [], gone: false };
    this.#stale = false;
    const made = this.#make();
    const spans = [...made.values()].filter(({ span }) => JSON.stringify(span) !== JSON.stringify(this.#made.get(span.id)?.span));
    const gone = [...this.#made.keys()].some((id) => !made.has(id));
    this.#made = made;
    return { spans, gone };
  }

  #make(): Map<string, MadeSpan> {
    const made = new Map<string, MadeSpan>();
    const byTurn = new Map<Turn, GatewayEvent[]>();
    for (const event of this.#events) {
      const turn = this.#turnOf(event);
      if (turn === null || turn.inherited) continue;
      const list = byTurn.get(turn);
      if (list === undefined) byTurn.set(turn, [event]);
      else list.push(event);
    }
    for (const [turn, events] of byTurn) {
      const chats = [...this.#chats.values()].filter(({ turnId }) => turnId === turn.id);
      const told = toldByTranscript(events, chats);
      for (const event of events) {
        const wentOn = event.goesOn === 'told' || chats.some(({ end, failed }) => !failed && end >= event.time);
        if (!wentOn || told.has(event.id)) continue;
        const span = this.#span(event, turn);
        made.set(span.span.id, span);
      }
    }
    return made;
  }

  /** By its run; where the transcript names none, by its time. */
  #turnOf(event: GatewayEvent): Turn | null {
    let running: Turn | null = null;
    for (const turn of this.#turns.values()) {
      if (turn.runId === event.runId) return turn;
      if (turn.runId !== null || turn.start === null || turn.start > event.time) continue;
      if (turn.end !== null && event.time > turn.end + afterMs) continue;
      if (running === null || turn.start > (running.start ?? 0)) running = turn;
    }
    return running;
  }

  #span(event: GatewayEvent, turn: Turn): MadeSpan {
    const id = spanId(this.#agent, this.#session, `gateway-log:${event.id}`, 'event', 0);
    const time = isoTime(event.time);
    return {
      span: {
        id,
        parentId: turn.id,
        kind: 'event',
        name: event.name,
        startTime: time,
        endTime: time,
        durationMs: null,
        durationBasis: 'unknown',
        status: event.failed ? 'error' : 'ok',
        statusMessage: event.failed ? event.preview : null,
        entryId: `gateway-log:${event.id}`,
        witness: 'agent',
        attributes: {
          'sandglass.origin': 'gateway-log',
          'sandglass.preview': event.preview,
          ...event.attributes,
          'sandglass.turn': turn.id,
          'sandglass.inherited': false,
          'sandglass.abandoned': false,
        },
      },
      place: placeBeneath(turn.place, { id, startTime: time }),
      turnId: turn.id,
      call: null,
      childKey: null,
    };
  }
}

/** Of each call that failed for good, the last attempt is the one that the transcript has. */
function toldByTranscript(events: readonly GatewayEvent[], chats: readonly Chat[]): ReadonlySet<string> {
  const told = new Set<string>();
  const attempts = events.filter(({ name }) => name === 'model-retry').sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
  for (const chat of chats.filter(({ failed }) => failed).sort((a, b) => a.end - b.end)) {
    const last = attempts.findLast(({ id, time }) => time >= chat.start - writtenMs && time <= chat.end + writtenMs && !told.has(id));
    if (last !== undefined) told.add(last.id);
  }
  return told;
}
