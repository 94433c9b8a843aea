/** What a session did in vain: calls made again that told nothing new, and a sub-agent's answer that nothing came of. Read within bounds. */
import { hash } from 'node:crypto';
import type { Insight } from '../protocol/insight';
import { isoTime } from '../model/isoTime';
import type { SessionView } from '../store/sessions';
import type { RunStep } from '../store/runs';
import type { Store } from '../store/store';
import { judgeOutput } from '../usage/insight/unusedOutput';
import { effectOf, redundantCalls } from '../usage/insight/waste';
import type { Effect, RedundantCalls, Step } from '../usage/insight/waste';
import type { CostSource } from './costs';
import { spanPayload } from './payload';

/** Of one session: its last steps, and of these what is read whole, to tell whether two calls are the same. */
export const stepsRead = 1000;
export const callsCompared = 200;
/** What a parent did after an answer; of more nobody can say that it used nothing. */
const laterRead = 200;
/** A sub-agent's session of more steps is not judged. */
const answerSteps = 200;

export function redundantIn(store: Store, source: CostSource, view: SessionView): readonly Insight[] {
  const steps = store.runs.steps(view.row, stepsRead);
  const compared = candidates(steps);
  if (compared.size === 0) return [];
  const starts = new Map(steps.map(({ spanId, start }) => [spanId, start]));
  const groups = new Map<string, RedundantCalls[]>();
  for (const found of redundantCalls(waysOf(store, view.row, steps, compared))) {
    // Of calls that were asked for beside others nothing can be said to have been spent on them.
    if (found.asked.calls === 0) continue;
    const key = JSON.stringify([found.turnId, found.tool]);
    groups.set(key, [...(groups.get(key) ?? []), found]);
  }
  return Array.from(groups.values(), (found): Insight => {
    const sum = (pick: (one: RedundantCalls) => number): number => found.reduce((all, one) => all + pick(one), 0);
    const spanId = found[0]?.again[0] ?? null;
    const priced = found.flatMap(({ asked }) => asked.usd ?? []);
    return {
      kind: 'redundantCalls',
      session: { sourceId: source.id, sessionId: view.info.id },
      span: spanId === null ? null : { sourceId: source.id, spanId },
      agent: view.info.agent,
      start: isoTime(starts.get(spanId ?? '') ?? null),
      tool: found[0]?.tool ?? '',
      times: sum(({ again }) => again.length),
      llmCalls: sum(({ asked }) => asked.calls),
      usd: priced.length === 0 ? null : priced.reduce((all, usd) => all + usd, 0),
      tokens: sum(({ asked }) => asked.tokens),
      bases: [...new Set(found.flatMap(({ asked }) => asked.bases))].sort(),
      unpricedCalls: sum(({ asked }) => asked.unpricedCalls),
      carriedTokens: sum(({ carried }) => carried.tokens),
      beside: sum(({ beside }) => beside),
    };
  });
}

/** Calls that tried what another one of the same turn tried: only these can be the same. */
function candidates(steps: readonly RunStep[]): ReadonlySet<string> {
  const groups = new Map<string, string[]>();
  for (const { kind, spanId, turnId, target } of steps) {
    if (kind !== 'execute_tool' || target === null || turnId === null) continue;
    const key = `${turnId} ${target}`;
    groups.set(key, [...(groups.get(key) ?? []), spanId].slice(-callsCompared));
  }
  const found = [...groups.values()].filter(({ length }) => length > 1).flat();
  return new Set(found.slice(-callsCompared));
}

function waysOf(store: Store, row: number, steps: readonly RunStep[], compared: ReadonlySet<string>): readonly Step[] {
  const calls = new Map(store.runs.calls(row, stepsRead).map((call) => [call.spanId, call]));
  return steps.map(({ kind, spanId, turnId, asks, askedBy }): Step => {
    if (kind === 'compaction') return { kind };
    if (kind === 'chat') {
      const call = calls.get(spanId);
      const counted = call?.counted === true;
      return {
        kind: 'llm',
        spanId,
        turnId,
        prompt: counted ? call.input + call.cacheRead + call.cacheWrite : null,
        output: counted ? call.output : null,
        usd: call?.pico === null || call === undefined ? null : call.pico / 1e12,
        basis: call?.basis ?? 'unknown',
        asks,
      };
    }
    const { tool, effect } = wayOf(store, row, spanId);
    return { kind: 'tool', spanId, turnId, askedBy, tool, effect, ...(compared.has(spanId) ? digests(store, row, spanId) : unknown) };
  });
}

