/**
 * The address of a call's plain-text document: `sandglass-call:/<name>.txt?source=<source id>&span=<span id>`. Both ids are
 * percent-encoded; the name is for the tab only. The server alone makes it (callAddressRequest); here it is taken apart.
 */
import type { SpanRef } from '../../../server/src/protocol/messages';
import { callScheme } from '../contributions';

/** Path of the document that says where sandboxes were looked for. */
export const lookedPath = '/Where we looked.txt';
/** Path of the document that says what was done to sandboxes. */
export const actionsPath = '/Actions on sandboxes.txt';

export interface UriParts {
  readonly scheme: string;
  readonly path: string;
  readonly query: string;
}

export function parseCallUri(uri: UriParts): SpanRef | null {
  if (uri.scheme !== callScheme) return null;
  const query = new URLSearchParams(uri.query);
  const [sourceId, spanId] = [query.get('source'), query.get('span')];
  return sourceId !== null && sourceId !== '' && spanId !== null && spanId !== '' ? { sourceId, spanId } : null;
}
