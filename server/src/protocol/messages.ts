/**
 * PUBLIC: what the editor and the server say to each other beside standard LSP. Types and method names only.
 * The server announces that something changed, at most ten times a second; whoever shows it asks again for the page it
 * shows. Text that came out of a sandbox is untrusted wherever it appears here, and named so.
 */
import { NotificationType, RequestType, RequestType0 } from 'vscode-languageserver-protocol';
import type { CostBasis, CostTotals, Finding, Looked, SandboxInfo, SessionInfo, Skipped, Span, PolicySpan, SpanStatus } from './document';
import type { Budgets, BudgetState, BudgetUnit, CallCost, PriceBookEntry, Spend } from './cost';
import type { ProblemSettings } from './problems';

/** Sent as LSP `initializationOptions`. */
export interface InitializeOptions {
  /** Directory of the extension's global storage, or null: nothing is kept on disk. */
  readonly storageDir: string | null;
  /** 32 bytes, base64, from the editor's secret storage; null: the store lives for this session only. */
  readonly storeKey: string | null;
  /** Where the extension itself is installed: the bundled sample lies under `<extensionDir>/sample`. */
  readonly extensionDir: string;
  /** False in an untrusted workspace: no container is looked for or attached to, machine settings are ignored. */
  readonly trusted: boolean;
  readonly settings: Settings;
}

export interface PathMapping {
  /** Absolute path inside the sandbox. */
  readonly sandbox: string;
  /** Absolute path on the host, or relative to the first workspace folder. */
  readonly workspace: string;
}

export interface Settings {
  readonly pathMappings: readonly PathMapping[];
  /** Further state directories or recordings to list. */
  readonly directories: readonly string[];
  /** Docker endpoint, empty: the one that DOCKER_HOST or DOCKER_CONTEXT names, else every engine of this host. */
  readonly dockerHost: string;
  /** Attach to running sandboxes by itself. */
  readonly autoAttach: boolean;
  /** From when on a finding is shown; left out: the usual ones. */
  readonly findings?: FindingThresholds;
  /** How problems are shown; left out: as they are by themselves. */
  readonly problems?: ProblemSettings;
  /** Lenses where tools come from; left out: they are shown. */
  readonly definitionLenses?: boolean;
  /** What stands in prompts has hints of what it costs each call; left out: it has. */
  readonly contextCost?: boolean;
  /** Whether OpenShell's gateways are asked for the policies in force; left out: they are. */
  readonly askGateway?: boolean;
  /** The user's price book, the same in all windows; left out: there is none. */
  readonly cost?: CostSettings;
  /** The user pays for no single call: money is what the API would charge. Left out: each call is paid for. */
  readonly flatRate?: boolean;
  /** Left out: none is set. */
  readonly budgets?: Budgets;
}

export interface CostSettings {
  readonly prices: readonly PriceBookEntry[];
}

export interface FindingThresholds {
  /** The same call, or cycle of calls, with the same results, so often in a row. */
  readonly repeatedCalls: number;
  /** Calls in a row that told nothing new. */
  readonly noProgressCalls: number;
  /** Failures of one tool in a row, with nothing changed between them. */
  readonly failuresInARow: number;
}

/** How records come out of a sandbox: a reader run by its Node or its Python, copies by the engine, or files of this host. */
export type WayIn = 'node' | 'python3' | 'archive' | 'host';

/** A way in that was tried first, and why it could not be taken. */
export interface WayTried {
  readonly way: WayIn;
  readonly reason: string;
}

export type AttachState =
  | { readonly kind: 'idle' }
  /** `follows`: what is new is shown as it comes, while what was there before is still being read, the newest first. */
  | { readonly kind: 'attaching'; readonly follows?: true }
  /** `way` is null until the source has said it. */
  | { readonly kind: 'live'; readonly way: WayIn | null; readonly tried: readonly WayTried[] }
  /** A recording: read to its end. */
  | { readonly kind: 'read' }
  | { readonly kind: 'lost'; readonly reason: string; readonly retrying: boolean }
  | { readonly kind: 'failed'; readonly reason: string; readonly hint: string };

