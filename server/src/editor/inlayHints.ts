/** Beside a prompt file, a skill and the definition of a tool: what it costs each call whose prompt carries it. */
import type { CodeAction, CodeLens, InlayHint, Range } from 'vscode-languageserver-protocol';
import { showCarriersCommand } from '../protocol/contextCost';
import type { UsesAt } from '../protocol/definitions';
import type { ContextCost } from '../query/contextCost';
import { contextCostTooltip, contextHintLabel, contextLensTitle } from './contextCostText';
import { label } from './labels';

/** Room for a definition's own words beside it. */
const namesOnALine = 3;

export function contextHints(uri: string, costs: readonly ContextCost[], within: Range, now: Date = new Date()): readonly InlayHint[] {
  const lines = byLine(costs);
  return [...lines].flatMap(([line, here]) => {
    if (line < within.start.line || line > within.end.line) return [];
    return here.slice(0, namesOnALine).map((cost) => {
      const { end } = cost.definition.range;
      const text = contextHintLabel(cost, here.length > 1 ? cost.definition.name : null, now);
      const command = cost.sessions === 0 ? undefined : showCarriers(uri, cost);
      const tooltip = { kind: 'markdown' as const, value: contextCostTooltip(cost, now) };
      return {
        position: cost.lineEnd === null ? end : { line, character: cost.lineEnd },
        label: [command === undefined ? { value: text, tooltip } : { value: text, tooltip, command }],
        paddingLeft: true,
      };
    });
  });
}

/** Of what was sent: all that the hint has no room for, and a click lists the calls. */
export function contextLenses(uri: string, costs: readonly ContextCost[], now: Date = new Date()): readonly CodeLens[] {
  const lines = byLine(costs);
  return costs.flatMap((cost) => {
    if (cost.sessions === 0) return [];
    const alone = lines.get(cost.definition.range.start.line)?.length === 1;
    const title = contextLensTitle(cost, alone ? null : cost.definition.name, now);
    return [{ range: cost.definition.range, command: { ...showCarriers(uri, cost), title } }];
  });
}

/** On the line of what was sent. */
export function contextActions(uri: string, costs: readonly ContextCost[], range: Range): readonly CodeAction[] {
  return costs.flatMap((cost) => {
    const { line } = cost.definition.range.start;
    if (cost.sessions === 0 || line < range.start.line || line > range.end.line) return [];
    const command = showCarriers(uri, cost);
    return [{ title: command.title, command }];
  });
}

function showCarriers(uri: string, { definition }: ContextCost): { readonly title: string; command: string; arguments: [UsesAt] } {
  const title = `Show the LLM calls that carried ${label(definition.name, 40)}`;
  return { title, command: showCarriersCommand, arguments: [{ uri, ...definition.range.start }] };
}

function byLine(costs: readonly ContextCost[]): ReadonlyMap<number, readonly ContextCost[]> {
  const lines = new Map<number, ContextCost[]>();
  for (const cost of costs) {
    const { line } = cost.definition.range.start;
    lines.set(line, [...(lines.get(line) ?? []), cost]);
  }
  return lines;
}
