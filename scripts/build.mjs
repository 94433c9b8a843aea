// Bundles: client and server as CommonJS for Node, the reader as one self-contained script that is sent into a sandbox (and once more, for
// Python), the webviews as split ES modules. `--watch` rebuilds; `--minify` is what the VSIX gets.
import * as esbuild from 'esbuild';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { joinPython } from './joinPython.mjs';
import { mermaidFlowchart } from './mermaidFlowchart.mjs';

const watch = process.argv.includes('--watch');
const minify = process.argv.includes('--minify');
const shared = { bundle: true, minify, sourcemap: minify ? false : 'linked', logLevel: 'warning', legalComments: 'none' };
const node = { ...shared, platform: 'node', target: 'node22', format: 'cjs' };

const bundles = [
  { ...node, entryPoints: { extension: 'client/src/extension.ts' }, outdir: 'dist', external: ['vscode'] },
  {
    ...node,
    entryPoints: { server: 'server/src/main.ts', cli: 'server/src/cli.ts' },
    outdir: 'dist',
    // dockerode's ssh transport has optional native parts that are not ours to ship.
    external: ['cpu-features', '*.node'],
  },
  // A thread of the server's.
  { ...node, entryPoints: { tokens: 'server/src/usage/tokens/worker.ts' }, outdir: 'dist' },
  // Runs inside a sandbox on the Node that OpenClaw brought; never minified, so that an auditor can read what we run there.
  { ...node, minify: false, sourcemap: false, entryPoints: { reader: 'server/src/attach/reader/inside.ts' }, outdir: 'dist' },
  {
    ...shared,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    splitting: true,
    entryPoints: { trace: 'webviews/trace/main.ts', cost: 'webviews/cost/main.ts' },
    outdir: 'dist/webviews',
    plugins: [mermaidFlowchart],
    loader: { '.css': 'css' },
  },
].filter((bundle) => Object.values(bundle.entryPoints).every((entry) => existsSync(entry)));

await rm('dist', { recursive: true, force: true });
await mkdir('dist', { recursive: true });
// The extension is CommonJS whatever `type` the package has.
await writeFile('dist/package.json', '{"type":"commonjs"}\n');
// The same reader for a sandbox whose Node is missing or too old; joined, and else as it was written.
await writeFile('dist/reader.py', joinPython());
// What the thread that counts tokens reads beside its bundle.
for (const file of ['lite/tiktoken_bg.wasm', 'encoders/o200k_base.json', 'encoders/cl100k_base.json'])
  await cp(`node_modules/tiktoken/${file}`, `dist/${basename(file)}`);

if (watch) {
  const contexts = await Promise.all(bundles.map((bundle) => esbuild.context(bundle)));
  await Promise.all(contexts.map((context) => context.watch()));
} else {
  await Promise.all(bundles.map((bundle) => esbuild.build(bundle)));
}