const unknown = { call: null, result: null } as const;

function digests(store: Store, row: number, spanId: string): { readonly call: string | null; readonly result: string | null } {
  const span = store.spans.ofSession(row, spanId)?.span;
  if (span === undefined) return unknown;
  const { args, result } = spanPayload(store, row, span);
  if (args === undefined || result === null) return unknown;
  const digest = (value: unknown): string => hash('sha256', JSON.stringify(value), 'base64');
  return { call: digest([span.name, args]), result: digest(result) };
}

function wayOf(store: Store, row: number, spanId: string): { readonly tool: string; readonly effect: Effect } {
  const fact = store.runs.fact(row, spanId);
  return fact === null ? { tool: '', effect: 'may-change' } : { tool: fact.name, effect: effectOf(fact.name, fact.command) };
}

/** null: it is none, it was used, or that can't be told. */
export function unusedAnswer(store: Store, source: CostSource, view: SessionView): Insight | null {
  const { info, row } = view;
  const { key, endTime, status } = info;
  if (info.parentSessionId === null || key === null || endTime === null || status === 'running') return null;
  const spawner = store.sessions.spawner(source.row, key);
  const spawn = spawner === null ? null : store.spans.span(source.row, spawner.spanId);
  if (spawn === null) return null;
  const own = store.runs.steps(row, answerSteps);
  // What it changed may be what it was for, whatever it said.
  if (
    own.length === answerSteps ||
    own.some(({ kind, spanId }) => kind === 'execute_tool' && wayOf(store, row, spanId).effect === 'may-change')
  )
    return null;
  const last = own.findLast(({ kind }) => kind === 'chat');
  const answer = last === undefined ? null : textsOf(store, row, last).join('\n');
  if (answer === null) return null;
  const ended = Date.parse(endTime);
  const steps = store.runs.steps(spawn.session, stepsRead);
  const later = steps.filter(({ start }) => start !== null && start >= ended);
  // When something was done is not known of all: then it may have been after.
  if (steps.some(({ start, kind }) => start === null && kind !== 'compaction')) return null;
  if (later.length > laterRead || !later.some(({ kind }) => kind === 'chat')) return null;
  const after = later.flatMap((step) => textsOf(store, spawn.session, step));
  const task = JSON.stringify(spanPayload(store, spawn.session, spawn.span).args ?? '');
  const judged = judgeOutput(answer, [task], after);
  if (judged === null || !judged.unused) return null;
  const parent = store.sessions.byRow(spawn.session);
  const { totals } = info;
  return {
    kind: 'unusedAnswer',
    session: { sourceId: source.id, sessionId: info.id },
    span: null,
    agent: info.agent,
    start: info.startTime,
    usd: totals.cost.usd,
    tokens: totals.usage.input + totals.usage.output + totals.usage.cacheRead + totals.usage.cacheWrite,
    bases: (Object.keys(totals.cost.byBasis) as (keyof typeof totals.cost.byBasis)[]).sort(),
    parent: { sourceId: source.id, sessionId: parent?.info.id ?? info.parentSessionId },
    llmCalls: totals.llmCalls,
    unpricedCalls: totals.cost.unpricedCalls,
    words: judged.words,
  };
}

/** What was thought, said, and what tools were called with. */
function textsOf(store: Store, row: number, { kind, spanId }: RunStep): readonly string[] {
  const span = kind === 'compaction' ? undefined : store.spans.ofSession(row, spanId)?.span;
  if (span === undefined) return [];
  const { args, thinking, text } = spanPayload(store, row, kind === 'chat' ? span : withoutResult(span));
  if (kind === 'chat') return [thinking, text].filter((part) => part !== null);
  return args === undefined ? [] : [JSON.stringify(args)];
}

function withoutResult<T extends { readonly attributes: object }>(span: T): T {
  return { ...span, attributes: { ...span.attributes, 'sandglass.result.entry': null } };
}
