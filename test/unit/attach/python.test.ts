/** The reader in Python against the one on Node: the same records, the same cursors, of everything that was ever recorded. */
import fc from 'fast-check';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PYTHON_READER } from '../../../scripts/joinPython.mjs';
import { PYTHON } from '../../../server/src/attach/container/pythonExec';
import { AttachError } from '../../../server/src/attach/errors';
import type { ReaderRequest } from '../../../server/src/attach/reader/frames';
import { recording, recordingNames } from '../../fixtures/recordings';
import { cursorsOf, emptyState, entry, Following, header, identity, readAll, sleep, temporary, writeSession } from './reading';
import { nodeReader, pythonReader, pythonReaderOf, pythonScript, startPython, type Reader } from './readers';

describe.each(recordingNames)('recording %s', (name) => {
  const { stateDir } = recording(name);

  it('gives the same records in the same order, and the same cursors', async () => {
    const node = await readAll(nodeReader.open(stateDir));
    const python = await readAll(pythonReader.open(stateDir));
    expect(python.length).toBeGreaterThan(2);
    expect(python).toEqual(node);
  });

  it.each([
    [nodeReader, pythonReader],
    [pythonReader, nodeReader],
  ])('read by one and gone on with by the other, gives nothing again (%#)', async (first, second) => {
    const cursors = cursorsOf(await readAll(first.open(stateDir)));
    const again = await readAll(second.open(stateDir), cursors);
    const same = await readAll(first.open(stateDir), cursors);
    expect(again).toEqual(same);
    expect(again.filter((record) => ['transcript', 'trajectory', 'reread', 'gone'].includes(record.kind))).toEqual([]);
  });
});

describe('what both make of a text', () => {
  const texts = [
    'é',
    '\u00a0',
    '\ufeff',
    '\u2028',
    '\u{1f600}',
    '\u0007',
    'ÿ',
    '\\ud800',
    '\\udc00\\ud800',
    '\\u0000',
    '\\/',
    '\\"',
    '\u007f',
  ];
  const scalar = fc.oneof(
    fc.constantFrom(
      '1',
      '-0',
      '1e400',
      '1.0',
      '123456789012345678901',
      '1e21',
      '1e-7',
      '0.1',
      '5e-324',
      '12345678901234567890123e-5',
      'null',
    ),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc
      .array(fc.oneof(fc.constantFrom(...texts), fc.string({ maxLength: 3, unit: 'binary' }).map(inner)), { maxLength: 5 })
      .map((parts) => `"${parts.join('')}"`),
    fc.integer({ min: 490, max: 505 }).map((length) => `"${'x'.repeat(length)}\u{1f600}\u{1f600}"`),
  );
  function inner(text: string): string {
    return JSON.stringify(text).slice(1, -1);
  }
  const nested = fc.oneof(
    scalar,
    scalar.map((one) => `[ ${one},{"b" : ${one},"10":1,"9":${one}}]`),
    scalar.map((one) => `{"2":${one}, "a":[],"1":{}}`),
  );
  const event = fc
    .tuple(scalar, nested, scalar, nested)
    .map(
      ([ts, data, session, error]) =>
        `{"type":"model.completed","ts":${ts},"seq":${data},"sessionId":${session},"data":{"name":${ts},"promptError":${error},"status":${data}}}`,
    );
  const entryText = fc.tuple(scalar, nested).map(([id, message]) => `{"type":"message","id":${id},"message":${message}}`);
  /** Cut off anywhere, or a byte of it another. */
  const spoiled = fc
    .tuple(fc.oneof(event, entryText), fc.integer({ min: 0, max: 400 }), fc.option(fc.integer({ min: 0, max: 255 })))
    .map(([text, at, byte]) => {
      const bytes = Buffer.from(text);
      if (byte === null) return bytes.subarray(0, Math.max(1, at % bytes.length));
      bytes[at % bytes.length] = byte;
      return bytes;
    });
  const line = fc.oneof(
    event.map((text) => Buffer.from(text)),
    entryText.map((text) => Buffer.from(text)),
    spoiled,
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  );

  it('of any bytes at all is the same: what is kept, how it is written, and why it is not', { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 60, maxLength: 60 }), async (lines) => {
        const { stateDir, sessions } = emptyState();
        // One file each: of one file only the first reasons are told.
        lines.forEach((bytes, index) => {
          writeFileSync(join(sessions, `${index}.jsonl`), bytes);
          writeFileSync(join(sessions, `${index}.trajectory.jsonl`), bytes);
        });
        writeFileSync(
          join(sessions, 'sessions.json'),
          `{${lines.map((bytes, index) => `"${index % 7 === 0 ? index : `k${index}`}":${bytes.toString('latin1').includes('\n') || !isJson(bytes) ? '{}' : bytes.toString()}`).join(',')}}`,
        );
        expect(await readAll(pythonReader.open(stateDir))).toEqual(await readAll(nodeReader.open(stateDir)));
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });
});

