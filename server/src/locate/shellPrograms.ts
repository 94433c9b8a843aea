/** What programs that agents run do to the files they are given. */

export const shows: ReadonlySet<string> = new Set([
  'cat',
  'head',
  'tail',
  'sed',
  'less',
  'more',
  'echo',
  'printf',
  'wc',
  'nl',
  'ls',
  'cd',
  'true',
]);
export const changes: ReadonlySet<string> = new Set([
  'mv',
  'rm',
  'cp',
  'tee',
  'touch',
  'truncate',
  'patch',
  'dd',
  'install',
  'ln',
  'perl',
  'black',
]);
export const gitReads: ReadonlySet<string> = new Set(['grep', 'show', 'log', 'diff', 'status', 'blame', 'ls-files']);
/** What may stand behind a move: it leaves the moved file alone. */
const gitKeeps: ReadonlySet<string> = new Set(['add', 'commit', 'status', 'log', 'diff']);

export function editsInPlace(program: string, args: readonly string[]): boolean {
  return program === 'sed' && args.some((arg) => /^-[A-Za-z]*i/.test(arg) || arg.startsWith('--in-place'));
}

export function keepsFiles(program: string, args: readonly string[]): boolean {
  return shows.has(program) || (program === 'git' && gitKeeps.has(args[0] ?? ''));
}

export function changesFiles(program: string, args: readonly string[]): boolean {
  if (program === 'git') return !gitKeeps.has(args[0] ?? '') && !gitReads.has(args[0] ?? '');
  return changes.has(program) || editsInPlace(program, args);
}
