/**
 * Ids of spans: the first 16 hex digits of SHA-256 over a JSON array that names the thing. The sandbox is left out, so a
 * recording and the container it was made of give the same ids.
 */
import { hash } from 'node:crypto';
import type { SpanKind } from '../protocol/document';

declare const brand: unique symbol;
export type SpanId = string & { readonly [brand]: 'SpanId' };

function digest16(parts: readonly (string | number)[]): SpanId {
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, 16) as SpanId;
}

export function spanId(agent: string, session: string, entryId: string, kind: SpanKind, blockIndex: number): SpanId {
  return digest16([agent, session, entryId, kind, blockIndex]);
}

/** `ordinal` counts events with the same time and text. */
export function policyId(time: string, text: string, ordinal: number): SpanId {
  return digest16(['policy', time, text, ordinal]);
}
