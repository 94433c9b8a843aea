/** A denial that was joined to a call makes the call's status; running is the only one that stands before it. */
import type { Span } from '../protocol/document';

export function withDenial(span: Span, denied: ReadonlyMap<string, string | null>): Span {
  if (span.kind !== 'execute_tool' || span.status === 'running' || !denied.has(span.id)) return span;
  return { ...span, status: 'denied', statusMessage: denied.get(span.id) ?? span.statusMessage };
}
