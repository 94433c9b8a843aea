// From a file to the calls that touched it, with far more calls than are shown.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SandboxFileError } from '../../../server/src/attach/errors';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { codeLenses } from '../../../server/src/editor/codeLenses';
import { sandboxUri } from '../../../server/src/locate/sandboxUri';
import { CallsIn } from '../../../server/src/query/callsIn';
import { callsPerFile } from '../../../server/src/query/editorFiles';
import { Places } from '../../../server/src/query/places';
import { info, memoryStore } from '../support/traces';

const sourceId = createHash('sha256').update('x').digest('hex').slice(0, 16);
const t0 = Date.UTC(2026, 10, 21);
const iso = (ms: number): string => new Date(t0 + ms).toISOString();

/** A session of edits, of one file if not told otherwise: each writes its own line. */
function edits(count: number, pathOf: (call: number) => string = () => '/sandbox/a.py'): SourceRecord[] {
  const records: SourceRecord[] = [];
  const add = (json: unknown): void => {
    const at = { agent: 'main', session: 's', state: 'live', file: 's.jsonl', ordinal: records.length } as const;
    records.push({ kind: 'transcript', ...at, text: JSON.stringify(json) });
  };
  for (let i = 0; i < count; i++) {
    const call = {
      type: 'toolCall',
      id: `c${i}`,
      name: 'edit',
      arguments: { path: pathOf(i), edits: [{ oldText: 'x', newText: `line ${i}` }] },
    };
    add({
      type: 'message',
      id: `a${i}`,
      timestamp: iso(i * 1000),
      message: { role: 'assistant', timestamp: t0 + i * 1000 - 1, provider: 'p', content: [call] },
    });
    const result = {
      role: 'toolResult',
      toolCallId: `c${i}`,
      toolName: 'edit',
      content: [],
      isError: i % 100 === 99,
      timestamp: t0 + i * 1000 + 5,
    };
    add({ type: 'message', id: `r${i}`, timestamp: iso(i * 1000 + 5), message: result });
  }
  return records;
}

/** A store with those calls, and a sandbox whose one file is the text as it is when it is read. */
function played(store: ReturnType<typeof memoryStore>, count: number, file: { text: string; reads: number }) {
  const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
  const ingest = new Ingest(store, row);
  ingest.apply(edits(count));
  ingest.settle();
  const files = {
    read: (path: string) => {
      file.reads += 1;
      return path === '/sandbox/a.py'
        ? Promise.resolve({ bytes: Buffer.from(file.text), mtime: 0 })
        : Promise.reject(new SandboxFileError('not-found', 'no such file'));
    },
    stat: () => Promise.resolve(null),
    list: () => Promise.resolve([]),
  };
  const source = { id: sourceId, row, source: { files, mounts: [] } };
  const places = new Places(store, () => ({ source: (asked) => (asked === row ? source : null), folders: [], mappings: [] }));
  const calls = new CallsIn(store);
  const ask = (signal = new AbortController().signal) => calls.of(places.round(signal), uri);
  return { ask, calls, fileChanged: () => places.forgetAll(source) };
}

