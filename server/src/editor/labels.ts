/** Untrusted text in the editor's own widgets: lens titles, diagnostics, hovers. */
import { plainLine } from '../decode/preview';
import type { SessionInfo, Span, SpanStatus } from '../protocol/document';
import type { SessionRef } from '../protocol/messages';

/** One line for a lens or a message: no icons (`$(…)`), no control characters. */
export function label(text: string, limit = 80): string {
  return plainLine(text, limit).replaceAll('$(', '$ (');
}

export function toolName(span: Pick<Span, 'name' | 'attributes'>): string {
  return label(String(span.attributes['gen_ai.tool.name'] ?? span.name), 40);
}

/** Untrusted text as a fenced block that nothing in it can close; not Markdown, so no link, image or HTML in it lives. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/** Untrusted text within a line of Markdown. */
export function escaped(text: string, limit = 120): string {
  return label(text, limit).replace(/[\\`*_{}[\]()#+\-.!|<>~&:@/]/g, (char) => `\\${char}`);
}

export const statusWords: Readonly<Record<SpanStatus, string>> = {
  ok: 'ok',
  error: 'failed',
  denied: 'denied',
  aborted: 'aborted',
  running: 'running',
  unknown: 'outcome not observed',
};

/** Hours and minutes on the clock of this host. */
export function clock(time: string | null): string | null {
  if (time === null) return null;
  const date = new Date(time);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

/** In a sentence, with a blank before it; nothing where it was not observed. */
export function dayAndClock(time: string | null): string {
  if (time === null) return '';
  const date = new Date(time);
  const day = `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
  return ` on ${day} at ${clock(time) ?? ''}`;
}

/** Small sums need their digits: a call may cost a hundredth of a cent. */
export function dollars(usd: number): string {
  if (usd === 0) return '$0';
  return usd >= 0.01 ? `$${usd.toFixed(2)}` : usd >= 0.0001 ? `$${usd.toFixed(4)}` : '<$0.0001';
}

/** Of a document, in its tab. */
const nameChars = 60;

/** The address of a call's read-only document; see callAddressRequest. The name, all that Problems show of it, tells calls apart. */
export function callUri(sourceId: string, span: Pick<Span, 'id' | 'name' | 'attributes'>): string {
  const preview = span.attributes['sandglass.preview'];
  const name = nameOf(`${toolName(span)} ${typeof preview === 'string' ? preview : ''}`, 'call');
  return `sandglass-call:/${name}.txt?source=${encodeURIComponent(sourceId)}&span=${encodeURIComponent(span.id)}`;
}

/** The address of the document of a session's problems that belong to no file; see sessionTextRequest. */
export function sessionUri(sourceId: string, { id, title }: Pick<SessionInfo, 'id' | 'title'>): string {
  const name = nameOf(wholeWords(title ?? ''), 'session');
  return `sandglass-call:/${name}.txt?source=${encodeURIComponent(sourceId)}&session=${plainId(id)}`;
}

/**
 * An id of the sandbox's own making, in characters that no editor escapes: editors take the escapes of an address away, and what an id
 * holds of `&`, `+` or `%` is then no more told from what separates the parts. Its other bytes are `~` and two hexadecimal digits.
 */
function plainId(id: string): string {
  return id.replace(/[^A-Za-z0-9._-]+/g, (rest) => Buffer.from(rest).toString('hex').replace(/../g, '~$&'));
}

/** As `plainId` made it; the client has the same. */
function idOf(plain: string): string {
  return plain.replace(/(?:~[0-9a-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('~', ''), 'hex').toString());
}

export function parseSessionUri(uri: string): SessionRef | null {
  const query = /^sandglass-call:\/[^?#]*\?([^#]*)$/.exec(uri)?.[1];
  if (query === undefined) return null;
  // The editor writes what separates the parts as it writes what stands in them.
  const parts = new URLSearchParams(/^source=/.test(query) ? query : query.replaceAll('%3D', '=').replaceAll('%26', '&'));
  const [sourceId, sessionId] = [parts.get('source'), parts.get('session')];
  return sourceId === null || sessionId === null ? null : { sourceId, sessionId: idOf(sessionId) };
}

/** Cut between two words, where there are any. */
function wholeWords(text: string): string {
  const line = label(text, 1000);
  if (line.length <= nameChars) return line;
  const cut = line.lastIndexOf(' ', nameChars);
  return cut < nameChars / 2 ? line : line.slice(0, cut);
}

function nameOf(text: string, otherwise: string): string {
  const words = label(text, nameChars)
    .replace(/[^\p{L}\p{N}._=-]+/gu, ' ')
    .replace(/^[. ]+|[. ]+$/g, '');
  return encodeURIComponent(words === '' ? otherwise : words);
}
