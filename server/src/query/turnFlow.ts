/** The thought flow of one turn: its rows and their texts, handed to flow. */
import type { FlowDiagram } from '../protocol/messages';
import { buildFlow } from '../flow/buildFlow';
import type { FlowChild, FlowTexts } from '../flow/steps';
import type { Store } from '../store/store';
import { promptText } from '../decode/openclaw/promptText';
import { retryOf } from './detail';
import { spanRow } from './pages';
import { shownPayload } from './payload';

/** A turn larger than this is drawn from its first rows; the diagram folds them anyway, and says so. */
const flowRows = 4000;
/** Texts are cut to a line in the diagram; beyond this many LLM calls their previews do. */
const flowTexts = 200;

export function turnFlow(store: Store, source: number, sessionId: string, turnId: string): FlowDiagram | null {
  const view = store.sessions.bySession(source, sessionId);
  if (view === null) return null;
  const placed = store.spans.ofTurn(view.row, turnId, flowRows);
  const turn = placed.find(({ span }) => span.id === turnId);
  if (turn === undefined) return null;
  const denied = store.policies.deniedCallsOf(source, view.row);
  const rows = placed.filter(({ span }) => span.id !== turnId).map((item) => spanRow(store, source, view, item, denied));
  const texts = new Map<string, FlowTexts>();
  const prompt = shownPayload(store, view.row, turn.span).text;
  texts.set(turnId, { prompt: prompt === null ? null : promptText(prompt) });
  for (const { span } of rows) {
    if (span.kind !== 'chat' || texts.size >= flowTexts) continue;
    const { thinking, text } = shownPayload(store, view.row, span);
    texts.set(span.id, { thinking, text });
  }
  const retries = new Map<string, string>();
  for (const { span } of rows) {
    const retry = retryOf(store, view, span);
    if (retry !== null) retries.set(span.id, retry);
  }
  const children = new Map<string, FlowChild>();
  for (const { childSessionId } of rows) {
    const child = childSessionId === null ? null : store.sessions.bySession(source, childSessionId);
    if (child !== null) children.set(child.info.id, { title: child.info.title, status: child.info.status });
  }
  return buildFlow({ revision: view.revision, turn: turn.span, rows, texts, retries, children });
}
