// Runs a module of tests inside the real extension host: the page is told by its address which extension and which test
// module to load, and tells us when the tests ended, with their exit code.
import type { ConsoleMessage } from 'playwright-core';
import { launchChromium } from './browser.mts';
import type { CodeServer, Profile } from './codeServer.mts';
import { startCodeServer } from './codeServer.mts';
import { HarnessError } from './tools.mts';

export interface InHostOptions extends Profile {
  readonly folder: string;
  readonly extensionDevelopmentPath: string;
  readonly extensionTestsPath: string;
  readonly extensionEnvironment: Readonly<Record<string, string>>;
  readonly trustAll: boolean;
  readonly timeoutMs: number;
  readonly say: (line: string) => void;
}

/** The exit code of the tests. */
export async function runInHost(server: CodeServer, options: InHostOptions): Promise<number> {
  const running = await startCodeServer(server, { ...options, allowTests: true, env: options.extensionEnvironment });
  try {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      const ended = Promise.withResolvers<number>();
      const timer = setTimeout(
        () =>
          ended.reject(
            new HarnessError(
              `The tests in the editor did not end within ${options.timeoutMs / 1000} s.\n${running.log().slice(-4000)}`,
              'See the lines above for the last one that ran.',
            ),
          ),
        options.timeoutMs,
      );
      page.on('crash', () =>
        ended.reject(
          new HarnessError('The page of the editor crashed.', 'Run this again; if it comes back, the machine may be short of memory.'),
        ),
      );
      await page.exposeFunction('codeAutomationLog', (type: string, args: readonly unknown[]) => sayConsole(options.say, type, args));
      await page.exposeFunction('codeAutomationExit', (code: number) => ended.resolve(code));
      page.on('console', (message: ConsoleMessage) => {
        if (process.env['SANDGLASS_HARNESS_VERBOSE']) options.say(`[page] ${message.text()}`);
      });
      const remote = (path: string) => `vscode-remote://${running.authority}${path}`;
      await page.goto(
        running.url(options.folder, [
          ['extensionDevelopmentPath', remote(options.extensionDevelopmentPath)],
          ['extensionTestsPath', remote(options.extensionTestsPath)],
          ['extensionEnvironment', JSON.stringify(options.extensionEnvironment)],
          ['skipWelcome', 'true'],
        ]),
      );
      try {
        return await ended.promise;
      } finally {
        clearTimeout(timer);
      }
    } finally {
      await browser.close();
    }
  } finally {
    await running.stop();
  }
}

/** The extension host's console arrives here with the workbench's own; only what tests print is worth a line. */
function sayConsole(say: (line: string) => void, type: string, args: readonly unknown[]): void {
  const text = args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg))).join(' ');
  if (type === 'error' || /^%c/.test(text) === false) say(text);
}
