/** The span of what is neither a turn nor a call: a compaction, a reset, an error before a reply, a message that no model made. */
import type { Span } from '../protocol/document';
import { spanId } from './ids';
import { isoTime } from './isoTime';
import type { OtherDraft } from './turns';

/** Notes that only repeat settings; shown nowhere. */
const quietNotes: ReadonlySet<string> = new Set(['custom:model-snapshot', 'thinking_level_change', 'custom:openclaw.cache-ttl']);

/** Null for what is shown nowhere. */
export function eventSpan(
  agent: string,
  session: string,
  { entry, turn, inherited }: OtherDraft,
  turnId: string | null,
  abandoned: boolean,
): Span | null {
  if (entry.kind === 'nested') return null;
  if (entry.kind === 'note' && (quietNotes.has(entry.note) || (entry.note === 'model_change' && turn === null))) return null;
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
  return {
    id: spanId(agent, session, entry.entryId, kind, 0),
    parentId: turnId,
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
      'sandglass.turn': turnId,
      'sandglass.inherited': inherited,
      'sandglass.abandoned': abandoned,
    },
  };
}
