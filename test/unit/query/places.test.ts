// What a place costs the sandbox: nothing where the workspace has the file, and no more than a moment where nobody answers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SandboxFiles } from '../../../server/src/attach/record';
import { findSpan } from '../../../server/src/query/detail';
import { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/placeSource';
import type { Span } from '../../../server/src/protocol/document';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'sandglass-places-'));
});
afterEach(() => {
  rmSync(workspace, { recursive: true, force: true });
});

/** The failing test run of the recording, its file in the workspace, and what reading in the sandbox does. */
async function ask(
  how: 'mapping' | 'mount',
  read: SandboxFiles['read'],
): Promise<{ asked(): Promise<readonly unknown[]>; reads(): number }> {
  const store = memoryStore();
  const row = await readInto(store, recording('openclaw-2026.7.1').root);
  const place = 'project/tests/test_cart.py';
  let found: { readonly session: number; readonly span: Span } | null = null;
  for (const view of store.sessions.list(row))
    for (const id of store.spans.failedOrDenied(view.row)) {
      const span = findSpan(store, row, id)?.span;
      const places = span?.attributes['sandglass.places'];
      if (span !== undefined && Array.isArray(places) && places.some((at) => String(at).includes('test_cart.py')))
        found ??= { session: view.row, span };
    }
  const view = found === null ? null : store.sessions.byRow(found.session);
  if (found === null || view === null) throw new Error(`the recording has no failure in ${place}`);
  writeFileSync(join(workspace, 'test_cart.py'), Array.from({ length: 30 }, (_, i) => `line ${i}`).join('\n'));
  let reads = 0;
  const files: SandboxFiles = {
    read: (path, signal) => {
      reads += 1;
      return read(path, signal);
    },
    stat: () => Promise.resolve(null),
    list: () => Promise.resolve([]),
  };
  const sandbox = '/sandbox/.openclaw/workspace/project/tests';
  const source: PlaceSource = {
    id: '0123456789abcdef',
    row,
    source: { files, mounts: how === 'mount' ? [{ sandbox, host: workspace }] : [] },
  };
  const mappings = how === 'mapping' ? [{ sandbox, workspace }] : [];
  const places = new Places(store, () => ({ source: () => source, folders: [workspace], mappings }));
  const { span } = found;
  return { asked: () => places.round(new AbortController().signal).anchorsOf(source, view, span), reads: () => reads };
}

describe('a place in a file of the workspace', () => {
  it('asks the sandbox nothing where the file is mounted', async () => {
    const { asked, reads } = await ask('mount', () => Promise.reject(new Error('not to be asked')));
    expect((await asked()).length).toBeGreaterThan(0);
    expect(reads()).toBe(0);
  });

  it('is there after a moment when the sandbox does not answer', async () => {
    const { asked, reads } = await ask('mapping', () => new Promise(() => undefined));
    const shown = await asked();
    expect(shown.length).toBeGreaterThan(0);
    expect(reads()).toBe(1);
  });
});
