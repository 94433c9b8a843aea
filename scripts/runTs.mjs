// Runs a TypeScript entry of test/ (benchmarks, soaks) on this Node: bundled by esbuild into .cache, packages left out, and
// every file told where it really lies.
import * as esbuild from 'esbuild';
import { readFile, mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const entry = process.argv[2];
if (entry === undefined) throw new Error('usage: node scripts/runTs.mjs <entry.ts> [arguments]');
const outfile = join(root, '.cache', 'run', `${entry.replaceAll('/', '_')}.mjs`);
await mkdir(dirname(outfile), { recursive: true });
await esbuild.build({
  entryPoints: [join(root, entry)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
  plugins: [
    {
      name: 'own-dirname',
      setup(build) {
        build.onLoad({ filter: /\.m?ts$/ }, async ({ path }) => ({
          contents: (await readFile(path, 'utf8')).replaceAll('import.meta.dirname', JSON.stringify(dirname(path))),
          loader: 'ts',
        }));
      },
    },
  ],
});
process.argv.splice(1, 2, outfile);
await import(pathToFileURL(outfile).href);
