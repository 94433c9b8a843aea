/** What a command was given: a row of the tree, ids, or nothing. Anything else counts as nothing. */
import type { PriceBookEntry } from '../../../server/src/protocol/cost';
import type { CallAt, SessionRef, SpanRef } from '../../../server/src/protocol/messages';
import type { UsesAt } from '../../../server/src/protocol/definitions';
import type { RuleRef } from '../../../server/src/protocol/rules';
import type { FindingRef } from '../../../server/src/protocol/suppressions';
import type { CostPlace, ModelName } from '../../../webviews/contract/cost';
import { priceBook } from '../connection/priceSetting';
import type { TokenRates } from '../connection/priceSetting';

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

export interface AskedPrice extends ModelName {
  /** Take the user's price back. */
  readonly remove: boolean;
  /** Known already, so nothing is asked. */
  readonly rates: TokenRates | null;
}

export function priceOf(value: unknown): AskedPrice | null {
  const model = text(field(value, 'model'));
  if (model === null) return null;
  const [entry] = priceBook([{ model, ...(field(value, 'rates') as object | undefined) }]);
  return {
    provider: text(field(value, 'provider')),
    vendor: text(field(value, 'vendor')),
    model,
    remove: flagOf(value, 'remove'),
    rates: entry === undefined ? null : ratesOf(entry),
  };
}

function ratesOf({ input, output, cacheRead, cacheWrite }: PriceBookEntry): TokenRates | null {
  if (input === undefined || output === undefined) return null;
  return { input, output, ...(cacheRead === undefined ? {} : { cacheRead }), ...(cacheWrite === undefined ? {} : { cacheWrite }) };
}

/** What costs are asked of: a session, a sandbox, or null: nothing that was named. */
export function costPlaceOf(value: unknown): CostPlace | null {
  const session = sessionRefOf(value);
  const sourceId = session?.sourceId ?? sourceIdOf(value);
  return sourceId === null ? null : { sourceId, sessionId: session?.sessionId ?? null, withSubagents: true };
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
