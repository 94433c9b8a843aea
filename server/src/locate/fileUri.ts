/** Addresses of files of this machine, as an editor writes them. */
import { fileURLToPath } from 'node:url';

/** Null when it names no file here: another scheme, another machine, or escapes that are no path. */
export function pathOfFileUri(uri: string): string | null {
  if (!/^file:/i.test(uri)) return null;
  try {
    return fileURLToPath(uri);
  } catch (error) {
    // TypeError: another host, an escaped separator, no URL at all. URIError: escapes that are no UTF-8.
    if (error instanceof TypeError || error instanceof URIError) return null;
    throw error;
  }
}
