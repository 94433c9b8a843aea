// Replay through the real debug service: what the toolbar sends, and what the editor shows at each stop.
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { openRecording, replaySteps, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

interface Frames {
  readonly stackFrames: readonly {
    readonly id: number;
    readonly name: string;
    readonly line: number;
    readonly source?: { readonly path?: string };
  }[];
}
interface Variables {
  readonly variables: readonly { readonly name: string; readonly value: string }[];
}
interface Scopes {
  readonly scopes: readonly { readonly name: string; readonly variablesReference: number }[];
}

describe('replay', () => {
  let recording: OpenRecording;

  before(async () => {
    recording = await openRecording('openclaw-2026.7.1');
  });
  after(async () => {
    await vscode.debug.stopDebugging();
    await recording.dispose();
  });

  it('steps forth and back, goes on to the next failure, and the editor follows', async () => {
    const coding = recording.session('coding');
    const steps = await replaySteps(coding);
    await vscode.commands.executeCommand('sandglass.replaySession', coding);
    const session = await until('a debug session', () => vscode.debug.activeDebugSession);
    assert.equal(session.type, 'sandglass-replay');
    let stopped: vscode.DebugStackFrame | null = null;
    const at = async (what: string, fits: (name: string) => boolean): Promise<Frames['stackFrames'][number]> =>
      until(what, async () => {
        const { stackFrames } = (await session.customRequest('stackTrace', { threadId: 1 })) as Frames;
        const [top] = stackFrames;
        // The editor too must have come to a stop there: until then it does nothing on the commands of its toolbar.
        const here = vscode.debug.activeStackItem;
        if (!top || !fits(top.name) || !(here instanceof vscode.DebugStackFrame) || here === stopped) return null;
        stopped = here;
        return top;
      });

    const first = await at('the first step', () => true);
    await vscode.commands.executeCommand('workbench.action.debug.stepOver');
    const second = await at('the second step', (name) => name !== first.name);
    await vscode.commands.executeCommand('workbench.action.debug.stepBack');
    await at('the first step again', (name) => name === first.name);
    assert.notEqual(second.name, first.name);

    await vscode.commands.executeCommand('workbench.action.debug.continue');
    const failure = await at('the failure', (name) => /failed/.test(name));
    const failing = steps.find(({ status }) => status === 'error');
    assert.ok(failing?.anchor);
    const editor = await until('the editor at the failure', () =>
      vscode.window.visibleTextEditors.find(
        ({ document }) => document.uri.toString() === vscode.Uri.parse(failing.anchor?.uri ?? '').toString(),
      ),
    );
    assert.equal(failure.line, failing.anchor.startLine + 1);
    assert.equal(editor.document.uri.scheme, 'sandglass-file');

    const { scopes } = (await session.customRequest('scopes', { frameId: failure.id })) as Scopes;
    const values = await Promise.all(
      scopes.map(async ({ variablesReference }) => (await session.customRequest('variables', { variablesReference })) as Variables),
    );
    const shown = new Map(values.flatMap(({ variables }) => variables.map(({ name, value }) => [name, value] as const)));
    assert.match(shown.get('outcome') ?? '', /^failed/);
    assert.match(shown.get('arguments') ?? '', /unittest/);
    assert.equal(shown.get('failed'), '1');
    assert.match(shown.get('cost') ?? '', /^<?\$0\.0/);
  });

  it('starts right after the server began anew, before its sources are open again', async () => {
    await vscode.debug.stopDebugging();
    await until('no debug session', () => vscode.debug.activeDebugSession === undefined);
    const { services } = await sandglass();
    // Not awaited: it is asked for the steps as soon as the new server runs.
    const restarted = services.server.restart();
    assert.equal(await services.replay.start(recording.session('coding')), true);
    await restarted;
    const session = await until('a debug session', () => vscode.debug.activeDebugSession);
    await until('its first step', async () => {
      const { stackFrames } = (await session.customRequest('stackTrace', { threadId: 1 })) as Frames;
      return stackFrames.length > 0;
    });
  });

  it('ends with the session', async () => {
    const session = vscode.debug.activeDebugSession;
    assert.ok(session);
    const ended = new Promise<void>((done) => {
      const listening = vscode.debug.onDidTerminateDebugSession(() => {
        listening.dispose();
        done();
      });
    });
    await vscode.debug.stopDebugging(session);
    await ended;
    await until('no debug session', () => vscode.debug.activeDebugSession === undefined);
  });
});
