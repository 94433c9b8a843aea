/** Hover over a touched line: what the last call there was given, what came of it, and the thought before it. */
import type { Hover } from 'vscode-languageserver-protocol';
import { spanDetail } from '../query/detail';
import type { PlacedCall } from '../query/callsIn';
import type { Store } from '../store/store';
import { spanCost } from '../model/spanCost';
import { callLabel, priceNote } from './costWords';
import { clock, escaped, fenced, statusWords, toolName } from './labels';

const shownChars = 600;
const shownCalls = 3;

export function hover(store: Store, placed: readonly PlacedCall[], line: number, flatRate = false): Hover | null {
  const here = placed.filter(({ anchor }) => !anchor.wholeFile && anchor.startLine <= line && line <= anchor.endLine);
  if (here.length === 0) return null;
  const parts = here.slice(0, shownCalls).map((call) => callMarkdown(store, call, flatRate));
  if (here.length > shownCalls) parts.push(`and ${here.length - shownCalls} earlier calls`);
  return { contents: { kind: 'markdown', value: parts.join('\n\n---\n\n') } };
}

function callMarkdown(store: Store, { source, view, span, anchor }: PlacedCall, flatRate: boolean): string {
  const detail = spanDetail(store, source.row, span.id, shownChars);
  const title = `**${escaped(toolName(span))}** ${statusWords[span.status]} · ${clock(span.startTime) ?? 'time not observed'} · ${escaped(view.info.title ?? view.info.id, 60)}`;
  const parts = [title];
  if (anchor.stale) parts.push('_The file changed since._');
  if (detail === null) return title;
  if (detail.thinking !== null) parts.push(`Thought before:\n\n${fenced(detail.thinking)}`);
  else if (detail.text !== null) parts.push(`Said before:\n\n${fenced(detail.text)}`);
  if (detail.arguments !== null) parts.push(`Arguments (${detail.argumentsBytes ?? 0} bytes):\n\n${fenced(detail.arguments)}`);
  if (detail.result !== null) parts.push(`Result (${detail.resultBytes ?? 0} bytes):\n\n${fenced(detail.result)}`);
  for (const event of detail.policy) {
    if (event.status === 'denied')
      parts.push(
        `Denied by the sandbox's policy (seen by its supervisor):\n\n${fenced(String(event.attributes['sandglass.policy.text']))}`,
      );
  }
  const message = span.parentId === null ? null : store.spans.span(source.row, span.parentId);
  if (message?.span.kind === 'chat') {
    const cost = spanCost(message.span);
    const note = priceNote(cost);
    parts.push(`Asked for by an LLM call: ${callLabel(cost, flatRate)}${note === null ? '' : ` · ${escaped(note, 300)}`}`);
  }
  return parts.join('\n\n');
}
