/**
 * What comes out of one sandbox, still undecoded. A source knows where the records lie (files, tables, logs) and how to
 * resume; it does not know what stands in them, except for the three things that must be done where the bytes are:
 * noise is dropped (`openclaw.cache-ttl`), the huge trajectory and session index are cut to the fields in use, and the
 * session id is read from the header line.
 */
import type { WayIn, WayTried } from '../protocol/messages';

/** Where to go on after a restart: opaque to everyone but the source that made it. Committed with the rows it covers. */
export interface Cursor {
  readonly key: string;
  readonly value: string;
}

export type TranscriptState = 'live' | 'reset' | 'deleted' | 'archived';

/** One line of a JSONL transcript, or one row of `transcript_events`; `text` is its JSON. */
export interface TranscriptRecord {
  readonly kind: 'transcript';
  readonly agent: string;
  readonly session: string;
  readonly state: TranscriptState;
  /** Relative to the state directory. */
  readonly file: string;
  /** Byte offset of the line in its file, or `seq` of the row. */
  readonly ordinal: number;
  readonly text: string;
}

/** One session's row of the session index, cut to the fields of IndexFields in decode/openclaw. */
export interface IndexRecord {
  readonly kind: 'index';
  readonly agent: string;
  readonly text: string;
}

/** One trajectory event, cut to what is used. */
export interface TrajectoryRecord {
  readonly kind: 'trajectory';
  readonly agent: string;
  readonly session: string;
  readonly ordinal: number;
  readonly text: string;
}

/**
 * Which of the supervisor's logs a line stands in: the container's console, the daily files of its `/var/log` in shorthand, or those
 * with one JSON object a line. What happened once stands at most once in each; what happened twice, as often in each that has it.
 */
export type LogOrigin = 'console' | 'file' | 'jsonl';

/** One line of the supervisor's log. Never agent output. */
export interface LogRecord {
  readonly kind: 'log';
  readonly origin: LogOrigin;
  readonly text: string;
}

/** One line of OpenClaw's own log that tells what transcripts don't hold, cut to the fields of decode/openclaw/gatewayLog. */
export interface GatewayLogRecord {
  readonly kind: 'gatewayLog';
  readonly text: string;
}

/** How the records of a sandbox come out of it now, and which ways were tried before that; told again when it changes. */
export interface WayRecord {
  readonly kind: 'way';
  readonly way: WayIn;
  readonly tried: readonly WayTried[];
}

/** Something that could not be read, and why; never silent. */
export interface SkippedRecord {
  readonly kind: 'skipped';
  readonly where: string;
  readonly reason: string;
}

/** All that was told of this place as skipped is taken back: it can be read, or is not there any more. */
export interface MendedRecord {
  readonly kind: 'mended';
  readonly where: string;
}

/**
 * A known transcript was replaced, cut or changed in place: all of it follows again between `begin` and `end`. What was
 * known of this session from this file and does not come again has vanished. `explained` is true when the agent's own
 * bookkeeping says so (an archive of the old file, a new rewrite generation).
 */
export interface RereadRecord {
  readonly kind: 'reread';
  readonly phase: 'begin' | 'end';
  readonly agent: string;
  readonly session: string;
  readonly file: string;
  readonly explained: boolean;
}

/** A known transcript is gone, and no archive of it took its place (`explained` as above). */
export interface GoneRecord {
  readonly kind: 'gone';
  readonly agent: string;
  readonly session: string;
  readonly file: string;
  readonly explained: boolean;
}

/** Everything that was there when the source was opened has been sent; what follows is live. */
export interface CaughtUpRecord {
  readonly kind: 'caughtUp';
}

/** The source answers, though nothing changed. */
export interface HeartbeatRecord {
  readonly kind: 'heartbeat';
}

/** What the source says about itself; the first record. null: it does not know. */
export interface AboutRecord {
  readonly kind: 'about';
  readonly runtimeVersion: string | null;
  /** Name of the sandbox, by its registry row or label. */
  readonly sandboxName: string | null;
  /** `provider` of the sandbox's registry row (`nvidia-prod`, `ollama-local` …): the vendor that the provider `inference` hides. */
  readonly provider: string | null;
}

export type SourceRecord = (
  | TranscriptRecord
  | IndexRecord
  | TrajectoryRecord
  | LogRecord
  | GatewayLogRecord
  | WayRecord
  | SkippedRecord
  | MendedRecord
  | RereadRecord
  | GoneRecord
  | CaughtUpRecord
  | HeartbeatRecord
  | AboutRecord
) & { readonly cursor?: Cursor };

export interface OpenOptions {
  readonly cursors: ReadonlyMap<string, string>;
  /** false: end after `caughtUp`. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** Bytes of one file inside the sandbox, read by the least way. */
export interface SandboxFiles {
  /** `path` is absolute in the sandbox. Rejects with SandboxFileError. */
  read(path: string, signal: AbortSignal): Promise<{ readonly bytes: Uint8Array; readonly mtime: number }>;
  stat(
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly type: 'file' | 'directory'; readonly size: number; readonly mtime: number } | null>;
  list(path: string, signal: AbortSignal): Promise<readonly { readonly name: string; readonly type: 'file' | 'directory' }[]>;
}

/** One sandbox or recording that records can be brought out of. */
export interface Source {
  readonly kind: 'directory' | 'container';
  readonly name: string;
  /** OpenShell's sandbox id, where known. */
  readonly sandboxId: string | null;
  readonly files: SandboxFiles;
  /** Pairs of sandbox path and host path that show the same files (bind mounts). */
  readonly mounts: readonly { readonly sandbox: string; readonly host: string }[];
  /** Records in no order but per file; ends at `caughtUp` unless following. Throws AttachError. */
  open(options: OpenOptions): AsyncIterable<SourceRecord>;
}
