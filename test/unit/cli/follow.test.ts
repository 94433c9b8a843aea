// What `follow` reads of the store at each batch is of the sessions that changed, however many others there are.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, expect, it, vi } from 'vitest';
import { run } from '../../../server/src/cli/run';
import { FindingStore } from '../../../server/src/store/findings';

const home = mkdtempSync(join(tmpdir(), 'sandglass-follow-'));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});

const limit = { timeout: 20_000 };

it('a batch of one session asks for the findings of that session alone', { timeout: 180_000 }, async () => {
  const sessions = join(home, '.openclaw/agents/main/sessions');
  mkdirSync(sessions, { recursive: true });
  const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
  const said = (id: string): string =>
    line({ type: 'message', id, parentId: null, timestamp: '2026-11-21T00:00:01.000Z', message: { role: 'user', content: `say ${id}` } });
  for (const id of ['a', 'b', 'c'])
    writeFileSync(
      join(sessions, `${id}.jsonl`),
      line({ type: 'session', version: 3, id, timestamp: '2026-11-21T00:00:00.000Z' }) + said(id),
    );
  const asked = vi.spyOn(FindingStore.prototype, 'of');
  const stdout = new PassThrough();
  let shown = '';
  stdout.on('data', (data: Buffer) => (shown += data.toString()));
  const before = process.listeners('SIGINT');
  const ended = run(['follow', home, '--json'], { stdout, stderr: new PassThrough(), env: {} });
  const stop = process.listeners('SIGINT').find((listener) => !before.includes(listener));
  try {
    // All of them are asked for once, when everything was read.
    await expect.poll(() => asked.mock.calls.length, limit).toBeGreaterThan(0);
    asked.mockClear();
    appendFileSync(join(sessions, 'b.jsonl'), said('more'));
    await expect.poll(() => shown, limit).toContain('say more');
    await expect.poll(() => asked.mock.calls.length, limit).toBeGreaterThan(0);
    expect(new Set(asked.mock.calls.map(([, session]) => session)).size).toBe(1);
    expect(asked.mock.calls[0]?.[1]).toEqual(expect.any(Number));
  } finally {
    stop?.('SIGINT');
    expect(await ended).toBe(0);
  }
});