const uri = sandboxUri(sourceId, '/sandbox/a.py');
const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}`).join('\n');

describe('a file that was touched more often than is shown', () => {
  const count = callsPerFile + 300;

  it('answers its newest calls, says how many are older, and reads the file once', async () => {
    using store = memoryStore();
    const file = { text: lines(count), reads: 0 };
    const calls = await played(store, count, file).ask();
    expect(calls.older).toBe(count - callsPerFile);
    expect(calls.placed.length).toBe(callsPerFile);
    // The newest has failed: it belongs to the file, and to no line of it.
    expect(calls.placed[0]?.anchor).toMatchObject({ startLine: 0, wholeFile: true });
    expect(calls.placed[1]?.anchor.startLine).toBe(count - 2);
    expect(calls.placed.at(-1)?.anchor.startLine).toBe(count - callsPerFile);
    expect(file.reads).toBe(1);
    // Only the last of them wrote after nobody.
    expect(calls.placed.filter(({ anchor }) => !anchor.stale).length).toBeGreaterThan(0);

    const [top] = codeLenses(store, uri, calls);
    expect(top?.command?.title).toContain(`newest ${callsPerFile} of ${count} agent calls`);
    expect(top?.command?.title).toContain('5 failed');
  });
});

describe('asked again', () => {
  it('the answer stands until the trace or the file changes', async () => {
    using store = memoryStore();
    const file = { text: lines(20), reads: 0 };
    const { ask, calls, fileChanged } = played(store, 20, file);
    const first = await ask();
    expect(first.placed.length).toBeGreaterThan(0);
    expect(await ask()).toBe(first);
    fileChanged();
    expect(await ask()).toBe(first);
    expect(file.reads).toBe(2);

    file.text = `another\n${file.text}`;
    fileChanged();
    const moved = await ask();
    expect(moved).not.toBe(first);
    expect(moved.placed.map(({ anchor }) => anchor.startLine)).not.toEqual(first.placed.map(({ anchor }) => anchor.startLine));

    calls.changed();
    const anew = await ask();
    expect(anew).not.toBe(moved);
    expect(anew).toEqual(moved);
  });

  it('one that was given up is not what others get', async () => {
    using store = memoryStore();
    const { ask } = played(store, 20, { text: lines(20), reads: 0 });
    const abort = new AbortController();
    const given = ask(abort.signal);
    abort.abort();
    await given.catch((error: unknown) => expect(abort.signal.aborted, String(error)).toBe(true));
    expect((await ask()).placed.length).toBeGreaterThan(0);
  });

  it('of many files of one name, those that are others have no say, and are not read', async () => {
    using store = memoryStore();
    const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-namesakes-')));
    try {
      const names = Array.from({ length: 60 }, (_, i) => `p${i}/a.py`);
      for (const name of names) {
        mkdirSync(join(folder, dirname(name)));
        writeFileSync(join(folder, name), `line 1 of ${name}\n`);
      }
      using ingest = new Ingest(store, row);
      ingest.apply(edits(names.length, (call) => `/sandbox/${names[call] ?? ''}`));
      ingest.settle();
      const read: string[] = [];
      const files = {
        read: (path: string) => {
          read.push(path);
          return Promise.resolve({ bytes: Buffer.from(`line 1 of ${path}\n`), mtime: 0 });
        },
        stat: () => Promise.resolve(null),
        list: () => Promise.resolve([]),
      };
      const source = { id: sourceId, row, source: { kind: 'container' as const, files, mounts: [] } };
      const mappings = [{ sandbox: '/sandbox', workspace: '.' }];
      const places = new Places(store, () => ({ source: () => source, folders: [folder], mappings }));
      const calls = new CallsIn(store);
      const ask = () => calls.of(places.round(new AbortController().signal), pathToFileURL(join(folder, 'p7/a.py')).href);
      const first = await ask();
      expect(first.placed.map(({ anchor }) => anchor.sandboxPath)).toEqual(['/sandbox/p7/a.py']);
      expect(await ask()).toBe(first);
      expect(read.filter((path) => path !== '/sandbox/p7/a.py')).toEqual([]);
      writeFileSync(join(folder, 'p8/a.py'), 'another\n');
      expect(await ask()).toBe(first);
      writeFileSync(join(folder, 'p7/a.py'), 'another\n');
      expect(await ask()).not.toBe(first);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('a file of that name that is there by now, or may be, has a say where an output leaves out which one it means', async () => {
    using store = memoryStore();
    const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandglass-meant-')));
    try {
      writeFileSync(join(folder, 'main.c'), 'int a;\nint b;\nint c;\n');
      using ingest = new Ingest(store, row);
      const arguments_ = { command: 'cd sub && make' };
      const messages = [
        { role: 'assistant', timestamp: t0, provider: 'p', content: [{ type: 'toolCall', id: 'c', name: 'exec', arguments: arguments_ }] },
        {
          role: 'toolResult',
          toolCallId: 'c',
          toolName: 'exec',
          content: [{ type: 'text', text: 'main.c:2:5: error: x' }],
          details: { cwd: '/sandbox', exitCode: 1, status: 'completed' },
          isError: false,
          timestamp: t0 + 5,
        },
      ];
      ingest.apply(
        messages.map((message, ordinal) => ({
          kind: 'transcript' as const,
          ...({ agent: 'main', session: 's', state: 'live', file: 's.jsonl', ordinal } as const),
          text: JSON.stringify({ type: 'message', id: `m${ordinal}`, timestamp: iso(5 * ordinal), message }),
        })),
      );
      ingest.settle();
      let there = false;
      const files = {
        read: () => Promise.reject(new SandboxFileError(there ? 'too-large' : 'not-found', 'it can not be read')),
        stat: () => Promise.resolve(there ? ({ type: 'file', size: 1, mtime: 0 } as const) : null),
        list: () => Promise.resolve([]),
      };
      const source = { id: sourceId, row, source: { kind: 'container' as const, files, mounts: [] } };
      const mappings = [{ sandbox: '/sandbox', workspace: '.' }];
      const places = new Places(store, () => ({ source: () => source, folders: [folder], mappings }));
      const calls = new CallsIn(store);
      const ask = () => calls.of(places.round(new AbortController().signal), pathToFileURL(join(folder, 'main.c')).href);
      const first = await ask();
      expect(first.placed.map(({ anchor }) => anchor.startLine)).toEqual([1]);
      expect(await ask()).toBe(first);
      there = true;
      places.forgetAll(source);
      expect((await ask()).placed).toEqual([]);
      there = false;
      places.forgetAll(source);
      expect((await ask()).placed.length).toBe(1);
      mkdirSync(join(folder, 'sub'));
      writeFileSync(join(folder, 'sub/main.c'), 'int a;\nint b;\nint c;\n');
      expect((await ask()).placed).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
