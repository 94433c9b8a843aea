/** From the last problem of a file, which counts those that are not listed, to their calls. */
import type { CodeAction, CodeActionParams } from 'vscode-languageserver-protocol';
import { CodeActionKind } from 'vscode-languageserver-protocol';
import type { CallAt, ShowCallsArguments, SpanRef } from '../protocol/messages';
import { showCallsCommand } from '../protocol/messages';
import { callsOfProblem } from './placed';

export function moreActions(
  { context, textDocument: { uri } }: Pick<CodeActionParams, 'context' | 'textDocument'>,
  callsOf: (refs: readonly SpanRef[]) => readonly CallAt[],
): CodeAction[] {
  if (context.only !== undefined && !context.only.some((kind) => kind === '' || kind === CodeActionKind.QuickFix)) return [];
  return context.diagnostics.flatMap((diagnostic) => {
    const { source, code, data } = diagnostic;
    const calls = source === 'Sandglass' && code === 'more-calls' ? callsOf(refsOf(data)) : [];
    if (calls.length === 0) return [];
    const title = calls.length === 1 ? 'Show the call that is not listed' : `Show the ${calls.length} calls that are not listed`;
    const argument: ShowCallsArguments = { uri, line: diagnostic.range.start.line, calls };
    return [
      {
        title,
        kind: CodeActionKind.QuickFix,
        diagnostics: [diagnostic],
        command: { title, command: showCallsCommand, arguments: [argument] },
      },
    ];
  });
}

/** What comes back with a diagnostic went through the editor, and is looked at as such. */
function refsOf(data: unknown): readonly SpanRef[] {
  const { calls } = (data ?? {}) as { readonly calls?: unknown };
  if (!Array.isArray(calls)) return [];
  return calls.slice(0, callsOfProblem).flatMap((call: unknown) => {
    const { sourceId, spanId } = (call ?? {}) as Readonly<Record<string, unknown>>;
    return typeof sourceId === 'string' && typeof spanId === 'string' ? [{ sourceId, spanId }] : [];
  });
}
