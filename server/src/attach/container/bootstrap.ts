/**
 * The first words to a sandbox's Node: take a script of the given length from stdin, run it, and leave the rest of stdin to it.
 * A bare `node -` would wait for the end of stdin, which is the reader's life line.
 */
export const BOOTSTRAP = `'use strict';
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stdout.write(JSON.stringify({ kind: 'failed', reason: 'no-runtime', message: 'The Node in this sandbox is ' + process.version, hint: 'Reading needs Node 22.13 or newer in the sandbox.' }) + '\\n');
  process.exit(0);
}
let held = Buffer.alloc(0);
process.stdin.on('data', function take(chunk) {
  held = Buffer.concat([held, chunk]);
  const head = held.indexOf(10);
  const length = head < 0 ? Infinity : Number(held.toString('latin1', 0, head));
  if (held.length < head + 1 + length) return;
  process.stdin.off('data', take);
  process.stdin.pause();
  const rest = held.subarray(head + 1 + length);
  const script = held.toString('utf8', head + 1, head + 1 + length);
  if (rest.length > 0) process.stdin.unshift(rest);
  const module = { exports: {} };
  new Function('require', 'module', 'exports', script)(require, module, module.exports);
  process.stdin.resume();
});
process.stdin.on('end', () => process.exit(0));`;

/** Length and bytes, as the bootstrap and the reader expect them. */
export function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(`${bytes.length}\n`), bytes]);
}
