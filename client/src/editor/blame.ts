/** Agent blame in the editor: the hover at a line, and the authors beside the lines, each by a setting. */
import * as vscode from 'vscode';
import type { ServerHost } from '../connection/serverHost';
import { fileScheme } from '../contributions';
import type { SettingId } from '../contributions';
import { DisposableStore } from '../disposables';
import { BlameData } from './blameData';
import { BlameGutter } from './blameGutter';
import { BlameHover } from './blameHover';
import { GitBlame } from './gitBlame';

const gutterSetting: SettingId = 'sandglass.blame.gutter';
const hoverSetting: SettingId = 'sandglass.blame.hover';

export class Blame {
  readonly #disposables = new DisposableStore();
  readonly #gutter: BlameGutter;

  constructor(server: ServerHost, failed: (error: unknown) => void) {
    const data = this.#disposables.add(new BlameData(server, failed));
    const git = new GitBlame(failed);
    this.#gutter = this.#disposables.add(new BlameGutter(data, () => isOn(gutterSetting), failed));
    this.#disposables.add(data.onDidChange(() => git.forget()));
    this.#disposables.add(vscode.window.onDidChangeWindowState(() => git.forget()));
    const hover = new BlameHover(server, data, git, () => ({ hover: isOn(hoverSetting), gutter: isOn(gutterSetting) }));
    const register = (): vscode.Disposable => vscode.languages.registerHoverProvider([{ scheme: 'file' }, { scheme: fileScheme }], hover);
    let registered = register();
    this.#disposables.add({ dispose: () => registered.dispose() });
    this.#disposables.add(
      server.onDidChangeState(({ kind }) => {
        if (kind !== 'running') return;
        // What registers last stands first: who wrote a line, then all that its calls were given, which the server registers as it starts.
        registered.dispose();
        registered = register();
      }),
    );
    this.#disposables.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(gutterSetting)) this.#gutter.refresh();
      }),
    );
  }

  get gutter(): Pick<BlameGutter, 'drawnLines'> {
    return this.#gutter;
  }

  /** Where the setting was made, it is made otherwise; else for the user. */
  async toggle(): Promise<void> {
    const settings = vscode.workspace.getConfiguration();
    const found = settings.inspect<boolean>(gutterSetting);
    const target = found?.workspaceValue === undefined ? vscode.ConfigurationTarget.Global : vscode.ConfigurationTarget.Workspace;
    await settings.update(gutterSetting, !isOn(gutterSetting), target);
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

function isOn(setting: SettingId): boolean {
  return vscode.workspace.getConfiguration().get(setting) === true;
}
