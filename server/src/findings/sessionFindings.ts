/** All detectors of one session. Follows its fold; a fold over everything begins with new ones. */
import type { ToolResultEntry } from '../model/events';
import type { CallDraft, Draft } from '../model/turns';
import type { Candidate, Detector, SessionName } from './detector';
import { ClaimedSuccess } from './claimedSuccess';
import { FailingTool } from './failingTool';
import { NoProgress } from './noProgress';
import { RepeatedCalls } from './repeatedCalls';
import { SecretExposed } from './secretExposed';
import { SecretThenRequest } from './secretThenRequest';

export class SessionFindings {
  readonly #detectors: readonly Detector[];
  #taken: number | null = null;

  constructor(name: SessionName) {
    this.#detectors = [
      new RepeatedCalls(name),
      new NoProgress(name),
      new FailingTool(name),
      new ClaimedSuccess(name),
      new SecretExposed(name),
      new SecretThenRequest(name),
    ];
  }

  made(draft: Draft): void {
    if (draft.kind !== 'chat' || draft.inherited) return;
    for (const detector of this.#detectors) detector.chat?.(draft);
  }

  answered(call: CallDraft, result: ToolResultEntry): void {
    if (call.inherited) return;
    for (const detector of this.#detectors) detector.answered?.(call, result);
  }

  get candidates(): readonly Candidate[] {
    return this.#detectors.flatMap(({ streaks }) => streaks.candidates);
  }

  /** What there is now; null: the same as the last time this was asked. */
  take(): readonly Candidate[] | null {
    const revision = this.#detectors.reduce((sum, detector) => sum + detector.streaks.revision, 0);
    if (revision === this.#taken) return null;
    this.#taken = revision;
    return this.candidates;
  }
}
