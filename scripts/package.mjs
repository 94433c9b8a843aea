// Packages what a user installs: dist/sandglass.vsix, from a minified build. Fails on any warning, and above the limit.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const vsix = 'dist/sandglass.vsix';
const limitMb = 6;

// No repository is named yet: vsce is told not to ask for one, nor to point the README's relative links into one; the README
// that goes in has none (packageReadme.mjs). Everything is bundled: no dependencies to collect.
const { status, stdout, stderr, error } = spawnSync(
  process.execPath,
  [
    'node_modules/@vscode/vsce/vsce',
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    '--no-rewrite-relative-links',
    '--readme-path',
    'dist/README.md',
    '--out',
    vsix,
  ],
  { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
);
if (error) throw error;
process.stdout.write(stdout);
process.stderr.write(stderr);
if (status !== 0) process.exit(status ?? 1);

const warnings = stripVTControlCharacters(`${stdout}${stderr}`)
  .split('\n')
  .filter((line) => /^\s*WARN/.test(line));
const megabytes = statSync(resolve(root, vsix)).size / 1024 / 1024;
console.log(`${vsix}: ${megabytes.toFixed(2)} MB of at most ${limitMb} MB.`);
if (warnings.length > 0) {
  console.error(`vsce warned:\n${warnings.join('\n')}\nMend what it names; a package with warnings is not published.`);
  process.exitCode = 1;
}
if (megabytes > limitMb) {
  console.error(`The package is larger than ${limitMb} MB. \`npx vsce ls --tree\` and the sizes above show what is in it.`);
  process.exitCode = 1;
}
