/** What the rest of the client asks of the trace editor. */
import type { ViewColumn } from 'vscode';
import type { SessionRef, SpanRef } from '../../../server/src/protocol/messages';

export interface TraceView {
  /** Opens the trace of a session, or brings it to the front. */
  open(session: SessionRef, options?: OpenTraceOptions): Promise<void>;
  /** Selects a call in an open trace of its session; opens none. */
  follow(session: SessionRef, span: SpanRef): void;
}

export interface OpenTraceOptions {
  readonly spanId?: string | null;
  readonly pane?: 'list' | 'flow';
  readonly column?: ViewColumn;
  readonly preserveFocus?: boolean;
}
