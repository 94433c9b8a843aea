/** The pieces between a reader in a sandbox and the server: the engine's frames, ours, and streams put together. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demux, type Piece } from '../../../server/src/attach/container/demux';
import { parseFrame } from '../../../server/src/attach/container/frameParser';
import { merge } from '../../../server/src/attach/mergeRecords';
import type { SourceRecord } from '../../../server/src/attach/record';
import { sleep } from './reading';

async function* chunksOf(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = Math.max(1, sizes[index % Math.max(1, sizes.length)] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

function framed(pieces: readonly { readonly channel: 'stdout' | 'stderr'; readonly text: string }[]): Buffer {
  return Buffer.concat(
    pieces.map(({ channel, text }) => {
      const body = Buffer.from(text);
      const head = Buffer.alloc(8);
      head[0] = channel === 'stderr' ? 2 : 1;
      head.writeUInt32BE(body.length, 4);
      return Buffer.concat([head, body]);
    }),
  );
}

describe('the stream of an engine', () => {
  it('comes apart the same however it is cut', async () => {
    const piece = fc.record({
      channel: fc.constantFrom('stdout' as const, 'stderr' as const),
      text: fc.string({ maxLength: 40, unit: 'binary' }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
        async (pieces, sizes) => {
          const got = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
          for await (const { channel, bytes } of demux(chunksOf(framed(pieces), sizes)) as AsyncIterable<Piece>)
            got[channel] = Buffer.concat([got[channel], bytes]);
          for (const channel of ['stdout', 'stderr'] as const) {
            expect(
              got[channel].equals(Buffer.concat(pieces.filter((one) => one.channel === channel).map(({ text }) => Buffer.from(text)))),
            ).toBe(true);
          }
        },
      ),
    );
  });
});

const OWN = { key: 'file:agents/main/sessions/s.jsonl', value: 'v' };

describe('a frame', () => {
  const records: readonly SourceRecord[] = [
    { kind: 'transcript', agent: 'main', session: 's', state: 'live', file: 'f', ordinal: 3, text: '{}', cursor: OWN },
    { kind: 'index', agent: 'main', text: '{}' },
    { kind: 'trajectory', agent: 'main', session: 's', ordinal: 0, text: '{}' },
    { kind: 'skipped', where: 'w', reason: 'r' },
    { kind: 'reread', phase: 'begin', agent: 'a', session: 's', file: 'f', explained: true },
    { kind: 'gone', agent: 'a', session: 's', file: 'f', explained: false, cursor: { ...OWN, value: '' } },
    { kind: 'about', runtimeVersion: '2026.9.6', sandboxName: null, provider: null },
    { kind: 'caughtUp' },
    { kind: 'heartbeat', cursor: OWN },
  ];
  it.each(records)('of kind $kind comes out as it went in', (record) => expect(parseFrame(JSON.stringify(record))).toEqual(record));

  it.each([
    'not JSON',
    'null',
    '[]',
    '{}',
    '{"kind":"log","text":"forged by the agent"}',
    '{"kind":"transcript","agent":"main","session":"s","state":"forged","file":"f","ordinal":3,"text":"{}"}',
    '{"kind":"transcript","agent":"main","session":"s","state":"live","file":"f","ordinal":"3","text":"{}"}',
    '{"kind":"gone","agent":"a","session":"s","file":"f"}',
    '{"kind":"__proto__"}',
  ])('%s is none of ours', (line) => expect(parseFrame(line)).toBeNull());

  it('from inside a sandbox does not say who the sandbox is', () => {
    expect(parseFrame('{"kind":"about","runtimeVersion":"1","sandboxName":"other","provider":"free"}')).toEqual({
      kind: 'about',
      runtimeVersion: '1',
      sandboxName: null,
      provider: null,
    });
  });
});

describe('streams put together', () => {
  async function* slow(name: string, count: number, ms: number, log: string[]): AsyncGenerator<string> {
    try {
      for (let index = 0; index < count; index++) {
        await sleep(ms);
        yield `${name}${index}`;
      }
    } finally {
      log.push(`${name} closed`);
    }
  }

  it('give everything of each, in its order', async () => {
    const log: string[] = [];
    const got: string[] = [];
    for await (const item of merge([slow('a', 5, 3, log), slow('b', 3, 5, log)], () => log.push('aborted'))) got.push(item);
    expect(got.filter((item) => item.startsWith('a'))).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
    expect(got.filter((item) => item.startsWith('b'))).toEqual(['b0', 'b1', 'b2']);
    expect([...log].sort()).toEqual(['a closed', 'aborted', 'b closed']);
  });

  it('are closed when one of them fails while another waits for something that never comes', async () => {
    const controller = new AbortController();
    async function* waiting(): AsyncGenerator<string> {
      await new Promise<void>((resolve) => controller.signal.addEventListener('abort', () => resolve()));
    }
    async function* failing(): AsyncGenerator<string> {
      yield 'f';
      throw new Error('broken');
    }
    await expect(async () => {
      for await (const _ of merge([waiting(), failing()], () => controller.abort()));
    }).rejects.toThrow('broken');
  });

  it('are closed when one of them fails, and when nobody wants more', async () => {
    const log: string[] = [];
    async function* failing(): AsyncGenerator<string> {
      await sleep(4);
      yield 'f';
      throw new Error('broken');
    }
    await expect(async () => {
      for await (const _ of merge([slow('a', 100, 2, log), failing()], () => log.push('aborted')));
    }).rejects.toThrow('broken');
    for await (const _ of merge([slow('b', 100, 1, log)], () => log.push('aborted'))) break;
    expect(log).toEqual(['aborted', 'a closed', 'aborted', 'b closed']);
  });
});
