/**
 * Calls that were made again and told nothing new: the same tool with the same arguments and the same result within a turn, while
 * nothing between them can have changed anything. And what they cost: the LLM calls that asked for nothing else, whole, and what these
 * put into the prompts of later LLM calls. What is counted, and what is not, stands in docs/cost.md.
 */
import type { CostBasis } from '../../protocol/document';

/** What a session did, in its order. */
export type Step =
  | {
      readonly kind: 'llm';
      readonly spanId: string;
      readonly turnId: string | null;
      /** Tokens of the prompt, cache included; null: not reported. */
      readonly prompt: number | null;
      readonly output: number | null;
      readonly usd: number | null;
      readonly basis: CostBasis;
      /** How many tool calls it asked for. */
      readonly asks: number;
    }
  | {
      readonly kind: 'tool';
      readonly spanId: string;
      readonly turnId: string | null;
      /** Span of the LLM call that asked for it. */
      readonly askedBy: string | null;
      readonly tool: string;
      /** Tool and arguments, whole; equal exactly for equal calls. null: not known. */
      readonly call: string | null;
      /** The result, whole. null: there is none, or it is not known. */
      readonly result: string | null;
      readonly effect: Effect;
    }
  /** What was in the prompts before is not in those after it. */
  | { readonly kind: 'compaction' };

/** `reads`: changes nothing. `waits`: asks how far something is that goes on elsewhere; to ask it again is its purpose. */
export type Effect = 'reads' | 'may-change' | 'waits';

export interface Waste {
  /** LLM calls. */
  readonly calls: number;
  readonly tokens: number;
  /** null: none of the calls has a price, or it can't be told which part of it this is. */
  readonly usd: number | null;
  readonly unpricedCalls: number;
  readonly bases: readonly CostBasis[];
}

export interface RedundantCalls {
  readonly turnId: string | null;
  readonly tool: string;
  /** Spans: the call that told something, and those that told it again. */
  readonly first: string;
  readonly again: readonly string[];
  /** The LLM calls that asked for such calls and for nothing else. */
  readonly asked: Waste;
  /** Tokens that these put into the prompts of later LLM calls of the session, once for each that carried them; no money. */
  readonly carried: { readonly calls: number; readonly tokens: number };
  /** Calls again that were asked for together with others: their LLM call was needed anyway and is not counted. */
  readonly beside: number;
}

interface Seen {
  readonly index: number;
  readonly result: string;
  readonly first: string;
}

/** Of one session. */
export function redundantCalls(steps: readonly Step[]): readonly RedundantCalls[] {
  const again = findAgain(steps);
  if (again.size === 0) return [];
  const asked = new Map<string, number>();
  for (const step of steps)
    if (step.kind === 'tool' && step.askedBy !== null && again.has(step.spanId))
      asked.set(step.askedBy, (asked.get(step.askedBy) ?? 0) + 1);
  const wasted = new Set(
    steps.flatMap((step) => (step.kind === 'llm' && step.asks > 0 && asked.get(step.spanId) === step.asks ? [step.spanId] : [])),
  );
  const groups = new Map<string, { tool: string; turnId: string | null; again: string[]; by: Set<string>; beside: number }>();
  for (const step of steps) {
    if (step.kind !== 'tool') continue;
    const first = again.get(step.spanId);
    if (first === undefined) continue;
    const group = groups.get(first) ?? { tool: step.tool, turnId: step.turnId, again: [], by: new Set<string>(), beside: 0 };
    groups.set(first, group);
    group.again.push(step.spanId);
    // An LLM call whose calls are of several groups is counted with the first of them.
    if (step.askedBy === null || !wasted.has(step.askedBy)) group.beside += 1;
    else if (![...groups.values()].some(({ by }) => by.has(step.askedBy ?? ''))) group.by.add(step.askedBy);
  }
  return [...groups].map(([first, { tool, turnId, again: spans, by, beside }]) => ({
    turnId,
    tool,
    first,
    again: spans,
    asked: askedOf(steps, by),
    carried: carriedOf(steps, by),
    beside,
  }));
}

