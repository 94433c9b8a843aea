// The built server over the wire, on real recordings.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CodeLensRequest, HoverRequest } from 'vscode-languageserver-protocol/node';
import type { Hover, MarkupContent } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from './support/serverProcess';

let server: ServerProcess;
let sourceId: string;
let workspace: string;
const cart = '/sandbox/.openclaw/workspace/project/pricing/cart.py';

beforeAll(async () => {
  const { root } = recording('openclaw-2026.7.1');
  workspace = mkdtempSync(join(tmpdir(), 'sandglass-workspace-'));
  cpSync(join(root, 'sandbox/.openclaw/workspace/project'), workspace, { recursive: true });
  server = await ServerProcess.start({ folders: [workspace] });
  ({ sourceId } = await server.connection.sendRequest(messages.openRequest, { path: root }));
  await until('the recording to be read', async () => (await node()).attach.kind === 'read');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(workspace, { recursive: true, force: true });
});

async function node(): Promise<messages.SandboxNode> {
  const inventory = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
  const found = inventory.sandboxes.find((sandbox) => sandbox.id === sourceId);
  if (found === undefined) throw new Error('the source is not in the inventory');
  return found;
}

async function session(key: string): Promise<string> {
  const sessions = await server.connection.sendRequest(messages.sessionsRequest, { sourceId });
  const found = sessions.find((candidate) => candidate.key === key);
  if (found === undefined) throw new Error(`no session ${key}`);
  return found.id;
}

async function page(key: string): Promise<messages.TracePage> {
  return server.connection.sendRequest(messages.traceRequest, { sourceId, sessionId: await session(key), offset: 0, limit: 500 });
}

