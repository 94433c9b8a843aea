import * as assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { failureText } from '../../../client/src/connection/failureText';
import { ServerHost } from '../../../client/src/connection/serverHost';
import type { ServerFailure } from '../../../client/src/connection/serverHost';
import type { RuntimeChoice } from '../../../client/src/connection/runtime';
import { ServerError } from '../../../client/src/connection/serverError';

/** The host of a server that is broken in one way or another. */
describe('a server that does not come up', () => {
  let folder: string;
  let log: vscode.LogOutputChannel;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sandglass-broken-'));
    log = vscode.window.createOutputChannel('Sandglass Test', { log: true });
  });
  after(() => {
    log.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const own: RuntimeChoice = { kind: 'found', runtime: { from: 'editor', command: process.execPath }, node: process.versions.node };

  async function failureOf(code: string, choice: RuntimeChoice = own): Promise<ServerFailure> {
    const serverModule = join(folder, 'server.js');
    writeFileSync(serverModule, code);
    const settings = { pathMappings: [], directories: [], dockerHost: '', autoAttach: false };
    const host = new ServerHost({
      serverModule,
      log,
      serverLog: log,
      chooseRuntime: async () => choice,
      initializeOptions: async () => ({ storageDir: null, storeKey: null, extensionDir: folder, trusted: false, settings }),
    });
    try {
      await assert.rejects(
        () => host.request('inventory', { refresh: false }),
        (error) => ServerError.is(error, 'unavailable'),
      );
      assert.ok(host.state.kind === 'failed', host.state.kind);
      return host.state.failure;
    } finally {
      await host.dispose();
    }
  }

  it('is given up after a few tries, with what it said', async () => {
    const failure = await failureOf('process.exit(3);');
    assert.equal(failure.kind, 'not-started');
    assert.match(failureText(failure, vscode.l10n.t), /exit code 3/);
  });

  it('says which Node was missing what, where none will do', async () => {
    const rejected = [{ from: 'editor', command: 'x', problem: { kind: 'lacks', node: '22.10.0', what: ['node:sqlite'] } }] as const;
    const failure = await failureOf('', { kind: 'none', rejected });
    assert.equal(failure.kind, 'no-runtime');
    assert.match(failureText(failure, vscode.l10n.t), /22\.10\.0.*node:sqlite.*sandglass\.server\.nodePath/);
  });

  it('that cannot even be started is one, too', async () => {
    const failure = await failureOf('', { ...own, runtime: { from: 'setting', command: join(folder, 'no-such-node') } });
    assert.equal(failure.kind, 'not-started');
  });
});
