/**
 * Plays a recording as if it were live: its records come in the order of their times, `speed` times as fast as they were
 * made, and a session counts as running while it plays. Sleeps between sessions are cut short.
 */
import type { Source, SourceRecord } from '../attach/record';
import { asObject, asTime } from '../decode/json';
import { sleep } from './sleep';

/** Nobody watches an empty minute. */
const longestPauseMs = 1500;

interface Timed {
  readonly time: number;
  readonly record: SourceRecord;
}

export function pacedSource(source: Source, speed: number): Source {
  return {
    ...source,
    kind: source.kind,
    name: source.name,
    sandboxId: source.sandboxId,
    files: source.files,
    mounts: source.mounts,
    async *open(options) {
      const timed: Timed[] = [];
      let index: Extract<SourceRecord, { kind: 'index' }>[] = [];
      for await (const record of source.open({ ...options, follow: false })) {
        if (record.kind === 'about' || record.kind === 'skipped' || record.kind === 'mended') yield record;
        else if (record.kind === 'index') index.push(record);
        else timed.push({ time: timeOf(record), record });
      }
      const ends = sessionTimes(timed);
      index = index.filter((record) => ends.has(sessionOf(record)));
      for (const record of index) {
        const span = ends.get(sessionOf(record));
        if (span === undefined) continue;
        timed.push({ time: span.first - 1, record: running(record) }, { time: span.last + 1, record });
      }
      timed.sort((a, b) => a.time - b.time);
      let before: number | null = null;
      for (const { time, record } of timed) {
        if (record.kind === 'caughtUp') continue;
        const wait = before === null ? 0 : Math.min(longestPauseMs, (time - before) / speed);
        if (wait >= 1) await sleep(wait, options.signal);
        if (options.signal.aborted) return;
        before = Math.max(before ?? time, time);
        yield record;
      }
      yield { kind: 'caughtUp' };
    },
  };
}

function sessionTimes(timed: readonly Timed[]): Map<string, { first: number; last: number }> {
  const times = new Map<string, { first: number; last: number }>();
  for (const { time, record } of timed) {
    if (record.kind !== 'transcript') continue;
    const known = times.get(record.session);
    times.set(record.session, { first: Math.min(known?.first ?? time, time), last: Math.max(known?.last ?? time, time) });
  }
  return times;
}

function sessionOf(record: Extract<SourceRecord, { kind: 'index' }>): string {
  return String(asObject(JSON.parse(record.text))?.['sessionId']);
}

function running(record: Extract<SourceRecord, { kind: 'index' }>): SourceRecord {
  const fields = asObject(JSON.parse(record.text)) ?? {};
  return { ...record, text: JSON.stringify({ ...fields, status: 'running', updatedAt: 0, endedAt: null }) };
}

function timeOf(record: SourceRecord): number {
  switch (record.kind) {
    case 'transcript':
      return asTime(asObject(JSON.parse(record.text))?.['timestamp']) ?? 0;
    case 'trajectory':
      return asTime(asObject(JSON.parse(record.text))?.['ts']) ?? 0;
    case 'log':
      return asTime(record.text.slice(0, record.text.indexOf(' '))) ?? 0;
    default:
      return Number.MAX_SAFE_INTEGER;
  }
}
