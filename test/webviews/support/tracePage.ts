/** The built trace page in a real browser, with the panel's own PageLink as its host. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { traceStrings } from '../../../webviews/contract/traceStrings';
import type { ToPage, TraceViewState } from '../../../webviews/contract/trace';
import type { TraceBackend } from '../../../client/src/webviews/traceBackend';
import { PageLink } from '../../../client/src/webviews/pageLink';
import { postTo, servedPage, setTheme, testToken } from './servedPage';
import type { PageOptions, Seen, Served } from './servedPage';
import type { ThemeName } from './themes';

export interface OpenOptions extends PageOptions {
  readonly backend: TraceBackend;
  readonly state: TraceViewState;
  /** Sent to the page instead of the English texts. */
  readonly strings?: Readonly<Record<string, string>>;
}

export class TestPage {
  readonly openedSessions: string[] = [];
  readonly posted: ToPage[] = [];
  title: string | null = null;
  #link: PageLink | null = null;
  #served: Served | null = null;

  get link(): PageLink {
    return known(this.#link);
  }
  get page(): Page {
    return known(this.#served).page;
  }
  get context(): BrowserContext {
    return known(this.#served).context;
  }
  get seen(): Seen {
    return known(this.#served).seen;
  }

  static async open(browser: Browser, options: OpenOptions): Promise<TestPage> {
    const test = new TestPage();
    test.#served = await servedPage(browser, 'trace', options, (page) => {
      const link = new PageLink({
        backend: options.backend,
        state: options.state,
        strings: options.strings ?? traceStrings,
        post: (message) => {
          test.posted.push(message);
          postTo(page, message);
        },
        newToken: testToken,
        openSession: (session) => test.openedSessions.push(session.sessionId),
        titleChanged: (title) => (test.title = title),
      });
      test.#link = link;
      return (message) => link.receive(message);
    });
    return test;
  }

  setTheme(name: ThemeName): Promise<void> {
    return setTheme(this.page, name);
  }

  async rowsReady(): Promise<void> {
    await this.page.locator('.row:not(.row-waiting)').first().waitFor();
  }

  async flowDrawn(): Promise<void> {
    await this.page.locator('.flow-canvas svg g.node').first().waitFor();
  }

  /** What must hold of every page whatever it shows. */
  problems(): Seen {
    return this.seen;
  }

  async close(): Promise<void> {
    this.link.dispose();
    await this.context.close();
  }
}

function known<T>(part: T | null): T {
  if (part === null) throw new Error('the page is not open');
  return part;
}

export function viewState(sourceId: string, sessionId: string, more: Partial<TraceViewState> = {}): TraceViewState {
  return { sourceId, sessionId, selectedSpanId: null, selectedTurnId: null, pane: 'flow', onlyProblems: false, ...more };
}
