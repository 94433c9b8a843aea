/** Paths as a call writes them, made absolute in its sandbox. */
import { posix } from 'node:path';
import type { Span } from '../protocol/document';

const home = '/sandbox';

/** Absolute path in the sandbox, or null when the text is no path that could be opened. */
export function sandboxPath(written: string, base: string | null): string | null {
  // Half a surrogate pair is in no file's name and in no address.
  if (written === '' || written.length > 4096 || /[\u0000-\u001f]|\p{Surrogate}/u.test(written)) return null;
  const expanded = written === '~' ? home : written.startsWith('~/') ? `${home}/${written.slice(2)}` : written;
  if (posix.isAbsolute(expanded)) return posix.normalize(expanded);
  return base === null || !posix.isAbsolute(base) ? null : posix.resolve(base, expanded);
}

export function baseDirectory(span: Span, workspaceDir: string | null): string | null {
  const cwd = span.attributes['sandglass.cwd'];
  return typeof cwd === 'string' ? cwd : workspaceDir;
}
