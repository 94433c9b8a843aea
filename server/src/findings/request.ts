/** Whether a call sends a request out of the sandbox, as its arguments tell. What it really sent, only the supervisor's log knows. */
import type { ToolCallBlock } from '../model/events';

const address = /\b(?:https?|wss?|ftp):\/\/(?:[^\s/@'"]{0,200}@)?(\[[0-9a-f:.]{1,45}\]|[^\s/:'"?#]{1,255})/gi;
const local = /^(?:localhost|.{0,200}\.localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\]|inference\.local)$/i;
const client = /(?:^|[\n;|&(`]|\$\()\s{0,20}(?:curl|wget|ncat|nc|scp|sftp|ssh|rsync|telnet|httpie|git push)\s/;
const webTools: ReadonlySet<string> = new Set(['web_fetch', 'fetch', 'http_request', 'browser']);

export function sendsRequest({ name, command }: ToolCallBlock): boolean {
  if (command === null) return false;
  const hosts = [...command.matchAll(address)].map((match) => match[1] ?? '');
  const away = hosts.some((host) => !local.test(host));
  if (webTools.has(name)) return away;
  return name === 'exec' && (away || (hosts.length === 0 && client.test(command)));
}
