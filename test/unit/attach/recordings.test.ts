/** Every recording, read through the source, against counts made here by the plainest means and against expected.json. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import type { LogOrigin } from '../../../server/src/attach/record';
import { recording, recordingNames, type Recording } from '../../fixtures/recordings';
import { contents, readAll, temporary, transcripts } from './reading';

interface Entry {
  readonly type: string;
  readonly id?: string;
  readonly customType?: string;
}

const isNoise = (entry: Entry): boolean => entry.type === 'custom' && entry.customType === 'openclaw.cache-ttl';

/** Session id to its entries: the whole file, split and parsed, or every row. */
function countedPlainly(recording: Recording): Map<string, Entry[]> {
  const sessions = new Map<string, Entry[]>();
  const put = (id: string, entries: readonly Entry[]): void => void sessions.set(id, [...(sessions.get(id) ?? []), ...entries]);
  for (const agent of readdirSync(join(recording.stateDir, 'agents'))) {
    const base = join(recording.stateDir, 'agents', agent);
    const dir = join(base, 'sessions');
    for (const name of existsSync(dir) ? readdirSync(dir) : []) {
      const match = /^(.*?)\.jsonl(?:\.(?:reset|deleted|bak)\..+?)?(\.zst)?$/.exec(name);
      if (!match || name.includes('.trajectory') || name.endsWith('.lock')) continue;
      const bytes = readFileSync(join(dir, name));
      const entries = (match[2] ? zstdDecompressSync(bytes) : bytes)
        .toString('utf8')
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => JSON.parse(line) as Entry);
      put(entries.find((entry) => entry.type === 'session')?.id ?? match[1] ?? '', entries);
    }
    const database = join(base, 'agent', 'openclaw-agent.sqlite');
    if (recording.store !== 'sqlite' || !existsSync(database)) continue;
    const copy = join(temporary(), 'a.sqlite');
    for (const suffix of ['', '-wal']) if (existsSync(database + suffix)) copyFileSync(database + suffix, copy + suffix);
    const open = new DatabaseSync(copy);
    const packed = open
      .prepare('PRAGMA table_info(transcript_events)')
      .all()
      .some((column) => column.name === 'event_zstd');
    const rows = open
      .prepare(
        `SELECT session_id, event_json, ${packed ? 'event_zstd' : 'NULL AS event_zstd'} FROM transcript_events ORDER BY session_id, seq`,
      )
      .all();
    for (const row of rows)
      put(String(row.session_id), [
        JSON.parse(
          row.event_json === null ? zstdDecompressSync(row.event_zstd as Uint8Array).toString('utf8') : String(row.event_json),
        ) as Entry,
      ]);
    open.close();
  }
  return sessions;
}

