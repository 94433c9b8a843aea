/** What a file defines, by its name and its text alone. Pure, and bounded whatever the text holds. */
import { configFile, manifestFile, promptFiles, promptKey, skillFile, sourceName } from './definition';
import type { Definition } from './definition';
import { readManifest } from './manifest';
import { mcpServers } from './mcpServers';
import { pluginTools } from './pluginTools';
import { skillOf } from './skill';

export type DefiningFile = 'source' | 'manifest' | 'config' | 'skill' | 'prompt';

/** null: no file of this name defines anything. `path` with forward slashes. */
export function definingFile(path: string): DefiningFile | null {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === skillFile) return 'skill';
  if (name === manifestFile) return 'manifest';
  if (name === configFile) return 'config';
  if (promptFiles.has(name)) return 'prompt';
  return sourceName.test(name) && !name.endsWith('.d.ts') ? 'source' : null;
}

export function findDefinitions(path: string, text: string): readonly Definition[] {
  const names = path.split('/');
  const name = names.at(-1) ?? '';
  switch (definingFile(path)) {
    case 'source':
      return pluginTools(text);
    case 'manifest':
      return readManifest(text).tools;
    case 'config':
      return mcpServers(text);
    case 'skill':
      return [skillOf(text, names.at(-2) ?? '')];
    case 'prompt':
      return [{ kind: 'prompt-file', name, key: null, range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } } }];
    case null:
      return [];
  }
}

/** With the path that the file has in a sandbox. */
export function promptIn(definition: Definition, sandboxPath: string): Definition {
  return { ...definition, key: promptKey(sandboxPath) };
}
