/** Turns and sessions of an agent as insight compares them: the latest ones, as many as can be read in no time. */
import type { RunCall } from '../store/runs';
import type { Store } from '../store/store';
import type { CallFigures, Run } from '../usage/insight/runs';
import type { CostSource } from './costs';

/** Of one agent: sessions, turns and LLM calls that are read at most, the latest of them. */
export const runsRead = { sessions: 200, turns: 300, calls: 5000 } as const;
/** Of one run: sessions below it, and their LLM calls. */
const belowRead = { sessions: 100, calls: 5000 } as const;

export interface AgentRuns {
  readonly runs: readonly Run[];
  /** There are more than could be read. */
  readonly cut: boolean;
}

type Names = Map<number, string>;

export function runsOf(store: Store, source: CostSource, agent: string): AgentRuns {
  return store.snapshot(() => {
    const names: Names = new Map();
    const runs: Run[] = [];
    let calls: number = runsRead.calls;
    let turns: number = runsRead.turns;
    const sessions = store.runs.sessionsOf(source.row, agent, runsRead.sessions);
    for (const { row, session } of sessions) {
      const read = store.runs.calls(row, calls);
      const whole = read.length < calls;
      calls -= read.length;
      const byTurn = turnsOf(read);
      // Of what could not be read whole the oldest turn may be a part only.
      if (!whole) byTurn.delete(read[0]?.turnId ?? '');
      const spawns = store.runs.spawned(row, null);
      const ofTurns = [...byTurn]
        .slice(-turns)
        .map(([turnId, of]) => turnRun(store, source, agent, { row, session }, turnId, of, spawns.length > 0, names));
      const all = whole && byTurn.size <= turns;
      turns -= ofTurns.length;
      runs.push(...ofTurns.filter((run) => run !== null));
      if (all && read.length > 0) {
        const run = sessionRun(store, read, ofTurns, spawns);
        if (run !== null) runs.push(run);
      }
      if (calls <= 0 || turns <= 0) return { runs, cut: true };
    }
    return { runs, cut: sessions.length === runsRead.sessions };
  });
}

/** null: nothing of it was read, or more is below it than is read. */
export function runOfTurn(
  store: Store,
  source: CostSource,
  agent: string,
  of: { readonly row: number; readonly session: string },
  turnId: string,
): Run | null {
  const calls = store.runs.callsOfTurn(of.row, turnId, runsRead.calls);
  return calls.length === 0 ? null : turnRun(store, source, agent, of, turnId, calls, true, new Map());
}

function turnsOf(calls: readonly RunCall[]): Map<string, RunCall[]> {
  const turns = new Map<string, RunCall[]>();
  for (const call of calls) {
    if (call.turnId === null) continue;
    const of = turns.get(call.turnId);
    if (of === undefined) turns.set(call.turnId, [call]);
    else of.push(call);
  }
  return turns;
}

function turnRun(
  store: Store,
  source: CostSource,
  agent: string,
  { row, session }: { readonly row: number; readonly session: string },
  turnId: string,
  calls: readonly RunCall[],
  spawns: boolean,
  names: Names,
): Run | null {
  const turn = store.runs.turn(row, turnId);
  const below = spawns ? callsBelow(store, store.runs.spawned(row, turnId)) : [];
  if (below === null) return null;
  const toolMs = new Map<string, number>();
  for (const { tool, ms } of store.runs.toolTimes(row, turnId)) {
    const known = names.get(tool) ?? store.ledger.toolName(tool) ?? '';
    names.set(tool, known);
    toolMs.set(known, ms);
  }
  return {
    kind: 'turn',
    sourceId: source.id,
    sessionId: session,
    turnId,
    agent,
    trigger: calls[0]?.trigger ?? 'unknown',
    start: turn?.start ?? calls[0]?.start ?? null,
    durationMs: turn === null || turn.start === null || turn.end === null ? null : Math.max(0, turn.end - turn.start),
    ended: turn !== null && turn.status !== 'running',
    calls: calls.map(figuresOf),
    toolMs,
    below,
  };
}

/** It lasts as long as its turns do: what lies between them is nobody's time. */
function sessionRun(store: Store, calls: readonly RunCall[], turns: readonly (Run | null)[], spawns: readonly number[]): Run | null {
  const [first] = turns;
  const below = callsBelow(store, spawns);
  if (first === undefined || first === null || below === null) return null;
  const toolMs = new Map<string, number>();
  for (const turn of turns) for (const [tool, ms] of turn?.toolMs ?? []) toolMs.set(tool, (toolMs.get(tool) ?? 0) + ms);
  let durationMs: number | null = 0;
  for (const turn of turns)
    durationMs = turn === null || turn.durationMs === null || durationMs === null ? null : durationMs + turn.durationMs;
  return {
    ...first,
    kind: 'session',
    turnId: null,
    durationMs,
    ended: turns.every((turn) => turn !== null && turn.ended),
    calls: calls.map(figuresOf),
    toolMs,
    below,
  };
}

/** Of these sessions and all below them, each once; null: there are more than are read. */
function callsBelow(store: Store, sessions: readonly number[]): readonly CallFigures[] | null {
  const seen = new Set<number>();
  const calls: CallFigures[] = [];
  const waiting = [...sessions];
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    if (seen.has(row)) continue;
    seen.add(row);
    if (seen.size > belowRead.sessions) return null;
    calls.push(...store.runs.calls(row, belowRead.calls).map(figuresOf));
    if (calls.length >= belowRead.calls) return null;
    waiting.push(...store.runs.spawned(row, null));
  }
  return calls;
}

function figuresOf({ input, output, cacheRead, cacheWrite, counted, pico, basis, durationMs }: RunCall): CallFigures {
  return {
    tokens: counted ? { input, output, cacheRead, cacheWrite } : null,
    usd: pico === null ? null : pico / 1e12,
    basis,
    durationMs,
  };
}
