/**
 * Lays what OpenClaw's own log tells of a session's runs to their turns, beside what the fold made of the transcript: nothing of it is
 * counted, and what the transcript tells itself is left out. It follows the fold from span to span.
 */
import type { GatewayEvent } from './gatewayLines';
import { spanId } from './ids';
import { placeBeneath } from './place';
import type { Place } from './place';
import { firstWhere } from './runs';
import type { MadeSpan } from './spanMaker';
import { TimedTurns } from './timedTurns';
import { isoTime } from './isoTime';

interface Turn {
  /** Which was seen first. */
  readonly seq: number;
  readonly id: string;
  readonly start: number | null;
  readonly end: number | null;
  readonly runId: string | null;
  readonly inherited: boolean;
  readonly place: Place;
}

/** A turn whose run the transcript does not name, with the time in which a run's events are its. */
interface Timed {
  readonly seq: number;
  readonly start: number;
  readonly end: number;
  readonly turn: Turn;
}

interface Chat {
  readonly turnId: string | null;
  readonly start: number;
  readonly end: number;
  readonly failed: boolean;
}

interface Made {
  readonly event: GatewayEvent;
  readonly turn: Turn;
  readonly span: MadeSpan;
}

/** The log's line and the transcript's entry of one moment are written one after the other. */
const writtenMs = 250;
/** A run may tell a little more after its last entry. */
const afterMs = 2000;

/** A record costs what it touches: the events of its turn and the chats of that, not those of the session. */
export class GatewayOverlay {
  readonly #agent: string;
  readonly #session: string;
  readonly #turns = new Map<string, Turn>();
  /** Turns that name a run, by it. */
  readonly #ofRun = new Map<string, Set<string>>();
  readonly #timed = new TimedTurns<Timed>();
  readonly #chats = new Map<string, Chat>();
  /** By turn, then by span. */
  readonly #chatsOf = new Map<string | null, Map<string, Chat>>();

  readonly #eventsOfRun = new Map<string, GatewayEvent[]>();
  #eventsByTime: readonly GatewayEvent[] = [];
  /** By turn, where it is of one; and the other way round. */
  readonly #eventsOf = new Map<string, Set<GatewayEvent>>();
  readonly #turnIdOf = new Map<GatewayEvent, string>();
  /** By turn. */
  readonly #madeOf = new Map<string, readonly Made[]>();

