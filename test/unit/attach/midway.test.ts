// A transcript met between being emptied and being written again. Time stands still, and the reader's own wait is when the writer goes on.
import { appendFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as timers from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { cursorsOf, emptyState, readAll, transcripts } from './reading';
import { nodeReader } from './readers';

const meanwhile = vi.hoisted(() => ({ write: (): void => undefined }));
vi.mock('node:timers/promises', async (original) => ({
  ...(await original<typeof timers>()),
  setTimeout: (): Promise<void> => Promise.resolve(meanwhile.write()),
}));

const header = '{"type":"session","version":3,"id":"a","timestamp":"2026-11-21T00:00:00.000Z","cwd":"/sandbox"}\n';
const entry = (id: string, text = 'hello'): string =>
  `${JSON.stringify({ type: 'message', id, timestamp: '2026-11-21T00:00:01.000Z', message: { role: 'user', content: text } })}\n`;

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => {
  vi.useRealTimers();
  meanwhile.write = () => undefined;
});

async function emptiedThen(write: (path: string) => void): Promise<{ readonly reread: boolean; readonly ids: readonly string[] }> {
  const { stateDir, sessions } = emptyState();
  const path = join(sessions, 'a.jsonl');
  writeFileSync(path, header + entry('1'));
  const first = await readAll(nodeReader.open(stateDir));
  expect(transcripts(first)).toHaveLength(2);
  truncateSync(path, 0);
  vi.setSystemTime(statSync(path).mtimeMs);
  let waited = 0;
  meanwhile.write = () => void (waited++ === 0 && write(path));
  const again = await readAll(nodeReader.open(stateDir), cursorsOf(first));
  expect(waited).toBeGreaterThan(0);
  return {
    reread: again.some(({ kind }) => kind === 'reread'),
    ids: transcripts(again).map(({ text }) => (JSON.parse(text) as { id: string }).id),
  };
}

it('is not called rewritten when the same is written again, and more', async () => {
  const found = await emptiedThen((path) => appendFileSync(path, header + entry('1') + entry('2')));
  expect(found).toEqual({ reread: false, ids: ['2'] });
});

it('is called rewritten when something else is written', async () => {
  const found = await emptiedThen((path) => appendFileSync(path, header + entry('1', 'other') + entry('2')));
  expect(found).toEqual({ reread: true, ids: ['a', '1', '2'] });
});
