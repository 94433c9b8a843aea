/** Why an agent's database was not read this time. */
export class StoreError extends Error {
  /** A later look may help. */
  readonly passing: boolean;
  /** The file itself may be fine, but not from where we stand. */
  readonly unusable: boolean;
  constructor(message: string, options: { readonly passing?: boolean; readonly unusable?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'StoreError';
    this.passing = options.passing ?? false;
    this.unusable = options.unusable ?? false;
  }
  static is(value: unknown): value is StoreError {
    return value instanceof StoreError;
  }
}
