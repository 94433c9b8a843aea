/** Which paths of the sandbox a call touched: those it names as arguments, and those its output names as places. Pure. */
import type { Span } from '../protocol/document';
import { commandPlaces } from './command';
import { baseDirectory, sandboxPath } from './sandboxPath';

export const touchLimit = 32;

export function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** `path:line` as decode writes it. */
export function splitPlace(place: string): { readonly path: string; readonly line: number } {
  const at = place.lastIndexOf(':');
  return { path: place.slice(0, at), line: Number(place.slice(at + 1)) };
}

/** `ran`: the command of a call that ran one, as far as it is known; it is longer than what is kept of it beside the call. */
export function touchedPaths(span: Span, workspaceDir: string | null, ran: string | null): readonly string[] {
  if (span.kind !== 'execute_tool') return [];
  const base = baseDirectory(span, workspaceDir);
  // A tool's own paths are relative to the workspace even when a command ran elsewhere.
  const written = strings(span.attributes['sandglass.paths']).map((path) => sandboxPath(path, workspaceDir ?? base));
  const command = ran === null || !ranCommand(span) ? null : commandPlaces(ran, base);
  const named = strings(span.attributes['sandglass.places']).flatMap((place) =>
    (command?.directories ?? [base]).map((directory) => sandboxPath(splitPlace(place).path, directory)),
  );
  const paths = [...written, ...(command?.files ?? []).map(({ path }) => path), ...named].filter(
    (path): path is string => path !== null && !isForeign(path),
  );
  return [...new Set(paths)].slice(0, touchLimit);
}

/** Whether a path is another one with some directories left out in its middle, as outputs that know packages alone write it. */
export function mayLeadTo(written: string, path: string): boolean {
  const [short, long] = [written.split('/'), path.split('/')];
  if (short.length >= long.length) return false;
  let head = 0;
  while (head < short.length && short[head] === long[head]) head += 1;
  let tail = 0;
  while (tail < short.length && short.at(-1 - tail) === long.at(-1 - tail)) tail += 1;
  return tail > 0 && head + tail >= short.length;
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
