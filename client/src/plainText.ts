/**
 * Text out of a sandbox made fit to be shown: no terminal escapes, no control or bidirectional-override characters, no
 * lone surrogates, bounded. What remains is still untrusted: it may go where plain text goes, and nowhere else.
 */

export interface PlainTextOptions {
  /** Longest result in UTF-16 units, ellipsis included. */
  readonly maxLength?: number;
  /** Keep line breaks and tabs; otherwise all white space becomes one space. */
  readonly multiline?: boolean;
}

export const defaultMaxLength = 200;

// CSI, OSC (ended by BEL or ST, or running to the end), DCS/SOS/PM/APC strings, then any other escape.
const terminalEscapes =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[PX^_][^\u001b\u009c]*(?:\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
const lineBreaks = /\r\n?|[\u0085\p{Zl}\p{Zp}]/gu;
const controls = /[\p{Cc}]/gu;
const controlsButLayout = /[^\P{Cc}\n\t]/gu;
// What reorders or hides text: format characters, tags, and all else that a font shows nothing for. The two joiners and the
// emoji's selector are parts of words and emoji, and stay.
const unseen = /(?![\u200c\u200d\ufe0f])[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const loneSurrogates = /\p{Cs}/gu;

export function plainText(text: string, options: PlainTextOptions = {}): string {
  const { maxLength = defaultMaxLength, multiline = false } = options;
  // Cut first: what will not be shown need not be cleaned. Escapes can only shorten it further.
  const head = text.length > maxLength * 8 ? text.slice(0, maxLength * 8) : text;
  const cleaned = head.replace(terminalEscapes, '').replace(lineBreaks, '\n').replace(unseen, '').replace(loneSurrogates, '\ufffd');
  const shaped = multiline ? cleaned.replace(controlsButLayout, '') : cleaned.replace(/\s+/gu, ' ').replace(controls, '').trim();
  return shorten(shaped, maxLength);
}

/**
 * For Markdown that others have fenced and escaped already. Nothing is taken out, since what stands on both sides of it would
 * then join: two runs of backticks to a fence that ends the block. What is unseen or a control becomes a sign instead.
 */
export function withoutUnseen(markdown: string, maxLength: number): string {
  const marked = markdown
    .replace(/\r\n/g, '\n')
    .replace(controlsButLayout, '\ufffd')
    .replace(unseen, '\ufffd')
    .replace(loneSurrogates, '\ufffd');
  return shorten(marked, maxLength);
}

/** Cut to at most `maxLength` units without splitting a surrogate pair. */
function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  let end = Math.max(0, maxLength - 1);
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end -= 1;
  return `${text.slice(0, end)}…`;
}

/** For labels in which the editor would draw `$(name)` as an icon (status bar, quick pick): shown as the text it is. */
export function withoutIcons(text: string): string {
  return text.replace(/(\\)?\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\)/g, (match, escaped: string | undefined) => (escaped ? match : `\\${match}`));
}

/** For notifications, which turn `[text](target)` into a link. */
export function withoutLinks(text: string): string {
  return text.replace(/\]\(/g, '] (');
}

/** For untrusted Markdown: every ASCII punctuation mark escaped, so that no markup, autolink or table cell can arise. */
export function escapedMarkdown(text: string, maxLength = defaultMaxLength): string {
  return plainText(text, { maxLength }).replace(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** A name that is safe as the last part of a made-up document's path. */
export function documentName(text: string, fallback: string): string {
  const name = plainText(text, { maxLength: 60 })
    .replace(/[^\p{L}\p{N} ._-]/gu, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '');
  return name === '' ? fallback : name;
}
