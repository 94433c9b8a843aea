/** What the agent's side tells beside what the witness from outside tells: neither waits for the other. */
import { describe, expect, it } from 'vitest';
import { mergeWitness } from '../../../server/src/attach/mergeRecords';
import type { SourceRecord } from '../../../server/src/attach/record';
import { sleep } from './reading';

const caughtUp: SourceRecord = { kind: 'caughtUp' };
const log = (text: string): SourceRecord => ({ kind: 'log', origin: 'console', text });
const skipped = (where: string): SourceRecord => ({ kind: 'skipped', where, reason: 'why' });
const words = (records: readonly SourceRecord[]): readonly string[] =>
  records.map((record) => (record.kind === 'log' ? record.text : record.kind === 'skipped' ? record.where : record.kind));

async function* of(...steps: readonly (SourceRecord | Error | Promise<unknown>)[]): AsyncGenerator<SourceRecord> {
  for (const step of steps) {
    if (step instanceof Promise) await step;
    else if (step instanceof Error) throw step;
    else yield step;
  }
}

async function all(records: AsyncIterable<SourceRecord>): Promise<{ records: readonly SourceRecord[]; error: unknown }> {
  const found: SourceRecord[] = [];
  try {
    for await (const record of records) found.push(record);
    return { records: found, error: null };
  } catch (error) {
    return { records: found, error };
  }
}

describe('a witness', () => {
  it('is heard though the agent talks for ever, and never comes to an end', async () => {
    let talking = true;
    async function* talk(): AsyncGenerator<SourceRecord> {
      while (talking) {
        yield { kind: 'heartbeat' };
        await sleep(1);
      }
    }
    const heard: string[] = [];
    for await (const record of mergeWitness(talk(), of(log('a'), log('b'), caughtUp, log('live')), () => (talking = false))) {
      if (record.kind === 'log') heard.push(record.text);
      expect(record.kind).not.toBe('caughtUp');
      if (heard.length === 3) break;
    }
    expect(heard).toEqual(['a', 'b', 'live']);
    expect(talking).toBe(false);
  });

  it.each(['state', 'witness'] as const)('and the agent have caught up when both have, once: the %s last', async (last) => {
    let go = (): void => undefined;
    const late = new Promise<void>((resolve) => (go = resolve));
    const first = of(skipped('first'), caughtUp, skipped('live'));
    const second = of(late, skipped('second'), caughtUp, caughtUp);
    const merged = last === 'witness' ? mergeWitness(first, second, go) : mergeWitness(second, first, go);
    const found: SourceRecord[] = [];
    for await (const record of merged) {
      found.push(record);
      if (found.length === 2) go();
    }
    expect(words(found)).toEqual(['first', 'live', 'second', 'caughtUp']);
  });

  it('says all that it had to say before the agent is said to have failed', async () => {
    const failure = new Error('failed');
    const { records, error } = await all(
      mergeWitness(of(failure), of(log('a'), log('b'), log('c'), caughtUp, log('live')), () => undefined),
    );
    expect(words(records)).toEqual(['a', 'b', 'c']);
    expect(error).toBe(failure);
  });

  it('that has said it, or fails itself, holds up no failure', async () => {
    const failure = new Error('failed');
    let go = (): void => undefined;
    const ended = new Promise<void>((resolve) => (go = resolve));
    expect((await all(mergeWitness(of(sleep(20), failure), of(caughtUp, ended), go))).error).toBe(failure);
    expect((await all(mergeWitness(of(caughtUp, ended), of(failure), go))).error).toBe(failure);
  });

  it('is asked only as fast as someone listens', async () => {
    let told = 0;
    async function* flood(): AsyncGenerator<SourceRecord> {
      for (;;) {
        told++;
        yield log(String(told));
      }
    }
    const merged = mergeWitness(flood(), flood(), () => undefined);
    for (let taken = 0; taken < 10; taken++) await merged.next();
    await sleep(20);
    expect(told).toBeLessThan(20);
    await merged.return(undefined);
  });
});
