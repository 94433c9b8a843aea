/**
 * Findings as problems, in the read-only document of their session: a finding is of a session and of no line. Those that are
 * suppressed are none, and those that are `preview` only where a person set a severity for their code.
 */
import type { Finding, Span } from '../protocol/document';
import type { ProblemSettings } from '../protocol/problems';
import { findSpan } from '../query/detail';
import { findingsOf } from '../query/findings';
import type { PlaceSource } from '../query/placeSource';
import { normalUri } from '../query/sameUri';
import type { SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import type { ProblemWishes } from './diagnostics';
import { callUri, label, sessionUri, toolName } from './labels';
import type { PlacedDiagnostic } from './placed';
import { lspSeverities, severityWished } from './severities';

/** Further spans that a problem links to. */
const relatedSpans = 10;

const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1000 } };

export function isProblem({ code, preview, suppressed }: Finding, severities?: ProblemSettings['severity']): boolean {
  return suppressed === null && (!preview || severityWished(code, severities) !== null);
}

export function findingDiagnostics(
  store: Store,
  source: PlaceSource,
  view: SessionView,
  wishes: ProblemWishes = {},
): readonly PlacedDiagnostic[] {
  const findings = findingsOf(store, source.row, view.row, wishes);
  return findings.filter((finding) => isProblem(finding, wishes.problems?.severity)).map((finding) => placed(store, source, view, finding));
}

function placed(store: Store, source: PlaceSource, view: SessionView, { code, severity, message, spanIds }: Finding): PlacedDiagnostic {
  const spans = spanIds.slice(0, relatedSpans + 1).flatMap((id) => findSpan(store, source.row, id)?.span ?? []);
  // What has no span of its own, a header say, is told at the session's last turn.
  const first: Pick<Span, 'id' | 'name' | 'attributes'> = spans[0] ??
    store.spans.lastTurn(view.row)?.span ?? { id: view.info.id, name: 'session', attributes: {} };
  return {
    uri: normalUri(sessionUri(source.id, view.info)),
    diagnostic: {
      range,
      severity: lspSeverities[severity],
      code,
      codeDescription: { href: callUri(source.id, first) },
      source: 'Sandglass',
      message: label(message, 400),
      relatedInformation: spans.slice(1).map((span) => ({ location: { uri: callUri(source.id, span), range }, message: toolName(span) })),
      data: { sourceId: source.id, sessionId: view.info.id, spanId: first.id, evidence: spanIds[0] ?? null },
    },
  };
}
