/**
 * Which entry belongs to which turn. A turn opens at a user entry, or at an assistant message after a final reply; a run id
 * joins, never splits. Also here: which assistant messages are the same model call written again, and which result belongs
 * to which call.
 */
import { llmCallKey } from './events';
import type { AssistantEntry, Entry, ToolCallBlock, ToolResultEntry } from './events';

export interface CallDraft {
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
  readonly entry: AssistantEntry;
  readonly turn: TurnDraft;
  /** The message stands again under other entry ids; the call was one. */
  repeats: number;
  readonly inherited: boolean;
  readonly counted: boolean;
}

export interface OrphanResult {
  readonly result: ToolResultEntry;
  readonly turn: TurnDraft | null;
  readonly inherited: boolean;
  readonly counted: boolean;
}

export interface TurnDraft {
  readonly first: Entry;
  readonly runIds: Set<string>;
  lastTime: number | null;
  /** The last assistant message of the turn. */
  last: AssistantEntry | null;
  /** A final reply was given. */
  closed: boolean;
  failedBeforeReply: string | null;
  readonly inherited: boolean;
}

export interface Assembled {
  readonly turns: readonly TurnDraft[];
  readonly chats: readonly ChatDraft[];
  readonly calls: readonly CallDraft[];
  readonly orphans: readonly OrphanResult[];
  /** Everything else with the turn it fell in. */
  readonly others: readonly { readonly entry: Entry; readonly turn: TurnDraft | null; readonly inherited: boolean }[];
}

export interface Ownership {
  /** No older session of the agent has this entry. */
  owns(entryId: string): boolean;
  /** No older session has this model call. */
  ownsCall(callKey: string): boolean;
}

export function isFinalReply(entry: AssistantEntry): boolean {
  // An error or an abort is no reply: what follows still belongs to the turn.
  return (entry.stopReason === 'stop' || entry.stopReason === 'length') && !entry.blocks.some((block) => block.kind === 'toolCall');
}

/** `entries` as orderedEntries gives them. */
export function assemble(entries: readonly Entry[], ownership: Ownership): Assembled {
  const turns: TurnDraft[] = [];
  const chats: ChatDraft[] = [];
  const calls: CallDraft[] = [];
  const orphans: OrphanResult[] = [];
  const others: { entry: Entry; turn: TurnDraft | null; inherited: boolean }[] = [];
  const byRun = new Map<string, TurnDraft>();
  const chatByKey = new Map<string, ChatDraft>();
  const openCalls = new Map<string, CallDraft[]>();
  const countedCalls = new Set<string>();
  const countedResults = new Set<string>();
  // A result may stand before its call where clocks disagree; it waits for it.
  const asked = askedCalls(entries);
  const early = new Map<string, ToolResultEntry[]>();
  let current: TurnDraft | null = null;

  const join = (turn: TurnDraft, entry: Entry): TurnDraft => {
    turn.lastTime = Math.max(turn.lastTime ?? 0, entry.time ?? 0) || turn.lastTime;
    if (entry.runId !== null && !byRun.has(entry.runId)) {
      byRun.set(entry.runId, turn);
      turn.runIds.add(entry.runId);
    }
    return turn;
  };
  const open = (entry: Entry, inherited: boolean): TurnDraft => {
    const turn: TurnDraft = {
      first: entry,
      runIds: new Set(),
      lastTime: null,
      last: null,
      closed: false,
      failedBeforeReply: null,
      inherited,
    };
    turns.push(turn);
    return turn;
  };

  const answer = (entry: ToolResultEntry, inherited: boolean): void => {
    const waiting = (openCalls.get(entry.callId) ?? []).filter((call) => call.result === null);
    const call = waiting.find((candidate) => candidate.inherited === inherited) ?? waiting[0];
    // A second result for a call that has one is the same result appended again.
    if (call === undefined) return;
    call.result = entry;
    join(call.turn, entry);
  };

  for (const entry of entries) {
    const inherited = !ownership.owns(entry.entryId);
    const ofRun: TurnDraft | null = entry.runId === null ? null : (byRun.get(entry.runId) ?? null);
    switch (entry.kind) {
      case 'user':
        current = join(ofRun ?? open(entry, inherited), entry);
        break;
      case 'assistant': {
        if (entry.synthetic) {
          others.push({ entry, turn: ofRun ?? current, inherited });
          break;
        }
        const key = llmCallKey(entry);
        const known = chatByKey.get(key);
        if (known !== undefined) {
          known.repeats += 1;
          break;
        }
        const turn: TurnDraft = join(ofRun ?? (current !== null && !current.closed ? current : open(entry, inherited)), entry);
        current = turn;
        turn.last = entry;
        turn.closed = isFinalReply(entry);
        const counted = !inherited && ownership.ownsCall(key);
        const chat: ChatDraft = { entry, turn, repeats: 0, inherited: !counted, counted };
        chatByKey.set(key, chat);
        chats.push(chat);
        const blocks = entry.blocks.filter((block): block is ToolCallBlock => block.kind === 'toolCall');
        for (const block of blocks) {
          const first = counted && !countedCalls.has(block.callId);
          if (first) countedCalls.add(block.callId);
          const call: CallDraft = {
            message: entry,
            block,
            turn,
            siblings: blocks.length,
            result: null,
            inherited: !counted,
            counted: first,
          };
          calls.push(call);
          const list = openCalls.get(block.callId);
          if (list === undefined) openCalls.set(block.callId, [call]);
          else list.push(call);
        }
        for (const { callId } of blocks) {
          for (const result of early.get(callId) ?? []) answer(result, !ownership.owns(result.entryId));
          early.delete(callId);
        }
        break;
      }
      case 'toolResult': {
        if (openCalls.has(entry.callId)) answer(entry, inherited);
        else if (asked.has(entry.callId)) {
          const waiting = early.get(entry.callId);
          if (waiting === undefined) early.set(entry.callId, [entry]);
          else waiting.push(entry);
        } else {
          const counted = !inherited && !countedResults.has(entry.callId);
          if (counted) countedResults.add(entry.callId);
          const turn: TurnDraft | null = ofRun ?? current;
          if (turn !== null) join(turn, entry);
          orphans.push({ result: entry, turn, inherited, counted });
        }
        break;
      }
      case 'nested':
      case 'compaction':
      case 'note': {
        const turn: TurnDraft | null = ofRun ?? current;
        if (turn !== null && entry.kind === 'note' && entry.note === 'custom_message:run-failed-before-reply') {
          turn.failedBeforeReply = entry.preview ?? '';
          join(turn, entry);
        }
        if (turn !== null && entry.kind === 'nested') join(turn, entry);
        others.push({ entry, turn, inherited });
        break;
      }
    }
  }
  return { turns, chats, calls, orphans, others };
}

function askedCalls(entries: readonly Entry[]): ReadonlySet<string> {
  const asked = new Set<string>();
  for (const entry of entries) {
    if (entry.kind !== 'assistant' || entry.synthetic) continue;
    for (const block of entry.blocks) if (block.kind === 'toolCall') asked.add(block.callId);
  }
  return asked;
}
