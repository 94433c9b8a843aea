/** What a person should look at, over a whole source: what the store saw of its records, and what the detectors found in its sessions. */
import { thresholdOf, usual } from '../findings/thresholds';
import type { Finding } from '../protocol/document';
import type { FindingThresholds } from '../protocol/messages';
import type { SessionCandidates } from '../store/findings';
import type { Store } from '../store/store';

/** Spans named by one finding; a rewritten transcript can touch thousands. */
const spansPerFinding = 50;
/** Sessions whose detections stand at the row of their source. */
const sessionsOfRow = 50;

/** Of the whole source, or of one session. One finding for each session and kind of rewriting or detection, so that a transcript cut by half is one finding and not a thousand. */
export function findingsOf(store: Store, source: number, sessionRow?: number, thresholds: FindingThresholds = usual): readonly Finding[] {
  return [...rewrittenOf(store, source, sessionRow), ...shown(store.findings.of(source, sessionRow), thresholds)];
}

/** For the row of a source, which is asked for with every page: all that was rewritten, and what was detected in the sessions last written in. */
export function newestFindings(store: Store, source: number, thresholds: FindingThresholds = usual): readonly Finding[] {
  return [...rewrittenOf(store, source), ...shown(store.findings.ofNewest(source, sessionsOfRow), thresholds)];
}

/** None of them was seen to hold on runs of real agents yet: they were made with a scripted model. */
function shown(found: readonly SessionCandidates[], thresholds: FindingThresholds): readonly Finding[] {
  return found.flatMap(({ session, candidates }) =>
    candidates
      .filter(({ code, strength }) => strength >= (thresholdOf(code, thresholds) ?? 1))
      .map(({ code, severity, message, spanIds }) => ({
        code,
        severity,
        message: `In session ${session}: ${message}`,
        spanIds,
        preview: true,
      })),
  );
}

function rewrittenOf(store: Store, source: number, sessionRow?: number): readonly Finding[] {
  const groups = new Map<string, { session: string; row: number; what: 'changed' | 'vanished'; explained: boolean; ids: string[] }>();
  for (const rewritten of store.entries.rewritten(source, sessionRow)) {
    const key = `${rewritten.sessionRow} ${rewritten.what} ${rewritten.explained}`;
    const group = groups.get(key) ?? {
      session: rewritten.session,
      row: rewritten.sessionRow,
      what: rewritten.what,
      explained: rewritten.explained,
      ids: [],
    };
    group.ids.push(rewritten.entryId);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ session, row, what, explained, ids }) => {
    const count = new Set(ids).size;
    const entries = count === 1 ? '1 entry' : `${count} entries`;
    const message =
      what === 'changed'
        ? `History rewritten: ${entries} of session ${session} came back with other content. Both versions are kept.`
        : explained
          ? `${entries} of session ${session} left the transcript; the agent's own bookkeeping records a rewrite. They are kept here.`
          : `History rewritten: ${entries} of session ${session} vanished without rotation, reset or deletion. They are kept here.`;
    const spanIds = [...new Set(ids.flatMap((id) => store.spans.ofEntry(row, id)))].slice(0, spansPerFinding);
    return { code: 'history-rewritten', severity: explained ? 'information' : 'error', message, spanIds, preview: false };
  });
}
