/**
 * PUBLIC: what the editor and the server say to each other about policy files: the change that a denial asks for, and what a
 * policy would have said of everything that was recorded. Text that came out of a sandbox is untrusted.
 */
import { RequestType } from 'vscode-languageserver-protocol';

/** A denial (an event of a supervisor), and the policy file that it belongs to. */
export interface RuleRef {
  readonly sourceId: string;
  readonly policyId: string;
  readonly uri: string;
}

/** The command of a quick fix: `{ command: previewRuleCommand, arguments: [RuleRef] }`. It shows a change and asks. */
export const previewRuleCommand = 'sandglass.previewRule';
/** The command that lists what a policy file would have allowed: `{ command: backTestCommand, arguments: [{ uri }] }`. */
export const backTestCommand = 'sandglass.backTest';

/** Where a request is from; `toldBy` is null where nobody told method and path. */
export interface AskedRequest {
  readonly host: string;
  readonly port: number;
  readonly binary: string | null;
  readonly method: string | null;
  readonly path: string | null;
}

export type NoRuleChange =
  /** A guard of the supervisor stopped it; rules have no say. */
  | 'guard'
  /** A deny rule stopped it, which somebody wrote for that. */
  | 'deny-rule'
  | 'private'
  | 'program-unknown'
  | 'request-unknown'
  /** What was asked for would be read as a wildcard, or can't be written down safely. */
  | 'unsafe-text'
  /** Its path may hold a secret, and policies are committed. */
  | 'secret'
  /** This file would let it through already; another one is in force. */
  | 'allowed-already'
  /** The policy in force lets it through by now. */
  | 'allowed-now'
  /** The file is written in a way that a line can't simply be added to. */
  | 'style'
  /** The file is the one that a sandbox runs with. */
  | 'in-force'
  | 'not-a-policy'
  | 'gone';

export interface RuleTextEdit {
  readonly range: {
    readonly start: { readonly line: number; readonly character: number };
    readonly end: { readonly line: number; readonly character: number };
  };
  readonly newText: string;
}

/** What a person can do with a change of what is no file. */
export interface ChangeToCopy {
  /** The lines that the change adds. */
  readonly lines: string;
  /** A policy file of the user's own with the change, without what only a gateway can say. */
  readonly file: string;
}

export type RuleChangeAnswer =
  | {
      readonly kind: 'change';
      readonly edits: readonly RuleTextEdit[];
      readonly rule: string;
      readonly added: 'rule' | 'method-rule' | 'binary';
      readonly allows: AskedRequest;
      readonly toldBy: 'supervisor' | 'command' | null;
      readonly sandbox: string;
      /** The policy is the one in force, which is no file; left out: it is the user's file. */
      readonly toCopy?: ChangeToCopy;
    }
  | { readonly kind: 'none'; readonly why: NoRuleChange };

/** The narrowest change of the file, whose text as the editor has it is `text`, that would have let the request through. */
export const ruleChangeRequest = new RequestType<RuleRef & { readonly text: string }, RuleChangeAnswer, void>('sandglass/ruleChange');

/**
 * The policy in force of a sandbox, as its gateway tells it, by the address that diagnostics lead to:
 * `sandglass-policy://<source id>/<name>.yaml`. null: nothing is known of it.
 */
export const policyTextRequest = new RequestType<{ readonly uri: string }, { readonly text: string } | null, void>('sandglass/policyText');

export interface BackTestedRequest {
  readonly sourceId: string;
  readonly sandbox: string;
  readonly policyId: string;
  readonly time: string;
  readonly request: AskedRequest;
  /** The rule that would have let it through; null: none would. */
  readonly rule: string | null;
  /** It would have gone through only because the endpoint audits and does not enforce. */
  readonly audited: boolean;
  /** The policy as it was before the change says otherwise. */
  readonly byChange: boolean;
  /** The call that asked for it; null: none is known. */
  readonly callId: string | null;
  /** Calls that may have asked for it. */
  readonly candidates: readonly string[];
}

export type BackTestUnknown = 'program' | 'request' | 'protocol' | 'address';

export interface BackTestAnswer {
  readonly kind: 'tested';
  readonly days: number;
  readonly considered: number;
  /** Older ones of these days were left out. */
  readonly truncated: boolean;
  /** Newest first; at most 500 of each are listed. */
  readonly wouldAllow: readonly BackTestedRequest[];
  readonly wouldAllowCount: number;
  readonly wouldDeny: readonly BackTestedRequest[];
  readonly wouldDenyCount: number;
  readonly guarded: number;
  readonly unknown: Readonly<Partial<Record<BackTestUnknown, number>>>;
}

/** `text` is judged by the record of all open sources; `before`: the policy as it was, to tell what the change does. */
export const backTestRequest = new RequestType<
  { readonly text: string; readonly before: string | null },
  BackTestAnswer | { readonly kind: 'none'; readonly why: NoRuleChange },
  void
>('sandglass/backTest');
