/** Hover at a definition, with all that its lens leaves out; and at the tool of a call's document, where that comes from. */
import type { Hover } from 'vscode-languageserver-protocol';
import type { CallCost } from '../protocol/cost';
import type { DefinedKind, ToolDefinition } from '../protocol/definitions';
import { listedUses } from '../query/definitions';
import type { UsedDefinition } from '../query/definitions';
import type { UseSums } from '../store/uses';
import { costLabel, costLines } from './costWords';
import { counted, dayOrClock, duration } from './definitionLenses';
import { escaped } from './labels';

/** What an LLM call cost and by which price; null: it is gone. */
export type PricesOf = (call: UseSums['priced'][number]) => CallCost | null;

export function definitionHover(used: readonly UsedDefinition[], costOf: PricesOf, flatRate: boolean): Hover | null {
  const [first] = used;
  if (first === undefined) return null;
  return {
    contents: { kind: 'markdown', value: used.map((one) => usesText(one, costOf, flatRate)).join('\n\n---\n\n') },
    range: first.definition.range,
  };
}

function usesText({ definition: { kind, name }, sums, sessions, pluginId }: UsedDefinition, costOf: PricesOf, flatRate: boolean): string {
  const lines = [`**${escaped(name)}** · ${kindWords[kind]}${pluginOf(kind, pluginId)}`];
  if (sessions !== null) lines.push(`It lies in the workspace of ${counted(sessions, 'recorded session')}.`);
  if (sums === null)
    return [...lines, `No ${kind === 'skill' || kind === 'prompt-file' ? 'reads or edits' : 'calls'} are recorded.`].join('\n\n');
  lines.push(usedText(kind, sums), durationText(sums), costParts(costOf, sums, flatRate).join('\n'), lastText(sums));
  const all = sums.calls > listedUses ? `the newest ${listedUses} of them` : 'them';
  lines.push(`_Find All References_ lists ${all}.`);
  return lines.join('\n\n');
}

function usedText(kind: DefinedKind, { calls, reads, writes, failed, denied, sessions, sources }: UseSums): string {
  const uses =
    kind === 'skill' || kind === 'prompt-file' ? `${counted(reads, 'read')}, ${counted(writes, 'edit')}` : counted(calls, 'call');
  const where = `in ${counted(sessions, 'session')}${sources > 1 ? ` of ${sources} sandboxes` : ''}`;
  return `${uses} ${where}: ${failed === 0 ? 'none' : failed} failed${denied > 0 ? `, ${denied} denied by the policy` : ''}.`;
}

function durationText({ calls, timed, estimated, p50, p95 }: UseSums): string {
  if (p50 === null || p95 === null) return 'How long they took was not observed.';
  const spread = timed === 1 ? `Took ${duration(p50)}` : `p50 ${duration(p50)}, p95 ${duration(p95)} of ${timed} calls`;
  const notes = [
    estimated > 0 ? `${estimated === timed ? (timed === 1 ? 'estimated' : 'all estimated') : `${estimated} of them estimated`}` : null,
    timed < calls ? `of ${calls - timed} it was not observed` : null,
  ].filter((note) => note !== null);
  return `${spread}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}.`;
}

/** The prices of the newest calls stand for those of all: which hold for older ones is said with each call. */
function costParts(costOf: PricesOf, { messages, cost, priced }: UseSums, flatRate: boolean): readonly string[] {
  if (messages === 0) return ['Which LLM calls asked for them is not recorded, so there is no cost.'];
  const asked = `asked for by ${counted(messages, 'LLM call')}${cost.usd === null ? '' : ', with all else these asked for'}`;
  const lines = costLines(
    cost,
    priced.flatMap((call) => costOf(call) ?? []),
  );
  return [`${costLabel(cost, flatRate) ?? 'no price'}: ${asked}.`, ...lines.map((line) => `- ${escaped(line, 300)}`)];
}

function lastText({ first, last }: UseSums): string {
  if (first === null || last === null) return 'When was not observed.';
  const at = (time: number): string => escaped(dayOrClock(time, new Date()));
  return first === last ? `Used ${at(last)}.` : `First used ${at(first)}, last ${at(last)}.`;
}

const kindWords: Readonly<Record<DefinedKind, string>> = {
  'plugin-tool': 'tool registered by ',
  'manifest-tool': 'tool declared by ',
  'mcp-server': 'MCP server',
  skill: 'skill',
  'prompt-file': 'prompt file of the agent',
};

function pluginOf(kind: DefinedKind, pluginId: string | null): string {
  if (kind !== 'plugin-tool' && kind !== 'manifest-tool') return '';
  return pluginId === null ? 'a plugin' : `the plugin ${escaped(pluginId, 60)}`;
}

/** What the hover at a call's tool says, in plain words; the same that is said when there is no place to go to. */
export function toolHover({ tool, builtIn, places, looked }: ToolDefinition): Hover {
  const name = `**${escaped(tool)}**`;
  const [place] = places;
  const text =
    place !== undefined
      ? `${name} · ${kindWords[place.kind]}${pluginOf(place.kind, null)}. _Go to Definition_ opens it.`
      : builtIn
        ? `${name} is built into OpenClaw: it has no definition in this workspace.`
        : `${name}: no definition was found in this workspace.`;
  const where = looked.map(({ place: folder, files, reason }) =>
    escaped(`${folder}: ${counted(files, 'file')} that may define something${reason === null ? '' : `; ${reason}`}`, 300),
  );
  const list =
    place !== undefined
      ? ''
      : where.length === 0
        ? '\n\nNo folder is open to look in.'
        : `\n\nLooked in:\n\n${where.map((each) => `- ${each}`).join('\n')}`;
  return { contents: { kind: 'markdown', value: `${text}${list}` } };
}
