/** The reader in Python, in a real container, as the user that the agent runs as: it sees what is written, writes nothing, and goes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AttachError } from '../../server/src/attach/errors';
import type { SourceRecord } from '../../server/src/attach/record';
import { findSandboxes } from '../../server/src/sandboxes/findSandboxes';
import { sandboxSource } from '../../server/src/sandboxes/sandboxSource';
import { recording } from '../fixtures/recordings';
import { nodeReader, pythonScript } from '../unit/attach/readers';
import { entry, Following, header, identity, readAll, sleep, temporary } from '../unit/attach/reading';
import { bed, docker, listing, PlainContainer, readersIn, VERSIONS } from './bed';

const there = await bed(VERSIONS.jsonl);
const PATIENCE_MS = 60_000;
const STATE = '/sandbox/.openclaw';
const SESSIONS = `${STATE}/agents/main/sessions`;
/** Writes a row for every line of its stdin, and has the database open meanwhile, as OpenClaw has. */
const WRITER = `import sqlite3, sys
database = sqlite3.connect('${STATE}/agents/main/agent/openclaw-agent.sqlite', isolation_level=None)
database.execute('PRAGMA ignore_check_constraints = on')
print('open', flush=True)
for line in sys.stdin:
    session, seq = database.execute('SELECT session_id, max(seq) FROM transcript_events GROUP BY session_id LIMIT 1').fetchone()
    values = (session, seq + 1, line.strip(), 1)
    database.execute('INSERT INTO transcript_events (session_id, seq, event_json, created_at) VALUES (?, ?, ?, ?)', values)
`;

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`it did not come to be: ${what}`);
    await sleep(100);
  }
}

async function sourceOf(container: PlainContainer): Promise<ReturnType<typeof sandboxSource>> {
  const { sandboxes } = await findSandboxes({ home: temporary(), env: process.env, signal: new AbortController().signal });
  const found = sandboxes.find(({ id }) => id === container.sandboxId);
  if (!found) throw new Error('the sandbox was not found');
  return sandboxSource(found, { ways: ['python3'], pythonScript: async () => pythonScript() });
}

const has =
  (text: string) =>
  (record: SourceRecord): boolean =>
    record.kind === 'transcript' && record.text.includes(text);
const content = (records: readonly SourceRecord[]): readonly string[] =>
  records
    .filter((record) => record.kind === 'transcript' || record.kind === 'trajectory')
    .map(identity)
    .sort();
const changesIn = (container: PlainContainer): readonly string[] => [
  ...docker('diff', container.id).split('\n').sort(),
  ...listing(container.id),
];

describe.skipIf(there.kind === 'missing')('a sandbox read with Python', () => {
  const containers: PlainContainer[] = [];
  const made = (name: string): PlainContainer => {
    const container = new PlainContainer(VERSIONS.jsonl);
    containers.push(container);
    container.fill(recording(name).stateDir);
    return container;
  };
  let files: PlainContainer;
  let rows: PlainContainer;
  beforeAll(() => {
    files = made('openclaw-2026.7.1');
    rows = made('zstd-2026.9.6');
  });
  afterAll(() => containers.forEach((container) => container.down()));

  it('of files shows what is appended, waits without work, writes nothing and is gone afterwards', async () => {
    const source = await sourceOf(files);
    const before = changesIn(files);
    const live = new Following(source);
    await live.until((record) => record.kind === 'caughtUp', 0, PATIENCE_MS);
    expect(content(live.records)).toEqual(content(await readAll(nodeReader.open(recording('openclaw-2026.7.1').stateDir))));
    expect(changesIn(files)).toEqual(before);
    const [reader = ''] = readersIn(files.id);
    expect(readersIn(files.id)).toHaveLength(1);
    expect(reader).not.toContain(STATE);
    // All that it did so far is more than what it does in a while of waiting: it does not turn in a circle.
    const ticks = (): number => {
      const fields =
        readFileSync(`/proc/${Number(/\d+/.exec(reader)?.[0])}/stat`, 'utf8')
          .split(') ')[1]
          ?.split(' ') ?? [];
      return Number(fields[11]) + Number(fields[12]);
    };
    await sleep(1000);
    const worked = ticks();
    await sleep(4000);
    console.log(`python: ${worked} ticks to begin, ${ticks() - worked} in 4 s of waiting`);
    expect(ticks() - worked).toBeLessThan(100);
    files.exec('sh', '-c', `printf '%s' "$0" > ${SESSIONS}/late.jsonl`, header('late') + entry('late-1'));
    await live.until(has('"late-1"'), 0, PATIENCE_MS);
    files.exec('sh', '-c', `printf '%s' "$0" >> ${SESSIONS}/late.jsonl`, entry('late-2'));
    await live.until(has('"late-2"'), 0, PATIENCE_MS);
    files.exec('mv', `${SESSIONS}/late.jsonl`, `${SESSIONS}/late.jsonl.reset.2026-11-21T00-00-00.000Z`);
    await live.until((record) => record.kind === 'gone' && record.session === 'late' && record.explained, 0, PATIENCE_MS);
    await live.stop();
    await until('no reader is left', () => readersIn(files.id).length === 0);
    files.exec('rm', `${SESSIONS}/late.jsonl.reset.2026-11-21T00-00-00.000Z`);
    const names = (all: readonly string[]): readonly string[] =>
      all.filter((line) => line.startsWith(STATE)).map((line) => line.split(' ')[0] ?? '');
    expect(names(changesIn(files))).toEqual(names(before));
  });

  it('of a database shows what its writer adds, and leaves no log behind when that is gone', async () => {
    const source = await sourceOf(rows);
    const before = changesIn(rows);
    expect(content(await readAll(source))).toEqual(content(await readAll(nodeReader.open(recording('zstd-2026.9.6').stateDir))));
    expect(changesIn(rows)).toEqual(before);
    const writer = spawn('docker', ['exec', '-i', '-u', 'sandbox', rows.id, 'python3', '-c', WRITER], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exited = once(writer, 'exit');
    await once(writer.stdout, 'data');
    const live = new Following(source);
    await live.until((record) => record.kind === 'caughtUp', 0, PATIENCE_MS);
    for (let index = 0; index < 5; index++) {
      writer.stdin.write(`${JSON.stringify({ type: 'message', id: `written-${index}` })}\n`);
      await live.until(has(`"written-${index}"`), 0, PATIENCE_MS);
    }
    expect(live.records.filter((record) => record.kind === 'reread' || record.kind === 'gone')).toEqual([]);
    writer.stdin.end();
    await exited;
    const logs = (): readonly string[] => listing(rows.id).filter((line) => /-(?:wal|shm) /.test(line));
    await until('the log is gone', () => logs().length === 0);
    await sleep(2500);
    expect(logs()).toEqual([]);
    await live.stop();
    await until('no reader is left', () => readersIn(rows.id).length === 0);
  });

  it('whose container is stopped is lost, and says so', async () => {
    const live = new Following(await sourceOf(rows));
    await live.until((record) => record.kind === 'caughtUp', 0, PATIENCE_MS);
    docker('stop', '-t', '1', rows.id);
    await expect(live.until(() => false, 0, PATIENCE_MS)).rejects.toSatisfy((error) => AttachError.is(error, 'container-stopped'));
  });
});
