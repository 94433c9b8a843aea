/**
 * Folds the steps of a turn until they make at most `nodeLimit` nodes. Four levels, the mildest that is enough: nothing
 * folded; runs of like calls; the same across the thoughts between them; stretches of the whole turn. A group always says
 * how many of its calls failed or were denied.
 */
import type { SpanStatus } from '../protocol/document';
import { plainText } from './label';
import type { Call, Child, Denial, Lead, Step } from './steps';
import { countNames, lineLimit } from './steps';

/** No diagram has more nodes: layout takes seconds beyond, and nobody reads it. */
export const nodeLimit = 100;
/** Above it, runs of like calls fold although the limit would allow them: a diagram is to be read. */
export const calmLimit = 40;
/** Fewer like calls are shown one by one. */
const shortestRun = 3;
/** Denials and sub-agents of one box that are shown one by one; more become one node that counts them. */
const satelliteLimit = 2;
/** 24 stretches with a box, a node of denials and one of sub-agents each stay far below the limit. */
const stretchCount = 24;
/** Prompt and ending. */
const frameNodes = 2;

/** One call, or a group of them. */
export interface Box {
  readonly kind: 'call' | 'group';
  readonly calls: readonly Call[];
  readonly title: string;
  readonly lines: readonly string[];
  readonly status: SpanStatus;
  /** Where a click leads: the first failure of a group, else its first call. */
  readonly spanId: string;
  readonly denials: readonly Satellite[];
  readonly children: readonly Satellite[];
}

/** A node beside a box. */
export interface Satellite {
  readonly title: string;
  readonly lines: readonly string[];
  readonly spanId: string | null;
  readonly childSessionId: string | null;
  readonly status: SpanStatus;
}

export interface Segment {
  readonly leads: readonly Lead[];
  /** Side by side. */
  readonly boxes: readonly Box[];
}

export interface Folded {
  readonly segments: readonly Segment[];
  readonly foldedCalls: number;
}

export function fold(steps: readonly Step[]): Folded {
  const plain = steps.map((step) => ({ leads: step.leads, boxes: step.calls.map(single) }));
  if (countNodes(plain) <= calmLimit) return finish(plain);
  const runs = foldRuns(steps, false);
  if (countNodes(runs) <= nodeLimit) return finish(runs);
  const acrossThoughts = foldRuns(steps, true);
  if (countNodes(acrossThoughts) <= nodeLimit) return finish(acrossThoughts);
  return finish(foldStretches(steps));
}

function finish(segments: readonly Segment[]): Folded {
  let foldedCalls = 0;
  for (const segment of segments) for (const box of segment.boxes) if (box.kind === 'group') foldedCalls += box.calls.length;
  return { segments, foldedCalls };
}

function countNodes(segments: readonly Segment[]): number {
  let nodes = frameNodes;
  for (const { leads, boxes } of segments) {
    nodes += leads.length + boxes.length;
    for (const box of boxes) nodes += box.denials.length + box.children.length;
  }
  return nodes;
}

/** Consecutive steps that call the same tools become one; so do like calls side by side. */
function foldRuns(steps: readonly Step[], acrossThoughts: boolean): readonly Segment[] {
  const merged: { leads: readonly Lead[]; calls: Call[]; inner: Lead[]; serial: boolean }[] = [];
  for (const step of steps) {
    const before = merged.at(-1);
    const open = step.leads.every(
      (lead) => lead.status === 'ok' && (lead.kind === 'choice' || (acrossThoughts && (lead.kind === 'thought' || lead.kind === 'text'))),
    );
    if (before !== undefined && open && sameTools(before.calls, step.calls)) {
      before.calls.push(...step.calls);
      before.inner.push(...step.leads);
      before.serial = true;
    } else {
      merged.push({ leads: step.leads, calls: [...step.calls], inner: [], serial: false });
    }
  }
  return merged.flatMap(({ leads, calls, inner, serial }) => {
    if (serial && calls.length < shortestRun) return unmerged(leads, calls, inner);
    // What a group swallowed of choices is said by its count.
    return [
      { leads: serial ? leads.filter((lead) => lead.kind !== 'choice') : leads, boxes: serial ? [group(calls, inner)] : foldLike(calls) },
    ];
  });
}

