/** A named pipe in the place of a file: opening one waits for a writer, and with it the thread that opens it. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { SandboxFileError } from '../../../server/src/attach/errors';
import { codeOf } from '../../../server/src/attach/reader/context';
import { SqliteStore } from '../../../server/src/attach/reader/sqliteStore';
import type { SourceRecord } from '../../../server/src/attach/record';
import { openRegular, openRegularSync, readRegular } from '../../../server/src/attach/regularFile';
import { readRegistry } from '../../../server/src/sandboxes/registries';
import { emptyState, entry, header, readAll, temporary, writeSession } from './reading';

const signal = new AbortController().signal;
const pipes: string[] = [];

function pipe(path: string): string {
  execFileSync('mkfifo', [path]);
  pipes.push(path);
  return path;
}

/** Whoever still waits at a pipe gets an end of file, so that a failing test ends too. */
afterEach(() => {
  for (const path of pipes.splice(0)) {
    if (!statSync(path, { throwIfNoEntry: false })?.isFIFO()) continue;
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    closeSync(reader);
  }
});

/** What opens a pipe waits for ever; what does not may take its time on a busy machine. */
const HUNG_MS = 20_000;

async function within<T>(ms: number, body: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([body, late]);
  } finally {
    clearTimeout(timer);
  }
}

const reasons = (records: readonly SourceRecord[]): readonly (readonly [string, string])[] =>
  records.filter((record) => record.kind === 'skipped').map((record) => [record.where, record.reason] as const);

