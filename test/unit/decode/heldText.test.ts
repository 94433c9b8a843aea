// What is made of a record is kept as long as its session is worked on: it holds on to no more than it shows.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { decodeEntry } from '../../../server/src/decode/openclaw/entry';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const count = 40;
const outputBytes = 500_000;

function result(ordinal: number, output: string, isError: boolean): string {
  const message = { role: 'toolResult', toolCallId: `c${ordinal}`, toolName: 'exec', isError, content: [{ type: 'text', text: output }] };
  return JSON.stringify({ type: 'message', id: `e${ordinal}`, timestamp: '2026-01-01T00:00:00.000Z', message });
}

describe('a decoded record', () => {
  it.each([
    ['a long output', 'all is well, ', '', false],
    ['places that an output names', 'all is well ', '\n/home/agent/project/source/file.ts:12', false],
    ['what a failed output says', 'all is well ', '\nError: the file was not found in the place where it was looked for', true],
  ])('keeps of %s no more than it shows', (_, filling, end, isError) => {
    const decode = (ordinal: number): unknown =>
      decodeEntry(result(ordinal, filling.repeat(outputBytes / filling.length) + end, isError), { agent: 'a', session: 's', ordinal });
    decode(0);
    const before = heap();
    const kept = Array.from({ length: count }, (_unused, ordinal) => decode(ordinal));
    expect(heap() - before).toBeLessThan((count * outputBytes) / 4);
    expect(kept).toHaveLength(count);
  });
});
