/** Why the store can't be used. The caller falls back to one in memory and says so. */
export type StoreReason = 'locked' | 'lost-key' | 'newer-schema' | 'foreign' | 'unusable';

export class StoreError extends Error {
  readonly reason: StoreReason;
  constructor(reason: StoreReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'StoreError';
    this.reason = reason;
  }
  static is(value: unknown, reason?: StoreReason): value is StoreError {
    return value instanceof StoreError && (reason === undefined || value.reason === reason);
  }
}
