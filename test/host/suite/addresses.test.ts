// The address of a session's document, through the editor's own addresses.
import * as assert from 'node:assert/strict';
import fc from 'fast-check';
import * as vscode from 'vscode';
import { parseSessionUri as parsedByClient } from '../../../client/src/editor/callUri';
import { parseSessionUri, sessionUri } from '../../../server/src/editor/labels';

describe('the address of a session', () => {
  it('leads back to it as the editor reads it and as it writes it, whatever its id and title are', () => {
    const leadsBack = (id: string, title: string | null): void => {
      const ref = { sourceId: '0123456789abcdef', sessionId: id };
      const made = sessionUri(ref.sourceId, { id, title });
      const uri = vscode.Uri.parse(made);
      assert.deepEqual(parsedByClient(uri), ref);
      for (const written of [made, uri.toString(), uri.toString(true), vscode.Uri.from(uri).toString()])
        assert.deepEqual(parseSessionUri(written), ref, written);
    };
    for (const id of ['a1b2-c3', 'a&b', 'a+b', '100%25', 'a&session=c', '~7e', 'a b#c?d=e/f', '\u00e9\u{1f600}']) leadsBack(id, null);
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ minLength: 1, unit: 'binary' }), fc.stringMatching(/^[%&=+~?#/ 0-9a-f]{1,12}$/)),
        fc.option(fc.string({ unit: 'binary' })),
        leadsBack,
      ),
    );
  });
});
