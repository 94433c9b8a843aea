/** A backend of made-up sessions, for what no recording holds: thousands of rows, hostile text in every field, sessions that grow, answers that fail. */
import type { ResourcesParams, TraceBackend } from '../../../client/src/webviews/traceBackend';
import type { AttributeValue, Finding, PolicySpan, Span, SpanKind, SpanStatus } from '../../../server/src/protocol/document';
import type {
  ResourceSample,
  SandboxNode,
  SessionRevision,
  SpanDetail,
  SpanRow,
  TracePage,
  TracePageParams,
  TurnSummary,
} from '../../../server/src/protocol/messages';
import type { FindingRef } from '../../../server/src/protocol/suppressions';
import { buildFlow } from '../../../server/src/flow/buildFlow';

export interface FakeOptions {
  readonly turns: number;
  readonly callsInTurn: number;
  /** In every field that a sandbox can fill. */
  readonly text?: string;
  readonly running?: boolean;
}

const sourceId = 'fake-source';
const sessionId = 'fake-session';

export class FakeBackend implements TraceBackend {
  readonly sourceId = sourceId;
  readonly sessionId = sessionId;
  readonly acts: string[] = [];
  readonly asked: TracePageParams[] = [];
  readonly askedResources: ResourcesParams[] = [];
  samples: ResourceSample[] = [];
  sourceKind: SandboxNode['kind'] = 'container';
  sourceState: SandboxNode['state'] = 'running';
  rows: SpanRow[] = [];
  turns: TurnSummary[] = [];
  epoch = 'epoch-1';
  revision = 1;
  running: boolean;
  /** Set: every request fails with it. */
  broken: { readonly reason: string; readonly hint: string } | null = null;
  delayMs = 0;
  costUsd: number | null = 0.0123;
  paysFlatRate = false;
  findings: readonly Finding[] = [];
  maySuppress = true;
  #listener: ((now: SessionRevision) => void) | null = null;
  readonly #text: string | null;

  constructor(options: FakeOptions) {
    this.#text = options.text ?? null;
    this.running = options.running ?? false;
    for (let turn = 0; turn < options.turns; turn++) this.addTurn(options.callsInTurn);
  }

