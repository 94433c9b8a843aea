/** One bad input each: a clear word about it, and everything else goes on. */
import { appendFileSync, chmodSync, mkdirSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import { AttachError } from '../../../server/src/attach/errors';
import { MAX_LINE_BYTES } from '../../../server/src/attach/reader/lines';
import type { SourceRecord } from '../../../server/src/attach/record';
import { asNobody, cursorsOf, emptyState, entry, Following, header, readAll, sleep, temporary, transcripts, writeSession } from './reading';
import { ways } from './readers';

const reasons = (records: readonly SourceRecord[]): readonly (readonly [string, string])[] =>
  records.filter((record) => record.kind === 'skipped').map((record) => [record.where, record.reason] as const);
const ids = (records: readonly SourceRecord[]): readonly string[] =>
  transcripts(records).map((record) => (JSON.parse(record.text) as { id: string }).id);

describe('a path that is no source', () => {
  it.each([
    ['an empty directory', (): string => temporary(), 'nothing-recorded'],
    ['a path that is not there', (): string => join(temporary(), 'nowhere'), 'no-such-path'],
    [
      'a file',
      (): string => {
        const file = join(temporary(), 'file');
        writeFileSync(file, '');
        return file;
      },
      'no-such-path',
    ],
    ['a path through a file', (): string => '/etc/passwd/x', 'no-such-path'],
  ] as const)('%s', async (_, path, reason) => {
    const error: unknown = await openDirectory(path()).catch((caught: unknown) => caught);
    expect(AttachError.is(error, reason)).toBe(true);
    expect((error as AttachError).hint).not.toBe('');
  });

  it('a directory that may not be read', async () => {
    const dir = temporary();
    mkdirSync(join(dir, '.openclaw', 'agents'), { recursive: true });
    const error = await asNobody(dir, () => openDirectory(join(dir, '.openclaw')).catch((caught: unknown) => caught));
    expect(AttachError.is(error, 'unreadable')).toBe(true);
    expect((error as AttachError).message).toContain('permission denied');
  });

  it.each([
    ['itself', (root: string): string => join(root, 'kept')],
    ['the state directory in it', (root: string): string => join(root, 'kept', 'sandbox', '.openclaw')],
    ['its agents', (root: string): string => join(root, 'kept', 'sandbox', '.openclaw', 'agents')],
    ['what lies between', (root: string): string => join(root, 'kept', 'sandbox')],
  ])('a recording of which %s may not be read is an error of attaching, with what to do', async (_, closed) => {
    const root = temporary();
    chmodSync(root, 0o755);
    mkdirSync(join(root, 'kept', 'sandbox', '.openclaw', 'agents', 'main', 'sessions'), { recursive: true });
    const result = await asNobody(closed(root), async () => {
      try {
        return await readAll(await openDirectory(join(root, 'kept')));
      } catch (error) {
        return error;
      }
    });
    if (Array.isArray(result))
      expect(reasons(result as SourceRecord[])).toEqual([['agents', expect.stringContaining('permission denied')]]);
    else {
      expect(AttachError.is(result, 'unreadable')).toBe(true);
      expect((result as AttachError).message).toContain('permission denied');
      expect((result as AttachError).hint).not.toBe('');
    }
  });

  it('a state directory of another name is found though one of its agents may not be read', async () => {
    const root = temporary();
    chmodSync(root, 0o755);
    for (const agent of ['a', 'b']) mkdirSync(join(root, 'copied', 'agents', agent, 'sessions'), { recursive: true });
    writeSession(join(root, 'copied', 'agents', 'b', 'sessions'), 'b.jsonl', header('b'));
    const records = await asNobody(join(root, 'copied', 'agents', 'a'), async () => readAll(await openDirectory(join(root, 'copied'))));
    expect(ids(records)).toEqual(['b']);
    expect(reasons(records).map(([where]) => where)).toEqual(['agents/a/sessions', 'agents/a/sessions/cold', 'agents/a/agent']);
    await asNobody(join(root, 'copied', 'agents', 'a'), async () => {
      const live = new Following(await openDirectory(join(root, 'copied')));
      await live.caughtUp();
      await sleep(700); // a look at everything, and at what is watched
      await live.stop();
      expect(reasons(live.records)).toEqual(reasons(records));
    });
  });

  it.each([
    ['may not be read', 'inspect.json', null, 'permission denied'],
    ['may not be read', 'home/.nemoclaw/sandboxes.json', null, 'permission denied'],
    ['is no JSON', 'inspect.json', '[{"Config":', 'it is not JSON'],
    ['is no JSON', 'home/.nemoclaw/sandboxes.json', '{', 'it is not JSON'],
  ])('a recording whose side file %s (%s) is read all the same, and that is said', async (_, file, text, reason) => {
    const root = temporary();
    chmodSync(root, 0o755);
    mkdirSync(join(root, 'sandbox', '.openclaw', 'agents', 'main', 'sessions'), { recursive: true });
    mkdirSync(join(root, 'home', '.nemoclaw'), { recursive: true });
    writeSession(join(root, 'sandbox', '.openclaw', 'agents', 'main', 'sessions'), 'a.jsonl', header('a'));
    writeFileSync(join(root, 'container.log'), '');
    writeFileSync(join(root, file), text ?? '{}');
    const read = async (): Promise<readonly SourceRecord[]> => readAll(await openDirectory(root));
    const records = text === null ? await asNobody(join(root, file), read) : await read();
    expect(ids(records)).toEqual(['a']);
    expect(reasons(records)).toEqual([[file, expect.stringContaining(reason)]]);
  });

  it('an agent that may not be read: the others are, and it is said', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'));
    const closed = join(stateDir, 'agents', 'closed', 'sessions');
    mkdirSync(closed, { recursive: true });
    writeSession(closed, 'b.jsonl', header('b'));
    chmodSync(join(stateDir, '..'), 0o755);
    const records = await asNobody(closed, async () => readAll(await openDirectory(stateDir)));
    expect(ids(records)).toEqual(['a']);
    expect(reasons(records)).toContainEqual(['agents/closed/sessions', 'permission denied: check who may read it']);
  });

  it('a state directory without a session is one, with nothing in it', async () => {
    const { stateDir } = emptyState();
    expect((await readAll(await openDirectory(stateDir))).map((record) => record.kind)).toEqual(['about', 'caughtUp']);
  });
});

