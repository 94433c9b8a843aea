/** What was open before a server ended is open again in the next: as it is wanted still, and when it is there. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Memento } from 'vscode';
import { Sources } from '../../../client/src/commands/sources';
import { OpenSources } from '../../../client/src/connection/openSources';
import { ServerError } from '../../../client/src/connection/serverError';
import type { ServerHost } from '../../../client/src/connection/serverHost';
import type { Notifier } from '../../../client/src/notify';
import type { SandboxData } from '../../../client/src/views/sandboxData';

vi.mock('vscode', () => {
  class EventEmitter<T> {
    readonly #listeners: ((event: T) => void)[] = [];
    readonly event = (listener: (event: T) => void): { dispose(): void } => {
      this.#listeners.push(listener);
      return { dispose: () => undefined };
    };
    fire(event: T): void {
      for (const listener of this.#listeners) listener(event);
    }
    dispose(): void {
      this.#listeners.length = 0;
    }
  }
  const workspace = { isTrusted: true, getConfiguration: () => ({ get: () => undefined }) };
  const window = { withProgress: (_: unknown, body: () => Promise<unknown>) => body() };
  return { EventEmitter, workspace, window, l10n: { t: (text: string) => text } };
});

class Made {
  readonly asked: unknown[] = [];
  readonly shown: unknown[] = [];
  readonly there = new Map<string, string>();
  /** The server knows better than what was last heard of it. */
  readonly refuses = new Set<string>();
  readonly memory: OpenSources;
  readonly sources: Sources;
  readonly #states: ((state: { kind: string }) => void)[] = [];
  readonly #changes: (() => void)[] = [];

  constructor() {
    const kept = new Map<string, unknown>();
    const memento = {
      get: (key: string) => kept.get(key),
      update: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
    } as unknown as Memento;
    this.memory = new OpenSources(memento);
    const server = {
      onDidChangeState: (listener: (state: { kind: string }) => void) => {
        this.#states.push(listener);
        return { dispose: () => undefined };
      },
      request: (name: string, params: { readonly sourceId?: string; readonly path?: string }) => {
        this.asked.push([name, params]);
        const { path = '', sourceId = path } = params;
        return this.refuses.has(sourceId)
          ? Promise.reject(new ServerError('refused', 'not there any more'))
          : Promise.resolve({ sourceId });
      },
    } as unknown as ServerHost;
    const data = {
      node: (id: string) => (this.there.has(id) ? { state: this.there.get(id), attach: { kind: 'live' }, kind: 'container' } : null),
      load: () => Promise.resolve(),
      onDidChange: (listener: () => void) => {
        this.#changes.push(listener);
        return { dispose: () => undefined };
      },
    } as unknown as SandboxData;
    const notifier = {
      show: (note: unknown) => this.shown.push(note),
      failure: (key: string) => this.shown.push(key),
    } as unknown as Notifier;
    this.sources = new Sources(server, data, notifier, memento);
  }

  async start(): Promise<void> {
    for (const tell of this.#states) tell({ kind: 'running' });
    await this.sources.restored;
  }

  async see(id: string, state: string): Promise<void> {
    this.there.set(id, state);
    for (const tell of this.#changes) tell();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

let made: Made;
afterEach(() => {
  expect(made.shown).toEqual([]);
  made.sources.dispose();
});

describe('a new server', () => {
  it('is told of all that was open, as no word of a person', async () => {
    made = new Made();
    await made.memory.remember({ kind: 'attached', sourceId: 'box' });
    await made.memory.remember({ kind: 'sample', sourceId: 'sample' });
    await made.memory.remember({ kind: 'directory', path: '/recording', sourceId: 'dir' });
    await made.memory.remember({ kind: 'detached', sourceId: 'other' });
    made.there.set('box', 'running');
    await made.start();
    expect(made.asked).toEqual([
      ['detach', { sourceId: 'other', remembered: true }],
      ['attach', { sourceId: 'box', remembered: true }],
      ['playSample', { speed: 0, remembered: true }],
      ['open', { path: '/recording', remembered: true }],
    ]);
  });

  it('is asked for a sandbox that is not there when it appears, and once', async () => {
    made = new Made();
    await made.memory.remember({ kind: 'attached', sourceId: 'box' });
    await made.start();
    await made.see('another', 'running');
    await made.see('box', 'removed');
    expect(made.asked).toEqual([]);
    expect(made.memory.all).toEqual([{ kind: 'attached', sourceId: 'box' }]);
    await made.see('box', 'running');
    await made.see('box', 'stopped');
    expect(made.asked).toEqual([['attach', { sourceId: 'box', remembered: true }]]);
  });

  it('does not make it forget a sandbox that goes just now; a recording that is gone is forgotten', async () => {
    made = new Made();
    await made.memory.remember({ kind: 'attached', sourceId: 'box' });
    await made.memory.remember({ kind: 'directory', path: '/gone', sourceId: 'dir' });
    made.there.set('box', 'running');
    for (const gone of ['box', '/gone']) made.refuses.add(gone);
    await made.start();
    expect(made.memory.all).toEqual([{ kind: 'attached', sourceId: 'box' }]);
    made.refuses.clear();
    made.asked.length = 0;
    await made.see('box', 'running');
    expect(made.asked).toEqual([['attach', { sourceId: 'box', remembered: true }]]);
  });

  it('is not asked for what a person detached from while it was not there', async () => {
    made = new Made();
    await made.memory.remember({ kind: 'attached', sourceId: 'box' });
    await made.start();
    await made.sources.detach('box');
    await made.see('box', 'running');
    expect(made.asked).toEqual([['detach', { sourceId: 'box' }]]);
  });
});