describe.each(recordingNames)('recording %s', (name) => {
  it('gives every entry once, but for the noise', async () => {
    const one = recording(name);
    const plain = countedPlainly(one);
    const read = new Map<string, string[]>();
    for (const record of transcripts(await readAll(await openDirectory(one.root))))
      read.set(record.session, [...(read.get(record.session) ?? []), record.text]);
    expect([...read.keys()].sort()).toEqual(Object.keys(one.expected.sessions).sort());
    for (const [id, entries] of plain) {
      const wanted = entries.filter((entry) => !isNoise(entry));
      expect(
        read.get(id)?.map((text) => (JSON.parse(text) as Entry).id),
        id,
      ).toEqual(wanted.map((entry) => entry.id));
      const expected = one.expected.sessions[id];
      expect(entries.filter((entry) => entry.type !== 'session').length, id).toBe(
        (expected?.entries ?? 0) + (expected?.duplicateEntries ?? 0),
      );
    }
  });

  it('says in which state each session is, and to which agent it belongs', async () => {
    const one = recording(name);
    const states = new Map<string, Set<string>>();
    for (const record of transcripts(await readAll(await openDirectory(one.root)))) {
      states.set(record.session, (states.get(record.session) ?? new Set()).add(record.state));
      expect(record.agent).toBe(one.expected.sessions[record.session]?.agentId);
    }
    for (const [id, session] of Object.entries(one.expected.sessions))
      expect([...(states.get(id) ?? [])], id).toContain(session.state === 'bak' ? 'archived' : session.state);
  });

  it('names the key and the parent of every session', async () => {
    const one = recording(name);
    const keys = new Map<string, string>();
    const parents = new Map<string, { readonly spawnedBy?: string; readonly parentSessionKey?: string }>();
    for (const record of await readAll(await openDirectory(one.root))) {
      if (record.kind !== 'index') continue;
      const index = JSON.parse(record.text) as {
        readonly sessionKey: string;
        readonly sessionId: string;
        readonly spawnedBy?: string;
        readonly parentSessionKey?: string;
      };
      keys.set(index.sessionId, index.sessionKey);
      parents.set(index.sessionId, index);
      expect(record.text.length).toBeLessThan(4000);
    }
    for (const [id, session] of Object.entries(one.expected.sessions)) {
      expect(keys.get(id) ?? null, id).toBe(session.sessionKey);
      expect(parents.get(id)?.spawnedBy ?? null, id).toBe(session.subagentParent);
      expect(parents.get(id)?.parentSessionKey ?? null, id).toBe(session.parentSessionKey);
    }
  });

  it('leaves everything as it was', async () => {
    const one = recording(name);
    const copy = temporary();
    execFileSync('cp', ['-a', `${one.root}/.`, copy]);
    const before = contents(copy);
    await readAll(await openDirectory(copy));
    expect(contents(copy)).toEqual(before);
  });

  it('is the same from the state directory, from the folder that holds it and from the recording', async () => {
    const one = recording(name);
    const texts = async (path: string): Promise<readonly string[]> =>
      transcripts(await readAll(await openDirectory(path))).map(({ text }) => text);
    const whole = await texts(one.root);
    expect(await texts(one.stateDir)).toEqual(whole);
    expect(await texts(join(one.root, 'sandbox'))).toEqual(whole);
  });

  it("gives the supervisor's lines once each, of each log that has them", async () => {
    const one = recording(name);
    const two = existsSync(join(one.root, 'container-supervisor.log'));
    const lines = (file: string): readonly string[] =>
      existsSync(join(one.root, file))
        ? readFileSync(join(one.root, file), 'utf8')
            .split('\n')
            .filter((line) => line.trim() !== '')
        : [];
    const given = (await readAll(await openDirectory(one.root))).filter((record) => record.kind === 'log');
    const of = (origin: LogOrigin): readonly string[] => given.filter((record) => record.origin === origin).map((record) => record.text);
    expect(of('console')).toEqual(lines(two ? 'container-supervisor.log' : 'container.log'));
    const files = (kind: RegExp): readonly string[] =>
      existsSync(join(one.root, 'var-log'))
        ? readdirSync(join(one.root, 'var-log'))
            .filter((file) => kind.test(file))
            .sort()
            .flatMap((file) => lines(`var-log/${file}`))
        : [];
    expect(of('file')).toEqual(files(/^openshell\./));
    expect(of('jsonl')).toEqual(files(/^openshell-ocsf\./));
  });
});

it('reduces trajectories to the fields in use, and every event in use is there', async () => {
  const one = recording('openclaw-2026.7.1');
  const events = (await readAll(await openDirectory(one.root)))
    .filter((record) => record.kind === 'trajectory')
    .map((record) => JSON.parse(record.text) as { readonly type: string; readonly runId?: string; readonly data: object });
  const runs = new Set(events.flatMap((event) => event.runId ?? []));
  expect(runs.size).toBeGreaterThan(5);
  for (const run of runs)
    expect(events.filter((event) => event.runId === run).map((event) => event.type)).toEqual(
      expect.arrayContaining(['session.started', 'model.completed', 'trace.artifacts', 'session.ended']),
    );
  const longest = (of: typeof events): number => Math.max(...of.map((event) => JSON.stringify(event).length));
  expect(longest(events.filter((event) => event.runId !== undefined))).toBeLessThan(1500);
  // Of what the model was given, the tools' arguments that may be paths alone: the event is 60 KB where it lies.
  const compiled = events.filter((event) => event.runId === undefined);
  expect(new Set(compiled.map((event) => [event.type, ...Object.keys(event)].join(' ')))).toEqual(new Set(['context.compiled type tools']));
  expect(longest(compiled)).toBeLessThan(8000);
});
