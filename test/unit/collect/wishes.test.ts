/** What windows wish: each source once, by whoever asked last; the dead wish nothing. */
import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { askedLimit, unasked, Wishes } from '../../../server/src/collect/wishes';
import { machine } from '../../../server/src/store/machine';
import type { Store } from '../../../server/src/store/store';
import { detachedLimit, noticeLimit } from '../../../server/src/store/windows';
import { memoryStore } from '../support/traces';

const stores: Store[] = [];
function shared(): Store {
  const store = memoryStore();
  stores.push(store);
  return store;
}
afterEach(() => {
  vi.restoreAllMocks();
  for (const store of stores.splice(0)) store[Symbol.dispose]();
});

/** Of a process that ended, and was ours to wait for. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

describe('wishes', () => {
  it('of several windows for one source are one, by whoever asked last; what was asked for counts above what was not', () => {
    const store = shared();
    const [first, second] = [new Wishes(store), new Wishes(store)];
    first.askUnasked('a', { kind: 'sandbox' });
    first.publish(null);
    expect(second.all().get('a')?.wanted.nonce).toBe(unasked);
    const asked = second.ask('a', { kind: 'sandbox' });
    second.askUnasked('a', { kind: 'sandbox' });
    const look = { home: '/home', env: {}, dockerHost: 'unix:///b.sock' };
    expect(second.publish(look)).toBe(true);
    expect(second.publish(look)).toBe(false);
    expect(first.all()).toEqual(new Map([['a', { wanted: asked, look }]]));
    expect(first.ofOthers('a')).toEqual(asked);
    expect(second.ofOthers('a')?.nonce).toBe(unasked);
    second.withdraw();
    expect(first.all().get('a')?.wanted.nonce).toBe(unasked);
  });

  it('are not for what was declined, until it is asked for again', () => {
    const store = shared();
    const wishes = new Wishes(store);
    wishes.ask('a', { kind: 'sandbox' });
    wishes.decline('a');
    wishes.askUnasked('a', { kind: 'sandbox' });
    expect(wishes.wants('a')).toBe(false);
    wishes.publish(null, { kind: 'detach', id: 'a' });
    expect(store.windows.isDetached('a')).toBe(true);
    wishes.ask('a', { kind: 'sandbox' });
    wishes.publish(null, { kind: 'attach', id: 'a' });
    expect([wishes.wants('a'), wishes.isDeclined('a'), store.windows.isDetached('a')]).toEqual([true, false, false]);
  });

  it('end with the process of their window, or when it is silent though a process has its number', () => {
    const store = shared();
    const own = new Wishes(store);
    own.publish(null);
    expect(own.sweep()).toBe(false);
    const wish = { machine, look: null, wanted: [] };
    store.windows.put('dead', deadPid(), wish);
    // Its number says nothing here.
    store.windows.put('elsewhere', deadPid(), { ...wish, machine: 'another' });
    store.windows.put('silent', process.pid, wish);
    store.windows.put('beating', process.pid, wish);
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const left = (): readonly string[] => store.windows.all().map(({ id }) => (id === own.window ? 'own' : id));
    expect(own.sweep()).toBe(true);
    expect([...left()].sort()).toEqual(['beating', 'elsewhere', 'own', 'silent']);
    now += 4 * 60_000;
    store.windows.put('beating', process.pid, wish);
    expect(own.sweep()).toBe(false);
    now += 2 * 60_000;
    expect(own.sweep()).toBe(true);
    expect([...left()].sort()).toEqual(['beating', 'own']);
    // One that was thought dead is there again with its next beat.
    store.windows.remove(own.window);
    own.beat();
    expect(left()).toContain('own');
  });

  it('are bounded, and so are the words and notices', () => {
    const store = shared();
    const wishes = new Wishes(store);
    for (let i = 0; i < askedLimit + 10; i++) wishes.ask(String(i), { kind: 'sandbox' });
    expect(wishes.asked.map(({ id }) => id)).toEqual(Array.from({ length: askedLimit }, (_, i) => String(i + 10)));
    store.transaction(() => {
      for (let i = 0; i < detachedLimit + 2; i++) store.windows.detach(String(i));
      for (let i = 0; i < noticeLimit + 5; i++) store.windows.tell('other', { kind: 'state', sourceId: String(i) });
    });
    expect([0, 1, 2, detachedLimit + 1].map((i) => store.windows.isDetached(String(i)))).toEqual([false, false, true, true]);
    const all = store.windows.since(0, 'mine');
    expect(all).toMatchObject({ missed: true, last: store.windows.lastNotice() });
    expect(all.notices).toHaveLength(noticeLimit);
    const late = store.windows.since(store.windows.lastNotice() - 3, 'mine');
    expect(late).toMatchObject({ missed: false, notices: [{ kind: 'state' }, { kind: 'state' }, { kind: 'state' }] });
    expect(store.windows.since(store.windows.lastNotice() - 3, 'other').notices).toEqual([]);
  });
});
