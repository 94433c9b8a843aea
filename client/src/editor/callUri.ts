/**
 * The address of a call's plain-text document: `sandglass-call:/<name>.txt?source=<source id>&span=<span id>`. Both ids are
 * percent-encoded; the name is for the tab only. That of a session's problems has `session` instead of `span`, whose id has `~` for
 * escapes, since the editor takes others away. The server alone makes them (callAddressRequest, sessionTextRequest); here they are
 * taken apart.
 */
import type { SessionRef, SpanRef } from '../../../server/src/protocol/messages';
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

/** Of the document of a session's problems that belong to no file. */
export function parseSessionUri(uri: UriParts): SessionRef | null {
  if (uri.scheme !== callScheme) return null;
  const query = new URLSearchParams(uri.query);
  const [sourceId, sessionId] = [query.get('source'), query.get('session')];
  return sourceId !== null && sourceId !== '' && sessionId !== null && sessionId !== '' ? { sourceId, sessionId: idOf(sessionId) } : null;
}

function idOf(plain: string): string {
  return plain.replace(/(?:~[0-9a-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('~', ''), 'hex').toString());
}

export function parseCallUri(uri: UriParts): SpanRef | null {
  if (uri.scheme !== callScheme) return null;
  const query = new URLSearchParams(uri.query);
  const [sourceId, spanId] = [query.get('source'), query.get('span')];
  return sourceId !== null && sourceId !== '' && spanId !== null && spanId !== '' ? { sourceId, spanId } : null;
}
