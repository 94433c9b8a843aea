#!/usr/bin/env node
// Stands where @vscode/test-electron expects the executable of VS Code: takes the arguments it is spawned with, runs the
// same tests in the VS Code of the npm package code-server, and ends with their exit code.
import { parseArgs } from 'node:util';
import { runInHost } from './inHost.mts';
import { installCodeServer } from './codeServer.mts';
import { HarnessError, report } from './tools.mts';

const { values, positionals } = parseArgs({
  strict: false,
  allowPositionals: true,
  options: {
    extensionDevelopmentPath: { type: 'string' },
    extensionTestsPath: { type: 'string' },
    'user-data-dir': { type: 'string' },
    'extensions-dir': { type: 'string' },
    'disable-workspace-trust': { type: 'boolean' },
  },
});

const needed = (name) => {
  const value = values[name];
  if (typeof value !== 'string')
    throw new HarnessError(`The shim was started without --${name}.`, 'Start it through @vscode/test-electron.');
  return value;
};

try {
  const folder = positionals[0];
  if (!folder) throw new HarnessError('The shim was started without a folder.', 'Give the folder to open in launchArgs.');
  // Only what the suites are meant to see: the extension host inherits the rest of the environment from its server.
  const extensionEnvironment = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('SANDGLASS_')));
  process.exitCode = await runInHost(await installCodeServer(), {
    folder,
    extensionDevelopmentPath: needed('extensionDevelopmentPath'),
    extensionTestsPath: needed('extensionTestsPath'),
    userDataDir: needed('user-data-dir'),
    extensionsDir: needed('extensions-dir'),
    extensionEnvironment,
    trustAll: values['disable-workspace-trust'] === true,
    timeoutMs: 10 * 60_000,
    say: (line) => console.log(line),
  });
} catch (error) {
  report(error);
  process.exitCode = 1;
}
