import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCallUri, parseSessionUri as parsedByClient } from '../../../client/src/editor/callUri';
import { callUri, parseSessionUri, sessionUri } from '../../../server/src/editor/labels';
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

describe("the address of a session's document", () => {
  const ref = { sourceId: '0123456789abcdef', sessionId: 'a1b2-c3' };
  const address = sessionUri(ref.sourceId, { id: ref.sessionId, title: 'A test fails: ../x?source=evil' });

  it('leads back to the session, as the server made it and as the editor writes it', () => {
    const { pathname, search } = new URL(address);
    expect(decodeURIComponent(pathname)).toBe('/A test fails .. x source=evil.txt');
    expect(parseSessionUri(address)).toEqual(ref);
    expect(parsedByClient({ scheme: 'sandglass-call', path: pathname, query: decodeURIComponent(search.slice(1)) })).toEqual(ref);
    // What separates the parts of a query is encoded too where the editor writes an address.
    const written = `sandglass-call:${pathname}?${encodeURIComponent(search.slice(1))}`;
    expect(written).toContain('source%3D');
    expect(parseSessionUri(written)).toEqual(ref);
  });

  it('leads back to the session whatever its id is, though an editor takes the escapes away and makes its own', () => {
    const leadsBack = (id: string): void => {
      const made = sessionUri(ref.sourceId, { id, title: null });
      const [, path = '', query = ''] = /^sandglass-call:(\/[^?]*)\?(.*)$/.exec(made) ?? [];
      const taken = decodeURIComponent(query);
      const written = encodeURIComponent(taken).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
      const expected = { sourceId: ref.sourceId, sessionId: id };
      expect(parsedByClient({ scheme: 'sandglass-call', path, query: taken })).toEqual(expected);
      expect(parseSessionUri(made)).toEqual(expected);
      expect(parseSessionUri(`sandglass-call:${path}?${written}`)).toEqual(expected);
    };
    for (const id of ['a&b', 'a+b', '100%25', 'a&session=c', '~7e', '~', 'a b#c?d=e/f', '\u00e9\u{1f600}', '%', '%zz']) leadsBack(id);
    fc.assert(
      fc.property(fc.oneof(fc.string({ minLength: 1, unit: 'binary' }), fc.stringMatching(/^[%&=+~?#/ 0-9a-f]{1,12}$/)), leadsBack),
    );
  });

  it('has an id of the common kind as it is', () => {
    expect(address).toMatch(/&session=a1b2-c3$/);
  });

  it('is not that of a call, nor of anything else', () => {
    expect(parsedByClient({ scheme: 'sandglass-call', path: '/x', query: 'source=a&span=b' })).toBeNull();
    for (const other of ['sandglass-call:/x.txt?source=a&span=b', 'file:///x?source=a&session=b', 'sandglass-call:/x.txt'])
      expect(parseSessionUri(other)).toBeNull();
  });
});
