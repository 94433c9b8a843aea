// The first five minutes of a user, as the demo and the end-to-end tests walk them: open the view, play the sample, wait
// for what it promises. Page object of what Sandglass adds to the workbench.
import type { Frame, Locator } from 'playwright-core';
import { HarnessError } from './tools.mts';
import type { Workbench } from './workbench.mts';

/** The sample plays ten times as fast as it was recorded; a loaded machine needs a multiple of that. */
const playTimeoutMs = 90_000;

export class SandglassPage {
  readonly workbench: Workbench;

  constructor(workbench: Workbench) {
    this.workbench = workbench;
  }

  async openView(): Promise<Locator> {
    return this.workbench.openViewContainer('Sandglass');
  }

  welcomeButton(label: string): Locator {
    return this.workbench.sideBar().locator('.welcome-view .monaco-button', { hasText: label });
  }

  rows(): Locator {
    return this.workbench.sideBar().locator('.monaco-list-row');
  }

  /** What it costs: money, or the word that says why there is no number. */
  cost(): Locator {
    return this.workbench.statusItem(/\$\d|local|no price/).filter({ hasText: /tok/ });
  }

  lenses(): Locator {
    return this.workbench.codeLenses().filter({ hasText: /agent calls?/ });
  }

  /** The document of the trace page: the frame with our own elements, not the two that VS Code wraps around it. */
  async trace(): Promise<Frame> {
    return this.workbench.webview('#panel-flow', playTimeoutMs);
  }

  async flowDrawn(): Promise<Locator> {
    const diagram = (await this.trace()).locator('#panel-flow svg g.node').first();
    await diagram.waitFor({ timeout: playTimeoutMs });
    return diagram;
  }

  async failingTestInProblems(): Promise<Locator> {
    const row = this.workbench
      .problems()
      .filter({ hasText: /Sandglass|exit(ed)?|failed/i })
      .first();
    await row.waitFor({ timeout: playTimeoutMs });
    return row;
  }
}

/** Plays the sample by two clicks and waits for each promise; `shot` is called at what is worth looking at. */
export async function playSample(workbench: Workbench, shot: (name: string) => Promise<void>): Promise<SandglassPage> {
  const page = new SandglassPage(workbench);
  const step = async (name: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      await shot('stopped-here');
      throw new HarnessError(`Playing the sample stopped at: ${name}.`, 'The picture stopped-here.png shows the editor at that moment.', {
        cause: error,
      });
    }
  };
  await step('the view with its welcome', async () => {
    await page.openView();
    await page.welcomeButton('Play Sample Run').waitFor();
  });
  await shot('1-welcome');
  await page.welcomeButton('Play Sample Run').click();
  await step('the trace opens', () => page.trace());
  await shot('2-playing');
  await step('the failing test is in Problems', () => page.failingTestInProblems());
  await step('the cost is in the status bar', () => page.cost().waitFor({ timeout: playTimeoutMs }));
  await step('the flow is drawn', () => page.flowDrawn());
  await step('a lens stands on the edited line', () => page.lenses().first().waitFor({ timeout: playTimeoutMs }));
  await shot('3-played');
  return page;
}
