/** One span with everything known of it, for hovers, the detail pane and the read-only document of a call. */
import type { PolicySpan, Span } from '../protocol/document';
import type { SpanDetail } from '../protocol/messages';
import type { SessionView } from '../store/sessions';
import type { PlacedSpan } from '../model/place';
import type { Store } from '../store/store';
import { withDenial } from './denials';
import { shownPayload } from './payload';

export interface FoundSpan {
  readonly view: SessionView;
  readonly placed: PlacedSpan;
  /** With its denial. */
  readonly span: Span;
}

export function findSpan(store: Store, source: number, spanId: string): FoundSpan | null {
  const placed = store.spans.span(source, spanId);
  const view = placed === null ? null : store.sessions.byRow(placed.session);
  if (placed === null || view === null) return null;
  const policy = placed.span.kind === 'execute_tool' ? store.policies.ofCall(source, spanId) : [];
  return { view, placed, span: withDenial(placed.span, denialOf(policy)) };
}

function denialOf(policy: readonly PolicySpan[]): ReadonlyMap<string, string | null> {
  const map = new Map<string, string | null>();
  for (const event of [...policy].reverse())
    if (event.status === 'denied' && event.callId !== null) map.set(event.callId, event.statusMessage);
  return map;
}

function cut(value: string | null, limit: number): string | null {
  return value === null || value.length <= limit ? value : value.slice(0, limit);
}

/** Arguments as text. What a parser took may be nested too deep to be written again; that much is then said. */
function printed(args: unknown, indent: number): string | null {
  if (args === undefined) return null;
  if (typeof args === 'string') return args;
  try {
    return JSON.stringify(args, null, indent);
  } catch (error) {
    if (error instanceof RangeError) return '(arguments nested too deep to show)';
    throw error;
  }
}

/** `limit`: characters of each text. Anchors and what was written are the caller's to add: they need files. */
export function spanDetail(store: Store, source: number, spanId: string, limit: number): Omit<SpanDetail, 'anchors' | 'written'> | null {
  const found = findSpan(store, source, spanId);
  if (found === null) return null;
  const { view, span } = found;
  const payload = shownPayload(store, view.row, span);
  const args = printed(payload.args, 2);
  // What the tool was sent: the compact JSON, not the pretty print shown.
  const sent = printed(payload.args, 0);
  const argumentsBytes = sent === null ? null : Buffer.byteLength(sent);
  const long = [args, payload.result, payload.thinking, payload.text].some((value) => value !== null && value.length > limit);
  return {
    span,
    session: view.info,
    arguments: cut(args, limit),
    result: cut(payload.result, limit),
    thinking: cut(payload.thinking, limit),
    text: cut(payload.text, limit),
    argumentsBytes,
    resultBytes: payload.result === null ? null : Buffer.byteLength(payload.result),
    truncated: long,
    policy: span.kind === 'execute_tool' ? store.policies.ofCall(source, spanId) : [],
    retry: retryOf(store, view, span),
  };
}

/** The first later call of the same tool on the same target in this session that worked; null for calls that worked. */
export function retryOf(store: Store, view: SessionView, span: Span): string | null {
  if (span.kind !== 'execute_tool' || (span.status !== 'error' && span.status !== 'denied')) return null;
  return store.spans.firstSuccess(view.row, span.id);
}
