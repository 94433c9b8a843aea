/** The sessions of a source as they are known here: those that changed take the place of what was known of them. */
import type { SessionInfo } from '../../../server/src/protocol/document';

/** Of more that changed at once, all are asked for. */
const askedAtOnce = 100;

/** Which sessions are to be asked for; null: all of them. */
export type Stale = ReadonlySet<string> | null;

/** `before`: what is to be asked for already; undefined: nothing. */
export function alsoStale(before: Stale | undefined, sessionId: string): Stale {
  if (before === null) return null;
  const stale = new Set(before).add(sessionId);
  return stale.size > askedAtOnce ? null : stale;
}

/** `answered`: what there is now of those that were asked for. In the order in which the server lists them. */
export function withAnswered(
  known: readonly SessionInfo[],
  asked: ReadonlySet<string>,
  answered: readonly SessionInfo[],
): readonly SessionInfo[] {
  return [...known.filter(({ id }) => !asked.has(id)), ...answered].sort(byStart);
}

/** What has no start comes first. */
function byStart(a: SessionInfo, b: SessionInfo): number {
  return compare(a.startTime ?? '', b.startTime ?? '') || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
