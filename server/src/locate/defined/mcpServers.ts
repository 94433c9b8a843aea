/**
 * The servers under `mcp.servers` of an `openclaw.json`, which is JSON5. The file may hold tokens: only the names of the servers are
 * taken out of it, and where they stand, and none that may be anything else.
 */
import { findSecrets } from '../../secrets/scan';
import { mcpKey } from './definition';
import type { Definition } from './definition';
import { entries, isObject, json5 } from './json5';
import { jsTokens } from './jsTokens';
import { TextLines } from './textLines';

export const maxServers = 100;

/** As OpenClaw names tools of MCP servers: `<server>__<tool>`, the server's name made safe and cut. */
const separator = '__';
const longestPrefix = 30;

export function mcpServers(text: string): readonly Definition[] {
  const read = json5(text, jsTokens(text));
  const mcp = isObject(read, 0) ? entries(read, 0).get('mcp') : undefined;
  const servers = mcp !== undefined && isObject(read, mcp.value) ? entries(read, mcp.value).get('servers') : undefined;
  if (servers === undefined || !isObject(read, servers.value)) return [];
  const lines = new TextLines(text);
  const used = new Set<string>();
  const found = [...entries(read, servers.value)]
    // What is no object is no server: an argument or a token that has come to stand here.
    .filter(([name, { value }]) => name !== '' && isObject(read, value))
    .slice(0, maxServers)
    .map(([name, { key }]) => ({ name, key, safe: safeServerName(name, used) }));
  return (
    found
      // Of `a` and `a__b`, and of `a` and `a_`, no name of a tool tells which one it is of.
      .filter((one) => !found.some((other) => other !== one && `${other.safe}${separator}`.startsWith(`${one.safe}${separator}`)))
      .filter(({ name }) => findSecrets(name).length === 0)
      .map(({ name, key, safe }) => ({ kind: 'mcp-server', name, key: mcpKey(safe), range: lines.range(key) }))
  );
}

function safeServerName(name: string, used: Set<string>): string {
  const plain = name.trim().replace(/[^A-Za-z0-9_-]/g, '-') || 'mcp';
  const base = (/^[A-Za-z]/.test(plain) ? plain : `mcp-${plain}`).slice(0, longestPrefix);
  let safe = base;
  for (let n = 2; used.has(safe.toLowerCase()); n++) {
    const suffix = `-${n}`;
    safe = `${base.slice(0, Math.max(1, longestPrefix - suffix.length))}${suffix}`;
  }
  used.add(safe.toLowerCase());
  return safe;
}

/** The servers that a tool of this name may be of: a server's own name may hold what parts it from the tool's. */
export function serversOfTool(tool: string): readonly string[] {
  const servers: string[] = [];
  for (let at = tool.indexOf(separator, 1); at > 0 && at <= longestPrefix; at = tool.indexOf(separator, at + 1)) {
    if (at + separator.length < tool.length) servers.push(tool.slice(0, at));
  }
  return servers;
}
