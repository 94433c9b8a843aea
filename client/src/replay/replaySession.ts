/**
 * The debug adapter of a replay. A recorded session is stepped through forth and back; each stop shows the step, the turn
 * around it, and what it had cost by then. Needs no editor, so it is tested by its protocol alone.
 */
import {
  DebugSession,
  InitializedEvent,
  OutputEvent,
  Scope,
  Source,
  StackFrame,
  StoppedEvent,
  TerminatedEvent,
  Thread,
} from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ReplayStep, SessionRef, SpanDetail, SpanRef } from '../../../server/src/protocol/messages';
import type { Translate } from '../format';
import { plainText } from '../plainText';
import { ReplayCursor } from './replayCursor';
import type { Landing } from './replayCursor';
import { outcome, stepVariables, totalsVariables } from './replayVariables';
import type { ReplayVariable } from './replayVariables';

/** What a replay needs from outside. */
export interface ReplayBackend {
  steps(session: SessionRef): Promise<readonly ReplayStep[]>;
  detail(span: SpanRef): Promise<SpanDetail | null>;
  /** The place that is shown for a step: its file if it may be opened, else the text of its call. Zero-based line. */
  place(step: ReplayStep): { readonly uri: string; readonly name: string; readonly line: number };
  /** Told at each stop, so that the trace can follow. */
  stoppedAt(span: SpanRef): void;
  /** The user pays for no single call. */
  flatRate(): boolean;
  t: Translate;
}

interface LaunchArguments extends DebugProtocol.LaunchRequestArguments, Partial<SessionRef> {}

const threadId = 1;
const stepScope = 1;
const totalsScope = 2;
const firstPart = 10;
const errorId = 1;

export class ReplaySession extends DebugSession {
  #session: SessionRef = { sourceId: '', sessionId: '' };
  #cursor = new ReplayCursor([]);
  /** Parts of the variables shown at this stop, by reference; gone with the next stop. */
  #parts = new Map<number, readonly ReplayVariable[]>();
  #detail: { readonly spanId: string; readonly detail: Promise<SpanDetail | null> } | null = null;
  #exception: string | null = null;

  constructor(private readonly backend: ReplayBackend) {
    super();
    this.setDebuggerLinesStartAt1(false);
    this.setDebuggerColumnsStartAt1(false);
  }

  protected override initializeRequest(response: DebugProtocol.InitializeResponse): void {
    response.body = {
      supportsConfigurationDoneRequest: true,
      supportsStepBack: true,
      supportsRestartRequest: true,
      supportsTerminateRequest: true,
      supportsExceptionInfoRequest: true,
    };
    this.sendResponse(response);
  }

  protected override async launchRequest(response: DebugProtocol.LaunchResponse, args: LaunchArguments): Promise<void> {
    const { t } = this.backend;
    const { sourceId, sessionId } = args;
    if (typeof sourceId !== 'string' || typeof sessionId !== 'string') {
      this.#refuse(response, t('A replay needs the source and the session to replay.'));
      return;
    }
    this.#session = { sourceId, sessionId };
    try {
      this.#cursor = new ReplayCursor(await this.backend.steps(this.#session));
    } catch (error) {
      this.#refuse(response, t('The session cannot be replayed: {0}', plainText(error instanceof Error ? error.message : String(error))));
      return;
    }
    if (this.#cursor.step === null) {
      this.#refuse(response, t('This session holds no step to replay yet.'));
      return;
    }
    this.sendResponse(response);
    this.sendEvent(new InitializedEvent());
  }

  protected override configurationDoneRequest(
    response: DebugProtocol.ConfigurationDoneResponse,
    args: DebugProtocol.ConfigurationDoneArguments,
  ): void {
    super.configurationDoneRequest(response, args);
    this.#say(this.backend.t('Replaying {0} steps. Step, step back, or continue to the next failure.', this.#cursor.steps.length));
    this.#stop('entry');
  }

