// The command line's documents against their published schemas, and its errors.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import Ajv from 'ajv';
import { afterAll, describe, expect, it } from 'vitest';
import type { TraceDocument } from '../../server/src/protocol/document';
import { copyOfRecording, recordings, recording } from '../fixtures/recordings';
import { runCli } from './support/cli';
import { root } from './support/serverProcess';

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
const schema = (name: string): ReturnType<typeof ajv.compile> =>
  ajv.compile(JSON.parse(readFileSync(join(root, 'schemas', `${name}.schema.json`), 'utf8')));
const validTrace = schema('trace');
const validSessions = schema('sessions');
const validSandboxes = schema('sandboxes');
const validFollow = schema('follow');
const scratch = mkdtempSync(join(tmpdir(), 'sandglass-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(recordings())('trace of $name', ({ root: path, expected }) => {
  it('fits the schema and counts what was counted', async () => {
    const ran = await runCli(['trace', path, '--json']);
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    const document = JSON.parse(ran.stdout) as TraceDocument;
    expect(validTrace(document), JSON.stringify(validTrace.errors?.slice(0, 3))).toBe(true);
    const sum = (pick: (session: TraceDocument['sessions'][number]) => number): number =>
      document.sessions.reduce((total, session) => total + pick(session), 0);
    const { own } = expected.totals;
    expect(document.sessions.length).toBe(expected.totals.sessions);
    expect(sum((session) => session.totals.llmCalls)).toBe(own.llmCalls);
    expect(sum((session) => session.totals.toolCalls)).toBe(own.toolCalls);
    expect(sum((session) => session.totals.failedToolCalls)).toBe(own.failedToolCalls);
    expect(sum((session) => session.totals.usage.input)).toBe(own.tokens.input);
    const starts = document.sessions.map((session) => session.startTime ?? '');
    expect(starts).toEqual([...starts].sort());
  });
});

