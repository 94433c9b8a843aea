// In every recording: what a tool call asked for is laid to that call, and what OpenClaw asked for itself to none.
import { describe, expect, it } from 'vitest';
import { findSpan } from '../../../server/src/query/detail';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';

/** Hosts that the scripted agent's commands name; every other one is OpenClaw's own affair. */
const asked = /^(?:(?:mirror\.)?blocked\.example\.(?:com|net)|docs\.example\.com|pypi\.tst)$/;

describe.each([
  'openclaw-2026.7.1',
  'openclaw-2026.9.5',
  'generation-c',
  'zstd-2026.9.6',
  'thinking-off-2026.9.5',
  'retry-2026.7.1',
  'rotation-2026.7.1',
] as const)('denials of %s', (name) => {
  it('belong to the call that asked, and to none where OpenClaw did', async () => {
    using store = memoryStore();
    const source = await readInto(store, recording(name).root);
    const denied = store.policies.denied(source, 0, 1000);
    expect(denied.length).toBeGreaterThan(0);
    for (const event of denied) {
      const host = String(event.attributes['server.address']);
      const text = String(event.attributes['sandglass.policy.text']);
      if (!asked.test(host)) {
        expect(event, text).toMatchObject({ callId: null });
        continue;
      }
      const call = findSpan(store, source, event.callId ?? '');
      expect(call?.span.status, text).toBe('denied');
      expect(String(call?.span.attributes['sandglass.preview']), text).toContain(host);
    }
  });
});