  protected override threadsRequest(response: DebugProtocol.ThreadsResponse): void {
    response.body = {
      threads: [new Thread(threadId, this.backend.t('Session {0}', plainText(this.#session.sessionId, { maxLength: 12 })))],
    };
    this.sendResponse(response);
  }

  protected override nextRequest(response: DebugProtocol.NextResponse): void {
    this.#move(response, this.#cursor.next());
  }

  protected override stepInRequest(response: DebugProtocol.StepInResponse): void {
    this.#move(response, this.#cursor.next());
  }

  protected override stepOutRequest(response: DebugProtocol.StepOutResponse): void {
    this.#move(response, this.#cursor.outOfTurn());
  }

  protected override stepBackRequest(response: DebugProtocol.StepBackResponse): void {
    this.#move(response, this.#cursor.back());
  }

  protected override continueRequest(response: DebugProtocol.ContinueResponse): void {
    this.#move(response, this.#cursor.toNextProblem());
  }

  protected override reverseContinueRequest(response: DebugProtocol.ReverseContinueResponse): void {
    this.#move(response, this.#cursor.toPreviousProblem());
  }

  protected override restartRequest(response: DebugProtocol.RestartResponse): void {
    this.#cursor.restart();
    this.sendResponse(response);
    this.#stop('entry');
  }

  protected override terminateRequest(response: DebugProtocol.TerminateResponse): void {
    this.sendResponse(response);
    this.sendEvent(new TerminatedEvent());
  }

  protected override stackTraceRequest(response: DebugProtocol.StackTraceResponse): void {
    const { step, turnStart } = this.#cursor;
    const frames = step === null ? [] : [this.#frame(1, this.#stepName(step), step)];
    if (step !== null && turnStart !== null) {
      const turn = this.#frame(
        2,
        this.backend.t('Turn {0}: {1}', step.turnOrdinal, plainText(turnStart.label, { maxLength: 80 })),
        turnStart,
      );
      turn.presentationHint = 'subtle';
      frames.push(turn);
    }
    response.body = { stackFrames: frames, totalFrames: frames.length };
    this.sendResponse(response);
  }

  protected override scopesRequest(response: DebugProtocol.ScopesResponse): void {
    const { t } = this.backend;
    response.body = { scopes: [new Scope(t('Step'), stepScope, false), new Scope(t('Session so far'), totalsScope, false)] };
    this.sendResponse(response);
  }

  protected override async variablesRequest(
    response: DebugProtocol.VariablesResponse,
    args: DebugProtocol.VariablesArguments,
  ): Promise<void> {
    response.body = { variables: (await this.#variables(args.variablesReference)).map((variable) => this.#shown(variable)) };
    this.sendResponse(response);
  }

  protected override exceptionInfoRequest(response: DebugProtocol.ExceptionInfoResponse): void {
    const step = this.#cursor.step;
    response.body = {
      exceptionId: step === null ? '' : plainText(step.label, { maxLength: 80 }),
      description: this.#exception ?? '',
      breakMode: 'always',
    };
    this.sendResponse(response);
  }

  async #variables(reference: number): Promise<readonly ReplayVariable[]> {
    const step = this.#cursor.step;
    if (step === null) return [];
    if (reference === totalsScope) return totalsVariables(step, this.backend.flatRate(), this.backend.t);
    if (reference !== stepScope) return this.#parts.get(reference) ?? [];
    try {
      return stepVariables(step, await this.#detailOf(step), this.backend.flatRate(), this.backend.t);
    } catch (error) {
      const problem = { name: this.backend.t('details'), value: plainText(error instanceof Error ? error.message : String(error)) };
      return [...stepVariables(step, null, this.backend.flatRate(), this.backend.t).slice(0, 2), problem];
    }
  }

  #detailOf(step: ReplayStep): Promise<SpanDetail | null> {
    if (this.#detail?.spanId !== step.spanId) {
      const detail = this.backend.detail({ sourceId: this.#session.sourceId, spanId: step.spanId });
      this.#detail = { spanId: step.spanId, detail };
      // A failed answer is not kept: the next look asks again.
      detail.catch(() => (this.#detail = null));
    }
    return this.#detail.detail;
  }

  #shown(variable: ReplayVariable): DebugProtocol.Variable {
    let variablesReference = 0;
    if (variable.parts !== undefined) {
      variablesReference = firstPart + this.#parts.size;
      this.#parts.set(variablesReference, variable.parts);
    }
    return { name: variable.name, value: variable.value, variablesReference };
  }

  #frame(id: number, name: string, step: ReplayStep): StackFrame {
    const place = this.backend.place(step);
    const [line, column] = [this.convertDebuggerLineToClient(place.line), this.convertDebuggerColumnToClient(0)];
    return new StackFrame(id, name, new Source(place.name, place.uri), line, column);
  }

  #stepName(step: ReplayStep): string {
    const label = plainText(step.label, { maxLength: 80 });
    return step.status === 'ok' ? label : `${label} (${outcome(step.status, null, this.backend.t)})`;
  }

  #move(response: DebugProtocol.Response, landing: Landing | null): void {
    const { t } = this.backend;
    this.sendResponse(response);
    if (landing === null) {
      this.#say(t('End of the session.'));
      this.sendEvent(new TerminatedEvent());
      return;
    }
    if (landing.why === 'edge') {
      this.#say(
        landing.index === 0
          ? t('This is the first step; there is no failure before it.')
          : t('No failure from here on: this is the last step. Stepping on ends the replay.'),
      );
    } else if (landing.why === 'step' && this.#cursor.atEnd) {
      this.#say(t('This is the last step. Stepping on ends the replay.'));
    }
    this.#stop(landing.why === 'problem' ? 'exception' : 'step');
  }

  #stop(reason: 'entry' | 'step' | 'exception'): void {
    const step = this.#cursor.step;
    if (step === null) return;
    this.#parts = new Map();
    const event: DebugProtocol.StoppedEvent = new StoppedEvent(reason, threadId);
    event.body.allThreadsStopped = true;
    if (reason !== 'exception') {
      this.#announce(event, step);
      return;
    }
    event.body.description = this.backend.t('Paused on a call that failed or was denied');
    void this.#whatWentWrong(step).then((text) => {
      this.#exception = text;
      event.body.text = text;
      this.#announce(event, step);
    });
  }

  async #whatWentWrong(step: ReplayStep): Promise<string> {
    try {
      return outcome(step.status, (await this.#detailOf(step))?.span.statusMessage ?? null, this.backend.t);
    } catch (error) {
      return `${outcome(step.status, null, this.backend.t)} (${plainText(error instanceof Error ? error.message : String(error))})`;
    }
  }

  #announce(event: DebugProtocol.StoppedEvent, step: ReplayStep): void {
    this.sendEvent(event);
    this.backend.stoppedAt({ sourceId: this.#session.sourceId, spanId: step.spanId });
  }

  /** The console shows our own words only: it would make links of what stands in a trace. */
  #say(text: string): void {
    this.sendEvent(new OutputEvent(`${text}\n`, 'console'));
  }

  #refuse(response: DebugProtocol.Response, text: string): void {
    // The underscore tells the library that the text may stand in the message, too.
    this.sendErrorResponse(response, { id: errorId, format: '{_text}', variables: { _text: text }, showUser: true });
  }
}
