/**
 * A turn's rows as the steps of its flow: what the model thought or said, which calls it then chose, what came of them.
 * Facts only; how much of it is drawn is decided in fold.
 */
import type { SessionStatus, Span, SpanStatus } from '../protocol/document';
import type { FlowNode, SpanRow } from '../protocol/messages';
import { plainText } from './label';

/** The whole texts of a span, as far as they were recorded. All of it untrusted. */
export interface FlowTexts {
  /** Of the turn. */
  readonly prompt?: string | null;
  /** Of an LLM call: what it thought. An empty string: it thought, but the provider kept the text to itself. */
  readonly thinking?: string | null;
  /** Of an LLM call: what it said beside its calls, or as the reply. */
  readonly text?: string | null;
}

/** A session that a call of this turn spawned. */
export interface FlowChild {
  readonly title: string | null;
  readonly status: SessionStatus;
}

export interface FlowInput {
  readonly revision: number;
  /** The turn (`invoke_agent`). */
  readonly turn: Span;
  /** The turn's rows in display order: LLM calls, each with its tool calls beneath, compactions, events, policy. */
  readonly rows: readonly SpanRow[];
  /** By span id. A span without an entry falls back to its preview. */
  readonly texts: ReadonlyMap<string, FlowTexts>;
  /** Failed call → the later call that did the same and worked, by span id. */
  readonly retries?: ReadonlyMap<string, string>;
  /** By session id, for the calls whose row has a `childSessionId`. */
  readonly children?: ReadonlyMap<string, FlowChild>;
}

export const textLimit = 72;
export const lineLimit = 60;
export const nameLimit = 32;
/** Shorter calls don't say how long they took: it would be noise. */
const durationShownMs = 1000;

export interface Denial {
  readonly spanId: string;
  /** "blocked.example.com:443" */
  readonly target: string;
  readonly reason: string;
}

export interface Child {
  readonly sessionId: string;
  readonly title: string | null;
  readonly status: SpanStatus;
}

export interface Call {
  readonly spanId: string;
  readonly name: string;
  /** "exec · exit code 1 · 3.2 s" */
  readonly title: string;
  readonly preview: string;
  readonly outcome: string;
  readonly status: SpanStatus;
  readonly failed: boolean;
  readonly denials: readonly Denial[];
  readonly child: Child | null;
}

/** A node in the line of the turn that is no call. */
export interface Lead {
  readonly kind: Extract<FlowNode['kind'], 'thought' | 'text' | 'choice' | 'compaction' | 'event' | 'denial'>;
  readonly spanId: string;
  readonly title: string;
  readonly text: string;
  readonly status: SpanStatus;
}

export interface Step {
  readonly leads: readonly Lead[];
  readonly calls: readonly Call[];
}

export interface Steps {
  readonly prompt: Pick<Lead, 'spanId' | 'title' | 'text' | 'status'>;
  readonly steps: readonly Step[];
  readonly ending: {
    readonly kind: 'reply' | 'event';
    readonly spanId: string;
    readonly title: string;
    readonly text: string;
    readonly status: SpanStatus;
  };
  readonly thoughts: number;
}

export function toSteps(input: FlowInput): Steps {
  const { turn } = input;
  const callsByParent = new Map<string, SpanRow[]>();
  for (const row of input.rows) {
    if (row.span.kind !== 'execute_tool') continue;
    const parent = row.span.parentId ?? '';
    const siblings = callsByParent.get(parent);
    if (siblings === undefined) callsByParent.set(parent, [row]);
    else siblings.push(row);
  }
  const chats = input.rows.filter((row) => row.span.kind === 'chat');
  const chatIds = new Set(chats.map((row) => row.span.id));
  const last = chats.at(-1);
  const replied =
    last !== undefined && !callsByParent.has(last.span.id) && textOf(input, last).text !== '' && last.span.status === 'ok' ? last : null;

  const steps: Step[] = [];
  let thoughts = 0;
  for (const row of input.rows) {
    switch (row.span.kind) {
      case 'chat': {
        const { thinking, text } = textOf(input, row);
        if (thinking !== null) thoughts += 1;
        steps.push(chatStep(input, row, thinking, row === replied ? '' : text, callsByParent.get(row.span.id) ?? []));
        break;
      }
      case 'execute_tool':
        // Beneath an LLM call it is part of that step; a result whose call was never written stands alone.
        if (!chatIds.has(row.span.parentId ?? '')) steps.push({ leads: [], calls: [toCall(input, row)] });
        break;
      case 'compaction':
      case 'event':
        steps.push({ leads: [noteLead(row)], calls: [] });
        break;
      case 'policy':
        if (row.span.status === 'denied') steps.push({ leads: [denialLead(row)], calls: [] });
        break;
      case 'invoke_agent':
        break;
    }
  }
  return {
    prompt: promptLead(input),
    steps: steps.filter((step) => step.leads.length > 0 || step.calls.length > 0),
    ending: replied === null ? missingReply(turn, last?.span ?? null) : replyEnding(input, replied),
    thoughts,
  };
}

