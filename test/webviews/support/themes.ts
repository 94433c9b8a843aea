/** The colours of VS Code's default themes, as a webview of VS Code 1.139.1 gets them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type ThemeName = 'dark-modern' | 'light-modern' | 'hc-dark' | 'hc-light';
export const themeNames: readonly ThemeName[] = ['dark-modern', 'light-modern', 'hc-dark', 'hc-light'];

export interface Theme {
  readonly bodyClass: string;
  readonly dataset: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
}

const folder = join(import.meta.dirname, '../themes');

export function readTheme(name: ThemeName): Theme {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Theme;
}

export const webviewDefaults = readFileSync(join(folder, 'webviewDefaults.css'), 'utf8');

export function styleText(theme: Theme): string {
  return Object.entries(theme.variables)
    .map(([name, value]) => `${name}: ${value};`)
    .join(' ');
}
