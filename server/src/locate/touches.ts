/** Which paths of the sandbox a call touched: those it names as arguments, and those its output names as places. Pure. */
import { posix } from 'node:path';
import type { Span } from '../protocol/document';

export const touchLimit = 32;
const home = '/sandbox';

/** Absolute path in the sandbox, or null when the text is no path that could be opened. */
export function sandboxPath(written: string, base: string | null): string | null {
  // Half a surrogate pair is in no file's name and in no address.
  if (written === '' || written.length > 4096 || /[\u0000-\u001f]|\p{Surrogate}/u.test(written)) return null;
  const expanded = written === '~' ? home : written.startsWith('~/') ? `${home}/${written.slice(2)}` : written;
  if (posix.isAbsolute(expanded)) return posix.normalize(expanded);
  return base === null || !posix.isAbsolute(base) ? null : posix.resolve(base, expanded);
}

export function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** `path:line` as decode writes it. */
export function splitPlace(place: string): { readonly path: string; readonly line: number } {
  const at = place.lastIndexOf(':');
  return { path: place.slice(0, at), line: Number(place.slice(at + 1)) };
}

export function baseDirectory(span: Span, workspaceDir: string | null): string | null {
  const cwd = span.attributes['sandglass.cwd'];
  return typeof cwd === 'string' ? cwd : workspaceDir;
}

export function touchedPaths(span: Span, workspaceDir: string | null): readonly string[] {
  if (span.kind !== 'execute_tool') return [];
  const base = baseDirectory(span, workspaceDir);
  // A tool's own paths are relative to the workspace even when a command ran elsewhere.
  const written = strings(span.attributes['sandglass.paths']).map((path) => sandboxPath(path, workspaceDir ?? base));
  const named = strings(span.attributes['sandglass.places']).map((place) => sandboxPath(splitPlace(place).path, base));
  const paths = [...written, ...named].filter((path): path is string => path !== null && !isForeign(path));
  return [...new Set(paths)].slice(0, touchLimit);
}

const writers: ReadonlySet<string> = new Set(['edit', 'write', 'apply_patch']);

/** Whether a call changed the files it touched, as far as its outcome is known. */
export function writesFiles(span: Span): boolean {
  return span.status !== 'error' && writers.has(String(span.attributes['gen_ai.tool.name']));
}

/** Whether a call ran a command, which may change files that nothing names. */
export function ranCommand(span: Span): boolean {
  return typeof span.attributes['sandglass.cwd'] === 'string' || typeof span.attributes['sandglass.exit_code'] === 'number';
}

/** Frames of interpreters and packages are nobody's code here. */
export function isForeign(path: string): boolean {
  return (
    /^\/(?:usr|lib|proc|sys|dev|opt)\//.test(path) ||
    /\/(?:node_modules|site-packages|dist-packages)\//.test(path) ||
    path.includes('node:internal')
  );
}
