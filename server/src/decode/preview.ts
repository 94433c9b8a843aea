/** Turns untrusted text into one short line that is safe to show: no control characters, no bidirectional tricks. */
export const previewLimit = 200;

// C0 and C1 controls, zero-width and bidirectional format characters, line and paragraph separators, BOM, tags.

const unsafe = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu;

/** Holds all that is not printed as it is: most lines have none of it, and one look tells so. */
const notPlain = /[^\x20-\x7e]| {2}/;

export function plainLine(text: string, limit: number): string {
  // Cut first: a preview of a 10 MB line must not cost 10 MB.
  const cut = text.length > limit * 2 ? text.slice(0, limit * 2) : text;
  const line = (notPlain.test(cut) ? cut.replace(unsafe, ' ').replace(/ {2,}/g, ' ') : cut).trim();
  if (line.length <= limit && cut.length === text.length) return line;
  // Joined, which copies: a slice or a template is a view of the text, and would keep all of it in memory.
  return [line.slice(0, limit - 1), '…'].join('');
}

export function preview(text: string): string {
  return plainLine(text, previewLimit);
}
