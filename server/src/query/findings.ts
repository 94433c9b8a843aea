/** What a person should look at, over a whole source: what the store saw of its records, and what the detectors found in its sessions. */
import { suppressNothing } from '../findings/suppressions';
import type { FoundIn, Suppress } from '../findings/suppressions';
import { thresholdOf, usual } from '../findings/thresholds';
import type { Finding } from '../protocol/document';
import type { FindingThresholds } from '../protocol/messages';
import type { SessionCandidates } from '../store/findings';
import type { Store } from '../store/store';

/** Spans named by one finding; a rewritten transcript can touch thousands. */
const spansPerFinding = 50;
/** Sessions whose detections stand at the row of their source. */
const sessionsOfRow = 50;

/** How a person wants findings to be read. */
export interface FindingWishes {
  readonly thresholds?: FindingThresholds | undefined;
  readonly suppress?: Suppress | undefined;
}

/**
 * Of the whole source, or of one session; those that are suppressed say so. One finding for each session and kind of rewriting or
 * detection, so that a transcript cut by half is one finding and not a thousand.
 */
export function findingsOf(store: Store, source: number, sessionRow?: number, wishes: FindingWishes = {}): readonly Finding[] {
  return [...rewrittenOf(store, source, sessionRow), ...detected(store, store.findings.of(source, sessionRow), wishes)];
}

/**
 * For the row of a source, which is asked for with every page: all that was rewritten, and what was detected in the sessions last
 * written in and is not suppressed.
 */
export function newestFindings(store: Store, source: number, wishes: FindingWishes = {}): readonly Finding[] {
  const newest = detected(store, store.findings.ofNewest(source, sessionsOfRow), wishes);
  return [...rewrittenOf(store, source), ...newest.filter(({ suppressed }) => suppressed === null)];
}

function detected(store: Store, found: readonly SessionCandidates[], { thresholds, suppress = suppressNothing }: FindingWishes): Finding[] {
  return found.flatMap((of) => {
    const foundIn = foundInOf(store, of);
    return shown(of, thresholds).map((finding) => ({ ...finding, suppressed: suppress(finding, foundIn) }));
  });
}

/** What was detected in a session and is strong enough. None was seen to hold on runs of real agents yet: they were made with a scripted model. */
export function shown({ session, candidates }: SessionCandidates, thresholds: FindingThresholds = usual): readonly Finding[] {
  return candidates
    .filter(({ code, strength }) => strength >= (thresholdOf(code, thresholds) ?? 1))
    .map(({ code, severity, message, spanIds }) => ({
      code,
      severity,
      message: `In session ${session}: ${message}`,
      spanIds,
      preview: true,
      suppressed: null,
    }));
}

/** Looked up when it is asked for, once. */
export function foundInOf(store: Store, { row, session }: SessionCandidates): () => FoundIn {
  let found: FoundIn | null = null;
  return () => {
    const info = found === null ? store.sessions.byRow(row)?.info : undefined;
    return (found ??= { agent: info?.agent ?? '', session, sessionKey: info?.key ?? null });
  };
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
    return { code: 'history-rewritten', severity: explained ? 'information' : 'error', message, spanIds, preview: false, suppressed: null };
  });
}
