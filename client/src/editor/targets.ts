/**
 * What an anchor may open: a file of the sandbox, or a file inside the workspace or a directory the user mapped. Anything
 * else is refused here, whatever the server made of a path in a trace.
 */
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { PathMapping } from '../../../server/src/protocol/messages';
import { fileScheme } from '../contributions';

export interface TargetRules {
  readonly workspaceFolders: readonly string[];
  readonly pathMappings: readonly PathMapping[];
  /** With symbolic links followed: an agent that writes into a mounted folder can lay a link there that leads out of it. */
  realPath(path: string): string;
}

export function isAllowedTarget(
  target: { readonly scheme: string; readonly fsPath: string; readonly authority: string },
  rules: TargetRules,
): boolean {
  if (target.scheme === fileScheme) return true;
  // A file URI with an authority is a share on another machine.
  if (target.scheme !== 'file' || target.authority !== '') return false;
  const first = rules.workspaceFolders[0];
  const mapped = rules.pathMappings.flatMap(({ workspace }) =>
    isAbsolute(workspace) ? [workspace] : first === undefined ? [] : [resolve(first, workspace)],
  );
  const real = rules.realPath(target.fsPath);
  return [...rules.workspaceFolders, ...mapped].some((root) => isWithin(root, target.fsPath) && isWithin(rules.realPath(root), real));
}

function isWithin(root: string, path: string): boolean {
  const way = relative(resolve(root), resolve(path));
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
