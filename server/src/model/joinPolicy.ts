/**
 * Joins the supervisor's events to the tool calls that caused them. Process, host and time together join; time alone makes
 * a candidate; the agent's own traffic belongs to no call. Pure.
 *
 * Transcripts rarely name the process of a call, so "process" holds when the call's command names the program that
 * connected and that process id was seen only while this call ran; or when the result names the process id itself.
 */
import type { AttributeValue, PolicySpan, SpanStatus } from '../protocol/document';
import type { PolicyEvent } from './events';
import { policyId } from './ids';
import type { CallFact } from './spanMaker';
import { isoTime } from './isoTime';
import { ProcessLives } from './processLives';
import type { Boot, ProcessLife } from './processLives';

/** Clocks of supervisor and agent are one machine's, but an entry's time is written a little after the fact. */
export const slackMs = 250;
/** A connection is opened, then its requests are judged; they carry no process and take that of the connection. */
export const connectionMs = 30_000;
/** One that is kept open may carry requests for longer: if it is of another program, whose a request is stays in doubt. */
export const keptOpenMs = 300_000;
/** Processes that are remembered to have opened connections to one destination; of more the latest. */
export const connectionProcesses = 20;
/** The route to the model: intercepted in the supervisor, and always the agent's own traffic. */
const ownHosts: ReadonlySet<string> = new Set(['inference.local']);

export interface JoinedPolicy {
  readonly event: PolicyEvent;
  readonly ordinal: number;
  readonly call: CallFact | null;
  readonly candidates: readonly CallFact[];
}

/**
 * `knownLives`: of processes that were also seen outside of these events, and when the sandbox was started. `before`: what opened
 * connections before the first of these events.
 */
export function joinPolicy(
  events: readonly PolicyEvent[],
  calls: readonly CallFact[],
  knownLives?: ProcessLives,
  before: readonly PolicyEvent[] = [],
): readonly JoinedPolicy[] {
  const ordered = inOrder(events);
  const timed = calls
    .filter((call) => call.start !== null)
    .sort((a, b) => (a.start ?? 0) - (b.start ?? 0) || (a.spanId < b.spanId ? -1 : 1));
  const lives = knownLives ?? ProcessLives.in(ordered);
  const equals = new Map<string, number>();
  const connections = new Connections();
  for (const event of inOrder(before)) connections.opened(event);
  const runningCalls = new RunningCalls(timed);

  return ordered.map((event) => {
    const key = `${event.time}\n${event.text}`;
    const ordinal = equals.get(key) ?? 0;
    equals.set(key, ordinal + 1);
    const boot = lives.boots.of(event.time);
    connections.opened(event);
    const processes = event.process === null ? connections.of(event, boot) : [event.process];
    const own = event.target !== null && processes.length === 0 && ownHosts.has(event.target.host);
    if (own || (event.eventClass !== 'NET' && event.eventClass !== 'HTTP')) return { event, ordinal, call: null, candidates: [] };
    const running = runningCalls.at(event.time, boot);
    const live = processes.length < 2 ? processes : processes.filter((process) => !isOver(process, event, timed, lives, boot));
    const byProcess = (live.length > 0 ? live : processes.slice(-1)).map((process) => callsOf(process, event, running, lives));
    const [first] = byProcess;
    // A request without a process may be of whatever runs.
    if (first === undefined) return { event, ordinal, call: null, candidates: running };
    const [only] = first.sure;
    if (only !== undefined && byProcess.every(({ sure }) => sure.length === 1 && sure[0] === only))
      return { event, ordinal, call: only, candidates: [] };
    // Of several that may have sent it, each may have.
    const possible = new Set(
      byProcess.flatMap(({ sure, possible: others }) => (sure.length > (byProcess.length > 1 ? 0 : 1) ? sure : others)),
    );
    return { event, ordinal, call: null, candidates: running.filter((call) => possible.has(call)) };
  });
}

type Process = NonNullable<PolicyEvent['process']>;

/** Who opened connections to a destination, for as long as requests on them may come; each process once, the latest last. */
class Connections {
  readonly #open = new Map<string, { readonly time: number; readonly process: Process }[]>();

