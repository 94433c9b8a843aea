/** One way in after the other: which failures lead on, and where the next goes on. */
import { describe, expect, it } from 'vitest';
import { NOT_ITS_OWN, READER } from '../../../server/src/attach/container/readerFrames';
import { progressing, recordsByWays, type ContainerWay } from '../../../server/src/attach/container/ways';
import { AttachError, type AttachReason } from '../../../server/src/attach/errors';
import type { SourceRecord } from '../../../server/src/attach/record';
import { sleep } from './reading';

type Script = Readonly<Record<ContainerWay, readonly (SourceRecord | AttachReason)[]>>;
const alive: SourceRecord = { kind: 'heartbeat' };
const caughtUp: SourceRecord = { kind: 'caughtUp' };
const upTo = (value: string): SourceRecord => ({ kind: 'heartbeat', cursor: { key: 'file:a', value } });

async function play(
  script: Partial<Script>,
  ways: readonly ContainerWay[] = ['node', 'python3', 'archive'],
  { follow = false, stopped = null }: { follow?: boolean; stopped?: AttachError | null } = {},
): Promise<{ records: SourceRecord[]; from: Record<string, string | undefined>; error: unknown }> {
  const records: SourceRecord[] = [];
  const from: Record<string, string | undefined> = {};
  async function* of(way: ContainerWay, cursors: ReadonlyMap<string, string>): AsyncGenerator<SourceRecord> {
    from[way] = cursors.get('file:a');
    for (const step of script[way] ?? []) {
      if (typeof step === 'string') throw new AttachError(step, `${way}: ${step}`, 'hint');
      yield step;
    }
  }
  try {
    const signal = new AbortController().signal;
    const standsStill = async (): Promise<AttachError | null> => stopped;
    for await (const record of recordsByWays({ ways, cursors: new Map([['file:a', '0']]), records: of, follow, signal, standsStill }))
      records.push(record);
    return { records, from, error: null };
  } catch (error) {
    return { records, from, error };
  }
}

