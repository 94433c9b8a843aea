/** Turns untrusted text into one short line that is safe to show: no control characters, no bidirectional tricks. */
export const previewLimit = 200;

// C0 and C1 controls, zero-width and bidirectional format characters, line and paragraph separators, BOM, tags.

const unsafe = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu;

export function plainLine(text: string, limit: number): string {
  // Cut first: a preview of a 10 MB line must not cost 10 MB.
  const cut = text.length > limit * 2 ? text.slice(0, limit * 2) : text;
  const line = cut.replace(unsafe, ' ').replace(/ {2,}/g, ' ').trim();
  return line.length > limit || cut.length < text.length ? `${line.slice(0, limit - 1)}…` : line;
}

export function preview(text: string): string {
  return plainLine(text, previewLimit);
}
