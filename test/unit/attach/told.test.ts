/** What could not be read is told: within bounds however much of it there is, and at every attach anew, though nothing is read twice. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../../server/src/attach/directory';
import type { SourceRecord } from '../../../server/src/attach/record';
import { MAX_REASONS, MORE, Told } from '../../../server/src/attach/told';
import { collect } from '../../../server/src/collect/collector';
import { info, memoryStore } from '../support/traces';
import { cursorsOf, emptyState, entry, Following, header, readAll, temporary, writeSession } from './reading';

const notes = (records: readonly SourceRecord[]): readonly string[] =>
  records
    .filter((record) => record.kind === 'skipped')
    .map(({ where, reason }) => `${where}: ${reason}`)
    .sort();

function database(path: string): DatabaseSync {
  const made = new DatabaseSync(path);
  made.exec(
    `CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, PRIMARY KEY (session_id, seq));
     CREATE TABLE trajectory_runtime_events (session_id TEXT, seq INTEGER, run_id TEXT, event_json TEXT, created_at INTEGER)`,
  );
  made.exec('INSERT INTO transcript_events VALUES (\'d\', 0, \'{"type":"session","id":"d"}\')');
  return made;
}

/** A recording in which something of every kind can't be read; the state directory lies in it. */
function broken(): string {
  const root = temporary();
  const agent = join(root, 'sandbox', '.openclaw', 'agents', 'main');
  const sessions = join(agent, 'sessions');
  mkdirSync(sessions, { recursive: true });
  mkdirSync(join(agent, 'agent'));
  mkdirSync(join(root, 'var-log'));
  writeSession(sessions, 'line.jsonl', header('line'), 'broken\n', entry('1'));
  writeSession(sessions, 'cut.jsonl', header('cut'), entry('1').slice(0, 40));
  writeSession(sessions, 'all.jsonl', header('all'), 'x\n'.repeat(3 * MAX_REASONS), '{"cut');
  writeSession(sessions, 'line.trajectory.jsonl', '{"type":"session.ended"}\nbroken\n', '{"type":"session.en');
  writeFileSync(join(sessions, 'sessions.json'), 'no JSON');
  const made = database(join(agent, 'agent', 'openclaw-agent.sqlite'));
  for (let seq = 1; seq < 2 * MAX_REASONS + 2; seq++) made.exec(`INSERT INTO transcript_events VALUES ('d', ${seq}, 'broken')`);
  made.exec("INSERT INTO trajectory_runtime_events VALUES ('d', 0, 'r', 'broken', 1), ('d', 1, 'r', '{\"type\":\"session.ended\"}', 1)");
  made.close();
  writeFileSync(join(root, 'inspect.json'), '{');
  writeFileSync(join(root, 'container.log'), `${'x'.repeat(1024 * 1024 + 1)}\nline\n`);
  writeFileSync(join(root, 'var-log', 'openshell.1.log'), 'the last line has no end');
  return root;
}

