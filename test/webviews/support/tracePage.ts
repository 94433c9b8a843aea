/**
 * The built trace page in a real browser, with the HTML and the content security policy that the panel gives it, a theme as
 * VS Code sets it, and the panel's own PageLink as its host. Every request, policy violation, dialog and error is kept.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { traceStrings } from '../../../webviews/contract/traceStrings';
import type { ToPage, TraceViewState } from '../../../webviews/contract/trace';
import type { TraceBackend } from '../../../client/src/webviews/traceBackend';
import { PageLink } from '../../../client/src/webviews/pageLink';
import { traceHtml } from '../../../client/src/webviews/traceHtml';
import type { ThemeName } from './themes';
import { readTheme, styleText, webviewDefaults } from './themes';

const root = join(import.meta.dirname, '../../..');
const built = process.env['SANDGLASS_TEST_WEBVIEWS'] ?? join(root, 'dist/webviews');
const origin = 'https://webview.test';

export interface OpenOptions {
  readonly backend: TraceBackend;
  readonly state: TraceViewState;
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  readonly bodyClass?: string;
  /** Sent to the page instead of the English texts. */
  readonly strings?: Readonly<Record<string, string>>;
}

export interface Seen {
  /** Requests for anything but the page's own files. */
  readonly requests: string[];
  readonly violations: string[];
  readonly dialogs: string[];
  readonly errors: string[];
  readonly files: string[];
}

export class TestPage {
  readonly link: PageLink;
  readonly seen: Seen = { requests: [], violations: [], dialogs: [], errors: [], files: [] };
  readonly openedSessions: string[] = [];
  readonly posted: ToPage[] = [];
  title: string | null = null;

  private constructor(
    readonly page: Page,
    readonly context: BrowserContext,
    options: OpenOptions,
  ) {
    this.link = new PageLink({
      backend: options.backend,
      state: options.state,
      strings: options.strings ?? traceStrings,
      post: (message) => {
        this.posted.push(message);
        // A closed page gets nothing; that is not what is tested.
        void page.evaluate((sent) => window.postMessage(sent), message).catch(() => undefined);
      },
      newToken: () => {
        const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
        return { token, cancel: () => (token.isCancellationRequested = true), dispose: () => undefined };
      },
      openSession: (session) => this.openedSessions.push(session.sessionId),
      titleChanged: (title) => (this.title = title),
    });
  }

  static async open(browser: Browser, options: OpenOptions): Promise<TestPage> {
    if (!existsSync(join(built, 'trace.js'))) throw new Error('dist/webviews/trace.js is missing: run "npm run build" first');
    const context = await browser.newContext({
      viewport: { width: options.width ?? 1000, height: options.height ?? 800 },
      locale: 'en-US',
      timezoneId: 'UTC',
      reducedMotion: 'no-preference',
    });
    const page = await context.newPage();
    const test = new TestPage(page, context, options);
    const { seen } = test;
    page.on('dialog', (dialog) => {
      seen.dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('pageerror', (error) => seen.errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') seen.errors.push(message.text());
    });
    await page.exposeFunction('testToHost', (message: unknown) => test.link.receive(message));
    await page.exposeFunction('testViolation', (text: string) => seen.violations.push(text));
    await page.addInitScript(() => {
      const test = window as unknown as Record<string, (value: unknown) => void>;
      let kept: unknown;
      Object.assign(window, {
        acquireVsCodeApi: () => ({
          postMessage: (message: unknown) => test['testToHost']?.(message),
          getState: () => kept,
          setState: (state: unknown) => (kept = state),
        }),
      });
      addEventListener('securitypolicyviolation', (event) =>
        test['testViolation']?.(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
      );
    });
    const html = page_(options);
    await context.route('**/*', async (route) => {
      const url = new URL(route.request().url());
      if (url.origin !== origin) {
        seen.requests.push(url.href);
        return route.abort();
      }
      if (url.pathname === '/') return route.fulfill({ contentType: 'text/html', body: html });
      const file = normalize(join(built, url.pathname));
      if (!file.startsWith(built) || !existsSync(file)) {
        seen.requests.push(url.href);
        return route.abort();
      }
      seen.files.push(url.pathname.slice(1));
      return route.fulfill({ contentType: file.endsWith('.css') ? 'text/css' : 'text/javascript', body: readFileSync(file) });
    });
    await page.goto(`${origin}/`);
    return test;
  }

  /** What the editor does when the user picks another theme. */
  async setTheme(name: ThemeName): Promise<void> {
    const theme = readTheme(name);
    await this.page.evaluate(
      ({ style, bodyClass, dataset }) => {
        document.documentElement.style.cssText = style;
        document.body.className = bodyClass;
        Object.assign(document.body.dataset, dataset);
      },
      { style: styleText(theme), bodyClass: theme.bodyClass, dataset: theme.dataset },
    );
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

function page_(options: OpenOptions): string {
  const theme = readTheme(options.theme ?? 'dark-modern');
  const attributes = Object.entries(theme.dataset)
    .map(([name, value]) => ` data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}="${value}"`)
    .join('');
  const style = styleText(theme).replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  // As VS Code does to the document of every webview.
  return traceHtml({
    cspSource: origin,
    nonce: 'dGVzdG5vbmNl',
    scriptUri: `${origin}/trace.js`,
    styleUri: `${origin}/trace.css`,
    language: 'en',
    title: 'Trace',
  })
    .replace('<html lang="en">', `<html lang="en" style="${style}">`)
    .replace('<head>', `<head><style>${webviewDefaults}</style>`)
    .replace('<body>', `<body class="${theme.bodyClass}${options.bodyClass === undefined ? '' : ` ${options.bodyClass}`}"${attributes}>`);
}

export function viewState(sourceId: string, sessionId: string, more: Partial<TraceViewState> = {}): TraceViewState {
  return { sourceId, sessionId, selectedSpanId: null, selectedTurnId: null, pane: 'flow', onlyProblems: false, ...more };
}
