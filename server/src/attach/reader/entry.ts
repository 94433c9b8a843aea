/** The little that is looked at in a transcript entry where its bytes are: is it one, is it the header, is it noise. */

export type Entry =
  | { readonly kind: 'header'; readonly sessionId: string | null }
  | { readonly kind: 'entry' }
  | { readonly kind: 'noise' }
  | { readonly kind: 'broken'; readonly reason: string };

/** One of these after every tool batch, each with the whole list so far: most of the bytes of a long session, and of no use. */
const NOISE = 'openclaw.cache-ttl';

export function readEntry(text: string): Entry {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { kind: 'broken', reason: plain(error) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'broken', reason: 'not a JSON object' };
  const entry = value as { readonly type?: unknown; readonly id?: unknown; readonly customType?: unknown };
  if (entry.type === 'session') return { kind: 'header', sessionId: isId(entry.id) ? entry.id : null };
  if (entry.type === 'custom' && entry.customType === NOISE) return { kind: 'noise' };
  return { kind: 'entry' };
}

/** Half surrogate pairs become one and the same sign in UTF-8: two sessions would become one. The name of the file tells them apart. */
function isId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && !/\p{Surrogate}/u.test(id);
}

/** V8 quotes the text it could not parse; that is hostile, and a reason must not carry it. */
function plain(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  return /^(Unexpected end|Unterminated)/.test(message) ? 'the JSON is cut off' : 'not JSON';
}
