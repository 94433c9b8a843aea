/** A source that runs and is lost: tried again at once when it is there, and no more when it was removed. */
import { afterEach, describe, expect, it } from 'vitest';
import { AttachError } from '../../../server/src/attach/errors';
import type { Source, SourceRecord } from '../../../server/src/attach/record';
import { keepCollecting } from '../../../server/src/collect/keepCollecting';
import type { KeepOptions } from '../../../server/src/collect/keepCollecting';
import type { AttachState } from '../../../server/src/protocol/messages';
import type { Store } from '../../../server/src/store/store';
import { info, memoryStore } from '../support/traces';

let store: Store;
afterEach(() => store[Symbol.dispose]());

function source(records: readonly SourceRecord[], then: 'ends' | Error): Source {
  const refuse = (): Promise<never> => Promise.reject(new Error('no files'));
  return {
    kind: 'container',
    name: 'box',
    sandboxId: null,
    files: { read: refuse, stat: refuse, list: refuse },
    mounts: [],
    async *open() {
      yield* records;
      if (then !== 'ends') throw then;
    },
  };
}
const caughtUp: SourceRecord = { kind: 'caughtUp' };
const lost = new AttachError('lost', 'it went away', 'wait');
const down = new AttachError('no-docker', 'the engine is down', 'start it');

async function kept(
  first: Source,
  again: KeepOptions['again'],
  live = true,
): Promise<{ readonly states: readonly AttachState[]; readonly end: unknown }> {
  store = memoryStore();
  const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
  const states: AttachState[] = [];
  const end = await keepCollecting(store, row, first, {
    follow: true,
    signal: new AbortController().signal,
    live,
    again,
    onState: (state) => states.push(state),
    onChange: () => undefined,
  }).catch((error: unknown) => error);
  return { states, end };
}

describe('a source that runs', () => {
  it('is tried with what is there then, and ends when it was removed', async () => {
    const next: (Source | null)[] = [source([caughtUp], 'ends'), source([], lost), null];
    const waits: number[] = [];
    const { states, end } = await kept(source([caughtUp], lost), (_, ms) => (waits.push(ms), Promise.resolve(next.shift() ?? null)));
    expect(end).toBe('removed');
    expect(states.map(({ kind }) => kind)).toEqual(['live', 'lost', 'live', 'lost', 'lost']);
    // What answered once more is waited for as little as the first time.
    expect(waits[1]).toBe(waits[0]);
    expect(waits[2]).toBeGreaterThan(waits[1] ?? 0);
  });

  it('says the way its records come, also when that changes, and keeps it out of the store', async () => {
    const tried = [{ way: 'node', reason: 'there is none' }] as const;
    const { states } = await kept(
      source([{ kind: 'way', way: 'python3', tried }, caughtUp, { kind: 'way', way: 'archive', tried: [] }], lost),
      () => Promise.resolve(null),
    );
    expect(states).toEqual([
      { kind: 'live', way: 'python3', tried },
      { kind: 'live', way: 'archive', tried: [] },
      { kind: 'lost', reason: lost.message, retrying: true },
    ]);
  });

  it('is followed from its first session on, while its history is still being read; not where each look is at a copy', async () => {
    const text = JSON.stringify({
      type: 'message',
      id: 'a1',
      parentId: null,
      timestamp: '2026-01-01T00:00:00.000Z',
      message: { role: 'user', content: 'go' },
    });
    const record: SourceRecord = { kind: 'transcript', agent: 'main', session: 's', file: 'f', state: 'live', ordinal: 0, text };
    const many = Array.from({ length: 4100 }, (): SourceRecord => ({ kind: 'heartbeat', cursor: { key: 'k', value: 'v' } }));
    const statesBy = async (way: 'node' | 'archive'): Promise<readonly AttachState[]> =>
      (await kept(source([{ kind: 'way', way, tried: [] }, record, ...many, caughtUp], lost), () => Promise.resolve(null))).states.slice(
        0,
        -1,
      );
    expect(await statesBy('node')).toEqual([
      { kind: 'attaching', follows: true },
      { kind: 'live', way: 'node', tried: [] },
    ]);
    store[Symbol.dispose]();
    expect(await statesBy('archive')).toEqual([{ kind: 'live', way: 'archive', tried: [] }]);
  });

  it('outlives its engine once it was live; where there was none from the beginning, that is the answer', async () => {
    const once = await kept(source([caughtUp], down), () => Promise.resolve(null));
    expect(once.end).toBe('removed');
    store[Symbol.dispose]();
    expect((await kept(source([], down), () => Promise.resolve(null))).end).toBe(down);
  });
});

it('a recording that fails is not tried again', async () => {
  const { states, end } = await kept(source([caughtUp], lost), () => Promise.reject(new Error('not asked')), false);
  expect(end).toBe(lost);
  expect(states).toEqual([{ kind: 'read' }]);
});
