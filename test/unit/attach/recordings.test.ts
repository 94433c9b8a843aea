import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recordings } from '../../fixtures/recordings';

describe('the recordings', () => {
  it('unpack to folders that hold a state directory, with what was counted in them', () => {
    for (const recording of recordings()) {
      expect(existsSync(recording.stateDir), recording.name).toBe(true);
      expect(recording.expected.totals.sessions, recording.name).toBeGreaterThan(0);
      expect(Object.values(recording.expected.stores), recording.name).toContain(recording.store);
    }
  });
});
