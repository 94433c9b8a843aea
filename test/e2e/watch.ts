// What must never happen while a trace is on show, watched from outside of the page: a request that leaves this machine, a
// dialog, an error notification.
import type { Page } from 'playwright-core';

export interface Watch {
  /** Addresses asked for that are not the editor's own server. */
  readonly outside: readonly string[];
  readonly dialogs: readonly string[];
}

export function watch(page: Page, editorUrl: string): Watch {
  const own = new URL(editorUrl).origin;
  // The editor's address for the extension's own files: answered by its service worker, never by a network.
  const webviewFile = /^https:\/\/[^/]+\.vscode-resource\.vscode-cdn\.net\/[^?#]*\/sandglass\.sandglass-[\d.]+\/dist\/webviews\/[\w.-]+$/;
  const outside: string[] = [];
  const dialogs: string[] = [];
  page.context().on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${own}/`) && !/^(data|blob):/.test(url) && !webviewFile.test(url)) outside.push(url);
  });
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  return { outside, dialogs };
}
