// Budgets over the wire: what is passed is a problem, and told once, in one of all windows, and never again after a reload.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Diagnostic } from 'vscode-languageserver-protocol/node';
import { budgetNotification } from '../../server/src/protocol/cost';
import type { BudgetNotice, Budgets } from '../../server/src/protocol/cost';
import * as messages from '../../server/src/protocol/messages';
import { SpendingAgent } from '../fixtures/spending';
import { ServerProcess, until } from './support/serverProcess';

interface Window {
  readonly server: ServerProcess;
  readonly told: BudgetNotice[];
}

let storageDir: string;
let root: string;
const key = randomBytes(32).toString('base64');
const open: ServerProcess[] = [];
beforeEach(() => {
  storageDir = mkdtempSync(join(tmpdir(), 'sandglass-budgets-'));
  root = mkdtempSync(join(tmpdir(), 'sandglass-spending-'));
});
afterEach(async () => {
  for (const server of open.splice(0)) {
    expect(server.stderr).toBe('');
    await server[Symbol.asyncDispose]();
  }
  for (const path of [storageDir, root]) rmSync(path, { recursive: true, force: true });
});

const settingsWith = (budgets: Budgets): messages.Settings => ({
  pathMappings: [],
  directories: [],
  dockerHost: '',
  autoAttach: false,
  budgets,
});

