/**
 * Trace events: what `decode` makes of records and what the fold reads. They hold facts (ids, times, counts, outcomes) and
 * short previews; whole payloads stay with the record's text in the store. Times are epoch milliseconds. `null` means the
 * record did not say.
 */
import type { AttributeValue, SessionState, SessionStatus, Trigger } from '../protocol/document';

/** One line of untrusted text, at most `previewLimit` characters, made by decode/preview. */
export type Preview = string;

interface EntryBase {
  readonly agent: string;
  readonly session: string;
  readonly entryId: string;
  readonly parentEntryId: string | null;
  readonly time: number | null;
  /** Place in its file; orders entries of the same millisecond. */
  readonly ordinal: number;
  readonly runId: string | null;
  /** `appendMode: side`: does not move the leaf. */
  readonly side: boolean;
}

export interface SessionHeader {
  readonly kind: 'header';
  readonly agent: string;
  readonly session: string;
  readonly entryId: string;
  readonly time: number | null;
  readonly ordinal: number;
  readonly cwd: string | null;
  /** Session that this one was forked from or continues, read from `parentSession`. */
  readonly previousSession: string | null;
}

export interface UserEntry extends EntryBase {
  readonly kind: 'user';
  /** When the message was handed in, before it was written. */
  readonly sentTime: number | null;
  readonly preview: Preview;
  readonly bytes: number;
  readonly provenance: string | null;
  /** What the text itself says of its origin: `[OpenClaw heartbeat poll]`, `[cron:…]`, `[Subagent …]`. */
  readonly mark: Trigger | null;
  readonly fromOwner: boolean;
}

export interface TokenUsage {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** How much of `cacheWrite` is kept for an hour, which costs more; null: not said. */
  readonly cacheWrite1h: number | null;
  readonly reasoning: number | null;
  /** US dollars as OpenClaw computed or the provider billed; 0 often only means "no price in its config". */
  readonly costUsd: number | null;
  /** The cost is what the provider billed, not what OpenClaw computed. */
  readonly billed: boolean;
}

/** A secret that stood there: its kind, and a hash too short to guess it by. */
export interface SecretFact {
  readonly rule: string;
  readonly hash: string;
}

/** An argument of a call that looks like a path; whether it is one its tool's schema may say. */
export interface PathCandidate {
  /** The names on the way to it. */
  readonly at: string;
  readonly path: string;
  /** It looks like nothing else. */
  readonly plain: boolean;
}

/** What the JSON schema of a tool says of an argument: a path by its name alone, a path, surely none. */
export type ArgumentVerdict = 'named' | 'path' | 'none';

export interface ToolShape {
  readonly name: string;
  /** Null: it is not told. */
  readonly owner: string | null;
  readonly arguments: readonly { readonly at: string; readonly verdict: ArgumentVerdict }[];
}

export type Block =
  | { readonly kind: 'thinking'; readonly index: number; readonly preview: Preview; readonly bytes: number }
  | { readonly kind: 'text'; readonly index: number; readonly preview: Preview; readonly bytes: number }
  | {
      readonly kind: 'toolCall';
      readonly index: number;
      readonly callId: string;
      /** After unwrapping Tool Search. */
      readonly name: string;
      readonly rawName: string;
      /** Plugin or MCP server that owns the tool, when the wrapped id names it. */
      readonly owner: string | null;
      readonly preview: Preview;
      /** What could start a process or name a host: the command, or else the arguments, at most `commandLimit` characters. */
      readonly command: string | null;
      /** What it was about: two calls of a tool with the same target tried the same thing. */
      readonly target: string;
      /** Path-like arguments as written, at most `pathLimit`. */
      readonly paths: readonly string[];
      /** The argument of each of them; empty: it stands in a patch. */
      readonly pathsAt: readonly string[];
      /** Other arguments that look like paths. */
      readonly candidates: readonly PathCandidate[];
      /** Of the arguments, whole. */
      readonly argsDigest: string;
      /** What was masked in the arguments. */
      readonly secrets: readonly SecretFact[];
    };
export type ToolCallBlock = Extract<Block, { kind: 'toolCall' }>;

export interface AssistantEntry extends EntryBase {
  readonly kind: 'assistant';
  /** When the call to the model began (`message.timestamp`); the entry's `time` is when it ended. */
  readonly startTime: number | null;
  readonly responseId: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly api: string | null;
  /** OpenClaw wrote it itself (gateway notice, run summary): no model call stands behind it. */
  readonly synthetic: boolean;
  readonly stopReason: string | null;
  readonly errorMessage: Preview | null;
  readonly errorCode: string | null;
  readonly usage: TokenUsage | null;
  /** Its text says that all is well, and of nothing that is not. */
  readonly claimsSuccess: boolean;
  readonly blocks: readonly Block[];
}