describe('what could not be read', () => {
  it('is told again by whoever goes on from the cursors of before, all of it and nothing else', async () => {
    const root = broken();
    const first = await readAll(await openDirectory(root));
    const where = [
      'line.jsonl: the line at byte',
      'cut.jsonl: the last line is cut off',
      'all.jsonl: the line at byte',
      `all.jsonl: ${MORE}`,
      'all.jsonl: the last line is cut off',
      'line.trajectory.jsonl: the line at byte 25 is not JSON',
      'line.trajectory.jsonl: the last line is cut off',
      'sessions.json: it is not a JSON object',
      'session d: row 1: not JSON',
      `session d: ${MORE}`,
      'trajectory d: row 0: it is not JSON',
      'inspect.json: it is not JSON',
      'container.log: the line at byte 0 is longer than 1 MB',
    ];
    for (const one of where)
      expect(
        notes(first).some((note) => note.includes(one)),
        one,
      ).toBe(true);
    let cursors = cursorsOf(first);
    for (let life = 0; life < 3; life++) {
      const again = await readAll(await openDirectory(root), cursors);
      expect(notes(again)).toEqual(notes(first));
      expect(again.filter(({ kind }) => kind === 'transcript' || kind === 'trajectory' || kind === 'log')).toEqual([]);
      cursors = cursorsOf(again, cursors);
    }
  });

  it('is told again when it is followed, too, where its end may still be on its way', async () => {
    const root = broken();
    const first = new Following(await openDirectory(root));
    await first.caughtUp();
    await first.stop();
    const again = new Following(await openDirectory(root), cursorsOf(first.records));
    await again.caughtUp();
    await again.stop();
    expect(notes(again.records)).toEqual(notes(first.records));
    expect(notes(first.records).filter((note) => note.includes('openshell.1.log'))).toHaveLength(1);
  });

  it('is in the store after the second attach as after the first', async () => {
    const root = broken();
    using store = memoryStore();
    const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
    const attach = async (): Promise<unknown> => {
      const signal = new AbortController().signal;
      await collect(store, row, await openDirectory(root), { follow: false, signal, onChange: () => {}, onCaughtUp: () => {} });
      return store.sources.skipped(row);
    };
    const first = await attach();
    expect(first).toHaveLength(notes(await readAll(await openDirectory(root))).length);
    expect(await attach()).toEqual(first);
  });

  it.each([
    ['its rows are', (made: DatabaseSync): void => made.exec('DELETE FROM trajectory_runtime_events'), true],
    ['its table is', (made: DatabaseSync): void => made.exec('DROP TABLE trajectory_runtime_events'), true],
    ['all that is read of the database is', (made: DatabaseSync): void => made.exec('DROP TABLE transcript_events'), true],
    ['nothing is', (): void => undefined, false],
  ])('of a trajectory is told no more once %s gone', async (_, drop, gone) => {
    const { stateDir, agent } = emptyState();
    const made = database(join(agent, 'openclaw-agent.sqlite'));
    made.exec("INSERT INTO trajectory_runtime_events VALUES ('d', 0, 'r', 'broken', 1)");
    const first = await readAll(await openDirectory(stateDir));
    const told = ['agents/main/agent/openclaw-agent.sqlite trajectory d: row 0: it is not JSON'];
    expect(notes(first)).toEqual(told);
    drop(made);
    const second = await readAll(await openDirectory(stateDir), cursorsOf(first));
    expect(second.some(({ kind }) => kind === 'mended')).toBe(gone);
    const third = await readAll(await openDirectory(stateDir), cursorsOf(second, cursorsOf(first)));
    made.close();
    expect(notes(third)).toEqual(gone ? [] : told);
  });

  it('of a transcript of nothing but broken lines is told within bounds, and taken back as a whole', async () => {
    const { stateDir, sessions } = emptyState();
    const path = writeSession(sessions, 'a.jsonl', 'x\n'.repeat(300_000));
    const records = await readAll(await openDirectory(stateDir));
    expect(notes(records)).toHaveLength(MAX_REASONS + 1);
    expect(notes(records).at(0)).toBe(`agents/main/sessions/a.jsonl: ${MORE}`);
    const live = new Following(await openDirectory(stateDir));
    await live.caughtUp();
    const from = live.records.length;
    writeFileSync(path, 'x\n'.repeat(300_000) + 'y\n'.repeat(1000));
    writeFileSync(path, header('a') + entry('1'));
    await live.until(({ kind }) => kind === 'reread', from);
    await live.until((record) => record.kind === 'transcript' && record.text.includes('"1"'), from);
    await live.stop();
    const last = live.records.slice(from).findLastIndex(({ kind }) => kind === 'mended');
    expect(last).toBeGreaterThanOrEqual(0);
    expect(notes(live.records.slice(from + last))).toEqual([]);
  });
});

describe('what was told', () => {
  it('is bounded for each place and topic, and the topics do not take room from one another', () => {
    const told = new Told();
    const records: SourceRecord[] = [];
    for (let at = 0; at < 1000; at++) records.push(...told.skipped('a', `line ${at}`, 'part'));
    expect(notes(records)).toHaveLength(MAX_REASONS + 1);
    expect([...told.skipped('a', 'line 3', 'part')]).toEqual([]);
    expect([...told.skipped('a', 'its end', 'end')]).toHaveLength(1);
    expect([...told.skipped('a', 'it can not be opened')]).toHaveLength(1);
    expect([...told.skipped('b', 'line 0', 'part')]).toHaveLength(1);
    expect([...told.mended('a', 'part')].map(({ kind }) => kind)).toEqual(['mended', 'skipped', 'skipped']);
    expect([...told.skipped('a', 'line 500', 'part')]).toHaveLength(1);
  });
});
