// A session lasts at least as long as what stands in it.
import { describe, expect, it } from 'vitest';
import { recordings } from '../../fixtures/recordings';
import { traceOf } from '../support/traces';

describe.each(recordings())('$name', ({ root }) => {
  it('has no session that begins after its own first turn', async () => {
    for (const { startTime, spans } of (await traceOf(root)).sessions) {
      const first = spans.find(({ kind, attributes }) => kind === 'invoke_agent' && attributes['sandglass.inherited'] !== true);
      if (first === undefined) continue;
      expect(startTime).not.toBeNull();
      expect(Date.parse(startTime ?? '')).toBeLessThanOrEqual(Date.parse(first.startTime ?? ''));
    }
  });
});
