/** PUBLIC: from a call to where its tool comes from. Types and method names only. */
import { RequestType } from 'vscode-languageserver-protocol';
import type { CallAt, SpanRef } from './messages';

/** The command above a call's document: `{ command: goToToolDefinitionCommand, arguments: [SpanRef] }`. */
export const goToToolDefinitionCommand = 'sandglass.goToToolDefinition';

export type DefinedKind = 'plugin-tool' | 'manifest-tool' | 'mcp-server' | 'skill' | 'prompt-file';

export interface DefinedAt {
  readonly kind: DefinedKind;
  /** Untrusted, one line. */
  readonly name: string;
  /** `file:`, within a folder of the workspace. */
  readonly uri: string;
  /** Zero-based, as LSP's. */
  readonly range: {
    readonly start: { readonly line: number; readonly character: number };
    readonly end: { readonly line: number; readonly character: number };
  };
}

export interface ToolDefinition {
  /** Untrusted, one line. */
  readonly tool: string;
  /** Best first. */
  readonly places: readonly DefinedAt[];
  /** It comes with OpenClaw. */
  readonly builtIn: boolean;
  /** `reason`: why not all of a place was looked at, else null. */
  readonly looked: readonly { readonly place: string; readonly files: number; readonly reason: string | null }[];
}

/** null: what was asked of is no call of a tool, or not known any more. */
export const toolDefinitionRequest = new RequestType<SpanRef, ToolDefinition | null, void>('sandglass/toolDefinition');

/** The command of a lens at a definition: `{ command: showUsesCommand, arguments: [UsesAt] }`. */
export const showUsesCommand = 'sandglass.showUses';

/** A place in a definition's name, zero-based. */
export interface UsesAt {
  readonly uri: string;
  readonly line: number;
  readonly character: number;
}

/** Calls of what is defined there, newest first; at most 50. */
export const usesAtRequest = new RequestType<UsesAt, readonly CallAt[], void>('sandglass/usesAt');
