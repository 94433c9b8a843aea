// The server attached to a real sandbox while its agent works, spoken to as the editor does. No copy of the workspace is on
// the host: everything that is shown lies in the sandbox's own files.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodeLensRequest } from 'vscode-languageserver-protocol/node';
import type { SessionInfo, TraceDocument } from '../../server/src/protocol/document';
import * as messages from '../../server/src/protocol/messages';
import { runCli } from '../server/support/cli';
import { ServerProcess, until } from '../server/support/serverProcess';
import { bed, BedSandbox, docker, VERSIONS } from './bed';

const state = await bed(VERSIONS.jsonl);
/** What a busy machine needs until something that happened in the sandbox is shown. */
const waitMs = 60_000;
const canaries = ['nemobed-canary-sandbox-jwt', 'nemobed-gateway-token-not-a-secret'];

describe.skipIf(state.kind === 'missing')('a sandbox with no copy of its workspace on the host', () => {
  let sandbox: BedSandbox;
  let server: ServerProcess;
  let sourceId: string;
  /** Everything the server ever said, for the search for secrets at the end. */
  const said: string[] = [];

  beforeAll(async () => {
    sandbox = await BedSandbox.up({ version: VERSIONS.jsonl });
    server = await ServerProcess.start({
      options: {
        trusted: true,
        settings: { pathMappings: [], directories: [], dockerHost: process.env.DOCKER_HOST ?? '', autoAttach: false },
      },
      env: { HOME: sandbox.home },
    });
    const inventory = await server.connection.sendRequest(messages.inventoryRequest, { refresh: true });
    said.push(JSON.stringify(inventory));
    const found = inventory.sandboxes.find((candidate) => candidate.name === sandbox.name);
    if (found === undefined) throw new Error(`the sandbox was not found: ${JSON.stringify(inventory.looked)}`);
    sourceId = found.id;
    await server.connection.sendRequest(messages.attachRequest, { sourceId });
    await live();
    await sandbox.run('coding', 'denied', 'subagents');
    await until(
      'the children to finish',
      async () => (await sessions()).filter((session) => session.key?.includes(':subagent:') && session.status !== 'running').length === 2,
      waitMs,
    );
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await sandbox?.down();
  });

  async function node(): Promise<messages.SandboxNode | undefined> {
    const inventory = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
    return inventory.sandboxes.find((candidate) => candidate.id === sourceId);
  }
  async function live(): Promise<void> {
    await until('the sandbox to be live', async () => (await node())?.attach.kind === 'live', waitMs);
  }
  async function sessions(): Promise<readonly SessionInfo[]> {
    return server.connection.sendRequest(messages.sessionsRequest, { sourceId });
  }
  async function page(key: string): Promise<messages.TracePage> {
    const found = (await sessions()).find((session) => session.key === key);
    if (found === undefined) throw new Error(`no session ${key}`);
    const answer = await server.connection.sendRequest(messages.traceRequest, { sourceId, sessionId: found.id, offset: 0, limit: 500 });
    said.push(JSON.stringify(answer));
    return answer;
  }
  async function document(): Promise<TraceDocument> {
    const ran = await runCli(['trace', sandbox.name, '--json'], { HOME: sandbox.home });
    expect(ran.stderr).toBe('');
    said.push(ran.stdout);
    return JSON.parse(ran.stdout) as TraceDocument;
  }

  /** A recording of the sandbox as it is now. */
  function record(): string {
    const recording = mkdtempSync(join(tmpdir(), 'sandglass-parity-'));
    mkdirSync(join(recording, 'sandbox'));
    docker('cp', '-q', `${sandbox.id()}:/sandbox/.openclaw`, join(recording, 'sandbox'));
    // The supervisor writes to stderr; the engine keeps both channels.
    const logs = spawnSync('docker', ['logs', sandbox.id()], { encoding: 'utf8', maxBuffer: 1 << 28 });
    writeFileSync(join(recording, 'container.log'), logs.stdout + logs.stderr);
    writeFileSync(join(recording, 'inspect.json'), docker('inspect', sandbox.id()));
    spawnSync('cp', ['-r', join(sandbox.home), join(recording, 'home')]);
    return recording;
  }

  it("shows the edit as a lens on its line, and the failing test as a problem, in the sandbox's own files", async () => {
    const edit = await until(
      'the edit',
      async () => (await page('agent:main:coding')).rows.find((row) => row.span.attributes['gen_ai.tool.name'] === 'edit'),
      waitMs,
    );
    const anchor = await until(
      'its place',
      async () => (await server.connection.sendRequest(messages.locateRequest, { sourceId, spanId: edit.span.id }))[0],
      waitMs,
    );
    expect(anchor.uri).toBe(`sandglass-file://${sourceId}/sandbox/.openclaw/workspace/project/pricing/cart.py`);
    expect(anchor).toMatchObject({ how: 'edit-text', stale: false });
    await until(
      'the lens on its line',
      async () =>
        ((await server.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri: anchor.uri } })) ?? []).some(
          (lens) => lens.range.start.line === anchor.startLine && lens.command?.title.startsWith('edit ok'),
        ),
      waitMs,
    );
    const test = `sandglass-file://${sourceId}/sandbox/.openclaw/workspace/project/tests/test_cart.py`;
    const [problem] = await until(
      'the problem',
      () => (server.diagnostics.get(test) ?? []).length > 0 && server.diagnostics.get(test),
      waitMs,
    );
    expect(problem?.code).toBe('recovered-call');
    const text = await server.connection.sendRequest(messages.readFileRequest, { uri: test });
    const line = Buffer.from(text.base64, 'base64').toString().split('\n')[problem?.range.start.line ?? -1];
    expect(line).toMatch(/assert/);
  });

  it('shows the denials at their calls, seen by the supervisor', async () => {
    // Agent and supervisor write each for itself, and so they are read.
    const seen = (row: messages.SpanRow): boolean =>
      row.policy.some((event) => event.witness === 'supervisor' && event.status === 'denied');
    const calls = async (): Promise<readonly (readonly [string, boolean])[]> =>
      (await page('agent:main:egress')).rows
        .filter((row) => row.span.kind === 'execute_tool')
        .map((row) => [row.span.status, row.span.status === 'denied' && seen(row)]);
    const [denied, ok] = [
      ['denied', true],
      ['ok', false],
    ];
    await expect.poll(calls, { timeout: waitMs }).toEqual([denied, denied, ok, denied, denied]);
  });

  it('shows two children under their parent, and what it cost', async () => {
    const team = await until(
      'the calls that sent them',
      async () => {
        const shown = await page('agent:main:team');
        return shown.rows.filter((row) => row.childSessionId !== null).length >= 2 && shown;
      },
      waitMs,
    );
    const children = team.rows.filter((row) => row.childSessionId !== null);
    expect(children).toHaveLength(2);
    const parents = async (): Promise<readonly (string | null | undefined)[]> => {
      const all = await sessions();
      return children.map((child) => all.find((session) => session.id === child.childSessionId)?.parentSessionId);
    };
    await expect.poll(parents, { timeout: waitMs }).toEqual(children.map(() => team.session.id));
    const status = await server.connection.sendRequest(messages.statusRequest, { sourceId, sessionId: team.session.id });
    expect(status?.session.totals.cost.usd).toBeGreaterThan(0);
    expect(status?.byModel[0]?.basis).toBe('overlay');
  });

  it('gives the same document as a recording made of it', async () => {
    // The agent may still have to put something in its place: the recording is of what was there before and after it was made.
    const { recording, fromContainer } = await until(
      'a recording in whose making nothing changed',
      async () => {
        const before = await document();
        const made = record();
        const after = await document();
        if (after.sessions.length === 5 && isDeepStrictEqual(before, after)) return { recording: made, fromContainer: after };
        rmSync(made, { recursive: true, force: true });
        return null;
      },
      waitMs,
    );
    try {
      const ran = await runCli(['trace', recording, '--json']);
      expect(ran.stderr).toBe('');
      const fromDirectory = JSON.parse(ran.stdout) as TraceDocument;
      expect(fromContainer.sessions).toEqual(fromDirectory.sessions);
      expect(fromContainer.findings).toEqual(fromDirectory.findings);
      expect(fromContainer.policy).toEqual(fromDirectory.policy);
    } finally {
      rmSync(recording, { recursive: true, force: true });
    }
  });

  it('is shown again within seconds after a restart, with nothing lost and nothing twice', async () => {
    await sandbox.restart();
    await live();
    await sandbox.run('hello');
    let told: readonly SessionInfo[] = [];
    let kept: readonly SessionInfo[] = [];
    // The agent writes that a run is done before it puts the run's trajectory in its place, which knows more: who asked. What a
    // fresh reading gives may be more a moment later, so it is read anew for each comparison.
    const whole = (): SessionInfo | undefined =>
      told.find((session) => session.key === 'agent:main:main' && session.status === 'done' && session.trigger === 'user');
    for (const end = Date.now() + waitMs; Date.now() < end && (whole() === undefined || !isDeepStrictEqual(kept, told));) {
      told = (await document()).sessions.map(({ spans: _spans, ...info }) => info);
      kept = await sessions();
    }
    expect(whole()?.totals.llmCalls).toBeGreaterThan(0);
    expect(kept).toEqual(told);
  });

  it('whose transcript is rewritten is reported while attached, and both versions are kept', async () => {
    const [session] = (await sessions()).filter((candidate) => candidate.key === 'agent:main:coding');
    const before = session?.totals;
    sandbox.exec('sed', '-i', 's/unittest/unitfest/', `/sandbox/.openclaw/agents/main/sessions/${session?.id}.jsonl`);
    const found = await until(
      'the finding',
      async () => (await node())?.findings.find((finding) => finding.code === 'history-rewritten'),
      waitMs,
    );
    expect(found.severity).toBe('error');
    expect((await sessions()).find((candidate) => candidate.id === session?.id)?.totals).toEqual(before);
  });

  it('that stops says so, and everything else goes on', async () => {
    await sandbox.stop();
    const lost = await until(
      'the loss',
      async () => {
        const attach = (await node())?.attach;
        return attach?.kind === 'lost' || attach?.kind === 'failed' ? attach : null;
      },
      waitMs,
    );
    expect(lost.reason.length).toBeGreaterThan(10);
    expect((await sessions()).length).toBeGreaterThan(4);
    await sandbox.start();
    await live();
  });

  it('gives none of its secrets away', async () => {
    for (const path of ['/etc/openshell/auth/sandbox.jwt', '/tmp/nemoclaw-proxy-env.sh', '/sandbox/.openclaw/openclaw.json']) {
      await expect(
        server.connection.sendRequest(messages.readFileRequest, { uri: `sandglass-file://${sourceId}${path}` }),
        path,
      ).rejects.toThrow(/secret|refused/i);
    }
    const text = `${said.join('\n')}\n${server.stderr}\n${JSON.stringify([...server.diagnostics])}\n${JSON.stringify(await node())}`;
    expect(text.length).toBeGreaterThan(100_000);
    for (const canary of canaries) expect.soft(text.includes(canary), canary).toBe(false);
  });
});
