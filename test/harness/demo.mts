// The three ways of the demo: a window of the user's own VS Code, an address for their browser, or nobody looking.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { openEditor, serveEditor } from './editorSession.mts';
import { temporaryProfile } from './profile.mts';
import { endGroup, HarnessError, node24, onPath, progress, projectRoot, run } from './tools.mts';
import { playSample } from './sampleRun.mts';

const vsix = join(projectRoot, 'dist/sandglass.vsix');
const shots = join(projectRoot, 'test-results/demo');

const next = `Click the hourglass in the activity bar, then "Play Sample Run". Ctrl-C here ends the demo and removes what it made.`;

/** What is opened beside the sample: the workspace the sample's agent worked on. */
export const sampleWorkspace = join(projectRoot, 'sample/sandbox/.openclaw/workspace');

export async function packageExtension(): Promise<string> {
  await progress('building and packaging Sandglass', () => run(node24(), ['scripts/package.mjs'], { cwd: projectRoot }));
  return vsix;
}

/**
 * A `code` that can open a window of its own here. Not the one of a remote terminal or of WSL: those speak to an editor
 * elsewhere, which takes no profile of ours; and none without a display.
 */
export function findCode(): string | null {
  if (process.env['VSCODE_IPC_HOOK_CLI'] || process.env['WSL_DISTRO_NAME']) return null;
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return null;
  return onPath(process.platform === 'win32' ? 'code.cmd' : 'code');
}

export async function openInCode(code: string, extension: string, stop: AbortSignal): Promise<void> {
  const profile = await temporaryProfile('dark', { 'window.autoDetectColorScheme': true });
  try {
    const folder = join(profile.dir, 'workspace');
    await cp(sampleWorkspace, folder, { recursive: true });
    const own = [
      '--user-data-dir',
      profile.userDataDir,
      '--extensions-dir',
      profile.extensionsDir,
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ];
    await progress(`installing the extension for ${code}`, () => run(code, [...own, '--install-extension', extension]));
    console.log(`\nVS Code opens (${code}), with a profile of its own.\n${next}`);
    await untilClosed(code, [...own, '--new-window', '--wait', '--skip-release-notes', '--disable-telemetry', folder], stop);
  } finally {
    await profile.dispose();
  }
}

async function untilClosed(command: string, args: readonly string[], stop: AbortSignal): Promise<void> {
  const posix = process.platform !== 'win32';
  const child = spawn(command, args, { stdio: 'ignore', detached: posix, shell: !posix });
  const end = () => endGroup(child.pid, 'SIGTERM');
  stop.addEventListener('abort', end, { once: true });
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('exit', done);
  });
  stop.removeEventListener('abort', end);
  if (code !== 0 && !stop.aborted)
    throw new HarnessError(`${command} ended with ${code}.`, 'Try `npm run demo -- --browser`, which needs no window.');
}

export async function serveInBrowser(extension: string, stop: AbortSignal): Promise<void> {
  const served = await serveEditor({ vsix: extension, folder: sampleWorkspace, trusted: false });
  try {
    console.log(`\nVS Code is served at\n\n    ${served.url}\n\nOpen it in a browser on this machine. ${next}`);
    await untilStopped(stop);
  } finally {
    await served.close();
  }
}

function untilStopped(stop: AbortSignal): Promise<void> {
  // The timer keeps the process alive while nothing else does.
  const alive = setInterval(() => undefined, 60_000);
  return new Promise((done) => {
    const finish = () => {
      clearInterval(alive);
      done();
    };
    if (stop.aborted) finish();
    else stop.addEventListener('abort', finish, { once: true });
  });
}

export async function runHeadless(extension: string, stop: AbortSignal): Promise<void> {
  const editor = await openEditor({ vsix: extension, folder: sampleWorkspace, trusted: false });
  const close = () => void editor.close();
  stop.addEventListener('abort', close, { once: true });
  try {
    const shot = async (name: string) => {
      const path = join(shots, `${name}.png`);
      await editor.workbench.screenshot(path);
      console.log(`  ${path}`);
    };
    console.log('Playing the sample in VS Code, without a window:');
    await playSample(editor.workbench, shot);
  } finally {
    stop.removeEventListener('abort', close);
    await editor.close();
  }
  const cli = join(projectRoot, 'dist/cli.js');
  if (!existsSync(cli)) throw new HarnessError(`${cli} is missing.`, 'Run `npm run build`.');
  console.log(`\n$ sandglass trace sample\n${await run(node24(), [cli, 'trace', 'sample'], { cwd: projectRoot })}`);
}
