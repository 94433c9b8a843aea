/**
 * From what the fold made of a session's entries to spans: each with its place, and of a call what the join with the supervisor's
 * log needs. One maker for one step of the fold: what several spans stand beneath is worked out once in it.
 */
import type { Span } from '../protocol/document';
import type { AccountFor } from './account';
import type { ArgumentHints } from './argumentHints';
import { assertNever } from './assertNever';
import { chatSpan } from './chatSpan';
import { eventSpan } from './eventSpan';
import type { AssistantEntry, Entry } from './events';
import { spanId } from './ids';
import { placeBeneath, turnIdOf } from './place';
import type { Place, PlacedSpan } from './place';
import { orphanSpan, toolSpan } from './toolSpan';
import type { CallTimesSources } from './toolSpan';
import type { CallDraft, Draft, TurnDraft } from './turns';
import { turnSpan } from './turnSpan';
import type { TurnView } from './turnSpan';

/** Paths kept of one call. */
const pathLimit = 16;

/** A tool call as the join with the supervisor's log needs it. */
export interface CallFact {
  readonly spanId: string;
  readonly turnId: string;
  readonly session: string;
  readonly name: string;
  readonly command: string | null;
  /** Two calls with the same target tried the same thing. */
  readonly target: string;
  readonly pid: number | null;
  /**
   * When it was asked for, and when its result was written. One that never got a result is over with its turn, or when a later turn
   * began; null: it may still run.
   */
  readonly start: number | null;
  readonly end: number | null;
}

export interface MadeSpan extends PlacedSpan {
  /** Of a call that is the session's own. */
  readonly call: CallFact | null;
  /** Key of the session it spawned. */
  readonly childKey: string | null;
}

/** What the fold knows when a step is made. */
export interface FoldState {
  readonly agent: string;
  readonly session: string;
  readonly account: AccountFor;
  readonly times: CallTimesSources;
  readonly hints: ArgumentHints;
  /** Of the call that spawned the session. */
  readonly spawnedBy: string | null;
  isActive(entryId: string): boolean;
  view(turn: TurnDraft): TurnView;
  /** After this no call of the turn runs any more; null: one still may. */
  overAt(turn: TurnDraft): number | null;
}

interface ChatAbove {
  readonly id: string;
  readonly place: Place;
}

export class SpanMaker {
  readonly #fold: FoldState;
  readonly #turns = new Map<TurnDraft, Place>();
  readonly #chats = new Map<AssistantEntry, ChatAbove>();

  constructor(fold: FoldState) {
    this.#fold = fold;
  }

  /** Null for what is shown nowhere. */
  make(draft: Draft): MadeSpan | null {
    const { agent, session, account, spawnedBy } = this.#fold;
    const active = this.#fold.isActive(entryOf(draft).entryId);
    switch (draft.kind) {
      case 'turn':
        return plain(turnSpan(agent, draft, this.#fold.view(draft), spawnedBy, active), this.#turn(draft));
      case 'chat': {
        const { id, place } = this.#chat(draft.entry, draft.turn);
        return plain(chatSpan(id, draft, this.#fold.view(draft.turn).id, account, active), place);
      }
      case 'call':
        return this.#call(draft, this.#chat(draft.message, draft.turn), !active);
      case 'orphan':
        return this.#inTurn(draft.turn, orphanSpan(agent, session, draft, this.#idOf(draft.turn), !active));
      case 'other': {
        const span = eventSpan(agent, session, draft, this.#idOf(draft.turn), !active);
        return span === null ? null : this.#inTurn(draft.turn, span);
      }
      default:
        return assertNever(draft);
    }
  }

  #idOf(turn: TurnDraft | null): string | null {
    return turn === null ? null : this.#fold.view(turn).id;
  }

  #inTurn(turn: TurnDraft | null, span: Span): MadeSpan {
    const start = span.startTime === null ? null : Date.parse(span.startTime);
    return plain(span, placeBeneath(turn === null ? null : this.#turn(turn), span.id, start));
  }

  #turn(turn: TurnDraft): Place {
    let place = this.#turns.get(turn);
    if (place === undefined) {
      const { id, start } = this.#fold.view(turn);
      this.#turns.set(turn, (place = placeBeneath(null, id, start)));
    }
    return place;
  }

  #chat(message: AssistantEntry, turn: TurnDraft): ChatAbove {
    let chat = this.#chats.get(message);
    if (chat === undefined) {
      const id = spanId(this.#fold.agent, this.#fold.session, message.entryId, 'chat', 0);
      this.#chats.set(message, (chat = { id, place: placeBeneath(this.#turn(turn), id, message.startTime) }));
    }
    return chat;
  }

  #call(call: CallDraft, chat: ChatAbove, abandoned: boolean): MadeSpan {
    const { agent, session, times, hints } = this.#fold;
    const turn = this.#fold.view(call.turn);
    const span = toolSpan({
      agent,
      session,
      call,
      parentId: chat.id,
      turnId: turn.id,
      turnRunning: turn.status === 'running',
      turnAborted: turn.status === 'aborted',
      abandoned,
      sources: times,
      paths: hints.pathsOf(call.block, call.block.owner ?? call.result?.owner ?? null, pathLimit),
    });
    // By its block, not by its time.
    const made = plain(span, placeBeneath(chat.place, span.id, null, call.block.index));
    if (call.inherited) return made;
    return {
      ...made,
      call: {
        spanId: span.id,
        turnId: turn.id,
        session,
        name: call.block.name,
        command: call.block.command,
        target: `${call.block.name}\n${call.block.target}`,
        pid: call.result?.pid ?? null,
        start: call.message.time,
        end: answeredAt(call) ?? this.#fold.overAt(call.turn),
      },
      childKey: call.result?.childSessionKey ?? null,
    };
  }
}

function plain(span: Span, place: Place): MadeSpan {
  return { span, place, turnId: turnIdOf(span), call: null, childKey: null };
}

export function answeredAt({ result }: CallDraft): number | null {
  return result?.writtenTime ?? result?.time ?? null;
}

/** The entry whose branch a draft lies on. */
export function entryOf(draft: Draft): Entry {
  switch (draft.kind) {
    case 'turn':
      return draft.first;
    case 'call':
      return draft.message;
    case 'orphan':
      return draft.result;
    case 'chat':
    case 'other':
      return draft.entry;
    default:
      return assertNever(draft);
  }
}