/** A row of the view Sandboxes. `id` is the source id that every other request takes as `sourceId`. */
export interface SandboxNode extends SandboxInfo {
  readonly kind: 'container' | 'directory' | 'sample';
  readonly attach: AttachState;
  readonly skipped: readonly Skipped[];
  readonly findings: readonly Finding[];
  readonly revision: number;
  /** The last sample of what it uses; null: not observed (it does not run, or no one reads it). */
  readonly resources: ResourceSample | null;
  /** Source id of the sandbox that had this name before this one was built; null: none is known. */
  readonly previousId: string | null;
}

/** What a sandbox used, by the engine's own counters. */
export interface ResourceSample {
  readonly time: string;
  /** Cores in use over the time since the sample before: 0.5 is half a core. */
  readonly cpuCores: number;
  readonly memoryBytes: number;
  /** null: none is set. */
  readonly memoryLimitBytes: number | null;
}

/** Samples within [from, to] (ISO times), thinned to at most `limit`, oldest first. */
export const resourcesRequest = new RequestType<
  { readonly sourceId: string; readonly from: string; readonly to: string; readonly limit: number },
  readonly ResourceSample[],
  void
>('sandglass/resources');

export type SandboxAction = 'pause' | 'resume' | 'stop';

/** Acts on the containers of a sandbox; only ever sent after the user confirmed it. */
export const actRequest = new RequestType<{ readonly sourceId: string; readonly action: SandboxAction }, void, OpenFailure>(
  'sandglass/act',
);

/** An entry of the local log of actions. `outcome` is null while it is under way. */
export interface ActionRecord {
  readonly time: string;
  readonly action: SandboxAction;
  readonly sandboxId: string;
  readonly sandbox: string;
  readonly containers: readonly string[];
  /** `user`: asked for and confirmed; `recovery`: resumed after we ended while it was paused by us. */
  readonly by: 'user' | 'recovery';
  readonly outcome: 'done' | 'failed' | null;
  readonly reason: string | null;
}

/** Newest first, at most 200. */
export const actionsRequest = new RequestType0<readonly ActionRecord[], void>('sandglass/actions');

/** Which process reads the sandboxes: of several windows only one does, the others read its store. */
export interface Collector {
  readonly kind: 'this-window' | 'other-window' | 'none';
  readonly pid: number | null;
}

/** Why the view is empty, when it is. The client has one welcome text for each. */
export type EmptyReason = 'none' | 'no-docker' | 'docker-refused' | 'nothing-found' | 'untrusted';

export interface Inventory {
  readonly looked: readonly Looked[];
  readonly sandboxes: readonly SandboxNode[];
  readonly empty: EmptyReason;
  /** `session`: no durable key, what is recorded is forgotten when the editor closes. */
  readonly storeLifetime: 'durable' | 'session';
  readonly storeNote: string | null;
  readonly collector: Collector;
}

/** Ask again what is there. */
export const inventoryRequest = new RequestType<{ readonly refresh: boolean }, Inventory, void>('sandglass/inventory');

/** Of a request: the user asked for it in an earlier life of this window, so what was detached from since, in any window, stays so. */
interface MaybeRemembered {
  readonly remembered?: boolean;
}
/** Open a recording, a state directory or a folder holding one, as a source. Answers its source id. */
export const openRequest = new RequestType<{ readonly path: string } & MaybeRemembered, { readonly sourceId: string }, OpenFailure>(
  'sandglass/open',
);
/** Play the bundled sample as if it were live, `speed` times as fast as it was recorded (0: at once). */
export const playSampleRequest = new RequestType<{ readonly speed: number } & MaybeRemembered, { readonly sourceId: string }, OpenFailure>(
  'sandglass/playSample',
);
export const attachRequest = new RequestType<{ readonly sourceId: string } & MaybeRemembered, void, OpenFailure>('sandglass/attach');
/**
 * Stops reading a source, in all windows: one reader serves them all. `remembered`: the user detached in an earlier life of this window;
 * then it is only not attached to by itself here, and what other windows want is read all the same.
 */
