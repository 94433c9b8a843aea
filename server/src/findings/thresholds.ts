/** From when on a streak is shown. The lowest are those that the settings may be set to: nothing weaker is kept. */
import type { FindingThresholds } from '../protocol/messages';
import type { DetectorCode } from './detector';

export const lowest: FindingThresholds = { repeatedCalls: 3, noProgressCalls: 8, failuresInARow: 3 };
export const usual: FindingThresholds = { repeatedCalls: 4, noProgressCalls: 12, failuresInARow: 4 };

/** null: of this there is one or there is none. */
export function thresholdOf(code: DetectorCode, thresholds: FindingThresholds): number | null {
  switch (code) {
    case 'repeated-calls':
      return thresholds.repeatedCalls;
    case 'no-progress':
      return thresholds.noProgressCalls;
    case 'failing-tool':
      return thresholds.failuresInARow;
    case 'claimed-success':
    case 'secret-exposed':
    case 'secret-then-request':
      return null;
  }
}
