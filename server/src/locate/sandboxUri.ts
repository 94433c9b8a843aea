/** Addresses of the read-only files of a sandbox: `sandglass-file://<source id>/<absolute path in the sandbox>`. */
export const sandboxScheme = 'sandglass-file';

export function sandboxUri(sourceId: string, path: string): string {
  return `${sandboxScheme}://${sourceId}${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** Null when it is no address of ours. */
export function parseSandboxUri(uri: string): { readonly sourceId: string; readonly path: string } | null {
  const match = /^sandglass-file:\/\/([0-9a-f]{16})(\/[^?#]*)/i.exec(uri);
  if (match === null) return null;
  let path: string;
  try {
    path = decodeURIComponent(match[2] ?? '');
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
  return path.includes('\u0000') ? null : { sourceId: (match[1] ?? '').toLowerCase(), path };
}
