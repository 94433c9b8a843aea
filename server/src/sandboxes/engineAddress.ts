/** An engine's address as a person writes it, and as it may be shown: in logs, tables and pictures, where a password has no place. */

/** Names of contexts are such; what is none may be an address that was put in its place. */
const isContextName = /^[\w.+-]+$/;
const hidden = '…';

/** The path of a socket on this host; null: it is another kind of address. */
export function socketOf(host: string): string | null {
  return /^(?:unix|npipe):\/\/(.+)$/.exec(host)?.[1] ?? null;
}

/** null: it is no address of a host. */
export function hostOf(address: string): URL | null {
  const bare = schemeOf(address) === null;
  const url = URL.parse(bare ? `tcp://${address}` : address);
  if (url === null || url.hostname === '' || (bare && address.includes('://'))) return null;
  // A password that holds what ends a host (/, ?, #) would make its beginning the host and the port.
  return `${url.pathname}${url.search}${url.hash}`.includes('@') ? null : url;
}

/** Host and port: all that is asked. What does not parse may be a password from its second letter on. */
export function shownAddress(address: string): string {
  const socket = socketOf(address);
  if (socket !== null && (/^[/\\]/.test(socket) || !socket.includes('@'))) return plain(address);
  const scheme = schemeOf(address) ?? '';
  return plain(`${scheme}${hostOf(address)?.host ?? hidden}`);
}

export function shownContext(name: string): string {
  return isContextName.test(name) ? name : shownAddress(name);
}

function schemeOf(address: string): string | null {
  return /^[a-z][a-z0-9+.-]*:\/\//i.exec(address)?.[0] ?? null;
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '');
}
