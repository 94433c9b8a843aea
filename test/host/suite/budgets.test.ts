import * as assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { BudgetNotices } from '../../../client/src/budgets/budgetNotices';
import { tracePanelType } from '../../../client/src/contributions';
import type { Notice } from '../../../client/src/notify';
import { tooltipCommands } from '../../../client/src/status/statusTooltip';
import type { BudgetNotice } from '../../../server/src/protocol/cost';
import { SpendingAgent } from '../../fixtures/spending';
import { problems, problemThat, sandglass, until } from '../support';

const limits = 'sandglass.budgets.limits';
const isBudget = (code: unknown, name: string): boolean =>
  (typeof code === 'object' && code !== null && 'value' in code ? code.value : code) === name;

describe('what is told of a budget', () => {
  const notice = (given: Partial<BudgetNotice['state']> = {}, pausable = true): BudgetNotice => ({
    state: {
      kind: 'turn',
      unit: 'usd',
      limit: 0.5,
      used: 0.62,
      level: 'passed',
      unpricedCalls: 0,
      session: { sourceId: 'a', sessionId: 's' },
      span: { sourceId: 'a', spanId: 'x' },
      sourceId: 'a',
      ...given,
    },
    level: given.level ?? 'passed',
    drivers: [],
    sandbox: 'my-assistant',
    pausable,
    others: 0,
  });
  const kept = new Map<string, unknown>();
  const memento = {
    keys: () => [...kept.keys()],
    get: (key: string, otherwise?: unknown) => kept.get(key) ?? otherwise,
    update: async (key: string, value: unknown) => void kept.set(key, value),
  } as vscode.Memento;
  const shown: Notice[] = [];
  let admits = true;
  const notices = new BudgetNotices(
    { onBudget: new vscode.EventEmitter<BudgetNotice>().event },
    { tryToShow: (one: Notice) => (admits ? (shown.push(one), true) : false) },
    memento,
    50,
  );
  const titles = (): readonly string[] => (shown.at(-1)?.actions ?? []).map(({ title }) => title);
  const atLimit = (value: string | undefined) =>
    vscode.workspace.getConfiguration().update('sandglass.budgets.atLimit', value, vscode.ConfigurationTarget.Global);
  beforeEach(() => void shown.splice(0));
  after(async () => {
    notices.dispose();
    await atLimit(undefined);
  });

  it('offers to pause a sandbox only where that was asked for, and only when all is used up', async () => {
    notices.tell(notice());
    assert.deepEqual(titles(), ['Open Trace', 'Open Cost View']);
    await atLimit('offerPause');
    notices.tell(notice());
    assert.deepEqual(titles(), ['Pause my-assistant…', 'Open Trace']);
    notices.tell(notice({}, false));
    assert.deepEqual(titles(), ['Open Trace', 'Open Cost View']);
    notices.tell(notice({ level: 'warning' }));
    assert.deepEqual(titles(), ['Open Trace', 'Open Cost View']);
  });

  it('comes later when too much else is told, and is not lost', async () => {
    admits = false;
    notices.tell(notice({ kind: 'session' }));
    notices.tell(notice({ kind: 'day', session: null, span: null, sourceId: null }));
    assert.equal(shown.length, 0);
    admits = true;
    await until('both', () => shown.length === 2);
    assert.match(shown[0]?.text ?? '', /^Budget of the session is used up/);
    assert.match(shown[1]?.text ?? '', /^Budget of the day is used up/);
  });

  it('is not told again of that budget to whoever does not want it, and is of another', async () => {
    notices.tell(notice());
    await shown.at(-1)?.silenced?.();
    notices.tell(notice());
    assert.equal(shown.length, 1);
    notices.tell(notice({ limit: 0.6 }));
    assert.equal(shown.length, 2);
  });
});