describe.each(ways)('in $name, a transcript', ({ open }) => {
  it('cut in its last line is read up to there, and that is said', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'), entry('1'), entry('2').slice(0, 40));
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['a', '1']);
    expect(reasons(records)).toEqual([
      ['agents/main/sessions/a.jsonl', `the last line is cut off, at byte ${(header('a') + entry('1')).length}`],
    ]);
  });

  it('with a whole last line but no line end has that line', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'), entry('1').trimEnd());
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['a', '1']);
    expect(reasons(records)).toEqual([]);
  });

  it.each([
    ['a broken line', '{"type":"message","id":"x\n', 'the JSON is cut off'],
    ['a line that is no JSON', 'OpenClaw was here <script>alert(1)</script>\n', 'not JSON'],
    ['a line that is no object', '[1,2,3]\n', 'not a JSON object'],
    ['a line of zero bytes', `${'\0'.repeat(50)}\n`, 'not JSON'],
    ['a line that is no UTF-8', Buffer.from([0xff, 0xfe, 0x0a]).toString('latin1'), 'not JSON'],
  ])('with %s loses that line only, and the reason quotes nothing of it', async (_, line, reason) => {
    const { stateDir, sessions } = emptyState();
    const path = writeSession(sessions, 'a.jsonl', header('a'), entry('1'));
    appendFileSync(path, Buffer.from(line, 'latin1'));
    appendFileSync(path, entry('2'));
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['a', '1', '2']);
    expect(reasons(records)).toEqual([
      ['agents/main/sessions/a.jsonl', `the line at byte ${(header('a') + entry('1')).length} can't be read: ${reason}`],
    ]);
  });

  it('with a broken line says so again to whoever goes on later', async () => {
    const { stateDir, sessions } = emptyState();
    const path = writeSession(sessions, 'a.jsonl', header('a'), 'broken\n', entry('1'));
    const first = await readAll(await open(stateDir));
    expect(reasons(await readAll(await open(stateDir), cursorsOf(first)))).toEqual(reasons(first));
    appendFileSync(path, entry('2'));
    const second = await readAll(await open(stateDir), cursorsOf(first));
    expect(ids(second)).toEqual(['2']);
    expect(reasons(second)).toEqual(reasons(first));
    expect(reasons(first)).toHaveLength(1);
  });

  it('that is damaged is not read over and over while it is followed', async () => {
    const { stateDir, sessions } = emptyState();
    const packed = zstdCompressSync(Buffer.from(header('z') + entry('z1')));
    writeFileSync(join(sessions, 'cut.jsonl.deleted.2026-11-21T00-00-00.000Z.abc.zst'), packed.subarray(0, packed.length - 12));
    const live = new Following(await open(stateDir));
    await live.caughtUp();
    const before = live.records.length;
    await sleep(1600);
    await live.stop();
    expect(live.records.slice(before).filter((record) => record.kind !== 'heartbeat')).toEqual([]);
    expect(reasons(live.records)).toHaveLength(1);
  });

  it('with a line of 10 MB has it, with one beyond the limit says so', { timeout: 180_000 }, async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(
      sessions,
      'a.jsonl',
      header('a'),
      entry('ten', 'x'.repeat(10 * 1024 * 1024)),
      entry('far', 'x'.repeat(MAX_LINE_BYTES + 10)),
      entry('after'),
    );
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['a', 'ten', 'after']);
    expect(reasons(records)).toMatchObject([['agents/main/sessions/a.jsonl', expect.stringContaining('longer than 32 MB') as string]]);
  });

  it('whose line grows beyond the limit while it is followed is gone on with after it', { timeout: 180_000 }, async () => {
    const { stateDir, sessions } = emptyState();
    const path = writeSession(sessions, 'a.jsonl', header('a'), entry('1'));
    const live = new Following(await open(stateDir));
    await live.caughtUp();
    const piece = 'x'.repeat(12 * 1024 * 1024);
    appendFileSync(path, '{"type":"message","id":"far","text":"');
    for (let index = 0; index < 3; index++) {
      appendFileSync(path, piece);
      await sleep(60);
    }
    appendFileSync(path, `"}\n${entry('after')}`);
    await live.until((record) => record.kind === 'transcript' && record.text.includes('"after"'), 0, 30_000);
    await live.stop();
    expect(ids(live.records)).toEqual(['a', '1', 'after']);
    expect(live.records.filter((record) => record.kind === 'reread')).toEqual([]);
  });

  it('without a header takes its name for its session', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'named.jsonl', entry('1'));
    expect(transcripts(await readAll(await open(stateDir))).map((record) => record.session)).toEqual(['named']);
  });

  it.each([
    ['second', [entry('1'), header('h'), entry('2')], 'h', ['1', 'h', '2']],
    ['last', [entry('1'), entry('2'), header('h')], 'h', ['1', '2', 'h']],
    ['after a broken line', ['{"type":"session","id"\n', header('h'), entry('1')], 'h', ['h', '1']],
    ['after an empty line', ['\n', header('h'), entry('1')], 'h', ['h', '1']],
    ['that names no session', [`${JSON.stringify({ type: 'session' })}\n`, entry('1')], 'named', [undefined, '1']],
    ['that is only spoken of', [entry('1', 'a "session" is no header'), entry('2')], 'named', ['1', '2']],
  ])('whose header is %s is one session, and nothing of it is lost', async (_, lines, session, expected) => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'named.jsonl', ...lines);
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(expected);
    expect(new Set(transcripts(records).map((record) => record.session))).toEqual(new Set([session]));
    // Gone on with from anywhere, it stays that session.
    for (let cut = 0; cut < records.length; cut++) {
      const rest = await readAll(await open(stateDir), cursorsOf(records.slice(0, cut)));
      for (const record of transcripts(rest)) expect(record.session).toBe(session);
    }
  });

  it('whose header names half a surrogate pair stays apart from another such', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'one.jsonl', '{"type":"session","id":"\\ud800"}\n', entry('1'));
    writeSession(sessions, 'two.jsonl', '{"type":"session","id":"\\udbff"}\n', entry('2'));
    const records = transcripts(await readAll(await open(stateDir)));
    expect(records.map(({ session }) => session)).toEqual(['one', 'one', 'two', 'two']);
  });

  it('that is empty is no session', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', '');
    writeSession(sessions, 'b.jsonl', '\n\n');
    expect(transcripts(await readAll(await open(stateDir)))).toEqual([]);
  });

  it('packed as zstd is read; one that is cut off is read as far as it goes, or said', async () => {
    const { stateDir, sessions } = emptyState();
    const packed = zstdCompressSync(Buffer.from(header('z') + entry('z1')));
    writeFileSync(join(sessions, 'z.jsonl.deleted.2026-11-21T00-00-00.000Z.abc.zst'), packed);
    writeFileSync(join(sessions, 'cut.jsonl.deleted.2026-11-21T00-00-00.000Z.abc.zst'), packed.subarray(0, packed.length - 12));
    const records = await readAll(await open(stateDir));
    expect(transcripts(records).map((record) => [record.session, record.state])).toEqual([
      ['z', 'deleted'],
      ['z', 'deleted'],
    ]);
    expect(reasons(records).map(([where]) => where)).toEqual(['agents/main/sessions/cut.jsonl.deleted.2026-11-21T00-00-00.000Z.abc.zst']);
  });

  it('that is a link is not followed', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'real.jsonl', header('real'));
    const outside = join(temporary(), 'secret.jsonl');
    writeFileSync(outside, header('secret'));
    symlinkSync(outside, join(sessions, 'link.jsonl'));
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['real']);
    expect(reasons(records)).toEqual([
      ['agents/main/sessions/link.jsonl', expect.stringContaining('it is a symbolic link, and none is followed: put')],
    ]);
  });
});

