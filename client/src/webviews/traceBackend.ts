/** What the trace panel needs of the rest of the client. The requests may reject; the panel tells the page why. */
import type { CancellationToken } from 'vscode';
import type {
  FlowDiagram,
  FlowParams,
  ResourceSample,
  SessionRef,
  SessionRevision,
  SpanDetail,
  SpanRef,
  TracePage,
  TracePageParams,
} from '../../../server/src/protocol/messages';
import type { FindingRef } from '../../../server/src/protocol/suppressions';

/** As resourcesRequest takes it. */
export interface ResourcesParams {
  readonly sourceId: string;
  readonly from: string;
  readonly to: string;
  readonly limit: number;
}

export interface TraceBackend {
  trace(params: TracePageParams, token: CancellationToken): Promise<TracePage>;
  flow(params: FlowParams, token: CancellationToken): Promise<FlowDiagram | null>;
  span(params: SpanRef & { readonly limit: number }, token: CancellationToken): Promise<SpanDetail | null>;
  resources(params: ResourcesParams, token: CancellationToken): Promise<readonly ResourceSample[]>;
  /** A session changed. */
  onChanged(listener: (session: SessionRef, now: SessionRevision) => void): { dispose(): unknown };
  jump(span: SpanRef, beside: boolean): void;
  openCall(span: SpanRef): void;
  toolDefinition(span: SpanRef): void;
  replay(session: SessionRef): void;
  showPrices(): void;
  /** The user pays for no single call. */
  flatRate(): boolean;
  /** Settle a finding, with a reason that is asked for. */
  suppress(finding: FindingRef): void;
  /** The user turned to this session's trace. */
  inView?(session: SessionRef): void;
  /** What went wrong, for people: what and why, and what to do next. */
  failure(error: unknown): { readonly reason: string; readonly hint: string };
}
