/** A place in a file where something an agent uses comes from, and the key that its uses are kept under. */

/** As LSP's: zero-based line and UTF-16 character. */
export interface TextPlace {
  readonly line: number;
  readonly character: number;
}
export interface NameRange {
  readonly start: TextPlace;
  readonly end: TextPlace;
}

export type DefinitionKind =
  /** Source of a plugin: `registerTool({ name })`, or `tool({ name })` of defineToolPlugin. */
  | 'plugin-tool'
  /** A tool that `openclaw.plugin.json` declares. */
  | 'manifest-tool'
  /** An entry of `mcp.servers` in `openclaw.json`. */
  | 'mcp-server'
  | 'skill'
  | 'prompt-file';

export interface Definition {
  readonly kind: DefinitionKind;
  /** As the file writes it. Untrusted. */
  readonly name: string;
  /** null: known only with the sandbox's path of the file, see promptKey. */
  readonly key: string | null;
  /** Of the name. */
  readonly range: NameRange;
}

/** Names longer than this are none that a model could call. */
export const nameLimit = 128;

export function toolKey(name: string): string {
  return `tool ${name}`;
}

/** `safeName`: as OpenClaw makes it of the server's name, see mcpServers.ts. */
export function mcpKey(safeName: string): string {
  return `mcp ${safeName}`;
}

/** By the folder that the skill lies in: what a call read is known by its path alone. */
export function skillKey(folder: string): string {
  return `skill ${folder}`;
}

/** `path`: absolute in the sandbox. Agents have workspaces of their own. */
export function promptKey(path: string): string {
  return `prompt ${path}`;
}

/** What OpenClaw puts into the prompt, from the root of an agent's workspace. */
export const promptFiles: ReadonlySet<string> = new Set([
  'AGENTS.md',
  'SOUL.md',
  'TOOLS.md',
  'MEMORY.md',
  'IDENTITY.md',
  'USER.md',
  'HEARTBEAT.md',
  'BOOTSTRAP.md',
]);
export const skillFile = 'SKILL.md';
export const manifestFile = 'openclaw.plugin.json';
export const configFile = 'openclaw.json';
export const sourceName = /\.[cm]?[jt]sx?$/;
