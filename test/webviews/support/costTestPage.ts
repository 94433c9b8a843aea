/** The built cost page in a real browser, with the panel's own CostLink as its host. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { CostLink } from '../../../client/src/webviews/costLink';
import type { CostBackend } from '../../../client/src/webviews/costBackend';
import { firstState } from '../../../client/src/webviews/costMessages';
import { costStrings } from '../../../webviews/contract/costStrings';
import type { CostToPage, CostViewState } from '../../../webviews/contract/cost';
import { postTo, servedPage, testToken } from './servedPage';
import type { PageOptions, Seen } from './servedPage';

export interface CostPageOptions extends PageOptions {
  readonly backend: CostBackend;
  readonly state?: Partial<CostViewState>;
  readonly strings?: Readonly<Record<string, string>>;
}

export interface CostTestPage {
  readonly link: CostLink;
  readonly page: Page;
  readonly context: BrowserContext;
  readonly seen: Seen;
  readonly posted: readonly CostToPage[];
  close(): Promise<void>;
}

export async function openCostPage(browser: Browser, options: CostPageOptions): Promise<CostTestPage> {
  const posted: CostToPage[] = [];
  const links: CostLink[] = [];
  const served = await servedPage(browser, 'cost', options, (page) => {
    const link = new CostLink({
      backend: options.backend,
      state: { ...firstState, ...options.state },
      strings: options.strings ?? costStrings,
      post: (message) => {
        posted.push(message);
        postTo(page, message);
      },
      newToken: testToken,
    });
    links.push(link);
    return (message) => link.receive(message);
  });
  const [link] = links;
  if (link === undefined) throw new Error('the page has no link');
  return {
    ...served,
    link,
    posted,
    close: async () => {
      link.dispose();
      await served.context.close();
    },
  };
}