it('a text that is cut off anywhere is told apart from one that is none, in the same words', async () => {
  const { stateDir, sessions } = emptyState();
  const text = '{"type":"message", "id":"\\u00e9\\n","a":[true,false,null,-1.5e+3,{}],"b":{"c":0}}x';
  const heads = Array.from({ length: text.length }, (_, length) => text.slice(0, length + 1));
  const others = [
    '{"a":1.}',
    '{"a":-}',
    '{"a":01}',
    '{"a":1e}',
    '{"a":trux}',
    '{"a":NaN}',
    '{"a":"\\x"}',
    '[1,]',
    '{,}',
    '{"a" 1}',
    '"\u0001"',
    '[1]',
    ' ',
  ];
  [...heads, ...others].forEach((one, index) => writeFileSync(join(sessions, `${index}.jsonl`), `${one}\n`));
  const python = await readAll(pythonReader.open(stateDir));
  expect(python).toEqual(await readAll(nodeReader.open(stateDir)));
  const told = python.filter((record) => record.kind === 'skipped').map(({ reason }) => reason.replace(/^.*: /, ''));
  expect(new Set(told)).toEqual(new Set(['the JSON is cut off', 'not JSON', 'not a JSON object']));
});

describe('on a machine that lacks something', () => {
  const without = (what: string, instead: string): Reader => {
    expect(pythonScript().includes(what), what).toBe(true);
    return pythonReaderOf(pythonScript().replace(what, instead));
  };
  it('without a libzstd, packed rows and files are unpacked all the same', async () => {
    const slow = without("LIBRARIES = ('libzstd.so.1', 'libzstd.so')", "LIBRARIES = ('libzstd-that-is-not-there.so',)");
    const { stateDir } = recording('zstd-2026.9.6');
    expect(await readAll(slow.open(stateDir))).toEqual(await readAll(nodeReader.open(stateDir)));
    const made = emptyState();
    const lines = Array.from({ length: 3000 }, (_, index) => entry(`e${index}`, `${index * 7919} ${'word '.repeat(index % 30)}`));
    const text = Buffer.from(header('z') + lines.join(''));
    for (const level of [-5, 1, 3, 9, 19])
      writeFileSync(
        join(made.sessions, `z${level}.jsonl.deleted.2026-11-21T00-00-00.000Z.zst`),
        zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: level } }),
      );
    const noise = zstdCompressSync(randomBytes(300_000));
    writeFileSync(join(made.sessions, 'noise.jsonl.zst'), noise);
    writeFileSync(join(made.sessions, 'cut.jsonl.zst'), zstdCompressSync(text).subarray(0, 5000));
    writeFileSync(join(made.sessions, 'none.jsonl.zst'), 'this is no zstd');
    for (const reader of [slow, pythonReader])
      expect((await readAll(reader.open(made.stateDir))).map(identity)).toEqual(
        (await readAll(nodeReader.open(made.stateDir))).map(identity),
      );
  });

  it('without inotify it looks often', async () => {
    const blind = without('file = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)', 'file = -1');
    const { stateDir, sessions } = emptyState();
    const path = writeSession(sessions, 'a.jsonl', header('a'));
    const live = new Following(blind.open(stateDir));
    await live.caughtUp();
    appendFileSync(path, entry('1'));
    await live.until((record) => record.kind === 'transcript' && record.text.includes('"1"'), 0, 20_000);
    await live.stop();
  });

  it('with an SQLite that does not know STRICT tables, they are read as they are', async () => {
    const old = without('STRICT_SINCE = (3, 37, 0)', 'STRICT_SINCE = (4, 0, 0)');
    const { stateDir } = recording('zstd-2026.9.6');
    expect(await readAll(old.open(stateDir))).toEqual(await readAll(nodeReader.open(stateDir)));
  });

  it('without sqlite3 the transcripts that are files are read, and that is said', async () => {
    const plain = without('        import sqlite3\n', '        raise ImportError()\n');
    const { stateDir, sessions, agent } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'));
    writeFileSync(join(agent, 'openclaw-agent.sqlite'), 'x');
    const records = await readAll(plain.open(stateDir));
    expect(records.filter((record) => record.kind === 'transcript')).toHaveLength(1);
    expect(records.filter((record) => record.kind === 'skipped').map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^this Python \(\d+\.\d+\.\d+\) has no sqlite3$/),
    ]);
  });
});

