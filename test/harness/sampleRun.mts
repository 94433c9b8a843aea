// The first five minutes of a user, as the demo and the end-to-end tests walk them: open the view, play the sample, wait
// for what it promises. Page object of what Sandglass adds to the workbench.
import type { Locator } from 'playwright-core';
import { HarnessError } from './tools.mts';
import { TracePage } from './tracePage.mts';
import type { Workbench } from './workbench.mts';

/** The sample plays in about ten seconds; a loaded machine needs a multiple of that. */
const playTimeoutMs = 60_000;

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
    return this.workbench.codeLenses().filter({ hasText: /agent calls?|\b(exec|edit|write|read) (ok|failed)/ });
  }

  /** The page of the session with this title: the one that was shown before stays on show until the new one is drawn. */
  async traceOf(title: string): Promise<TracePage> {
    return new TracePage(await this.workbench.webview(`h1.title:has-text(${JSON.stringify(title)})`, playTimeoutMs));
  }

  /** Where only one session was opened. */
  async trace(): Promise<TracePage> {
    return new TracePage(await this.workbench.webview('#panel-flow', playTimeoutMs));
  }

  /** The failing test run, as a row of Problems. */
  failingTest(): Locator {
    return this.workbench
      .problems()
      .filter({ hasText: /exec failed with exit code 1 .*unittest/ })
      .first();
  }
}

/** Plays the sample by two clicks and waits for each promise; `shot` is called at what is worth looking at. */
export async function playSample(workbench: Workbench, shot: (name: string) => Promise<void>): Promise<SandglassPage> {
  const page = new SandglassPage(workbench);
  const shown = (what: Locator) => what.waitFor({ timeout: playTimeoutMs });
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
    await shown(page.welcomeButton('Play Sample Run'));
  });
  await shot('1-welcome');
  await page.welcomeButton('Play Sample Run').click();
  await step('the trace opens', async () => shown((await page.trace()).rows().first()));
  await shot('2-playing');
  await step('the failing test is in Problems', () => shown(page.failingTest()));
  await step('the cost is in the status bar', () => shown(page.cost()));
  await step('the flow is drawn', async () => shown((await page.trace()).flowNodes().first()));
  await step('a lens stands on a touched line', () => shown(page.lenses().first()));
  await shot('3-played');
  return page;
}
