/** How collecting ends: promptly, whatever the source does, with no rejection that nobody handles, and the store left alone. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { merge } from '../../../server/src/attach/mergeRecords';
import type { Source, SourceRecord } from '../../../server/src/attach/record';
import { collect } from '../../../server/src/collect/collector';
import { info, memoryStore } from '../support/traces';

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => void process.on('unhandledRejection', note));
afterEach(async () => {
  await pause(50);
  process.off('unhandledRejection', note);
  expect(unhandled.splice(0)).toEqual([]);
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const line: SourceRecord = { kind: 'log', origin: 'console', text: 'a line of the log', cursor: { key: 'logs', value: '1' } };

function sourceOf(open: Source['open']): Source {
  const refuse = (): Promise<never> => Promise.reject(new Error('no files'));
  return { kind: 'directory', name: 'made', sandboxId: null, files: { read: refuse, stat: refuse, list: refuse }, mounts: [], open };
}

/** Hands out what it is given, then waits until it is told to end, and fails then. */
const failsAtEnd = (...records: readonly SourceRecord[]): Source =>
  sourceOf(async function* ({ signal }) {
    yield* records;
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('torn down'))));
  });

function run(
  source: Source,
  more: Partial<Parameters<typeof collect>[3]> = {},
): { readonly done: Promise<void>; cursor(): string | undefined } {
  const store = memoryStore();
  const row = store.transaction(() => store.sources.ensure('made', { info, registryProvider: null }));
  const done = collect(store, row, source, {
    follow: true,
    signal: new AbortController().signal,
    onChange: () => undefined,
    onCaughtUp: () => undefined,
    ...more,
  });
  return { done, cursor: () => store.sources.cursors(row).get('logs') };
}

describe('collecting', () => {
  it('that fails ends its source, which waits for something else, and tells its own failure', async () => {
    const { done } = run(failsAtEnd(line), {
      onChange: () => {
        throw new Error('the listener failed');
      },
    });
    await expect(done).rejects.toThrow('the listener failed');
  });

  it('that is aborted keeps what came, and hears of no failure after it', async () => {
    const controller = new AbortController();
    const { done, cursor } = run(failsAtEnd(line), { signal: controller.signal });
    await pause(5);
    controller.abort();
    await done;
    expect(cursor()).toBe('1');
  });

  it('that is aborted does not wait for a source that never ends, and takes nothing from it any more', { timeout: 180_000 }, async () => {
    const controller = new AbortController();
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const { done, cursor } = run(
      sourceOf(async function* () {
        yield line;
        await gate;
        yield { ...line, cursor: { key: 'logs', value: '2' } };
      }),
      { signal: controller.signal },
    );
    await pause(50);
    controller.abort();
    await done;
    go();
    await pause(50);
    expect(cursor()).toBe('1');
  });

  it('tells a failure of its source', async () => {
    const { done } = run(
      sourceOf(async function* () {
        yield line;
        throw new Error('broken');
      }),
    );
    await expect(done).rejects.toThrow('broken');
  });
});

describe('what is collected is shown', () => {
  const entry = (id: number, type: 'session' | 'message'): SourceRecord => ({
    kind: 'transcript',
    agent: 'main',
    session: 's',
    state: 'live',
    file: 'agents/main/sessions/s.jsonl',
    ordinal: id,
    text: JSON.stringify(
      type === 'session'
        ? { type, version: 3, id: 's', timestamp: '2026-11-01T10:00:00.000Z' }
        : { type, id: `m${id}`, parentId: null, timestamp: '2026-11-01T10:00:01.000Z', message: { role: 'user', content: `words ${id}` } },
    ),
  });

  it('while records keep coming, each within the time the one before waits for company', async () => {
    const shown: number[] = [];
    let sent = 0;
    const { done } = run(
      sourceOf(async function* () {
        yield entry(0, 'session');
        for (; sent < 60; sent++) {
          await pause(10);
          yield entry(sent + 1, 'message');
        }
      }),
      { onChange: (change) => change.sessions.length > 0 && shown.push(sent) },
    );
    await done;
    expect(shown[0]).toBeLessThan(20);
    expect(shown.filter((at) => at < 60).length).toBeGreaterThan(10);
  });

  it('before a source that fails tells of it', async () => {
    const changes: number[] = [];
    const { done } = run(
      sourceOf(async function* () {
        yield entry(0, 'session');
        yield entry(1, 'message');
        throw new Error('broken');
      }),
      { onChange: (change) => changes.push(change.sessions.length) },
    );
    await expect(done).rejects.toThrow('broken');
    expect(Math.max(...changes)).toBe(1);
  });
});

it('streams put together: one that fails after nobody wants more is no rejection without a handler', async () => {
  const controller = new AbortController();
  async function* failing(): AsyncGenerator<number> {
    yield 1;
    await new Promise((_, reject) => controller.signal.addEventListener('abort', () => reject(new Error('torn down'))));
  }
  for await (const _ of merge([failing(), failing()], () => controller.abort())) break;
  expect(controller.signal.aborted).toBe(true);
});