/** By the span of a call that was made again: the span of the first one. */
function findAgain(steps: readonly Step[]): ReadonlyMap<string, string> {
  const again = new Map<string, string>();
  let turn: string | null = null;
  let seen = new Map<string, Seen>();
  let changed = -1;
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'tool') continue;
    if (step.turnId === null || step.turnId !== turn) {
      // Between turns hours may lie, and what others did.
      turn = step.turnId;
      seen = new Map();
      changed = -1;
    }
    const { call, result } = step;
    if (call !== null && result !== null && step.effect !== 'waits') {
      const before = seen.get(call);
      const same = before !== undefined && before.result === result && changed <= before.index;
      if (same) again.set(step.spanId, before.first);
      seen.set(call, { index, result, first: same ? before.first : step.spanId });
    }
    if (step.effect !== 'reads') changed = index;
  }
  return again;
}

function askedOf(steps: readonly Step[], by: ReadonlySet<string>): Waste {
  let [calls, tokens, unpricedCalls] = [0, 0, 0];
  let usd: number | null = null;
  const bases = new Set<CostBasis>();
  for (const step of steps) {
    if (step.kind !== 'llm' || !by.has(step.spanId)) continue;
    calls += 1;
    tokens += (step.prompt ?? 0) + (step.output ?? 0);
    if (step.usd === null) unpricedCalls += 1;
    else {
      usd = (usd ?? 0) + step.usd;
      bases.add(step.basis);
    }
  }
  return { calls, tokens, usd, unpricedCalls, bases: [...bases].sort() };
}

/** What a prompt grew by from such an LLM call to the next of its turn is all of it: its message, and what came of it. */
function carriedOf(steps: readonly Step[], by: ReadonlySet<string>): { readonly calls: number; readonly tokens: number } {
  const carriers = new Set<string>();
  let tokens = 0;
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'llm' || !by.has(step.spanId) || step.prompt === null) continue;
    let grown = 0;
    for (const later of steps.slice(index + 1)) {
      if (later.kind === 'compaction') break;
      if (later.kind !== 'llm') continue;
      if (grown === 0) {
        if (later.prompt === null || later.turnId !== step.turnId) break;
        grown = later.prompt - step.prompt;
      }
      // It shrank: something was dropped, and perhaps this.
      if (grown <= 0 || later.prompt === null || later.prompt < step.prompt + grown) break;
      // What is wasted itself is counted whole already.
      if (by.has(later.spanId)) continue;
      tokens += grown;
      carriers.add(later.spanId);
    }
  }
  return { calls: carriers.size, tokens };
}

/** Tools that only read, by the names OpenClaw gives them. Of all others nobody knows. */
const readers: ReadonlySet<string> = new Set(
  'read grep find glob ls memory_search memory_get web_search web_fetch file_fetch dir_list dir_fetch agents_list get_goal image pdf'.split(
    ' ',
  ),
);
const waiters: ReadonlySet<string> = new Set(
  'process agents_wait sessions_yield subagents sessions sessions_list sessions_history sessions_search session_status cron automations nodes'.split(
    ' ',
  ),
);
const shells: ReadonlySet<string> = new Set(['exec', 'bash']);
const readingPrograms: ReadonlySet<string> = new Set(
  'cat head tail less more wc nl ls cd pwd stat file tree cmp diff grep egrep fgrep rg test [ which type true false echo printf cut sort uniq tr jq'.split(
    ' ',
  ),
);
const readingGit: ReadonlySet<string> = new Set(['blame', 'diff', 'grep', 'log', 'ls-files', 'show', 'status', 'rev-parse']);

/** `command`: of a shell tool. */
export function effectOf(tool: string, command: string | null): Effect {
  if (waiters.has(tool)) return 'waits';
  if (readers.has(tool)) return 'reads';
  return shells.has(tool) && command !== null && onlyReads(command) ? 'reads' : 'may-change';
}

/** Whether all that a command line runs is known to change nothing. What is not understood may change something. */
function onlyReads(command: string): boolean {
  const line = command.replaceAll(/\s[12]?>\s?\/dev\/null\b|\s2>&1/g, '');
  if (/[>`]|\$\(|<\(/.test(line)) return false;
  const parts = line.split(/[\n;|&]+/).filter((part) => part.trim() !== '');
  return (
    parts.length > 0 &&
    parts.every((part) => {
      const [program = '', first = ''] = part.trim().split(/\s+/, 2);
      if (program === 'git') return readingGit.has(first);
      // `sort -o` and `tree -o` write.
      return readingPrograms.has(program) && !/\s-o\b|\s--output/.test(part);
    })
  );
}