export const detachRequest = new RequestType<{ readonly sourceId: string; readonly remembered?: boolean }, void, void>('sandglass/detach');

/** `data` of the ResponseError of the requests above. What, why and what to do next. */
export interface OpenFailure {
  readonly reason: string;
  readonly hint: string;
}

/** `only`: of these sessions alone, those that are listed; at most 200 of them. */
export const sessionsRequest = new RequestType<
  { readonly sourceId: string; readonly only?: readonly string[] },
  readonly SessionInfo[],
  void
>('sandglass/sessions');

export interface SessionRef {
  readonly sourceId: string;
  readonly sessionId: string;
}

export interface SpanRef {
  readonly sourceId: string;
  readonly spanId: string;
}

/** A span as a list shows it: with its depth, a one-line preview (untrusted) and the place it belongs to. */
export interface SpanRow {
  readonly span: Span;
  readonly depth: number;
  /** One line, at most 200 characters, control characters removed. Untrusted text. */
  readonly preview: string | null;
  readonly turnId: string | null;
  /** Denials and findings of the supervisor joined to this call. */
  readonly policy: readonly PolicySpan[];
  /** For a call that spawned a session. */
  readonly childSessionId: string | null;
  /** A sandbox path this call touched, for show (untrusted), or null. */
  readonly path: string | null;
  /** It wrote a file outside its agent's workspace. */
  readonly outside: boolean;
}

export interface TurnSummary {
  readonly span: Span;
  readonly ordinal: number;
  readonly prompt: string | null;
  readonly toolCalls: number;
  readonly failedToolCalls: number;
  readonly denied: number;
  readonly thinkingBlocks: number;
  /** Of its own LLM calls, each once. */
  readonly cost: CostTotals;
}

export interface TracePageParams extends SessionRef {
  readonly offset: number;
  /** At most 500. */
  readonly limit: number;
  /** Only rows that failed or were denied or aborted, and the turns and LLM calls above them; `offset` and `total` count these. */
  readonly onlyProblems?: boolean;
  /** Instead of `offset`: the page that holds this span, `offset` being a multiple of `limit`. The first page if it is not among the rows. */
  readonly around?: string | null;
}

/** How far a session is. Revisions count up within an epoch; of two epochs none is newer, whoever shows one reads it whole. */
export interface SessionRevision {
  readonly epoch: string;
  readonly revision: number;
}

export interface TracePage extends SessionRevision {
  readonly source: SandboxNode;
  readonly session: SessionInfo;
  readonly turns: readonly TurnSummary[];
  readonly offset: number;
  readonly total: number;
  readonly rows: readonly SpanRow[];
  readonly findings: readonly Finding[];
  /** Shown as a badge: for the bundled recording, "sample: scripted model". */
  readonly badge: string | null;
  /** Findings may be settled here: the workspace is trusted. */
  readonly maySuppress: boolean;
}

/** One page of a session: rows in display order (turns, their calls beneath them). Never a whole session at once. */
export const traceRequest = new RequestType<TracePageParams, TracePage, void>('sandglass/trace');

export interface FlowParams extends SessionRef {
  readonly turnId: string;
}

export interface FlowDiagram {
  readonly revision: number;
  readonly turnId: string;
  /** Mermaid flowchart source, every label already escaped; node ids are `n0`, `n1` … */
  readonly mermaid: string;
  readonly nodes: readonly FlowNode[];
  /** Calls that were folded into group nodes so that the diagram stays at 100 nodes or fewer. */
  readonly folded: number;
  /** Why there are no thoughts, when there are none. */
  readonly note: 'no-thinking-recorded' | null;
}

