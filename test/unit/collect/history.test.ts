/** Sandboxes that are not there any more: listed while there are sessions of them, and linked with whoever took their name. */
import { afterEach, expect, it } from 'vitest';
import { History, removedLimit } from '../../../server/src/collect/history';
import type { Sight } from '../../../server/src/collect/lookout';
import { sourceIdOf } from '../../../server/src/collect/sourceId';
import { addressKey } from '../../../server/src/sandboxes/engines';
import type { FoundSandbox } from '../../../server/src/sandboxes/findSandboxes';
import { sandboxSource } from '../../../server/src/sandboxes/sandboxSource';
import { rememberedSandboxes } from '../../../server/src/store/sources';
import type { Store } from '../../../server/src/store/store';
import { info, memoryStore } from '../support/traces';

const engine = { kind: 'socket', path: '/nowhere/docker.sock' } as const;
const key = addressKey(engine);
let store: Store | null = null;
afterEach(() => {
  store?.[Symbol.dispose]();
  store = null;
});

function found(id: string, name: string): FoundSandbox {
  return {
    id,
    name,
    layout: 'one-container',
    runtime: 'openclaw',
    runtimeVersion: null,
    provider: null,
    model: null,
    state: 'running',
    gateway: null,
    seenBy: [],
    engine,
    reports: [],
    containers: [],
    place: { engine, workloadId: `c-${id}`, logId: null, mounts: [] },
    directory: null,
  };
}
const sight = (sandboxes: readonly FoundSandbox[], answered = [key]): Sight => ({
  found: sandboxes,
  looked: [],
  answered: new Set(answered),
});
const idOf = (id: string): string => sourceIdOf('sandbox', id);

/** As if it had been read: with a session, if any. */
function read(into: Store, id: string, session: string | null): number {
  return into.transaction(() => {
    const row = into.sources.ensure(idOf(id), { info, registryProvider: null });
    if (session !== null) into.entries.ensureSession(row, 'main', session);
    return row;
  });
}

it('lists what is gone while there are sessions of it, by what its engine says and no one else', () => {
  store = memoryStore();
  const history = new History(store);
  read(store, 'a', 's');
  read(store, 'empty', null);
  history.note([found('a', 'box'), found('empty', 'other'), found('unread', 'third')]);
  const names = (at: Sight): readonly string[] => history.removed(at).map(({ name }) => name);
  expect(names(sight([found('a', 'box'), found('empty', 'other')]))).toEqual([]);
  expect(names(sight([]))).toEqual(['box']);
  // An engine that does not answer says nothing of what is there.
  expect(names(sight([], []))).toEqual([]);
  expect(names(sight([], ['socket /nowhere/other.sock']))).toEqual([]);
  const gone = history.readable(idOf('a'), sight([]), sandboxSource);
  expect(gone).toMatchObject({ id: idOf('a'), found: null, state: { kind: 'idle' } });
  expect(history.readable(idOf('empty'), sight([]), sandboxSource)).toBeNull();
  expect(history.readable(idOf('unread'), sight([]), sandboxSource)).toBeNull();
});

it('keeps the name it has now, and links the one that took its name with the one before, and that with the one before it', async () => {
  store = memoryStore();
  const history = new History(store);
  for (const id of ['first', 'second', 'third']) {
    read(store, id, 's');
    history.note([found(id, id === 'first' ? 'old' : 'box')]);
    history.note([found(id, 'box')]);
    // Which came first is told by the clock.
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  const now = sight([found('third', 'box'), found('apart', 'other')]);
  const removed = history.removed(now);
  expect(removed.map(({ name }) => name)).toEqual(['box', 'box']);
  expect(history.previous(now, removed)).toEqual(
    new Map([
      [idOf('second'), idOf('first')],
      [idOf('third'), idOf('second')],
    ]),
  );
  // One that no one has read yet is the newest of all.
  const built = sight([found('fourth', 'box')]);
  expect(history.previous(built, history.removed(built)).get(idOf('fourth'))).toBe(idOf('third'));
});

it('does not link sandboxes of one name that are there at once, and lists a bounded number of those that are gone', () => {
  store = memoryStore();
  const history = new History(store);
  for (const id of ['a', 'b']) {
    read(store, id, 's');
    history.note([found(id, 'box')]);
  }
  const both = sight([found('a', 'box'), found('b', 'box')]);
  expect(history.previous(both, history.removed(both)).size).toBe(0);
  for (let i = 0; i < removedLimit + 5; i++) {
    read(store, `gone-${i}`, 's');
    history.note([found(`gone-${i}`, `gone-${i}`)]);
  }
  expect(history.removed(both)).toHaveLength(removedLimit);
});

it('forgets what those were called that were first read long before many others', () => {
  store = memoryStore();
  const history = new History(store);
  for (let i = 0; i < rememberedSandboxes + 3; i++) {
    read(store, String(i), 's');
    history.note([found(String(i), `box ${i}`)]);
  }
  const known = store.sources.sandboxes().map(({ name }) => name);
  expect(known).toHaveLength(rememberedSandboxes);
  expect(known).toContain(`box ${rememberedSandboxes + 2}`);
  expect(known).not.toContain('box 2');
});
