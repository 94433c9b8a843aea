/** `npm run soak -- kills`: the server is killed ten times while 300 calls stream out of a real sandbox. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { TraceDocument } from '../../server/src/protocol/document';
import { storeFile } from '../../server/src/openStore';
import * as messages from '../../server/src/protocol/messages';
import { bed, BedSandbox, VERSIONS } from '../bed/bed';
import { runCli } from '../server/support/cli';
import { ServerProcess, until } from '../server/support/serverProcess';

const rounds = 10;

export async function kills(): Promise<boolean> {
  const state = await bed(VERSIONS.jsonl);
  if (state.kind === 'missing') {
    console.log(`kills: did NOT run: ${state.reason}`);
    return false;
  }
  const sandbox = await BedSandbox.up({ version: VERSIONS.jsonl });
  const storageDir = mkdtempSync(join(tmpdir(), 'sandglass-soak-'));
  try {
    const key = randomBytes(32).toString('base64');
    const settings = { pathMappings: [], directories: [], dockerHost: process.env.DOCKER_HOST ?? '', autoAttach: true };
    const start = (): Promise<ServerProcess> =>
      ServerProcess.start({ options: { storageDir, storeKey: key, trusted: true, settings }, env: { HOME: sandbox.home } });
    const streaming = sandbox.run('long');
    const attached: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const server = await start();
      const began = Date.now();
      await until('the sandbox to be live', async () => {
        const { sandboxes } = await server.connection.sendRequest(messages.inventoryRequest, { refresh: false });
        return sandboxes.find((found) => found.name === sandbox.name)?.attach.kind === 'live';
      });
      attached.push(Date.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 1500 + 300 * round));
      await server.kill();
    }
    await streaming;
    const keyFile = join(storageDir, 'key');
    writeFileSync(keyFile, key, { mode: 0o600 });
    const env = { HOME: sandbox.home };
    const kept = await runCli(['trace', sandbox.name, '--json', '--store', join(storageDir, storeFile), '--key-file', keyFile], env);
    const fresh = await runCli(['trace', sandbox.name, '--json'], env);
    if (kept.code !== 0 || fresh.code !== 0) throw new Error(`${kept.stderr}${fresh.stderr}`);
    const [keptDocument, freshDocument] = [JSON.parse(kept.stdout) as TraceDocument, JSON.parse(fresh.stdout) as TraceDocument];
    const spans = (document: TraceDocument): number => document.sessions.reduce((sum, session) => sum + session.spans.length, 0);
    console.log(
      `server killed ${rounds} times while 300 calls streamed; live again after ${Math.min(...attached)} to ${Math.max(...attached)} ms each time`,
    );
    console.log(
      `spans kept over the kills: ${spans(keptDocument)}; in a fresh reading: ${spans(freshDocument)}; policy events ${keptDocument.policy.length} and ${freshDocument.policy.length}`,
    );
    if (!isDeepStrictEqual(keptDocument, freshDocument)) {
      console.log('FAILED: the kept document is not the fresh one');
      return false;
    }
    console.log('the kept document equals the fresh one: nothing lost, nothing twice');
    return true;
  } finally {
    await sandbox.down();
    rmSync(storageDir, { recursive: true, force: true });
  }
}
