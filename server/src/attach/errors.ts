/** Why a source could not be read. `hint` says what to do next; both are for people and hold nothing secret. */
export type AttachReason =
  | 'no-such-path'
  | 'nothing-recorded'
  | 'unreadable'
  | 'no-docker'
  | 'docker-refused'
  | 'container-stopped'
  | 'no-runtime'
  /** The engine will not start a program in the container. */
  | 'exec-refused'
  | 'reader-failed'
  | 'lost';

export class AttachError extends Error {
  readonly reason: AttachReason;
  readonly hint: string;
  constructor(reason: AttachReason, message: string, hint: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'AttachError';
    this.reason = reason;
    this.hint = hint;
  }
  static is(value: unknown, reason?: AttachReason): value is AttachError {
    return value instanceof AttachError && (reason === undefined || value.reason === reason);
  }
}

export type SandboxFileReason = 'secret' | 'not-found' | 'not-a-file' | 'too-large' | 'unreadable';

/** Why a file of a sandbox is not shown. */
export class SandboxFileError extends Error {
  readonly reason: SandboxFileReason;
  constructor(reason: SandboxFileReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'SandboxFileError';
    this.reason = reason;
  }
  static is(value: unknown, reason?: SandboxFileReason): value is SandboxFileError {
    return value instanceof SandboxFileError && (reason === undefined || value.reason === reason);
  }
}
