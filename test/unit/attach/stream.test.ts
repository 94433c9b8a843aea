/** When records come one upon the other the reader rests instead of being woken by each; nothing is missed on the way there and back. */
import { appendFileSync } from 'node:fs';
import { expect, describe, it } from 'vitest';
import { readState } from '../../../server/src/attach/reader/readState';
import { STREAM_NOTICES, Stream } from '../../../server/src/attach/reader/stream';
import type { SourceRecord } from '../../../server/src/attach/record';
import { pythonReader, nodeProcess, type Readable } from './readers';
import { emptyState, entry, Following, header, sleep, writeSession } from './reading';

const isEntry = (id: string) => (record: SourceRecord) =>
  record.kind === 'transcript' && (JSON.parse(record.text) as { id: string }).id === id;
const isSign = (record: SourceRecord): boolean => record.kind === 'heartbeat' && record.cursor === undefined;
/** Apart enough to be notified of one by one. */
const APART_MS = 8;
const LIMIT_MS = 20_000;

describe('a stream', () => {
  it('is what is notified of many times, each by itself, in a short while', () => {
    const stream = new Stream();
    for (let at = 1; at < STREAM_NOTICES; at++) stream.noticed(1000 + at * APART_MS);
    expect(stream.flows).toBe(false);
    stream.noticed(1000 + STREAM_NOTICES * APART_MS);
    expect(stream.flows).toBe(true);
  });

  it('is neither one write that is notified of many times, nor many over a long while', () => {
    const stream = new Stream();
    for (let at = 0; at < STREAM_NOTICES * 5; at++) stream.noticed(1000);
    expect(stream.flows).toBe(false);
    for (let at = 0; at < STREAM_NOTICES * 5; at++) stream.noticed(10_000 + at * 200);
    expect(stream.flows).toBe(false);
  });

  it('ends when nothing came, and begins with as many notifications as before', () => {
    const stream = new Stream();
    for (let at = 0; at < STREAM_NOTICES; at++) stream.noticed(1000 + at * APART_MS);
    stream.ended();
    expect(stream.flows).toBe(false);
    for (let at = 1; at < STREAM_NOTICES; at++) stream.noticed(1500 + at * APART_MS);
    expect(stream.flows).toBe(false);
    stream.noticed(1500 + STREAM_NOTICES * APART_MS);
    expect(stream.flows).toBe(true);
  });
});

/** A reader whose rests are counted, and last until they are let go. */
function resting(stateDir: string): { readonly live: Following; readonly rests: (() => void)[]; letGo: boolean } {
  const rests: (() => void)[] = [];
  const reader = {
    rests,
    letGo: false,
    live: new Following({
      open: (options) =>
        readState({
          ...options,
          stateDir,
          mayCopy: false,
          heartbeatMs: 50,
          rest: () =>
            new Promise((resolve) => {
              rests.push(resolve);
              if (reader.letGo) setImmediate(resolve);
            }),
        }),
    }),
  };
  return reader;
}

describe('a reader with a process of its own', () => {
  it('looks at a single record without a rest', async () => {
    const { stateDir, sessions } = emptyState();
    const path = writeSession(sessions, 'a.jsonl', header('a'));
    const { live, rests } = resting(stateDir);
    await live.caughtUp();
    for (const id of ['1', '2', '3']) {
      appendFileSync(path, entry(id));
      await live.until(isEntry(id), 0, LIMIT_MS);
    }
    await live.stop();
    expect(rests).toHaveLength(0);
  });

  it('rests while it streams, finds what came and what was made meanwhile, and looks at once when it is over', async () => {
    const { stateDir, sessions } = emptyState();
    const path = writeSession(sessions, 'a.jsonl', header('a'));
    const reader = resting(stateDir);
    const { live, rests } = reader;
    await live.caughtUp();
    let written = 0;
    for (const began = Date.now(); rests.length === 0 && Date.now() - began < LIMIT_MS; await sleep(APART_MS))
      appendFileSync(path, entry(`n${written++}`));
    expect(rests).toHaveLength(1);

    // It rests: nothing wakes it.
    appendFileSync(path, entry('meanwhile'));
    writeSession(sessions, 'b.jsonl', header('b'), entry('made'));
    const told = live.records.length;
    await sleep(50);
    expect(live.records).toHaveLength(told);

    reader.letGo = true;
    rests.at(-1)?.();
    await live.until(isEntry('meanwhile'), 0, LIMIT_MS);
    await live.until(isEntry('made'), 0, LIMIT_MS);
    for (let at = 0; at < written; at++) await live.until(isEntry(`n${at}`), 0, LIMIT_MS);

    // A look that found nothing ended it.
    for (let before = -1; before !== rests.length;) {
      before = rests.length;
      const from = live.records.length;
      await live.until(isSign, from, LIMIT_MS);
      await live.until(isSign, live.records.length, LIMIT_MS);
    }
    const rested = rests.length;
    appendFileSync(path, entry('single'));
    await live.until(isEntry('single'), 0, LIMIT_MS);
    expect(rests).toHaveLength(rested);
    await live.stop();
    for (const id of ['meanwhile', 'made', 'single', 'n0']) expect(live.records.filter(isEntry(id))).toHaveLength(1);
  });
});

const processes: readonly { readonly name: string; open(stateDir: string): Readable }[] = [nodeProcess, pythonReader];

it.each(processes)('$name: of a burst, what is made in it and what comes after it, each record is told once', async ({ open }) => {
  const { stateDir, sessions } = emptyState();
  const path = writeSession(sessions, 'a.jsonl', header('a'));
  const live = new Following(open(stateDir));
  await live.until(({ kind }) => kind === 'caughtUp', 0, LIMIT_MS);
  const written: string[] = [];
  const write = (id: string): void => {
    appendFileSync(path, entry(id));
    written.push(id);
  };
  for (let at = 0; at < STREAM_NOTICES * 4; at++) {
    write(`n${at}`);
    if (at === STREAM_NOTICES * 3) {
      writeSession(sessions, 'b.jsonl', header('b'), entry('made'));
      written.push('made');
    }
    await sleep(APART_MS);
  }
  await live.until(isEntry(written.at(-1) ?? ''), 0, LIMIT_MS);
  write('single');
  for (const id of written) await live.until(isEntry(id), 0, LIMIT_MS);
  await live.stop();
  const told = live.records.flatMap((record) => (record.kind === 'transcript' ? [(JSON.parse(record.text) as { id: string }).id] : []));
  expect(told.sort()).toEqual([...written, 'a', 'b'].sort());
});
