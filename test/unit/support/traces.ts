/** Reads recordings through the whole way of the data, as the command line does. */
import { randomBytes } from 'node:crypto';
import { openDirectory } from '../../../server/src/attach/directory';
import type { SourceRecord } from '../../../server/src/attach/record';
import { collect } from '../../../server/src/collect/collector';
import { Ingest } from '../../../server/src/collect/ingest';
import type { SourceInfo, TraceDocument } from '../../../server/src/protocol/document';
import { traceDocument } from '../../../server/src/query/document';
import { Store } from '../../../server/src/store/store';

export const info: SourceInfo = { kind: 'directory', name: 'test', sandbox: null, runtime: 'openclaw', runtimeVersion: null };

export function memoryStore(): Store {
  return Store.open({ path: ':memory:', key: randomBytes(32), replaceUnreadable: false });
}

export async function recordsOf(path: string): Promise<SourceRecord[]> {
  const source = await openDirectory(path);
  const records: SourceRecord[] = [];
  for await (const record of source.open({ cursors: new Map(), follow: false, signal: new AbortController().signal })) records.push(record);
  return records;
}

export async function readInto(store: Store, path: string, id = 'test'): Promise<number> {
  const source = await openDirectory(path);
  const row = store.transaction(() => store.sources.ensure(id, { info, registryProvider: null }));
  await collect(store, row, source, {
    follow: false,
    signal: new AbortController().signal,
    onChange: () => undefined,
    onCaughtUp: () => undefined,
  });
  return row;
}

export async function traceOf(path: string): Promise<TraceDocument> {
  using store = memoryStore();
  return traceDocument(store, await readInto(store, path), null);
}

/** Making a store takes longer than a few records do: one is used for many documents, until it holds about so many records. */
const recordsInOne = 2000;
let used: { readonly store: Store; records: number; documents: number } | null = null;

/** The document after these batches were taken in, in this order. */
export function traceOfBatches(batches: readonly (readonly SourceRecord[])[]): TraceDocument {
  if (used !== null && used.records > recordsInOne) {
    used.store[Symbol.dispose]();
    used = null;
  }
  used ??= { store: memoryStore(), records: 0, documents: 0 };
  const { store } = used;
  const id = `test ${(used.documents += 1)}`;
  used.records += batches.reduce((sum, batch) => sum + batch.length, 0);
  const row = store.transaction(() => store.sources.ensure(id, { info, registryProvider: null }));
  using ingest = new Ingest(store, row);
  for (const batch of batches) ingest.apply(batch);
  ingest.settle();
  return traceDocument(store, row, null);
}
