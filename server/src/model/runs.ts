/** Runs as the trajectory frames them: when each began and ended, what set it off, how it ended. */
import type { RunEvent, RunToolEvent, SessionEvent } from './events';

export interface Run {
  readonly runId: string;
  readonly start: number;
  readonly end: number | null;
  readonly trigger: string | null;
  readonly workspaceDir: string | null;
  readonly outcome: RunEvent['outcome'];
  readonly error: string | null;
}

/** A retried run writes its frames again under the same id: the first start, the last end and the last outcome hold. */
export function collectRuns(events: Iterable<SessionEvent>): readonly Run[] {
  const byId = new Map<string, RunEvent[]>();
  for (const event of events) {
    if (event.kind !== 'run') continue;
    const list = byId.get(event.runId);
    if (list === undefined) byId.set(event.runId, [event]);
    else list.push(event);
  }
  const runs: Run[] = [];
  for (const [runId, frames] of byId) {
    frames.sort((a, b) => a.time - b.time || a.ordinal - b.ordinal);
    const last = frames[frames.length - 1];
    const ends = frames.filter((frame) => frame.phase !== 'started');
    runs.push({
      runId,
      start: frames[0]?.time ?? 0,
      end: last !== undefined && last.phase === 'ended' ? last.time : (ends[ends.length - 1]?.time ?? null),
      trigger: frames.find((frame) => frame.trigger !== null)?.trigger ?? null,
      workspaceDir: frames.find((frame) => frame.workspaceDir !== null)?.workspaceDir ?? null,
      outcome: ends.reduce<RunEvent['outcome']>((known, frame) => frame.outcome ?? known, null),
      error: ends.reduce<string | null>((known, frame) => frame.error ?? known, null),
    });
  }
  return runs.sort((a, b) => a.start - b.start || (a.runId < b.runId ? -1 : 1));
}

export interface ToolTimes {
  readonly start: number | null;
  readonly end: number | null;
  readonly success: boolean | null;
}

export function collectToolTimes(events: Iterable<SessionEvent>): ReadonlyMap<string, ToolTimes> {
  const times = new Map<string, ToolTimes>();
  for (const event of events) {
    if (event.kind !== 'runTool') continue;
    times.set(event.callId, merge(times.get(event.callId), event));
  }
  return times;
}

function merge(known: ToolTimes | undefined, event: RunToolEvent): ToolTimes {
  const start = event.phase === 'call' ? event.time : null;
  const end = event.phase === 'result' ? event.time : null;
  return {
    start: start === null ? (known?.start ?? null) : Math.min(start, known?.start ?? start),
    end: end === null ? (known?.end ?? null) : Math.max(end, known?.end ?? end),
    success: event.success ?? known?.success ?? null,
  };
}