export interface FlowNode {
  readonly id: string;
  readonly kind: 'prompt' | 'thought' | 'text' | 'choice' | 'call' | 'group' | 'reply' | 'denial' | 'subagent' | 'compaction' | 'event';
  readonly status: SpanStatus;
  /** Plain text of the label, for the list that says the same to a screen reader. Untrusted. */
  readonly label: string;
  readonly spanId: string | null;
  readonly childSessionId: string | null;
}

export const flowRequest = new RequestType<FlowParams, FlowDiagram | null, void>('sandglass/flow');

/** A file that a call of `write`, `edit` or `apply_patch` wrote. */
export interface WrittenFile {
  /** In the sandbox; untrusted. */
  readonly path: string;
  /** Outside the agent's workspace; null: which that is was not recorded. */
  readonly outside: boolean | null;
  /** In a git repository; null: not known, as of recordings and of files that are gone. */
  readonly git: boolean | null;
}

export interface SpanDetail {
  readonly span: Span;
  readonly session: SessionInfo;
  /** Pretty-printed JSON or plain text, at most `limit` characters each; untrusted. null: not observed. */
  readonly arguments: string | null;
  readonly result: string | null;
  /** The thought and the text that stood before a call in its message, or those of the LLM call itself. */
  readonly thinking: string | null;
  readonly text: string | null;
  readonly argumentsBytes: number | null;
  readonly resultBytes: number | null;
  readonly truncated: boolean;
  readonly policy: readonly PolicySpan[];
  readonly anchors: readonly Anchor[];
  readonly written: readonly WrittenFile[];
  /** The later call of the same tool on the same target that worked, if any. */
  readonly retry: string | null;
}

export const spanRequest = new RequestType<SpanRef & { readonly limit: number }, SpanDetail | null, void>('sandglass/span');

/** How a place was found; the order is from surest to least sure. */
export type AnchorHow = 'edit-text' | 'patch' | 'read-range' | 'traceback' | 'command-path' | 'path' | 'schema';

/** How a path of a sandbox was found in the workspace: `mount` is the very file, the others are copies of it. */
export type AnchorMapping = 'mapping' | 'mount' | 'git' | 'content';

export interface Anchor {
  /** `file:` when mapped to the workspace, else `sandglass-file:`. */
  readonly uri: string;
  /** Null: it is the sandbox's own file. */
  readonly mapped: AnchorMapping | null;
  readonly sandboxPath: string;
  /** Zero-based lines, end inclusive. */
  readonly startLine: number;
  readonly endLine: number;
  readonly how: AnchorHow;
  /** The text at the place is no longer what the call saw or wrote. */
  readonly stale: boolean;
  /** The whole file rather than a range is meant. */
  readonly wholeFile: boolean;
}

/** Where a call belongs in the code, best first; empty when it has no file. */
export const locateRequest = new RequestType<SpanRef, readonly Anchor[], void>('sandglass/locate');

export interface CallAt {
  readonly sourceId: string;
  readonly sessionId: string;
  readonly spanId: string;
  readonly label: string;
  readonly status: SpanStatus;
  readonly time: string | null;
}

/**
 * The command of a code lens: `{ command: showCallsCommand, arguments: [ShowCallsArguments] }`. The client opens the trace
 * at the call, and asks which one when there are several.
 */
export const showCallsCommand = 'sandglass.showCalls';
export interface ShowCallsArguments {
  readonly uri: string;
  /** Zero-based. */
  readonly line: number;
  /** Newest first; at most 50. */
  readonly calls: readonly CallAt[];
}

/** From a line to the calls that touched it, newest first. */
export const callsAtRequest = new RequestType<{ readonly uri: string; readonly line: number }, readonly CallAt[], void>(
  'sandglass/callsAt',
);