  addTurn(calls: number): void {
    const ordinal = this.turns.length + 1;
    const id = `turn-${ordinal}`;
    const prompt = this.#text ?? `Prompt ${ordinal}`;
    const turn = this.#span(id, null, 'invoke_agent', 'ok', { 'sandglass.preview': prompt, 'sandglass.trigger': this.#text ?? 'user' });
    this.turns.push({
      span: turn,
      ordinal,
      prompt,
      toolCalls: 0,
      failedToolCalls: 0,
      denied: 0,
      thinkingBlocks: 0,
      cost: { usd: 0.001, byBasis: { priced: 0.001 }, unpricedCalls: 0 },
    });
    this.rows.push(this.#row(turn, 0, id, prompt));
    for (let call = 0; call < calls; call++) this.addCall();
  }

  /** An LLM call with one tool call, at the end of the last turn. Every tenth fails. */
  addCall(): void {
    const turn = this.turns.at(-1);
    if (turn === undefined) throw new Error('no turn yet');
    const number = this.rows.length;
    const text = this.#text;
    const chat = this.#span(`chat-${number}`, turn.span.id, 'chat', 'ok', {
      'gen_ai.request.model': text ?? 'some/model',
      'sandglass.cost.usd': 0.001,
      'sandglass.cost.basis': 'priced',
    });
    const failed = number % 10 === 0;
    const call = this.#span(`call-${number}`, chat.id, 'execute_tool', failed ? 'error' : 'ok', {
      'gen_ai.tool.name': text ?? 'exec',
      'sandglass.exit_code': failed ? 1 : 0,
      'sandglass.failed': failed,
      'sandglass.tool.owner': text,
      'sandglass.cwd': text,
    });
    this.rows.push(this.#row(chat, 1, turn.span.id, text ?? `Says ${number}`));
    this.rows.push({
      ...this.#row(call, 2, turn.span.id, text ?? `echo item ${number}`),
      policy: text === null ? [] : [this.#denial(`denial-${number}`, text)],
      childSessionId: text,
      path: text,
    });
    this.turns[this.turns.length - 1] = {
      ...turn,
      toolCalls: turn.toolCalls + 1,
      failedToolCalls: turn.failedToolCalls + (failed ? 1 : 0),
      denied: text === null ? 0 : turn.denied + 1,
    };
  }

  /** Says that something changed, as the server does. */
  announce(): void {
    this.revision += 1;
    this.#listener?.({ epoch: this.epoch, revision: this.revision });
  }

  /** Another store: revisions begin anew. */
  beginAnew(): void {
    this.epoch = `${this.epoch} anew`;
    this.revision = 0;
  }

  onChanged(listener: (session: { readonly sourceId: string; readonly sessionId: string }, now: SessionRevision) => void): {
    dispose(): void;
  } {
    this.#listener = (now) => listener({ sourceId, sessionId }, now);
    return { dispose: () => (this.#listener = null) };
  }

  async trace(params: TracePageParams): Promise<TracePage> {
    this.asked.push(params);
    await this.#wait();
    const problems = params.onlyProblems === true;
    const rows = problems ? this.#problemRows() : this.rows;
    const at = params.around ? rows.findIndex(({ span }) => span.id === params.around) : -1;
    const offset = at >= 0 ? Math.floor(at / params.limit) * params.limit : params.offset;
    const calls = this.turns.reduce((sum, turn) => sum + turn.toolCalls, 0);
    return {
      epoch: this.epoch,
      revision: this.revision,
      source: this.#source(),
      session: {
        id: sessionId,
        key: null,
        agent: this.#text ?? 'main',
        title: this.#text ?? 'A made-up session',
        trigger: 'user',
        state: 'live',
        status: this.running ? 'running' : 'done',
        parentSessionId: null,
        previousSessionId: null,
        startTime: '2026-11-21T00:00:00.000Z',
        endTime: '2026-11-21T00:01:00.000Z',
        totals: {
          turns: this.turns.length,
          llmCalls: calls,
          toolCalls: calls,
          failedToolCalls: this.turns.reduce((sum, turn) => sum + turn.failedToolCalls, 0),
          thinkingBlocks: 0,
          compactions: 0,
          usage: { input: 1000, output: 200, cacheRead: 3000, cacheWrite: 0, reasoning: null },
          cost: {
            usd: this.costUsd,
            byBasis: this.costUsd === null ? {} : { priced: this.costUsd },
            unpricedCalls: this.costUsd === null ? calls : 0,
          },
        },
      },
      turns: this.turns,
      offset,
      total: rows.length,
      rows: rows.slice(offset, offset + params.limit),
      findings: this.#text === null ? this.findings : hostileFindings(this.#text),
      badge: this.#text,
      maySuppress: this.maySuppress,
    };
  }

  async flow({ turnId }: { readonly turnId: string }): Promise<ReturnType<typeof buildFlow> | null> {
    await this.#wait();
    const turn = this.turns.find(({ span }) => span.id === turnId);
    if (turn === undefined) return null;
    const rows = this.rows.filter((row) => row.turnId === turnId && row.span.id !== turnId);
    const text = this.#text;
    const texts = new Map(rows.map(({ span }) => [span.id, text === null ? {} : { thinking: text, text }]));
    return buildFlow({ revision: this.revision, turn: turn.span, rows, texts });
  }

  async span({ spanId, limit }: { readonly spanId: string; readonly limit: number }): Promise<SpanDetail | null> {
    await this.#wait();
    const row = this.rows.find(({ span }) => span.id === spanId);
    if (row === undefined) return null;
    const text = this.#text;
    const page = await this.trace({ sourceId, sessionId, offset: 0, limit: 1 });
    const cut = text === null ? null : text.slice(0, limit);
    return {
      span: row.span,
      session: page.session,
      arguments: cut ?? `{ "command": ${JSON.stringify(row.preview)} }`,
      result: cut ?? 'item\n',
      thinking: cut,
      text: cut,
      argumentsBytes: 42,
      resultBytes: 5,
      truncated: text !== null,
      policy: row.policy,
      anchors:
        text === null
          ? []
          : [
              {
                uri: 'file:///nowhere',
                mapped: 'git',
                sandboxPath: text,
                startLine: 2,
                endLine: 4,
                how: 'path',
                stale: true,
                wholeFile: false,
              },
            ],
      written: text === null ? [] : [{ path: text, outside: true, git: false }],
      retry: null,
    };
  }

  async resources(params: ResourcesParams): Promise<readonly ResourceSample[]> {
    this.askedResources.push(params);
    await this.#wait();
    const [from, to] = [Date.parse(params.from), Date.parse(params.to)];
    return this.samples.filter(({ time }) => Date.parse(time) >= from && Date.parse(time) <= to).slice(0, params.limit);
  }

  jump(span: { readonly spanId: string }, beside: boolean): void {
    this.acts.push(`jump ${span.spanId}${beside ? ' beside' : ''}`);
  }
  showPrices(): void {
    this.acts.push('showPrices');
  }
  flatRate(): boolean {
    return this.paysFlatRate;
  }
  toolDefinition(span: { readonly spanId: string }): void {
    this.acts.push(`toolDefinition ${span.spanId}`);
  }

  openCall(span: { readonly spanId: string }): void {
    this.acts.push(`openCall ${span.spanId}`);
  }
  suppress({ code, evidence }: FindingRef): void {
    this.acts.push(`suppress ${code} ${evidence}`);
  }
  replay(): void {
    this.acts.push('replay');
  }
  failure(error: unknown): { readonly reason: string; readonly hint: string } {
    return this.broken ?? { reason: String(error), hint: '' };
  }

  async #wait(): Promise<void> {
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    if (this.broken !== null) throw new Error(this.broken.reason);
  }

  #problemRows(): SpanRow[] {
    const kept = new Set<string>();
    for (const { span } of this.rows) {
      if (span.status !== 'error' && span.status !== 'denied') continue;
      kept.add(span.id);
      const chat = this.rows.find((row) => row.span.id === span.parentId);
      kept.add(span.parentId ?? '');
      kept.add(chat?.span.parentId ?? '');
    }
    return this.rows.filter(({ span }) => kept.has(span.id));
  }

  #row(span: Span, depth: number, turnId: string, preview: string): SpanRow {
    return { span, depth, preview, turnId, policy: [], childSessionId: null, path: null, outside: false };
  }

  #span(id: string, parentId: string | null, kind: SpanKind, status: SpanStatus, attributes: Record<string, AttributeValue>): Span {
    return {
      id,
      parentId,
      kind,
      name: this.#text ?? kind,
      startTime: '2026-11-21T00:00:00.000Z',
      endTime: '2026-11-21T00:00:01.000Z',
      durationMs: 1000,
      durationBasis: 'observed',
      status,
      statusMessage: status === 'error' ? (this.#text ?? 'went wrong') : null,
      entryId: id,
      witness: 'agent',
      attributes,
    };
  }

  #denial(id: string, text: string): PolicySpan {
    const attributes: Record<string, AttributeValue> = {
      'server.address': text,
      'sandglass.policy.rule': text,
      'sandglass.process.path': text,
      'url.full': text,
      'http.request.method': text,
    };
    return { ...this.#span(id, null, 'policy', 'denied', attributes), statusMessage: text, turnId: null, callId: null, candidates: [text] };
  }

  #source(): SandboxNode {
    const text = this.#text;
    return {
      kind: this.sourceKind,
      id: sourceId,
      name: text ?? 'my-assistant',
      layout: 'one-container',
      runtime: 'openclaw',
      runtimeVersion: null,
      provider: null,
      model: text,
      state: this.sourceState,
      gateway: null,
      seenBy: [],
      reports: [],
      attach:
        text === null
          ? this.running
            ? { kind: 'live', way: 'node', tried: [] }
            : { kind: 'read' }
          : { kind: 'failed', reason: text, hint: text },
      skipped: text === null ? [] : [{ where: text, reason: text }],
      findings: [],
      revision: this.revision,
      resources: null,
      previousId: null,
    };
  }
}

function hostileFindings(text: string): readonly Finding[] {
  const shown: Finding = { code: text, severity: 'warning', message: text, spanIds: ['call-2'], preview: false, suppressed: null };
  return [shown, { ...shown, suppressed: { reason: text, file: text, line: 1 } }];
}
