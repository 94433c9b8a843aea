/** Spans of what is neither a turn nor a call: compactions, resets, errors before a reply, messages that no model made. */
import type { Span } from '../protocol/document';
import { spanId } from './ids';
import { isoTime } from './toolSpan';
import type { Assembled, TurnDraft } from './turns';

/** Notes that only repeat settings; shown nowhere. */
const quietNotes: ReadonlySet<string> = new Set(['custom:model-snapshot', 'thinking_level_change', 'custom:openclaw.cache-ttl']);

export function eventSpans(
  agent: string,
  session: string,
  assembled: Assembled,
  turnId: (turn: TurnDraft) => string,
  active: ReadonlySet<string>,
): readonly Span[] {
  const spans: Span[] = [];
  for (const { entry, turn, inherited } of assembled.others) {
    if (
      entry.kind === 'nested' ||
      (entry.kind === 'note' && (quietNotes.has(entry.note) || (entry.note === 'model_change' && turn === null)))
    )
      continue;
    const ofTurn = turn === null ? null : turnId(turn);
    const kind = entry.kind === 'compaction' ? 'compaction' : 'event';
    const name =
      entry.kind === 'compaction'
        ? 'compaction'
        : entry.kind === 'note'
          ? entry.note
          : `message without a model call (${entry.kind === 'assistant' ? entry.model : entry.kind})`;
    const failed = entry.kind === 'note' && entry.isError;
    const preview =
      entry.kind === 'assistant' ? (entry.blocks.find((block) => block.kind === 'text')?.preview ?? entry.errorMessage) : entry.preview;
    spans.push({
      id: spanId(agent, session, entry.entryId, kind, 0),
      parentId: ofTurn,
      kind,
      name,
      startTime: isoTime(entry.time),
      endTime: isoTime(entry.time),
      durationMs: null,
      durationBasis: 'unknown',
      status: failed ? 'error' : 'ok',
      statusMessage: failed ? preview : null,
      entryId: entry.entryId,
      witness: 'agent',
      attributes: {
        'sandglass.preview': preview,
        'sandglass.tokens_before': entry.kind === 'compaction' ? entry.tokensBefore : null,
        'sandglass.tokens_after': entry.kind === 'compaction' ? entry.tokensAfter : null,
        'sandglass.turn': ofTurn,
        'sandglass.inherited': inherited,
        'sandglass.abandoned': !active.has(entry.entryId),
      },
    });
  }
  return spans;
}
