// Rules keep what they know of denials and files: a round in which nothing of that changed reads neither.
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Hub } from '../../server/src/collect/hub';
import { Rules } from '../../server/src/rules';
import type { PolicyFiles } from '../../server/src/policy/policyFiles';
import { recording } from '../fixtures/recordings';
import { bedPolicy } from './policy/made';
import { memoryStore, readInto } from './support/traces';

afterEach(() => vi.restoreAllMocks());

describe('rules', () => {
  it('are worked out once, and again only when a denial or a file is another', async () => {
    using store = memoryStore();
    const row = await readInto(store, recording('openclaw-2026.7.1').root);
    const source = { id: '0123456789abcdef', row };
    const hub = { all: () => [source], get: () => source, node: () => ({ name: 'demo' }) } as unknown as Hub;
    const file = { path: '/p.yaml', uri: 'file:///p.yaml', place: 'workspace' as const, parsed: bedPolicy() };
    let look = { files: [file], looked: [] };
    const rules = new Rules(store, hub, { look: () => Promise.resolve(look) } as unknown as PolicyFiles);
    const denied = vi.spyOn(store.policies, 'denied');
    const decided = vi.spyOn(store.policies, 'decided');
    const { signal } = new AbortController();
    const first = (await rules.ruled([], signal))[0];
    expect(first?.map(({ uri }) => uri)).toEqual(Array.from({ length: 5 }, () => 'file:///p.yaml'));
    const asked = decided.mock.calls.length;
    for (let i = 0; i < 3; i++) {
      // The supervisor wrote of what it allowed.
      rules.touch(row);
      expect((await rules.ruled([], signal))[0]).toEqual(first);
    }
    expect(denied).toHaveBeenCalledTimes(1);
    expect(decided).toHaveBeenCalledTimes(asked);
    look = { files: [], looked: [] };
    expect((await rules.ruled([], signal))[0]).toEqual([]);
    expect(denied).toHaveBeenCalledTimes(1);
  });
});
