/**
 * PUBLIC: messages between the extension host and the trace page. Every payload to the page is a whole snapshot, never a
 * delta: hidden webviews lose messages. The page asks by id, the host answers by the same id.
 */
import type { FlowDiagram, ResourceSample, SessionRevision, SpanDetail, TracePage } from '../../server/src/protocol/messages';

/** What the page keeps across reloads (navigation and UI state only, never fetched data). */
export interface TraceViewState {
  readonly sourceId: string;
  readonly sessionId: string;
  readonly selectedSpanId: string | null;
  readonly selectedTurnId: string | null;
  readonly pane: 'list' | 'flow';
  readonly onlyProblems: boolean;
  /** What the list has of the room, 0 to 1, where the user moved the divider. */
  readonly shares?: Shares;
}

/** With list and panes one above the other, and side by side. */
export interface Shares {
  readonly stacked?: number;
  readonly beside?: number;
}

export type ToHost =
  /** The page's handler exists; the host sends nothing before it. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'request'; readonly id: number; readonly request: PageRequest }
  | { readonly kind: 'cancel'; readonly id: number }
  /** Open the place of a call in the editor; `beside` keeps the focus in the trace. */
  | { readonly kind: 'jump'; readonly spanId: string; readonly beside: boolean }
  | { readonly kind: 'openCall'; readonly spanId: string }
  /** Where the tool of a call comes from. */
  | { readonly kind: 'toolDefinition'; readonly spanId: string }
  | { readonly kind: 'openSession'; readonly sessionId: string }
  | { readonly kind: 'replay' }
  /** The prices of models, where the user sets own ones. */
  | { readonly kind: 'showPrices' }
  /** Settle the finding with this code and first span; the host asks for the reason. */
  | { readonly kind: 'suppress'; readonly code: string; readonly spanId: string | null }
  | { readonly kind: 'state'; readonly state: TraceViewState };

export type PageRequest =
  /** `onlyProblems` and `around` as in TracePageParams. */
  | {
      readonly kind: 'trace';
      readonly offset: number;
      readonly limit: number;
      readonly onlyProblems: boolean;
      readonly around: string | null;
    }
  | { readonly kind: 'flow'; readonly turnId: string }
  | { readonly kind: 'span'; readonly spanId: string }
  /** What the session's sandbox used within [from, to] (ISO times). */
  | { readonly kind: 'resources'; readonly from: string; readonly to: string; readonly limit: number };

export type ToPage =
  | { readonly kind: 'init'; readonly state: TraceViewState; readonly strings: Readonly<Record<string, string>> }
  | { readonly kind: 'response'; readonly id: number; readonly response: PageResponse }
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string; readonly hint: string }
  /** The session changed: fetch again what is on show. */
  | ({ readonly kind: 'changed' } & SessionRevision)
  /** Select a span, as when the editor jumps from a line to its call. */
  | { readonly kind: 'reveal'; readonly spanId: string }
  /** Bring one of the panes to the front. */
  | { readonly kind: 'pane'; readonly pane: TraceViewState['pane'] };

export type PageResponse =
  /** `flatRate`: the user pays for no single call. */
  | { readonly kind: 'trace'; readonly page: TracePage; readonly flatRate: boolean }
  | { readonly kind: 'flow'; readonly diagram: FlowDiagram | null }
  | { readonly kind: 'span'; readonly detail: SpanDetail | null }
  | { readonly kind: 'resources'; readonly samples: readonly ResourceSample[] };
