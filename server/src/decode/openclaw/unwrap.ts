/**
 * Tool Search hides the tool an agent calls behind `tool_call {id, args}`. NemoClaw turns it on by default, so without
 * unwrapping every call would read "tool_call". Ids come bare (`write`) or owned (`openclaw:core:write`,
 * `mcp:bundle-mcp:units__convert`).
 */
import type { JsonObject } from '../json';
import { asObject, asString } from '../json';

export interface EffectiveCall {
  readonly name: string;
  readonly owner: string | null;
  readonly args: unknown;
}

const owned = /^(?:openclaw|mcp|client|plugin):([^:]*):(.+)$/s;

export function splitToolId(id: string): { readonly name: string; readonly owner: string | null } {
  const match = owned.exec(id);
  return match ? { name: match[2] ?? id, owner: match[1] ?? null } : { name: id, owner: null };
}

export function unwrapCall(name: string, args: unknown): EffectiveCall {
  const wrapped = name === 'tool_call' ? asObject(args) : null;
  const id = wrapped && asString(wrapped['id']);
  if (wrapped === null || id === null) return { name, owner: null, args };
  return { ...splitToolId(id), args: wrapped['args'] ?? null };
}

/** The details that speak of the tool itself: for a wrapped call those of the inner result. */
export function innerDetails(toolName: string, details: JsonObject): { readonly details: JsonObject; readonly wrapped: boolean } {
  const inner = toolName === 'tool_call' ? asObject(details['result']) : null;
  if (inner === null) return { details, wrapped: false };
  return { details: asObject(inner['details']) ?? {}, wrapped: true };
}