describe('its life line', () => {
  const request = (stateDir: string): ReaderRequest => ({ stateDir, cursors: [], follow: true });
  async function spoken(child: ReturnType<typeof startPython>): Promise<void> {
    await once(child.stdout, 'data');
  }

  it('cut while it waits, it ends', async () => {
    const child = startPython(request(emptyState().stateDir));
    await spoken(child);
    child.stdin.end();
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
  });

  it('cut while nobody takes what it writes, it ends', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'), ...Array.from({ length: 500 }, (_, index) => entry(`e${index}`, 'x'.repeat(4000))));
    const child = startPython(request(stateDir));
    await once(child.stdout, 'readable');
    child.stdin.end();
    await once(child, 'exit');
  });

  it('cut before it knows what to do, it ends', async () => {
    const [command = '', ...args] = PYTHON.command;
    const child = spawn(command, args, { cwd: '/' });
    child.stdin.end('100\nimport');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
  });

  it('silent for too long, it ends; with a sign now and then, it does not', async () => {
    const text = pythonScript().replace('LIFE_SIGN_LIMIT_S = 60', 'LIFE_SIGN_LIMIT_S = 4');
    const child = startPython(request(emptyState().stateDir), text);
    await spoken(child);
    for (let sign = 0; sign < 15; sign++) {
      child.stdin.write('\n');
      await sleep(300);
      expect(child.exitCode).toBeNull();
    }
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
  });
});

describe('a sandbox that just started', () => {
  it('has no state directory yet: that is waited for, or said', async () => {
    const stateDir = join(temporary(), '.openclaw');
    await expect(readAll(pythonReader.open(stateDir))).rejects.toSatisfy((error) => AttachError.is(error, 'nothing-recorded'));
    const live = new Following(pythonReader.open(stateDir));
    await live.caughtUp();
    await live.until((record) => record.kind === 'heartbeat');
    const sessions = join(stateDir, 'agents', 'main', 'sessions');
    mkdirSync(sessions, { recursive: true });
    writeSession(sessions, 'a.jsonl', header('a'));
    await live.until((record) => record.kind === 'transcript', 0, 20_000);
    await live.stop();
  });
});

it('goes no further than is taken, and holds little of what is large', { timeout: 180_000 }, async () => {
  const { stateDir, sessions } = emptyState();
  const many = Array.from({ length: 20_000 }, (_, index) => entry(`e${index}`, 'x'.repeat(2000)));
  writeSession(sessions, 'big.jsonl', header('big'), ...many);
  const child = startPython({ stateDir, cursors: [], follow: true });
  const memory = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;
  const offset = (): number => Number(readFileSync(`/proc/${child.pid}/io`, 'utf8').match(/rchar: (\d+)/)?.[1]);
  await once(child.stdout, 'readable');
  let before = -1;
  while (offset() !== before) {
    before = offset();
    await sleep(300);
  }
  // 40 MB lie on the disk; it stands still with most of them unread.
  expect(before).toBeLessThan(20 * 1024 * 1024);
  let taken = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    taken += chunk.length;
    if (chunk.includes('"caughtUp"')) break;
  }
  expect(taken).toBeGreaterThan(40 * 1024 * 1024);
  console.log(`python: ${memory().toFixed(0)} MB at the most`);
  expect(memory()).toBeLessThan(80);
  child.stdin.end();
  if (child.exitCode === null) await once(child, 'exit');
});

describe('its text', () => {
  const check = (program: string): string => execFileSync('python3', ['-I', '-c', program], { input: pythonScript(), encoding: 'utf8' });

  it('is Python 3.8', () => {
    check("import ast, sys; ast.parse(sys.stdin.read(), 'reader.py', feature_version=(3, 8))");
  });

  it('names nothing twice at its top, so that its modules can stand in one file', () => {
    const twice = check(`import ast, collections, sys
names = []
taken = set()
for node in ast.parse(sys.stdin.read()).body:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        names.append(node.name)
    elif isinstance(node, ast.Assign):
        names += [target.id for target in node.targets]
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        taken |= {alias.asname or alias.name for alias in node.names}
assert len(names) > 150
print([name for name, count in collections.Counter(names).items() if count > 1 or name in taken])`);
    expect(twice.trim()).toBe('[]');
  });

  it('imports of each module what that module has', () => {
    const has = (name: string): string => readFileSync(join(PYTHON_READER, `${name}.py`), 'utf8');
    let imports = 0;
    for (const file of readdirSync(PYTHON_READER).filter((name) => name.endsWith('.py')))
      for (const [, from = '', names = ''] of has(file.slice(0, -3)).matchAll(/^from \.(\w+) import (.+)$/gm))
        for (const name of names.split(', ')) {
          imports += 1;
          expect(has(from), `${file}: ${name} of ${from}`).toMatch(new RegExp(`^(?:def |class )?${name}\\b`, 'm'));
        }
    expect(imports).toBeGreaterThan(50);
  });

  it('asks for the tables that the reader on Node asks for, and nothing else', () => {
    const of = (text: string, from: RegExp): readonly string[] =>
      [...(from.exec(text)?.[1] ?? '').matchAll(/'([a-z_]+)'/g)].map(([, name = '']) => name).sort();
    const node = of(readFileSync(join(PYTHON_READER, '../sqliteStore.ts'), 'utf8'), /export type Table =([^;]+);/);
    expect(node.length).toBeGreaterThan(4);
    expect(of(pythonScript(), /^TABLES = \(([^)]+)\)/m)).toEqual(node);
  });
});

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