export interface ToolResultEntry extends EntryBase {
  readonly kind: 'toolResult';
  readonly callId: string;
  /** As written: `tool_call` for a wrapped one. */
  readonly toolName: string;
  /** The inner tool's name and owner, when the result says them. */
  readonly innerName: string | null;
  readonly owner: string | null;
  readonly writtenTime: number | null;
  readonly isError: boolean;
  /** `status` of the (inner) details. */
  readonly status: string | null;
  readonly exitCode: number | null;
  readonly exitReason: string | null;
  readonly durationMs: number | null;
  readonly pid: number | null;
  readonly cwd: string | null;
  readonly childSessionKey: string | null;
  readonly childRunId: string | null;
  /** Places the output names, as `path:line`. */
  readonly places: readonly string[];
  /** One-based line an edit says it changed first. */
  readonly firstChangedLine: number | null;
  /** Why it failed, as far as the output tells; only of failures. */
  readonly failure: Preview | null;
  readonly preview: Preview;
  readonly bytes: number;
  /** Of the text, whole. */
  readonly digest: string;
  /** The tool that it describes, when it was asked to. */
  readonly described: ToolShape | null;
  /** What was masked in it. */
  readonly secrets: readonly SecretFact[];
}

/** `openclaw.nested-tool.v1`: the inner call of a wrapped one; gives it its times. */
export interface NestedToolEntry extends EntryBase {
  readonly kind: 'nested';
  readonly parentCallId: string;
  readonly toolName: string;
  readonly startTime: number | null;
  readonly endTime: number | null;
}

export interface CompactionEntry extends EntryBase {
  readonly kind: 'compaction';
  readonly tokensBefore: number | null;
  readonly tokensAfter: number | null;
  readonly preview: Preview;
}

/** Everything else that is worth a line: resets, prompt errors, model changes, messages OpenClaw put in. */
export interface NoteEntry extends EntryBase {
  readonly kind: 'note';
  readonly note: string;
  readonly isError: boolean;
  readonly preview: Preview | null;
  /** `leaf` entries make another entry the active leaf. */
  readonly leafTarget: string | null;
}

export type Entry = UserEntry | AssistantEntry | ToolResultEntry | NestedToolEntry | CompactionEntry | NoteEntry;

/** What the session index says of one session. */
export interface IndexEvent {
  readonly kind: 'index';
  readonly agent: string;
  readonly sessionKey: string;
  readonly session: string;
  readonly updatedAt: number | null;
  readonly status: SessionStatus | null;
  readonly label: Preview | null;
  readonly spawnedBy: string | null;
  readonly parentSessionKey: string | null;
  readonly previousSession: string | null;
  /** Of the newest run. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** The trajectory's frame of one attempt of one run. */
export interface RunEvent {
  readonly kind: 'run';
  readonly agent: string;
  readonly session: string;
  readonly runId: string;
  readonly time: number;
  readonly ordinal: number;
  readonly phase: 'started' | 'completed' | 'ended';
  readonly trigger: string | null;
  readonly workspaceDir: string | null;
  readonly outcome: 'success' | 'error' | 'interrupted' | null;
  readonly error: Preview | null;
}

/** Exact time of a tool call, where the trajectory has it. */
export interface RunToolEvent {
  readonly kind: 'runTool';
  readonly agent: string;
  readonly session: string;
  readonly runId: string;
  readonly time: number;
  readonly ordinal: number;
  readonly phase: 'call' | 'result';
  readonly callId: string;
  readonly success: boolean | null;
}

/** What a run of the session could call, as far as arguments of it may be paths. */
export interface ToolsEvent {
  readonly kind: 'tools';
  readonly agent: string;
  readonly session: string;
  readonly tools: readonly ToolShape[];
}

export type SessionEvent = SessionHeader | Entry | IndexEvent | RunEvent | RunToolEvent | ToolsEvent;

/** One event of the supervisor's log. */
export interface PolicyEvent {
  readonly kind: 'policy';
  readonly time: number;
  /** The whole shorthand after the time stamp. */
  readonly text: string;
  /** `NET`, `HTTP`, `FINDING` … and what follows the colon. */
  readonly eventClass: string;
  readonly activity: string;
  readonly severity: string | null;
  readonly action: 'allowed' | 'denied' | null;
  readonly process: { readonly path: string; readonly pid: number } | null;
  readonly target: { readonly host: string; readonly port: number | null } | null;
  readonly method: string | null;
  readonly url: string | null;
  readonly policy: string | null;
  readonly engine: string | null;
  readonly reason: string | null;
  readonly message: string | null;
  /** What else it tells, as attributes of its span; only what it tells. */
  readonly facts?: Readonly<Record<string, AttributeValue>>;
}

/** A known entry that is not what it was: its content changed, or it is gone, and nothing of OpenClaw's own explains it. */
export interface RewriteFact {
  readonly agent: string;
  readonly session: string;
  readonly entryId: string;
  readonly what: 'changed' | 'vanished';
  readonly explained: boolean;
}

/** Identity of a model call. `responseId` alone is not unique: some endpoints draw it from few numbers. */
export function llmCallKey(entry: AssistantEntry): string {
  return `${entry.responseId}|${entry.startTime}|${entry.provider}|${entry.model}`;
}

const stateRank: Readonly<Record<SessionState, number>> = { live: 0, reset: 1, deleted: 2, archived: 3 };

/** A session may lie in several files; the liveliest says what state it is in. One without a file is only just beginning. */
export function strongestState(states: Iterable<SessionState>): SessionState {
  let best: SessionState | null = null;
  for (const state of states) if (best === null || stateRank[state] < stateRank[best]) best = state;
  return best ?? 'live';
}
