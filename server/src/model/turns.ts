/**
 * Which entry belongs to which turn. A turn opens at a user entry, or at an assistant message after a final reply; a run id
 * joins, never splits. Also here: which assistant messages are the same model call written again, and which result belongs
 * to which call. Takes one entry after the other, and tells what each of them made or changed.
 */
import { llmCallKey } from './events';
import type { AssistantEntry, Entry, ToolCallBlock, ToolResultEntry } from './events';

export interface CallDraft {
  readonly kind: 'call';
  readonly message: AssistantEntry;
  readonly block: ToolCallBlock;
  readonly turn: TurnDraft;
  /** Calls asked for in the same message. */
  readonly siblings: number;
  result: ToolResultEntry | null;
  readonly inherited: boolean;
  /** Counts in the session's totals. */
  readonly counted: boolean;
}

export interface ChatDraft {
  readonly kind: 'chat';
  readonly entry: AssistantEntry;
  readonly turn: TurnDraft;
  /** The message stands again under other entry ids; the call was one. */
  repeats: number;
  readonly inherited: boolean;
  readonly counted: boolean;
}

export interface OrphanResult {
  readonly kind: 'orphan';
  readonly result: ToolResultEntry;
  readonly turn: TurnDraft | null;
  readonly inherited: boolean;
  readonly counted: boolean;
}

export interface TurnDraft {
  readonly kind: 'turn';
  readonly first: Entry;
  readonly runIds: Set<string>;
  /** Its calls without a result. */
  readonly waiting: Set<CallDraft>;
  lastTime: number | null;
  /** The last assistant message of the turn. */
  last: AssistantEntry | null;
  /** A final reply was given. */
  closed: boolean;
  failedBeforeReply: string | null;
  readonly inherited: boolean;
}

/** Everything else with the turn it fell in. */
export interface OtherDraft {
  readonly kind: 'other';
  readonly entry: Entry;
  readonly turn: TurnDraft | null;
  readonly inherited: boolean;
}

export type Draft = TurnDraft | ChatDraft | CallDraft | OrphanResult | OtherDraft;

export interface Ownership {
  /** No older session of the agent has this entry. */
  owns(entryId: string): boolean;
  /** No older session has this model call. */
  ownsCall(callKey: string): boolean;
}

/** Hears what an entry made of the session. */
export interface DraftListener {
  made(draft: Draft): void;
  changed(draft: Draft): void;
  answered(call: CallDraft, result: ToolResultEntry): void;
  /** Another run is known to be of this turn. */
  ran(turn: TurnDraft): void;
}

export function isFinalReply(entry: AssistantEntry): boolean {
  // An error or an abort is no reply: what follows still belongs to the turn.
  return (entry.stopReason === 'stop' || entry.stopReason === 'length') && !entry.blocks.some((block) => block.kind === 'toolCall');
}

export class Assembler {
  readonly #told: DraftListener;
  readonly #byRun = new Map<string, TurnDraft>();
  readonly #chatByKey = new Map<string, ChatDraft>();
  /** Calls by their id, which some models use again and again; and those of them that have no result. */
  readonly #calls = new Map<string, CallDraft[]>();
  readonly #waiting = new Map<string, CallDraft[]>();
  readonly #countedCalls = new Set<string>();
  readonly #orphans = new Set<string>();
  readonly #countedResults = new Set<string>();
  /** Asked for in a message that is a repeat of another, which did not ask for it. */
  readonly #askedInRepeats = new Set<string>();
  // A result may stand before its call where clocks disagree; it waits for it.
  readonly #early = new Map<string, { readonly result: ToolResultEntry; readonly inherited: boolean }[]>();
  #current: TurnDraft | null = null;

  constructor(told: DraftListener) {
    this.#told = told;
  }

