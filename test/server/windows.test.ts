// Several windows of an editor, each with a server of its own, on one storage directory: one of them reads, all see the same.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../server/src/attach/directory';
import { collect } from '../../server/src/collect/collector';
import { storeFile } from '../../server/src/openStore';
import type { SessionInfo, TraceDocument } from '../../server/src/protocol/document';
import * as messages from '../../server/src/protocol/messages';
import { Store } from '../../server/src/store/store';
import { copyOfRecording, recording } from '../fixtures/recordings';
import { cli, runCli } from './support/cli';
import { ServerProcess, until } from './support/serverProcess';

const waitMs = 45_000;

let storageDir: string;
let key: string | null;
const windows: ServerProcess[] = [];
const removed: string[] = [];
beforeEach(() => {
  storageDir = mkdtempSync(join(tmpdir(), 'sandglass-windows-'));
  removed.push(storageDir);
  key = randomBytes(32).toString('base64');
});
afterEach(async () => {
  for (const window of windows.splice(0)) {
    expect(window.stderr).toBe('');
    await window[Symbol.asyncDispose]();
  }
  for (const path of removed.splice(0)) rmSync(path, { recursive: true, force: true });
});

async function window(options: Partial<messages.InitializeOptions> = {}, env: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
  const started = await ServerProcess.start({ options: { storageDir, storeKey: key, ...options }, env });
  windows.push(started);
  return started;
}

function temporary(): string {
  const made = mkdtempSync(join(tmpdir(), 'sandglass-windows-'));
  removed.push(made);
  return made;
}

const inventory = ({ connection }: ServerProcess): Promise<messages.Inventory> =>
  connection.sendRequest(messages.inventoryRequest, { refresh: false });
async function node(window: ServerProcess, sourceId: string): Promise<messages.SandboxNode | undefined> {
  return (await inventory(window)).sandboxes.find(({ id }) => id === sourceId);
}
const attached = (window: ServerProcess, sourceId: string, kind: messages.AttachState['kind']): Promise<true> =>
  until(`${kind} of ${sourceId}`, async () => (await node(window, sourceId))?.attach.kind === kind);
const open = async ({ connection }: ServerProcess, path: string): Promise<string> =>
  (await connection.sendRequest(messages.openRequest, { path })).sourceId;
const sessions = ({ connection }: ServerProcess, sourceId: string): Promise<readonly SessionInfo[]> =>
  connection.sendRequest(messages.sessionsRequest, { sourceId });
const revision = async ({ connection }: ServerProcess, sourceId: string, sessionId: string): Promise<messages.SessionRevision> => {
  const page = await connection.sendRequest(messages.traceRequest, { sourceId, sessionId, offset: 0, limit: 1 });
  return { epoch: page.epoch, revision: page.revision };
};

async function documents(path: string): Promise<{ readonly kept: TraceDocument; readonly fresh: TraceDocument }> {
  const keyFile = join(storageDir, 'key');
  writeFileSync(keyFile, key ?? '', { mode: 0o600 });
  const kept = await runCli(['trace', path, '--json', '--store', join(storageDir, storeFile), '--key-file', keyFile]);
  expect(kept.stderr).toBe('');
  const fresh = await runCli(['trace', path, '--json']);
  return { kept: JSON.parse(kept.stdout) as TraceDocument, fresh: JSON.parse(fresh.stdout) as TraceDocument };
}

/** A recording whose long session is still to be written. */
function streaming(): { readonly root: string; readonly session: string; readonly calls: number; stream(share: number): void } {
  const copy = copyOfRecording('openclaw-2026.7.1');
  removed.push(copy.root);
  const [session, expected] = Object.entries(copy.expected.sessions).find(([, each]) => each.sessionKey === 'agent:main:long') ?? [];
  if (session === undefined || expected === undefined) throw new Error('the recording has no long session');
  const transcript = join(copy.stateDir, 'agents/main/sessions', `${session}.jsonl`);
  const whole = readFileSync(transcript);
  let written = 0;
  writeFileSync(transcript, '');
  const stream = (share: number): void => {
    const end = Math.min(whole.length, Math.ceil(written + whole.length * share));
    appendFileSync(transcript, whole.subarray(written, end));
    written = end;
  };
  return { root: copy.root, session, calls: expected.own.toolCalls, stream };
}

const caughtUp = (window: ServerProcess, sourceId: string, { session, calls }: { session: string; calls: number }): Promise<true> =>
  until('the last line', async () => (await sessions(window, sourceId)).find(({ id }) => id === session)?.totals.toolCalls === calls);