function textOf(input: FlowInput, row: SpanRow): { readonly thinking: string | null; readonly text: string } {
  const texts = input.texts.get(row.span.id);
  const thinking = texts?.thinking ?? stringAttribute(row.span, 'sandglass.thinking.preview');
  const text = texts?.text ?? stringAttribute(row.span, 'sandglass.preview') ?? '';
  return { thinking, text: plainText(text, textLimit) };
}

function promptLead(input: FlowInput): Steps['prompt'] {
  const { turn } = input;
  const text = input.texts.get(turn.id)?.prompt ?? stringAttribute(turn, 'sandglass.preview');
  const trigger = stringAttribute(turn, 'sandglass.trigger');
  const kindOfTurn = trigger === null || trigger === 'user' || trigger === 'unknown' ? '' : trigger;
  return {
    spanId: turn.id,
    title: kindOfTurn === '' ? 'Prompt' : `Prompt · ${plainText(kindOfTurn, nameLimit)}`,
    text: text === null ? 'not recorded' : plainText(text, textLimit),
    status: 'ok',
  };
}

function replyEnding(input: FlowInput, row: SpanRow): Steps['ending'] {
  return { kind: 'reply', spanId: row.span.id, title: 'Reply', text: textOf(input, row).text, status: 'ok' };
}

/** The turn's end is told as it was seen; a reply is never made up. */
function missingReply(turn: Span, lastCall: Span | null): Steps['ending'] {
  // Mostly it is what the last model call failed with, and stands there already.
  const told = lastCall !== null && lastCall.status !== 'ok' && lastCall.statusMessage === turn.statusMessage;
  const message = turn.statusMessage === null || told ? '' : plainText(turn.statusMessage, lineLimit);
  const titles: Readonly<Record<SpanStatus, string>> = {
    running: 'Still running',
    aborted: 'Aborted',
    error: 'Failed before a reply',
    denied: 'Denied before a reply',
    ok: 'Ended without a text',
    unknown: 'No reply recorded',
  };
  return { kind: 'event', spanId: turn.id, title: titles[turn.status], text: message, status: turn.status };
}

function chatStep(input: FlowInput, row: SpanRow, thinking: string | null, text: string, callRows: readonly SpanRow[]): Step {
  const { span } = row;
  const calls = callRows.map((call) => toCall(input, call));
  const leads: Lead[] = [];
  if (thinking !== null) {
    const shown = plainText(thinking, textLimit);
    leads.push({
      kind: 'thought',
      spanId: span.id,
      title: 'Thought',
      text: shown === '' ? 'kept private by the model' : shown,
      status: 'ok',
    });
  }
  if (text !== '') leads.push({ kind: 'text', spanId: span.id, title: 'Says', text, status: 'ok' });
  if (span.status === 'error' || span.status === 'aborted') {
    const title = span.status === 'error' ? 'Model call failed' : 'Model call aborted';
    leads.push({ kind: 'event', spanId: span.id, title, text: plainText(span.statusMessage ?? '', lineLimit), status: span.status });
  }
  // Without a thought or a text the choice itself is what can be told.
  if (leads.length === 0 && calls.length > 1) {
    leads.push({
      kind: 'choice',
      spanId: span.id,
      title: `Chooses ${calls.length} calls`,
      text: plainText(countNames(calls), lineLimit),
      status: 'ok',
    });
  }
  return { leads, calls };
}