describe('the server', () => {
  it('lists the sessions of a recording with their totals', async () => {
    const { expected } = recording('openclaw-2026.7.1');
    const sessions = await server.connection.sendRequest(messages.sessionsRequest, { sourceId });
    expect(sessions.length).toBe(expected.totals.sessions);
    const [first, , third] = sessions;
    const only = [third?.id ?? '', first?.id ?? '', 'there-is-none'];
    expect(await server.connection.sendRequest(messages.sessionsRequest, { sourceId, only })).toEqual([third, first]);
    expect(sessions.reduce((sum, info) => sum + info.totals.toolCalls, 0)).toBe(expected.totals.own.toolCalls);
    expect((await node()).provider).toBe('nvidia-prod');
  });

  it('answers pages of a session, never more than was asked for', async () => {
    const sessionId = await session('agent:main:long');
    const first = await server.connection.sendRequest(messages.traceRequest, { sourceId, sessionId, offset: 0, limit: 50 });
    expect(first.rows.length).toBe(50);
    expect(first.total).toBeGreaterThan(400);
    const all: string[] = [];
    for (let offset = 0; offset < first.total; offset += 100) {
      const next = await server.connection.sendRequest(messages.traceRequest, { sourceId, sessionId, offset, limit: 100 });
      expect(next.rows.length).toBeLessThanOrEqual(100);
      all.push(...next.rows.map((row) => row.span.id));
    }
    expect(new Set(all).size).toBe(first.total);
    const greedy = await server.connection.sendRequest(messages.traceRequest, { sourceId, sessionId, offset: 0, limit: 1e9 });
    expect(greedy.rows.length).toBeLessThanOrEqual(500);
  });

  it('shows a denial at the call that caused it', async () => {
    const rows = (await page('agent:main:egress')).rows.filter((row) => row.span.kind === 'execute_tool');
    expect(rows.map((row) => row.span.status)).toEqual(['denied', 'denied', 'ok', 'denied', 'denied']);
    for (const row of rows.filter((candidate) => candidate.span.status === 'denied')) {
      expect(row.policy.some((event) => event.status === 'denied' && event.callId === row.span.id && event.witness === 'supervisor')).toBe(
        true,
      );
      expect(row.span.statusMessage).toMatch(/not allowed|not permitted|deny/i);
    }
  });

  it('hangs sub-agents under their call', async () => {
    const rows = (await page('agent:main:team')).rows.filter((row) => row.childSessionId !== null);
    expect(rows).toHaveLength(2);
    const sessions = await server.connection.sendRequest(messages.sessionsRequest, { sourceId });
    for (const row of rows) expect(sessions.find((info) => info.id === row.childSessionId)?.key).toMatch(/^agent:main:subagent:/);
  });

  it('draws the flow of every turn within bounds', async () => {
    for (const key of ['agent:main:coding', 'agent:main:long', 'agent:main:hostile', 'agent:main:team']) {
      const { turns } = await page(key);
      const sessionId = await session(key);
      for (const turn of turns) {
        const flow = await server.connection.sendRequest(messages.flowRequest, { sourceId, sessionId, turnId: turn.span.id });
        expect(flow?.nodes.length).toBeGreaterThan(1);
        expect(flow?.nodes.length).toBeLessThanOrEqual(100);
      }
    }
  });

  it('finds the edit in the file of the workspace, by its text', async () => {
    const edit = (await page('agent:main:coding')).rows.find((row) => row.span.attributes['gen_ai.tool.name'] === 'edit');
    const [anchor] = await server.connection.sendRequest(messages.locateRequest, { sourceId, spanId: edit?.span.id ?? '' });
    expect(anchor).toMatchObject({
      uri: pathToFileURL(join(workspace, 'pricing/cart.py')).href,
      sandboxPath: cart,
      how: 'edit-text',
      stale: false,
    });
    const calls = await server.connection.sendRequest(messages.callsAtRequest, { uri: anchor?.uri ?? '', line: anchor?.startLine ?? 0 });
    expect(calls[0]?.spanId).toBe(edit?.span.id);
  });

  it('puts lenses on the edited line and at the top, with calls to open', async () => {
    const uri = pathToFileURL(join(workspace, 'pricing/cart.py')).href;
    const lenses = (await server.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri } })) ?? [];
    expect(lenses[0]?.command?.title).toMatch(/^\d+ agent calls .*· ≥ \$[\d.]+ list price · /);
    expect(lenses[0]?.command?.tooltip).toMatch(
      /^1 LLM call has no price\nlist price: NVIDIA endpoints, .+ as of [-\d]+\nno price: The list has it at zero as a free trial/,
    );
    const edited = lenses.find((lens) => lens.command?.title.startsWith('edit ok'));
    expect(edited?.range.start.line).toBeGreaterThan(0);
    expect((edited?.command?.arguments?.[0] as messages.ShowCallsArguments).calls.length).toBeGreaterThan(0);
    const answer = (await server.connection.sendRequest(HoverRequest.type, {
      textDocument: { uri },
      position: { line: edited?.range.start.line ?? 0, character: 0 },
    })) as Hover | null;
    const text = (answer?.contents as MarkupContent).value;
    expect(text).toContain('Arguments (');
    expect(text).toContain('Thought before');
    expect(text).toMatch(/Asked for by an LLM call: <?\$[\d.]+ list price · .+ as of \d{4}/);
  });

  it('reports the failing test on its line, with the run that worked', async () => {
    const uri = pathToFileURL(join(workspace, 'tests/test_cart.py')).href;
    const [diagnostic] = await until('the diagnostic', () => (server.diagnostics.get(uri) ?? []).length > 0 && server.diagnostics.get(uri));
    expect(diagnostic).toMatchObject({ source: 'Sandglass', code: 'recovered-call', severity: 3 });
    expect(diagnostic?.range.start.line).toBeGreaterThan(0);
    expect(diagnostic?.relatedInformation?.[0]?.message).toContain('worked later');
    expect(diagnostic?.codeDescription?.href).toMatch(/^sandglass-call:\//);
  });

  it('serves the files of the sandbox read-only, without its secrets', async () => {
    const base = `sandglass-file://${sourceId}`;
    const file = await server.connection.sendRequest(messages.readFileRequest, { uri: base + cart });
    expect(Buffer.from(file.base64, 'base64').toString()).toContain('def ');
    const { readFileRequest, statFileRequest, readDirectoryRequest } = messages;
    for (const [path, reason] of [
      ['/sandbox/.openclaw/openclaw.json', 'secret'],
      ['/sandbox/.openclaw/identity/device.json', 'secret'],
      ['/sandbox/.openclaw/agents/main/agent/openclaw-agent.sqlite', 'secret'],
      ['/etc/passwd', 'secret'],
      ['/sandbox/../../../../etc/hostname', 'not-found'],
      ['/sandbox/.openclaw/workspace', 'not-a-file'],
    ]) {
      await expect(server.connection.sendRequest(readFileRequest, { uri: base + path }), path).rejects.toMatchObject({ data: { reason } });
    }
    const uri = `${base}/sandbox/.openclaw/identity`;
    await expect(server.connection.sendRequest(statFileRequest, { uri })).rejects.toMatchObject({ data: { reason: 'secret' } });
    await expect(server.connection.sendRequest(readDirectoryRequest, { uri })).rejects.toMatchObject({ data: { reason: 'secret' } });
    await expect(server.connection.sendRequest(readFileRequest, { uri: `sandglass-file://0000000000000000${cart}` })).rejects.toMatchObject(
      { data: { reason: 'not-found' } },
    );
  });

  it("replays with running totals that end at the session's", async () => {
    const sessionId = await session('agent:main:coding');
    const steps = await server.connection.sendRequest(messages.replayRequest, { sourceId, sessionId });
    const { totals } = (await page('agent:main:coding')).session;
    expect(steps[0]?.kind).toBe('prompt');
    expect(steps.at(-1)?.kind).toBe('reply');
    expect(steps.at(-1)?.totals).toMatchObject({ llmCalls: totals.llmCalls, toolCalls: totals.toolCalls, failed: totals.failedToolCalls });
    expect(steps.some((step) => step.status === 'error' && step.anchor !== null)).toBe(true);
  });

  it('answers what the agent does and what it cost', async () => {
    const status = await server.connection.sendRequest(messages.statusRequest, { sourceId, sessionId: await session('agent:main:coding') });
    expect(status?.now.kind).toBe('idle');
    expect(status?.tokens).toBeGreaterThan(10_000);
    expect(status?.byModel[0]?.usd).toBeGreaterThan(0);
  });

  it("says what, why and what to do when something can't be opened", async () => {
    const empty = mkdtempSync(join(tmpdir(), 'sandglass-empty-'));
    try {
      for (const path of [empty, join(empty, 'nowhere')]) {
        const failure = await server.connection.sendRequest(messages.openRequest, { path }).then(
          () => null,
          (error: { data?: messages.OpenFailure }) => error.data ?? null,
        );
        expect(failure?.reason.length, path).toBeGreaterThan(10);
        expect(failure?.hint.length, path).toBeGreaterThan(10);
      }
    } finally {
      rmSync(empty, { recursive: true });
    }
    expect(server.alive).toBe(true);
  });
});
