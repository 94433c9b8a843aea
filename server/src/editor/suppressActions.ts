/** The quick fix of a finding that is a problem: settle it, with a reason. */
import type { CodeAction, CodeActionParams } from 'vscode-languageserver-protocol';
import { CodeActionKind } from 'vscode-languageserver-protocol';
import { findingCodes } from '../protocol/problems';
import { suppressFindingCommand } from '../protocol/suppressions';
import type { FindingRef } from '../protocol/suppressions';

export function suppressActions({ context }: Pick<CodeActionParams, 'context'>, trusted: boolean): CodeAction[] {
  if (!trusted) return [];
  if (context.only !== undefined && !context.only.some((kind) => kind === '' || kind === CodeActionKind.QuickFix)) return [];
  return context.diagnostics.flatMap((diagnostic) => {
    const ref = diagnostic.source === 'Sandglass' ? refOf(diagnostic.code, diagnostic.data) : null;
    if (ref === null) return [];
    const title = 'Suppress with a Reason…';
    return [
      {
        title,
        kind: CodeActionKind.QuickFix,
        diagnostics: [diagnostic],
        command: { title, command: suppressFindingCommand, arguments: [ref] },
      },
    ];
  });
}

/** What comes back with a diagnostic went through the editor, and is looked at as such. */
function refOf(code: unknown, data: unknown): FindingRef | null {
  if (!(findingCodes as readonly unknown[]).includes(code) || typeof data !== 'object' || data === null) return null;
  const { sourceId, sessionId, evidence } = data as Readonly<Record<string, unknown>>;
  if (typeof sourceId !== 'string' || typeof sessionId !== 'string' || (evidence !== null && typeof evidence !== 'string')) return null;
  return { sourceId, sessionId, code: String(code), evidence };
}
