/** The editor's way to give a question up, as ours. */
import type { CancellationToken } from 'vscode-languageserver';

export function signalOf(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}
