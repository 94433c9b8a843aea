/** What a command was given: a row of the tree, ids, or nothing. Anything else counts as nothing. */
import type { CallAt, SessionRef, SpanRef } from '../../../server/src/protocol/messages';
import type { UsesAt } from '../../../server/src/protocol/definitions';
import type { RuleRef } from '../../../server/src/protocol/rules';
import type { FindingRef } from '../../../server/src/protocol/suppressions';

export function sourceIdOf(value: unknown): string | null {
  const node = field(value, 'node');
  return text(field(node, 'id')) ?? text(field(value, 'sourceId'));
}

export function sessionRefOf(value: unknown): (SessionRef & { readonly spanId: string | null }) | null {
  const sourceId = text(field(value, 'sourceId'));
  const sessionId = text(field(field(value, 'session'), 'id')) ?? text(field(value, 'sessionId'));
  return sourceId === null || sessionId === null ? null : { sourceId, sessionId, spanId: text(field(value, 'spanId')) };
}

export function spanRefOf(value: unknown): SpanRef | null {
  const [sourceId, spanId] = [text(field(value, 'sourceId')), text(field(value, 'spanId'))];
  return sourceId === null || spanId === null ? null : { sourceId, spanId };
}

export function ruleRefOf(value: unknown): RuleRef | null {
  const [sourceId, policyId, uri] = [text(field(value, 'sourceId')), text(field(value, 'policyId')), uriOf(value)];
  return sourceId === null || policyId === null || uri === null ? null : { sourceId, policyId, uri };
}

export function findingRefOf(value: unknown): FindingRef | null {
  const [sourceId, sessionId, code] = [text(field(value, 'sourceId')), text(field(value, 'sessionId')), text(field(value, 'code'))];
  return sourceId === null || sessionId === null || code === null
    ? null
    : { sourceId, sessionId, code, evidence: text(field(value, 'evidence')) };
}

export function reasonOf(value: unknown): string | null {
  return text(field(value, 'reason'));
}

export function uriOf(value: unknown): string | null {
  return text(field(value, 'uri'));
}

export function usesAtOf(value: unknown): UsesAt | null {
  const [uri, line, character] = [uriOf(value), field(value, 'line'), field(value, 'character')];
  return uri !== null && isCount(line) && isCount(character) ? { uri, line, character } : null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

export function callsOf(value: unknown): readonly CallAt[] {
  const calls = field(value, 'calls');
  return Array.isArray(calls)
    ? calls.filter((call): call is CallAt => (sessionRefOf(call)?.spanId ?? null) !== null && text(field(call, 'label')) !== null)
    : [];
}

export function flagOf(value: unknown, name: string): boolean {
  return field(value, name) === true;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
