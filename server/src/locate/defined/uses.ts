/** Which definitions a call is a use of: its tool's, its MCP server's, and the skill or prompt file that it read or wrote. Pure. */
import type { Span } from '../../protocol/document';
import { baseDirectory, sandboxPath } from '../sandboxPath';
import { strings } from '../touches';
import { mcpKey, nameLimit, promptFiles, promptKey, skillFile, skillKey, toolKey } from './definition';
import { serversOfTool } from './mcpServers';

export type UseHow = 'call' | 'read' | 'write';

export interface Use {
  readonly spanId: string;
  readonly key: string;
  readonly how: UseHow;
  /** Epoch milliseconds. */
  readonly start: number | null;
  readonly durationMs: number | null;
  /** The duration is a difference of other times. */
  readonly estimated: boolean;
  readonly failed: boolean;
  /** The LLM call that asked for it. */
  readonly messageId: string | null;
  /** Whose tool was called. */
  readonly owner: string | null;
}

const readers: ReadonlySet<string> = new Set(['read', 'memory_get']);
const writers: ReadonlySet<string> = new Set(['edit', 'write', 'apply_patch']);

/** Whose the tool is, where its call tells: null of one that did not come through Tool Search. */
export function ownerOf({ attributes }: Span): string | null {
  const owner = attributes['sandglass.tool.owner'];
  return typeof owner === 'string' ? owner : null;
}

/** What a call is a use of. */
export function keysOf(span: Span, workspaceDir: string | null): ReadonlyMap<string, UseHow> {
  const tool = span.attributes['gen_ai.tool.name'];
  const keys = new Map<string, UseHow>();
  if (span.kind !== 'execute_tool' || typeof tool !== 'string' || tool === '' || tool.length > nameLimit) return keys;
  keys.set(toolKey(tool), 'call');
  for (const server of serversOfTool(tool)) keys.set(mcpKey(server), 'call');
  const how = writers.has(tool) ? 'write' : readers.has(tool) ? 'read' : null;
  if (how === null) return keys;
  const base = workspaceDir ?? baseDirectory(span, workspaceDir);
  for (const named of strings(span.attributes['sandglass.paths'])) {
    const path = sandboxPath(named, base);
    if (path !== null) for (const key of fileKeys(path, workspaceDir)) keys.set(key, how);
  }
  return keys;
}

/** None of what a fork inherited, or what was written twice: its first owner did it. */
export function usesOf(span: Span, workspaceDir: string | null): readonly Use[] {
  const { attributes } = span;
  if (attributes['sandglass.inherited'] === true || attributes['sandglass.counted'] === false) return [];
  const about = {
    spanId: span.id,
    start: span.startTime === null ? null : Date.parse(span.startTime),
    durationMs: span.durationMs,
    estimated: span.durationBasis === 'estimated',
    failed: attributes['sandglass.failed'] === true,
    messageId: attributes['sandglass.call_not_recorded'] === true ? null : span.parentId,
    owner: ownerOf(span),
  };
  return [...keysOf(span, workspaceDir)].map(([key, how]) => ({ ...about, key, how }));
}

function fileKeys(path: string, workspaceDir: string | null): readonly string[] {
  const names = path.split('/');
  const [folder, name] = [names.at(-2), names.at(-1)];
  if (name === skillFile && folder !== undefined && folder !== '') return [skillKey(folder)];
  const inWorkspace = workspaceDir !== null && names.slice(0, -1).join('/') === workspaceDir.replace(/\/$/, '');
  return inWorkspace && promptFiles.has(name ?? '') ? [promptKey(path)] : [];
}
