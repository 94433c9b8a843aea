/**
 * PUBLIC: the documents that `sandglass … --json` prints. They are a contract (docs/cli.md, schemas/*.schema.json):
 * `null` means "not observed", and a field is never left out.
 */

export type SpanKind = 'invoke_agent' | 'chat' | 'execute_tool' | 'compaction' | 'event' | 'policy';
export type SpanStatus = 'ok' | 'error' | 'denied' | 'aborted' | 'running' | 'unknown';
export type DurationBasis = 'observed' | 'estimated' | 'unknown';
/** Who saw it: the agent's own process (its transcript), the sandbox's supervisor (its log), or the container engine. */
export type Witness = 'agent' | 'supervisor' | 'engine';
export type CostBasis = 'reported' | 'user' | 'overlay' | 'priced' | 'local' | 'unknown';
export type Trigger = 'user' | 'cron' | 'heartbeat' | 'subagent' | 'exec' | 'unknown';
export type SessionState = 'live' | 'reset' | 'deleted' | 'archived';
export type SessionStatus = 'running' | 'done' | 'failed' | 'killed' | 'timeout' | 'unknown';
export type FindingSeverity = 'error' | 'warning' | 'information';
export type AttributeValue = string | number | boolean | null | readonly string[];

/** One unit of an agent's work. Times are ISO 8601 in UTC, durations milliseconds. */
export interface Span {
  readonly id: string;
  readonly parentId: string | null;
  readonly kind: SpanKind;
  readonly name: string;
  readonly startTime: string | null;
  readonly endTime: string | null;
  readonly durationMs: number | null;
  readonly durationBasis: DurationBasis;
  readonly status: SpanStatus;
  readonly statusMessage: string | null;
  readonly entryId: string;
  readonly witness: Witness;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** What the sandbox's supervisor allowed, denied or found; joined to a call only on evidence beyond time. */
export interface PolicySpan extends Span {
  readonly turnId: string | null;
  readonly callId: string | null;
  readonly candidates: readonly string[];
}

/** Token counts as OpenClaw counts them: `input` without cache, `reasoning` a part of `output` (null: never reported). */
export interface UsageTotals {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number | null;
}

/** US dollars. `usd` is null when no call could be priced; `unpricedCalls` are left out of it and counted here. */
export interface CostTotals {
  readonly usd: number | null;
  readonly byBasis: Readonly<Partial<Record<CostBasis, number>>>;
  readonly unpricedCalls: number;
}

/** What a session did itself: nothing it inherited by fork, rewind or rotation. */
export interface SessionTotals {
  readonly turns: number;
  readonly llmCalls: number;
  readonly toolCalls: number;
  readonly failedToolCalls: number;
  readonly thinkingBlocks: number;
  readonly compactions: number;
  readonly usage: UsageTotals;
  readonly cost: CostTotals;
}

export interface SessionInfo {
  readonly id: string;
  readonly key: string | null;
  readonly agent: string;
  readonly title: string | null;
  readonly trigger: Trigger;
  readonly state: SessionState;
  readonly status: SessionStatus;
  readonly parentSessionId: string | null;
  readonly previousSessionId: string | null;
  readonly startTime: string | null;
  readonly endTime: string | null;
  readonly totals: SessionTotals;
}

export interface SessionTrace extends SessionInfo {
  readonly spans: readonly Span[];
}

export interface Finding {
  readonly code: string;
  readonly severity: FindingSeverity;
  readonly message: string;
  readonly spanIds: readonly string[];
  /** Not seen to hold on the runs of real agents yet: shown in the trace, and no problem of the editor's. */
  readonly preview: boolean;
  /** Why nobody needs to look at it any more, as a person wrote it down; null: somebody does. */
  readonly suppressed: Suppressed | null;
}

/** The entry of `.sandglass/suppressions.yaml` that settled a finding. */
export interface Suppressed {
  readonly reason: string;
  readonly file: string;
  /** As editors count, from 1. */
  readonly line: number;
}

export interface Skipped {
  readonly where: string;
  readonly reason: string;
}

export interface SourceInfo {
  readonly kind: 'directory' | 'container' | 'sandbox' | 'bundle';
  readonly name: string;
  readonly sandbox: string | null;
  readonly runtime: 'openclaw';
  readonly runtimeVersion: string | null;
}

export interface TraceDocument {
  readonly schema: 'sandglass/trace@1';
  readonly source: SourceInfo;
  readonly skipped: readonly Skipped[];
  readonly policy: readonly PolicySpan[];
  readonly findings: readonly Finding[];
  readonly sessions: readonly SessionTrace[];
}

export interface SessionsDocument {
  readonly schema: 'sandglass/sessions@1';
  readonly source: SourceInfo;
  readonly skipped: readonly Skipped[];
  readonly policy: readonly PolicySpan[];
  readonly findings: readonly Finding[];
  readonly sessions: readonly SessionInfo[];
}

export type LookOutcome = 'ok' | 'absent' | 'refused' | 'failed';

/** One place where sandboxes were looked for, and what it gave. `reason` is for people; nothing in it is secret. */
export interface Looked {
  readonly place: string;
  readonly outcome: LookOutcome;
  readonly reason: string | null;
  readonly ms: number;
  readonly found: number;
}

/** `removed`: it is not there any more, what was recorded of it is. */
export type SandboxState = 'running' | 'paused' | 'stopped' | 'recorded' | 'removed' | 'unknown';

/** What one place says about a sandbox. `says` holds what a person would compare (name, state, model …), nothing secret. */
export interface SandboxReport {
  readonly place: string;
  readonly kind: 'registry' | 'engine' | 'directory';
  readonly says: Readonly<Record<string, string>>;
}

export interface SandboxInfo {
  readonly id: string;
  readonly name: string;
  /** `one-container` and `two-containers` are OpenShell's layouts; `directory` is a state directory on this host. */
  readonly layout: 'one-container' | 'two-containers' | 'directory' | 'registry-only';
  readonly runtime: string | null;
  readonly runtimeVersion: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly state: SandboxState;
  /** Name of the OpenShell gateway it belongs to, where a registry tells. */
  readonly gateway: string | null;
  readonly seenBy: readonly string[];
  /** One for each place of `seenBy`. */
  readonly reports: readonly SandboxReport[];
}

export interface SandboxesDocument {
  readonly schema: 'sandglass/sandboxes@1';
  readonly looked: readonly Looked[];
  readonly sandboxes: readonly SandboxInfo[];
}
