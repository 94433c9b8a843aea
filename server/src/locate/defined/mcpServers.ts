/**
 * The servers under `mcp.servers` of an `openclaw.json`, which is JSON5. The file may hold tokens: only the names of the servers are
 * taken out of it, and where they stand.
 */
import { mcpKey } from './definition';
import type { Definition } from './definition';
import { properties, property } from './jsObject';
import { jsTokens } from './jsTokens';
import type { Property } from './jsObject';
import { TextLines } from './textLines';

export const maxServers = 100;

/** As OpenClaw names tools of MCP servers: `<server>__<tool>`, the server's name made safe and cut. */
const separator = '__';
const longestPrefix = 30;

export function mcpServers(text: string): readonly Definition[] {
  const tokens = jsTokens(text);
  const isObject = (at: number): boolean => tokens.list[at]?.kind === 'other' && tokens.list[at]?.text === '{';
  if (!isObject(0)) return [];
  const mcp = property(tokens, 0, 'mcp');
  const servers = mcp !== null && isObject(mcp.from) ? property(tokens, mcp.from, 'servers') : null;
  if (servers === null || !isObject(servers.from)) return [];
  const lines = new TextLines(text);
  const found: { readonly name: string; readonly safe: string; readonly entry: Property }[] = [];
  const used = new Set<string>();
  for (const entry of properties(tokens, servers.from)) {
    if (entry.key.text === '' || found.length >= maxServers) continue;
    found.push({ name: entry.key.text, safe: safeServerName(entry.key.text, used), entry });
  }
  return (
    found
      // Of `a` and `a__b` no name of a tool tells which one it is of.
      .filter(({ safe }) => !found.some((other) => other.safe.startsWith(`${safe}${separator}`)))
      .map(({ name, safe, entry }) => ({ kind: 'mcp-server', name, key: mcpKey(safe), range: lines.range(entry.key) }))
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
