/** Display order of a session's spans: each turn, beneath it its LLM calls and events by time, beneath a call its tool calls. */
import type { Span } from '../protocol/document';
import { compareSpans } from './order';

export interface PlacedSpan {
  readonly span: Span;
  readonly position: number;
  readonly depth: number;
  readonly turnId: string | null;
}

export function placeSpans(spans: readonly Span[]): readonly PlacedSpan[] {
  const ids = new Set(spans.map((span) => span.id));
  const children = new Map<string, Span[]>();
  const roots: Span[] = [];
  for (const span of [...spans].sort(compareSpans)) {
    // A turn of a spawned session hangs under a call of another session: here it is a root.
    const parent = span.parentId !== null && ids.has(span.parentId) ? span.parentId : null;
    if (parent === null) roots.push(span);
    else (children.get(parent) ?? children.set(parent, []).get(parent))?.push(span);
  }
  for (const list of children.values()) if (list.length > 1 && list.every((span) => span.kind === 'execute_tool')) list.sort(byBlock);
  const placed: PlacedSpan[] = [];
  const stack: { readonly span: Span; readonly depth: number }[] = roots.reverse().map((span) => ({ span, depth: 0 }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const turn = next.span.attributes['sandglass.turn'];
    placed.push({ span: next.span, position: placed.length, depth: next.depth, turnId: typeof turn === 'string' ? turn : null });
    for (const child of (children.get(next.span.id) ?? []).reverse()) stack.push({ span: child, depth: next.depth + 1 });
  }
  return placed;
}

/** Calls of one message stand in the order in which they were asked for. */
function byBlock(a: Span, b: Span): number {
  return Number(a.attributes['sandglass.block'] ?? 0) - Number(b.attributes['sandglass.block'] ?? 0) || compareSpans(a, b);
}
