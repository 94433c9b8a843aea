import { describe, expect, it, vi } from 'vitest';
import type { FileChangeEvent, Uri } from 'vscode';
import { SandboxFiles } from '../../../client/src/editor/sandboxFiles';
import type { ServerHost } from '../../../client/src/connection/serverHost';

vi.mock('vscode', () => {
  class EventEmitter<T> {
    readonly #listeners: ((event: T) => void)[] = [];
    readonly event = (listener: (event: T) => void): void => void this.#listeners.push(listener);
    fire(event: T): void {
      for (const listener of this.#listeners) listener(event);
    }
    dispose(): void {
      this.#listeners.length = 0;
    }
  }
  const Uri = { parse: (text: string) => uri(text) };
  return { EventEmitter, Uri, FileChangeType: { Changed: 1, Created: 2, Deleted: 3 } };
});

function uri(text: string): Uri {
  return { toString: () => text, path: text } as Uri;
}

describe("the sandbox's files that are open", () => {
  it('are told when they change, though one of them can no longer be asked for', async () => {
    vi.useFakeTimers();
    const files = new Map<string, number>([
      ['sandglass-file://a/first.py', 1],
      ['sandglass-file://b/last.py', 1],
    ]);
    const listeners: ((changed: unknown) => void)[] = [];
    const server = {
      onChanged: (listener: (changed: unknown) => void) => {
        listeners.push(listener);
        return { dispose: () => undefined };
      },
      request: (name: string, asked: { readonly uri: string }) => {
        const mtime = files.get(asked.uri);
        if (mtime === undefined) return Promise.reject(new Error('this sandbox is not open any more'));
        return Promise.resolve(name === 'readFile' ? { base64: '', mtime } : { type: 'file', size: 1, mtime });
      },
    } as unknown as ServerHost;
    const failures: unknown[] = [];
    const provider = new SandboxFiles(
      server,
      () => Promise.resolve(),
      (error) => failures.push(error),
    );
    const told: FileChangeEvent[] = [];
    provider.onDidChangeFile((changes) => told.push(...changes));
    for (const at of ['sandglass-file://a/first.py', 'sandglass-file://gone/closed.py', 'sandglass-file://b/last.py'])
      provider.watch(uri(at));
    for (const at of files.keys()) await provider.readFile(uri(at));

    for (const at of files.keys()) files.set(at, 2);
    for (const listener of listeners) listener({ inventory: false, sessions: [{}] });
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();

    expect(told.map((change) => change.uri.toString())).toEqual(['sandglass-file://a/first.py', 'sandglass-file://b/last.py']);
    expect(failures).toHaveLength(1);
    provider.dispose();
  });
});
