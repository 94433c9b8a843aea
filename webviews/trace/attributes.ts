/** Attributes of a span, as what they should be. */
import type { Span } from '../../server/src/protocol/document';

export function stringAttribute(span: Span, name: string): string | null {
  const value = span.attributes[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

export function numberAttribute(span: Span, name: string): number | null {
  const value = span.attributes[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
