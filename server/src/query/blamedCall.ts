/** A call as blame names it: in which session and turn, by which model, and what its LLM call cost. */
import type { BlamedCall } from '../protocol/messages';
import { liesOutside } from '../locate/outside';
import type { Store } from '../store/store';
import { spanCost } from '../model/spanCost';
import { findSpan } from './detail';
import { callAt } from './pages';
import type { PlaceSource } from './placeSource';

export function blamedCall(
  store: Store,
  source: PlaceSource,
  call: { readonly session: number; readonly spanId: string },
  path: string,
  /** Which turns stand where, as far as it was asked: many calls are of one. */
  turns: Map<string, number>,
): BlamedCall | null {
  const found = findSpan(store, source.row, call.spanId);
  if (found === null) return null;
  const { view, placed, span } = found;
  const message = span.parentId === null ? null : (store.spans.ofSession(view.row, span.parentId)?.span ?? null);
  const { workspaceDir } = view;
  const turnOf = (turnId: string): number => {
    const key = `${view.row} ${turnId}`;
    const turn = turns.get(key) ?? store.spans.turnOrdinal(view.row, placed.place);
    turns.set(key, turn);
    return turn;
  };
  return {
    ...callAt(source.id, view.info, span),
    tool: String(span.attributes['gen_ai.tool.name'] ?? span.name),
    session: view.info.title ?? view.info.id,
    agent: view.info.agent,
    turn: placed.turnId === null ? null : turnOf(placed.turnId),
    model: text(message?.attributes['gen_ai.response.model']) ?? text(message?.attributes['gen_ai.request.model']),
    messageId: span.parentId,
    cost: message?.kind === 'chat' ? spanCost(message) : null,
    outside: liesOutside(path, workspaceDir) === true,
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
