/** What goes over the wire between a reader inside a sandbox and the server: one JSON object a line. */
import type { AttachReason } from '../errors';
import type { SourceRecord } from '../record';

/** What the reader is told, as JSON after its script. */
export interface ReaderRequest {
  readonly stateDir: string;
  /** Where OpenClaw puts its own log. */
  readonly tmpDir?: string;
  readonly cursors: readonly (readonly [string, string])[];
  readonly follow: boolean;
  readonly verifyEveryMs?: number;
  readonly heartbeatMs?: number;
}

export interface FailedFrame {
  readonly kind: 'failed';
  readonly reason: AttachReason;
  readonly message: string;
  readonly hint: string;
}
/** Nothing follows; only when not following. */
export interface EndFrame {
  readonly kind: 'end';
}
export type Frame = SourceRecord | FailedFrame | EndFrame;

/** Without a byte from the server for so long, the reader takes it for dead, though its stdin may still be open. */
export const LIFE_SIGN_LIMIT_MS = 60_000;
export const LIFE_SIGN_EVERY_MS = 10_000;
