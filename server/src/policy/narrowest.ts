/**
 * The narrowest change of a policy file that would have let one recorded request through: its host, its port, its method and path,
 * its program (and what that starts, as every rule). Never a wildcard, never against a guard or a deny rule, never for private addresses. A
 * change is offered only after it was tried: the changed file is read again, must allow the request, must answer as before for the
 * requests beside it, and must hold every other rule as it was.
 */
import { reachOf } from './addresses';
import { endpointMatches, evaluate } from './evaluate';
import type { PolicyRequest } from './evaluate';
import { hasWildcard } from './glob';
import { parsePolicy, Reading } from './parsePolicy';
import type { ParsedPolicy } from './parsePolicy';
import { PolicyFileError } from './policyDocument';
import type { PolicyDocument, PolicyEndpoint, PolicyRule } from './policyDocument';
import type { NoRuleChange } from '../protocol/rules';
import type { Decision } from './recorded';
import type { RequestHint } from './requestHint';
import { mayHoldSecret } from './secretPath';
import { addItem, addRule, applied } from './textEdits';
import type { MaybeEdits, OffsetEdit } from './textEdits';

/** Those that the file and the request alone tell. */
export type NoChangeWhy = Exclude<NoRuleChange, 'in-force' | 'not-a-policy'>;

export interface NarrowRequest {
  readonly host: string;
  readonly port: number;
  readonly binary: string;
  readonly method: string | null;
  readonly path: string | null;
  /** Who told method and path; null: nobody did. */
  readonly toldBy: 'supervisor' | 'command' | null;
}

export type RuleChange =
  | {
      readonly kind: 'change';
      readonly edits: readonly OffsetEdit[];
      /** The file with them. */
      readonly text: string;
      readonly rule: string;
      readonly added: 'rule' | 'method-rule' | 'binary';
      readonly allows: NarrowRequest;
    }
  | { readonly kind: 'none'; readonly why: NoChangeWhy };

