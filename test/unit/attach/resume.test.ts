/** Cut anywhere, and go on from the cursors: nothing lost, nothing twice. */
import fc from 'fast-check';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { recording, recordingNames } from '../../fixtures/recordings';
import { cursorsOf, emptyState, entry, header, identity, readAll, temporary, transcripts, writeSession } from './reading';
import { ways, type Way } from './readers';

const isContent = (record: SourceRecord): boolean => ['transcript', 'trajectory', 'log'].includes(record.kind);

/** Records up to and with the last one that has a cursor of the same file: what a careful consumer has kept. */
function covered(records: readonly SourceRecord[]): readonly SourceRecord[] {
  let last = -1;
  records.forEach((record, index) => (last = record.cursor ? index : last));
  return records.slice(0, last + 1);
}

async function readUpTo(
  open: Way['open'],
  root: string,
  count: number,
  cursors: ReadonlyMap<string, string>,
): Promise<{ readonly records: readonly SourceRecord[]; readonly ended: boolean }> {
  const records: SourceRecord[] = [];
  const controller = new AbortController();
  for await (const record of (await open(root)).open({ cursors, follow: false, signal: controller.signal })) {
    records.push(record);
    if (records.length >= count) return { records, ended: false };
  }
  return { records, ended: true };
}

/** Inside a sandbox there is the state directory and nothing beside it; and what needs a private copy is not read. */
const cases = ways.flatMap(({ name: way, inside, open }) =>
  recordingNames.filter((name) => !inside || name !== 'sandbox-live').map((name) => ({ name, way, inside, open })),
);

describe.each(cases)('recording $name, read as $way', ({ name, inside, open }) => {
  const rootOf = (): string => (inside ? recording(name).stateDir : recording(name).root);

  it('cut anywhere, as often as you like, gives the same records once', { timeout: 180_000 }, async () => {
    const root = rootOf();
    const whole = (await readAll(await open(root))).filter(isContent).map(identity).sort();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 4 }), async (cuts) => {
        const kept: SourceRecord[] = [];
        let cursors = new Map<string, string>();
        for (const cut of [...cuts, Infinity]) {
          const { records, ended } = await readUpTo(open, root, cut, cursors);
          const sure = ended ? records : covered(records);
          kept.push(...sure);
          cursors = cursorsOf(sure, cursors);
          expect(records.filter((record) => record.kind === 'reread' || record.kind === 'gone')).toEqual([]);
          if (ended) break;
        }
        expect(kept.filter(isContent).map(identity).sort()).toEqual(whole);
      }),
      { numRuns: inside ? 3 : 12 },
    );
  });

  it('read to the end, gives nothing when read again', async () => {
    const root = rootOf();
    const cursors = cursorsOf(await readAll(await open(root)));
    const again = await readAll(await open(root), cursors);
    expect(again.filter((record) => !['about', 'caughtUp', 'heartbeat'].includes(record.kind))).toEqual([]);
  });

  it('read to the end and copied elsewhere, gives nothing when read again', async () => {
    const root = rootOf();
    const cursors = cursorsOf(await readAll(await open(root)));
    const copy = temporary();
    cpSync(root, copy, { recursive: true });
    const again = await readAll(await open(copy), cursors);
    expect(again.filter((record) => isContent(record) || record.kind === 'reread' || record.kind === 'gone')).toEqual([]);
  });
});

