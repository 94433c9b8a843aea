/** A policy file as it is written: every part with the place it stands at. Unknown parts are left out, not refused. */

/** As LSP's: zero-based line and UTF-16 character. */
export interface TextPosition {
  readonly line: number;
  readonly character: number;
}
export interface TextRange {
  readonly start: TextPosition;
  readonly end: TextPosition;
}

export interface Ranged<T> {
  readonly value: T;
  readonly range: TextRange;
}

export interface PolicyMethodRule {
  readonly range: TextRange;
  /** null: none is named, as in rules of protocols whose requests are no method and path. */
  readonly method: string | null;
  /** null: none is named. */
  readonly path: string | null;
  /** It says more than method and path: a query, an operation, a tool. */
  readonly more: boolean;
}

export interface PolicyEndpoint {
  readonly range: TextRange;
  readonly host: Ranged<string> | null;
  readonly ports: readonly Ranged<number>[];
  readonly path: Ranged<string> | null;
  readonly protocol: Ranged<string> | null;
  readonly enforcement: Ranged<string> | null;
  readonly access: Ranged<string> | null;
  /** Of the key `rules`; null: there is none. */
  readonly rulesKey: TextRange | null;
  readonly rules: readonly PolicyMethodRule[];
  readonly denyKey: TextRange | null;
  readonly denyRules: readonly PolicyMethodRule[];
  readonly allowedIps: Ranged<readonly string[]> | null;
}

export interface PolicyRule {
  /** The map key: what the supervisor's log calls `policy:`. */
  readonly key: Ranged<string>;
  readonly endpointsKey: TextRange | null;
  readonly endpoints: readonly PolicyEndpoint[];
  readonly binariesKey: TextRange | null;
  readonly binaries: readonly Ranged<string>[];
}

export interface PolicyDocument {
  /** Of the key `network_policies`; null: the file has none. */
  readonly networkKey: TextRange | null;
  readonly rules: readonly PolicyRule[];
}

/** Why a file is none that rules can be found in. */
export type NoPolicyReason = 'too-large' | 'too-deep' | 'too-many-aliases' | 'not-yaml' | 'no-policy';

export class PolicyFileError extends Error {
  readonly reason: NoPolicyReason;
  constructor(reason: NoPolicyReason, message: string) {
    super(message);
    this.name = 'PolicyFileError';
    this.reason = reason;
  }
  static is(error: unknown): error is PolicyFileError {
    return error instanceof PolicyFileError;
  }
}