const plainBinary = /^(?:\/[A-Za-z0-9_+@][A-Za-z0-9._+@-]*)+$/;
const plainPath = /^\/[A-Za-z0-9\-._~/$&'()+,;=:@%]*$/;
const plainMethod = /^[A-Z]{3,16}$/;
const maxKeyTries = 100;

export function narrowestChange(parsed: ParsedPolicy, decision: Decision, hint: RequestHint | null): RuleChange {
  const asked = askedOf(decision, hint);
  if (typeof asked === 'string') return none(asked);
  const request = requestOf(asked, decision);
  const what = asked.method === null ? 'connection' : 'request';
  if (evaluate(parsed.document, request, what).kind === 'allowed') return none('allowed-already');
  // The name may resolve to addresses that the endpoint opens of the networks around.
  const reaching = parsed.document.rules.flatMap((rule) => rule.endpoints).filter((one) => endpointMatches(one, asked.host, asked.port));
  if (reaching.some(({ allowedIps }) => allowedIps !== null)) return none('private');
  const inPlace = changeInPlace(parsed, decision, asked);
  if (inPlace !== null) {
    const tried = tryOut(parsed, request, asked, inPlace);
    if (tried !== null) return tried;
  }
  const made = newRule(parsed, decision, asked);
  if (made === 'request-unknown') return none(made);
  return (made === null ? null : tryOut(parsed, request, asked, made)) ?? none('style');
}

function none(why: NoChangeWhy): RuleChange {
  return { kind: 'none', why };
}

/** What is to be allowed, once it is known to be fit for that. */
function askedOf({ denial, request, inspected }: Decision, hint: RequestHint | null): NarrowRequest | NoChangeWhy {
  if (denial === null) return 'allowed-already';
  if (denial.kind === 'guard') return 'guard';
  if (denial.kind === 'deny-rule') return 'deny-rule';
  const host = request.host.toLowerCase();
  const reach = reachOf(host, request.port);
  if (reach !== 'public') return reach === 'private' ? 'private' : 'unsafe-text';
  if (request.binary === null) return 'program-unknown';
  if (!plainBinary.test(request.binary)) return 'unsafe-text';
  const base = { host, port: request.port, binary: request.binary };
  if (!inspected) {
    const known = hint !== null && plainMethod.test(hint.method) && isPlainPath(hint.path);
    if (known && mayHoldSecret(hint.path)) return 'secret';
    return known
      ? { ...base, method: hint.method, path: hint.path, toldBy: 'command' }
      : { ...base, method: null, path: null, toldBy: null };
  }
  if (request.method === null || request.path === null) return 'request-unknown';
  const method = request.method.toUpperCase();
  if (!plainMethod.test(method) || !isPlainPath(request.path)) return 'unsafe-text';
  if (mayHoldSecret(request.path)) return 'secret';
  return { ...base, method, path: request.path, toldBy: 'supervisor' };
}

function isPlainPath(path: string): boolean {
  // The proxy tidies paths before it judges them, so what is untidy can't be what it judged.
  const untidy = path.split('/').some((part, i, { length }) => part === '.' || part === '..' || (part === '' && i > 0 && i < length - 1));
  return path.length <= 1000 && plainPath.test(path) && !hasWildcard(path) && !untidy;
}

function requestOf({ host, port, binary, method, path }: NarrowRequest, { request }: Decision): PolicyRequest {
  return { host, port, binary, ancestors: request.ancestors ?? [], method, path };
}

interface Proposal {
  readonly edits: MaybeEdits;
  readonly rule: string;
  readonly added: 'rule' | 'method-rule' | 'binary';
  /** What the rule must be afterwards; null: it is a new one. */
  readonly changed: PolicyRule | null;
}

/** One more line in the rule there is, where that opens nothing for other programs or destinations. */
function changeInPlace(parsed: ParsedPolicy, { denial }: Decision, asked: NarrowRequest): Proposal | null {
  const { document } = parsed;
  if (denial?.kind === 'method-rule') {
    const rule = document.rules.find(({ key }) => key.value === denial.rule);
    const [endpoint] = rule?.endpoints.filter((one) => isExactly(one, asked)) ?? [];
    if (rule === undefined || endpoint === undefined || endpoint.path !== null || endpoint.rules.length === 0) return null;
    if (rule.binaries.length !== 1 || rule.binaries[0]?.value !== asked.binary) return null;
    const list = listOf(parsed, rule, endpoint, 'rules');
    const more = { range: endpoint.range, method: asked.method, path: asked.path, more: false };
    const changed = {
      ...rule,
      endpoints: rule.endpoints.map((one) => (one === endpoint ? { ...one, rules: [...one.rules, more] } : one)),
    };
    return { edits: addItem(parsed, list, allowItem(asked)), rule: rule.key.value, added: 'method-rule', changed };
  }
  // What the rule gives its programs is known to be too much where the request itself is known.
  if (denial?.kind !== 'connection' || asked.method !== null) return null;
  const reaching = document.rules.filter((rule) => rule.endpoints.some((endpoint) => endpointMatches(endpoint, asked.host, asked.port)));
  const [rule] = reaching;
  const [only] = rule?.endpoints ?? [];
  if (rule === undefined || reaching.length !== 1 || rule.endpoints.length !== 1 || only === undefined || !isExactly(only, asked))
    return null;
  const list = listOf(parsed, rule, null, 'binaries');
  const changed = { ...rule, binaries: [...rule.binaries, { value: asked.binary, range: rule.key.range }] };
  return { edits: addItem(parsed, list, `{ path: ${scalar(asked.binary)} }`), rule: rule.key.value, added: 'binary', changed };
}

/** It is for this destination alone. */
function isExactly(endpoint: PolicyEndpoint, { host, port }: NarrowRequest): boolean {
  return endpoint.ports.length === 1 && endpoint.ports[0]?.value === port && endpoint.host?.value.toLowerCase() === host;
}

function listOf(
  { yaml, lines, document }: ParsedPolicy,
  rule: PolicyRule,
  endpoint: PolicyEndpoint | null,
  name: string,
): Parameters<typeof addItem>[1] {
  const reading = new Reading(yaml, lines);
  const under = (node: Parameters<typeof reading.entries>[0], key: string) =>
    reading.entries(node).find((entry) => entry.key === key)?.value ?? null;
  const root = yaml.contents as Parameters<typeof reading.entries>[0];
  const whole = reading.entries(under(root, 'network_policies'))[document.rules.indexOf(rule)]?.value ?? null;
  if (endpoint === null) return under(whole, name);
  return under(reading.items(under(whole, 'endpoints'))[rule.endpoints.indexOf(endpoint)], name);
}

function newRule(parsed: ParsedPolicy, { denial }: Decision, asked: NarrowRequest): Proposal | 'request-unknown' | null {
  const { document } = parsed;
  const near = document.rules.find((rule) =>
    denial?.kind === 'method-rule'
      ? rule.key.value === denial.rule
      : rule.endpoints.some((endpoint) => endpointMatches(endpoint, asked.host, asked.port)),
  );
  const like = near?.endpoints.find((endpoint) => endpointMatches(endpoint, asked.host, asked.port));
  const limits = asked.method !== null ? ['protocol: rest', 'enforcement: enforce', 'rules:'] : likeLimits(like);
  if (limits === null) return 'request-unknown';
  const key = freeKey(document, near, asked);
  const lines = (step: number): readonly string[] => {
    const pad = ' '.repeat(step);
    return [
      `${key}:`,
      `${pad}name: ${key.replaceAll('_', '-')}`,
      `${pad}endpoints:`,
      `${pad}${pad}- host: ${scalar(asked.host)}`,
      `${pad}${pad}  port: ${asked.port}`,
      ...limits.map((line) => `${pad}${pad}  ${line}`),
      ...(asked.method === null ? [] : [`${pad}${pad}  ${pad}- ${allowItem(asked)}`]),
      `${pad}binaries:`,
      `${pad}${pad}- { path: ${scalar(asked.binary)} }`,
    ];
  };
  return { edits: addRule(parsed, lines), rule: key, added: 'rule', changed: null };
}

/** As much as the rule beside it lets others do there, where the request itself is not known; null: that can't be said in short. */
function likeLimits(endpoint: PolicyEndpoint | undefined): readonly string[] | null {
  if (endpoint?.protocol === undefined || endpoint.protocol === null || endpoint.protocol.value === 'tcp') return [];
  const { protocol, access, path } = endpoint;
  if (access === null || path !== null || !['rest', 'websocket', 'graphql'].includes(protocol.value)) return null;
  if (!['read-only', 'read-write', 'full'].includes(access.value) || endpoint.denyRules.length > 0) return null;
  return [`protocol: ${protocol.value}`, 'enforcement: enforce', `access: ${access.value}`];
}

/** After the rule beside it by name, for of several rules the first by name says how a connection is treated. */
function freeKey(document: PolicyDocument, near: PolicyRule | undefined, { host, binary }: NarrowRequest): string {
  const word = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '');
  const program = word(binary.slice(binary.lastIndexOf('/') + 1));
  const before = near !== undefined && /^[A-Za-z][A-Za-z0-9_-]{0,60}$/.test(near.key.value) ? near.key.value : `allow_${word(host)}`;
  const base = `${before}_${program}`.slice(0, 100);
  const taken = new Set(document.rules.map(({ key }) => key.value));
  for (let number = 1; number <= maxKeyTries; number++) {
    const key = number === 1 ? base : `${base}_${number}`;
    if (!taken.has(key)) return key;
  }
  return `${base}_${taken.size + 1}`;
}

