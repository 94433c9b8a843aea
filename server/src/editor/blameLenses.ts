/** A lens above each function or heading that calls wrote lines of: how many of them, by which model, and at what cost. */
import type { CodeLens } from 'vscode-languageserver-protocol';
import type { CallCost } from '../protocol/cost';
import { showCallsCommand } from '../protocol/messages';
import type { BlamedCall, BlamedLines, FileBlame, ShowCallsArguments } from '../protocol/messages';
import { costLabel, costTooltip } from './costWords';
import { clock, label } from './labels';
import { costOf } from '../model/spanCost';
import type { Section } from './outline';

const listedCalls = 50;
/** More sections than these have no lens; a file of so many is nobody's to read by lenses. */
export const blameLensesPerFile = 200;

export function blameLenses(uri: string, blame: FileBlame, sections: readonly Section[], flatRate = false): readonly CodeLens[] {
  const lenses: CodeLens[] = [];
  let from = 0;
  for (const section of sections) {
    if (lenses.length >= blameLensesPerFile) break;
    while (from < blame.lines.length && (blame.lines[from]?.endLine ?? 0) < section.startLine) from += 1;
    const runs: BlamedLines[] = [];
    for (let at = from; at < blame.lines.length && (blame.lines[at]?.startLine ?? 0) <= section.endLine; at++) {
      const run = blame.lines[at];
      if (run !== undefined) runs.push(run);
    }
    const lens = sectionLens(uri, blame.calls, section, runs, flatRate);
    if (lens !== null) lenses.push(lens);
  }
  return lenses;
}

function sectionLens(
  uri: string,
  known: readonly BlamedCall[],
  section: Section,
  runs: readonly BlamedLines[],
  flatRate: boolean,
): CodeLens | null {
  const calls = new Set<BlamedCall>();
  let written = 0;
  let changed = 0;
  for (const { startLine, endLine, by } of runs) {
    const count = Math.min(endLine, section.endLine) - Math.max(startLine, section.startLine) + 1;
    if (by.kind === 'person' || (by.kind === 'changed' && by.before === null)) changed += count;
    if (by.kind !== 'call') continue;
    written += count;
    const call = known[by.call];
    if (call !== undefined) calls.add(call);
  }
  if (calls.size === 0) return null;
  const newest = [...calls].sort((a, b) => Number((a.time ?? '') < (b.time ?? '')) - Number((a.time ?? '') > (b.time ?? '')));
  const all = section.endLine - section.startLine + 1;
  const messages = messagesOf(newest);
  const cost = costOf(messages);
  const tooltip = costTooltip(cost, messages);
  const parts = [
    `${written === all ? (all === 1 ? 'agent wrote this line' : `agent wrote all ${all} lines`) : `agent wrote ${written} of ${all} lines`}`,
    calls.size > 1 ? `${calls.size} calls` : null,
    changed > 0 ? `${changed} changed since` : null,
    modelsOf(newest),
    costLabel(cost, flatRate),
    clock(newest[0]?.time ?? null),
  ];
  const argument: ShowCallsArguments = { uri, line: section.startLine, calls: newest.slice(0, listedCalls) };
  const at = { line: section.startLine, character: 0 };
  return {
    range: { start: at, end: at },
    command: {
      title: parts.filter((part) => part !== null).join(' · '),
      ...(tooltip === null ? {} : { tooltip }),
      command: showCallsCommand,
      arguments: [argument],
    },
  };
}

function modelsOf(calls: readonly BlamedCall[]): string | null {
  const [first, ...others] = new Set(calls.map(({ model }) => model).filter((model) => model !== null));
  if (first === undefined) return null;
  return others.length === 0 ? label(first, 40) : `${label(first, 40)} and ${others.length} more`;
}

/** Calls asked for in one message share its cost. */
function messagesOf(calls: readonly BlamedCall[]): readonly CallCost[] {
  const messages = new Map<string, CallCost>();
  for (const { messageId, spanId, cost } of calls) messages.set(messageId ?? spanId, cost ?? notRecorded);
  return [...messages.values()];
}

/** Which LLM call asked for it is not known, but one did. */
const notRecorded: CallCost = { usd: null, basis: 'unknown', source: null, date: null, reason: null };
