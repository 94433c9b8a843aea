/** What the editor asks about what stands in prompts: inlay hints, a code action, the calls that carried it. Lenses come with the others. */
import type { CodeAction, CodeActionParams, CodeLens, Connection } from 'vscode-languageserver';
import { definingFile } from './locate/defined/findDefinitions';
import { contextActions, contextHints, contextLenses } from './editor/inlayHints';
import { carriersAtRequest } from './protocol/contextCost';
import type { ContextCost } from './query/contextCost';
import { findSpan } from './query/detail';
import { callAt } from './query/pages';
import { signalOf } from './signalOf';
import type { Live } from './requests';

export function registerContextRequests(connection: Connection, need: () => Live): void {
  connection.languages.inlayHint.on(async ({ textDocument: { uri }, range }, token) => {
    const live = need();
    live.context.asked();
    return [...contextHints(uri, await costsOf(live, uri, signalOf(token)), range)];
  });
  connection.onRequest(carriersAtRequest, async ({ uri, line }, token) => {
    const { context, opened } = need();
    return (await context.costs.carriers(uri, line, signalOf(token))).flatMap(({ source, view, spanId }) => {
      const found = findSpan(opened.store, source.row, spanId);
      return found === null ? [] : [callAt(source.id, view.info, found.span)];
    });
  });
}

export async function lensesOfContext(live: Live, uri: string, signal: AbortSignal): Promise<readonly CodeLens[]> {
  return contextLenses(uri, await costsOf(live, uri, signal));
}

export async function actionsOfContext(live: Live, params: CodeActionParams, signal: AbortSignal): Promise<readonly CodeAction[]> {
  const { context, textDocument, range } = params;
  // It mends nothing: where fixes are asked for it has no place.
  if (context.only !== undefined && !context.only.includes('')) return [];
  return contextActions(textDocument.uri, await costsOf(live, textDocument.uri, signal), range);
}

async function costsOf({ hub, context }: Live, uri: string, signal: AbortSignal): Promise<readonly ContextCost[]> {
  if (hub.settings.contextCost === false || definingFile(uri) === null) return [];
  return context.costs.inFile(uri, signal);
}
