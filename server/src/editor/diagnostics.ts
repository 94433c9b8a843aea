/**
 * Failed and denied calls as diagnostics on the line they belong to, equal ones together; those without a file stand in the
 * read-only document of their session. Pushed, because they change with the trace and not with the text. Successes are no problems.
 */
import type { Diagnostic, DiagnosticRelatedInformation } from 'vscode-languageserver-protocol';
import { DiagnosticSeverity } from 'vscode-languageserver-protocol';
import { findSpan, retryOf } from '../query/detail';
import type { PlaceSource } from '../query/placeSource';
import type { Places, PlacesRound } from '../query/places';
import { normalUri } from '../query/sameUri';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import type { Span } from '../protocol/document';
import type { ProblemCode, ProblemSettings } from '../protocol/problems';
import type { BudgetReading } from '../query/budgets';
import type { FindingWishes } from '../query/findings';
import { budgetDiagnostics } from './budgetDiagnostics';
import { findingDiagnostics } from './findingDiagnostics';
import { callUri, dayAndClock, label, sessionUri, toolName } from './labels';
import { grouped } from './placed';
import type { PlacedDiagnostic } from './placed';
import { failsTheSame } from './sameness';
import { sessionDocument } from './sessionDocument';
import { withSeverities } from './severities';

/** Failed or denied calls of one session that are looked at, the newest; older ones are counted. */
export const callsPerSession = 100;

/** How a person wants problems to be made. */
export interface ProblemWishes extends FindingWishes {
  readonly problems?: ProblemSettings | undefined;
  /** Budgets that stand with the session. */
  readonly budgets?: readonly BudgetReading[];
}

/** What is told of one session. */
export interface SessionProblems {
  readonly placed: readonly PlacedDiagnostic[];
  /** The document in which those stand that have no file. */
  readonly text: string;
}

/** Every problem of one session with the file it belongs to. */
export async function sessionProblems(
  store: Store,
  places: Places,
  source: PlaceSource,
  view: SessionView,
  signal: AbortSignal,
  wishes: ProblemWishes = {},
): Promise<SessionProblems> {
  const found: PlacedDiagnostic[] = [
    ...findingDiagnostics(store, source, view, wishes),
    ...budgetDiagnostics(store, source, view, wishes.budgets ?? []),
  ];
  const round = places.round(signal);
  const spanIds = store.spans.failedOrDenied(view.row);
  for (const spanId of spanIds.slice(0, callsPerSession)) {
    if (signal.aborted) break;
    const span = findSpan(store, source.row, spanId)?.span;
    if (span === undefined || span.attributes['sandglass.inherited'] === true) continue;
    if (span.status === 'error' || span.status === 'denied') found.push(await diagnosticOf(store, round, source, view, span));
  }
  const shown = withSeverities(grouped(found), wishes.problems?.severity);
  const more = Math.max(0, spanIds.length - callsPerSession);
  return sessionDocument(sessionUri(source.id, view.info), view.info, shown, more, wishes.problems?.severity);
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
    related.push({
      location: { uri, range: lineRange(place?.startLine ?? 0) },
      message: `${toolName(retry.span)} worked later${dayAndClock(retry.span.startTime)}`,
    });
  }
  const address = callUri(source.id, span);
  const code = codeOf(span, retry !== null);
  const diagnostic: Diagnostic = {
    range:
      anchor === undefined || anchor.wholeFile
        ? lineRange(0)
        : { start: { line: anchor.startLine, character: 0 }, end: { line: anchor.endLine, character: 1000 } },
    severity: severityOf(code),
    code,
    codeDescription: { href: address },
    source: 'Sandglass',
    message: messageOf(span, anchor?.stale === true),
    relatedInformation: related,
    data: { sourceId: source.id, spanId: span.id },
  };
  return {
    uri: normalUri(anchor?.uri ?? sessionUri(source.id, view.info)),
    diagnostic,
    call: { same: sameness(store, view, span), time: span.startTime, address, spanIds: [span.id], times: 1 },
  };
}

type CallCode = Extract<ProblemCode, 'failed-call' | 'recovered-call' | 'denied-call'>;

function codeOf(span: Span, recovered: boolean): CallCode {
  if (span.status === 'denied') return 'denied-call';
  return recovered ? 'recovered-call' : 'failed-call';
}

/** What worked later needs nobody any more; it stays to be seen where it happened. */
function severityOf(code: CallCode): DiagnosticSeverity {
  if (code === 'failed-call') return DiagnosticSeverity.Error;
  return code === 'denied-call' ? DiagnosticSeverity.Warning : DiagnosticSeverity.Information;
}

/** The same attempt, which says more than what is shown of it, that failed in the same way. */
function sameness(store: Store, view: SessionView, span: Span): string {
  const preview = span.attributes['sandglass.preview'];
  return JSON.stringify([
    toolName(span),
    typeof preview === 'string' ? preview : null,
    store.spans.targetOf(view.row, span.id),
    span.attributes['sandglass.exit_code'] ?? null,
    failsTheSame(span.statusMessage ?? ''),
  ]);
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
