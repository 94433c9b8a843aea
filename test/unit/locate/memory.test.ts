// What a search of the agent's memory found is lines of files, from the call and back.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { memoryHits } from '../../../server/src/decode/openclaw/memoryResults';
import { sandboxUri } from '../../../server/src/locate/sandboxUri';
import { CallsIn } from '../../../server/src/query/callsIn';
import { pageLimit, tracePage } from '../../../server/src/query/pages';
import { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/placeSource';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

const memory = '/sandbox/.openclaw/workspace/MEMORY.md';
const id = '0123456789abcdef';
const signal = new AbortController().signal;

/** Line, counted from one, of the fact that was asked for, or of the excerpt that holds it. */
const found = [
  { name: 'openclaw-2026.7.1', line: 1 },
  { name: 'openclaw-2026.9.5', line: 3 },
];

describe.each(found)('a search of memory in $name', ({ name, line }) => {
  it('leads to the lines it found, and from there back', async () => {
    const { root } = recording(name);
    using store = memoryStore();
    const row = await readInto(store, root);
    const { files } = await openDirectory(root);
    const source: PlaceSource = { id, row, source: { kind: 'directory', files, mounts: [] } };
    const places = new Places(store, () => ({ source: () => source, folders: [], mappings: [] }));
    const searches = store.sessions.list(row).flatMap(({ info }) => {
      const page = tracePage(store, row, { sessionId: info.id, offset: 0, limit: pageLimit });
      return (page?.rows ?? [])
        .filter(({ span }) => span.status === 'ok' && span.attributes['gen_ai.tool.name'] === 'memory_search')
        .map(({ span }) => ({ span, view: page?.view }));
    });
    expect(searches.length).toBeGreaterThan(0);
    const { placed } = await new CallsIn(store).of(places.round(signal), sandboxUri(id, memory));
    for (const { span, view } of searches) {
      if (view === undefined) throw new Error('no page');
      const anchors = await places.round(signal).anchorsOf(source, view, span);
      expect(anchors.length).toBeGreaterThan(0);
      const [first] = anchors;
      // Stale: the agent wrote the file anew afterwards.
      expect(span.attributes['sandglass.places']).toEqual([`MEMORY.md:${line}`]);
      expect(first).toMatchObject({ sandboxPath: memory, startLine: line - 1, how: 'read-range', stale: true, wholeFile: false });
      expect(placed.filter((call) => call.span.id === span.id).map(({ anchor }) => anchor.startLine)).toContain(line - 1);
    }
  });
});

describe('hits of a search', () => {
  it('are read of whatever is there, within bounds', () => {
    fc.assert(
      fc.property(fc.anything(), (found) => {
        expect(memoryHits(found)).toEqual([]);
        expect(memoryHits({ results: [found] }).length).toBeLessThanOrEqual(1);
      }),
    );
    const hit = { path: 'MEMORY.md', startLine: 3, endLine: 4, snippet: '- a\n- b' };
    expect(memoryHits({ results: Array.from({ length: 100 }, () => hit) })).toHaveLength(32);
    expect(memoryHits({ results: [hit, { ...hit, endLine: 2 }, { ...hit, startLine: 0 }, { ...hit, source: 'sessions' }] })).toEqual([
      { path: 'MEMORY.md', startLine: 3, endLine: 4, shown: '- a' },
    ]);
  });
});
