/** Lenses: what agents did with this file, in one line at its top, and with each touched range. */
import type { CodeLens } from 'vscode-languageserver-protocol';
import type { CallCost } from '../protocol/cost';
import { showCallsCommand } from '../protocol/messages';
import type { CallAt, ShowCallsArguments } from '../protocol/messages';
import { callAt } from '../query/pages';
import type { FileCalls, PlacedCall } from '../query/callsIn';
import { liesOutside } from '../locate/outside';
import { writesFiles } from '../locate/touches';
import type { Store } from '../store/store';
import { costOf, spanCost } from '../model/spanCost';
import { costLabel, costTooltip } from './costWords';
import { clock, statusWords, toolName } from './labels';

/** A lens lists at most this many calls; its title counts all. */
const listedCalls = 50;
/** A file with more touched ranges than this gets lenses for the newest only. */
const lensesPerFile = 200;

/** Calls asked for in one message share its cost. */
function messagesOf(store: Store, calls: readonly PlacedCall[]): readonly CallCost[] {
  const messages = new Map<string, CallCost>();
  for (const { source, span } of calls) {
    if (span.parentId === null || messages.has(span.parentId)) continue;
    const message = store.spans.span(source.row, span.parentId)?.span;
    if (message?.kind === 'chat') messages.set(message.id, spanCost(message));
  }
  return [...messages.values()];
}

function uniqueCalls(calls: readonly PlacedCall[]): readonly PlacedCall[] {
  const seen = new Set<string>();
  return calls.filter(({ source, span }) => !seen.has(`${source.id} ${span.id}`) && seen.add(`${source.id} ${span.id}`));
}

function lens(uri: string, line: number, title: string, calls: readonly PlacedCall[], tooltip: string | null = null): CodeLens {
  const listed: CallAt[] = calls.slice(0, listedCalls).map(({ source, view, span }) => callAt(source.id, view.info, span));
  const argument: ShowCallsArguments = { uri, line, calls: listed };
  return {
    range: { start: { line, character: 0 }, end: { line, character: 0 } },
    command: { title, ...(tooltip === null ? {} : { tooltip }), command: showCallsCommand, arguments: [argument] },
  };
}

/** Made once of the same calls: that they are the same says that nothing changed. */
const made = new WeakMap<FileCalls, { readonly flatRate: boolean; readonly lenses: readonly CodeLens[] }>();

export function codeLenses(store: Store, uri: string, calls: FileCalls, flatRate = false): readonly CodeLens[] {
  const known = made.get(calls);
  if (known?.flatRate === flatRate) return known.lenses;
  const lenses = lensesOf(store, uri, calls, flatRate);
  made.set(calls, { flatRate, lenses });
  return lenses;
}

function lensesOf(store: Store, uri: string, { placed, older }: FileCalls, flatRate: boolean): readonly CodeLens[] {
  const all = uniqueCalls(placed);
  const [newest] = all;
  if (newest === undefined) return [];
  const failed = all.filter(({ span }) => span.status === 'error').length;
  const denied = all.filter(({ span }) => span.status === 'denied').length;
  const messages = messagesOf(store, all);
  const cost = costOf(messages);
  const parts = [
    older > 0
      ? `newest ${all.length} of ${all.length + older} agent calls`
      : all.length === 1
        ? '1 agent call'
        : `${all.length} agent calls`,
    failed > 0 ? `${failed} failed` : null,
    denied > 0 ? `${denied} denied` : null,
    costLabel(cost, flatRate),
    clock(newest.span.startTime),
    all.some(
      ({ span, view, anchor }) => span.status === 'ok' && writesFiles(span) && liesOutside(anchor.sandboxPath, view.workspaceDir) === true,
    )
      ? "written outside the agent's workspace"
      : null,
  ];
  const lenses = [lens(uri, 0, parts.filter((part) => part !== null).join(' · '), all, costTooltip(cost, messages))];
  const byLine = new Map<number, PlacedCall[]>();
  for (const call of placed) {
    if (call.anchor.wholeFile) continue;
    const list = byLine.get(call.anchor.startLine);
    if (list === undefined) byLine.set(call.anchor.startLine, [call]);
    else list.push(call);
  }
  for (const [line, list] of [...byLine].slice(0, lensesPerFile)) {
    const calls = uniqueCalls(list);
    const [last] = calls;
    if (last === undefined) continue;
    const stale = calls.every(({ anchor }) => anchor.stale) ? ' (file changed since)' : '';
    const head =
      calls.length === 1
        ? `${toolName(last.span)} ${statusWords[last.span.status]}`
        : `${calls.length} agent calls · last ${toolName(last.span)} ${statusWords[last.span.status]}`;
    const time = clock(last.span.startTime);
    lenses.push(lens(uri, line, `${head}${time === null ? '' : ` · ${time}`}${stale}`, calls));
  }
  return lenses;
}
