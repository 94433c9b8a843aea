// What a file's definitions came to is asked of the store once, until a call comes; and a session is never read for it.
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SandboxFileError } from '../../../server/src/attach/errors';
import { Definitions } from '../../../server/src/query/definitions';
import { Places } from '../../../server/src/query/places';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-defined-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;

async function asked() {
  const { root } = recording('openclaw-2026.7.1');
  cpSync(join(root, 'sandbox/.openclaw/workspace/plugins'), join(folder, 'plugins'), { recursive: true });
  const store = memoryStore();
  const row = await readInto(store, root);
  const files = {
    read: () => Promise.reject(new SandboxFileError('not-found', 'no such file')),
    stat: () => Promise.resolve(null),
    list: () => Promise.resolve([]),
  };
  const source = { id: '0123456789abcdef', row, source: { files, mounts: [] } };
  let sources = [source];
  const context = { source: () => source, folders: [folder], mappings: [] };
  const definitions = new Definitions(store, new Places(store, () => context), () => ({ sources, folders: [folder], mappings: [] }));
  return { store, definitions, close: () => (sources = []) };
}

it('asks the store once for what stands open, and reads no session', async () => {
  const { store, definitions, close } = await asked();
  using _store = store;
  const sums = vi.spyOn(store.uses, 'sums');
  const read = [
    vi.spyOn(store.entries, 'records'),
    vi.spyOn(store.spans, 'ofSession'),
    vi.spyOn(store.spans, 'page'),
    vi.spyOn(store.spans, 'span'),
  ];
  const uri = pathToFileURL(join(folder, 'plugins/ticket-tools/index.ts')).href;
  const ask = async () =>
    (await definitions.inFile(uri, signal)).map((used) => [used.definition.name, used.sums?.calls ?? 0, used.pluginId]);
  const told = [
    ['ticket_lookup', 2, 'ticket-tools'],
    ['ticket_close', 1, 'ticket-tools'],
  ];
  expect(await ask()).toEqual(told);
  expect(await ask()).toEqual(told);
  expect(sums).toHaveBeenCalledTimes(1);
  definitions.callsChanged();
  expect(await ask()).toEqual(told);
  expect(sums).toHaveBeenCalledTimes(2);
  for (const spy of read) expect(spy).not.toHaveBeenCalled();
  // The calls of what is not open are none of this window's.
  close();
  expect(await ask()).toEqual([
    ['ticket_lookup', 0, 'ticket-tools'],
    ['ticket_close', 0, 'ticket-tools'],
  ]);
});
