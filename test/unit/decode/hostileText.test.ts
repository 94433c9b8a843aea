// Untrusted text on its way to a line of the editor.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainLine, preview, previewLimit } from '../../../server/src/decode/preview';
import { placeRefs, placeRefLimit } from '../../../server/src/decode/openclaw/placeRefs';
import { decodeEntry } from '../../../server/src/decode/openclaw/entry';
import { decodeTrajectory } from '../../../server/src/decode/openclaw/trajectory';
import { escaped, fenced, label } from '../../../server/src/editor/labels';
import { visible } from '../../../server/src/query/callText';

const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\u001b[2J\u001b]8;;http://x\u0007link',
    '\u202egnp.exe',
    '<img src=x onerror=alert(1)>',
    '[run](command:workbench.action.quit)',
    '$(trash) `x`',
    '```\n# out\n```',
  ),
);

describe('hostile text', () => {
  it('becomes one short line without control or bidirectional characters', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, times) => {
        const line = preview(text.repeat(times));
        expect(line.length).toBeLessThanOrEqual(previewLimit);
        expect(line).not.toMatch(unsafe);
      }),
    );
  });

  it('of ten megabytes is cut before it is cleaned', () => {
    expect(plainLine('\u0000'.repeat(10_000_000), 40).length).toBeLessThanOrEqual(40);
  });

  it('draws no icon in a lens and no link, image or HTML in a hover', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(label(text)).not.toContain('$(');
        expect(escaped(text)).not.toMatch(/(?<!\\)[[\]()<>`!]/);
      }),
    );
  });

  it('cannot close the fence it stands in', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('`', '``', '```', '````', '\n', 'x', '~~~')), (parts) => {
        const text = parts.join('');
        const lines = fenced(text).split('\n');
        const fence = (lines[0] ?? '').replace('text', '');
        expect(lines.slice(1, -1).some((line) => line.trim().startsWith(fence))).toBe(false);
        expect(lines.at(-1)).toBe(fence);
      }),
    );
  });

  it('shows its control characters in a document instead of obeying them', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(visible(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  it('never makes a decoder throw', () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(value, fc.constantFrom('message', 'custom', 'compaction', 'session', 'leaf', 'x'), (json, type) => {
        const context = { agent: 'main', session: 's', ordinal: 0 };
        decodeEntry(JSON.stringify(json), context);
        for (const role of ['user', 'assistant', 'toolResult', 'custom', 'x']) {
          const message = { role, content: json, details: json, usage: json, __openclaw: json, customType: 'openclaw.nested-tool.v1' };
          const event = decodeEntry(JSON.stringify({ type, id: json, timestamp: json, message, data: json, content: json }), context);
          expect(event?.agent).toBe('main');
        }
        decodeTrajectory(JSON.stringify({ type: 'tool.call', data: json, runId: json, ts: json }), 'main', 's', 0);
      }),
    );
    expect(decodeEntry('{"type":"message"', { agent: 'a', session: 's', ordinal: 0 })).toBeNull();
  });
});

describe('places in output', () => {
  it('are the frames of the languages agents write', () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ['  File "/sandbox/p/tests/test_cart.py", line 16, in test_x\n', ['/sandbox/p/tests/test_cart.py:16']],
      ['    at Object.<anonymous> (/sandbox/p/src/a.ts:10:5)\n', ['/sandbox/p/src/a.ts:10']],
      ['src/main.rs:3:9: error\n', ['src/main.rs:3']],
      ['\tmain.go:12 +0x1d', ['main.go:12']],
      ['cart.c:7:3: warning: unused', ['cart.c:7']],
    ];
    for (const [text, expected] of cases)
      expect
        .soft(
          placeRefs(text).map((ref) => `${ref.path}:${ref.line}`),
          text,
        )
        .toEqual(expected);
  });

  it('are not times, hosts or versions', () => {
    for (const text of ['at 12:30:45', 'http://example.com:8080/x', 'listening on 127.0.0.1:3000', 'ratio 3:4'])
      expect.soft(placeRefs(text), text).toEqual([]);
  });

  it('are few, and found in linear time in a line made to be slow', () => {
    expect(placeRefs('a.b.'.repeat(500_000)).length).toBe(0);
    expect(
      placeRefs('/x/y.py:1 '.repeat(100_000) + Array.from({ length: 100 }, (_, i) => `/x/y.py:${i + 1}`).join(' ')).length,
    ).toBeLessThanOrEqual(placeRefLimit);
  });
});