describe('the command line', () => {
  const { root: path } = recording('openclaw-2026.7.1');

  it('prints sessions without spans, and tables without control characters', async () => {
    const ran = await runCli(['sessions', path, '--json']);
    expect(validSessions(JSON.parse(ran.stdout)), JSON.stringify(validSessions.errors?.slice(0, 3))).toBe(true);
    // As the design has it: the trace document, its sessions without their spans.
    const { schema: _, sessions, ...rest } = JSON.parse((await runCli(['trace', path, '--json'])).stdout) as TraceDocument;
    expect(JSON.parse(ran.stdout)).toEqual({
      schema: 'sandglass/sessions@1',
      ...rest,
      sessions: sessions.map(({ spans: _spans, ...info }) => info),
    });
    expect(rest.policy.length).toBeGreaterThan(0);
    const table = await runCli(['trace', path]);

    expect(table.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
    expect(table.stdout).toContain('denied');
  });

  it('prints one session when asked, and says so when there is none', async () => {
    const all = JSON.parse((await runCli(['sessions', path, '--json'])).stdout) as TraceDocument;
    const id = all.sessions[3]?.id ?? '';
    const one = JSON.parse((await runCli(['trace', path, '--session', id, '--json'])).stdout) as TraceDocument;
    expect(one.sessions.map((session) => session.id)).toEqual([id]);
    const none = await runCli(['trace', path, '--session', 'nope']);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('nope');
  });

  it('says where it looked for sandboxes, without Docker too', async () => {
    const ran = await runCli(['sandboxes', '--json'], { DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
    const document = JSON.parse(ran.stdout) as { looked: { place: string; outcome: string; reason: string | null }[] };
    expect(validSandboxes(document), JSON.stringify(validSandboxes.errors?.slice(0, 3))).toBe(true);
    expect(
      document.looked.some(
        (place) => place.place.includes('/nonexistent/docker.sock') && place.outcome !== 'ok' && (place.reason ?? '').length > 0,
      ),
    ).toBe(true);
  });

  it("exits with 2 for bad usage, with 1 for a source that can't be read, in one line", async () => {
    const empty = join(scratch, 'empty');
    mkdirSync(empty);
    const cases: readonly (readonly [readonly string[], number])[] = [
      [[], 2],
      [['nope'], 2],
      [['trace'], 2],
      [['trace', path, '--what'], 2],
      [['trace', path, '--store', 'x'], 2],
      [['trace', path, '--way', 'window'], 2],
      [['sandboxes', '--way', 'node'], 2],
      [['trace', empty], 1],
      [['trace', join(scratch, 'nowhere')], 1],
      [['trace', 'no-such-sandbox'], 1],
      [['trace', 'container:no-such'], 1],
    ];
    for (const [args, code] of cases) {
      const ran = await runCli(args, { DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
      expect.soft(ran.code, args.join(' ')).toBe(code);
      expect.soft(ran.stderr.trimEnd().split('\n').length, ran.stderr).toBe(1);
      expect.soft(ran.stdout, args.join(' ')).toBe('');
    }
  });

  it('says that nothing is recorded, and what could not be read, instead of an empty table', async () => {
    const stateDir = join(scratch, 'bare', '.openclaw');
    mkdirSync(join(stateDir, 'agents/main/sessions'), { recursive: true });
    for (const command of ['sessions', 'trace']) {
      const ran = await runCli([command, stateDir]);
      expect(ran).toMatchObject({ code: 0, stdout: 'No session is recorded here.\n', stderr: '' });
    }
    writeFileSync(join(stateDir, 'agents/main/sessions/sessions.json'), '{"agent:main:main":{"sessionId":"a"}}');
    mkdirSync(join(stateDir, 'agents/main/agent'));
    writeFileSync(join(stateDir, 'agents/main/agent/openclaw-agent.sqlite'), 'SQLite format 3\0 and then it was cut off'.repeat(100));
    for (const command of ['sessions', 'trace']) {
      const { stdout } = await runCli([command, stateDir]);
      expect(stdout).toContain('No session is recorded here.');
      expect(stdout).toMatch(/not read: agents\/main\/agent\/openclaw-agent\.sqlite: the database is damaged or cut off/);
      expect(stdout).toMatch(/not read: agents\/main\/sessions\/sessions\.json: it names 1 session, but no transcript is here/);
    }
  });

  it('says why it could not look for a sandbox', async () => {
    const ran = await runCli(['trace', 'my-sandbox'], { DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
    expect(ran.stderr).toBe(
      'sandglass: There is no path and no sandbox "my-sandbox" (no container engine answered: DOCKER_HOST unix:///nonexistent/docker.sock: there is no such socket). Run "sandglass sandboxes" to see what there is and where it was looked for.\n',
    );
  });

  it("keeps a store only others can't read, and refuses a key file they can", async () => {
    const args = ['--store', join(scratch, 'kept/traces.sqlite'), '--key-file', join(scratch, 'key')];
    const first = await runCli(['sessions', path, '--json', ...args]);
    const second = await runCli(['sessions', path, '--json', ...args]);
    expect(second.stdout).toBe(first.stdout);
    expect(statSync(join(scratch, 'key')).mode & 0o777).toBe(0o600);
    const open = join(scratch, 'open-key');
    writeFileSync(open, 'x', { mode: 0o644 });
    const refused = await runCli(['sessions', path, '--store', join(scratch, 'other.sqlite'), '--key-file', open]);
    expect(refused.code).toBe(1);
    expect(existsSync(join(scratch, 'other.sqlite'))).toBe(false);
  });

  it('says why a key file or a store can not be used, in one line, and leaves what is not its own as it is', async () => {
    const notes = join(scratch, 'notes.sqlite');
    const theirs = new DatabaseSync(notes);
    theirs.exec('CREATE TABLE notes (id INTEGER)');
    theirs.close();
    chmodSync(notes, 0o644);
    const before = readFileSync(notes);
    const key = join(scratch, 'another-key');
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [
        join(scratch, 'a.sqlite'),
        join(scratch, 'no/dir/key'),
        /the key file .*key can't be made: there is no directory .*no\/dir; make it/,
      ],
      [join(scratch, 'a.sqlite'), scratch, /the key file .*: (can be read by others|it is a directory)/],
      [notes, key, /the store can't be used: .*notes\.sqlite is a database of something else and was left as it is: name a file/],
      [scratch, key, /the store can't be used: .* is a directory: name a file/],
    ];
    chmodSync(scratch, 0o700);
    for (const [store, keyFile, reason] of cases) {
      const ran = await runCli(['sessions', path, '--store', store, '--key-file', keyFile]);
      expect.soft(ran.code).toBe(1);
      expect.soft(ran.stderr).toMatch(reason);
      expect.soft(ran.stderr).not.toContain('should not happen');
      expect.soft(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
    }
    expect(readFileSync(notes)).toEqual(before);
    expect(statSync(notes).mode & 0o777).toBe(0o644);
  });

  it('says what could not be read as often as it is asked, though nothing is read twice into a store', async () => {
    const sessions = join(scratch, 'broken/.openclaw/agents/main/sessions');
    mkdirSync(sessions, { recursive: true });
    const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
    writeFileSync(join(sessions, 'a.jsonl'), `${line({ type: 'session', id: 'a' })}${'x\n'.repeat(100)}{"type":"mess`);
    writeFileSync(join(sessions, 'a.trajectory.jsonl'), `x\n${line({ type: 'session.ended' })}{"type":"sess`);
    const args = ['--store', join(scratch, 'broken.sqlite'), '--key-file', join(scratch, 'broken-key')];
    const first = await runCli(['sessions', join(scratch, 'broken'), ...args]);
    expect(first.stdout.match(/^not read: .*$/gm)?.length).toBeGreaterThan(20);
    expect(first.stdout.match(/the last line is cut off/g)).toHaveLength(2);
    for (let run = 0; run < 2; run++) expect((await runCli(['sessions', join(scratch, 'broken'), ...args])).stdout).toBe(first.stdout);
  });

  it('reads what it can of a broken recording, and says what it could not', async () => {
    const broken = copyOfRecording('openclaw-2026.7.1');
    try {
      const sessions = join(broken.stateDir, 'agents/main/sessions');
      const [id] = Object.entries(broken.expected.sessions).find(([, session]) => session.sessionKey === 'agent:main:coding') ?? [];
      const file = join(sessions, `${id}.jsonl`);
      const text = readFileSync(file, 'utf8').split('\n');
      text[5] = (text[5] ?? '').slice(0, 50);
      writeFileSync(file, text.join('\n'));
      const ran = await runCli(['trace', broken.root, '--json']);
      const document = JSON.parse(ran.stdout) as TraceDocument;
      expect(document.sessions.length).toBe(broken.expected.totals.sessions);
      expect(document.skipped.length).toBeGreaterThan(0);
      expect(JSON.stringify(document.skipped)).toContain(`${id}.jsonl`);
    } finally {
      rmSync(broken.root, { recursive: true });
    }
    const cut = copyOfRecording('openclaw-2026.9.5');
    try {
      const database = join(cut.stateDir, 'agents/main/agent/openclaw-agent.sqlite');
      truncateSync(database, 100_000);
      const ran = await runCli(['trace', cut.root, '--json']);
      expect(ran.code).toBe(0);
      const document = JSON.parse(ran.stdout) as TraceDocument;
      expect(JSON.stringify(document.skipped)).toContain('openclaw-agent.sqlite');
      // What lies in files beside the database is read all the same.
      expect(document.sessions.some((session) => session.state === 'deleted')).toBe(true);
    } finally {
      rmSync(cut.root, { recursive: true });
    }
  });

  it('follows: each span is a line that fits the schema, the last one counts', async () => {
    const copy = copyOfRecording('generation-c');
    const child = spawn(process.execPath, [process.env['SANDGLASS_TEST_CLI'] ?? join(root, 'dist/cli.js'), 'follow', copy.root, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    const whole = JSON.parse((await runCli(['trace', copy.root, '--json'])).stdout) as TraceDocument;
    // A span that changed comes again: all are there when the last word of each is that of the whole.
    const words = (): ReadonlyMap<string, object> => {
      const last = new Map<string, object>();
      for (const line of stdout
        .slice(0, stdout.lastIndexOf('\n') + 1)
        .trimEnd()
        .split('\n')) {
        if (line === '') continue;
        const span = JSON.parse(line) as { sessionId: string; id: string };
        last.set(`${span.sessionId} ${span.id}`, { ...span, sessionId: undefined });
      }
      return last;
    };
    const wrong = (): readonly string[] => {
      const last = words();
      return whole.sessions.flatMap(({ id, spans }) =>
        spans
          .map((span) => [`${id} ${span.id}`, { ...span, sessionId: undefined }] as const)
          .filter(([key, span]) => !isDeepStrictEqual(last.get(key), span))
          .map(([key]) => key),
      );
    };
    await expect.poll(wrong, { timeout: 45_000, interval: 200 }).toEqual([]);
    const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
    child.kill('SIGINT');
    expect(await closed).toBe(0);
    for (const line of stdout.trimEnd().split('\n'))
      expect(validFollow(JSON.parse(line)), JSON.stringify(validFollow.errors?.slice(0, 3))).toBe(true);
    const last = words();
    for (const session of whole.sessions)
      for (const span of session.spans) expect(last.get(`${session.id} ${span.id}`)).toEqual({ ...span, sessionId: undefined });
    rmSync(copy.root, { recursive: true });
  });

  it.each([[['--json']], [[]]])(
    'follows: what is no span is said on stderr, a plain line each, as it comes (%j)',
    { timeout: 180_000 },
    async (options) => {
      const sessions = join(scratch, `followed${options.length}/.openclaw/agents/main/sessions`);
      mkdirSync(sessions, { recursive: true });
      const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
      const entry = (id: string, content: string): string =>
        line({
          type: 'message',
          id,
          parentId: null,
          timestamp: '2026-11-21T00:00:01.000Z',
          message: { role: 'user', content, timestamp: 1 },
        });
      const head = line({ type: 'session', version: 3, id: 'a', timestamp: '2026-11-21T00:00:00.000Z' });
      writeFileSync(join(sessions, 'a.jsonl'), head + entry('one', 'hello'));
      writeFileSync(join(sessions, 'b\u001b[31m.jsonl'), 'broken\n');
      const child = spawn(
        process.execPath,
        [process.env['SANDGLASS_TEST_CLI'] ?? join(root, 'dist/cli.js'), 'follow', join(sessions, '../../../..'), ...options],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
      child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
      const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
      try {
        await expect.poll(() => stdout, { timeout: 40_000 }).toContain('hello');
        await expect
          .poll(() => stderr, { timeout: 40_000 })
          .toMatch(/^not read: agents\/main\/sessions\/b \[31m\.jsonl: the line at byte 0/);
        expect(stderr).not.toContain('rewritten');
        writeFileSync(join(sessions, 'a.jsonl'), `${head}${entry('one', 'something else')}broken\n`);
        await expect.poll(() => stderr, { timeout: 40_000 }).toMatch(/^not read: agents\/main\/sessions\/a\.jsonl: the line at byte \d+/m);
        await expect.poll(() => stderr, { timeout: 40_000 }).toMatch(/^error: History rewritten: 1 entry of session a came back/m);
      } finally {
        child.kill('SIGINT');
        expect(await closed).toBe(0);
      }
      expect(stderr.trimEnd().split('\n').length).toBe(new Set(stderr.trimEnd().split('\n')).size);
      expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      expect(stdout).not.toContain('not read');
      if (options.length > 0) for (const text of stdout.trimEnd().split('\n')) expect(validFollow(JSON.parse(text))).toBe(true);
    },
  );
});
