/** Addresses of files, compared whatever way they are written. */
import { pathToFileURL } from 'node:url';
import { pathOfFileUri } from '../locate/fileUri';
import { parseSandboxUri, sandboxUri } from '../locate/sandboxUri';

/** Editors write addresses with other escapes than we do. */
export function sameUri(a: string, b: string): boolean {
  return a === b || normalUri(a) === normalUri(b);
}

export function normalUri(uri: string): string {
  const sandbox = parseSandboxUri(uri);
  if (sandbox !== null) return sandboxUri(sandbox.sourceId, sandbox.path);
  const path = pathOfFileUri(uri);
  return path === null ? uri : pathToFileURL(path).href;
}
