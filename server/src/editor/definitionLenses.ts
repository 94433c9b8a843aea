/** A lens where a tool, an MCP server, a skill or a prompt file comes from: what its uses came to, in one line. */
import type { CodeLens } from 'vscode-languageserver-protocol';
import { goToToolDefinitionCommand, showUsesCommand } from '../protocol/definitions';
import type { UsesAt } from '../protocol/definitions';
import type { SpanRef } from '../protocol/messages';
import type { UsedDefinition } from '../query/definitions';
import type { UseSums } from '../store/uses';
import { costLabel, costTooltip } from './costWords';
import { clock, label } from './labels';

/** Which calls they are is asked when the lens is clicked: a file may define much. */
export function definitionLenses(uri: string, used: readonly UsedDefinition[], flatRate = false): readonly CodeLens[] {
  const onLine = new Map<number, number>();
  for (const { definition } of used) onLine.set(definition.range.start.line, (onLine.get(definition.range.start.line) ?? 0) + 1);
  return used.map((one) => {
    const { range, name } = one.definition;
    // Lenses of one line stand beside each other: each says whose it is.
    const head = (onLine.get(range.start.line) ?? 0) > 1 ? `${label(name, 40)}: ` : '';
    const title = `${head}${usesTitle(one, flatRate)}`;
    if (one.sums === null) return { range, command: { title, command: '' } };
    const argument: UsesAt = { uri, ...range.start };
    const tooltip = costTooltip(one.sums.cost);
    return { range, command: { title, ...(tooltip === null ? {} : { tooltip }), command: showUsesCommand, arguments: [argument] } };
  });
}

/** The lens above a call's document. */
export function toolLens(call: SpanRef): CodeLens {
  const start = { line: 0, character: 0 };
  const command = { title: 'Go to tool definition', command: goToToolDefinitionCommand, arguments: [call] };
  return { range: { start, end: start }, command };
}

export function usesTitle({ definition, sums, sessions }: UsedDefinition, flatRate = false, now: Date = new Date()): string {
  const workspace = sessions === null ? null : `workspace of ${counted(sessions, 'session')}`;
  const used = sums?.last ?? null;
  const last = used === null ? null : `last used ${dayOrClock(used, now)}`;
  switch (definition.kind) {
    case 'plugin-tool':
    case 'manifest-tool':
    case 'mcp-server':
      if (sums === null) return 'no calls recorded';
      return joined([counted(sums.calls, 'call'), ...failures(sums), durations(sums), costLabel(sums.cost, flatRate), last]);
    case 'skill':
      if (sums === null) return 'no reads recorded';
      return joined([...touches(sums), ...failures(sums), last]);
    case 'prompt-file':
      // When that was stands beside it: the file's own lens tells of all calls that touched it.
      return joined([workspace, ...(sums === null ? ['no reads or edits recorded'] : [...touches(sums), ...failures(sums)])]);
  }
}

function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join(' · ');
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function touches({ reads, writes }: UseSums): readonly (string | null)[] {
  return [reads > 0 ? `read ${times(reads)}` : null, writes > 0 ? `edited ${times(writes)}` : null];
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function failures({ failed, denied }: UseSums): readonly (string | null)[] {
  return [failed > 0 ? `${failed} failed` : null, denied > 0 ? `${denied} denied` : null];
}

/** Of one duration there is no spread. */
function durations({ timed, p50, p95 }: UseSums): string | null {
  if (p50 === null || p95 === null) return null;
  return timed === 1 ? `took ${duration(p50)}` : `p50 ${duration(p50)}, p95 ${duration(p95)}`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** On the clock of this host. */
export function dayOrClock(time: number, now: Date): string {
  const date = new Date(time);
  const day = (one: Date): string =>
    `${one.getFullYear()}-${String(one.getMonth() + 1).padStart(2, '0')}-${String(one.getDate()).padStart(2, '0')}`;
  return day(date) === day(now) ? (clock(date.toISOString()) ?? '') : day(date);
}
