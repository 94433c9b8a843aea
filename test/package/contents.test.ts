// What a user installs: exactly the files of the golden list, in a package that is small and was made without a warning.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const vsix = resolve(root, 'dist/sandglass.vsix');
const limitBytes = 6 * 1024 * 1024;

/** esbuild names shared chunks by their content: how many there are is no business of a golden list. */
function packaged(): string[] {
  const listed = execFileSync(
    process.execPath,
    ['node_modules/@vscode/vsce/vsce', 'ls', '--no-dependencies', '--readme-path', 'dist/README.md'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  const files = listed.split('\n').filter((line) => line.trim() !== '');
  return [...new Set(files.map((file) => file.replace(/^(dist\/webviews\/).*-[A-Z0-9]{8}\.(js|css)$/, '$1<chunk>.$2')))].sort();
}

describe('the package', () => {
  it('holds exactly the files of the golden list', async () => {
    await expect(`${packaged().join('\n')}\n`).toMatchFileSnapshot('files.txt');
  });

  it('has a README that shows whole in an installed extension', () => {
    const readme = readFileSync(resolve(root, 'dist/README.md'), 'utf8');
    expect(readme).toContain('# Sandglass');
    const targets = [...readme.matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => target);
    expect(targets.filter((target) => !/^(https:|#)/.test(target ?? ''))).toEqual([]);
    expect(readme).not.toMatch(/!\[/);
  });

  it('was packaged and is at most 6 MB', () => {
    expect(existsSync(vsix), 'run `npm run package` first').toBe(true);
    expect(statSync(vsix).size).toBeLessThanOrEqual(limitBytes);
  });

  it('carries minified bundles, without source maps', () => {
    for (const file of ['dist/extension.js', 'dist/server.js', 'dist/cli.js', 'dist/tokens.js']) {
      const text = readFileSync(resolve(root, file), 'utf8');
      expect(text, file).not.toMatch(/^\/\/# sourceMappingURL/m);
      const lines = text.split('\n').length;
      expect(text.length / lines, `${file}: characters per line`).toBeGreaterThan(200);
    }
  });

  it.each(['o200k_base', 'cl100k_base'])('counts tokens with what lies beside its counting thread: %s', async (encoding) => {
    const worker = new Worker(resolve(root, 'dist/tokens.js'));
    const answer = new Promise((counted, failed) => worker.once('message', counted).once('error', failed));
    worker.postMessage({ id: 7, encoding, text: 'Hello! How can I assist you today?' });
    try {
      expect(await answer).toEqual({ id: 7, tokens: 9 });
    } finally {
      await worker.terminate();
    }
  });

  it.each(['reader.js', 'reader.py'])('keeps what runs inside a sandbox readable for an auditor: %s', (name) => {
    const text = readFileSync(resolve(root, 'dist', name), 'utf8');
    expect(text.length / text.split('\n').length).toBeLessThan(120);
  });
});
