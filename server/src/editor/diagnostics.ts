/**
 * Failed and denied calls as diagnostics on the line they belong to; a call without a file gets its own in its read-only
 * document. Pushed, because they change with the trace and not with the text. Successes are no problems.
 */
import type { Diagnostic, DiagnosticRelatedInformation } from 'vscode-languageserver-protocol';
import { DiagnosticSeverity } from 'vscode-languageserver-protocol';
import { findSpan, retryOf } from '../query/detail';
import type { PlaceSource, Places, PlacesRound } from '../query/places';
import { normalUri } from '../query/places';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import type { Span } from '../protocol/document';
import type { FindingWishes } from '../query/findings';
import { findingDiagnostics } from './findingDiagnostics';
import { callUri, clock, label, toolName } from './labels';

/** Problems shown per file and for one session; more are counted in a last one. */
export const diagnosticsPerFile = 50;
const diagnosticsPerSession = 100;

export type Published = ReadonlyMap<string, readonly Diagnostic[]>;

export interface PlacedDiagnostic {
  readonly uri: string;
  readonly diagnostic: Diagnostic;
}

/** Every problem of one session with the file it belongs to. */
export async function sessionDiagnostics(
  store: Store,
  places: Places,
  source: PlaceSource,
  view: SessionView,
  signal: AbortSignal,
  wishes: FindingWishes = {},
): Promise<readonly PlacedDiagnostic[]> {
  const found: PlacedDiagnostic[] = [...findingDiagnostics(store, source, view, wishes)];
  const round = places.round(signal);
  for (const spanId of store.spans.failedOrDenied(view.row)) {
    if (found.length >= diagnosticsPerSession || signal.aborted) break;
    const span = findSpan(store, source.row, spanId)?.span;
    if (span === undefined || span.attributes['sandglass.inherited'] === true) continue;
    if (span.status === 'error' || span.status === 'denied') found.push(await diagnosticOf(store, round, source, view, span));
  }
  return found;
}

async function diagnosticOf(
  store: Store,
  round: PlacesRound,
  source: PlaceSource,
  view: SessionView,
  span: Span,
): Promise<PlacedDiagnostic> {
  const [anchor] = await round.anchorsOf(source, view, span);
  const retryId = retryOf(store, view, span);
  const retry = retryId === null ? null : findSpan(store, source.row, retryId);
  const related: DiagnosticRelatedInformation[] = [];
  if (retry !== null) {
    const [place] = await round.anchorsOf(source, view, retry.span);
    const uri = place?.uri ?? callUri(source.id, retry.span);
    const line = place?.startLine ?? 0;
    const time = clock(retry.span.startTime);
    related.push({
      location: { uri, range: lineRange(line) },
      message: `${toolName(retry.span)} worked later${time === null ? '' : `, at ${time}`}`,
    });
  }
  const address = callUri(source.id, span);
  const diagnostic: Diagnostic = {
    range:
      anchor === undefined || anchor.wholeFile
        ? lineRange(0)
        : { start: { line: anchor.startLine, character: 0 }, end: { line: anchor.endLine, character: 1000 } },
    severity: span.status === 'denied' || retry !== null ? DiagnosticSeverity.Warning : DiagnosticSeverity.Error,
    code: span.status === 'denied' ? 'denied-call' : 'failed-call',
    codeDescription: { href: address },
    source: 'Sandglass',
    message: messageOf(span, anchor?.stale === true),
    relatedInformation: related,
    data: { sourceId: source.id, spanId: span.id },
  };
  return { uri: normalUri(anchor?.uri ?? address), diagnostic };
}

function lineRange(line: number): Diagnostic['range'] {
  return { start: { line, character: 0 }, end: { line, character: 1000 } };
}

function messageOf(span: Span, stale: boolean): string {
  const exit = span.attributes['sandglass.exit_code'];
  const reason = span.statusMessage === null || span.statusMessage === '' ? '' : `: ${label(span.statusMessage, 200)}`;
  const preview = span.attributes['sandglass.preview'];
  const what = typeof preview === 'string' && preview !== '' ? ` (${label(preview, 60)})` : '';
  const since = stale ? ' — the file changed since' : '';
  if (span.status === 'denied') return `The sandbox's policy denied ${toolName(span)}${what}${reason}${since}`;
  return `${toolName(span)} failed${typeof exit === 'number' ? ` with exit code ${exit}` : ''}${what}${reason}${since}`;
}

/** Puts the problems of all sessions together by file, newest sessions first, with a bound for each file. */
export function byFile(sessions: Iterable<readonly PlacedDiagnostic[]>): Published {
  const files = new Map<string, Diagnostic[]>();
  for (const placed of sessions) {
    for (const { uri, diagnostic } of placed) (files.get(uri) ?? files.set(uri, []).get(uri))?.push(diagnostic);
  }
  const bounded = new Map<string, readonly Diagnostic[]>();
  for (const [uri, list] of files) {
    const kept = list.slice(0, diagnosticsPerFile);
    if (list.length > kept.length) {
      kept.push({
        range: lineRange(0),
        severity: DiagnosticSeverity.Information,
        code: 'more-calls',
        source: 'Sandglass',
        message: `and ${list.length - kept.length} more failed or denied agent calls in this file`,
      });
    }
    bounded.set(uri, kept);
  }
  return bounded;
}