  // What is to be looked at again: events that may be of another turn, and turns of which something is other than before.
  readonly #unplaced = new Set<GatewayEvent>();
  readonly #touched = new Set<string>();

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
        const known = this.#turns.get(span.id);
        const seq = known?.seq ?? this.#turns.size;
        this.#sawTurn(known, { seq, id: span.id, start, end, runId, inherited: attributes['sandglass.inherited'] === true, place });
      } else if (span.kind === 'chat' && end !== null) {
        this.#sawChat(span.id, { turnId, start: start ?? end, end, failed: span.status === 'error' });
      }
    }
  }

  #sawTurn(known: Turn | undefined, turn: Turn): void {
    this.#turns.set(turn.id, turn);
    this.#touched.add(turn.id);
    if (known !== undefined) {
      const timed = timedOf(known);
      if (timed !== null) this.#timed.remove(timed);
    }
    const timed = timedOf(turn);
    if (timed !== null) this.#timed.add(timed);
    if (known !== undefined && known.runId === turn.runId && known.start === turn.start && known.end === turn.end) return;
    if (known?.runId !== turn.runId) {
      if (known !== undefined && known.runId !== null) this.#ofRun.get(known.runId)?.delete(turn.id);
      if (turn.runId !== null) {
        const others = this.#ofRun.get(turn.runId);
        if (others === undefined) this.#ofRun.set(turn.runId, new Set([turn.id]));
        else others.add(turn.id);
      }
      for (const runId of [known?.runId ?? null, turn.runId])
        if (runId !== null) for (const event of this.#eventsOfRun.get(runId) ?? []) this.#unplaced.add(event);
    }
    // Those that were its by their time may be so no more, and others may be now.
    if (known !== undefined && known.runId === null) for (const event of this.#eventsOf.get(turn.id) ?? []) this.#unplaced.add(event);
    if (timed === null) return;
    const events = this.#eventsByTime;
    for (let i = firstWhere(events, ({ time }) => time >= timed.start); i < events.length; i++) {
      const event = events[i];
      if (event === undefined || event.time > timed.end) break;
      this.#unplaced.add(event);
    }
  }

  #sawChat(id: string, chat: Chat): void {
    const known = this.#chats.get(id);
    if (known !== undefined && known.turnId !== chat.turnId) {
      this.#chatsOf.get(known.turnId)?.delete(id);
      if (known.turnId !== null) this.#touched.add(known.turnId);
    }
    this.#chats.set(id, chat);
    const ofTurn = this.#chatsOf.get(chat.turnId);
    if (ofTurn === undefined) this.#chatsOf.set(chat.turnId, new Map([[id, chat]]));
    else ofTurn.set(id, chat);
    if (chat.turnId !== null) this.#touched.add(chat.turnId);
  }

  /** What the log tells of the session's runs now. */
  tell(events: readonly GatewayEvent[]): void {
    for (const turnId of this.#eventsOf.keys()) this.#touched.add(turnId);
    this.#eventsOf.clear();
    this.#turnIdOf.clear();
    this.#unplaced.clear();
    this.#eventsOfRun.clear();
    for (const event of events) {
      this.#unplaced.add(event);
      const ofRun = this.#eventsOfRun.get(event.runId);
      if (ofRun === undefined) this.#eventsOfRun.set(event.runId, [event]);
      else ofRun.push(event);
    }
    this.#eventsByTime = [...events].sort((a, b) => a.time - b.time);
  }

  /** Spans that are new or other than before; `gone`: one that was made is none any more. */
  take(): { readonly spans: readonly MadeSpan[]; readonly gone: boolean } {
    this.#place();
    const before = new Map<string, Made>();
    for (const turnId of this.#touched) {
      for (const made of this.#madeOf.get(turnId) ?? []) before.set(made.event.id, made);
      this.#madeOf.delete(turnId);
    }
    const spans: MadeSpan[] = [];
    for (const turnId of this.#touched) {
      const turn = this.#turns.get(turnId);
      const events = this.#eventsOf.get(turnId);
      if (turn === undefined || turn.inherited || events === undefined || events.size === 0) continue;
      const madeNow: Made[] = [];
      for (const event of notTold([...events], [...(this.#chatsOf.get(turnId)?.values() ?? [])])) {
        const known = before.get(event.id);
        before.delete(event.id);
        const alike = known !== undefined && known.turn.id === turnId && known.turn.place.key.equals(turn.place.key);
        const made = alike && known.event === event ? known : { event, turn, span: this.#span(event, turn) };
        if (!alike || (made !== known && JSON.stringify(made.span.span) !== JSON.stringify(known.span.span))) spans.push(made.span);
        madeNow.push(made);
      }
      if (madeNow.length > 0) this.#madeOf.set(turnId, madeNow);
    }
    this.#touched.clear();
    return { spans, gone: before.size > 0 };
  }

  #place(): void {
    for (const event of this.#unplaced) {
      const before = this.#turnIdOf.get(event);
      const turnId = this.#turnOf(event)?.id;
      if (turnId === before) continue;
      if (before !== undefined) {
        this.#touched.add(before);
        this.#eventsOf.get(before)?.delete(event);
        this.#turnIdOf.delete(event);
      }
      if (turnId === undefined) continue;
      this.#touched.add(turnId);
      this.#turnIdOf.set(event, turnId);
      const events = this.#eventsOf.get(turnId);
      if (events === undefined) this.#eventsOf.set(turnId, new Set([event]));
      else events.add(event);
    }
    this.#unplaced.clear();
  }

  /** By its run; where the transcript names none, by its time. */
  #turnOf(event: GatewayEvent): Turn | null {
    let first: Turn | null = null;
    for (const turnId of this.#ofRun.get(event.runId) ?? []) {
      const turn = this.#turns.get(turnId);
      if (turn !== undefined && (first === null || turn.seq < first.seq)) first = turn;
    }
    return first ?? this.#timed.at(event.time)?.turn ?? null;
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
      place: placeBeneath(turn.place, id, event.time),
      turnId: turn.id,
      call: null,
      childKey: null,
    };
  }
}

function timedOf(turn: Turn): Timed | null {
  const { seq, start, end, runId } = turn;
  return runId !== null || start === null ? null : { seq, start, end: end === null ? Infinity : end + afterMs, turn };
}

/** Of a turn's events those that its transcript does not tell. */
function notTold(events: readonly GatewayEvent[], chats: readonly Chat[]): readonly GatewayEvent[] {
  const worked = chats.reduce((latest, { end, failed }) => (failed ? latest : Math.max(latest, end)), -Infinity);
  const told = toldByTranscript(events, chats);
  return events.filter(({ id, time, goesOn }) => (goesOn === 'told' || worked >= time) && !told.has(id));
}

/** Of each call that failed for good, the last attempt is the one that the transcript has. */
function toldByTranscript(events: readonly GatewayEvent[], chats: readonly Chat[]): ReadonlySet<string> {
  const told = new Set<string>();
  const attempts = events.filter(({ name }) => name === 'model-retry').sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
  for (const chat of chats.filter(({ failed }) => failed).sort((a, b) => a.end - b.end || a.start - b.start)) {
    const after = firstWhere(attempts, ({ time }) => time > chat.end + writtenMs);
    for (let at = after - 1; at >= 0; at--) {
      const attempt = attempts[at];
      if (attempt === undefined || attempt.time < chat.start - writtenMs) break;
      if (told.has(attempt.id)) continue;
      told.add(attempt.id);
      break;
    }
  }
  return told;
}
