/** Turns untrusted text into one short line that is safe to show: no control characters, no bidirectional tricks. */
export const previewLimit = 200;

// C0 and C1 controls, zero-width and bidirectional format characters, line and paragraph separators, BOM, tags.

const unsafe = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu;

/** Holds all that is not printed as it is: most lines have none of it, and one look tells so. */
const notPlain = /[^\x20-\x7e]| {2}/;

/** V8 keeps a part of a text as a view of it: all of a long output would stay in memory for the sake of one line. */
export function copyOf(part: string): string {
  return JSON.parse(JSON.stringify(part)) as string;
}

export function plainLine(text: string, limit: number): string {
  // Cut first: a preview of a 10 MB line must not cost 10 MB.
  const cut = text.length > limit * 2 ? text.slice(0, limit * 2) : text;
  const line = (notPlain.test(cut) ? cut.replace(unsafe, ' ').replace(/ {2,}/g, ' ') : cut).trim();
  if (line.length <= limit && cut.length === text.length) return line;
  // Joining two copies them, in half the time of `copyOf`.
  return [line.slice(0, limit - 1), '…'].join('');
}

export function preview(text: string): string {
  return plainLine(text, previewLimit);
}
