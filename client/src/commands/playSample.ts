/**
 * Play Sample Run: plays the bundled recording ten times as fast as it was recorded, and ends where a user wants to be: at
 * the line of the failing test, selected in Problems, with the turn's flow beside it.
 */
import * as vscode from 'vscode';
import type { Anchor, ReplayStep, SessionRef } from '../../../server/src/protocol/messages';
import type { SessionInfo } from '../../../server/src/protocol/document';
import type { ServerHost } from '../connection/serverHost';
import { sandboxesView } from '../contributions';
import type { Jump } from '../editor/jump';
import type { SandboxData } from '../views/sandboxData';
import { showProblem } from './showProblem';
import type { Sources } from './sources';
import type { TraceView } from './traceView';
import { until } from './until';

export const sampleSpeed = 10;
/** The sample is minutes long as recorded; far beyond what a tenth of it takes. */
const playLimitMs = 10 * 60_000;
const diagnosticsLimitMs = 10_000;

interface FailingTest {
  readonly session: SessionRef;
  readonly step: ReplayStep;
  readonly anchor: Anchor;
}

export class SamplePlayer {
  #playing: Promise<void> | null = null;

  constructor(
    private readonly server: ServerHost,
    private readonly data: SandboxData,
    private readonly sources: Sources,
    private readonly trace: TraceView,
    private readonly jump: Jump,
  ) {}

  /** Asked again while it plays, it goes on playing. */
  play(): Promise<void> {
    this.#playing ??= this.#play().finally(() => (this.#playing = null));
    return this.#playing;
  }

  async #play(): Promise<void> {
    await vscode.commands.executeCommand(`${sandboxesView}.focus`);
    await vscode.window.withProgress({ location: { viewId: sandboxesView } }, async () => {
      const sourceId = await this.sources.playSample(sampleSpeed);
      await until(this.data, () => this.#sessions(sourceId).length > 0 || this.#over(sourceId), playLimitMs);
      const first = this.#sessions(sourceId)[0];
      if (first !== undefined) await this.trace.open({ sourceId, sessionId: first.id }, { pane: 'flow', preserveFocus: true });
      await until(this.data, () => this.#over(sourceId), playLimitMs);
      await this.#showFailingTest(sourceId);
    });
  }

  #over(sourceId: string): boolean {
    const kind = this.data.node(sourceId)?.attach.kind;
    return kind === 'read' || kind === 'failed' || kind === 'idle';
  }

  #sessions(sourceId: string): readonly SessionInfo[] {
    const known = this.data.sessions.get(sourceId);
    return known?.kind === 'loaded' ? known.sessions : [];
  }

  async #showFailingTest(sourceId: string): Promise<void> {
    const failing = await this.#findFailingTest(sourceId);
    if (failing === null) return;
    const diagnostic = await diagnosticAt(failing.anchor);
    const { One, Two } = vscode.ViewColumn;
    // The file first: a group that the trace leaves empty would close, and the two would end up in one place.
    const editor = await this.jump.toAnchor(failing.anchor, { beside: false, column: One, keep: true });
    await this.trace.open(failing.session, { spanId: failing.step.spanId, pane: 'flow', column: Two, preserveFocus: true });
    if (diagnostic !== null) await showProblem(editor, diagnostic);
    // The editor drops its question for lenses when the focus leaves a file within a quarter of a second after it came up.
    await this.server.refreshLenses();
  }

  /** The first call that failed at a place in the code; one whose own output names the line before any other. */
  async #findFailingTest(sourceId: string): Promise<FailingTest | null> {
    let best: FailingTest | null = null;
    for (const { id } of this.#sessions(sourceId)) {
      const session = { sourceId, sessionId: id };
      for (const step of await this.server.request('replay', session)) {
        const { anchor } = step;
        if (step.status !== 'error' || anchor === null || !this.jump.allowed(anchor)) continue;
        if (anchor.how === 'traceback') return { session, step, anchor };
        best ??= { session, step, anchor };
      }
    }
    return best;
  }
}

/** The problem at the place, once the server has published it. */
async function diagnosticAt(anchor: Anchor): Promise<vscode.Diagnostic | null> {
  const uri = vscode.Uri.parse(anchor.uri);
  const find = (): vscode.Diagnostic | null => {
    const all = vscode.languages.getDiagnostics(uri);
    return all.find(({ range }) => range.start.line <= anchor.startLine && anchor.startLine <= range.end.line) ?? all[0] ?? null;
  };
  if (find() !== null) return find();
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      listening.dispose();
      resolve(find());
    };
    const timer = setTimeout(settle, diagnosticsLimitMs);
    const listening = vscode.languages.onDidChangeDiagnostics(() => {
      if (find() !== null) settle();
    });
  });
}
