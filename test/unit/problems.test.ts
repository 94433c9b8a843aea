// Problems keep in step with the sessions, also with those that change while they are being worked out.
import type { Connection } from 'vscode-languageserver';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Hub } from '../../server/src/collect/hub';
import { Problems } from '../../server/src/problems';
import type { Places } from '../../server/src/query/places';
import type { Rules } from '../../server/src/rules';
import type { Suppressing } from '../../server/src/suppressing';
import { recording } from '../fixtures/recordings';
import { memoryStore, readInto } from './support/traces';

afterEach(() => vi.restoreAllMocks());

describe('problems', () => {
  it('are worked out anew for a session that changes while others are worked on', async () => {
    using store = memoryStore();
    const source = await readInto(store, recording('openclaw-2026.7.1').root);
    const errors: string[] = [];
    let published = 0;
    using problems = new Problems(
      {
        sendDiagnostics: () => Promise.resolve(void published++),
        console: { error: (text: string) => errors.push(text) },
      } as unknown as Connection,
      { store, lifetime: 'session', note: null } as never,
      { all: () => [{ id: '0123456789abcdef', row: source, state: { kind: 'read' } }], settings: {} } as unknown as Hub,
      { round: () => ({ anchorsOf: () => Promise.resolve([]) }) } as unknown as Places,
      { ruled: (sessions: unknown) => Promise.resolve(sessions) } as unknown as Rules,
      { diagnostics: () => Promise.resolve([]) } as unknown as Suppressing,
    );
    const listed = vi.spyOn(store.sessions, 'list');
    const worked: number[] = [];
    const failedOrDenied = store.spans.failedOrDenied.bind(store.spans);
    vi.spyOn(store.spans, 'failedOrDenied').mockImplementation((row) => {
      const [first] = worked;
      worked.push(row);
      // The one that was just done changes while the next one is worked on.
      if (first !== undefined && worked.length === 2) problems.touch(first);
      return failedOrDenied(row);
    });
    problems.touchAll({ id: '0123456789abcdef', row: source } as never);
    const [first] = await vi.waitFor(
      () => {
        const known = worked.length - new Set(worked).size;
        expect(known).toBe(1);
        return worked;
      },
      { timeout: 20_000 },
    );
    expect(worked.filter((row) => row === first)).toHaveLength(2);
    await vi.waitFor(() => expect(published).toBeGreaterThan(0), 20_000);
    expect(errors).toEqual([]);
    // Of a long history only what is shown is looked at.
    expect(listed).not.toHaveBeenCalled();
  });
});