function allowItem({ method, path }: NarrowRequest): string {
  return `allow: { method: ${scalar(method ?? '')}, path: ${scalar(path ?? '')} }`;
}

/** Plain where nothing in it means anything to YAML, else quoted. */
function scalar(text: string): string {
  const plain = /^[A-Za-z/][A-Za-z0-9_./-]*$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text);
  return plain ? text : `'${text.replaceAll("'", "''")}'`;
}

function tryOut(parsed: ParsedPolicy, request: PolicyRequest, allows: NarrowRequest, proposal: Proposal): RuleChange | null {
  const { edits, rule, added, changed } = proposal;
  if (edits === null) return null;
  const text = applied(parsed.text, edits);
  const after = parsedOrNull(text);
  if (after === null) return null;
  const what = allows.method === null ? 'connection' : 'request';
  const verdict = evaluate(after.document, request, what);
  if (verdict.kind !== 'allowed' || verdict.audited) return null;
  for (const other of neighbours(request)) if (answer(parsed.document, other) !== answer(after.document, other)) return null;
  const others = (document: PolicyDocument): string =>
    JSON.stringify(document.rules.filter(({ key }) => key.value !== rule).map(plainRule));
  if (others(parsed.document) !== others(after.document)) return null;
  // A list may stand in several places of one rule, by an alias.
  const own = after.document.rules.filter(({ key }) => key.value === rule).map(plainRule);
  if (changed !== null && JSON.stringify(own) !== JSON.stringify([plainRule(changed)])) return null;
  return { kind: 'change', edits, text, rule, added, allows };
}

function answer(document: PolicyDocument, request: PolicyRequest): string {
  const verdict = evaluate(document, request, request.method === null ? 'connection' : 'request');
  // Which rule lets it through may change; whether one does may not.
  return verdict.kind === 'denied' ? 'denied' : verdict.kind === 'unknown' ? 'unknown' : `allowed ${verdict.audited}`;
}

/** Requests that differ from one in a single thing. */
export function neighbours(request: PolicyRequest): readonly PolicyRequest[] {
  const { host, port, binary, method, path } = request;
  const parent = host.split('.').slice(1).join('.');
  const others: PolicyRequest[] = [`www.${host}`, `${host}.example.net`, `x${host}`, parent, 'elsewhere.example.net']
    .filter((name) => name !== '')
    .map((name) => ({ ...request, host: name }));
  others.push(...[port + 1, 22, 80, 443, 8080].filter((one) => one !== port && one <= 65535).map((one) => ({ ...request, port: one })));
  others.push(...[`${binary ?? ''}2`, '/usr/bin/other', '/tmp/x'].map((one) => ({ ...request, binary: one, ancestors: [] })));
  if (method === null || path === null) return others;
  // Whoever may GET may ask for the head of it too.
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
    (one) => one !== method && !(method === 'GET' && one === 'HEAD'),
  );
  others.push(...methods.map((one) => ({ ...request, method: one })));
  const above = path.slice(0, path.lastIndexOf('/')) || '/';
  others.push(
    ...[`${path}/x`, `${path}x`, above, '/', `/x${path}`].filter((one) => one !== path).map((one) => ({ ...request, path: one })),
  );
  return others;
}

function parsedOrNull(text: string): ParsedPolicy | null {
  try {
    return parsePolicy(text);
  } catch (error) {
    if (PolicyFileError.is(error)) return null;
    throw error;
  }
}

/** A rule without the places of its parts. */
function plainRule(rule: PolicyRule): unknown {
  return JSON.parse(JSON.stringify(rule, (key, value: unknown) => (key === 'range' || key.endsWith('Key') ? undefined : value)));
}
