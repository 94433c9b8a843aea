/** How a session stands: what OpenClaw's index says of it, where its last turn does not say otherwise. */
import type { SessionStatus } from '../protocol/document';
import type { IndexEvent } from './events';
import type { TurnDraft } from './turns';
import type { TurnView } from './turnSpan';

/** How OpenClaw and the providers word that the context was too long: the agent compacts then, and asks again. */
const overflow = /context.{0,40}\b(?:overflow|window|length|size)|(?:prompt|request|input) is too (?:long|large)|maximum.{0,40}\btokens/i;
/** What else is measured in tokens: the agent does not ask again by itself. */
const quota = /rate.?limit|per.?minute|quota|timed? ?out|\b429\b/i;

/** OpenClaw's index may go on saying "running" of a run that replied, or ended without; what it says of a later one holds. */
export function sessionStatus(index: IndexEvent | null, lastTurn: TurnDraft | undefined, view: TurnView | undefined): SessionStatus {
  const said = index?.status ?? 'unknown';
  if (said !== 'running' || lastTurn === undefined || view === undefined) return said;
  const { last, lastTime, failedBeforeReply } = lastTurn;
  if (view.status === 'ok') return (index?.startedAt ?? Infinity) <= (lastTime ?? 0) ? 'done' : said;
  if (view.status !== 'error' && view.status !== 'aborted') return said;
  const runEnd = view.run?.end ?? null;
  const ended =
    view.status === 'aborted' ||
    failedBeforeReply !== null ||
    (runEnd !== null && runEnd >= (last?.time ?? 0)) ||
    (last?.stopReason === 'error' && !isOverflow(last.errorMessage ?? ''));
  return ended && (index?.updatedAt ?? 0) <= (lastTime ?? 0) ? 'failed' : said;
}

function isOverflow(message: string): boolean {
  return overflow.test(message) && !quota.test(message);
}
