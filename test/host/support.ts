// What the suites in the editor share: the running extension, recordings to open, and waiting with a reason.
import * as assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { SandglassExports } from '../../client/src/extension';
import type { ReplayStep, SessionRef } from '../../server/src/protocol/messages';
import type { SessionInfo } from '../../server/src/protocol/document';

export const extensionId = 'sandglass.sandglass';

export async function sandglass(): Promise<SandglassExports> {
  const extension = vscode.extensions.getExtension<SandglassExports>(extensionId);
  assert.ok(extension, `${extensionId} is not installed`);
  return extension.activate();
}

/** A line in the report of the run, beside its tests. */
export function note(line: string): void {
  const log = process.env['SANDGLASS_HOST_LOG'];
  if (log) appendFileSync(log, `    · ${line}\n`);
}

/**
 * The first answer that is neither null, undefined nor false; polls, since the editor has no event for most of what it shows. What
 * the editor gave up itself, because the document changed meanwhile, is no answer yet.
 */
export async function until<T>(what: string, look: () => T | Promise<T>, limitMs = 50_000): Promise<NonNullable<T>> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await answered(look);
    if (found !== null && found !== undefined && found !== false) return found as NonNullable<T>;
    if (Date.now() > end) assert.fail(`${what}: not within ${limitMs} ms`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

async function answered<T>(look: () => T | Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Error && error.name === canceled) return null;
    throw error;
  }
}

/** As the editor names it, on either side of its processes. */
const canceled = new vscode.CancellationError().name;

export interface OpenRecording {
  readonly sourceId: string;
  /** The copy on disk that was opened. */
  readonly dir: string;
  readonly sessions: readonly SessionInfo[];
  /** By the last part of its key: `coding` for `agent:main:coding`. */
  session(name: string): SessionRef;
  /** Closes the source and removes the copy. */
  dispose(): Promise<void>;
}

/** Opens a private copy of a recording of test/fixtures that is kept as plain files. */
export async function openRecording(name: string): Promise<OpenRecording> {
  const { services } = await sandglass();
  const dir = mkdtempSync(join(tmpdir(), 'sandglass-recording-'));
  cpSync(join(projectRoot(), 'test/fixtures', name), dir, { recursive: true });
  const sourceId = await services.sources.open(dir);
  assert.ok(sourceId, `${name} could not be opened`);
  const sessions = await until(`${name} is read to its end`, async () => {
    const node = services.data.node(sourceId);
    if (node?.attach.kind === 'failed') assert.fail(`${name}: ${node.attach.reason}`);
    return node?.attach.kind === 'read' ? services.server.request('sessions', { sourceId }) : null;
  });
  return {
    sourceId,
    dir,
    sessions,
    session: (part) => {
      const found = sessions.find(({ key }) => key?.endsWith(`:${part}`));
      assert.ok(found, `no session ${part} among ${sessions.map(({ key }) => key).join(', ')}`);
      return { sourceId, sessionId: found.id };
    },
    dispose: async () => {
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await services.sources.detach(sourceId);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function projectRoot(): string {
  const root = process.env['SANDGLASS_PROJECT'];
  assert.ok(root, 'SANDGLASS_PROJECT is not set');
  return root;
}

/** The steps of a session, with the first that fails at a place in the code. */
export async function replaySteps(session: SessionRef): Promise<readonly ReplayStep[]> {
  const { services } = await sandglass();
  return services.server.request('replay', session);
}

export function lensTitles(lenses: readonly vscode.CodeLens[]): readonly string[] {
  return lenses.map(({ command }) => command?.title ?? '');
}

export async function codeLenses(uri: vscode.Uri): Promise<readonly vscode.CodeLens[]> {
  return (await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 100)) ?? [];
}

export async function hoverText(uri: vscode.Uri, line: number): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', uri, new vscode.Position(line, 0));
  return hovers.flatMap(({ contents }) => contents.map((content) => (typeof content === 'string' ? content : content.value))).join('\n');
}

type Problem = readonly [vscode.Uri, vscode.Diagnostic];

/** The problem, as soon as the editor has it: asked at each change, so that a busy machine only takes longer. */
export function problemThat(what: string, fits: (problem: Problem) => boolean, limitMs = 50_000): Promise<Problem> {
  return new Promise((done, failed) => {
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      listening.dispose();
      end();
    };
    const look = (): void => {
      const found = problems().find(fits);
      if (found !== undefined) settle(() => done(found));
    };
    const timer = setTimeout(() => {
      const there = problems().map(([uri, { message }]) => `${uri.toString()}: ${message}`);
      settle(() => failed(new Error(`${what}: not within ${limitMs} ms among\n${there.join('\n')}`)));
    }, limitMs);
    const listening = vscode.languages.onDidChangeDiagnostics(look);
    look();
  });
}

/** Every problem that Sandglass shows, with its file. */
export function problems(): readonly Problem[] {
  return vscode.languages
    .getDiagnostics()
    .flatMap(([uri, list]) => list.filter(({ source }) => source === 'Sandglass').map((diagnostic) => [uri, diagnostic] as const));
}
