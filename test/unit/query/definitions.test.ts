// What a file's definitions came to is asked of the store once, until a call comes; and a session is never read for it.
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SandboxFileError } from '../../../server/src/attach/errors';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { Definitions } from '../../../server/src/query/definitions';
import { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/placeSource';
import { recording } from '../../fixtures/recordings';
import { info, memoryStore, readInto } from '../support/traces';

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

/** One call each, of `lookup` through Tool Search, or as itself where no id is given; 100 ms, 200 ms and so on. */
function lookups(ids: readonly (string | null)[]): readonly SourceRecord[] {
  const time = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
  const entries = ids.flatMap((id, n) => [
    {
      ...{ type: 'message', id: `a${n}`, parentId: n === 0 ? null : `r${n - 1}`, timestamp: time(n * 10_000) },
      message: {
        ...{ role: 'assistant', responseId: `answer-${n}`, stopReason: 'toolUse' },
        content: [
          id === null
            ? { type: 'toolCall', id: `call_${n}`, name: 'lookup', arguments: {} }
            : { type: 'toolCall', id: `call_${n}`, name: 'tool_call', arguments: { id, args: {} } },
        ],
      },
    },
    {
      ...{ type: 'message', id: `r${n}`, parentId: `a${n}`, timestamp: time(n * 10_000 + (n + 1) * 100) },
      message: { role: 'toolResult', toolCallId: `call_${n}`, toolName: id === null ? 'lookup' : 'tool_call', content: [] },
    },
  ]);
  return [{ type: 'session', version: 3, id: 's', timestamp: time(0), cwd: '/sandbox' }, ...entries].map((entry, ordinal) => ({
    ...{ kind: 'transcript', agent: 'main', session: 's', state: 'live', file: 's.jsonl' },
    ordinal,
    text: JSON.stringify(entry),
  }));
}

it('takes no call of a tool that is known to be another’s for one of this plugin’s of the same name', async () => {
  using store = memoryStore();
  const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
  using ingest = new Ingest(store, row);
  ingest.apply(
    lookups([null, 'openclaw:mine:lookup', 'openclaw:other:lookup', 'openclaw:core:lookup', 'mcp:units:lookup', 'openclaw:mine:lookup']),
  );
  ingest.settle();
  const pluginOf = (id: string): string => {
    mkdirSync(join(folder, id));
    writeFileSync(join(folder, id, 'openclaw.plugin.json'), JSON.stringify({ id, contracts: { tools: ['lookup'] } }));
    const path = join(folder, id, 'index.ts');
    writeFileSync(path, 'export default (api) => api.registerTool({ name: "lookup" });\n');
    return pathToFileURL(path).href;
  };
  const [mine, others, unused] = [pluginOf('mine'), pluginOf('other'), pluginOf('unused')];
  const none = join(folder, 'none.ts');
  writeFileSync(none, 'api.registerTool({ name: "lookup" });\n');
  const files = {
    read: () => Promise.reject(new SandboxFileError('not-found', '')),
    stat: () => Promise.resolve(null),
    list: () => Promise.resolve([]),
  };
  const source = { id: '0123456789abcdef', row, source: { files, mounts: [] } };
  const context = { source: () => source, sources: [source], folders: [folder], mappings: [] };
  const definitions = new Definitions(store, new Places(store, () => context), () => context);
  const ask = async (uri: string) =>
    (await definitions.inFile(uri, signal)).map((used) => ({
      ...{ calls: used.sums?.calls, p95: used.sums?.p95, messages: used.sums?.messages },
      listed: definitions.uses(used, 100).map(({ span }) => span.attributes['sandglass.tool.owner']),
    }));
  expect(await ask(mine)).toEqual([{ calls: 3, p95: 600, messages: 3, listed: ['mine', 'mine', null] }]);
  expect(await ask(others)).toEqual([{ calls: 2, p95: 300, messages: 2, listed: ['other', null] }]);
  expect(await ask(unused)).toEqual([{ calls: 1, p95: 100, messages: 1, listed: [null] }]);
  expect(await ask(pathToFileURL(join(folder, 'mine/openclaw.plugin.json')).href)).toEqual(await ask(mine));
  // Of no plugin that is known: any but OpenClaw's own.
  expect((await ask(pathToFileURL(none).href))[0]).toMatchObject({ calls: 5, listed: ['mine', 'units', 'other', 'mine', null] });
  // And what is counted at a definition is what leads to it.
  for (const { span } of store.spans.ofKind(store.sessions.list(row)[0]?.row ?? 0, 'execute_tool')) {
    const owner = span.attributes['sandglass.tool.owner'];
    const led = ((await definitions.ofCall(source, span.id, signal))?.places ?? []).map(({ uri }) => uri);
    expect([owner, led.includes(mine)]).toEqual([owner, owner === 'mine' || owner === null]);
  }
});

/** Two sandboxes with the same history, beside a workspace that has the prompt file of both. */
async function promptFile(
  read: (id: string) => Promise<{ readonly bytes: Uint8Array; readonly mtime: number }>,
  patience: () => AbortSignal = () => new AbortController().signal,
) {
  const store = memoryStore();
  const sources: PlaceSource[] = [];
  for (const id of ['0000000000000001', '0000000000000002']) {
    const row = await readInto(store, recording('openclaw-2026.7.1').root, id);
    const files = { read: () => read(id), stat: () => Promise.resolve(null), list: () => Promise.resolve([]) };
    sources.push({ id, row, source: { files, mounts: [] } });
  }
  writeFileSync(join(folder, 'AGENTS.md'), '# Mine\n');
  const context = { source: (of: number) => sources.find(({ row }) => row === of) ?? null, sources, folders: [folder], mappings: [] };
  const definitions = new Definitions(store, new Places(store, () => context), () => context, patience);
  return { store, sources, ask: (line?: number) => definitions.inFile(pathToFileURL(join(folder, 'AGENTS.md')).href, signal, line) };
}

const mine = { bytes: Buffer.from('# Mine\n'), mtime: 1 };

it('asks one sandbox for a prompt file while another does not answer', async () => {
  const other = Promise.withResolvers<void>();
  const { store, sources, ask } = await promptFile((id) => {
    if (id.endsWith('2')) other.resolve();
    // The first answers only once the other was asked, whichever is asked first.
    return id.endsWith('2') ? Promise.resolve(mine) : other.promise.then(() => mine);
  });
  using _store = store;
  const [used, ...more] = await ask();
  expect(more).toEqual([]);
  expect(used?.sources).toEqual(sources.map(({ row }) => row));
  expect(used?.sessions).toBeGreaterThan(0);
});

it('waits no longer for a prompt file than it may, whatever a sandbox does', async () => {
  let late = new AbortController();
  const asked: string[] = [];
  const { store, ask } = await promptFile(
    (id) => {
      asked.push(id.slice(-1));
      if (asked.includes('1') && asked.includes('2')) late.abort();
      return new Promise(() => undefined);
    },
    () => late.signal,
  );
  using _store = store;
  expect(await ask()).toEqual([]);
  expect(new Set(asked)).toEqual(new Set(['1', '2']));
  // Who asks again does not wait for the same answer; where no definition stands nobody is asked.
  late = new AbortController();
  asked.length = 0;
  expect(await ask(5)).toEqual([]);
  expect(asked).toEqual([]);
  expect(await ask(0)).toEqual([]);
  expect(new Set(asked)).toEqual(new Set(['1', '2']));
});

it('tells of a prompt file what one sandbox answered, where another never does', async () => {
  const late = new AbortController();
  const { store, sources, ask } = await promptFile(
    (id) => {
      if (id.endsWith('1')) return new Promise(() => undefined);
      setImmediate(() => {
        late.abort();
      });
      return Promise.resolve(mine);
    },
    () => late.signal,
  );
  using _store = store;
  expect((await ask()).map((used) => used.sources)).toEqual([[sources[1]?.row]]);
});
