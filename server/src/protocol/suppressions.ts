/** PUBLIC: what the editor and the server say to each other about settling a finding in `.sandglass/suppressions.yaml`. */
import { RequestType } from 'vscode-languageserver-protocol';
import type { RuleTextEdit } from './rules';

/** A finding of a session, by its code and the first span of its evidence; null: it has none. */
export interface FindingRef {
  readonly sourceId: string;
  readonly sessionId: string;
  readonly code: string;
  readonly evidence: string | null;
}

/** The command that asks for the reason, shows the change and writes it: `{ command: suppressFindingCommand, arguments: [FindingRef] }`. */
export const suppressFindingCommand = 'sandglass.suppressFinding';

export type NoSuppression =
  | 'untrusted'
  /** It is always a problem. */
  | 'never'
  | 'reason-missing'
  | 'reason-long'
  /** The file would not lie in a folder of the workspace. */
  | 'no-folder'
  /** The file or its folder is a symbolic link, which is not followed. */
  | 'link'
  | 'not-yaml'
  /** The file is written in a way that an entry can't simply be added to. */
  | 'style'
  /** It would hold more than is read of it. */
  | 'too-large'
  /** An entry settles it already. */
  | 'already'
  | 'gone';

export type SuppressAnswer =
  { readonly kind: 'change'; readonly edits: readonly RuleTextEdit[] } | { readonly kind: 'none'; readonly why: NoSuppression };

export interface SuppressParams extends FindingRef {
  readonly reason: string;
  /** A folder of the workspace. */
  readonly folder: string;
  /** Of its file, as the editor has it; empty: there is none. */
  readonly text: string;
}

/** The entry that settles this finding and no other, as a change of the file. */
export const suppressRequest = new RequestType<SuppressParams, SuppressAnswer, void>('sandglass/suppress');