/** Two calls in a row are too few for a group: each keeps its own place, and its leads. */
function unmerged(leads: readonly Lead[], calls: readonly Call[], inner: readonly Lead[]): readonly Segment[] {
  const [first, ...rest] = calls;
  if (first === undefined) return [{ leads: [...leads, ...inner], boxes: [] }];
  return [{ leads, boxes: [single(first)] }, ...rest.map((call, index) => ({ leads: index === 0 ? inner : [], boxes: [single(call)] }))];
}

/** The same tools, however many calls of each. */
function sameTools(a: readonly Call[], b: readonly Call[]): boolean {
  const names = new Set(a.map((call) => call.name));
  const others = new Set(b.map((call) => call.name));
  return names.size > 0 && names.size === others.size && [...names].every((name) => others.has(name));
}

function foldLike(calls: readonly Call[]): readonly Box[] {
  const byName = new Map<string, Call[]>();
  for (const call of calls) {
    const same = byName.get(call.name);
    if (same === undefined) byName.set(call.name, [call]);
    else same.push(call);
  }
  return [...byName.values()].flatMap((same) => (same.length >= shortestRun ? [group(same, [])] : same.map(single)));
}

function foldStretches(steps: readonly Step[]): readonly Segment[] {
  const size = Math.ceil(steps.length / stretchCount);
  const segments: Segment[] = [];
  for (let start = 0; start < steps.length; start += size) {
    const stretch = steps.slice(start, start + size);
    const calls = stretch.flatMap((step) => step.calls);
    const leads = stretch.flatMap((step) => step.leads);
    segments.push(
      calls.length === 0
        ? { leads: [summary(leads)].filter((lead) => lead !== null), boxes: [] }
        : { leads: [], boxes: [group(calls, leads, 1)] },
    );
  }
  return segments;
}

/** A stretch without calls: a single node that counts what is in it. */
function summary(leads: readonly Lead[]): Lead | null {
  const [first] = leads;
  if (first === undefined || leads.length === 1) return first ?? null;
  const bad = leads.find((lead) => lead.status !== 'ok');
  return {
    kind: 'event',
    spanId: (bad ?? first).spanId,
    title: 'Steps without calls',
    text: plainText(innerText(leads), lineLimit),
    status: bad?.status ?? 'ok',
  };
}

function single(call: Call): Box {
  return {
    kind: 'call',
    calls: [call],
    title: call.title,
    lines: [call.preview, call.outcome].filter((line) => line !== ''),
    status: call.status,
    spanId: call.spanId,
    denials: denialNodes(call.denials, satelliteLimit),
    children: childNodes(call.child === null ? [] : [call], satelliteLimit),
  };
}

function group(calls: readonly Call[], inner: readonly Lead[], satellites = satelliteLimit): Box {
  const names = new Set(calls.map((call) => call.name));
  const [first] = calls;
  const failed = calls.filter((call) => call.failed);
  const denials = calls.flatMap((call) => call.denials);
  const denied = calls.filter((call) => call.denials.length > 0 || call.status === 'denied').length;
  const aborted = calls.filter((call) => call.status === 'aborted').length;
  const running = calls.filter((call) => call.status === 'running').length;
  const title = [names.size === 1 && first !== undefined ? `${first.name} × ${calls.length}` : `${calls.length} calls`];
  if (failed.length > 0) title.push(`${failed.length} failed`);
  if (denied > 0) title.push(`${denied} denied`);
  if (aborted > 0) title.push(`${aborted} aborted`);
  if (running > 0) title.push(`${running} running`);
  const troubled = failed[0] ?? calls.find((call) => call.status === 'denied' || call.status === 'aborted');
  const lines = [names.size === 1 ? previewRange(calls) : plainText(countNames(calls), lineLimit), plainText(innerText(inner), lineLimit)];
  const status: SpanStatus = running > 0 ? 'running' : failed.length > 0 ? 'error' : denied > 0 ? 'denied' : aborted > 0 ? 'aborted' : 'ok';
  return {
    kind: 'group',
    calls,
    title: title.join(' · '),
    lines: lines.filter((line) => line !== ''),
    status,
    spanId: (troubled ?? first)?.spanId ?? '',
    denials: denialNodes(denials, satellites),
    children: childNodes(
      calls.filter((call) => call.child !== null),
      satellites,
    ),
  };
}

