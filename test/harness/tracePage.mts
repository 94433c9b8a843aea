// Page object of the trace editor's page, as a user finds things in it: by role and by the words that stand there.
import axe from 'axe-core';
import type { Frame, Locator } from 'playwright-core';

/** What axe found, short enough for the message of a failed test. */
export interface AxeViolation {
  readonly rule: string;
  readonly impact: string;
  readonly targets: readonly string[];
}

export class TracePage {
  readonly frame: Frame;

  constructor(frame: Frame) {
    this.frame = frame;
  }

  rows(): Locator {
    return this.frame.locator('[role="row"].row:not(.row-waiting)');
  }

  row(text: string | RegExp): Locator {
    return this.rows().filter({ hasText: text }).first();
  }

  selectedRow(): Locator {
    return this.frame.locator('[role="row"][aria-selected="true"]');
  }

  tab(name: 'Thought Flow' | 'Details'): Locator {
    return this.frame.getByRole('tab', { name });
  }

  /** Side by side there are no tabs to choose. */
  async show(name: 'Thought Flow' | 'Details'): Promise<void> {
    if (await this.tab(name).isVisible()) await this.tab(name).click();
  }

  flowNodes(): Locator {
    return this.frame.locator('#panel-flow svg g.node');
  }

  details(): Locator {
    return this.frame.locator('#panel-list');
  }

  totals(): Locator {
    return this.frame.getByRole('list', { name: 'Totals of this session' });
  }

  button(name: string): Locator {
    return this.frame.getByRole('button', { name, exact: true });
  }

  /** Serious and critical findings of axe on the page with the editor's real theme colours. */
  async axeViolations(): Promise<readonly AxeViolation[]> {
    await this.frame.evaluate(axe.source);
    const found = await this.frame.evaluate(async () => {
      const { axe: here } = globalThis as unknown as { axe: typeof axe };
      // The text of a drawn box is cut into lines that axe can't put together again; the tests of the page check its names.
      const { violations } = await here.run('#app', { rules: { 'label-content-name-mismatch': { enabled: false } } });
      return violations.map(({ id, impact, nodes }) => ({
        rule: id,
        impact: impact ?? 'unknown',
        targets: nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)),
      }));
    });
    return found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  }
}
