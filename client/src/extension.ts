/**
 * Where the editor starts and ends us. Activation only registers: the server starts when the view is shown, a command runs,
 * or a document or trace of a sandbox comes back.
 */
import { loadStart } from './started';
import type * as vscode from 'vscode';
import type { ServerState } from './connection/serverHost';
import { createServices } from './services';
import type { Services } from './services';

/** For tests and for whoever measures; no API that is kept stable. */
export interface SandglassExports {
  /** Time that evaluating the bundle took, and `activate` after it. */
  readonly loadMs: number;
  readonly activationMs: number;
  serverState(): ServerState;
  /** Text of the status bar item; null while hidden. */
  statusText(): string | null;
  readonly services: Services;
}

const loadMs = performance.now() - loadStart;
let services: Services | undefined;

export function activate(context: vscode.ExtensionContext): SandglassExports {
  const start = performance.now();
  const created = createServices(context);
  services = created;
  return {
    loadMs,
    activationMs: performance.now() - start,
    serverState: () => created.server.state,
    statusText: () => created.status.text,
    services: created,
  };
}

export async function deactivate(): Promise<void> {
  await services?.dispose();
  services = undefined;
}
