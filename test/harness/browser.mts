// Debian's Chromium, driven by Playwright, in place of the window of VS Code.
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { ensureChromium } from './tools.mts';

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: await ensureChromium(),
    // No sandbox: in a container Chromium's own can't be had, and it only ever shows the server beside it.
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}
