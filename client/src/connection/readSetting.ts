/** Settings as the editor has them; mappings of the user hold beside those of the workspace. */
import * as vscode from 'vscode';
import { mergedMappings } from './mappingSetting';
import type { SettingId } from '../contributions';

export function readSetting(id: SettingId): unknown {
  const configuration = vscode.workspace.getConfiguration();
  if (id !== 'sandglass.pathMappings') return configuration.get(id);
  const set = configuration.inspect<unknown>(id);
  return mergedMappings([set?.workspaceValue, set?.globalValue, set?.defaultValue]);
}
