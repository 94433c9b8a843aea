import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Asides } from '../../../server/src/cli/asides';
import type { Finding } from '../../../server/src/protocol/document';
import { sandboxesText } from '../../../server/src/cli/tables';
import { hostileStrings } from '../flow/hostile';

function setup(): { readonly asides: Asides; readonly said: () => string } {
  const stderr = new PassThrough();
  return { asides: new Asides(stderr), said: () => String(stderr.read() ?? '') };
}

describe('the way in, on stderr', () => {
  it('is said where it is not the first, with what was tried before it', () => {
    const { asides, said } = setup();
    asides.way('node', []);
    asides.way('host', []);
    expect(said()).toBe('');
    const tried = [{ way: 'node', reason: 'there is no Node in it' }] as const;
    asides.way('python3', tried);
    expect(said()).toBe("read by the sandbox's Python (python3); not by the sandbox's Node: there is no Node in it\n");
    asides.way('python3', tried);
    expect(said()).toBe('');
    // That it is the first again is worth a word then.
    asides.way('node', []);
    expect(said()).toBe("read by the sandbox's Node\n");
  });

  it.each(hostileStrings.map((text): [string, string] => [text.slice(0, 40), text]))(
    'is one line of plain text, whatever the reason: %j',
    (_, text) => {
      const { asides, said } = setup();
      asides.way(
        'archive',
        Array.from({ length: 40 }, () => ({ way: 'node', reason: text })),
      );
      const line = said();
      expect(line.endsWith('\n')).toBe(true);
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      expect(line.length).toBeLessThan(1500);
    },
  );
});

describe('findings, on stderr', () => {
  const finding = (message: string): Finding => ({
    code: 'failing-tool',
    severity: 'warning',
    message,
    spanIds: [],
    preview: false,
    suppressed: null,
  });

  it('are said once each, by session, and again when they were taken back meanwhile', () => {
    const { asides, said } = setup();
    asides.findings(1, [finding('a')]);
    asides.findings(2, [finding('b'), finding('c')]);
    expect(said()).toBe('warning: a\nwarning: b\nwarning: c\n');
    asides.findings(1, [finding('a'), finding('d')]);
    expect(said()).toBe('warning: d\n');
    // What is told of one session takes nothing back of another.
    asides.findings(2, [finding('b')]);
    asides.findings(1, []);
    expect(said()).toBe('');
    asides.findings(2, [finding('b'), finding('c')]);
    asides.findings(1, [finding('a')]);
    expect(said()).toBe('warning: c\nwarning: a\n');
  });
});

describe('the table of sandboxes', () => {
  it('has the gateway, and a sign where none is known', () => {
    const sandbox = {
      id: 'a',
      name: 'my-assistant',
      layout: 'one-container',
      runtime: 'openclaw',
      runtimeVersion: '2026.9.5',
      provider: null,
      model: null,
      state: 'removed',
      gateway: 'lab',
      seenBy: ['registry'],
      reports: [],
    } as const;
    const [head, ...rows] = sandboxesText({
      schema: 'sandglass/sandboxes@1',
      looked: [],
      sandboxes: [sandbox, { ...sandbox, gateway: null }],
    }).split('\n');
    const at = head!.indexOf('GATEWAY');
    expect(at).toBeGreaterThan(0);
    expect(rows.slice(0, 2).map((row) => row.slice(at, at + 3).trim())).toEqual(['lab', '-']);
    expect(rows[0]).toContain('removed');
  });
});