describe.each(ways)('as $name, a directory', ({ open }) => {
  it('of an agent that leads out of the tree is not followed, one that stays in it is', async () => {
    const { stateDir } = emptyState();
    const outside = temporary();
    mkdirSync(join(outside, 'sessions'));
    writeSession(join(outside, 'sessions'), 'x.jsonl', header('x'));
    symlinkSync(outside, join(stateDir, 'agents', 'evil'));
    const beside = join(stateDir, '..', '.openclaw-data', 'agents', 'moved', 'sessions');
    mkdirSync(beside, { recursive: true });
    writeSession(beside, 'm.jsonl', header('m'));
    symlinkSync(join(beside, '..'), join(stateDir, 'agents', 'moved'));
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['m']);
    expect(reasons(records)).toMatchObject([['agents/evil/sessions', expect.stringContaining('it leads out of the directory: put')]]);
  });

  it('with names of any kind is read: they are only names', async () => {
    const { stateDir, sessions } = emptyState();
    const names = [
      'a b.jsonl',
      '<img src=x onerror=alert(1)>.jsonl',
      'dots...jsonl',
      'ünï-\u202egpj.jsonl',
      'quote\'".jsonl',
      '-rf.jsonl',
      '%2e%2e.jsonl',
      '#rows.jsonl',
      'new\nline.jsonl',
    ];
    for (const [index, name] of names.entries()) writeSession(sessions, name, header(`s${index}`));
    expect([...ids(await readAll(await open(stateDir)))].sort()).toEqual(names.map((_, index) => `s${index}`));
  });

  it('with a name that is no UTF-8 says so, and reads the others', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.jsonl', header('a'));
    writeFileSync(Buffer.concat([Buffer.from(`${sessions}/bad-`), Buffer.from([0xff]), Buffer.from('.jsonl')]), header('bad'));
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['a']);
    expect(reasons(records)).toEqual([['agents/main/sessions/bad-\ufffd.jsonl', 'its name is not UTF-8: rename it']]);
  });

  it('with an archive that unpacks without an end is read up to a limit, and that is said', async () => {
    const { stateDir, sessions } = emptyState();
    const name = 'bomb.jsonl.deleted.2026-11-21T00-00-00.000Z.zst';
    const zeros = Buffer.alloc(66 * 1024 * 1024);
    writeFileSync(join(sessions, name), zstdCompressSync(Buffer.concat([Buffer.from(header('bomb')), zeros])));
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['bomb']);
    expect(reasons(records)).toEqual([[`agents/main/sessions/${name}`, expect.stringMatching(/^unpacked it is longer than 64 MB/)]]);
  });

  it('with a line that would be three times as long as it is, since it is no UTF-8, says so', async () => {
    const { stateDir, sessions } = emptyState();
    const path = writeSession(sessions, 'a.jsonl', header('a'));
    appendFileSync(
      path,
      Buffer.concat([Buffer.from('{"type":"message","id":"'), Buffer.alloc(24 * 1024 * 1024, 0xff), Buffer.from('"}\n')]),
    );
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['a']);
    expect(reasons(records)).toEqual([['agents/main/sessions/a.jsonl', expect.stringContaining('longer than 32 MB')]]);
  });

  it('full of what is no transcript is not read', async () => {
    const { stateDir, sessions } = emptyState();
    for (const name of [
      'a.jsonl.lock',
      'sessions.json.12.abc.tmp',
      'a.trajectory-path.json',
      '.usage-cost-cache.json',
      'a.jsonl.tmp',
      'notes.txt',
      'a.json',
    ])
      writeFileSync(join(sessions, name), header('no'));
    mkdirSync(join(sessions, 'dir.jsonl'));
    mkdirSync(join(sessions, 'skills-prompts'));
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual([]);
    expect(reasons(records)).toEqual([]);
  });

  it('whose index is broken says so, and the transcripts are read', async () => {
    const { stateDir, sessions } = emptyState();
    writeFileSync(join(sessions, 'sessions.json'), '{"agent:main:main": {"sessionId":');
    writeSession(sessions, 'a.jsonl', header('a'));
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['a']);
    expect(reasons(records)).toEqual([['agents/main/sessions/sessions.json', expect.stringContaining('it is not a JSON object')]]);
  });

  it('of which only the index was kept says so, and what is missing', async () => {
    const { stateDir, sessions } = emptyState();
    writeFileSync(
      join(sessions, 'sessions.json'),
      JSON.stringify({ 'agent:main:a': { sessionId: 'a' }, 'agent:main:b': { sessionId: 'b' } }),
    );
    const source = await open(stateDir);
    const records = await readAll(source);
    const told = [['agents/main/sessions/sessions.json', expect.stringMatching(/^it names 2 sessions, but no transcript is here/)]];
    expect(reasons(records)).toEqual(told);
    expect(reasons(await readAll(source, cursorsOf(records)))).toEqual(told);
    writeSession(sessions, 'a.jsonl', header('a'));
    expect(reasons(await readAll(source))).toEqual([]);
  });

  it('whose database has no byte says so, and of one that is made while it is followed nothing is said', async () => {
    const { stateDir, agent } = emptyState();
    writeFileSync(join(agent, 'openclaw-agent.sqlite'), '');
    expect(reasons(await readAll(await open(stateDir)))).toEqual([
      ['agents/main/agent/openclaw-agent.sqlite', expect.stringContaining('the database is empty (0 bytes): copy it again')],
    ]);
    rmSync(join(agent, 'openclaw-agent.sqlite'));
    const live = new Following(await open(stateDir));
    await live.caughtUp();
    writeFileSync(join(agent, 'openclaw-agent.sqlite'), '');
    await sleep(700);
    await live.stop();
    expect(reasons(live.records)).toEqual([]);
  });
});

