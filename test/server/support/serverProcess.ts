/** The built server as a child process, spoken to over the wire as the editor does. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  createProtocolConnection,
  InitializedNotification,
  InitializeRequest,
  PublishDiagnosticsNotification,
  ShutdownRequest,
  ExitNotification,
  CodeLensRefreshRequest,
} from 'vscode-languageserver-protocol/node';
import type { ClientCapabilities, Diagnostic, ProtocolConnection } from 'vscode-languageserver-protocol/node';
import { changedNotification } from '../../../server/src/protocol/messages';
import type { Changed, InitializeOptions } from '../../../server/src/protocol/messages';

export const root = join(import.meta.dirname, '../../..');
const server = process.env['SANDGLASS_TEST_SERVER'] ?? join(root, 'dist/server.js');

export interface ServerOptions {
  readonly folders?: readonly string[];
  readonly options?: Partial<InitializeOptions>;
  readonly env?: NodeJS.ProcessEnv;
  readonly capabilities?: ClientCapabilities;
}

export class ServerProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly connection: ProtocolConnection;
  readonly diagnostics = new Map<string, readonly Diagnostic[]>();
  readonly changes: Changed[] = [];
  lensRefreshes = 0;
  stderr = '';

  private constructor(child: ChildProcess) {
    this.child = child;
    if (child.stdout === null || child.stdin === null) throw new Error('the server has no pipes');
    this.connection = createProtocolConnection(child.stdout, child.stdin);
    child.stderr?.on('data', (data: Buffer) => (this.stderr += data.toString()));
    this.connection.onNotification(
      PublishDiagnosticsNotification.type,
      ({ uri, diagnostics }) => void this.diagnostics.set(uri, diagnostics),
    );
    this.connection.onNotification(changedNotification, (changed) => void this.changes.push(changed));
    this.connection.onRequest(CodeLensRefreshRequest.type, () => void this.lensRefreshes++);
    this.connection.listen();
  }

  static async start({ folders = [], options = {}, env = {}, capabilities = {} }: ServerOptions = {}): Promise<ServerProcess> {
    if (!existsSync(server)) throw new Error('dist/server.js is missing: run "npm run build" first');
    const child = spawn(process.execPath, [server, '--stdio'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, HOME: '/nonexistent', ...env },
    });
    const made = new ServerProcess(child);
    const initializationOptions: InitializeOptions = {
      storageDir: null,
      storeKey: null,
      extensionDir: root,
      trusted: false,
      settings: { pathMappings: [], directories: [], dockerHost: '', autoAttach: false },
      ...options,
    };
    await made.connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: null,
      capabilities,
      workspaceFolders: folders.map((folder) => ({ uri: pathToFileURL(folder).href, name: folder })),
      initializationOptions,
    });
    await made.connection.sendNotification(InitializedNotification.type, {});
    return made;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
    this.connection.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.alive) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    await this.connection.sendRequest(ShutdownRequest.type);
    await this.connection.sendNotification(ExitNotification.type);
    await gone;
    this.connection.dispose();
  }
}

/** Asks until the answer is there; says what it waited for when it is not. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  ms = 45_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
