/** Pause, resume and stop of real containers through the server, as the editor asks for them; and what becomes of it when a server dies. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ResponseError } from 'vscode-languageserver-protocol/node';
import * as messages from '../../server/src/protocol/messages';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from '../server/support/serverProcess';
import { bed, docker, PlainContainer, VERSIONS } from './bed';

const state = await bed(VERSIONS.jsonl);
/** What a busy engine needs until it did and told. */
const waitMs = 60_000;
const containers: PlainContainer[] = [];
const folders: string[] = [];
const servers: ServerProcess[] = [];

function plain(labels?: Readonly<Record<string, string>>): PlainContainer {
  const made = new PlainContainer(VERSIONS.jsonl, labels);
  containers.push(made);
  return made;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sandglass-actions-'));
  folders.push(made);
  return made;
}

/** What a window keeps over its lives. */
function storage(): { readonly storageDir: string; readonly storeKey: string } {
  return { storageDir: join(folder(), 'storage'), storeKey: randomBytes(32).toString('base64') };
}

async function serverOn(kept: ReturnType<typeof storage>, more: Partial<messages.InitializeOptions> = {}): Promise<ServerProcess> {
  const settings = { pathMappings: [], directories: [], dockerHost: process.env.DOCKER_HOST ?? '', autoAttach: false };
  const server = await ServerProcess.start({ options: { ...kept, trusted: true, settings, ...more }, env: { HOME: folder() } });
  servers.push(server);
  return server;
}

async function nodeOf(server: ServerProcess, { sandboxId, name }: PlainContainer, refresh = false): Promise<messages.SandboxNode> {
  return until(
    `the sandbox ${sandboxId}`,
    async () => {
      const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh });
      return sandboxes.find((node) => node.name === name);
    },
    waitMs,
  );
}

const act = (server: ServerProcess, sourceId: string, action: messages.SandboxAction): Promise<void> =>
  server.connection.sendRequest(messages.actRequest, { sourceId, action });
const logOf = async (server: ServerProcess, sandbox: PlainContainer): Promise<readonly unknown[]> =>
  (await server.connection.sendRequest(messages.actionsRequest))
    .filter(({ sandboxId }) => sandboxId === sandbox.sandboxId)
    .map(({ action, by, outcome }) => [action, by, outcome]);
const stateOf = (...of: readonly PlainContainer[]): readonly string[] =>
  of.map(({ id }) => docker('inspect', '-f', '{{.State.Status}}', id));

/** An agent's container and the one of its supervisor. */
function pair(): readonly [PlainContainer, PlainContainer] {
  const agent = plain({ 'openshell.ai/isolation-role': 'sandbox' });
  const supervisor = plain({
    'openshell.ai/isolation-role': 'supervisor',
    'openshell.ai/sandbox-id': agent.sandboxId,
    'openshell.ai/sandbox-name': agent.name,
  });
  return [agent, supervisor];
}

