/**
 * A recording, and then the same once more, as if the sandbox had been started anew and the agent had done the same again: other
 * sessions, entries and times, but the same process ids.
 */
import type { SourceRecord } from '../../../server/src/attach/record';

const isoTimes = /\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
/** Milliseconds since the epoch, of these years. */
const epochTimes = /(?<![\w.])1[78]\d{11}(?![\w.])/g;
/** Seconds, as OpenShell's own command prints them, don't occur in recordings. */
const startLine = / OCSF LIFECYCLE:INSTALL | INFO openshell_sandbox: Starting sandbox/;

export const isStartOfSandbox = (record: SourceRecord): boolean =>
  record.kind === 'log' && (startLine.test(record.text) || record.text.includes('"Application Lifecycle"'));

/** Only transcripts and the supervisor's log: of a session index or a trajectory the sessions of a replay have none. */
export function replayed(records: readonly SourceRecord[], laterMs: number): readonly SourceRecord[] {
  return records.flatMap((record): readonly SourceRecord[] => {
    if (record.kind === 'log') return [{ ...record, text: later(record.text, laterMs) }];
    if (record.kind !== 'transcript') return [];
    const json = JSON.parse(later(record.text, laterMs)) as Record<string, unknown>;
    for (const name of ['id', 'parentId']) if (typeof json[name] === 'string') json[name] = again(json[name]);
    const session = again(record.session);
    return [{ ...record, session, file: record.file.replaceAll(record.session, session), text: JSON.stringify(json) }];
  });
}

const again = (id: string): string => `${id}-again`;

function later(text: string, ms: number): string {
  return text
    .replace(isoTimes, (time) => new Date(Date.parse(time) + ms).toISOString())
    .replace(epochTimes, (time) => String(Number(time) + ms));
}