/** A call that lines of a file are from. What it thought is asked for with spanRequest. */
export interface BlamedCall extends CallAt {
  readonly tool: string;
  /** Untrusted, as `label` is. */
  readonly session: string;
  readonly agent: string;
  /** Which turn of its session, counted from one. */
  readonly turn: number | null;
  readonly model: string | null;
  /** The LLM call that asked for it, whose cost this is, with all else it asked for. Null: it is not recorded. */
  readonly messageId: string | null;
  readonly cost: CallCost | null;
  /** The path lies outside the workspace of the agent that wrote it. */
  readonly outside: boolean;
}

/** Who a line is from, as far as it is proven; calls by their place in `FileBlame.calls`. */
export type LineAuthor =
  /** `rewrote`: it wrote the whole file, and what stood there before was not observed. */
  | { readonly kind: 'call'; readonly call: number; readonly rewrote: boolean }
  /** It stood there when this call first saw the file; who wrote it was not observed. */
  | { readonly kind: 'found'; readonly call: number }
  /** Changed outside the sandbox, or where no command of an agent ran; after this call. */
  | { readonly kind: 'person'; readonly after: number | null }
  /** Changed by a person or a command, which of them was not observed; after one call and before another. */
  | { readonly kind: 'changed'; readonly after: number | null; readonly before: number | null }
  /** Lines like it are from several. */
  | { readonly kind: 'unsure' }
  | { readonly kind: 'unknown' };

export interface BlamedLines {
  /** Zero-based, end inclusive. */
  readonly startLine: number;
  readonly endLine: number;
  readonly by: LineAuthor;
}

export interface FileBlame {
  readonly sourceId: string;
  readonly sandboxPath: string;
  /** All lines, in order. */
  readonly lines: readonly BlamedLines[];
  readonly calls: readonly BlamedCall[];
  /** The file is what the recorded calls made of it, to the last line. */
  readonly exact: boolean;
  /** Calls that touched the file and are too many to be looked at: the oldest. */
  readonly older: number;
}

/**
 * Who wrote the lines of a file; `text`: as it stands in the editor, where that is not yet saved. Null: no call that wrote it is
 * known, or it is too large.
 */
export const blameRequest = new RequestType<{ readonly uri: string; readonly text: string | null }, FileBlame | null, void>(
  'sandglass/blame',
);

/** A file of a sandbox by its `sandglass-file:` URI. */
export const readFileRequest = new RequestType<{ readonly uri: string }, { readonly base64: string; readonly mtime: number }, FileFailure>(
  'sandglass/readFile',
);
export const statFileRequest = new RequestType<
  { readonly uri: string },
  { readonly type: 'file' | 'directory'; readonly size: number; readonly mtime: number } | null,
  FileFailure
>('sandglass/statFile');
export const readDirectoryRequest = new RequestType<
  { readonly uri: string },
  readonly { readonly name: string; readonly type: 'file' | 'directory' }[],
  FileFailure
>('sandglass/readDirectory');

/** `data` of the ResponseError of the requests above: why a file of a sandbox is not shown. */
export interface FileFailure {
  readonly reason: 'secret' | 'not-found' | 'not-a-file' | 'too-large' | 'unreadable';
}

/**
 * The read-only plain-text document of a call. Its address, as a link too (`codeDescription.href` of a diagnostic), is
 * `sandglass-call:/<name>.txt?source=<sourceId>&span=<spanId>`: name and ids percent-encoded, the name for people only. The
 * server alone makes it, so that a call has one tab, and its problems stand there, from wherever it was opened.
 */
export const callAddressRequest = new RequestType<SpanRef, string, void>('sandglass/callAddress');
export const callTextRequest = new RequestType<SpanRef, { readonly text: string } | null, void>('sandglass/callText');

/**
 * The read-only document of a session's problems that belong to no file: a paragraph for each, at whose first line its diagnostic stands. Its
 * address is `sandglass-call:/<name>.txt?source=<sourceId>&session=<sessionId>`, made as that of a call, but that the session's id, which
 * is of the sandbox's making, has `~` and two hexadecimal digits for each byte that is no letter, digit, `.`, `_` or `-`.
 */
