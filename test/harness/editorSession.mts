// An editor as a user has it: a profile of its own, the packaged extension installed, a folder open, and a page that
// shows it. One owner: `close` ends the page, the browser, the server and removes the profile.
import { randomBytes } from 'node:crypto';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { launchChromium } from './browser.mts';
import { installCodeServer, installExtension, startCodeServer } from './codeServer.mts';
import type { RunningCodeServer } from './codeServer.mts';
import { temporaryProfile } from './profile.mts';
import type { TemporaryProfile, Theme } from './profile.mts';
import { Workbench } from './workbench.mts';

/** What an editor on a busy machine may take for anything that is waited for in its window. */
const patienceMs = 60_000;

export interface EditorOptions {
  readonly vsix: string;
  /** Copied into the profile's place, so that nothing of the project is changed; none: an empty folder. */
  readonly folder: string | null;
  readonly theme?: Theme;
  /** False leaves the folder untrusted, as VS Code opens a folder it has not seen. */
  readonly trusted: boolean;
  readonly size?: { readonly width: number; readonly height: number };
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Secrets last, and are shared by all windows, as with a keyring; else each window forgets them, as without one. */
  readonly keyring?: boolean;
}

export interface Editor {
  readonly workbench: Workbench;
  readonly folder: string;
  readonly url: string;
  /** Where the editor keeps what is its own: a process that it started is known by this in its command line. */
  readonly profileDir: string;
  /** One more window of the same user on an empty folder of its own. */
  another(name: string): Promise<Workbench>;
  close(): Promise<void>;
}

/** The installed extension and the server behind an address, for a page of ours or for a person's browser. */
export interface Served {
  readonly server: RunningCodeServer;
  readonly profile: TemporaryProfile;
  readonly folder: string;
  readonly url: string;
  close(): Promise<void>;
}

export async function serveEditor(options: EditorOptions): Promise<Served> {
  const codeServer = await installCodeServer();
  const profile = await temporaryProfile(options.theme, options.settings);
  let server: RunningCodeServer | null = null;
  const close = async () => {
    await server?.stop();
    await profile.dispose();
  };
  try {
    const folder = join(profile.dir, 'workspace');
    if (options.folder) await cp(options.folder, folder, { recursive: true });
    else await mkdir(folder);
    await installExtension(codeServer, profile, options.vsix);
    server = await startCodeServer(codeServer, { ...profile, trustAll: options.trusted, ...(options.env ? { env: options.env } : {}) });
    return { server, profile, folder, url: server.url(folder), close };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function openEditor(options: EditorOptions): Promise<Editor> {
  const served = await serveEditor(options);
  let browser: Browser | null = null;
  const close = async () => {
    await browser?.close();
    await served.close();
  };
  try {
    browser = await launchChromium();
    const context: BrowserContext = await browser.newContext({
      viewport: options.size ?? { width: 1440, height: 900 },
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(patienceMs);
    if (options.keyring === true) await keepSecrets(context);
    const open = async (url: string): Promise<Workbench> => {
      const page = await context.newPage();
      await page.goto(url);
      const workbench = new Workbench(page);
      await workbench.ready();
      return workbench;
    };
    const another = async (name: string): Promise<Workbench> => {
      const folder = join(served.profile.dir, name);
      await mkdir(folder);
      return open(served.server.url(folder));
    };
    const workbench = await open(served.url);
    return { workbench, folder: served.folder, url: served.url, profileDir: served.profile.dir, another, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What code-server's own front does for its pages, which is not started here: it gives out its half of the key of their secrets. */
async function keepSecrets(context: BrowserContext): Promise<void> {
  const half = randomBytes(32);
  await context.route('**/mint-key', (route) => route.fulfill({ body: half, contentType: 'application/octet-stream' }));
}
