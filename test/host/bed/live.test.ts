// A real sandbox in which a real OpenClaw works while the editor is attached to it; no copy of its workspace is on the
// host. Everything is looked for where a user sees it, through the editor's API. Started by test/bed/window.test.ts.
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as vscode from 'vscode';
import type { SessionInfo, Span } from '../../../server/src/protocol/document';
import { codeLenses, lensTitles, note, problems, sandglass, until } from '../support';

/** A target that is printed, not asserted: the machine decides. */
const targetMs = 1_000;

function needed(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: run \`npm run test:bed\``);
  return value;
}

describe('a live sandbox', () => {
  let sourceId: string;
  let coding: SessionInfo;
  const firstSeen = new Map<string, number>();

  before(async () => {
    const { services } = await sandglass();
    const name = needed('SANDGLASS_BED_SANDBOX');
    const found = await until(
      'the sandbox is found',
      async () => (await services.data.load(true)).sandboxes.find((node) => node.name === name),
      60_000,
    );
    sourceId = found.id;
  });

  it('is attached by its command, and is live', async () => {
    const { services } = await sandglass();
    await vscode.commands.executeCommand('sandglass.attach', { sourceId });
    await until('it is live', () => services.data.node(sourceId)?.attach.kind === 'live', 60_000);
  });

  it('shows what the agent does by itself: tree, problem, lens, cost', async function () {
    this.timeout(300_000);
    const { services, statusText } = await sandglass();
    const see = (what: string, there: boolean): void => {
      if (there && !firstSeen.has(what)) firstSeen.set(what, Date.now());
    };
    const watching = vscode.languages.onDidChangeDiagnostics(() =>
      see(
        'problem',
        problems().some(([, { message }]) => /^exec failed with exit code 1 .*unittest/.test(message)),
      ),
    );
    const [command, ...args] = JSON.parse(needed('SANDGLASS_BED_RUN')) as [string, ...string[]];
    const turn = spawn(command, args, { stdio: 'ignore' });
    const ended = new Promise<number | null>((done) => turn.once('exit', done));

    const rows = await until(
      'the session is in the view',
      () => {
        const known = services.data.sessions.get(sourceId);
        return known?.kind === 'loaded' ? known.sessions.find(({ key }) => key?.endsWith(':coding')) : null;
      },
      60_000,
    );
    coding = rows;
    see('tree', true);
    const edit = await until(
      'the edit',
      async () => {
        const steps = await services.server.request('replay', { sourceId, sessionId: coding.id });
        return steps.find(({ anchor }) => anchor?.how === 'edit-text');
      },
      60_000,
    );
    assert.ok(edit.anchor);
    const uri = vscode.Uri.parse(edit.anchor.uri);
    assert.equal(uri.scheme, 'sandglass-file');
    await vscode.workspace.openTextDocument(uri);
    await until('the lens', async () => lensTitles(await codeLenses(uri)).some((title) => /^edit ok/.test(title)), 60_000);
    see('lens', true);
    await until('the problem', () => firstSeen.has('problem'), 60_000);
    services.status.follow({ sourceId, sessionId: coding.id });
    await until('the cost', () => /\$0\.0/.test(statusText() ?? ''), 60_000);
    assert.equal(await ended, 0);
    watching.dispose();
  });

  it('saw each within a short time of its being written', async () => {
    const { services } = await sandglass();
    const page = await services.server.request('trace', { sourceId, sessionId: coding.id, offset: 0, limit: 500 });
    const end = (fits: (span: Span) => boolean): number => {
      const time = page.rows.find(({ span }) => span.kind === 'execute_tool' && fits(span))?.span.endTime;
      assert.ok(time, 'the call has no end');
      return Date.parse(time);
    };
    const late = {
      problem: (firstSeen.get('problem') ?? Infinity) - end(({ status }) => status === 'error'),
      lens: (firstSeen.get('lens') ?? Infinity) - end(({ name }) => /edit/.test(name)),
    };
    note(
      `seen through the editor's API after its record was written: problem ${late.problem} ms, lens ${late.lens} ms (aim: at most ${targetMs} ms)`,
    );
    assert.ok(Number.isFinite(late.problem) && Number.isFinite(late.lens));
  });

  it('shows the denial beside its call and the children beneath their parent', async () => {
    const { services } = await sandglass();
    await until('the denials', () => problems().some(([, { code }]) => typeof code === 'object' && code.value === 'denied-call'), 60_000);
    const children = await until(
      'the children',
      () => {
        const known = services.data.sessions.get(sourceId);
        const found = known?.kind === 'loaded' ? known.sessions.filter(({ parentSessionId }) => parentSessionId !== null) : [];
        return found.length === 2 ? found : null;
      },
      60_000,
    );
    const known = services.data.sessions.get(sourceId);
    assert.ok(known?.kind === 'loaded');
    const team = known.sessions.find(({ key }) => key?.endsWith(':team'));
    assert.ok(team && children.every(({ parentSessionId }) => parentSessionId === team.id));
  });

  it('is left by its command', async () => {
    const { services } = await sandglass();
    await vscode.commands.executeCommand('sandglass.detach', { sourceId });
    await until('it is idle', () => services.data.node(sourceId)?.attach.kind === 'idle');
  });
});
