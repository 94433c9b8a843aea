/**
 * What OpenClaw's own log tells and transcripts don't: a model that was asked again, a fallback to another, a profile that is let cool
 * down, a compaction that failed. Its lines name the run they belong to in part only; the others name a trace, and a span in it that
 * other lines of the same run name too. Pure: the same lines, in any order, tell the same.
 */
import type { AttributeValue } from '../protocol/document';

export type GatewayFact =
  /** The provider answered a request of a model with an error. */
  | { readonly kind: 'response'; readonly status: number; readonly elapsedMs: number | null; readonly model: string | null }
  /** An attempt of a run ended without a reply. */
  | { readonly kind: 'attempt'; readonly reason: string | null; readonly error: string | null; readonly model: string | null }
  /** The same model is asked again. */
  | {
      readonly kind: 'retry';
      readonly attempt: number;
      readonly of: number;
      readonly reason: string | null;
      readonly delayMs: number | null;
      readonly model: string | null;
    }
  /** Something that stands for itself. */
  | {
      readonly kind: 'event';
      readonly name: string;
      readonly failed: boolean;
      readonly preview: string;
      readonly attributes: Readonly<Record<string, AttributeValue>>;
    };

export interface GatewayLine {
  readonly time: number;
  readonly traceId: string | null;
  readonly spanId: string | null;
  readonly parentSpanId: string | null;
  readonly runId: string | null;
  readonly sessionId: string | null;
  /** null: it only tells which run a span belongs to. */
  readonly fact: GatewayFact | null;
}

/** An event of one run. */
export interface GatewayEvent {
  /** What tells it apart from every other. */
  readonly id: string;
  readonly runId: string;
  readonly time: number;
  readonly name: string;
  readonly failed: boolean;
  readonly preview: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** It counts only if the run went on after it: how it ended, its transcript tells. */
  readonly goesOn: 'told' | 'to be seen';
}

/** How far a line about an attempt may be from the answer that ended it. */
const attemptMs = 2000;

/** `lines` of one trace; of a run and its sub-agents, which share it. */
export function gatewayEvents(lines: readonly GatewayLine[], idOf: (line: GatewayLine) => string): readonly GatewayEvent[] {
  const sorted = lines.map((line) => ({ line, id: idOf(line) })).sort((a, b) => a.line.time - b.line.time || (a.id < b.id ? -1 : 1));
  const runs = runsOfSpans(lines);
  const events: GatewayEvent[] = [];
  const attempts: Attempt[] = [];
  for (const { line, id } of sorted) {
    const { fact } = line;
    if (fact === null) continue;
    if (fact.kind === 'retry') {
      // It stands in the span around that of the attempt.
      const attempt = attempts.findLast(
        ({ last, retry }) => retry === null && last.parentSpanId === line.spanId && line.time - last.time <= attemptMs,
      );
      if (attempt !== undefined) attempt.retry = fact;
      continue;
    }
    const runId = runOf(line, runs);
    if (runId === null) continue;
    if (fact.kind === 'event') events.push({ ...fact, id, runId, time: line.time, goesOn: 'told' });
    else if (fact.kind === 'response') attempts.push({ id, runId, time: line.time, last: line, response: fact, end: null, retry: null });
    else {
      const answered = attempts.findLast(
        ({ last, end, runId: run }) => end === null && run === runId && last.spanId === line.spanId && line.time - last.time <= attemptMs,
      );
      if (answered === undefined) attempts.push({ id, runId, time: line.time, last: line, response: null, end: fact, retry: null });
      else {
        answered.end = fact;
        answered.last = line;
      }
    }
  }
  return [...events, ...attempts.map((attempt, at) => retryEvent(attempt, attempts.slice(at + 1)))];
}

interface Attempt {
  readonly id: string;
  readonly runId: string;
  /** When it failed. */
  readonly time: number;
  last: GatewayLine;
  readonly response: Extract<GatewayFact, { kind: 'response' }> | null;
  end: Extract<GatewayFact, { kind: 'attempt' }> | null;
  retry: Extract<GatewayFact, { kind: 'retry' }> | null;
}

function retryEvent({ id, runId, time, response, end, retry }: Attempt, later: readonly Attempt[]): GatewayEvent {
  const why =
    response === null
      ? (end?.error ?? end?.reason ?? 'it failed')
      : `${response.status}${end?.error ? `: ${withoutStatus(end.error, response.status)}` : ''}`;
  const again =
    retry === null
      ? 'asked again'
      : `asked again${retry.delayMs === null ? '' : ` after ${seconds(retry.delayMs)}`} (${retry.attempt} of ${retry.of})`;
  const model = response?.model ?? end?.model ?? retry?.model ?? null;
  return {
    id,
    runId,
    time,
    name: 'model-retry',
    failed: false,
    preview: `${model ?? 'The model'} failed (${why}), ${again}`,
    goesOn: retry !== null || later.some((other) => other.runId === runId) ? 'told' : 'to be seen',
    attributes: {
      'gen_ai.request.model': model,
      'http.response.status_code': response?.status ?? null,
      'error.type': retry?.reason ?? end?.reason ?? null,
      'sandglass.retry.attempt': retry?.attempt ?? null,
      'sandglass.retry.of': retry?.of ?? null,
      'sandglass.retry.delay_ms': retry?.delayMs ?? null,
    },
  };
}

/** What a provider says often begins with the status that is told before it. */
function withoutStatus(error: string, status: number): string {
  return error.startsWith(`${status} `) ? error.slice(String(status).length + 1) : error;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Which runs the lines of each span name. */
function runsOfSpans(lines: readonly GatewayLine[]): ReadonlyMap<string, ReadonlySet<string>> {
  const runs = new Map<string, Set<string>>();
  for (const { spanId, runId } of lines) {
    if (spanId === null || runId === null) continue;
    const known = runs.get(spanId);
    if (known === undefined) runs.set(spanId, new Set([runId]));
    else known.add(runId);
  }
  return runs;
}

/** Sub-agents that run side by side share the span around them: what is not clear belongs to none. */
function runOf(line: GatewayLine, runs: ReadonlyMap<string, ReadonlySet<string>>): string | null {
  if (line.runId !== null) return line.runId;
  for (const span of [line.spanId, line.parentSpanId]) {
    const named = span === null ? undefined : runs.get(span);
    if (named === undefined) continue;
    const [only] = named;
    return named.size === 1 && only !== undefined ? only : null;
  }
  return null;
}
