// A file's history out of the store: over renames and sessions, going on as calls come, and never reading again what it knows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { SandboxFileError } from '../../../server/src/attach/errors';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { sandboxUri } from '../../../server/src/locate/sandboxUri';
import type { FileBlame } from '../../../server/src/protocol/messages';
import { Blames, historiesKept } from '../../../server/src/query/blame';
import { LineHistories } from '../../../server/src/query/lineHistories';
import { Places } from '../../../server/src/query/places';
import type { PlaceSource } from '../../../server/src/query/placeSource';
import type { Store } from '../../../server/src/store/store';
import { info, memoryStore } from '../support/traces';

const id = '0123456789abcdef';
const t0 = Date.UTC(2026, 10, 21);
const never = new AbortController().signal;

class Sandbox {
  readonly files = new Map<string, string>();
  readonly blames: Blames;
  readonly source: PlaceSource;
  readonly #ingest: Ingest;
  #calls = 0;
  #lines = 0;

  constructor(
    readonly store: Store,
    sourceId = id,
    mounts: PlaceSource['source']['mounts'] = [],
  ) {
    const row = store.transaction(() => store.sources.ensure(`test ${sourceId}`, { info, registryProvider: null }));
    this.#ingest = new Ingest(store, row);
    this.blames = new Blames(store);
    const files = {
      read: (path: string) => {
        const text = this.files.get(path);
        return text === undefined
          ? Promise.reject(new SandboxFileError('not-found', 'no such file'))
          : Promise.resolve({ bytes: Buffer.from(text), mtime: 0 });
      },
      stat: () => Promise.resolve(null),
      list: () => Promise.resolve([]),
    };
    this.source = { id: sourceId, row, source: { files, mounts } };
  }

  call(name: string, args: object, session = 's', details: object = {}): void {
    const n = this.#calls++;
    const time = t0 + n * 1000;
    const at = new Date(time).toISOString();
    const record = (json: object): SourceRecord => ({
      kind: 'transcript',
      agent: 'main',
      session,
      state: 'live',
      file: `${session}.jsonl`,
      ordinal: this.#lines++,
      text: JSON.stringify(json),
    });
    const content = [{ type: 'toolCall', id: `c${n}`, name, arguments: args }];
    const result = {
      role: 'toolResult',
      toolCallId: `c${n}`,
      toolName: name,
      content: [{ type: 'text', text: 'done' }],
      details,
      isError: false,
      timestamp: time + 5,
    };
    this.#ingest.apply([
      record({
        type: 'message',
        id: `a${n}`,
        timestamp: at,
        message: { role: 'assistant', timestamp: time - 1, provider: 'p', model: 'm', content },
      }),
      record({ type: 'message', id: `r${n}`, timestamp: new Date(time + 5).toISOString(), message: result }),
    ]);
    this.#ingest.settle();
    this.blames.forgetAll(this.source);
  }

  /** Places anew each time, so that a file that changed is read. */
  blame(path: string): Promise<FileBlame | null> {
    const places = new Places(this.store, () => ({ source: () => this.source, folders: [], mappings: [] }));
    return this.blames.of(places.round(never), sandboxUri(this.source.id, path), null, never);
  }

  async told(path: string): Promise<readonly string[]> {
    const blame = await this.blame(path);
    return (blame?.lines ?? []).map(({ startLine, endLine, by }) => {
      const call = by.kind === 'call' ? blame?.calls[by.call] : undefined;
      return `${startLine}-${endLine} ${by.kind}${call === undefined ? '' : ` ${call.tool} ${call.sessionId}`}`;
    });
  }
}

