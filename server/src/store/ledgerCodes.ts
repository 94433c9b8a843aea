/** How the ledger's columns count what has a few names. */
import type { CostBasis, Span, Trigger } from '../protocol/document';

/** As the columns `basis` and `trigger` count them. */
export const ledgerBases: readonly CostBasis[] = ['reported', 'user', 'overlay', 'priced', 'local', 'unknown'];
export const ledgerTriggers: readonly Trigger[] = ['user', 'cron', 'heartbeat', 'subagent', 'exec', 'unknown'];
/** As the column `what` counts what cost something that is written down nowhere. */
export const unseenKinds = { compaction: 0, retry: 1 } as const;
export type UnseenKind = keyof typeof unseenKinds;

/** As it stands in the column `trigger` of a turn's span. */
export function triggerCode(span: Span): number {
  return Math.max(0, ledgerTriggers.indexOf((span.attributes['sandglass.trigger'] ?? 'unknown') as Trigger));
}