afterEach(async () => {
  for (const server of servers.splice(0)) if (server.alive) await server[Symbol.asyncDispose]();
});
afterAll(() => {
  for (const container of containers) container.down();
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

describe.skipIf(state.kind === 'missing')('acting on a sandbox', () => {
  it.each([
    ['one container', () => [plain()] as const],
    ['two containers', pair],
  ] as const)('of %s: pauses, resumes and stops all of it, and writes that down', async (_, made) => {
    const of = made();
    const [sandbox] = of;
    const kept = storage();
    const server = await serverOn(kept);
    const { id } = await nodeOf(server, sandbox, true);
    for (const [action, then, shown] of [
      ['pause', 'paused', 'paused'],
      ['resume', 'running', 'running'],
      ['pause', 'paused', 'paused'],
      ['stop', 'exited', 'stopped'],
    ] as const) {
      await act(server, id, action);
      expect(stateOf(...of)).toEqual(of.map(() => then));
      await until(`the row to say ${shown}`, async () => (await nodeOf(server, sandbox)).state === shown, waitMs);
    }
    const refused = await act(server, id, 'pause').catch((error: ResponseError<messages.OpenFailure>) => error);
    expect(refused).toMatchObject({
      data: { reason: expect.stringContaining('does not run') as string, hint: expect.any(String) as string },
    });
    expect(await logOf(server, sandbox)).toEqual([
      ['stop', 'user', 'done'],
      ['pause', 'user', 'done'],
      ['resume', 'user', 'done'],
      ['pause', 'user', 'done'],
    ]);
    expect(statSync(join(kept.storageDir, 'actions.json')).mode & 0o777).toBe(0o600);
  });

  it('paused by a server that is killed, it is resumed: by the next one, and by one of another window that was there', async () => {
    const [alone, [agent, supervisor]] = [plain(), pair()] as const;
    const kept = storage();
    const first = await serverOn(kept);
    for (const sandbox of [alone, agent]) await act(first, (await nodeOf(first, sandbox, true)).id, 'pause');
    expect(stateOf(alone, agent, supervisor)).toEqual(['paused', 'paused', 'paused']);
    await first.kill();
    const second = await serverOn(kept);
    const all = (): boolean => stateOf(alone, agent, supervisor).every((now) => now === 'running');
    await until('the sandboxes to run again', all, waitMs);
    for (const sandbox of [alone, agent])
      await until(
        'that it is written down',
        async () =>
          JSON.stringify(await logOf(second, sandbox)) ===
          JSON.stringify([
            ['resume', 'recovery', 'done'],
            ['pause', 'user', 'done'],
          ]),
        waitMs,
      );
    const third = await serverOn(kept);
    await nodeOf(third, alone, true);
    await act(second, (await nodeOf(second, alone, true)).id, 'pause');
    await second.kill();
    await until('it to run again', () => stateOf(alone)[0] === 'running', waitMs);
  });

  it('paused by one that is closed properly, it stays so; resumed by whoever is asked to', async () => {
    const sandbox = plain();
    const kept = storage();
    const first = await serverOn(kept);
    await act(first, (await nodeOf(first, sandbox, true)).id, 'pause');
    await first[Symbol.asyncDispose]();
    const second = await serverOn(kept);
    const { id, state: shown } = await nodeOf(second, sandbox, true);
    expect(shown).toBe('paused');
    // What would be recovered has been by now, or a sandbox that was really left paused by a dead one would not be either.
    const [other] = [plain()];
    const third = await serverOn(kept);
    await act(third, (await nodeOf(third, other, true)).id, 'pause');
    await third.kill();
    await until('the other to run again', () => stateOf(other)[0] === 'running', waitMs);
    expect(stateOf(sandbox)).toEqual(['paused']);
    await act(second, id, 'resume');
    expect(stateOf(sandbox)).toEqual(['running']);
  });

  it('is refused in an untrusted workspace, and where nothing may be kept it is said', async () => {
    const sandbox = plain();
    const trusted = await serverOn({ storageDir: null, storeKey: null } as never);
    const { id } = await nodeOf(trusted, sandbox, true);
    const untrusted = await serverOn(storage(), { trusted: false });
    const refused = await act(untrusted, id, 'stop').catch((error: ResponseError<messages.OpenFailure>) => error);
    expect(refused).toMatchObject({ data: { reason: expect.stringContaining('not trusted') as string } });
    expect(stateOf(sandbox)).toEqual(['running']);
    await act(trusted, id, 'pause');
    expect(await logOf(trusted, sandbox)).toEqual([['pause', 'user', 'done']]);
    const { storeNote } = await trusted.connection.sendRequest(messages.inventoryRequest, { refresh: false });
    expect(storeNote).toContain('log of actions');
    await act(trusted, id, 'resume');
  });
});

describe.skipIf(state.kind === 'missing')('what a sandbox uses', () => {
  it('is told by its engine while it is read: in its row, and over time', async () => {
    const sandbox = plain();
    const limit = 1024 * 1024 * 1024;
    docker('update', '--memory', String(limit), '--memory-swap', '-1', sandbox.id);
    sandbox.fill(recording('openclaw-2026.7.1').stateDir);
    const kept = storage();
    const server = await serverOn(kept);
    const { id, resources } = await nodeOf(server, sandbox, true);
    expect(resources).toBeNull();
    await server.connection.sendRequest(messages.attachRequest, { sourceId: id });
    await until('the sandbox to be live', async () => (await nodeOf(server, sandbox)).attach.kind === 'live', 60_000);
    const since = new Date(Date.now() - 60_000).toISOString();
    const samples = (max: number): Promise<readonly messages.ResourceSample[]> =>
      server.connection.sendRequest(messages.resourcesRequest, {
        sourceId: id,
        from: since,
        to: new Date(Date.now() + 60_000).toISOString(),
        limit: max,
      });
    await until('a first sample', async () => (await samples(100)).length > 0, 60_000);
    // Half a minute of one core, ended as soon as it was seen.
    docker('exec', '-d', sandbox.id, 'timeout', '30', 'sh', '-c', 'while :; do :; done');
    const busy = await until('what it uses', async () => (await samples(100)).find(({ cpuCores }) => cpuCores > 0.1), 60_000);
    docker('exec', sandbox.id, 'sh', '-c', 'kill $(pidof timeout) || true');
    expect(busy.memoryLimitBytes).toBe(limit);
    expect(busy.memoryBytes).toBeGreaterThan(0);
    expect(busy.memoryBytes).toBeLessThan(limit);
    const used = await until('what it uses in its row', async () => (await nodeOf(server, sandbox)).resources, waitMs);
    expect(used).toMatchObject({ memoryLimitBytes: limit });
    expect(await samples(1)).toHaveLength(1);
    await act(server, id, 'stop');
    await until('that it uses nothing now', async () => (await nodeOf(server, sandbox)).resources === null, waitMs);
    expect((await samples(100)).length).toBeGreaterThan(0);
  });
});
