import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Spend } from '../../../server/src/protocol/cost';
import { openRecording, sandglass, until } from '../support';
import type { OpenRecording } from '../support';

const prices = 'sandglass.cost.prices';
const flatRate = 'sandglass.cost.subscription';

describe('the cost view', () => {
  let recording: OpenRecording;
  before(async () => void (recording = await openRecording('openclaw-2026.7.1')));
  after(async () => {
    await set(prices, undefined);
    await set(flatRate, undefined);
    await recording.dispose();
  });

  it('opens on what is attached, and comes to what its sessions come to', async () => {
    await vscode.commands.executeCommand('sandglass.showCosts', { sourceId: recording.sourceId });
    assert.ok(await until('its tab', () => tab()));
    const total = await totalThat('all calls of the recording', ({ calls }) => calls > 0);
    const sessions = recording.sessions.map(({ totals }) => totals);
    assert.equal(
      total.calls,
      sessions.reduce((sum, { llmCalls }) => sum + llmCalls, 0),
    );
    for (const kind of ['input', 'output', 'cacheRead', 'cacheWrite'] as const)
      assert.equal(
        total.usage[kind],
        sessions.reduce((sum, { usage }) => sum + usage[kind], 0),
        kind,
      );
    const usd = sessions.reduce((sum, { cost }) => sum + (cost.usd ?? 0), 0);
    assert.ok(Math.abs((total.usd ?? 0) - usd) < 1e-9, `${total.usd} is not ${usd}`);
    const { services } = await sandglass();
    // By day at first; each of them once.
    const page = shownCosts(services.costs.shown);
    assert.ok(page !== null && page.answer.rows.length > 0 && page.answer.rows.every(({ label }) => /^\d{4}-\d\d-\d\d$/.test(label ?? '')));
    assert.ok(page.sources.some(({ sourceId }) => sourceId === recording.sourceId));
  });

  it('turns to a session, and opens no second tab for it', async () => {
    const session = recording.session('coding');
    await vscode.commands.executeCommand('sandglass.showCosts', session);
    const own = recording.sessions.find(({ id }) => id === session.sessionId);
    await totalThat('the calls of the session', ({ calls }) => calls === own?.totals.llmCalls);
    assert.equal(tabs().length, 1);
  });

  it('lists the models, and a price that is set changes the sum at once, until it is taken back', async () => {
    const { services } = await sandglass();
    await vscode.commands.executeCommand('sandglass.showPrices');
    const models = await until('the models', () => (services.costs.shown?.kind === 'prices' ? services.costs.shown.models : null));
    const model = models.find(({ provider, settable }) => settable && provider !== null);
    assert.ok(model?.model, `no model among ${models.map((each) => each.model).join(', ')}`);
    const named = { provider: model.provider, vendor: model.vendor, model: model.model };

    await vscode.commands.executeCommand('sandglass.showCosts', { sourceId: recording.sourceId });
    const before = await totalThat('the sum', ({ calls }) => calls > 0);
    // Dear enough that no other price comes to it.
    await vscode.commands.executeCommand('sandglass.setPrice', { ...named, rates: { input: 5000, output: 5000 } });
    const written = vscode.workspace.getConfiguration().inspect(prices)?.globalValue;
    assert.deepEqual(written, [{ provider: named.vendor ?? named.provider, model: named.model, input: 5000, output: 5000 }]);
    const after = await totalThat('the sum by the price that was set', ({ byBasis }) => (byBasis.user ?? 0) > 0);
    assert.ok((after.usd ?? 0) > 100 * (before.usd ?? 0), `${before.usd} became ${after.usd}`);
    assert.deepEqual(after.usage, before.usage);

    await vscode.commands.executeCommand('sandglass.setPrice', { ...named, remove: true });
    assert.equal(vscode.workspace.getConfiguration().inspect(prices)?.globalValue, undefined);
    const again = await totalThat('the sum as it was', ({ byBasis }) => byBasis.user === undefined);
    assert.equal(again.usd, before.usd);
  });

  it('asks for a price step by step, with the one that holds now to begin with, and writes nothing when it is given up', async () => {
    const { services } = await sandglass();
    const models = await services.server.request('prices', undefined);
    const model = models.find(({ rates }) => rates !== null);
    assert.ok(model?.model && model.rates, 'no model with a price');
    const asked = (): Thenable<unknown> =>
      vscode.commands.executeCommand('sandglass.setPrice', { provider: model.provider, vendor: model.vendor, model: model.model });

    // Nothing tells an extension that a box is open, so keys are pressed until it is answered.
    const givenUp = asked();
    await pressUntil('workbench.action.closeQuickOpen', givenUp);
    assert.equal(vscode.workspace.getConfiguration().inspect(prices)?.globalValue, undefined);

    const answered = asked();
    await pressUntil('quickInput.accept', answered);
    const written = vscode.workspace.getConfiguration().inspect<readonly Record<string, unknown>[]>(prices)?.globalValue;
    assert.equal(written?.length, 1, JSON.stringify(written));
    assert.equal(written[0]?.['model'], model.model);
    assert.equal(written[0]?.['input'], model.rates.input);
    assert.equal(written[0]?.['output'], model.rates.output);
    await totalThat('the sum by the price that was set', ({ byBasis }) => byBasis.user !== undefined);
    await set(prices, undefined);
    await totalThat('the sum as it was', ({ byBasis }) => byBasis.user === undefined);
  });

  it('says so when a flat rate is paid', async () => {
    const { services } = await sandglass();
    await set(flatRate, true);
    await until('the page knows', () => shownCosts(services.costs.shown)?.subscription === true);
    await set(flatRate, undefined);
    await until('the page knows', () => shownCosts(services.costs.shown)?.subscription === false);
  });

  it('is there again after the editor was loaded anew, as it was left', async () => {
    const { services } = await sandglass();
    const state = services.costs.state;
    assert.ok(state !== null);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await until('it is closed', () => services.costs.state === null);
    // What the editor does with the panel that it kept.
    const panel = vscode.window.createWebviewPanel('sandglass.costs', 'Costs', vscode.ViewColumn.Active, {});
    const kept = { ...state, by: 'model' as const };
    await services.costs.deserializeWebviewPanel(panel, kept);
    await totalThat('its sum', ({ calls }) => calls > 0);
    assert.deepEqual(services.costs.state, kept);
    // One is enough.
    const another = vscode.window.createWebviewPanel('sandglass.costs', 'Costs', vscode.ViewColumn.Active, {});
    await services.costs.deserializeWebviewPanel(another, kept);
    await until('one tab', () => tabs().length === 1);
  });

  async function totalThat(what: string, fits: (total: Spend) => boolean): Promise<Spend> {
    const { services } = await sandglass();
    return until(what, () => {
      const total = shownCosts(services.costs.shown)?.answer.total;
      return total !== undefined && fits(total) ? total : null;
    });
  }
});

type Shown = Awaited<ReturnType<typeof sandglass>>['services']['costs']['shown'];

function shownCosts(shown: Shown): Extract<NonNullable<Shown>, { kind: 'costs' }>['page'] | null {
  return shown?.kind === 'costs' ? shown.page : null;
}

function tabs(): readonly vscode.Tab[] {
  return vscode.window.tabGroups.all.flatMap(({ tabs: open }) =>
    open.filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith('sandglass.costs')),
  );
}

function tab(): vscode.Tab | null {
  return tabs()[0] ?? null;
}

async function pressUntil(command: string, ended: Thenable<unknown>): Promise<void> {
  let over = false;
  void ended.then(() => (over = true));
  await until(`${command} answers`, async () => {
    if (over) return true;
    await vscode.commands.executeCommand(command);
    return over;
  });
  await ended;
}

async function set(setting: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration().update(setting, value, vscode.ConfigurationTarget.Global);
}
