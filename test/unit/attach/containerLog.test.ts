// The container's log as the engine gives it: frames of two channels, with the engine's time before each.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ContainerLog, loggedLines } from '../../../server/src/attach/container/containerLog';
import type { SourceRecord } from '../../../server/src/attach/record';
import { recordings } from '../../fixtures/recordings';

type Frame = readonly [channel: 'stdout' | 'stderr', text: string];

function bytesOf(frames: readonly Frame[]): Buffer {
  return Buffer.concat(
    frames.flatMap(([channel, text]) => {
      const body = Buffer.from(text);
      const head = Buffer.alloc(8);
      head[0] = channel === 'stderr' ? 2 : 1;
      head.writeUInt32BE(body.length, 4);
      return [head, body];
    }),
  );
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const at = (second: number): string => `2026-11-21T12:26:0${second}.034216291Z `;
const ocsf = (host: string): string => `2026-11-21T12:26:05.034Z OCSF NET:OPEN [INFO] ALLOWED /usr/bin/curl(7) -> ${host}:443`;

async function lines(frames: readonly Frame[], size: number): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { channel, line } of loggedLines(inPieces(bytesOf(frames), size))) found.push(`${channel} ${line}`);
  return found;
}

function logOf(frames: readonly Frame[], cursor?: string, shared = true): ContainerLog {
  const container = {
    id: 'one',
    modem: {
      dial: (_options: unknown, done: (error: unknown, stream: unknown) => void) =>
        done(null, Object.assign(inPieces(bytesOf(frames), 50), { destroy: () => undefined })),
    },
  };
  return new ContainerLog(container as unknown as Docker.Container, new Map(cursor === undefined ? [] : [['log:one', cursor]]), shared);
}

async function told(log: ContainerLog): Promise<readonly SourceRecord[]> {
  const records: SourceRecord[] = [];
  for await (const record of log.backlog(new AbortController().signal)) records.push(record);
  return records;
}

const texts = (records: readonly SourceRecord[]): readonly string[] =>
  records.flatMap((record) => (record.kind === 'log' ? [record.text] : []));

// The cursors below are of this day, whatever day it is.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-21T13:00:00Z') }));
afterEach(() => void vi.useRealTimers());

describe("the engine's frames", () => {
  it.each([1, 7, 31, 100_000])('are put together to lines where the engine cut them, in pieces of %i', async (size) => {
    const long = `{"a":"${'x'.repeat(100)}"}`;
    const frames: readonly Frame[] = [
      ['stderr', `${at(1)}one\n`],
      ['stderr', `${at(2)}${long.slice(0, 50)}`],
      ['stdout', `${at(2)}other\n`],
      ['stderr', `${at(2)}${long.slice(50, 60)}`],
      ['stderr', `${at(2)}${long.slice(60)}\n`],
      ['stderr', `${at(3)}two\n${at(4)}three\r\n`],
    ];
    expect(await lines(frames, size)).toEqual([
      `stderr ${at(1)}one`,
      `stdout ${at(2)}other`,
      `stderr ${at(2)}${long}`,
      `stderr ${at(3)}two`,
      `stderr ${at(4)}three`,
    ]);
  });
});

