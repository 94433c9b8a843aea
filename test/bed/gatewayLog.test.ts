/** What OpenClaw's own log tells while it is written: a model that fails and is asked again, in the turn that runs, by every way in. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTAINER_WAYS, type ContainerWay } from '../../server/src/attach/container/ways';
import type { Source } from '../../server/src/attach/record';
import { collect } from '../../server/src/collect/collector';
import type { TraceDocument } from '../../server/src/protocol/document';
import { traceDocument } from '../../server/src/query/document';
import { findSandboxes } from '../../server/src/sandboxes/findSandboxes';
import { sandboxSource } from '../../server/src/sandboxes/sandboxSource';
import { keyBytes } from '../../server/src/store/sealedBox';
import { Store } from '../../server/src/store/store';
import { pythonScript } from '../unit/attach/readers';
import { until } from '../server/support/serverProcess';
import { bed, BedSandbox, readerScript, VERSIONS } from './bed';

const there = await bed(VERSIONS.jsonl);
const WAIT_MS = 60_000;

/** The events of the session in which the model failed, without what differs from run to run. */
function retries(document: TraceDocument): readonly string[] {
  const session = document.sessions.find(({ key }) => key === 'agent:main:retry');
  return (session?.spans ?? [])
    .filter((span) => span.attributes['sandglass.origin'] === 'gateway-log')
    .map((span) => `${span.name} ${String(span.attributes['http.response.status_code'])}`);
}

const expected = ['model-retry 500', 'model-retry 500', 'model-retry 429'];

describe.skipIf(there.kind === 'missing')("OpenClaw's own log", () => {
  let sandbox: BedSandbox;
  let script: string;

  beforeAll(async () => {
    script = await readerScript();
    sandbox = await BedSandbox.up({ version: VERSIONS.jsonl });
  });
  afterAll(() => sandbox?.down());

  async function sourceBy(...ways: readonly ContainerWay[]): Promise<Source> {
    const { sandboxes } = await findSandboxes({ home: sandbox.home, env: process.env, signal: new AbortController().signal });
    const found = sandboxes.find(({ name }) => name === sandbox.name);
    if (!found) throw new Error('the sandbox was not found');
    return sandboxSource(found, { ways, script: async () => script, pythonScript: async () => pythonScript() });
  }

  function opened(): { readonly store: Store; readonly row: number } {
    const store = Store.open({ path: ':memory:', key: randomBytes(keyBytes), replaceUnreadable: false });
    const info = { kind: 'sandbox', name: 'one', sandbox: null, runtime: 'openclaw', runtimeVersion: null } as const;
    return { store, row: store.transaction(() => store.sources.ensure('source', { info, registryProvider: null })) };
  }

  it('tells of retries as they happen', { timeout: 240_000 }, async () => {
    const { store, row } = opened();
    const end = new AbortController();
    let caughtUp = false;
    const collecting = collect(store, row, await sourceBy('node'), {
      follow: true,
      signal: end.signal,
      onChange: () => undefined,
      onCaughtUp: () => void (caughtUp = true),
    });
    try {
      await until('all that was there before', () => caughtUp, WAIT_MS);
      await sandbox.run('retry');
      const seen = (): readonly string[] => retries(traceDocument(store, row, null));
      await expect.poll(seen, { timeout: WAIT_MS }).toEqual(expected);
    } finally {
      end.abort();
      await collecting.catch(() => undefined); // it was ended
      store[Symbol.dispose]();
    }
  });

  it.each(CONTAINER_WAYS)('tells the same afterwards by %s', { timeout: 120_000 }, async (way) => {
    const { store, row } = opened();
    try {
      const signal = new AbortController().signal;
      await collect(store, row, await sourceBy(way), { follow: false, signal, onChange: () => undefined, onCaughtUp: () => undefined });
      const document = traceDocument(store, row, null);
      expect(retries(document)).toEqual(expected);
      expect(document.skipped.filter(({ where }) => /own log|openclaw-\d/.test(where))).toEqual([]);
    } finally {
      store[Symbol.dispose]();
    }
  });
});
