/** Sources opened, attached, detached and looked for at the same time: one collector for each at any moment, and the last word counts. */
import { appendFileSync, chmodSync, cpSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type * as collector from '../../../server/src/collect/collector';
import { Hub } from '../../../server/src/collect/hub';
import type { HubChange } from '../../../server/src/collect/change';
import type { HubOptions } from '../../../server/src/collect/hub';
import { openSourceLimit } from '../../../server/src/collect/roster';
import type { OpenSource } from '../../../server/src/collect/roster';
import { sourceIdOf } from '../../../server/src/collect/sourceId';
import type { Settings } from '../../../server/src/protocol/messages';
import { recording } from '../../fixtures/recordings';
import { asNobody, emptyState, entry, header, sleep, temporary, writeSession } from '../attach/reading';
import { memoryStore } from '../support/traces';

/** Collectors at work, by row; and the most there ever were of one. */
const work = vi.hoisted(() => ({ now: new Map<number, number>(), most: 0, begun: 0 }));
vi.mock('../../../server/src/collect/collector', async (original) => {
  const actual = await original<typeof collector>();
  const collect: typeof actual.collect = async (store, row, source, options) => {
    work.begun += 1;
    work.now.set(row, (work.now.get(row) ?? 0) + 1);
    work.most = Math.max(work.most, ...work.now.values());
    try {
      await actual.collect(store, row, source, options);
    } finally {
      work.now.set(row, (work.now.get(row) ?? 0) - 1);
    }
  };
  return { ...actual, collect };
});
const atWork = (): number => [...work.now.values()].reduce((sum, count) => sum + count, 0);

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  expect(atWork()).toBe(0);
  expect(work.most).toBeLessThanOrEqual(1);
  work.now.clear();
  work.begun = 0;
  work.most = 0;
});

const SAMPLE = join(import.meta.dirname, '../../../sample');
const errors: unknown[] = [];

function hubOf(home: string, settings: Partial<Settings> = {}, options: Partial<HubOptions> = {}): Hub {
  const store = options.store ?? memoryStore();
  const hub = new Hub({
    store,
    home,
    env: {},
    sampleDir: SAMPLE,
    shared: { lease: null, store: false },
    onChange: () => undefined,
    onError: (error) => errors.push(error),
    ...options,
  });
  closing.push(async () => {
    await hub[Symbol.asyncDispose]();
    if (options.store === undefined) store[Symbol.dispose]();
    expect(errors.splice(0)).toEqual([]);
  });
  hub.configure(true, { pathMappings: [], directories: [], dockerHost: `unix://${home}/no.sock`, autoAttach: true, ...settings });
  return hub;
}

async function state(open: () => OpenSource | null, kind: OpenSource['state']['kind'], ms = 20_000): Promise<OpenSource['state']> {
  for (const end = Date.now() + ms; ;) {
    const found = open()?.state;
    if (found?.kind === kind) return found;
    if (Date.now() > end) throw new Error(`it is ${JSON.stringify(found)}, not ${kind}`);
    await sleep(10);
  }
}

/** A home with OpenClaw's own state directory in it, which is found as a sandbox. */
function homeWithState(): { readonly home: string; readonly id: string } {
  const home = temporary();
  cpSync(recording('rotation-2026.7.1').stateDir, join(home, '.openclaw'), { recursive: true });
  return { home, id: sourceIdOf('sandbox', `directory:${join(home, '.openclaw')}`) };
}

