// Among the editor's Problems stand the findings that are no preview, and those alone.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { sessionProblems } from '../../../server/src/editor/diagnostics';
import type { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/placeSource';
import type { Store } from '../../../server/src/store/store';
import { copyOfRecording } from '../../fixtures/recordings';
import type { Recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

let copy: Recording | null = null;
afterEach(() => {
  if (copy !== null) rmSync(copy.root, { recursive: true, force: true });
});

const noPlaces = { round: () => ({ anchorsOf: () => Promise.resolve([]) }) } as unknown as Places;

async function problemsOf(store: Store, row: number, key: string): Promise<Awaited<ReturnType<typeof sessionProblems>>['placed']> {
  const view = store.sessions.list(row).find(({ info }) => info.key === `agent:main:${key}`);
  if (view === undefined) throw new Error(`there is no session ${key}`);
  const source = { id: '0123456789abcdef', row } as unknown as PlaceSource;
  return (await sessionProblems(store, noPlaces, source, view, new AbortController().signal)).placed;
}

it('a rewritten history is a problem, what is preview is none', async () => {
  copy = copyOfRecording('openclaw-2026.7.1');
  using store = memoryStore();
  const row = await readInto(store, copy.root);
  const codes = async (key: string): Promise<readonly unknown[]> =>
    (await problemsOf(store, row, key)).map(({ diagnostic }) => diagnostic.code);
  expect(store.findings.of(row).map(({ candidates }) => candidates.map(({ code }) => code))).toEqual([['repeated-calls']]);
  expect(await codes('loop')).toEqual([]);
  const before = await codes('coding');
  expect(before).not.toContain('history-rewritten');

  const [id] = Object.entries(copy.expected.sessions).find(([, { sessionKey }]) => sessionKey === 'agent:main:coding') ?? [];
  const file = join(copy.stateDir, 'agents/main/sessions', `${id}.jsonl`);
  writeFileSync(file, readFileSync(file, 'utf8').replace('python3 -m unittest', 'python3 -m unitfest'));
  await readInto(store, copy.root);
  expect(await codes('coding')).toEqual(['history-rewritten', ...before]);
  const [rewritten] = await problemsOf(store, row, 'coding');
  expect(rewritten?.uri).toMatch(/^sandglass-call:/);
  expect(rewritten?.diagnostic.message).toContain('History rewritten: 1 entry');
});