function previewRange(calls: readonly Call[]): string {
  const first = calls[0]?.preview ?? '';
  const last = calls.at(-1)?.preview ?? '';
  if (first === last || last === '') return first;
  const half = Math.floor((lineLimit - 3) / 2);
  return first === '' ? last : `${plainText(first, half)} … ${plainText(last, half)}`;
}

const innerNames: Readonly<Record<Lead['kind'], readonly [string, string]>> = {
  thought: ['thought', 'thoughts'],
  text: ['text', 'texts'],
  choice: ['choice', 'choices'],
  compaction: ['compaction', 'compactions'],
  event: ['event', 'events'],
  denial: ['denial', 'denials'],
};

/** "with 3 thoughts, 1 compaction, 2 model calls failed" */
function innerText(leads: readonly Lead[]): string {
  const parts: string[] = [];
  for (const kind of ['denial', 'event', 'compaction', 'thought', 'text'] as const) {
    const some = leads.filter((lead) => lead.kind === kind);
    if (some.length === 0) continue;
    const failed = some.filter((lead) => lead.status === 'error').length;
    const aborted = some.filter((lead) => lead.status === 'aborted').length;
    const name = innerNames[kind][some.length === 1 ? 0 : 1];
    const detail = [failed > 0 ? `${failed} failed` : '', aborted > 0 ? `${aborted} aborted` : ''].filter((part) => part !== '').join(', ');
    parts.push(`${some.length} ${name}${detail === '' ? '' : ` (${detail})`}`);
  }
  return parts.length === 0 ? '' : `with ${parts.join(', ')}`;
}

function denialNodes(denials: readonly Denial[], limit: number): readonly Satellite[] {
  const node = (denial: Denial, title: string): Satellite => ({
    title,
    lines: [denial.target, denial.reason],
    spanId: denial.spanId,
    childSessionId: null,
    status: 'denied',
  });
  if (denials.length <= limit) return denials.map((denial) => node(denial, 'Denied'));
  const [first] = denials;
  return first === undefined ? [] : [node(first, `Denied × ${denials.length}`)];
}

function childNodes(calls: readonly Call[], limit: number): readonly Satellite[] {
  const node = (spanId: string, child: Child, title: string, status: SpanStatus): Satellite => ({
    title,
    lines: [child.title ?? ''],
    spanId,
    childSessionId: child.sessionId,
    status,
  });
  const children = calls.flatMap((call) => (call.child === null ? [] : [{ spanId: call.spanId, child: call.child }]));
  if (children.length <= limit) return children.map(({ spanId, child }) => node(spanId, child, childTitle(child.status), child.status));
  const failed = children.filter(({ child }) => child.status === 'error' || child.status === 'aborted');
  const shown = failed[0] ?? children[0];
  if (shown === undefined) return [];
  const title = `Sub-agent × ${children.length}${failed.length > 0 ? ` · ${failed.length} failed` : ''}`;
  return [node(shown.spanId, shown.child, title, failed.length > 0 ? 'error' : shown.child.status)];
}

function childTitle(status: SpanStatus): string {
  switch (status) {
    case 'error':
      return 'Sub-agent · failed';
    case 'aborted':
      return 'Sub-agent · killed';
    case 'running':
      return 'Sub-agent · running';
    default:
      return 'Sub-agent';
  }
}