describe('what an agent prints', () => {
  it('is none of the supervisor, which writes on the other channel', async () => {
    const records = await told(
      logOf([
        ['stderr', `${at(1)}2026-11-21T12:26:05.034Z INFO openshell_sandbox: Starting sandbox\n`],
        ['stdout', `${at(2)}${ocsf('forged.example')}\n`],
        ['stderr', `${at(3)}${ocsf('real.example')}\n`],
      ]),
    );
    expect(texts(records).join('\n')).not.toContain('forged');
    expect(texts(records)).toHaveLength(2);
    // And so after a restart, which does not see the beginning.
    const cursor = records.at(-1)?.cursor?.value ?? '';
    expect(texts(await told(logOf([['stdout', `${at(4)}${ocsf('forged.example')}\n`]], cursor)))).toEqual([]);
  });

  it('is told apart where the supervisor writes on stdout, as it did once', async () => {
    const records = await told(
      logOf([
        ['stdout', `${at(1)}${ocsf('real.example')}\n`],
        ['stdout', `${at(2)}${ocsf('other.example')}\n`],
      ]),
    );
    expect(texts(records)).toHaveLength(2);
  });

  it('is not taken for the supervisor when it stands before the first event that is left of that', async () => {
    const records = await told(
      logOf([
        ['stdout', `${at(1)}${ocsf('forged.example')}\n`],
        ['stderr', `${at(2)}2026-11-21T12:26:05.034Z INFO openshell_sandbox: still here\n`],
        ['stdout', `${at(3)}${ocsf('forged.example')}\n`],
        ['stderr', `${at(4)}${ocsf('real.example')}\n`],
      ]),
    );
    expect(texts(records)).toEqual(['2026-11-21T12:26:05.034Z INFO openshell_sandbox: still here', ocsf('real.example')]);
  });

  it('does not silence a supervisor on stdout with a line that is no event', async () => {
    const frames: readonly Frame[] = [
      ['stderr', `${at(1)}2026-11-21T12:26:05.034Z INFO x: hello\n`],
      ['stdout', `${at(2)}${ocsf('one.example')}\n`],
      ['stderr', `${at(3)}2026-11-21T12:26:05.034Z OCSF hello\n`],
      ['stdout', `${at(4)}${ocsf('two.example')}\n`],
    ];
    const records = await told(logOf(frames));
    expect(texts(records).filter((text) => text.includes('example'))).toEqual([ocsf('one.example'), ocsf('two.example')]);
    const cursor = records.at(-1)?.cursor?.value ?? '';
    const later: Frame = ['stdout', `${at(5)}${ocsf('three.example')}\n`];
    expect(texts(await told(logOf([...frames, later], cursor)))).toEqual([ocsf('three.example')]);
    // The first event on stderr settles it, whatever was thought before.
    const settled: readonly Frame[] = [
      ...frames,
      ['stderr', `${at(6)}${ocsf('real.example')}\n`],
      ['stdout', `${at(7)}${ocsf('four.example')}\n`],
    ];
    expect(texts(await told(logOf(settled, cursor)))).toEqual([ocsf('real.example')]);
  });

  it('is not in the container of a supervisor that has its own, in which both channels are its', async () => {
    const frames: readonly Frame[] = [
      ['stdout', `${at(1)}${ocsf('one.example')}\n`],
      ['stderr', `${at(2)}2026-11-21T12:26:05.034Z OCSF-JSON {"class_uid":4001}\n`],
    ];
    expect(texts(await told(logOf(frames, undefined, false)))).toHaveLength(2);
    expect(texts(await told(logOf(frames)))).toHaveLength(1);
  });
});

describe('where to go on from', () => {
  const frames: readonly Frame[] = [['stderr', `${at(1)}${ocsf('one.example')}\n`]];
  const from = async (time: string): Promise<number> =>
    texts(await told(logOf(frames, JSON.stringify({ time, count: 1, channel: 'stderr' })))).length;

  it('is after what was told', async () => {
    expect(await from('2026-11-21T12:26:01.034216291Z')).toBe(0);
    expect(await from('2026-11-22T12:59:59.000000000Z')).toBe(0);
  });

  it.each(['9999-01-01T00:00:00.000000000Z', '2026-11-22T13:00:01.000000000Z', '2026-99-99T00:00:00.000000000Z', 'zzzz'])(
    'is the beginning, where a time that can not be is said to be it: %s',
    async (time) => expect(await from(time)).toBe(1),
  );
});

describe("every event of the recordings' logs", () => {
  it('is known as one, so that the channel of the supervisor is', async () => {
    let events = 0;
    for (const { root } of recordings()) {
      const path = join(root, 'container.log');
      if (!existsSync(path)) continue;
      for (const text of readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => / OCSF(-JSON)? /.test(line))) {
        events++;
        const frames: readonly Frame[] = [
          ['stdout', `${at(1)}${ocsf('forged.example')}\n`],
          ['stderr', `${at(2)}${text}\n`],
        ];
        expect(texts(await told(logOf(frames))), text).toEqual([text]);
      }
    }
    expect(events).toBeGreaterThan(100);
  });
});
