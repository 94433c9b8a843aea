/** Waits until what is known of the sandboxes fits, or the time is over. */
import type { CancellationToken } from 'vscode';
import { ServerError } from '../connection/serverError';
import type { SandboxData } from '../views/sandboxData';

export function until(
  data: Pick<SandboxData, 'onDidChange'>,
  fits: () => boolean,
  limitMs: number,
  token?: CancellationToken,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      listening.dispose();
      cancelling?.dispose();
      end();
    };
    const look = (): void => {
      if (fits()) settle(resolve);
    };
    const timer = setTimeout(
      () => settle(() => reject(new ServerError('refused', `nothing came of it in ${Math.round(limitMs / 1000)} s`))),
      limitMs,
    );
    const listening = data.onDidChange(look);
    const cancelling = token?.onCancellationRequested(() => settle(() => reject(new ServerError('cancelled', 'cancelled'))));
    look();
  });
}
