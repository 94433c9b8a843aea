/** `openclaw.plugin.json`: which plugin it is, and the tools it declares; without that OpenClaw registers none of them. */
import { toolKey } from './definition';
import type { Definition } from './definition';
import { entries, isList, isObject, items, json5 } from './json5';
import { jsTokens } from './jsTokens';
import { maxToolsPerFile } from './pluginTools';
import { TextLines } from './textLines';

export interface Manifest {
  /** Untrusted. */
  readonly pluginId: string | null;
  readonly tools: readonly Definition[];
}

export function readManifest(text: string): Manifest {
  const tokens = jsTokens(text);
  const read = json5(text, tokens);
  if (!isObject(read, 0)) return { pluginId: null, tools: [] };
  const all = entries(read, 0);
  const contracts = all.get('contracts')?.value;
  const tools = contracts !== undefined && isObject(read, contracts) ? entries(read, contracts).get('tools')?.value : undefined;
  const found: Definition[] = [];
  if (tools !== undefined && isList(read, tools)) {
    const lines = new TextLines(text);
    for (const at of items(read, tools)) {
      const name = tokens.list[at];
      if (name?.kind !== 'string' || name.text === '' || found.length >= maxToolsPerFile) continue;
      found.push({ kind: 'manifest-tool', name: name.text, key: toolKey(name.text), range: lines.range(name) });
    }
  }
  const id = tokens.list[all.get('id')?.value ?? tokens.list.length];
  return { pluginId: id?.kind === 'string' && id.text !== '' ? id.text : null, tools: found };
}