describe.each(ways)('while nobody looked, in $name, a transcript', ({ open }) => {
  async function begun(): Promise<{
    readonly path: string;
    readonly stateDir: string;
    readonly sessions: string;
    readonly cursors: Map<string, string>;
  }> {
    const { stateDir, sessions } = emptyState();
    const path = writeSession(sessions, 'a.jsonl', header('a'), entry('1'), entry('2'), entry('3'));
    return { path, stateDir, sessions, cursors: cursorsOf(await readAll(await open(stateDir))) };
  }
  const kinds = (records: readonly SourceRecord[]): readonly string[] =>
    records
      .filter((record) => !['about', 'caughtUp', 'heartbeat'].includes(record.kind))
      .map((record) => {
        if (record.kind === 'reread') return `${record.phase} ${record.session} ${record.explained ? 'explained' : 'unexplained'}`;
        if (record.kind === 'gone') return `gone ${record.session} ${record.explained ? 'explained' : 'unexplained'}`;
        return record.kind === 'transcript' ? `${record.state} ${String((JSON.parse(record.text) as { id: string }).id)}` : record.kind;
      });

  it('grew: what is new comes', async () => {
    const { path, stateDir, cursors } = await begun();
    appendFileSync(path, entry('4'));
    expect(kinds(await readAll(await open(stateDir), cursors))).toEqual(['live 4']);
  });

  it('was changed in place, with the old time set back: all of it comes again', async () => {
    const { path, stateDir, cursors } = await begun();
    const { atime, mtime } = statSync(path);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"hello"', '"HELLO"'));
    utimesSync(path, atime, mtime);
    expect(kinds(await readAll(await open(stateDir), cursors))).toEqual([
      'begin a unexplained',
      'live a',
      'live 1',
      'live 2',
      'live 3',
      'end a unexplained',
    ]);
  });

  it('was cut: what is left comes again', async () => {
    const { path, stateDir, cursors } = await begun();
    truncateSync(path, (header('a') + entry('1')).length);
    expect(kinds(await readAll(await open(stateDir), cursors))).toEqual(['begin a unexplained', 'live a', 'live 1', 'end a unexplained']);
  });

  it('was changed and grew: all of it comes again', async () => {
    const { path, stateDir, cursors } = await begun();
    writeFileSync(path, header('a') + entry('1', 'forged') + entry('2') + entry('3') + entry('4'));
    expect(kinds(await readAll(await open(stateDir), cursors))).toEqual([
      'begin a unexplained',
      'live a',
      'live 1',
      'live 2',
      'live 3',
      'live 4',
      'end a unexplained',
    ]);
  });

  it('was copied to a new inode, unchanged: nothing comes', async () => {
    const { path, stateDir, cursors } = await begun();
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
    expect(kinds(await readAll(await open(stateDir), cursors))).toEqual([]);
  });

  it('was compacted, the old one kept by OpenClaw: it comes again, explained', async () => {
    const { path, stateDir, cursors } = await begun();
    renameSync(path, `${path}.bak.2026-11-21T00-00-00.000Z`);
    writeFileSync(path, header('a') + entry('3'));
    const records = kinds(await readAll(await open(stateDir), cursors));
    expect(records.slice(0, 4)).toEqual(['begin a explained', 'live a', 'live 3', 'end a explained']);
    expect(records.slice(4)).toEqual(['archived a', 'archived 1', 'archived 2', 'archived 3']);
  });

  it('was replaced, with an archive of something else beside it: that explains nothing', async () => {
    const { path, stateDir, cursors } = await begun();
    writeFileSync(`${path}.bak.2026-11-21T00-00-00.000Z`, header('a') + entry('other'));
    writeFileSync(path, header('a') + entry('3'));
    expect(kinds(await readAll(await open(stateDir), cursors))[0]).toBe('begin a unexplained');
  });

  it('was reset: it comes under its new name, then its old place is gone, explained', async () => {
    const { path, stateDir, cursors } = await begun();
    renameSync(path, `${path}.reset.2026-11-21T00-00-00.000Z`);
    expect(kinds(await readAll(await open(stateDir), cursors))).toEqual(['reset a', 'reset 1', 'reset 2', 'reset 3', 'gone a explained']);
  });

  it('vanished: it is gone, unexplained, and known no more', async () => {
    const { path, stateDir, cursors } = await begun();
    rmSync(path);
    const records = await readAll(await open(stateDir), cursors);
    expect(kinds(records)).toEqual(['gone a unexplained']);
    expect(kinds(await readAll(await open(stateDir), cursorsOf(records, cursors)))).toEqual([]);
  });

  it('got another session of the same name: the old one has vanished', async () => {
    const { path, stateDir, cursors } = await begun();
    writeFileSync(path, header('b') + entry('9'));
    expect(kinds(await readAll(await open(stateDir), cursors))).toEqual(['begin a unexplained', 'end a unexplained', 'live b', 'live 9']);
  });

  it('was rewritten, and the reading of that was cut short: it comes again as a whole', async () => {
    const { path, stateDir, cursors } = await begun();
    writeFileSync(path, header('a') + entry('1', 'forged') + entry('2'));
    const { records } = await readUpTo(open, stateDir, 4, cursors);
    expect(kinds(records)).toEqual(['begin a unexplained', 'live a', 'live 1']);
    expect(kinds(await readAll(await open(stateDir), cursorsOf(records, cursors)))).toEqual([
      'begin a unexplained',
      'live a',
      'live 1',
      'live 2',
      'end a unexplained',
    ]);
  });

  it('grew after two thousand lines: only the new ones come, in one piece with the old', async () => {
    const { stateDir, sessions } = emptyState();
    const path = writeSession(
      sessions,
      'long.jsonl',
      header('long'),
      ...Array.from({ length: 2000 }, (_, index) => entry(`e${index}`, 'x'.repeat(400))),
    );
    const first = await readUpTo(open, stateDir, 900, new Map());
    const sure = covered(first.records);
    appendFileSync(path, entry('last'));
    const rest = await readAll(await open(stateDir), cursorsOf(sure));
    expect(transcripts([...sure, ...rest]).map((record) => (JSON.parse(record.text) as { id: string }).id)).toEqual([
      'long',
      ...Array.from({ length: 2000 }, (_, index) => `e${index}`),
      'last',
    ]);
  });
});
