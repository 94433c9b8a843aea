/** From what was read here to what other windows are told of it, and back. */
import type { Span } from '../protocol/document';
import type { Store } from '../store/store';
import type { Notice } from '../store/windows';
import type { IngestResult } from './ingest';
import type { SourceChange } from './change';

/** Calls of a session that are named to others; of more it is only said that there were. */
export const namedSpans = 200;

type Records = Extract<Notice, { kind: 'records' }>;

export function noticeOf(source: number, { sessions, policyChanged, skippedChanged }: IngestResult): Records {
  return {
    kind: 'records',
    source,
    sessions: sessions.map(({ row, session, revision, spans }) => ({
      row,
      session,
      revision,
      spans: namesOf(spans),
    })),
    policyChanged,
    skippedChanged,
  };
}

/** Only calls touch files. */
function namesOf(spans: readonly Span[]): readonly string[] | null {
  const calls = spans.filter(({ kind }) => kind === 'execute_tool');
  return calls.length > namedSpans ? null : calls.map(({ id }) => id);
}

export function changeOf(store: Store, { source, sessions, policyChanged, skippedChanged }: Records): SourceChange {
  return {
    sessions: sessions.map(({ row, session, revision, spans }) => ({
      row,
      session,
      revision,
      // One that is not there any more was there when it was told; what it touched was touched all the same, but by what follows too.
      spans: spans === null ? null : spans.flatMap((id) => store.spans.span(source, id)?.span ?? []),
    })),
    policyChanged,
    skippedChanged,
  };
}

/** Everything of a source may be other than before. */
export function wholeChange(store: Store, source: number): SourceChange {
  return {
    sessions: store.sources.revisions(source).map((session) => ({ ...session, spans: null })),
    policyChanged: true,
    skippedChanged: true,
  };
}
