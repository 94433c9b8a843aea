/**
 * A turn as a Mermaid flowchart: prompt → thoughts → calls with their outcome → reply. Calls of one message stand side by
 * side, denials and sub-agents beside their call, a dotted arrow leads from a failure to the call that made it good.
 * Pure; everything untrusted passes `plainText` and `escapeLabel`, and node ids are ours alone.
 */
import type { SpanStatus } from '../protocol/document';
import type { FlowDiagram, FlowNode } from '../protocol/messages';
import type { Box, Satellite } from './fold';
import { fold } from './fold';
import { escapeLabel } from './label';
import type { FlowInput, Lead } from './steps';
import { toSteps } from './steps';

interface Shape {
  readonly open: string;
  readonly close: string;
}

const shapes: Readonly<Record<FlowNode['kind'], Shape>> = {
  prompt: { open: '(["', close: '"])' },
  reply: { open: '(["', close: '"])' },
  thought: { open: '("', close: '")' },
  text: { open: '("', close: '")' },
  choice: { open: '{{"', close: '"}}' },
  call: { open: '["', close: '"]' },
  group: { open: '[["', close: '"]]' },
  denial: { open: '{{"', close: '"}}' },
  subagent: { open: '[["', close: '"]]' },
  compaction: { open: '["', close: '"]' },
  event: { open: '["', close: '"]' },
};

/** Said by a sign too, never by colour alone. */
const signs: Readonly<Record<SpanStatus, string>> = { ok: '✓', error: '✗', denied: '⊘', aborted: '■', running: '…', unknown: '?' };

class Diagram {
  readonly nodes: FlowNode[] = [];
  private readonly boxes: string[] = [];
  private readonly edges: string[] = [];
  private readonly dotted = new Set<string>();
  /** The nodes that the next one follows. */
  private ends: readonly string[] = [];
  /** Beside the boxes that are added now, and beside those that the next node follows. */
  private readonly beside: string[] = [];
  private satellites: readonly string[] = [];

  add(
    kind: FlowNode['kind'],
    status: SpanStatus,
    lines: readonly string[],
    target: { readonly spanId: string | null; readonly childSessionId?: string | null },
  ): string {
    const id = `n${this.nodes.length}`;
    const shown = lines.filter((line) => line !== '');
    const { open, close } = shapes[kind];
    this.boxes.push(`  ${id}${open}${escapeLabel(shown)}${close}`);
    this.nodes.push({ id, kind, status, label: shown.join(' — '), spanId: target.spanId, childSessionId: target.childSessionId ?? null });
    return id;
  }

  follow(id: string): void {
    for (const end of this.ends) this.edges.push(`  ${end} --> ${id}`);
    // Never drawn; without it what stands beside a call pushes the rest of the turn to the other side.
    for (const satellite of this.satellites) this.edges.push(`  ${satellite} ~~~ ${id}`);
    this.satellites = [];
  }

  advance(ids: readonly string[]): void {
    if (ids.length > 0) this.ends = ids;
    this.satellites = this.beside.splice(0);
  }

  aside(from: string, to: string): void {
    this.edges.push(`  ${from} -.- ${to}`);
    this.beside.push(to);
  }

  retry(from: string, to: string): void {
    // One arrow from each box is enough to read, and keeps the edges below Mermaid's limit.
    if (from === to || this.dotted.has(from)) return;
    this.dotted.add(from);
    this.edges.push(`  ${from} -. retried .-> ${to}`);
  }

  text(): string {
    const classes = new Map<string, string[]>();
    for (const node of this.nodes) {
      for (const name of [`kind-${node.kind}`, `status-${node.status}`]) {
        const ids = classes.get(name);
        if (ids === undefined) classes.set(name, [node.id]);
        else ids.push(node.id);
      }
    }
    const lines = [...classes].map(([name, ids]) => `  class ${ids.join(',')} ${name}`);
    return ['flowchart TD', ...this.boxes, ...this.edges, ...lines, ''].join('\n');
  }
}

export function buildFlow(input: FlowInput): FlowDiagram {
  const { prompt, steps, ending, thoughts } = toSteps(input);
  const { segments, foldedCalls } = fold(steps);
  const diagram = new Diagram();
  const nodeOfCall = new Map<string, string>();
  const worked = new Set(input.retries?.values() ?? []);

  diagram.advance([diagram.add('prompt', prompt.status, [prompt.title, prompt.text], prompt)]);
  for (const segment of segments) {
    for (const lead of segment.leads) addLead(diagram, lead);
    diagram.advance(segment.boxes.map((box) => addBox(diagram, box, nodeOfCall, worked)));
  }
  const end = diagram.add(ending.kind, ending.status, [endingTitle(ending), ending.text], ending);
  diagram.follow(end);
  for (const [failed, later] of input.retries ?? []) {
    const from = nodeOfCall.get(failed);
    const to = nodeOfCall.get(later);
    if (from !== undefined && to !== undefined) diagram.retry(from, to);
  }
  return {
    revision: input.revision,
    turnId: input.turn.id,
    mermaid: diagram.text(),
    nodes: diagram.nodes,
    folded: foldedCalls,
    note: thoughts === 0 ? 'no-thinking-recorded' : null,
  };
}

function endingTitle(ending: { readonly kind: string; readonly title: string; readonly status: SpanStatus }): string {
  return ending.kind === 'reply' ? ending.title : `${signs[ending.status]} ${ending.title}`;
}

function addLead(diagram: Diagram, lead: Lead): void {
  const title = lead.status === 'ok' ? lead.title : `${signs[lead.status]} ${lead.title}`;
  const id = diagram.add(lead.kind, lead.status, [title, lead.text], lead);
  diagram.follow(id);
  diagram.advance([id]);
}

function addBox(diagram: Diagram, box: Box, nodeOfCall: Map<string, string>, worked: ReadonlySet<string>): string {
  const retried = box.kind === 'call' && worked.has(box.spanId) ? ' · retry' : '';
  const id = diagram.add(box.kind, box.status, [`${signs[box.status]} ${box.title}${retried}`, ...box.lines], { spanId: box.spanId });
  diagram.follow(id);
  for (const call of box.calls) nodeOfCall.set(call.spanId, id);
  for (const denial of box.denials) diagram.aside(id, addSatellite(diagram, 'denial', denial));
  for (const child of box.children) diagram.aside(id, addSatellite(diagram, 'subagent', child));
  return id;
}

function addSatellite(diagram: Diagram, kind: 'denial' | 'subagent', satellite: Satellite): string {
  const sign = kind === 'denial' ? signs.denied : '↳';
  return diagram.add(kind, satellite.status, [`${sign} ${satellite.title}`, ...satellite.lines], satellite);
}
