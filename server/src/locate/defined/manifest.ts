/** `openclaw.plugin.json`: which plugin it is, and the tools it declares; without that OpenClaw registers none of them. */
import { toolKey } from './definition';
import type { Definition } from './definition';
import { parts, property } from './jsObject';
import { jsTokens } from './jsTokens';
import type { Tokens } from './jsTokens';
import { maxToolsPerFile } from './pluginTools';
import { TextLines } from './textLines';

export interface Manifest {
  /** Untrusted. */
  readonly pluginId: string | null;
  readonly tools: readonly Definition[];
}

export function readManifest(text: string): Manifest {
  const tokens = jsTokens(text);
  if (!isOpen(tokens, 0, '{')) return { pluginId: null, tools: [] };
  const id = property(tokens, 0, 'id');
  const value = id === null ? undefined : tokens.list[id.from];
  const contracts = property(tokens, 0, 'contracts');
  const tools = contracts !== null && isOpen(tokens, contracts.from, '{') ? property(tokens, contracts.from, 'tools') : null;
  const found: Definition[] = [];
  if (tools !== null && isOpen(tokens, tools.from, '[')) {
    const lines = new TextLines(text);
    for (const { from } of parts(tokens, tools.from)) {
      const name = tokens.list[from];
      if (name?.kind !== 'string' || name.text === '' || found.length >= maxToolsPerFile) continue;
      found.push({ kind: 'manifest-tool', name: name.text, key: toolKey(name.text), range: lines.range(name) });
    }
  }
  return { pluginId: value?.kind === 'string' && value.text !== '' ? value.text : null, tools: found };
}

function isOpen({ list }: Tokens, at: number, bracket: string): boolean {
  return list[at]?.kind === 'other' && list[at]?.text === bracket;
}