export const sessionTextRequest = new RequestType<SessionRef, { readonly text: string } | null, void>('sandglass/sessionText');

export interface ReplayStep {
  readonly spanId: string;
  readonly kind: 'prompt' | 'chat' | 'call' | 'reply' | 'compaction' | 'event';
  /** Untrusted, one line. */
  readonly label: string;
  readonly status: SpanStatus;
  readonly turnOrdinal: number;
  readonly time: string | null;
  readonly anchor: Anchor | null;
  /** Of the step's document, see callAddressRequest. */
  readonly address: string;
  readonly totals: {
    readonly llmCalls: number;
    readonly toolCalls: number;
    readonly failed: number;
    readonly tokens: number;
    readonly cost: CostTotals;
  };
}

export const replayRequest = new RequestType<SessionRef, readonly ReplayStep[], void>('sandglass/replay');

/** What the agent in view does now and what it costs. */
export interface StatusView {
  readonly sourceId: string;
  readonly sandbox: string;
  readonly session: SessionInfo;
  readonly now:
    /** Of a command, `name` is its program. */
    | { readonly kind: 'tool'; readonly name: string; readonly since: string }
    | { readonly kind: 'model'; readonly since: string }
    | { readonly kind: 'idle' };
  readonly tokens: number;
  readonly byModel: readonly {
    readonly model: string;
    readonly calls: number;
    readonly tokens: number;
    readonly usd: number | null;
    readonly basis: string;
  }[];
  /** What cost most of the session, and of today, dearest first; at most three each, and none that costs nothing. */
  readonly dearest: { readonly session: readonly DearCall[]; readonly today: readonly DearCall[] };
  /** Of all that is attached, since midnight on the server's clock; the sample is not in it. Null: no LLM call began today. */
  readonly today: Spend | null;
  /** What that is made of, what cost most first; `sandbox` is untrusted. */
  readonly todayBySandbox: readonly { readonly sandbox: string; readonly spend: Spend }[];
  /** Those that the session is in, the last turn's among them. */
  readonly budgets: readonly BudgetState[];
  /** What the running turn will have come to by its end; null: none runs, or too little is known of its like. */
  readonly forecast: TurnForecast | null;
}

/** An LLM call that cost something. `model` is untrusted. */
export interface DearCall extends SpanRef {
  readonly model: string | null;
  readonly usd: number;
  readonly basis: CostBasis;
  readonly tokens: number;
  readonly time: string | null;
}

/** From turns of its like: what half of them would come to at most, and what one in ten is below and above. */
export interface TurnForecast {
  readonly unit: BudgetUnit;
  readonly soFar: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** How many turns it is made from. */
  readonly of: number;
}

/** The session last acted in, or the one asked for; null when there is none. */
export const statusRequest = new RequestType<Partial<SessionRef>, StatusView | null, void>('sandglass/status');

export interface Changed {
  readonly inventory: boolean;
  readonly sessions: readonly (SessionRef & SessionRevision)[];
}

/** At most ten a second, coalesced. */
export const changedNotification = new NotificationType<Changed>('sandglass/changed');

export interface Probe {
  readonly version: string;
  readonly pid: number;
  readonly nodeVersion: string;
}
export const probeRequest = new RequestType0<Probe, void>('sandglass/probe');
/** The settings or the trust of the workspace changed. */
export const configureNotification = new NotificationType<{ readonly trusted: boolean; readonly settings: Settings }>(
  'sandglass/configure',
);

/** What `server.js --probe` prints as one line of JSON (exit code 0), before anything is loaded that this Node may lack. */
export interface RuntimeProbe {
  /** `process.versions.node`. */
  readonly node: string;
  readonly sqlite: boolean;
  readonly zstd: boolean;
  readonly gcm: boolean;
}
