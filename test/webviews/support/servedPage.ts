/**
 * A built page in a real browser, with the HTML and the content security policy that its panel gives it, and a theme as VS Code sets
 * it. Every request, policy violation, dialog and error is kept.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { traceHtml } from '../../../client/src/webviews/traceHtml';
import type { ThemeName } from './themes';
import { readTheme, styleText, webviewDefaults } from './themes';

const root = join(import.meta.dirname, '../../..');
const built = process.env['SANDGLASS_TEST_WEBVIEWS'] ?? join(root, 'dist/webviews');
const origin = 'https://webview.test';

export interface PageOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  readonly bodyClass?: string;
}

export interface Seen {
  /** Requests for anything but the page's own files. */
  readonly requests: string[];
  readonly violations: string[];
  readonly dialogs: string[];
  readonly errors: string[];
  readonly files: string[];
}

export interface Served {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly seen: Seen;
}

/** `name`: of the bundle; `receive`: what the page says to its host, from its first word. */
export async function servedPage(
  browser: Browser,
  name: 'trace' | 'cost',
  options: PageOptions,
  connect: (page: Page) => (message: unknown) => void,
): Promise<Served> {
  if (!existsSync(join(built, `${name}.js`))) throw new Error(`dist/webviews/${name}.js is missing: run "npm run build" first`);
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1000, height: options.height ?? 800 },
    locale: 'en-US',
    timezoneId: 'UTC',
    reducedMotion: 'no-preference',
  });
  const page = await context.newPage();
  const seen: Seen = { requests: [], violations: [], dialogs: [], errors: [], files: [] };
  page.on('dialog', (dialog) => {
    seen.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') seen.errors.push(message.text());
  });
  const receive = connect(page);
  await page.exposeFunction('testToHost', (message: unknown) => receive(message));
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
  const html = htmlOf(name, options);
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
  return { page, context, seen };
}

/** To a page that may have closed meanwhile; that is not what is tested. */
export function postTo(page: Page, message: unknown): void {
  void page.evaluate((sent) => window.postMessage(sent), message).catch(() => undefined);
}

/** What the editor does when the user picks another theme. */
export async function setTheme(page: Page, name: ThemeName): Promise<void> {
  const theme = readTheme(name);
  await page.evaluate(
    ({ style, bodyClass, dataset }) => {
      document.documentElement.style.cssText = style;
      document.body.className = bodyClass;
      Object.assign(document.body.dataset, dataset);
    },
    { style: styleText(theme), bodyClass: theme.bodyClass, dataset: theme.dataset },
  );
}

/** As an editor's cancellation tokens. */
export function testToken(): {
  readonly token: { isCancellationRequested: boolean; onCancellationRequested(): { dispose(): undefined } };
  cancel(): void;
  dispose(): void;
} {
  const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
  return { token, cancel: () => void (token.isCancellationRequested = true), dispose: () => undefined };
}

function htmlOf(name: string, options: PageOptions): string {
  const theme = readTheme(options.theme ?? 'dark-modern');
  const attributes = Object.entries(theme.dataset)
    .map(([key, value]) => ` data-${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}="${value}"`)
    .join('');
  const style = styleText(theme).replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  // As VS Code does to the document of every webview.
  return traceHtml({
    cspSource: origin,
    nonce: 'dGVzdG5vbmNl',
    scriptUri: `${origin}/${name}.js`,
    styleUri: `${origin}/${name}.css`,
    language: 'en',
    title: name,
  })
    .replace('<html lang="en">', `<html lang="en" style="${style}">`)
    .replace('<head>', `<head><style>${webviewDefaults}</style>`)
    .replace('<body>', `<body class="${theme.bodyClass}${options.bodyClass === undefined ? '' : ` ${options.bodyClass}`}"${attributes}>`);
}