function toCall(input: FlowInput, row: SpanRow): Call {
  const { span } = row;
  const name = plainText(stringAttribute(span, 'gen_ai.tool.name') ?? span.name, nameLimit) || 'unnamed tool';
  const failed = span.status === 'error' || span.attributes['sandglass.failed'] === true;
  const exitCode = span.attributes['sandglass.exit_code'];
  const parts = [name];
  if (failed) parts.push(typeof exitCode === 'number' && exitCode !== 0 ? `exit code ${exitCode}` : 'failed');
  else if (span.status === 'running') parts.push('running');
  else if (span.status === 'aborted') parts.push('aborted');
  else if (span.status === 'unknown') parts.push('no result recorded');
  if (span.status === 'denied') parts.push('denied');
  if (span.attributes['sandglass.abandoned'] === true) parts.push('abandoned branch');
  if (span.durationMs !== null && span.durationMs >= durationShownMs)
    parts.push(`${span.durationBasis === 'estimated' ? '~' : ''}${duration(span.durationMs)}`);
  const preview = row.preview ?? stringAttribute(span, 'sandglass.preview') ?? '';
  const denials = row.policy.filter((policy) => policy.status === 'denied').map(toDenial);
  return {
    spanId: span.id,
    name,
    title: parts.join(' · '),
    preview: plainText(preview, lineLimit),
    // A denial says why itself, beside the call.
    outcome: failed && denials.length === 0 && span.statusMessage !== null ? plainText(span.statusMessage, lineLimit) : '',
    status: span.status,
    failed,
    denials,
    child: row.childSessionId === null ? null : toChild(input, row.childSessionId),
  };
}

const childStatus: Readonly<Record<SessionStatus, SpanStatus>> = {
  running: 'running',
  done: 'ok',
  failed: 'error',
  killed: 'aborted',
  timeout: 'error',
  unknown: 'unknown',
};

function toChild(input: FlowInput, sessionId: string): Child {
  const child = input.children?.get(sessionId);
  return {
    sessionId,
    title: child?.title === null || child?.title === undefined ? null : plainText(child.title, lineLimit),
    status: child === undefined ? 'unknown' : childStatus[child.status],
  };
}

function toDenial(span: Span): Denial {
  const host = stringAttribute(span, 'server.address');
  const port = span.attributes['server.port'];
  const target = host === null ? stringAttribute(span, 'url.full') : typeof port === 'number' ? `${host}:${port}` : host;
  const reason = span.statusMessage ?? stringAttribute(span, 'sandglass.policy.rule') ?? '';
  return { spanId: span.id, target: plainText(target ?? span.name, lineLimit), reason: plainText(reason, lineLimit) };
}

function denialLead(row: SpanRow): Lead {
  const { target, reason } = toDenial(row.span);
  return { kind: 'denial', spanId: row.span.id, title: `Denied · ${target}`, text: reason, status: 'denied' };
}

function noteLead(row: SpanRow): Lead {
  const { span } = row;
  const preview = row.preview ?? stringAttribute(span, 'sandglass.preview') ?? span.statusMessage ?? '';
  if (span.kind !== 'compaction') {
    return {
      kind: 'event',
      spanId: span.id,
      title: plainText(span.name, lineLimit),
      text: plainText(preview, lineLimit),
      status: span.status,
    };
  }
  const before = span.attributes['sandglass.tokens_before'];
  const after = span.attributes['sandglass.tokens_after'];
  const count = (value: number): string => value.toLocaleString('en-US');
  const text =
    typeof before !== 'number'
      ? ''
      : typeof after === 'number'
        ? `${count(before)} → ${count(after)} tokens`
        : `from ${count(before)} tokens`;
  return { kind: 'compaction', spanId: span.id, title: 'History compacted', text, status: span.status };
}

/** "exec × 20, read × 17" */
export function countNames(calls: readonly Call[]): string {
  const counts = new Map<string, number>();
  for (const call of calls) counts.set(call.name, (counts.get(call.name) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([name, count]) => (count === 1 ? name : `${name} × ${count}`))
    .join(', ');
}

export function duration(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function stringAttribute(span: Span, name: string): string | null {
  const value = span.attributes[name];
  return typeof value === 'string' ? value : null;
}
