/** One session that changes is asked for by itself: a history may hold ten thousand others. */
import { describe, expect, it, vi } from 'vitest';
import type { ServerHost } from '../../../client/src/connection/serverHost';
import { SandboxData } from '../../../client/src/views/sandboxData';
import { alsoStale, withAnswered } from '../../../client/src/views/sessionList';
import type { Changed } from '../../../server/src/protocol/messages';
import { sandbox, session } from './made';

describe('what is to be asked for', () => {
  it('is what changed, and all when that is much or was already to be', () => {
    expect(alsoStale(undefined, 'a')).toEqual(new Set(['a']));
    expect(alsoStale(alsoStale(undefined, 'a'), 'b')).toEqual(new Set(['a', 'b']));
    expect(alsoStale(null, 'a')).toBeNull();
    let stale = alsoStale(undefined, 's0');
    for (let number = 1; number < 101; number++) stale = alsoStale(stale, `s${number}`);
    expect(stale).toBeNull();
  });

  it('takes the place of what was known, in the order of the list', () => {
    const at = (id: string, startTime: string | null, title: string | null = null) => ({ ...session(id), startTime, title });
    const [a, b, c] = [at('a', null), at('b', '2026-01-02T00:00:00.000Z'), at('c', '2026-01-03T00:00:00.000Z')];
    const b2 = at('b', '2026-01-02T00:00:00.000Z', 'now with a title');
    const d = at('d', '2026-01-02T12:00:00.000Z');
    expect(withAnswered([a, b, c], new Set(['b', 'd']), [d, b2])).toEqual([a, b2, d, c]);
    expect(withAnswered([a, b, c], new Set(['b']), [])).toEqual([a, c]);
  });
});

describe('the data of the view', () => {
  it('asks for the sessions that changed, and for all of them in another counting of revisions', async () => {
    let tell: (changed: Changed) => void = () => undefined;
    const asked: unknown[] = [];
    let known = [session('one'), session('two')];
    const server = {
      state: { kind: 'running' },
      onChanged: (listener: typeof tell) => ((tell = listener), { dispose: () => undefined }),
      onDidChangeState: () => ({ dispose: () => undefined }),
      request: (name: string, params: { readonly only?: readonly string[] }) => {
        if (name === 'inventory') return Promise.resolve({ looked: [], sandboxes: [sandbox('box', { kind: 'read' })] });
        asked.push(params);
        return Promise.resolve(known.filter(({ id }) => params.only?.includes(id) ?? true));
      },
    } as unknown as ServerHost;
    const data = new SandboxData(server, (error) => {
      throw error;
    });
    const ids = (): readonly string[] => {
      const state = data.sessions.get('box');
      return state?.kind === 'loaded' ? state.sessions.map(({ id }) => id).sort() : [];
    };
    const changed = (sessionId: string, epoch: string): void =>
      tell({ inventory: false, sessions: [{ sourceId: 'box', sessionId, epoch, revision: 1 }] });
    try {
      await data.load();
      expect(asked).toEqual([{ sourceId: 'box' }]);
      changed('one', 'e');
      await vi.waitFor(() => expect(asked).toHaveLength(2), { timeout: 20_000 });
      // Not known before in which counting it was.
      expect(asked[1]).toEqual({ sourceId: 'box' });
      known = [session('two'), session('three')];
      changed('one', 'e');
      changed('three', 'e');
      await vi.waitFor(() => expect(ids()).toEqual(['three', 'two']), { timeout: 20_000 });
      expect(asked.slice(2)).toEqual([{ sourceId: 'box', only: ['one', 'three'] }]);
      changed('two', 'another');
      await vi.waitFor(() => expect(asked).toHaveLength(4), { timeout: 20_000 });
      expect(asked[3]).toEqual({ sourceId: 'box' });
    } finally {
      data.dispose();
    }
  });
});
