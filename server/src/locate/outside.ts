/** Files that a call wrote where nobody looks for the agent's work. What a command wrote is not known, and not guessed. Pure. */
import { posix } from 'node:path';
import type { Span } from '../protocol/document';
import { sandboxPath } from './sandboxPath';
import { strings, touchLimit, writesFiles } from './touches';

/** Absolute sandbox paths that a call of `write`, `edit` or `apply_patch` wrote to. */
export function writtenPaths(span: Span, workspaceDir: string | null): readonly string[] {
  // Of one that was denied, aborted or has no result nobody knows that it wrote.
  if (span.kind !== 'execute_tool' || span.status !== 'ok' || !writesFiles(span)) return [];
  const paths = strings(span.attributes['sandglass.paths']).map((path) => sandboxPath(path, workspaceDir));
  return [...new Set(paths.filter((path) => path !== null))].slice(0, touchLimit);
}

/** Whether a path, as it is written, lies outside the agent's workspace; null: which that is was not recorded. Links are not followed. */
export function liesOutside(path: string, workspaceDir: string | null): boolean | null {
  if (workspaceDir === null || !posix.isAbsolute(workspaceDir)) return null;
  const way = posix.relative(workspaceDir, path);
  return way === '..' || way.startsWith('../');
}

/** The directories above a path, the nearest first. */
export function directoriesAbove(path: string): readonly string[] {
  const above: string[] = [];
  for (let at = posix.dirname(path); ; at = posix.dirname(at)) {
    above.push(at);
    if (at === '/' || at === '.') return above;
  }
}
