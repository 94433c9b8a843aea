/** Why a sandbox was not acted on. Message and hint are for people and hold nothing secret. */
export type ActionReason = 'untrusted' | 'no-container' | 'wrong-state' | 'busy' | 'engine';

export class ActionError extends Error {
  readonly reason: ActionReason;
  readonly hint: string;
  constructor(reason: ActionReason, message: string, hint: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'ActionError';
    this.reason = reason;
    this.hint = hint;
  }
  static is(value: unknown, reason?: ActionReason): value is ActionError {
    return value instanceof ActionError && (reason === undefined || value.reason === reason);
  }
}
