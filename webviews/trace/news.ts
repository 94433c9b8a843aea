/** What a page says beside its rows. */
import type { TracePage } from '../../server/src/protocol/messages';
import type { Texts } from './describe';

/** What came since the last page, in a few words for a screen reader; empty when nothing that matters. */
export function newsOf(t: Texts, before: TracePage, now: TracePage): string {
  const was = before.session.totals;
  const is = now.session.totals;
  const parts: string[] = [];
  const steps = is.llmCalls + is.toolCalls - was.llmCalls - was.toolCalls;
  if (steps > 0) parts.push(t('live.calls', steps));
  if (is.failedToolCalls > was.failedToolCalls) parts.push(t('live.failed', is.failedToolCalls - was.failedToolCalls));
  const denied = deniedOf(now) - deniedOf(before);
  if (denied > 0) parts.push(t('live.denied', denied));
  if (before.session.status === 'running' && now.session.status !== 'running') parts.push(t('live.done', t(`run.${now.session.status}`)));
  return parts.join(', ');
}

export function deniedOf(page: TracePage): number {
  return page.turns.reduce((sum, turn) => sum + turn.denied, 0);
}

/** Of the first LLM call among the rows. */
export function modelOf(page: TracePage): string | null {
  for (const { span } of page.rows) {
    const model = span.attributes['gen_ai.request.model'];
    if (span.kind === 'chat' && typeof model === 'string') return model;
  }
  return null;
}
