/** Why tokens were not counted; never told as zero. */
export type TokenCountReason =
  /** More text than is counted at all. */
  | 'too-large'
  /** So many texts wait already. */
  | 'queue-full'
  /** The worker ended while it counted this text, or can't start. */
  | 'worker-failed'
  | 'closed';

export class TokenCountError extends Error {
  readonly reason: TokenCountReason;
  constructor(reason: TokenCountReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'TokenCountError';
    this.reason = reason;
  }
  static is(value: unknown, reason?: TokenCountReason): value is TokenCountError {
    return value instanceof TokenCountError && (reason === undefined || value.reason === reason);
  }
}