  /** False when these entries make a call of a result that was taken for one without. */
  fits(entries: Iterable<Entry>): boolean {
    if (this.#orphans.size === 0) return true;
    for (const callId of askedCalls(entries)) if (this.#orphans.has(callId)) return false;
    return true;
  }

  /** Entries come in order. */
  add(entries: readonly Entry[], ownership: Ownership): void {
    const asked = askedCalls(entries);
    for (const entry of entries) this.#add(entry, asked, ownership);
    for (const callId of asked) if (!this.#calls.has(callId)) this.#askedInRepeats.add(callId);
  }

  /** Calls under this id. */
  calls(callId: string): readonly CallDraft[] {
    return this.#calls.get(callId) ?? [];
  }

  turnOfRun(runId: string): TurnDraft | null {
    return this.#byRun.get(runId) ?? null;
  }

  #add(entry: Entry, asked: ReadonlySet<string>, ownership: Ownership): void {
    const inherited = !ownership.owns(entry.entryId);
    const ofRun: TurnDraft | null = entry.runId === null ? null : (this.#byRun.get(entry.runId) ?? null);
    switch (entry.kind) {
      case 'user':
        this.#current = this.#join(ofRun ?? this.#open(entry, inherited), entry);
        break;
      case 'assistant':
        if (entry.synthetic) this.#told.made({ kind: 'other', entry, turn: ofRun ?? this.#current, inherited });
        else this.#message(entry, ofRun, inherited, ownership);
        break;
      case 'toolResult':
        if (this.#calls.has(entry.callId)) this.#answer(entry, inherited);
        else if (asked.has(entry.callId) || this.#askedInRepeats.has(entry.callId)) {
          const early = { result: entry, inherited };
          const waiting = this.#early.get(entry.callId);
          if (waiting === undefined) this.#early.set(entry.callId, [early]);
          else waiting.push(early);
        } else {
          const counted = !inherited && !this.#countedResults.has(entry.callId);
          if (counted) this.#countedResults.add(entry.callId);
          this.#orphans.add(entry.callId);
          const turn = ofRun ?? this.#current;
          if (turn !== null) this.#join(turn, entry);
          this.#told.made({ kind: 'orphan', result: entry, turn, inherited, counted });
        }
        break;
      case 'nested':
      case 'compaction':
      case 'note': {
        const turn = ofRun ?? this.#current;
        if (turn !== null && entry.kind === 'note' && entry.note === 'custom_message:run-failed-before-reply') {
          turn.failedBeforeReply = entry.preview ?? '';
          this.#join(turn, entry);
        }
        if (turn !== null && entry.kind === 'nested') this.#join(turn, entry);
        this.#told.made({ kind: 'other', entry, turn, inherited });
        break;
      }
    }
  }

  #message(entry: AssistantEntry, ofRun: TurnDraft | null, inherited: boolean, ownership: Ownership): void {
    const key = llmCallKey(entry);
    const known = this.#chatByKey.get(key);
    if (known !== undefined) {
      known.repeats += 1;
      this.#told.changed(known);
      return;
    }
    const current = this.#current;
    const turn = this.#join(ofRun ?? (current !== null && !current.closed ? current : this.#open(entry, inherited)), entry);
    this.#current = turn;
    turn.last = entry;
    turn.closed = isFinalReply(entry);
    const counted = !inherited && ownership.ownsCall(key);
    const chat: ChatDraft = { kind: 'chat', entry, turn, repeats: 0, inherited: !counted, counted };
    this.#chatByKey.set(key, chat);
    this.#told.made(chat);
    const blocks = entry.blocks.filter((block): block is ToolCallBlock => block.kind === 'toolCall');
    for (const block of blocks) {
      const first = counted && !this.#countedCalls.has(block.callId);
      if (first) this.#countedCalls.add(block.callId);
      const call: CallDraft = {
        kind: 'call',
        message: entry,
        block,
        turn,
        siblings: blocks.length,
        result: null,
        inherited: !counted,
        counted: first,
      };
      for (const list of [this.#calls, this.#waiting]) {
        const sameId = list.get(block.callId);
        if (sameId === undefined) list.set(block.callId, [call]);
        else sameId.push(call);
      }
      turn.waiting.add(call);
      this.#told.made(call);
    }
    for (const { callId } of blocks) {
      for (const early of this.#early.get(callId) ?? []) this.#answer(early.result, early.inherited);
      this.#early.delete(callId);
    }
  }

  #answer(result: ToolResultEntry, inherited: boolean): void {
    const waiting = this.#waiting.get(result.callId);
    // A second result for a call that has one is the same result appended again.
    if (waiting === undefined) return;
    const call = waiting.find((candidate) => candidate.inherited === inherited) ?? waiting[0];
    if (call === undefined) return;
    if (waiting.length === 1) this.#waiting.delete(result.callId);
    else waiting.splice(waiting.indexOf(call), 1);
    call.turn.waiting.delete(call);
    call.result = result;
    this.#told.answered(call, result);
    this.#join(call.turn, result);
  }

  #join(turn: TurnDraft, entry: Entry): TurnDraft {
    turn.lastTime = Math.max(turn.lastTime ?? 0, entry.time ?? 0) || turn.lastTime;
    if (entry.runId !== null && !this.#byRun.has(entry.runId)) {
      this.#byRun.set(entry.runId, turn);
      turn.runIds.add(entry.runId);
      this.#told.ran(turn);
    }
    this.#told.changed(turn);
    return turn;
  }

  #open(entry: Entry, inherited: boolean): TurnDraft {
    const turn: TurnDraft = {
      kind: 'turn',
      first: entry,
      runIds: new Set(),
      waiting: new Set(),
      lastTime: null,
      last: null,
      closed: false,
      failedBeforeReply: null,
      inherited,
    };
    this.#told.made(turn);
    return turn;
  }
}

function askedCalls(entries: Iterable<Entry>): ReadonlySet<string> {
  const asked = new Set<string>();
  for (const entry of entries) {
    if (entry.kind !== 'assistant' || entry.synthetic) continue;
    for (const block of entry.blocks) if (block.kind === 'toolCall') asked.add(block.callId);
  }
  return asked;
}