describe('what now costs', () => {
  let dir: string;
  let agent: SpendingAgent;
  let sourceId: string;
  const configuration = () => vscode.workspace.getConfiguration();
  before(async () => {
    const { services } = await sandglass();
    dir = mkdtempSync(join(tmpdir(), 'sandglass-spending-'));
    agent = new SpendingAgent(join(dir, '.openclaw'));
    agent.ask('spend it');
    agent.call({ usd: 0.3, tool: 'exec' });
    agent.call({ usd: 0.12, tool: 'exec', model: '[x](command:workbench.action.closeWindow)' });
    sourceId = (await services.sources.open(dir)) ?? '';
    assert.ok(sourceId);
    services.status.follow({ sourceId, sessionId: agent.sessionId });
    await until(
      'the session in view',
      () => services.status.view?.session.id === agent.sessionId && services.status.view.today?.calls === 2,
    );
  });
  after(async () => {
    const { services } = await sandglass();
    services.status.follow(null);
    await configuration().update(limits, undefined, vscode.ConfigurationTarget.Global);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await services.sources.detach(sourceId);
    rmSync(dir, { recursive: true, force: true });
  });

  it('has a tooltip with links to nothing but what shows something', async () => {
    const { services } = await sandglass();
    const tooltip = await until('the tooltip', () => services.status.tooltip);
    assert.deepEqual(tooltip.isTrusted, { enabledCommands: [...tooltipCommands] });
    assert.equal(tooltip.supportHtml, false);
    const links = [...tooltip.value.matchAll(/(?<!\\)\]\((command:[^)]*)\)/g)].map((match) => match[1] ?? '');
    assert.equal(links.filter((link) => link.startsWith('command:sandglass.openSpan?')).length, 2, tooltip.value);
    assert.ok(
      links.every((link) => tooltipCommands.some((command) => link.startsWith(`command:${command}`))),
      links.join('\n'),
    );
  });

  it('opens the span of a call that cost much, by the arguments of its link', async () => {
    const { services } = await sandglass();
    const tooltip = await until('the tooltip', () => services.status.tooltip);
    const query = /command:sandglass\.openSpan\?([0-9A-Za-z%]+)/.exec(tooltip.value)?.[1] ?? '';
    const given = JSON.parse(decodeURIComponent(query)) as unknown[];
    await vscode.commands.executeCommand('sandglass.openSpan', ...given);
    await until('its trace', () => traceIsOpen());
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    // What is no span is none.
    for (const wrong of [undefined, {}, { sourceId: 1, spanId: 2 }]) await vscode.commands.executeCommand('sandglass.openSpan', wrong);
    assert.equal(traceIsOpen(), false);
  });

  it('has a menu for the keyboard, with the trace first', async () => {
    const menu = vscode.commands.executeCommand('sandglass.costMenu');
    await until('the trace', async () => {
      // Pressed again until the list is there.
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return traceIsOpen();
    });
    await menu;
  });

  it('is a problem once a budget is used up, and none when it is raised', async () => {
    const { services } = await sandglass();
    await configuration().update(limits, { session: { usd: 0.5 }, turn: { tokens: 1_000_000 } }, vscode.ConfigurationTarget.Global);
    const [, warning] = await problemThat('the warning', ([, { code }]) => isBudget(code, 'budget-warning'));
    assert.match(warning.message, /^Budget of a session nearly used up: \$0\.42 of \$0\.50 \(84 %\)\./);
    await until('its share', () => / · budget 84 %$/.test(services.status.text ?? ''));
    agent.call({ usd: 0.18 });
    const [uri, passed] = await problemThat('that it is used up', ([, { code }]) => isBudget(code, 'budget-passed'));
    assert.match(passed.message, /used up: \$0\.60 of \$0\.50 \(120 %\)/);
    assert.equal(passed.severity, vscode.DiagnosticSeverity.Warning);
    const document = await vscode.workspace.openTextDocument(uri);
    assert.match(document.lineAt(passed.range.start.line).text, /^Budget of a session used up/);
    await until('the sign of it', () => / · \$\(warning\) budget 120 % · /.test(services.status.text ?? ''));
    await configuration().update(limits, { session: { usd: 5 } }, vscode.ConfigurationTarget.Global);
    await until(
      'no problem',
      () => !problems().some(([, { code }]) => isBudget(code, 'budget-passed') || isBudget(code, 'budget-warning')),
    );
    await until('the other share', () => / · budget 12 %$/.test(services.status.text ?? ''));
  });
});

function traceIsOpen(): boolean {
  return vscode.window.tabGroups.all.some(({ tabs }) =>
    tabs.some(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(tracePanelType)),
  );
}
