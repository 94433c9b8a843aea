/** Why the server gave no answer. `hint` says what to do next, where the server knows. Both may hold untrusted text. */
export type ServerErrorReason =
  /** There is no server, and none will come by itself. */
  | 'unavailable'
  | 'cancelled'
  /** The server went away over this request. */
  | 'lost'
  /** The server answered with a reason. */
  | 'refused';

export class ServerError extends Error {
  readonly reason: ServerErrorReason;
  /** The server's own word for it (`no-docker`, `secret`, `not-found` …), where it gave one. */
  readonly code: string | null;
  readonly hint: string | null;

  constructor(
    reason: ServerErrorReason,
    message: string,
    details: { readonly code?: string | null; readonly hint?: string | null; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.name = 'ServerError';
    this.reason = reason;
    this.code = details.code ?? null;
    this.hint = details.hint ?? null;
  }

  static is(value: unknown, reason?: ServerErrorReason): value is ServerError {
    return value instanceof ServerError && (reason === undefined || value.reason === reason);
  }
}

/** Codes of JSON-RPC and LSP that stand for "no connection" and "cancelled". */
const lostCodes = new Set([-32096, -32097, -32098, -32099, -32002]);
const cancelledCodes = new Set([-32800, -32802]);

/** What a failed request of the language client means. */
export function asServerError(error: unknown): ServerError {
  if (ServerError.is(error)) return error;
  // The JSON-RPC library says which request it was; the user asked in other words.
  const message = (error instanceof Error ? error.message : String(error)).replace(/^Request \S+ failed with message: /, '');
  const code = field(error, 'code');
  if (typeof code === 'number' && cancelledCodes.has(code)) return new ServerError('cancelled', message, { cause: error });
  if (typeof code === 'number' && lostCodes.has(code)) return new ServerError('lost', message, { cause: error });
  // ConnectionError of the JSON-RPC library (closed, disposed) has small codes and no data.
  if (error instanceof Error && error.name !== 'ResponseError' && /connection|disposed|closed/i.test(message))
    return new ServerError('lost', message, { cause: error });
  const data = field(error, 'data');
  const reason = field(data, 'reason');
  const hint = field(data, 'hint');
  return new ServerError('refused', message, {
    code: typeof reason === 'string' ? reason : null,
    hint: typeof hint === 'string' && hint !== '' ? hint : null,
    cause: error,
  });
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
