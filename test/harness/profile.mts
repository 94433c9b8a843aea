// A user profile of its own for every run: the user's VS Code stays as it is, and nothing in the window speaks of
// anything but the extension.
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Theme = 'dark' | 'light' | 'highContrast';

const themeNames: Readonly<Record<Theme, string>> = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  highContrast: 'Default High Contrast',
};

export interface TemporaryProfile {
  /** Removed with everything in it by `dispose`; a place for a copy of a workspace too. */
  readonly dir: string;
  readonly userDataDir: string;
  readonly extensionsDir: string;
  dispose(): Promise<void>;
}

export function quietSettings(theme: Theme): Readonly<Record<string, unknown>> {
  return {
    'workbench.colorTheme': themeNames[theme],
    'window.autoDetectColorScheme': false,
    'window.autoDetectHighContrast': false,
    'workbench.startupEditor': 'none',
    'workbench.welcomePage.walkthroughs.openOnInstall': false,
    'workbench.welcomePage.experimentalOnboarding': false,
    'workbench.tips.enabled': false,
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'workbench.layoutControl.enabled': false,
    'window.commandCenter': false,
    'chat.disableAIFeatures': true,
    'chat.commandCenter.enabled': false,
    'telemetry.telemetryLevel': 'off',
    'telemetry.feedback.enabled': false,
    'update.mode': 'none',
    'update.showReleaseNotes': false,
    'extensions.autoCheckUpdates': false,
    'extensions.autoUpdate': false,
    'extensions.ignoreRecommendations': true,
    'git.enabled': false,
    'git.openRepositoryInParentFolders': 'never',
    'npm.autoDetect': 'off',
    'workbench.enableExperiments': false,
    'workbench.settings.enableNaturalLanguageSearch': false,
    'security.workspace.trust.startupPrompt': 'never',
    'security.workspace.trust.banner': 'never',
    'editor.minimap.enabled': false,
  };
}

export async function temporaryProfile(theme: Theme = 'dark', settings: Readonly<Record<string, unknown>> = {}): Promise<TemporaryProfile> {
  // Short, because VS Code puts a unix socket under it and those have a limit of about 100 characters.
  const dir = await mkdtemp(join(tmpdir(), 'sandglass-'));
  const userDataDir = join(dir, 'data');
  const extensionsDir = join(dir, 'ext');
  await mkdir(join(userDataDir, 'User'), { recursive: true });
  await mkdir(extensionsDir, { recursive: true });
  await writeFile(join(userDataDir, 'User', 'settings.json'), JSON.stringify({ ...quietSettings(theme), ...settings }, null, 2));
  const options = { recursive: true, force: true, maxRetries: 5 };
  // For an end that no `finally` sees; what still writes there has been killed by then or holds the rest of the folder.
  const lastResort = () => rmSync(dir, options);
  process.once('exit', lastResort);
  return {
    dir,
    userDataDir,
    extensionsDir,
    dispose: async () => {
      process.removeListener('exit', lastResort);
      await rm(dir, options);
    },
  };
}