/** What holds of all that was told. */
function holding(records: readonly SourceRecord[]): readonly (readonly [string, string])[] {
  const held = new Map<string, string[]>();
  for (const record of records) {
    if (record.kind === 'mended') held.delete(record.where);
    if (record.kind === 'skipped') held.set(record.where, [...(held.get(record.where) ?? []), record.reason]);
  }
  return [...held].flatMap(([where, all]) => all.map((reason) => [where, reason] as const));
}

describe('what is told of a directory that is followed', () => {
  const database = 'agents/main/agent/openclaw-agent.sqlite';
  const row = (path: string): void => {
    const made = new DatabaseSync(path);
    made.exec(
      `CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT); INSERT INTO transcript_events VALUES ('d', 0, '{"type":"session","id":"d"}')`,
    );
    made.close();
  };
  type Place = ReturnType<typeof emptyState>;
  const cases: readonly (readonly [string, (place: Place) => void, readonly (readonly [string, RegExp])[], (place: Place) => void])[] = [
    [
      'an index without transcripts',
      ({ sessions }) => writeFileSync(join(sessions, 'sessions.json'), '{"agent:main:a":{"sessionId":"a"}}'),
      [['agents/main/sessions/sessions.json', /it names 1 session, but no transcript is here: copy/]],
      ({ sessions }) => void writeSession(sessions, 'a.jsonl', header('a')),
    ],
    [
      'a broken index',
      ({ sessions }) => writeFileSync(join(sessions, 'sessions.json'), '{"agent'),
      [['agents/main/sessions/sessions.json', /not a JSON object.*: copy it again/]],
      ({ sessions }) => writeFileSync(join(sessions, 'sessions.json'), '{}'),
    ],
    [
      'a last line that is cut off',
      ({ sessions }) => void writeSession(sessions, 'a.jsonl', header('a'), entry('1').slice(0, 30)),
      [['agents/main/sessions/a.jsonl', /the last line is cut off, at byte \d+/]],
      ({ sessions }) => appendFileSync(join(sessions, 'a.jsonl'), entry('1').slice(30)),
    ],
    [
      'a last line of a trajectory that is cut off',
      ({ sessions }) => void writeSession(sessions, 'a.trajectory.jsonl', '{"type":"session.ended"}\n{"type":"session.en'),
      [['agents/main/sessions/a.trajectory.jsonl', /the last line is cut off, at byte \d+/]],
      ({ sessions }) => appendFileSync(join(sessions, 'a.trajectory.jsonl'), 'ded"}\n'),
    ],
    [
      'a broken line, in a file that is replaced',
      ({ sessions }) => void writeSession(sessions, 'a.jsonl', header('a'), 'broken\n', entry('1')),
      [['agents/main/sessions/a.jsonl', /the line at byte \d+ can't be read: not JSON/]],
      ({ sessions }) => void writeSession(sessions, 'a.jsonl', header('a'), entry('1')),
    ],
    [
      'a broken line, in a file that is taken away',
      ({ sessions }) => void writeSession(sessions, 'a.jsonl', header('a'), 'broken\n', entry('1')),
      [['agents/main/sessions/a.jsonl', /the line at byte \d+ can't be read: not JSON/]],
      ({ sessions }) => rmSync(join(sessions, 'a.jsonl')),
    ],
    [
      'a link in the place of a transcript',
      ({ sessions }) => symlinkSync('/etc/passwd', join(sessions, 'a.jsonl')),
      [['agents/main/sessions/a.jsonl', /it is a symbolic link, and none is followed: put/]],
      ({ sessions }) => {
        rmSync(join(sessions, 'a.jsonl'));
        writeSession(sessions, 'a.jsonl', header('a'));
      },
    ],
    [
      'a database without a byte',
      ({ agent }) => writeFileSync(join(agent, 'openclaw-agent.sqlite'), ''),
      [[database, /the database is empty \(0 bytes\): copy it again/]],
      ({ agent }) => row(join(agent, 'openclaw-agent.sqlite')),
    ],
    [
      'a damaged database',
      ({ agent }) => writeFileSync(join(agent, 'openclaw-agent.sqlite'), 'this is no database '.repeat(1000)),
      [[database, /the database is damaged or cut off: copy it again/]],
      ({ agent }) => {
        rmSync(join(agent, 'openclaw-agent.sqlite'));
        row(join(agent, 'openclaw-agent.sqlite'));
      },
    ],
    [
      'a directory in the place of the database',
      ({ agent }) => mkdirSync(join(agent, 'openclaw-agent.sqlite')),
      [[database, /it is a directory, not a database: copy it there again/]],
      ({ agent }) => {
        rmdirSync(join(agent, 'openclaw-agent.sqlite'));
        row(join(agent, 'openclaw-agent.sqlite'));
      },
    ],
    [
      'a link in the place of the database',
      ({ agent }) => symlinkSync('/nowhere', join(agent, 'openclaw-agent.sqlite')),
      [[database, /it is a symbolic link, and none is followed: put/]],
      ({ agent }) => rmSync(join(agent, 'openclaw-agent.sqlite')),
    ],
    [
      'a file in the place of the agents',
      ({ stateDir }) => {
        rmSync(join(stateDir, 'agents'), { recursive: true });
        mkdirSync(join(stateDir, 'state'));
        writeFileSync(join(stateDir, 'agents'), '');
      },
      [['agents', /it is no directory: put the directory itself there/]],
      ({ stateDir }) => {
        rmSync(join(stateDir, 'agents'));
        mkdirSync(join(stateDir, 'agents'));
      },
    ],
  ];

  it.each(cases)('%s is told before it has caught up, and taken back when it is mended', async (_, spoil, told, mend) => {
    const place = emptyState();
    spoil(place);
    const expected = told.map(([where, reason]) => [where, expect.stringMatching(reason)]);
    expect(holding(await readAll(await openDirectory(place.stateDir)))).toEqual(expected);
    const live = new Following(await openDirectory(place.stateDir, { verifyEveryMs: 50 }));
    await live.caughtUp();
    expect(holding(live.records)).toEqual(expected);
    const before = live.records.length;
    await sleep(1200); // more than one look at everything
    expect(reasons(live.records.slice(before))).toEqual([]);
    mend(place);
    await live.until((record) => record.kind === 'mended', before);
    await expect.poll(() => holding(live.records), { timeout: 20_000 }).toEqual([]);
    await sleep(700);
    await live.stop();
    expect(holding(live.records)).toEqual([]);
  });

  it('of a log in a recording: a last line without an end, a directory that may not be read', async () => {
    const root = temporary();
    chmodSync(root, 0o755);
    mkdirSync(join(root, 'sandbox', '.openclaw', 'agents'), { recursive: true });
    mkdirSync(join(root, 'var-log'));
    writeFileSync(join(root, 'container.log'), 'one\ntwo');
    const live = await asNobody(join(root, 'var-log'), async () => {
      const following = new Following(await openDirectory(root));
      await following.caughtUp();
      expect(holding(following.records)).toEqual([
        ['var-log', expect.stringMatching(/permission denied: check who may read it/)],
        ['container.log', expect.stringMatching(/the last line has no end.*: add a line end/)],
      ]);
      return following;
    });
    chmodSync(join(root, 'var-log'), 0o755);
    appendFileSync(join(root, 'container.log'), '\n');
    await live.until((record) => record.kind === 'log' && record.text === 'two');
    await expect.poll(() => holding(live.records), { timeout: 20_000 }).toEqual([]);
    await sleep(700);
    await live.stop();
    expect(holding(live.records)).toEqual([]);
    expect(live.records.filter((record) => record.kind === 'log').map(({ text }) => text)).toEqual(['one', 'two']);
  });
});

describe.each(ways)('in $name, what is nested a hundred thousand deep', ({ open }) => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const event = (fields: string): string =>
    `{"type":"model.completed","ts":"2026-11-21T00:00:01.000Z","sessionId":"a","data":{${fields}}}\n`;

  it('in a trajectory, a transcript or the index harms nothing, and what can be kept is', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(sessions, 'a.trajectory.jsonl', event(`"promptError":{"cause":${deep}},"aborted":true`), event(`"aborted":false`));
    const message = `{"role":"assistant","content":[{"type":"toolCall","id":"c","name":"exec","arguments":${deep}}]}`;
    writeSession(sessions, 'a.jsonl', header('a'), `{"type":"message","id":"1","message":${message}}\n`, entry('2'));
    writeFileSync(join(sessions, 'sessions.json'), `{"agent:main:a":{"sessionId":"a","label":"kept","skillsSnapshot":${deep}}}`);
    const records = await readAll(await open(stateDir));
    expect(ids(records)).toEqual(['a', '1', '2']);
    const trajectory = records
      .filter((record) => record.kind === 'trajectory')
      .map((record) => JSON.parse(record.text) as { data: object });
    expect(trajectory.map(({ data }) => data)).toEqual([
      { promptError: expect.stringMatching(/nested too deeply/), aborted: true },
      { aborted: false },
    ]);
    expect(records.find((record) => record.kind === 'index')?.text).toContain('kept');
    expect(reasons(records)).toEqual([]);
  });

  it('or broken: a line of a trajectory that is none is told, the others are read', async () => {
    const { stateDir, sessions } = emptyState();
    writeSession(
      sessions,
      'a.trajectory.jsonl',
      event('"aborted":true'),
      `{"type":"model.completed","data":${'['.repeat(1000)}\n`,
      event('"aborted":false'),
    );
    const records = await readAll(await open(stateDir));
    expect(records.filter((record) => record.kind === 'trajectory')).toHaveLength(2);
    expect(reasons(records)).toEqual([
      ['agents/main/sessions/a.trajectory.jsonl', `the line at byte ${event('"aborted":true').length} is not JSON`],
    ]);
  });

  it('cut in its last line is told of a recording, and a whole last line without an end is taken', async () => {
    for (const [rest, reasonsThen, count] of [
      [event('"aborted":false').slice(0, 60), [`the last line is cut off, at byte ${event('"aborted":true').length}`], 1],
      [event('"aborted":false').trimEnd(), [], 2],
    ] as const) {
      const { stateDir, sessions } = emptyState();
      writeSession(sessions, 'a.trajectory.jsonl', event('"aborted":true'), rest);
      const records = await readAll(await open(stateDir));
      expect(records.filter((record) => record.kind === 'trajectory')).toHaveLength(count);
      expect(reasons(records).map(([, reason]) => reason)).toEqual(reasonsThen);
    }
  });
});
