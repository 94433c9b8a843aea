/**
 * A file as lines, the way an editor counts them: line breaks of every kind are one, a final one leaves an empty last line. A
 * line may be unknown, where only parts of a file were seen.
 */

/** Larger files have no blame: it is worked out line by line. */
export const blamedBytes = 1024 * 1024;
export const blamedLines = 50_000;

/** Who a line is from, as far as it is proven. Calls are numbered in the order in which they ran. */
export type Origin =
  /** `unseen`: it wrote the whole file over what nobody had seen, so that the line may have stood there before. */
  | { readonly kind: 'call'; readonly call: number; readonly over: 'seen' | 'unseen' }
  /** It stood there when this call first saw it; no recorded call is known to have written it. */
  | { readonly kind: 'found'; readonly call: number }
  /** Nobody recorded made it: after one call (null: before all) and before another (null: until now). */
  | { readonly kind: 'changed'; readonly after: number | null; readonly before: number | null }
  /** It could be from more than one. */
  | { readonly kind: 'unsure' }
  | { readonly kind: 'unknown' };

export const unknown: Origin = { kind: 'unknown' };
export const unsure: Origin = { kind: 'unsure' };

export interface Cell {
  /** null: not seen. */
  readonly text: string | null;
  readonly origin: Origin;
}

export const unseenCell: Cell = { text: null, origin: unknown };

export function splitLines(text: string): readonly string[] {
  return text
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n');
}

/** Without the empty line that a final line break leaves: whether there is one says nothing of who wrote the lines. */
export function withoutFinal<T>(lines: readonly T[], isEmpty: (line: T) => boolean): readonly T[] {
  const last = lines.at(-1);
  return last !== undefined && isEmpty(last) ? lines.slice(0, -1) : lines;
}

export function sameOrigin(a: Origin, b: Origin): boolean {
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'call':
      return b.kind === 'call' && a.call === b.call && a.over === b.over;
    case 'found':
      return b.kind === 'found' && a.call === b.call;
    case 'changed':
      return b.kind === 'changed' && a.after === b.after && a.before === b.before;
    case 'unsure':
    case 'unknown':
      return true;
  }
}