describe('two windows', () => {
  it('have one reader; what one opens the other sees when it opens it too, and every change of it at once', async () => {
    const [first, second] = [await window(), await window()];
    expect((await inventory(first)).collector).toEqual({ kind: 'this-window', pid: first.child.pid });
    expect((await inventory(second)).collector).toEqual({ kind: 'other-window', pid: first.child.pid });
    for (const each of [first, second]) expect(await inventory(each)).toMatchObject({ storeLifetime: 'durable', storeNote: null });

    const live = streaming();
    live.stream(0.2);
    const sourceId = await open(second, live.root);
    await attached(second, sourceId, 'read');
    expect(await node(first, sourceId)).toBeUndefined();
    expect(await open(first, live.root)).toBe(sourceId);
    await attached(first, sourceId, 'read');
    for (const each of [first, second]) each.changes.length = 0;
    live.stream(0.2);
    const told = await until('the change to be told in the follower', () =>
      second.changes.flatMap((changed) => changed.sessions).find(({ sessionId }) => sessionId === live.session),
    );
    await until('both to show the same', async () => {
      const [one, other] = [await revision(first, sourceId, live.session), await revision(second, sourceId, live.session)];
      return one.epoch === told.epoch && one.epoch === other.epoch && one.revision >= told.revision && one.revision === other.revision;
    });
    live.stream(1);
    for (const each of [first, second]) await caughtUp(each, sourceId, live);
    // The last call is not the last line: both are asked until they were asked of the same moment.
    const different = async (): Promise<readonly SessionInfo[]> => {
      const [one, other] = [await sessions(first, sourceId), await sessions(second, sourceId)];
      return isDeepStrictEqual(one, other) ? [] : [...one, ...other];
    };
    await expect.poll(different, { timeout: waitMs }).toEqual([]);
  });

  it('show the same problems and places, though only one reads', async () => {
    const [, second] = [await window(), await window()];
    const sourceId = await open(second, recording('openclaw-2026.7.1').root);
    await until('problems', () => [...second.diagnostics].some(([uri, all]) => uri.includes(sourceId) && all.length > 0));
    await until('lenses to be asked for anew', () => second.lensRefreshes > 0);
  });

  it('stop reading when a person detaches in either, and go on when one attaches again in either', async () => {
    const [first, second] = [await window(), await window()];
    const live = streaming();
    live.stream(0.1);
    const sourceId = await open(first, live.root);
    await open(second, live.root);
    for (const each of [first, second]) await attached(each, sourceId, 'read');
    await second.connection.sendRequest(messages.detachRequest, { sourceId });
    for (const each of [first, second]) await attached(each, sourceId, 'idle');
    live.stream(1);
    await first.connection.sendRequest(messages.attachRequest, { sourceId });
    for (const each of [first, second]) await attached(each, sourceId, 'read');
    for (const each of [first, second]) await caughtUp(each, sourceId, live);
    // What was only remembered from before is no word for the others.
    await second.connection.sendRequest(messages.detachRequest, { sourceId, remembered: true });
    await attached(first, sourceId, 'read');
    expect((await node(second, sourceId))?.attach.kind).toBe('read');
  });

  it('leave what a person detached from in one as it is when the other comes back with what it had open', async () => {
    const [first, second] = [await window(), await window()];
    const live = streaming();
    live.stream(0.1);
    const sourceId = await open(first, live.root);
    await open(second, live.root);
    const { sourceId: sample } = await first.connection.sendRequest(messages.playSampleRequest, { speed: 0 });
    await second.connection.sendRequest(messages.playSampleRequest, { speed: 0 });
    for (const id of [sourceId, sample]) for (const each of [first, second]) await attached(each, id, 'read');
    for (const id of [sourceId, sample]) {
      await first.connection.sendRequest(messages.detachRequest, { sourceId: id });
      await attached(second, id, 'idle');
    }
    await second.kill();
    const again = await window();
    expect((await again.connection.sendRequest(messages.openRequest, { path: live.root, remembered: true })).sourceId).toBe(sourceId);
    await again.connection.sendRequest(messages.attachRequest, { sourceId, remembered: true });
    await again.connection.sendRequest(messages.playSampleRequest, { speed: 0, remembered: true });
    // Asked for last, and read: whatever was asked before it was done, or was not.
    const other = await open(again, recording('rotation-2026.7.1').root);
    await attached(again, other, 'read');
    for (const id of [sourceId, sample])
      for (const each of [first, again]) expect((await node(each, id))?.attach).toEqual({ kind: 'idle' });
    // It wants it all the same: a person's word in any window is enough.
    live.stream(1);
    await first.connection.sendRequest(messages.attachRequest, { sourceId });
    for (const each of [first, again]) await caughtUp(each, sourceId, live);
    for (const each of [first, again]) await attached(each, sourceId, 'read');
  });

  it('give the same errors, whoever reads', async () => {
    const both = [await window(), await window()];
    const empty = temporary();
    for (const path of [empty, join(empty, 'nowhere')]) {
      const failures = await Promise.all(both.map((each) => open(each, path).then(String, (error: { data?: unknown }) => error.data)));
      expect(failures[1]).toEqual(failures[0]);
      expect(failures[0]).toMatchObject({ reason: expect.stringMatching(/./) as string, hint: expect.stringMatching(/./) as string });
    }
    for (const each of both)
      await expect(each.connection.sendRequest(messages.attachRequest, { sourceId: '0000000000000000' })).rejects.toMatchObject({
        data: { reason: expect.stringContaining('not there any more') as string },
      });
  });

  it('play the sample for whoever asks, anew each time', async () => {
    const [first, second] = [await window(), await window()];
    const { sourceId } = await second.connection.sendRequest(messages.playSampleRequest, { speed: 200 });
    expect((await node(second, sourceId))?.kind).toBe('sample');
    const [session] = await until('a session that is played', async () => {
      const all = await sessions(second, sourceId);
      return all.length > 0 && all;
    });
    await attached(second, sourceId, 'read');
    const before = await revision(second, sourceId, session?.id ?? '');
    await first.connection.sendRequest(messages.playSampleRequest, { speed: 0 });
    await attached(first, sourceId, 'read');
    // One playing for both: who only wants to see it joins the other's.
    expect(await revision(first, sourceId, session?.id ?? '')).toEqual(await revision(second, sourceId, session?.id ?? ''));
    await second.connection.sendRequest(messages.playSampleRequest, { speed: 0 });
    await attached(second, sourceId, 'read');
    // Between two playings there is no such session, not even where it was listed a moment ago.
    const played = (of: ServerProcess): Promise<messages.SessionRevision | null> =>
      revision(of, sourceId, session?.id ?? '').catch((error: unknown) => {
        if (/not there any more|not open any more/.test(String(error))) return null;
        throw error;
      });
    const after = await until('the session of the new playing', async () => {
      const now = await played(second);
      return now !== null && now.epoch !== before.epoch && now;
    });
    await until('the other window to see it too', async () => (await played(first))?.epoch === after.epoch);
  });

  it('read what the settings of either list, for as long as its window lives', async () => {
    const first = await window();
    const copy = copyOfRecording('rotation-2026.7.1');
    removed.push(copy.root);
    const settings = { pathMappings: [], directories: [copy.root], dockerHost: 'unix:///nonexistent/docker.sock', autoAttach: false };
    const second = await window({ trusted: true, settings });
    const listed = await until('the listed directory', async () =>
      (await inventory(second)).sandboxes.find(({ kind }) => kind === 'directory'),
    );
    await attached(second, listed.id, 'read');
    // Of what another window reads nothing is shown that this one did not ask for.
    expect(await node(first, listed.id)).toBeUndefined();
    const path = join(copy.stateDir, 'agents/main/sessions');
    await until('the first to watch it', () => watches(first, path));
    expect(watches(second, path)).toBe(false);
    await second.kill();
    await until('no one to watch it any more', () => !watches(first, path));
  });
});

