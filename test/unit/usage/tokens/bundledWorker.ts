/** The counting thread as the build makes it, in a directory of its own: a thread can't be started from TypeScript. */
import { build } from 'esbuild';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '../../../..');
export const besideTheWorker = ['lite/tiktoken_bg.wasm', 'encoders/o200k_base.json', 'encoders/cl100k_base.json'];

export async function bundledWorker(): Promise<{ readonly file: string } & Disposable> {
  const directory = mkdtempSync(join(tmpdir(), 'sandglass-tokens-'));
  writeFileSync(join(directory, 'package.json'), '{"type":"commonjs"}');
  await build({
    absWorkingDir: root,
    entryPoints: { tokens: 'server/src/usage/tokens/worker.ts' },
    outdir: directory,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    logLevel: 'warning',
  });
  for (const file of besideTheWorker) copyFileSync(join(root, 'node_modules/tiktoken', file), join(directory, basename(file)));
  return { file: join(directory, 'tokens.js'), [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