/** Where it is about noon, so that no midnight passes while a test runs. */
function noonZone(): string {
  const hours = 12 - new Date().getUTCHours();
  return `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
}

async function window(budgets: Budgets): Promise<Window> {
  const options = { storageDir, storeKey: key, settings: settingsWith(budgets) };
  const server = await ServerProcess.start({ options, env: { TZ: noonZone() } });
  open.push(server);
  const told: BudgetNotice[] = [];
  server.connection.onNotification(budgetNotification, (notice) => void told.push(notice));
  return { server, told };
}

const attach = async ({ server }: Window, path = root): Promise<string> =>
  (await server.connection.sendRequest(messages.openRequest, { path })).sourceId;
const configure = ({ server }: Window, budgets: Budgets): Promise<void> =>
  server.connection.sendNotification(messages.configureNotification, { trusted: false, settings: settingsWith(budgets) });
const problems = ({ server }: Window): readonly Diagnostic[] =>
  [...server.diagnostics.values()].flat().filter(({ code }) => String(code).startsWith('budget-'));
const problem = (window: Window, code: string, part: string): Promise<Diagnostic> =>
  until(`${code} with ${part}`, () => problems(window).find((one) => one.code === code && String(one.message).includes(part)));

it('warn at four fifths, are passed at the whole, and are told of once each, with what took most', async () => {
  const agent = new SpendingAgent(join(root, '.openclaw'));
  agent.ask('spend it');
  agent.call({ usd: 0.1, tool: 'exec' });
  const one = await window({ turn: { usd: 0.5 } });
  const sourceId = await attach(one);
  await until('the call', async () => {
    const status = await one.server.connection.sendRequest(messages.statusRequest, { sourceId, sessionId: agent.sessionId });
    return status?.budgets.some(({ kind, used, level }) => kind === 'turn' && used === 0.1 && level === null);
  });
  expect([problems(one), one.told]).toEqual([[], []]);

  agent.call({ usd: 0.3, tool: 'browser' });
  agent.call({ usd: null, tool: 'exec', model: 'no-one-knows-it' });
  await problem(one, 'budget-warning', '(80 %)');
  const warned = await problem(one, 'budget-warning', '1 call without a price is not in it.');
  expect(warned.message).toBe(
    'Budget of a turn nearly used up: $0.40 of $0.50 (80 %). Most of it: tool browser ($0.30), model scripted-model ($0.40). 1 call without a price is not in it. The limit is set by sandglass.budgets.limits.',
  );
  expect(warned.severity).toBe(3);
  await until('the warning', () => one.told.length === 1);
  expect(one.told[0]).toMatchObject({
    level: 'warning',
    state: { kind: 'turn', unit: 'usd', limit: 0.5, session: { sourceId, sessionId: agent.sessionId } },
    drivers: [
      { by: 'tool', label: 'browser', used: 0.3 },
      { by: 'model', label: 'scripted-model' },
    ],
    pausable: false,
    others: 0,
  });

  agent.call({ usd: 0.2, tool: 'exec' });
  const passed = await problem(one, 'budget-passed', '$0.60 of $0.50 (120 %)');
  expect(passed.severity).toBe(2);
  await until('that it was passed', () => one.told.length === 2);
  expect(one.told[1]).toMatchObject({ level: 'passed', state: { used: 0.6, unpricedCalls: 1 } });
  expect(problems(one)).toHaveLength(1);

  // It stands in the session's document, and its link leads to the turn.
  const text = await one.server.connection.sendRequest(messages.sessionTextRequest, { sourceId, sessionId: agent.sessionId });
  expect(text?.text).toContain('Budget of a turn used up: $0.60 of $0.50 (120 %).');
  expect(passed.codeDescription?.href).toContain(`span=${one.told[1]?.state.span?.spanId}`);

  // What is spent after that is no news, and a raised limit clears it.
  agent.call({ usd: 0.1 });
  await problem(one, 'budget-passed', '$0.70 of $0.50');
  await configure(one, { turn: { usd: 10 } });
  await until('nothing to be said', () => problems(one).length === 0);
  await configure(one, {});
  expect(one.told).toHaveLength(2);
});

it('are told in one of two windows, and in none after a reload', async () => {
  const agent = new SpendingAgent(join(root, '.openclaw'));
  agent.ask('spend it');
  agent.call({ usd: 1 });
  const budgets: Budgets = { session: { usd: 2 }, day: { tokens: 2500 } };
  const both = [await window(budgets), await window(budgets)];
  for (const each of both) await attach(each);
  agent.ask('more');
  agent.call({ usd: 2 });
  for (const each of both)
    await problem(each, 'budget-passed', 'Budget of a session used up: $3.00 of $2.00 (150 %). Most of it: turn "more" ($2.00)');
  await until('one to be told', () => both.some(({ told }) => told.length > 0));
  // Passed as well in the same moment or later: tokens of the day. By then all has been told that will be.
  agent.call({ usd: 0 });
  for (const each of both) await problem(each, 'budget-passed', 'Budget of the day used up: 3,000 tokens of 2,500 tokens (120 %)');
  const toldOf = (kind: string): number =>
    both.flatMap(({ told }) => told).filter(({ state, level }) => state.kind === kind && level === 'passed').length;
  await until('the day', () => toldOf('day') === 1);
  expect(toldOf('session')).toBe(1);

  for (const { server } of both) await server[Symbol.asyncDispose]();
  const again = await window(budgets);
  await attach(again);
  await problem(again, 'budget-passed', 'Budget of a session used up: $3.00');
  // Of another budget it tells, which comes after all that it would have told of these.
  await configure(again, { ...budgets, workspace: { usd: 1 } });
  await until('the new one', () => again.told.length > 0);
  expect(again.told.map(({ state }) => state.kind)).toEqual(['workspace']);
});

it('of a day are of that day alone, and what is long past is told of among the problems only', async () => {
  const before = new Date(Date.now() - 3 * 24 * 3_600_000);
  const agent = new SpendingAgent(join(root, '.openclaw'), undefined, before);
  agent.ask('long ago', before);
  agent.call({ usd: 5, at: before });
  const one = await window({ turn: { usd: 1 }, session: { usd: 1 }, day: { usd: 1 }, sandbox: { usd: 4 } });
  const sourceId = await attach(one);
  await problem(one, 'budget-passed', 'Budget of a turn used up: $5.00 of $1.00');
  await problem(one, 'budget-passed', 'Budget of the sandbox used up: $5.00 of $4.00');
  await until('the sandbox', () => one.told.length === 1);
  expect(one.told[0]).toMatchObject({ state: { kind: 'sandbox', sourceId }, others: 0 });
  const status = await one.server.connection.sendRequest(messages.statusRequest, { sourceId, sessionId: agent.sessionId });
  expect(status?.today).toBeNull();
  expect(status?.budgets.find(({ kind }) => kind === 'day')).toMatchObject({ used: 0, level: null });
  expect(problems(one).some(({ message }) => String(message).includes('of the day'))).toBe(false);
});

it('know nothing of the bundled sample beyond its own problems', async () => {
  const one = await window({ session: { tokens: 1 }, day: { usd: 0.0001 }, workspace: { tokens: 1 }, sandbox: { tokens: 1 } });
  const { sourceId } = await one.server.connection.sendRequest(messages.playSampleRequest, { speed: 0 });
  await problem(one, 'budget-passed', 'Budget of a session used up');
  await problem(one, 'budget-passed', 'Budget of the sandbox used up');
  const [session] = await one.server.connection.sendRequest(messages.sessionsRequest, { sourceId });
  const status = await one.server.connection.sendRequest(messages.statusRequest, { sourceId, sessionId: session?.id ?? '' });
  expect(status?.today).toBeNull();
  expect(status?.budgets.filter(({ kind }) => kind === 'day' || kind === 'workspace').map(({ used }) => used)).toEqual([0, 0]);
  expect(one.told).toEqual([]);
});

it('has what the status bar says of today, by sandbox and by its dearest calls', async () => {
  const other = mkdtempSync(join(tmpdir(), 'sandglass-spending-'));
  try {
    const [first, second] = [
      new SpendingAgent(join(root, '.openclaw')),
      new SpendingAgent(join(other, '.openclaw'), '44444444-4444-4444-8444-444444444444'),
    ];
    for (const agent of [first, second]) agent.ask('spend it');
    for (const usd of [0.01, 0.4, 0.03, 0.02]) first.call({ usd, tool: 'exec' });
    second.call({ usd: 0.3, model: 'second-model' });
    const one = await window({});
    const [sourceId, otherId] = [await attach(one), await attach(one, other)];
    const status = await until('all of today', async () => {
      const answer = await one.server.connection.sendRequest(messages.statusRequest, { sourceId, sessionId: first.sessionId });
      return answer?.today?.calls === 5 && answer;
    });
    expect(status.today).toMatchObject({ usd: 0.76, unpricedCalls: 0 });
    expect(status.todayBySandbox.map(({ spend }) => spend.usd)).toEqual([0.46, 0.3]);
    expect(status.dearest.session.map(({ usd }) => usd)).toEqual([0.4, 0.03, 0.02]);
    expect(status.dearest.today.map(({ usd, model, sourceId: id }) => [usd, model, id])).toEqual([
      [0.4, 'scripted-model', sourceId],
      [0.3, 'second-model', otherId],
      [0.03, 'scripted-model', sourceId],
    ]);
    // Each leads to its span.
    for (const { sourceId: id, spanId } of status.dearest.today)
      expect((await one.server.connection.sendRequest(messages.spanRequest, { sourceId: id, spanId, limit: 0 }))?.span.kind).toBe('chat');
    expect(status.byModel).toEqual([{ model: 'scripted-model', calls: 4, tokens: 4000, usd: 0.46, basis: 'reported' }]);
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
});

it('has what the running turn will come to, from turns like it', async () => {
  const agent = new SpendingAgent(join(root, '.openclaw'));
  for (let turn = 0; turn < 12; turn++) {
    agent.ask('the same again');
    agent.call({ usd: 0.1, tool: 'exec' });
    agent.call({ usd: 0.2 });
  }
  agent.ask('the same again');
  agent.call({ usd: 0.1, tool: 'exec' });
  agent.runs();
  const one = await window({});
  const sourceId = await attach(one);
  const forecast = await until('a forecast', async () => {
    const status = await one.server.connection.sendRequest(messages.statusRequest, { sourceId, sessionId: agent.sessionId });
    return status?.forecast;
  });
  expect(forecast).toMatchObject({ unit: 'usd', of: 12 });
  for (const value of [forecast.median, forecast.low, forecast.high]) expect(value).toBeCloseTo(0.3, 9);
  expect(forecast.soFar).toBeCloseTo(0.1, 9);
});

it('of a turn are told of the last one too, however many dearer ones there were', async () => {
  const agent = new SpendingAgent(join(root, '.openclaw'));
  for (let turn = 0; turn < 30; turn++) {
    agent.ask(`turn ${turn}`);
    agent.call({ usd: 2 });
  }
  agent.ask('the last one');
  agent.call({ usd: 1.5, tool: 'exec' });
  const one = await window({ turn: { usd: 1 } });
  const sourceId = await attach(one);
  await problem(one, 'budget-passed', '$1.50 of $1.00 (150 %)');
  const status = await one.server.connection.sendRequest(messages.statusRequest, { sourceId, sessionId: agent.sessionId });
  expect(status?.budgets.map(({ used }) => used)).toEqual([1.5]);
  // The ten dearest, and it.
  expect(problems(one).map(({ message }) => /used up: (\S+)/.exec(String(message))?.[1])).toEqual([
    ...Array<string>(10).fill('$2.00'),
    '$1.50',
  ]);
  await until('one notice for all', () => one.told.length > 0);
  expect(one.told.map(({ others }) => others)).toEqual([10]);
});