/** An engine without containers that takes its time; how often its list was asked for. */
async function slowEngine(ms: number): Promise<{ readonly host: string; lists(): number }> {
  const path = join(temporary(), 'docker.sock');
  let lists = 0;
  const server = createServer((request, response) => {
    if (!request.url?.includes('/containers/json')) return; // events: none for now
    lists += 1;
    setTimeout(() => response.setHeader('content-type', 'application/json').end('[]'), ms);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  closing.push(() => (server.closeAllConnections(), server.close()));
  return { host: `unix://${path}`, lists: () => lists };
}

describe('the hub', () => {
  it('plays the sample once, however fast it is asked twice', async () => {
    const hub = hubOf(temporary());
    const opened = await Promise.all([hub.playSample(50), hub.playSample(50), hub.playSample(0)]);
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    expect(hub.all()).toHaveLength(1);
    expect(hub.all()[0]).toBe(opened[2]);
    expect(atWork()).toBe(1);
    expect(new Set(opened.map(({ row }) => row)).size).toBe(3);
    await state(() => hub.all()[0] ?? null, 'read', 20_000);
  });

  it('plays the sample again, though an earlier life of the server played it and kept it', async () => {
    const store = memoryStore();
    for (let life = 1; life <= 2; life++) {
      let played = 0;
      const hub = hubOf(temporary(), {}, { store, onChange: ({ result }) => (played += result?.sessions.length ?? 0) });
      await hub.playSample(0);
      await state(() => hub.all()[0] ?? null, 'read', 20_000);
      expect(played).toBeGreaterThan(0);
      await hub.playSample(1000);
      const before = played;
      await state(() => hub.all()[0] ?? null, 'read', 20_000);
      expect(played).toBeGreaterThan(before);
      await hub[Symbol.asyncDispose]();
    }
    store[Symbol.dispose]();
  });

  it('opens a recording once, however often it is asked at once', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'), entry('1'));
    const hub = hubOf(temporary());
    const opened = await Promise.all([hub.open(stateDir), hub.open(stateDir), hub.open(join(stateDir, '..'))]);
    expect(opened[1]).toBe(opened[0]);
    expect(atWork()).toBe(hub.all().length);
    await state(() => opened[0] ?? null, 'read');
  });

  it('attached again while it is being detached is attached; detached while it is being attached is not', async () => {
    const { home, id } = homeWithState();
    const hub = hubOf(home);
    await hub.refresh();
    await hub.attach(id);
    await state(() => hub.get(id), 'read');
    await Promise.all([hub.detach(id), hub.attach(id)]);
    expect(atWork()).toBe(1);
    await state(() => hub.get(id), 'read');
    await Promise.all([hub.attach(id), hub.detach(id)]);
    expect(atWork()).toBe(0);
    expect(hub.get(id)?.state).toEqual({ kind: 'idle' });
    const mixed = [hub.attach(id), hub.detach(id), hub.attach(id), hub.attach(id), hub.detach(id), hub.attach(id)];
    await Promise.all(mixed);
    expect(atWork()).toBe(1);
    await state(() => hub.get(id), 'read');
    expect(work.most).toBe(1);
  });

  it('does not open again what a person detached, when it looks again', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'));
    const hub = hubOf(temporary(), { directories: [stateDir] });
    await hub.refresh();
    const [open] = hub.all();
    await state(() => open ?? null, 'read');
    await Promise.all([hub.detach(open?.id ?? ''), hub.refresh()]);
    await hub.refresh();
    expect(hub.get(open?.id ?? '')?.state).toEqual({ kind: 'idle' });
    await hub.open(stateDir);
    await state(() => hub.get(open?.id ?? ''), 'read');
  });

  it('lists what a person detached in an earlier life of the server, and reads it only when asked to', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'));
    const hub = hubOf(temporary(), { directories: [stateDir] });
    const id = sourceIdOf('directory', stateDir);
    await hub.detach(id);
    await hub.refresh();
    expect(hub.get(id)?.state).toEqual({ kind: 'idle' });
    expect(work.begun).toBe(0);
    await hub.attach(id);
    await state(() => hub.get(id), 'read');
  });

  it('closes what was taken out of the settings, but not what a person opened', async () => {
    const [first, second, third] = [emptyState(), emptyState(), emptyState()];
    for (const { sessions } of [first, second, third]) writeSession(sessions, 'a.jsonl', header('a'), entry('1'));
    const link = join(temporary(), 'link');
    symlinkSync(third.stateDir, link);
    const told: HubChange[] = [];
    const hub = hubOf(temporary(), {}, { onChange: (change) => void told.push(change) });
    const list = async (...directories: readonly string[]): Promise<void> => {
      hub.configure(true, { ...hub.settings, directories: [...directories] });
      await hub.refresh();
    };
    const paths = (): readonly string[] => hub.all().map(({ id }) => id);
    const id = (state: { readonly stateDir: string }): string => sourceIdOf('directory', state.stateDir);
    await list(first.stateDir, second.stateDir, third.stateDir);
    await state(() => hub.get(id(first)), 'read');
    await hub.open(second.stateDir);
    expect([...paths()].sort()).toEqual([id(first), id(second), id(third)].sort());
    expect(atWork()).toBe(3);
    told.length = 0;
    await list(link);
    expect([...paths()].sort()).toEqual([id(second), id(third)].sort()); // the third by another name
    expect(hub.inventory().sandboxes.map((node) => node.id)).not.toContain(id(first));
    expect(told.some(({ inventory }) => inventory)).toBe(true);
    expect(atWork()).toBe(2);
    await hub.detach(id(third));
    await list();
    expect(paths()).toEqual([id(second)]);
    expect(atWork()).toBe(1);
    await list(first.stateDir, third.stateDir); // listed anew, and read, though it was detached before
    await state(() => hub.get(id(third)), 'read');
    expect(atWork()).toBe(3);
    await hub.detach(id(third));
    await hub.attach(id(third)); // asked for by a person, as if opened
    await list();
    expect([...paths()].sort()).toEqual([id(second), id(third)].sort());
    expect(atWork()).toBe(2);
  });

  it('keeps what is listed though it can not be opened for a while', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'));
    const hub = hubOf(temporary(), { directories: [stateDir] });
    await hub.refresh();
    await state(() => hub.all()[0] ?? null, 'read');
    renameSync(stateDir, `${stateDir}.away`);
    await hub.refresh();
    expect(hub.all()).toHaveLength(1);
    renameSync(`${stateDir}.away`, stateDir);
  });

  it('says of a directory of the settings that may not be read so, and everything else is opened and listed', async () => {
    const { home, id } = homeWithState();
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'));
    const root = temporary();
    mkdirSync(join(root, 'closed', '.openclaw', 'agents'), { recursive: true });
    for (const dir of [root, home, join(stateDir, '..')]) chmodSync(dir, 0o755);
    const hub = hubOf(home, { directories: [join(root, 'closed'), join(root, 'nowhere'), stateDir] });
    await asNobody(join(root, 'closed'), () => hub.refresh());
    const { looked, sandboxes } = hub.inventory();
    expect(looked.filter(({ place }) => place.startsWith(root))).toMatchObject([
      { place: join(root, 'closed'), outcome: 'refused', reason: expect.stringContaining('Check the permissions') as string },
      { place: join(root, 'nowhere'), outcome: 'absent', reason: expect.stringContaining('Check the path') as string },
    ]);
    expect(sandboxes.map((node) => node.id)).toContain(id);
    expect(hub.all()).toHaveLength(1);
    await hub.refresh();
    expect(hub.inventory().looked.find(({ place }) => place === join(root, 'closed'))).toBeUndefined();
  });

  it('shows of a directory what could not be read in it, and no more once it is mended', async () => {
    const { stateDir, sessions } = emptyState();
    writeFileSync(join(sessions, 'sessions.json'), '{"agent:main:a":{"sessionId":"a"}}');
    symlinkSync('/nowhere', join(sessions, 'link.jsonl'));
    const told: number[] = [];
    const hub = hubOf(temporary(), {}, { onChange: ({ inventory, result }) => inventory && result && told.push(result.sessions.length) });
    const open = await hub.open(stateDir);
    await state(() => open, 'read');
    expect(hub.node(open).skipped).toMatchObject([
      { where: 'agents/main/sessions/link.jsonl' },
      { where: 'agents/main/sessions/sessions.json' },
    ]);
    const before = told.length;
    writeSession(sessions, 'a.jsonl', header('a'));
    await vi.waitFor(() => expect(hub.node(open).skipped).toMatchObject([{ where: 'agents/main/sessions/link.jsonl' }]), 20_000);
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(before), 20_000);
  });

  it('looks once for all who ask at once, and once more when things changed meanwhile', async () => {
    const engine = await slowEngine(60);
    const hub = hubOf(temporary(), { dockerHost: engine.host });
    await Promise.all([hub.refresh(), hub.lookedOnce(), hub.refresh(), hub.refresh()]);
    const perLook = engine.lists();
    await hub.lookedOnce();
    expect(engine.lists()).toBe(perLook);
    await hub.refresh();
    expect(engine.lists()).toBe(2 * perLook);
    const before = hub.refresh();
    const other = await slowEngine(1);
    hub.configure(true, { pathMappings: [], directories: [], dockerHost: other.host, autoAttach: false });
    await Promise.all([before, hub.refresh()]);
    expect(other.lists()).toBe(perLook);
    expect(hub.inventory().looked[0]?.place).toContain(other.host);
  });

  it('does not say that there is no Docker before it has looked', async () => {
    const engine = await slowEngine(150);
    const hub = hubOf(temporary(), { dockerHost: engine.host });
    const look = hub.refresh();
    await hub.lookedOnce();
    expect(hub.inventory().empty).toBe('nothing-found');
    expect(hub.inventory().looked[0]).toMatchObject({ outcome: 'ok' });
    await look;
  });

  it('says of a sandbox without a container that it failed, and what to do, and does not go on trying', async () => {
    const home = temporary();
    mkdirSync(join(home, '.nemoclaw'));
    writeFileSync(join(home, '.nemoclaw', 'sandboxes.json'), JSON.stringify({ sandboxes: { lonely: { name: 'lonely' } } }));
    const hub = hubOf(home);
    await hub.refresh();
    const id = sourceIdOf('sandbox', 'registry:lonely');
    expect(hub.inventory().sandboxes).toMatchObject([{ id, layout: 'registry-only', attach: { kind: 'idle' } }]);
    await hub.attach(id);
    expect(await state(() => hub.get(id), 'failed')).toMatchObject({
      reason: expect.stringContaining('"lonely"') as string,
      hint: expect.stringContaining('Start it with NemoClaw') as string,
    });
    await sleep(700);
    expect(work.begun).toBe(1);
    expect(hub.get(id)?.state.kind).toBe('failed');
    await expect(hub.attach('0000000000000000')).rejects.toMatchObject({ reason: 'no-such-path' });
  });

  it('keeps a bounded number of recordings open; those read longest ago are closed, and their reading ends', async () => {
    const hub = hubOf(temporary());
    const paths: string[] = [];
    for (let index = 0; index < openSourceLimit + 3; index++) {
      const { stateDir, sessions } = emptyState();
      writeSession(sessions, 'a.jsonl', header('a'));
      const open = await hub.open(stateDir);
      await state(() => open, 'read');
      paths.push(open.id);
    }
    await vi.waitFor(() => expect(atWork()).toBe(openSourceLimit), 20_000);
    expect(hub.all()).toHaveLength(openSourceLimit);
    expect(paths.slice(0, 3).map((id) => hub.get(id))).toEqual([null, null, null]);
  });

  it('keeps no more open when many are opened at once; the one opened last is never closed', async () => {
    const hub = hubOf(temporary());
    const paths = Array.from({ length: openSourceLimit + 5 }, () => {
      const { stateDir, sessions } = emptyState();
      writeSession(sessions, 'a.jsonl', header('a'));
      return stateDir;
    });
    await Promise.all(paths.map((path) => hub.open(path)));
    const last = hub.all().at(-1);
    await vi.waitFor(() => expect(hub.all()).toHaveLength(openSourceLimit), 20_000);
    await vi.waitFor(() => expect(atWork()).toBe(openSourceLimit), 20_000);
    await sleep(200);
    expect(hub.all()).toHaveLength(openSourceLimit);
    expect(hub.all().at(-1)).toBe(last);
    for (const open of hub.all()) await state(() => open, 'read');
  });

  it('that was told to end says nothing more, whatever comes of its ending', async () => {
    const { stateDir, sessions } = emptyState();
    const file = writeSession(sessions, 'a.jsonl', header('a'));
    let changes = 0;
    const hub = hubOf(temporary(), {}, { onChange: () => void changes++ });
    const open = await hub.open(stateDir);
    await state(() => open, 'read');
    await hub.open(recording('rotation-2026.7.1').stateDir);
    appendFileSync(file, entry('1'));
    await sleep(15);
    const detached = hub.detach(open.id);
    const ended = hub[Symbol.asyncDispose]();
    const before = changes;
    await Promise.allSettled([detached, ended]);
    expect(changes).toBe(before);
  });

  it('that is closed while something is being started leaves nothing at work', async () => {
    const { home, id } = homeWithState();
    const hub = hubOf(home);
    await hub.refresh();
    const asked = [hub.attach(id), hub.detach(id), hub.attach(id), hub.playSample(10)];
    await hub[Symbol.asyncDispose]();
    await Promise.allSettled(asked);
    await hub[Symbol.asyncDispose]();
    expect(atWork()).toBe(0);
  });

  it('that is closed while it looks, opens and attaches does nothing more, and says nothing', async () => {
    const engine = await slowEngine(80);
    const { home } = homeWithState();
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'));
    const store = memoryStore();
    let changes = 0;
    const hub = new Hub({
      store,
      home,
      env: {},
      sampleDir: SAMPLE,
      shared: { lease: null, store: false },
      onChange: () => void changes++,
      onError: (error) => errors.push(error),
    });
    hub.configure(true, { pathMappings: [], directories: [stateDir], dockerHost: engine.host, autoAttach: true });
    const look = hub.refresh();
    // On a busy machine it is not at work yet when the hub is closed; then it is told so.
    const open = hub.open(stateDir).then(
      () => 'opened',
      (error: unknown) => String(error),
    );
    await sleep(20);
    await hub[Symbol.asyncDispose]();
    store[Symbol.dispose]();
    const before = changes;
    await look;
    expect(await open).toMatch(/^opened$|The server is ending/);
    await expect(hub.playSample(0)).rejects.toThrow('ending');
    await sleep(150);
    expect(changes).toBe(before);
    expect(errors).toEqual([]);
  });
});