describe('a pipe', () => {
  it('in the workspace of a recording is no file, and as many of them as there are threads hold up nothing', async () => {
    const root = temporary();
    const workspace = join(root, 'sandbox', '.openclaw', 'workspace');
    mkdirSync(join(root, 'sandbox', '.openclaw', 'agents', 'main', 'sessions'), { recursive: true });
    mkdirSync(workspace, { recursive: true });
    for (let at = 0; at < 8; at++) pipe(join(workspace, `p${at}.py`));
    writeFileSync(join(workspace, 'ok.py'), 'ok');
    const { files } = await openDirectory(root);
    const refused = await within(
      HUNG_MS,
      Promise.all(
        Array.from({ length: 8 }, (_, at) => files.read(`/sandbox/.openclaw/workspace/p${at}.py`, signal).catch((error: unknown) => error)),
      ),
    );
    for (const error of refused) expect(SandboxFileError.is(error, 'not-a-file')).toBe(true);
    const { bytes } = await within(HUNG_MS, files.read('/sandbox/.openclaw/workspace/ok.py', signal));
    expect(Buffer.from(bytes).toString()).toBe('ok');
  });

  it('put in the place of a file between the look and the opening is not waited for', async () => {
    const dir = temporary();
    pipe(join(dir, 'pipe'));
    const descriptor = await within(
      HUNG_MS,
      open(join(dir, 'pipe'), constants.O_RDONLY | constants.O_NONBLOCK).then(async (handle) => {
        const found = await handle.stat();
        await handle.close();
        return found.isFIFO();
      }),
    );
    expect(descriptor).toBe(true); // what the opening relies on
    for (let at = 0; at < 200; at++) {
      const path = join(dir, `f${at}`);
      writeFileSync(path, 'x');
      const opened = within(
        HUNG_MS,
        openRegular(path).then(
          (handle) => handle.close().then(() => 'opened'),
          (error: unknown) => codeOf(error),
        ),
      );
      renameSync(join(dir, 'pipe'), path);
      expect(['opened', 'ENOTREG', 'ENOENT']).toContain(await opened);
      renameSync(path, join(dir, 'pipe'));
    }
  });

  it('is refused by whatever way it is reached, and so are a directory and a link', async () => {
    const dir = temporary();
    const fifo = pipe(join(dir, 'pipe'));
    writeFileSync(join(dir, 'file'), 'words');
    symlinkSync('pipe', join(dir, 'toPipe'));
    symlinkSync('file', join(dir, 'toFile'));
    const code = (path: string, links: 'refused' | 'followed'): Promise<string | undefined> =>
      within(
        HUNG_MS,
        readRegular(path, 10, links).then(
          ({ bytes }) => bytes.toString(),
          (error: unknown) => codeOf(error),
        ),
      );
    expect(await code(fifo, 'refused')).toBe('ENOTREG');
    expect(await code(fifo, 'followed')).toBe('ENOTREG');
    expect(await code(join(dir, 'toPipe'), 'refused')).toBe('ELOOP');
    expect(await code(join(dir, 'toPipe'), 'followed')).toBe('ENOTREG');
    expect(await code(join(dir, 'toFile'), 'refused')).toBe('ELOOP');
    expect(await code(join(dir, 'toFile'), 'followed')).toBe('words');
    expect(await code(dir, 'followed')).toBe('EISDIR');
    expect(await code('/dev/zero', 'followed')).toBe('ENOTREG');
    writeFileSync(join(dir, 'file'), 'eleven words');
    expect(await code(join(dir, 'toFile'), 'followed')).toBe('EFBIG');
    expect(() => openRegularSync(fifo)).toThrow(expect.objectContaining({ code: 'ENOTREG' }) as Error);
    // Nothing is left open.
    const open = readdirSync('/proc/self/fd').length;
    for (let at = 0; at < 50; at++) await code(join(dir, 'file'), 'refused');
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(open + 20);
  });

  it('in the place of a transcript, an index or a trajectory is told, and the others are read', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'), entry('e'));
    for (const name of ['b.jsonl', 'sessions.json', 'a.trajectory.jsonl']) pipe(join(sessions, name));
    const records = await within(
      HUNG_MS,
      openDirectory(stateDir).then((source) => readAll(source)),
    );
    expect(records.filter((record) => record.kind === 'transcript')).toHaveLength(2);
    const at = 'agents/main/sessions';
    const pipeReason = 'it is no regular file: put the file itself there';
    expect(reasons(records)).toEqual(
      expect.arrayContaining([
        [`${at}/b.jsonl`, pipeReason],
        [`${at}/sessions.json`, pipeReason],
        [`${at}/a.trajectory.jsonl`, pipeReason],
      ]),
    );
    expect(reasons(records)).toHaveLength(3);
  });

  it('in the place of what lies beside a recording is told or left alone', async () => {
    const root = temporary();
    mkdirSync(join(root, 'sandbox', '.openclaw', 'agents', 'main', 'sessions'), { recursive: true });
    mkdirSync(join(root, 'home', '.nemoclaw'), { recursive: true });
    mkdirSync(join(root, 'var-log'));
    writeFileSync(join(root, 'container.log'), '');
    for (const name of ['inspect.json', 'home/.nemoclaw/sandboxes.json', 'var-log/openshell.1.log', 'sandbox/.openclaw/openclaw.json'])
      pipe(join(root, name));
    const records = await within(
      HUNG_MS,
      openDirectory(root).then((source) => readAll(source)),
    );
    const reason = 'it is no regular file: put the file itself there';
    expect(reasons(records)).toEqual(
      expect.arrayContaining([
        ['inspect.json', reason],
        ['home/.nemoclaw/sandboxes.json', reason],
        ['var-log/openshell.1.log', reason],
      ]),
    );
  });

  it("in the place of the host's registry of sandboxes is said where it was looked", async () => {
    const path = pipe(join(temporary(), 'sandboxes.json'));
    const { outcome, reason } = await within(HUNG_MS, readRegistry(path));
    expect([outcome, reason]).toEqual(['failed', 'it is no regular file: put the file itself there']);
  });

  it.each(['-shm', '-wal', '-journal'])("in the place of a database's %s is told, and the database is not opened", async (suffix) => {
    const { stateDir, agent } = emptyState();
    const path = join(agent, 'openclaw-agent.sqlite');
    const writer = new DatabaseSync(path);
    writer.exec('PRAGMA journal_mode = WAL; CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT)');
    if (suffix === '-shm') renameSync(`${path}-shm`, join(agent, 'aside'));
    if (suffix === '-wal') renameSync(`${path}-wal`, join(agent, 'aside'));
    pipe(path + suffix);
    // As whoever is not root opens it; a private copy would touch neither.
    const store = new SqliteStore(path, false);
    expect(() => store.read(() => 0)).toThrow(
      expect.objectContaining({ message: `its ${suffix} is no regular file: put the file itself there` }) as Error,
    );
    if (suffix === '-wal') {
      const records = await within(
        HUNG_MS,
        openDirectory(stateDir).then((source) => readAll(source)),
      );
      expect(reasons(records)).toEqual([
        ['agents/main/agent/openclaw-agent.sqlite', 'its -wal is no regular file: put the file itself there'],
      ]);
    }
    writer.close();
  });
});