  /** What was refused carries no requests. */
  opened(event: PolicyEvent): void {
    const { time, process, action } = event;
    const key = connectionKey(event);
    if (key === null || process === null || action === 'denied') return;
    const others = (this.#open.get(key) ?? []).filter((one) => time - one.time <= keptOpenMs && one.process.pid !== process.pid);
    this.#open.set(key, [...others, { time, process }].slice(-connectionProcesses));
  }

  /** Those that may have sent this event, the latest last. */
  of(event: PolicyEvent, boot: Boot): readonly Process[] {
    const key = connectionKey(event);
    const since = Math.max(event.time - keptOpenMs, boot.from);
    const open = (key === null ? [] : (this.#open.get(key) ?? [])).filter(({ time }) => time >= since);
    const lately = ({ time }: { readonly time: number }): boolean => event.time - time <= connectionMs;
    const programs = new Set(open.filter(lately).map(({ process }) => process.path));
    if (programs.size === 0) return [];
    return open.filter((one) => lately(one) || !programs.has(one.process.path)).map(({ process }) => process);
  }
}

/** Of events with one destination the same. */
export function connectionKey({ target }: PolicyEvent): string | null {
  return target === null ? null : `${target.host}:${target.port}`;
}

/** Those that a process surely is of, and those that it may be of. */
function callsOf(
  process: Process,
  event: PolicyEvent,
  running: readonly CallFact[],
  lives: ProcessLives,
): { readonly sure: readonly CallFact[]; readonly possible: readonly CallFact[] } {
  const life = lives.of(process.pid, event.time);
  const starters = startersOf(event);
  if (isAgentItself(process, starters)) return { sure: [], possible: [] };
  const sure = running.filter((call) => namesHost(call, event) && isProcessOf(call, process, life, starters));
  // A process that also talked while no call of these ran is the agent's own, not a call's.
  return { sure, possible: running.filter((call) => life === undefined || within(call, life)) };
}

/** The call that started it ended before, and its processes with it, as far as is known: it sends nothing any more. */
function isOver(process: Process, event: PolicyEvent, calls: readonly CallFact[], lives: ProcessLives, boot: Boot): boolean {
  const life = lives.of(process.pid, event.time);
  return calls.some(
    (call) =>
      call.end !== null &&
      call.end + slackMs < event.time &&
      (call.start ?? 0) >= boot.from &&
      namesHost(call, event) &&
      isProcessOf(call, process, life, null),
  );
}

const shells: ReadonlySet<string> = new Set(['bash', 'sh', 'dash', 'zsh', 'ash', 'busybox']);
/** What the agent itself runs on. */
const agentPrograms: ReadonlySet<string> = new Set(['node', 'openclaw', 'openclaw-gateway']);

/** Programs that started the one that connected, nearest first, where the supervisor tells them; null: it does not. */
function startersOf(event: PolicyEvent): readonly string[] | null {
  const told = event.facts?.['sandglass.process.ancestors'];
  if (Array.isArray(told)) return told.map((path) => baseName(String(path)));
  const inReason = /\(ancestors: \[([^\]]*)\]/.exec(event.reason ?? '')?.[1];
  if (inReason === undefined) return null;
  return inReason
    .split(' -> ')
    .filter((path) => path !== '')
    .map(baseName);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Whatever a call runs was started by the agent; the agent's own program that was not is the agent. */
function isAgentItself(process: Process, starters: readonly string[] | null): boolean {
  return starters !== null && agentPrograms.has(baseName(process.path)) && !starters.some((name) => agentPrograms.has(name));
}

function inOrder(events: readonly PolicyEvent[]): readonly PolicyEvent[] {
  return [...events].sort((a, b) => a.time - b.time || rank(a) - rank(b) || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
}

/** Of one millisecond, the connection stands before the requests on it. */
function rank(event: PolicyEvent): number {
  return event.eventClass === 'NET' ? 0 : event.eventClass === 'HTTP' ? 1 : 2;
}

function within(call: CallFact, life: ProcessLife): boolean {
  return (call.start ?? 0) - slackMs <= life.first && (call.end === null || life.last <= call.end + slackMs);
}

/** Calls by start, walked along with events by time: which of them ran at each. */
class RunningCalls {
  readonly #calls: readonly CallFact[];
  #next = 0;
  #running: readonly CallFact[] = [];

  constructor(calls: readonly CallFact[]) {
    this.#calls = calls;
  }

  /**
   * Times are asked in ascending order. A call without a result has no end, and may still run, but not when the sandbox was started
   * anew since. Each answer is a list of its own.
   */
  at(time: number, boot: Boot): readonly CallFact[] {
    const begun: CallFact[] = [];
    for (let call = this.#calls[this.#next]; call !== undefined && (call.start ?? 0) - slackMs <= time; call = this.#calls[this.#next]) {
      begun.push(call);
      this.#next += 1;
    }
    this.#running = [...this.#running, ...begun].filter(
      (call) => (call.end === null || time <= call.end + slackMs) && (call.start ?? 0) >= boot.from,
    );
    return this.#running;
  }
}

function namesHost(call: CallFact, event: PolicyEvent): boolean {
  const host = event.target?.host;
  if (host === undefined || call.command === null) return false;
  // `example.com` must not match inside `www.example.com` or `example.com.evil.net`.
  for (let at = call.command.indexOf(host); at >= 0; at = call.command.indexOf(host, at + 1)) {
    const before = call.command[at - 1] ?? ' ';
    const after = call.command.slice(at + host.length, at + host.length + 2);
    if (!/[A-Za-z0-9.-]/.test(before) && !/^(?:[A-Za-z0-9-]|\.[A-Za-z0-9])/.test(after)) return true;
  }
  return false;
}

function isProcessOf(call: CallFact, process: Process, life: ProcessLife | undefined, starters: readonly string[] | null): boolean {
  if (call.pid !== null && call.pid === process.pid) return true;
  if (life === undefined || !within(call, life) || call.command === null) return false;
  const { command } = call;
  // A program that the command names may have started the one that connected; shells and the agent itself start everything.
  const started = (starters ?? []).filter((name) => !shells.has(name) && !agentPrograms.has(name));
  return [baseName(process.path), ...started].some((name) => namesProgram(command, name));
}

/** `python` in a command is what runs as `python3.11`: of a program's name the version at its end may differ. */
function namesProgram(command: string, program: string): boolean {
  const name = program.replace(/[\d.]+$/, '');
  // A name of digits alone says nothing.
  if (name === '') return false;
  for (let at = command.indexOf(name); at >= 0; at = command.indexOf(name, at + 1)) {
    const before = command[at - 1] ?? ' ';
    const after = command.slice(at + name.length).replace(/^[\d.]+/, '');
    if (!/[A-Za-z0-9_.-]/.test(before) && !/^[A-Za-z0-9_-]/.test(after)) return true;
  }
  return false;
}

export function policySpan(joined: JoinedPolicy): PolicySpan {
  const { event, call } = joined;
  const time = isoTime(event.time) ?? '';
  const status: SpanStatus = event.action === 'denied' ? 'denied' : event.action === 'allowed' ? 'ok' : 'unknown';
  return {
    id: policyId(time, event.text, joined.ordinal),
    parentId: null,
    kind: 'policy',
    name: event.activity === '' ? event.eventClass : `${event.eventClass}:${event.activity}`,
    startTime: time,
    endTime: time,
    durationMs: null,
    durationBasis: 'unknown',
    status,
    statusMessage: withoutQuery(event.reason ?? event.message),
    entryId: '',
    witness: 'supervisor',
    attributes: {
      'sandglass.policy.severity': event.severity,
      'sandglass.policy.action': event.action,
      'sandglass.policy.rule': event.policy,
      'sandglass.policy.engine': event.engine,
      'sandglass.process.path': event.process?.path ?? null,
      'sandglass.process.pid': event.process?.pid ?? null,
      'server.address': event.target?.host ?? null,
      'server.port': event.target?.port ?? null,
      'http.request.method': event.method,
      'url.full': withoutQuery(event.url),
      ...withoutQueries(event.facts ?? {}),
      'sandglass.policy.text': withoutQuery(event.text),
    },
    turnId: call?.turnId ?? null,
    callId: call?.spanId ?? null,
    candidates: call === null ? joined.candidates.map((candidate) => candidate.spanId) : [],
  };
}

const query = /(:\/\/|[\w.-]:\d+\/|\/)([^\s?\]]*)\?[^\s\]]+/g;

/** The supervisor leaves the query of a request out in most places, for it may hold a token; so do we in the others. */
function withoutQuery<T extends string | null>(text: T): T {
  return (text === null ? null : text.replace(query, '$1$2?…')) as T;
}

function withoutQueries(facts: Readonly<Record<string, AttributeValue>>): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? withoutQuery(value) : value]));
}
