/**
 * Findings as problems, in the read-only document of the first span that is their evidence: a finding is of a session and of no line.
 * Those that are `preview`, and those that are suppressed, are none.
 */
import { DiagnosticSeverity } from 'vscode-languageserver-protocol';
import { assertNever } from '../model/assertNever';
import type { Finding, FindingSeverity, Span } from '../protocol/document';
import { findSpan } from '../query/detail';
import { findingsOf } from '../query/findings';
import type { FindingWishes } from '../query/findings';
import type { PlaceSource } from '../query/places';
import { normalUri } from '../query/places';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import type { PlacedDiagnostic } from './diagnostics';
import { callUri, label, toolName } from './labels';

/** Further spans that a problem links to. */
const relatedSpans = 10;

const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1000 } };

export function isProblem({ preview, suppressed }: Finding): boolean {
  return !preview && suppressed === null;
}

export function findingDiagnostics(
  store: Store,
  source: PlaceSource,
  view: SessionView,
  wishes: FindingWishes = {},
): readonly PlacedDiagnostic[] {
  const problems = findingsOf(store, source.row, view.row, wishes).filter(isProblem);
  return problems.map((finding) => placed(store, source, view, finding));
}

function placed(store: Store, source: PlaceSource, view: SessionView, { code, severity, message, spanIds }: Finding): PlacedDiagnostic {
  const spans = spanIds.slice(0, relatedSpans + 1).flatMap((id) => findSpan(store, source.row, id)?.span ?? []);
  // What has no span of its own, a header say, is told at the session's last turn.
  const first: Pick<Span, 'id' | 'name' | 'attributes'> = spans[0] ??
    store.spans.lastTurn(view.row)?.span ?? { id: view.info.id, name: 'session', attributes: {} };
  const address = callUri(source.id, first);
  return {
    uri: normalUri(address),
    diagnostic: {
      range,
      severity: severityOf(severity),
      code,
      codeDescription: { href: address },
      source: 'Sandglass',
      message: label(message, 400),
      relatedInformation: spans.slice(1).map((span) => ({ location: { uri: callUri(source.id, span), range }, message: toolName(span) })),
      data: { sourceId: source.id, spanId: first.id },
    },
  };
}

function severityOf(severity: FindingSeverity): DiagnosticSeverity {
  switch (severity) {
    case 'error':
      return DiagnosticSeverity.Error;
    case 'warning':
      return DiagnosticSeverity.Warning;
    case 'information':
      return DiagnosticSeverity.Information;
    default:
      return assertNever(severity);
  }
}