it('windows that begin at the same moment in an empty place have one store, and one of them reads', async () => {
  const all = await Promise.all([window(), window(), window()]);
  for (const each of await Promise.all(all.map(inventory))) expect(each).toMatchObject({ storeLifetime: 'durable', storeNote: null });
  // Who has the lease may not have written yet who it is.
  const collectors = await until('all to know who reads', async () => {
    const told = (await Promise.all(all.map(inventory))).map(({ collector }) => collector);
    return told.every(({ pid }) => pid !== null && pid === told[0]?.pid) && told;
  });
  expect(collectors.filter(({ kind }) => kind === 'this-window')).toHaveLength(1);
});

describe('when the window that reads', () => {
  it('is killed while a session streams, another goes on within seconds, nothing lost, nothing twice', { timeout: 120_000 }, async () => {
    const [first, second, third] = [await window(), await window(), await window()];
    const live = streaming();
    const sourceId = await open(first, live.root);
    for (const each of [second, third]) expect(await open(each, live.root)).toBe(sourceId);
    const pids = [second.child.pid, third.child.pid];
    live.stream(0.1);
    const shown = async (each: ServerProcess): Promise<number> =>
      (await sessions(each, sourceId)).find(({ id }) => id === live.session)?.totals.toolCalls ?? 0;
    for (const each of [second, third]) await until('the session', async () => (await shown(each)) > 0);
    const epoch = await revision(second, sourceId, live.session);
    // Pieces that end anywhere, before and after and while there is no one to read them.
    let killed = Infinity;
    for (let piece = 0; piece < 30; piece++) {
      live.stream(0.01);
      if (piece === 10) {
        killed = performance.now();
        await first.kill();
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const known = await shown(second);
    live.stream(0.1);
    await until('another to read on', async () => (await shown(second)) > known);
    console.log(`The reading went on ${Math.round(performance.now() - killed)} ms after its window was killed.`);
    for (const each of [second, third]) {
      const collector = await until('who reads now', async () => {
        const told = (await inventory(each)).collector;
        return told.pid !== null && told.pid !== first.child.pid && told;
      });
      expect(pids).toContain(collector.pid);
      expect(collector.kind).toBe(collector.pid === each.child.pid ? 'this-window' : 'other-window');
      await attached(each, sourceId, 'read');
    }
    live.stream(1);
    for (const each of [second, third]) await caughtUp(each, sourceId, live);
    // A page that was open counts on.
    const after = await revision(second, sourceId, live.session);
    expect(after.epoch).toBe(epoch.epoch);
    expect(after.revision).toBeGreaterThan(epoch.revision);
    for (const each of [second, third]) await each[Symbol.asyncDispose]();
    const { kept, fresh } = await documents(live.root);
    expect(kept).toEqual(fresh);
    expect(kept.findings.filter(({ preview }) => !preview)).toEqual([]);
  });

  it('is killed after it wrote and before it told, the others show what it wrote', { timeout: 150_000 }, async () => {
    const [first, second, third] = [await window(), await window(), await window()];
    const live = streaming();
    live.stream(0.3);
    const sourceId = await open(first, live.root);
    for (const each of [second, third]) await open(each, live.root);
    for (const each of [second, third]) await attached(each, sourceId, 'read');
    for (const each of [second, third]) await until('the session', async () => (await sessions(each, sourceId)).length > 0);
    first.child.kill('SIGSTOP');
    live.stream(1);
    // What it does up to its commit, and not the telling that follows.
    using store = Store.open({ path: join(storageDir, storeFile), key: Buffer.from(key ?? '', 'base64'), replaceUnreadable: false });
    const row = store.sources.find(sourceId) ?? -1;
    const end = { follow: false, signal: new AbortController().signal, onChange: () => undefined, onCaughtUp: () => undefined };
    await collect(store, row, await openDirectory(live.root), end);
    const written = store.sources.revisions(row).find(({ session }) => session === live.session)?.revision;
    const lenses = [second, third].map((each) => each.lensRefreshes);
    for (const each of [second, third]) each.changes.length = 0;
    await first.kill();
    for (const each of [second, third])
      await until('that it changed', () =>
        each.changes.some((told) => told.sessions.some(({ sessionId, revision }) => sessionId === live.session && revision === written)),
      );
    for (const [n, each] of [second, third].entries()) await until('lenses to be asked for', () => each.lensRefreshes > (lenses[n] ?? 0));
    for (const each of [second, third]) await caughtUp(each, sourceId, live);
  });

  it('hangs, the others say so and take nothing from it; it goes on where it was', { timeout: 150_000 }, async () => {
    const [first, second] = [await window(), await window()];
    first.child.kill('SIGSTOP');
    try {
      const sourceId = await open(second, recording('rotation-2026.7.1').root);
      const attach = await until('that it hangs', async () => {
        const state = (await node(second, sourceId))?.attach;
        return state?.kind === 'failed' && state;
      });
      expect(attach.reason).toContain(`process ${first.child.pid}`);
      expect((await inventory(second)).collector).toEqual({ kind: 'other-window', pid: first.child.pid });
      first.child.kill('SIGCONT');
      await attached(second, sourceId, 'read');
      expect((await inventory(second)).collector.kind).toBe('other-window');
    } finally {
      first.child.kill('SIGCONT');
    }
  });

  it('ends as it should, the next reads on what that one still wants', async () => {
    const [first, second] = [await window(), await window()];
    const [mine, other] = [streaming(), copyOfRecording('rotation-2026.7.1')];
    removed.push(other.root);
    mine.stream(0.3);
    const sourceId = await open(second, mine.root);
    const others = await open(first, other.root);
    await attached(second, sourceId, 'read');
    await attached(first, others, 'read');
    await first[Symbol.asyncDispose]();
    await until('the second to read', async () => (await inventory(second)).collector.kind === 'this-window');
    mine.stream(1);
    await caughtUp(second, sourceId, mine);
    expect(watches(second, join(other.stateDir, 'agents/main/sessions'))).toBe(false);
    await second[Symbol.asyncDispose]();
    const { kept, fresh } = await documents(mine.root);
    expect(kept).toEqual(fresh);
    // Nothing but the store stays behind.
    expect(readdirSync(storageDir).sort()).toEqual(['key', storeFile, `${storeFile}.lease`]);
  });

  it('is there, the command line reads nothing into its store; and while that one does, the window waits and says so', async () => {
    const keyFile = join(storageDir, 'key');
    writeFileSync(keyFile, key ?? '', { mode: 0o600 });
    const { root: path } = recording('rotation-2026.7.1');
    const args = [path, '--store', join(storageDir, storeFile), '--key-file', keyFile];
    const first = await window();
    const refused = await runCli(['sessions', ...args]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe(`sandglass: the store can't be used: another process (${first.child.pid}) reads into it\n`);
    await first[Symbol.asyncDispose]();

    const command = spawn(process.execPath, [cli, 'follow', ...args], { stdio: 'ignore' });
    try {
      const lease = join(storageDir, `${storeFile}.lease.holder`);
      await until('the command line to read', () => existsSync(lease));
      const second = await window();
      const sourceId = await open(second, path);
      await until('why it is not read', async () => {
        const attach = (await node(second, sourceId))?.attach;
        return attach?.kind === 'failed' && attach.reason.includes(`process ${command.pid}`);
      });
      command.kill('SIGINT');
      await attached(second, sourceId, 'read');
      expect((await inventory(second)).collector.kind).toBe('this-window');
    } finally {
      command.kill('SIGKILL');
    }
  });
});

describe('windows whose store is removed beneath them', () => {
  it('say so and read no more; one that begins after them has a new store, and reads', { timeout: 150_000 }, async () => {
    const [first, second] = [await window(), await window()];
    const live = streaming();
    live.stream(0.3);
    const sourceId = await open(first, live.root);
    await open(second, live.root);
    for (const each of [first, second]) await attached(each, sourceId, 'read');
    for (const each of [first, second]) each.changes.length = 0;
    rmSync(storageDir, { recursive: true });
    const all = [first, second];
    for (const each of all) {
      await attached(each, sourceId, 'lost');
      expect(await inventory(each)).toMatchObject({
        storeLifetime: 'session',
        storeNote: expect.stringContaining('Reload the window') as string,
        collector: { kind: 'none', pid: null },
      });
      await until('it to be told unasked', () => each.changes.some((told) => told.inventory));
      expect((await node(each, sourceId))?.attach).toMatchObject({ reason: expect.stringContaining('Reload') as string, retrying: false });
      // What was read can still be looked at.
      expect((await sessions(each, sourceId)).length).toBeGreaterThan(0);
    }
    const third = await window();
    expect(await inventory(third)).toMatchObject({ storeLifetime: 'durable', storeNote: null, collector: { kind: 'this-window' } });
    expect(await open(third, live.root)).toBe(sourceId);
    live.stream(1);
    await caughtUp(third, sourceId, live);
    // Who asks once more is told again.
    const other = await open(second, recording('rotation-2026.7.1').root);
    await attached(second, other, 'failed');
    expect((await node(second, other))?.attach).toMatchObject({ hint: expect.stringContaining('Reload') as string });
    await expect(second.connection.sendRequest(messages.playSampleRequest, { speed: 0 })).rejects.toMatchObject({
      data: { hint: expect.stringContaining('Reload') as string },
    });
    for (const each of all) await each[Symbol.asyncDispose]();
    expect((await inventory(third)).collector).toEqual({ kind: 'this-window', pid: third.child.pid });
    expect(existsSync(join(storageDir, `${storeFile}.lease.holder`))).toBe(true);
  });

  it('let go of the lease, though only the store was removed', async () => {
    const first = await window();
    const sourceId = await open(first, recording('rotation-2026.7.1').root);
    await attached(first, sourceId, 'read');
    for (const end of ['', '-wal', '-shm']) rmSync(join(storageDir, storeFile + end));
    await attached(first, sourceId, 'lost');
    const second = await window();
    expect(await inventory(second)).toMatchObject({ storeLifetime: 'durable', collector: { kind: 'this-window' } });
  });

  it('go on reading where there was no store to remove', async () => {
    key = null;
    const first = await window();
    rmSync(storageDir, { recursive: true });
    await until('the lease to be lost and taken anew', () => existsSync(join(storageDir, `${storeFile}.lease.holder`)));
    await until('it to say so', async () => (await inventory(first)).collector.kind === 'this-window');
    const second = await window();
    expect((await inventory(second)).collector).toEqual({ kind: 'other-window', pid: first.child.pid });
  });
});

describe('a window that can not share', () => {
  it('does not replace the store of one that lives, though it has another key', async () => {
    const first = await window();
    const sourceId = await open(first, recording('rotation-2026.7.1').root);
    await attached(first, sourceId, 'read');
    const second = await window({ storeKey: randomBytes(32).toString('base64') });
    expect(await inventory(second)).toMatchObject({
      storeLifetime: 'session',
      storeNote: expect.stringContaining('another key') as string,
      collector: { kind: 'other-window', pid: first.child.pid },
    });
    // What lies on this host is read by each for itself.
    expect(await open(second, recording('rotation-2026.7.1').root)).toBe(sourceId);
    await attached(second, sourceId, 'read');
    const before = await sessions(first, sourceId);
    expect(before.length).toBeGreaterThan(0);
    expect(await sessions(second, sourceId)).toEqual(before);
    await first[Symbol.asyncDispose]();
    const third = await window();
    expect(await inventory(third)).toMatchObject({ storeLifetime: 'durable', storeNote: null });
  });

  it('replaces a store whose key is lost when no one has it open, and says so', async () => {
    await (await window())[Symbol.asyncDispose]();
    const second = await window({ storeKey: randomBytes(32).toString('base64') });
    expect(await inventory(second)).toMatchObject({ storeLifetime: 'durable', storeNote: expect.stringContaining('key') as string });
  });

  it('replaces a store whose key is lost though its window was killed and another process has its number by now', async () => {
    await (await window()).kill();
    const left = new DatabaseSync(join(storageDir, storeFile));
    // This one lives, and has nothing to do with the store.
    expect(left.prepare('UPDATE window SET pid = ?').run(process.ppid).changes).toBe(1);
    left.close();
    const second = await window({ storeKey: randomBytes(32).toString('base64') });
    expect(await inventory(second)).toMatchObject({ storeLifetime: 'durable', storeNote: expect.stringContaining('key') as string });
  });

  it('without a key says of its sandboxes that another reads them, and reads them when that one has ended', async () => {
    key = null;
    const home = temporary();
    cpSync(recording('rotation-2026.7.1').stateDir, join(home, '.openclaw'), { recursive: true });
    const settings = { pathMappings: [], directories: [], dockerHost: 'unix:///nonexistent/docker.sock', autoAttach: false };
    const start = (): Promise<ServerProcess> => window({ trusted: true, settings }, { HOME: home });
    const [first, second] = [await start(), await start()];
    const found = (await inventory(second)).sandboxes.find(({ layout }) => layout === 'directory');
    const sourceId = found?.id ?? '';
    for (const each of [first, second]) await each.connection.sendRequest(messages.attachRequest, { sourceId });
    await attached(first, sourceId, 'read');
    await attached(second, sourceId, 'failed');
    expect((await node(second, sourceId))?.attach).toMatchObject({
      reason: expect.stringContaining(`process ${first.child.pid}`) as string,
      hint: expect.stringContaining('close that window') as string,
    });
    expect(await sessions(second, sourceId)).toEqual([]);
    await first[Symbol.asyncDispose]();
    await attached(second, sourceId, 'read');
    expect((await sessions(second, sourceId)).length).toBeGreaterThan(0);
  });
});

/** Does a process hold a watch on a directory? Told by the kernel; where it does not tell, no one does. */
function watches(window: ServerProcess, path: string): boolean {
  const infos = `/proc/${window.child.pid}/fdinfo`;
  if (!existsSync(infos)) return false;
  const inode = `ino:${statSync(path).ino.toString(16)} `;
  return readdirSync(infos).some((fd) => {
    try {
      return readFileSync(join(infos, fd), 'utf8').includes(inode);
    } catch {
      return false; // closed meanwhile
    }
  });
}
