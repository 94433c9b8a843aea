/** A budget that is used up in a real container: it is told of while it runs, can be paused then, and is gone on with after that. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { budgetNotification } from '../../server/src/protocol/cost';
import type { BudgetNotice } from '../../server/src/protocol/cost';
import * as messages from '../../server/src/protocol/messages';
import { SpendingAgent } from '../fixtures/spending';
import { ServerProcess, until } from '../server/support/serverProcess';
import { bed, docker, PlainContainer, VERSIONS } from './bed';

const state = await bed(VERSIONS.jsonl);
const waitMs = 90_000;
const folder = mkdtempSync(join(tmpdir(), 'sandglass-budgets-'));
const containers: PlainContainer[] = [];
afterAll(() => {
  for (const container of containers) container.down();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(state.kind === 'missing')('a budget of a running sandbox', () => {
  it('is told of with what can be done about it, and pausing is written down and undone', async () => {
    const stateDir = join(folder, '.openclaw');
    const agent = new SpendingAgent(stateDir);
    agent.ask('spend it');
    agent.call({ usd: 0.6, tool: 'exec' });
    const sandbox = new PlainContainer(VERSIONS.jsonl);
    containers.push(sandbox);
    sandbox.fill(stateDir);

    const settings = { pathMappings: [], directories: [], dockerHost: process.env.DOCKER_HOST ?? '', autoAttach: false };
    await using server = await ServerProcess.start({
      options: {
        storageDir: join(folder, 'storage'),
        storeKey: randomBytes(32).toString('base64'),
        trusted: true,
        settings: { ...settings, budgets: { sandbox: { usd: 0.5 } } },
      },
      env: { HOME: folder },
    });
    const told: BudgetNotice[] = [];
    server.connection.onNotification(budgetNotification, (notice) => void told.push(notice));
    const nodes = async (): Promise<readonly messages.SandboxNode[]> =>
      (await server.connection.sendRequest(messages.inventoryRequest, { refresh: false })).sandboxes;
    const { id } = await until('the sandbox', async () => (await nodes()).find(({ name }) => name === sandbox.name), waitMs);
    await server.connection.sendRequest(messages.attachRequest, { sourceId: id });
    await until('what is told', () => told.length > 0, waitMs);
    expect(told).toMatchObject([
      { level: 'passed', state: { kind: 'sandbox', sourceId: id, used: 0.6 }, sandbox: sandbox.name, pausable: true },
    ]);

    const status = (): string => docker('inspect', '-f', '{{.State.Status}}', sandbox.id);
    await server.connection.sendRequest(messages.actRequest, { sourceId: id, action: 'pause' });
    expect(status()).toBe('paused');
    await server.connection.sendRequest(messages.actRequest, { sourceId: id, action: 'resume' });
    expect(status()).toBe('running');
    const actions = await server.connection.sendRequest(messages.actionsRequest);
    expect(
      actions.filter(({ sandboxId }) => sandboxId === sandbox.sandboxId).map(({ action, by, outcome }) => [action, by, outcome]),
    ).toEqual([
      ['resume', 'user', 'done'],
      ['pause', 'user', 'done'],
    ]);
    expect(told).toHaveLength(1);
  });
});