describe('ways', () => {
  it('say which one it is, before its first record', async () => {
    const { records } = await play({ node: [alive, caughtUp] });
    expect(records).toEqual([{ kind: 'way', way: 'node', tried: [] }, alive, caughtUp]);
  });

  it('are not taken for one that works by output that is none of their own', async () => {
    const noise: SourceRecord = { kind: 'skipped', where: READER, reason: NOT_ITS_OWN };
    const failed = await play({ node: [noise, 'no-runtime'], python3: [noise, caughtUp] }, ['node', 'python3']);
    expect(failed.records).toEqual([
      { kind: 'way', way: 'python3', tried: [{ way: 'node', reason: 'node: no-runtime' }] },
      noise,
      caughtUp,
    ]);
    const lost = await play({ node: [noise, 'lost'], python3: [caughtUp] }, ['node', 'python3']);
    expect(lost.records[0]).toMatchObject({ way: 'python3' });
  });

  it('give place to the next, with what was tried, and its cursors', async () => {
    const { records, from } = await play({
      node: ['no-runtime'],
      python3: [upTo('1'), 'reader-failed'],
      archive: [alive, caughtUp],
    });
    expect(records.filter(({ kind }) => kind === 'way')).toEqual([
      { kind: 'way', way: 'python3', tried: [{ way: 'node', reason: 'node: no-runtime' }] },
      {
        kind: 'way',
        way: 'archive',
        tried: [
          { way: 'node', reason: 'node: no-runtime' },
          { way: 'python3', reason: 'python3: reader-failed' },
        ],
      },
    ]);
    expect(from).toEqual({ node: '0', python3: '0', archive: '1' });
  });

  it.each(['container-stopped', 'docker-refused', 'nothing-recorded'] as const)(
    'are all the same to a failure that is none of theirs: %s',
    async (reason) => {
      const { from, error } = await play({ node: [reason], python3: [caughtUp] });
      expect(AttachError.is(error, reason)).toBe(true);
      expect(Object.keys(from)).toEqual(['node']);
    },
  );

  it('are not changed once all that was there is out: what fails later is tried again from the first', async () => {
    const { error, from } = await play({ node: [caughtUp, 'reader-failed'], python3: [caughtUp] });
    expect(AttachError.is(error, 'reader-failed')).toBe(true);
    expect(Object.keys(from)).toEqual(['node']);
  });

  it('that fail all say why the last one did', async () => {
    const { error } = await play({ node: ['no-runtime'], python3: ['exec-refused'], archive: ['unreadable'] });
    expect((error as AttachError).message).toBe('archive: unreadable');
    expect(((await play({ node: ['no-runtime'] }, ['node'])).error as AttachError).message).toBe('node: no-runtime');
  });

  it.each([
    { how: 'is lost', steps: ['lost'] },
    { how: 'just ends', steps: [] },
  ] as const)('give place to the next when one $how before it told anything, while the container runs', async ({ steps }) => {
    const { records, error } = await play({ node: steps, python3: [alive, caughtUp] });
    expect(error).toBe(null);
    expect(records[0]).toMatchObject({
      kind: 'way',
      way: 'python3',
      tried: [{ way: 'node', reason: expect.stringMatching(/lost|ended/) }],
    });
  });

  it('are kept when one is lost that has told something: it is tried again', async () => {
    for (const steps of [[upTo('1'), 'lost'], [upTo('1')]] as const) {
      const { from, error } = await play({ node: steps, python3: [caughtUp] });
      expect(AttachError.is(error, 'lost')).toBe(true);
      expect(Object.keys(from)).toEqual(['node']);
    }
  });

  it('are not to blame when the container stands still', async () => {
    const stopped = new AttachError('container-stopped', 'paused', 'hint');
    const { from, error } = await play({ node: ['lost'], python3: [caughtUp] }, undefined, { stopped });
    expect(error).toBe(stopped);
    expect(Object.keys(from)).toEqual(['node']);
  });

  it('that are lost, all or some of them, and none of which works, are lost: worth another try', async () => {
    for (const script of [
      { node: ['lost'], python3: ['lost'], archive: ['lost'] },
      { node: ['lost'], python3: ['no-runtime'], archive: ['unreadable'] },
    ] as const) {
      const { from, error } = await play(script);
      expect(AttachError.is(error, 'lost')).toBe(true);
      expect(Object.keys(from)).toEqual(['node', 'python3', 'archive']);
    }
  });

  it('that are followed and end are lost, though nothing failed', async () => {
    expect(AttachError.is((await play({ node: [caughtUp] }, undefined, { follow: true })).error, 'lost')).toBe(true);
    expect((await play({ node: [caughtUp] })).error).toBe(null);
  });
});

describe('a reader', () => {
  const never = new AbortController().signal;
  const read = async (records: AsyncIterable<SourceRecord>, restMs = 0): Promise<{ records: SourceRecord[]; error: unknown }> => {
    const found: SourceRecord[] = [];
    try {
      for await (const record of records) {
        found.push(record);
        if (restMs > 0) await sleep(restMs);
      }
      return { records: found, error: null };
    } catch (error) {
      return { records: found, error };
    }
  };

  it('that is alive and tells nothing of use is given up, and ended', async () => {
    async function* heartbeats(signal: AbortSignal): AsyncGenerator<SourceRecord> {
      yield upTo('1');
      while (!signal.aborted) {
        yield alive;
        await sleep(1);
      }
    }
    const { records, error } = await read(progressing(heartbeats, { signal: never, ms: 50 }));
    expect(records).toEqual([upTo('1')]);
    expect(AttachError.is(error, 'reader-failed')).toBe(true);

    // What is no record at all does not get so far.
    let ended = false;
    async function* garbage(signal: AbortSignal): AsyncGenerator<SourceRecord> {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended = true;
    }
    expect(AttachError.is((await read(progressing(garbage, { signal: never, ms: 50 }))).error, 'reader-failed')).toBe(true);
    expect(ended).toBe(true);
  });

  it('is given time for as long as it gets on, and by whoever takes its time to listen', async () => {
    async function* slow(): AsyncGenerator<SourceRecord> {
      yield upTo('1');
      yield upTo('2');
      yield caughtUp;
      await sleep(60);
      yield alive;
    }
    const { records, error } = await read(progressing(slow, { signal: never, ms: 30 }), 40);
    expect(error).toBe(null);
    expect(records).toEqual([upTo('1'), upTo('2'), caughtUp, alive]);
  });
});
