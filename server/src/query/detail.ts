/** One span with everything known of it, for hovers, the detail pane and the read-only document of a call. */
import type { PolicySpan, Span } from '../protocol/document';
import type { SpanDetail } from '../protocol/messages';
import type { PlacedSpan, SessionView } from '../store/sessions';
import type { Store } from '../store/store';
import { withDenial } from './denials';
import { spanPayload } from './payload';

export interface FoundSpan {
  readonly view: SessionView;
  readonly placed: PlacedSpan;
  /** With its denial. */
  readonly span: Span;
}

export function findSpan(store: Store, source: number, spanId: string): FoundSpan | null {
  const placed = store.sessions.span(source, spanId);
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

function printed(args: unknown): string | null {
  if (args === undefined) return null;
  return typeof args === 'string' ? args : JSON.stringify(args, null, 2);
}

/** `limit`: characters of each text. Anchors are the caller's to add: they need files. */
export function spanDetail(store: Store, source: number, spanId: string, limit: number): Omit<SpanDetail, 'anchors'> | null {
  const found = findSpan(store, source, spanId);
  if (found === null) return null;
  const { view, span } = found;
  const payload = spanPayload(store, view.row, span);
  const args = printed(payload.args);
  // What the tool was sent: the compact JSON, not the pretty print shown.
  const argumentsBytes =
    payload.args === undefined ? null : Buffer.byteLength(typeof payload.args === 'string' ? payload.args : JSON.stringify(payload.args));
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
  const target = targetOf(span);
  for (const { span: later } of store.sessions.ofKind(view.row, 'execute_tool')) {
    if (later.status === 'ok' && (later.startTime ?? '') > (span.startTime ?? '') && targetOf(later) === target) return later.id;
  }
  return null;
}

/** Same tool on the same file, or the same command. */
export function targetOf(span: Span): string {
  const { attributes } = span;
  const paths = attributes['sandglass.paths'];
  const target = Array.isArray(paths) && paths.length > 0 ? paths.join('\n') : attributes['sandglass.preview'];
  return `${String(attributes['gen_ai.tool.name'])}\n${String(target)}`;
}