describe('the history of a file', () => {
  it('goes over a move, and over sessions', async () => {
    using store = memoryStore();
    const sandbox = new Sandbox(store);
    sandbox.call('write', { path: '/sandbox/a.py', content: 'one\ntwo\nthree\n' });
    sandbox.call(
      'apply_patch',
      { input: '*** Begin Patch\n*** Update File: /sandbox/a.py\n*** Move to: /sandbox/b.py\n@@\n-two\n+TWO\n*** End Patch' },
      'other',
    );
    sandbox.call('edit', { path: '/sandbox/b.py', edits: [{ oldText: 'three', newText: '3' }] });
    sandbox.files.set('/sandbox/b.py', 'one\nTWO\n3\n');
    expect(await sandbox.told('/sandbox/b.py')).toEqual(['0-0 call write s', '1-1 call apply_patch other', '2-2 call edit s']);
    expect((await sandbox.blame('/sandbox/b.py'))?.exact).toBe(true);
    expect(await sandbox.blame('/sandbox/a.py')).toBeNull();
  });

  it('goes on with each call, and reads none of those before again', async () => {
    using store = memoryStore();
    const sandbox = new Sandbox(store);
    const lines = Array.from({ length: 60 }, (_, i) => `line ${i}.`);
    sandbox.call('write', { path: '/sandbox/a.py', content: `${lines.join('\n')}\n` });
    const edit = (at: number): void => {
      sandbox.call('edit', { path: '/sandbox/a.py', edits: [{ oldText: lines[at], newText: `edited ${at}.` }] });
      lines[at] = `edited ${at}.`;
      sandbox.files.set('/sandbox/a.py', `${lines.join('\n')}\n`);
    };
    for (let i = 0; i < 50; i++) edit(i);
    const read = vi.spyOn(store.entries, 'raw');
    expect((await sandbox.blame('/sandbox/a.py'))?.exact).toBe(true);
    const first = read.mock.calls.length;
    expect(first).toBeGreaterThan(50);
    read.mockClear();
    for (let i = 0; i < 5; i++) expect((await sandbox.blame('/sandbox/a.py'))?.exact).toBe(true);
    expect(read).not.toHaveBeenCalled();
    edit(55);
    read.mockClear();
    expect((await sandbox.blame('/sandbox/a.py'))?.exact).toBe(true);
    expect(read.mock.calls.length).toBeLessThan(5);
  });

  it('says that a command may have been it, and that none was', async () => {
    using store = memoryStore();
    const sandbox = new Sandbox(store);
    sandbox.call('write', { path: '/sandbox/a.py', content: 'one\ntwo\n' });
    sandbox.files.set('/sandbox/a.py', 'one\nother\ntwo\n');
    expect(await sandbox.told('/sandbox/a.py')).toEqual(['0-0 call write s', '1-1 person', '2-2 call write s']);
    sandbox.call('exec', { command: 'make format' });
    expect(await sandbox.told('/sandbox/a.py')).toEqual(['0-0 call write s', '1-1 changed', '2-2 call write s']);
  });

  it('says that a command may have been it that was left running before', async () => {
    using store = memoryStore();
    for (const [sourceId, path, details, by] of [
      ['aaaaaaaaaaaaaaaa', '/sandbox/a.py', { status: 'completed', exitCode: 0 }, 'person'],
      ['bbbbbbbbbbbbbbbb', '/sandbox/b.py', { status: 'running', sessionId: 'amber-canyon', pid: 24464 }, 'changed'],
    ] as const) {
      const sandbox = new Sandbox(store, sourceId);
      sandbox.call('exec', { command: 'npm run watch' }, 's', details);
      sandbox.call('write', { path, content: 'one\ntwo\n' });
      sandbox.files.set(path, 'one\nother\ntwo\n');
      expect(await sandbox.told(path)).toEqual(['0-0 call write s', `1-1 ${by}`, '2-2 call write s']);
    }
  });

  it('does not call a person who may be the agent of another sandbox that has the same file', async () => {
    using store = memoryStore();
    const host = mkdtempSync(join(tmpdir(), 'sandglass-blame-'));
    try {
      const mounts = [{ sandbox: '/sandbox/w', host }];
      const one = new Sandbox(store, id, mounts);
      const two = new Sandbox(store, 'fedcba9876543210', mounts);
      const sources = [one.source, two.source];
      const told = async (): Promise<readonly string[]> => {
        const places = new Places(store, () => ({
          source: (row) => sources.find((source) => source.row === row) ?? null,
          folders: [host],
          mappings: [],
        }));
        const blame = await one.blames.of(places.round(never), pathToFileURL(join(host, 'a.py')).href, null, never);
        return (blame?.lines ?? []).map(({ by }) => by.kind);
      };
      two.call('read', { path: '/sandbox/w/a.py' }, 'theirs');
      for (let i = 0; i < 3; i++) one.call('write', { path: '/sandbox/w/a.py', content: 'one\ntwo\n' });
      writeFileSync(join(host, 'a.py'), 'one\nother\ntwo\n');
      expect(await told()).toEqual(['call', 'person', 'call']);
      for (let i = 0; i < 3; i++) two.call('exec', { command: 'make format' }, 'theirs');
      one.blames.forgetAll(two.source);
      expect(await told()).toEqual(['call', 'changed', 'call']);
    } finally {
      rmSync(host, { recursive: true, force: true });
    }
  });

  it('does not call changed what the transcript holds with its secret masked', async () => {
    using store = memoryStore();
    const sandbox = new Sandbox(store);
    const keys = 'KEY=sk-abc…wxyz\n"a": "sk-abc…wxyz", "b": "ghp_ab…cdef",\n';
    sandbox.call('write', { path: '/sandbox/a.env', content: `one\n${keys}last\n` });
    const file = (a: string, b: string): void => {
      sandbox.files.set('/sandbox/a.env', `one\n${a}\n${b}\nlast\n`);
    };
    const [a, b] = ['sk-abcMADEUPwxyz', 'ghp_abMADEUPcdef'];
    file(`KEY=${a}`, `"a": "${a}", "b": "${b}",`);
    expect(await sandbox.told('/sandbox/a.env')).toEqual(['0-0 call write s', '1-2 unsure', '3-3 call write s']);
    file(`KEY=${a} `, `"a": "${a}", "b": "other",`);
    expect(await sandbox.told('/sandbox/a.env')).toEqual(['0-0 call write s', '1-2 person', '3-3 call write s']);
    file('KEY=sk-abc and wxyz', `"a": "x${a}", "b": "${b}",`);
    expect(await sandbox.told('/sandbox/a.env')).toEqual(['0-0 call write s', '1-2 person', '3-3 call write s']);
  });

  it('follows a file that was moved to and fro in bounds', async () => {
    using store = memoryStore();
    const sandbox = new Sandbox(store);
    sandbox.call('write', { path: '/sandbox/a.py', content: 'one\ntwo\n' });
    const moves = 48;
    for (let i = 0; i < moves; i++) {
      const [from, to] = i % 2 === 0 ? ['a', 'b'] : ['b', 'a'];
      const patch = `*** Update File: /sandbox/${from}.py\n*** Move to: /sandbox/${to}.py\n@@\n one\n+line ${i}`;
      sandbox.call('apply_patch', { input: `*** Begin Patch\n${patch}\n*** End Patch` });
    }
    const lines = Array.from({ length: moves }, (_, i) => `line ${moves - 1 - i}`);
    sandbox.files.set('/sandbox/a.py', `one\n${lines.join('\n')}\ntwo\n`);
    const read = vi.spyOn(store.spans, 'ofSession');
    // Each move is followed once, from the beginning of the file.
    const most = (moves + 1) * (moves + 1);
    const blame = await sandbox.blame('/sandbox/a.py');
    expect(blame?.exact).toBe(true);
    expect(new Set(blame?.lines.map(({ by }) => by.kind))).toEqual(new Set(['call']));
    expect(blame?.calls).toHaveLength(moves + 1);
    // One more for each call that is told of.
    expect(read.mock.calls.length).toBeLessThanOrEqual(most + moves + 1);
    read.mockClear();
    await new LineHistories(store).of(sandbox.source.row, '/sandbox/a.py', () => Promise.resolve(null));
    expect(read.mock.calls.length).toBeLessThanOrEqual(most);
  });

  it('is none of what is no text or too large', async () => {
    using store = memoryStore();
    const sandbox = new Sandbox(store);
    for (const path of ['/sandbox/a.py', '/sandbox/binary', '/sandbox/large']) sandbox.call('write', { path, content: 'one\n' });
    sandbox.files.set('/sandbox/a.py', 'one\n');
    sandbox.files.set('/sandbox/binary', 'one\n\u0000');
    sandbox.files.set('/sandbox/large', 'one\n'.repeat(300_000));
    expect(await sandbox.told('/sandbox/a.py')).toEqual(['0-0 call write s']);
    expect(await sandbox.blame('/sandbox/binary')).toBeNull();
    expect(await sandbox.blame('/sandbox/large')).toBeNull();
  });

  it('keeps a bounded number of files', async () => {
    using store = memoryStore();
    const sandbox = new Sandbox(store);
    for (let i = 0; i <= historiesKept; i++) {
      sandbox.call('write', { path: `/sandbox/f${i}`, content: 'one\n' });
      sandbox.files.set(`/sandbox/f${i}`, 'one\n');
    }
    const read = vi.spyOn(store.entries, 'raw');
    for (let i = 0; i <= historiesKept; i++) await sandbox.blame(`/sandbox/f${i}`);
    read.mockClear();
    // The oldest was let go, the newest is still known.
    await sandbox.blame(`/sandbox/f${historiesKept}`);
    expect(read).not.toHaveBeenCalled();
    await sandbox.blame('/sandbox/f0');
    expect(read).toHaveBeenCalled();
  });
});
