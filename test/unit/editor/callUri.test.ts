import { describe, expect, it } from 'vitest';
import { parseCallUri } from '../../../client/src/editor/callUri';
import { callUri } from '../../../server/src/editor/labels';
import { recording } from '../../fixtures/recordings';
import { recordsOf, traceOfBatches } from '../support/traces';

const { spans } = traceOfBatches([await recordsOf(recording('generation-c').root)]).sessions.find(({ spans: some }) =>
  some.some(({ kind }) => kind === 'execute_tool'),
) ?? { spans: [] };
const call = spans.find(({ kind }) => kind === 'execute_tool');

function named(tool: string, preview: string): URL {
  if (call === undefined) throw new Error('the recording has no call');
  const attributes = { ...call.attributes, 'gen_ai.tool.name': tool, 'sandglass.preview': preview };
  return new URL(callUri('0123456789abcdef', { ...call, attributes }));
}

describe("the address of a call's document", () => {
  it('is named after what was called', () => {
    const { pathname } = named('exec', 'cd project && pytest -q tests/test_cart.py');
    expect(decodeURIComponent(pathname)).toBe('/exec cd project pytest -q tests test_cart.py.txt');
  });

  it('leads back to the call, and its name is one plain part of a path, whatever the sandbox calls it', () => {
    for (const [tool, preview] of [
      ['../../etc', 'passwd?source=evil&span=x#y'],
      ['a\u202e\ud800b', '\udc00 %2f%00 \n\t $(alert) ]('],
      ['...', '...'],
      ['', ''],
      ['x'.repeat(500), '\u{1f600}'.repeat(500)],
    ] as const) {
      const { protocol, pathname, search } = named(tool, preview);
      const name = decodeURIComponent(pathname);
      expect(name).toMatch(/^\/[\p{L}\p{N}_=-][\p{L}\p{N}._= -]*\.txt$/u);
      expect(name.length).toBeLessThan(80);
      expect(parseCallUri({ scheme: protocol.slice(0, -1), path: name, query: search.slice(1) })).toEqual({
        sourceId: '0123456789abcdef',
        spanId: call?.id,
      });
    }
  });
});
