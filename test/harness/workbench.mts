// Page object of the VS Code workbench: what a user does and sees, in the editor's own words. Knows nothing of Sandglass.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errors } from 'playwright-core';
import type { Frame, Locator, Page } from 'playwright-core';
import { HarnessError } from './tools.mts';

const readyTimeoutMs = 60_000;
/** After this long a key is taken for lost and pressed again. */
const keyLostMs = 3_000;

export class Workbench {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Shown, and its extension host runs: before that a command may be lost. */
  async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench').waitFor({ timeout: readyTimeoutMs });
    await this.page.locator('.part.statusbar .statusbar-item').first().waitFor({ timeout: readyTimeoutMs });
    await this.page.locator('.part.activitybar .action-item').first().waitFor({ timeout: readyTimeoutMs });
  }

  /** Runs a command through the palette, by the words a user reads there. */
  async command(title: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input').first();
    // Enter takes the row that has the focus: the list from before the words were typed may hold the command too, elsewhere.
    const entry = this.page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: title });
    for (const until = Date.now() + readyTimeoutMs; ;) {
      try {
        // Opened anew it lists what can be done now: a command may be allowed a moment later than what it acts on is shown.
        await this.page.keyboard.press('F1');
        await input.waitFor({ timeout: keyLostMs });
        await input.fill(`>${title}`, { timeout: keyLostMs });
        await entry.waitFor({ timeout: keyLostMs });
        break;
      } catch (error) {
        ignoreTimeout(error);
        if (Date.now() > until) throw error;
      }
    }
    await input.press('Enter');
    // The command may ask something in the same place; that the palette is gone shows by its prompt.
    for (const until = Date.now() + readyTimeoutMs; (await input.isVisible()) && (await input.inputValue()).startsWith('>');) {
      if (Date.now() > until)
        throw new HarnessError(`The palette stays open after "${title}".`, 'A picture of the window shows what it waits for.');
      await this.page.waitForTimeout(20);
    }
  }

  /** Chooses what a command offers: by its row, once that stands there, for what is typed before is lost. */
  async pick(text: string): Promise<void> {
    const row = this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
    await row.waitFor({ timeout: readyTimeoutMs });
    await row.click();
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden', timeout: readyTimeoutMs });
  }

  /** Types a path into the file dialog, which in a remote window is a line to type into. */
  async answerPath(path: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input').first();
    // It is ready to be typed into once it shows where it starts.
    while (!((await input.isVisible()) && (await input.inputValue()).startsWith('/'))) await this.page.waitForTimeout(50);
    await input.fill(`${path}/`);
    const accept = this.page
      .locator('.quick-input-widget .monaco-button')
      .filter({ hasText: /^(OK|Open)/ })
      .first();
    // What is typed while the dialog still lists its first folder is listed before it is taken.
    const until = Date.now() + readyTimeoutMs;
    while (await input.isVisible()) {
      try {
        // A folder that is listed late is written over what was typed.
        if (!(await input.inputValue({ timeout: 1_000 })).startsWith(path)) await input.fill(`${path}/`, { timeout: 1_000 });
        await accept.click({ timeout: 1_000 });
      } catch (error) {
        // It may close between the look and the click.
        if ((await input.isVisible()) && Date.now() > until) throw error;
      }
      await this.page.waitForTimeout(300);
    }
  }

  /** Opens a view container by its title in the activity bar. */
  async openViewContainer(title: string): Promise<Locator> {
    const item = this.page.locator('.part.activitybar .action-item').filter({ has: this.page.locator(`[aria-label^="${title}"]`) });
    const tab = item.first();
    await tab.waitFor({ timeout: readyTimeoutMs });
    const sidebar = this.page.locator('.part.sidebar');
    const shown = sidebar.locator('.composite.title', { hasText: new RegExp(title, 'i') });
    // A click on the tab of what is shown already, its title not drawn yet, would close it; a click that comes too early is lost.
    for (const until = Date.now() + readyTimeoutMs; !(await shown.isVisible());) {
      if (!/\bchecked\b/.test((await tab.getAttribute('class')) ?? '')) await tab.click();
      try {
        await shown.waitFor({ timeout: keyLostMs });
      } catch (error) {
        ignoreTimeout(error);
        if (Date.now() > until) throw error;
      }
    }
    return sidebar;
  }

  sideBar(): Locator {
    return this.page.locator('.part.sidebar');
  }

  panel(): Locator {
    return this.page.locator('.part.panel');
  }

  statusItem(text: string | RegExp): Locator {
    return this.page.locator('.part.statusbar .statusbar-item').filter({ hasText: text });
  }

  problems(): Locator {
    return this.page.locator('.markers-panel .monaco-list-row');
  }

  tabs(): Locator {
    return this.page.locator('.part.editor .tabs-container .tab');
  }

  codeLenses(): Locator {
    return this.page.locator('.monaco-editor .codelens-decoration');
  }

  /** Pressed again where the key was lost: while a debugger starts, the focus moves from page to page. */
  async showDebug(): Promise<void> {
    const callStack = this.page.locator('.debug-call-stack');
    for (let tries = 0; tries < 10 && !(await callStack.isVisible()); tries += 1) {
      await this.page.keyboard.press('Control+Shift+D');
      await callStack.waitFor({ timeout: 2_000 }).catch(ignoreTimeout);
    }
  }

  debugToolbar(): Locator {
    return this.page.locator('.debug-toolbar');
  }

  notifications(): Locator {
    return this.page.locator('.notifications-toasts .notification-toast');
  }

  /** The page inside the webview that is shown and holds the text or element looked for. */
  async webview(holding: string, timeoutMs = readyTimeoutMs): Promise<Frame> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      for (const frame of this.page.frames()) {
        if (!/\/webview\/|vscode-webview|fake\.html/.test(frame.url())) continue;
        if ((await frame.locator(holding).count().catch(gone)) > 0 && (await this.#onShow(frame))) return frame;
      }
      if (Date.now() > until) {
        throw new HarnessError(
          `No webview shows ${holding} within ${timeoutMs / 1000} s.`,
          `Frames: ${this.page
            .frames()
            .map((frame) => frame.url())
            .join(' ')}`,
        );
      }
      await this.page.waitForTimeout(100);
    }
  }

  /** A webview behind another tab stays loaded; its frame in the workbench is what tells. */
  async #onShow(frame: Frame): Promise<boolean> {
    const outer = frame.parentFrame();
    if (outer === null) return true;
    try {
      return await (await outer.frameElement()).isVisible();
    } catch {
      return gone() > 0; // Replaced while we looked.
    }
  }

  async screenshot(path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await this.page.screenshot({ path });
  }
}

/** A frame that is replaced while we look holds nothing. */
function gone(): number {
  return 0;
}

function ignoreTimeout(error: unknown): void {
  if (!(error instanceof errors.TimeoutError)) throw error;
}
