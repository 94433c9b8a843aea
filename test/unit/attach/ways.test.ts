/** One way in after the other: which failures lead on, and where the next goes on. */
import { describe, expect, it } from 'vitest';
import { recordsByWays, type ContainerWay } from '../../../server/src/attach/container/ways';
import { AttachError, type AttachReason } from '../../../server/src/attach/errors';
import type { SourceRecord } from '../../../server/src/attach/record';

type Script = Readonly<Record<ContainerWay, readonly (SourceRecord | AttachReason)[]>>;
const alive: SourceRecord = { kind: 'heartbeat' };
const caughtUp: SourceRecord = { kind: 'caughtUp' };
const upTo = (value: string): SourceRecord => ({ kind: 'heartbeat', cursor: { key: 'file:a', value } });

async function play(
  script: Partial<Script>,
  ways: readonly ContainerWay[] = ['node', 'python3', 'archive'],
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
    for await (const record of recordsByWays({ ways, cursors: new Map([['file:a', '0']]), records: of })) records.push(record);
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

  it.each(['container-stopped', 'lost', 'docker-refused', 'nothing-recorded'] as const)(
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
});
