// Two windows on one real container: one reader, whoever reads; back at once when the container is; built anew, renamed, removed.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SessionInfo } from '../../server/src/protocol/document';
import * as messages from '../../server/src/protocol/messages';
import { recording } from '../fixtures/recordings';
import { ServerProcess, until } from '../server/support/serverProcess';
import { bed, docker, PlainContainer, readersIn, VERSIONS } from './bed';

const there = await bed(VERSIONS.jsonl);
/** An engine takes its time to start what is in a container, on a busy machine more. */
const waitMs = 60_000;

describe.skipIf(there.kind === 'missing')('two windows and one container', () => {
  const storageDir = mkdtempSync(join(tmpdir(), 'sandglass-bed-windows-'));
  const home = mkdtempSync(join(tmpdir(), 'sandglass-bed-home-'));
  const storeKey = randomBytes(32).toString('base64');
  const name = `sgwindows-${randomUUID().slice(0, 8)}`;
  const containers: PlainContainer[] = [];
  const windows: ServerProcess[] = [];

  function container(labels: Readonly<Record<string, string>> = {}): PlainContainer {
    const made = new PlainContainer(VERSIONS.jsonl, { 'openshell.ai/sandbox-name': name, ...labels });
    containers.push(made);
    made.fill(recording('rotation-2026.7.1').stateDir);
    return made;
  }
  async function window(): Promise<ServerProcess> {
    const settings = { pathMappings: [], directories: [], dockerHost: process.env.DOCKER_HOST ?? '', autoAttach: false };
    const made = await ServerProcess.start({ options: { storageDir, storeKey, trusted: true, settings }, env: { HOME: home } });
    windows.push(made);
    return made;
  }
  const inventory = ({ connection }: ServerProcess): Promise<messages.Inventory> =>
    connection.sendRequest(messages.inventoryRequest, { refresh: false });
  async function node(of: ServerProcess, test: (each: messages.SandboxNode) => boolean): Promise<messages.SandboxNode | undefined> {
    return (await inventory(of)).sandboxes.find((each) => each.name.startsWith(name) && test(each));
  }
  const live = (of: ServerProcess, sourceId: string): Promise<messages.SandboxNode> =>
    until('it to be live', () => node(of, ({ id, attach }) => id === sourceId && attach.kind === 'live'), waitMs);
  const sessions = ({ connection }: ServerProcess, sourceId: string): Promise<readonly SessionInfo[]> =>
    connection.sendRequest(messages.sessionsRequest, { sourceId });

  /** A new session in the container; answers its id. */
  function write({ id }: PlainContainer): string {
    const session = randomUUID();
    const time = new Date().toISOString();
    const lines = [
      { type: 'session', version: 3, id: session, timestamp: time, cwd: '/sandbox' },
      { type: 'message', id: 'e1', parentId: null, timestamp: time, message: { role: 'user', content: 'go', timestamp: Date.now() } },
    ];
    const text = lines.map((line) => JSON.stringify(line)).join('\\n');
    const file = `/sandbox/.openclaw/agents/main/sessions/${session}.jsonl`;
    docker('exec', '-u', 'sandbox', id, 'sh', '-c', `printf '${text}\\n' > ${file}`);
    return session;
  }
  const shows = (of: ServerProcess, sourceId: string, session: string): Promise<true> =>
    until('the new session', async () => (await sessions(of, sourceId)).some(({ id }) => id === session), waitMs);

  let first: ServerProcess;
  let second: ServerProcess;
  let sandbox: PlainContainer;
  let sourceId: string;
  beforeAll(async () => {
    sandbox = container();
    [first, second] = [await window(), await window()];
    sourceId = (await until('it to be found', () => node(second, ({ state }) => state === 'running'), waitMs)).id;
  });
  afterAll(async () => {
    for (const each of windows) await each[Symbol.asyncDispose]();
    for (const each of containers) each.down();
    for (const dir of [storageDir, home]) rmSync(dir, { recursive: true, force: true });
  });

  it('have one reader in it, whoever asked, also while the one that reads is killed', { timeout: 300_000 }, async () => {
    // Asked for by the one that does not read.
    await second.connection.sendRequest(messages.attachRequest, { sourceId });
    await live(second, sourceId);
    await first.connection.sendRequest(messages.attachRequest, { sourceId });
    await live(first, sourceId);
    expect((await inventory(second)).collector).toEqual({ kind: 'other-window', pid: first.child.pid });
    expect(readersIn(sandbox.id)).toHaveLength(1);
    for (const each of [first, second]) await shows(each, sourceId, write(sandbox));
    const known = await sessions(first, sourceId);
    await expect.poll(() => sessions(second, sourceId), { timeout: waitMs }).toEqual(known);

    const killed = performance.now();
    await first.kill();
    const session = write(sandbox);
    await shows(second, sourceId, session);
    console.log(`The second window read on ${Math.round(performance.now() - killed)} ms after the first was killed.`);
    expect((await inventory(second)).collector.kind).toBe('this-window');
    await live(second, sourceId);
    // The dead one's reader goes by itself, when its engine's connection is cut.
    await until('one reader', () => readersIn(sandbox.id).length === 1, waitMs);
    const after = async (): Promise<readonly SessionInfo[]> => (await sessions(second, sourceId)).filter(({ id }) => id !== session);
    await expect.poll(after, { timeout: waitMs }).toEqual(known);
    first = await window();
    await live(first, sourceId);
  });

  it.each([
    ['restarted', (id: string) => docker('restart', '-t', '0', id)],
    ['killed and started', (id: string) => (docker('kill', id), docker('start', id))],
    ['paused and resumed', (id: string) => (docker('pause', id), docker('unpause', id))],
  ])('go on when it was %s', { timeout: 300_000 }, async (_, blow) => {
    blow(sandbox.id);
    const back = performance.now();
    const session = write(sandbox);
    for (const each of [first, second]) await shows(each, sourceId, session);
    console.log(`${_}: a record written then was shown ${Math.round(performance.now() - back)} ms after it was back.`);
    for (const each of [first, second]) await live(each, sourceId);
    await until('one reader', () => readersIn(sandbox.id).length === 1, waitMs);
  });

  it('show it under a new name with the same history, and under a new id as its successor', { timeout: 300_000 }, async () => {
    const before = await sessions(first, sourceId);
    // Another container of the same sandbox, with another name.
    sandbox.down();
    sandbox = container({ 'openshell.ai/sandbox-id': sandbox.sandboxId, 'openshell.ai/sandbox-name': `${name}-renamed` });
    for (const each of [first, second]) {
      // Until it is noticed that the one before went, that one is live.
      const renamed = await until(
        'the other container to be read',
        () => node(each, ({ id, name: now, attach }) => id === sourceId && now === `${name}-renamed` && attach.kind === 'live'),
        waitMs,
      );
      expect(renamed.previousId).toBeNull();
      expect((await sessions(each, sourceId)).map(({ id }) => id)).toEqual(expect.arrayContaining(before.map(({ id }) => id)));
    }
    // Built anew: another sandbox under the same name.
    sandbox.down();
    sandbox = container({ 'openshell.ai/sandbox-name': `${name}-renamed` });
    for (const each of [first, second]) {
      const built = await until(
        'the successor to be read',
        () => node(each, ({ id, attach }) => id !== sourceId && attach.kind === 'live'),
        waitMs,
      );
      expect(built.previousId).toBe(sourceId);
      const before = await until(
        'its forerunner to be left',
        () => node(each, ({ id, attach }) => id === sourceId && attach.kind === 'idle'),
        waitMs,
      );
      expect(before).toMatchObject({ state: 'removed', previousId: null });
      expect((await sessions(each, sourceId)).length).toBeGreaterThan(0);
    }
  });

  it('keep what was recorded of it when it is gone and all windows were closed', { timeout: 300_000 }, async () => {
    const shown = await sessions(first, sourceId);
    sandbox.down();
    for (const each of [first, second])
      await until('nothing to run', async () => (await node(each, ({ state }) => state !== 'removed')) === undefined, waitMs);
    for (const each of [first, second]) await each[Symbol.asyncDispose]();
    const third = await window();
    const gone = (await inventory(third)).sandboxes.filter((each) => each.name.startsWith(name));
    expect(gone.map(({ state }) => state)).toEqual(['removed', 'removed']);
    expect(gone.filter(({ previousId }) => previousId === sourceId)).toHaveLength(1);
    expect(await sessions(third, sourceId)).toEqual(shown);
    const [session] = shown;
    const page = await third.connection.sendRequest(messages.traceRequest, {
      sourceId,
      sessionId: session?.id ?? '',
      offset: 0,
      limit: 10,
    });
    expect(page.source.state).toBe('removed');
    await expect(third.connection.sendRequest(messages.attachRequest, { sourceId })).rejects.toMatchObject({
      data: { reason: expect.stringContaining('not there any more') as string },
    });
  });
});
