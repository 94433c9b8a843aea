/**
 * What a policy says of a request, by the rules of OpenShell's own engine: a rule lets a request through when one of its endpoints
 * and one of its binaries match; of several rules the first by name counts; where an endpoint is inspected, a deny rule stands before
 * every allow rule. What can't be known from the outside (who started a program, what a name resolves to) makes the answer unknown,
 * never a yes.
 */
import { assertNever } from '../model/assertNever';
import { alwaysBlocked } from './addresses';
import { globMatches } from './glob';
import type { PolicyDocument, PolicyEndpoint, PolicyMethodRule, PolicyRule, Ranged } from './policyDocument';

export interface PolicyRequest {
  readonly host: string;
  readonly port: number;
  /** Path of the program, as the kernel resolved it; null: not observed. */
  readonly binary: string | null;
  /** Of the program; null: not observed. */
  readonly ancestors: readonly string[] | null;
  /** null: not observed. */
  readonly method: string | null;
  /** Without its query; null: not observed. */
  readonly path: string | null;
}

export type Verdict =
  /** `audited`: the rules say no, and the endpoint only records that. */
  | { readonly kind: 'allowed'; readonly rule: string; readonly endpoint: PolicyEndpoint; readonly audited: boolean }
  | {
      readonly kind: 'denied';
      readonly by: 'no-endpoint' | 'binary' | 'no-method-rule' | 'deny-rule' | 'guard';
      readonly rule: string | null;
    }
  | { readonly kind: 'unknown'; readonly why: UnknownWhy };
export type UnknownWhy = 'program' | 'request' | 'protocol' | 'address';

type Tri = 'yes' | 'no' | 'unknown';

export function endpointMatches(endpoint: PolicyEndpoint, host: string, port: number): boolean {
  if (!endpoint.ports.some(({ value }) => value === port)) return false;
  const pattern = endpoint.host?.value.toLowerCase() ?? '';
  if (pattern === '') return (endpoint.allowedIps?.value.length ?? 0) > 0;
  const name = host.toLowerCase();
  return pattern.includes('*') ? globMatches(pattern, name, '.', endpoint.host ?? undefined) : pattern === name;
}

export function binaryMatches(binary: Ranged<string>, path: string): boolean {
  return binary.value.includes('*') ? globMatches(binary.value, path, '/', binary) : binary.value === path;
}

/** Whether a rule is for a program: for the program itself, or for one that started it. */
export function programMatches(rule: PolicyRule, { binary, ancestors }: Pick<PolicyRequest, 'binary' | 'ancestors'>): Tri {
  const is = (path: string): boolean => rule.binaries.some((one) => binaryMatches(one, path));
  if ((binary !== null && is(binary)) || (ancestors ?? []).some(is)) return 'yes';
  return rule.binaries.length > 0 && (binary === null || ancestors === null) ? 'unknown' : 'no';
}

/** What the endpoint lets through is looked at, not only where it goes. */
export function isInspected(endpoint: PolicyEndpoint): boolean {
  const protocol = endpoint.protocol?.value.toLowerCase() ?? '';
  return protocol !== '' && protocol !== 'tcp';
}

/** `of`: the part of a document that holds the pattern, and no other. */
export function pathMatches(pattern: string | null, path: string, of?: object): boolean {
  return pattern === '**' || (pattern !== null && globMatches(pattern, path, '/', of));
}

export function methodMatches(pattern: string | null, method: string): boolean {
  if (pattern === null) return false;
  const [wanted, given] = [pattern.toUpperCase(), method.toUpperCase()];
  return wanted === '*' || wanted === given || (given === 'HEAD' && wanted === 'GET');
}

const accessMethods: Readonly<Record<string, readonly string[]>> = {
  'read-only': ['GET', 'HEAD', 'OPTIONS'],
  'read-write': ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH'],
  full: ['*'],
};

/** Of an endpoint with `access` the rules that stands for. */
export function allowRules(endpoint: PolicyEndpoint): readonly Pick<PolicyMethodRule, 'method' | 'path' | 'more'>[] {
  if (endpoint.rules.length > 0 || endpoint.access === null) return endpoint.rules;
  return (accessMethods[endpoint.access.value] ?? []).map((method) => ({ method, path: '**', more: false }));
}

const sorted = new WeakMap<PolicyDocument, readonly PolicyRule[]>();

function byName(policy: PolicyDocument): readonly PolicyRule[] {
  let rules = sorted.get(policy);
  if (rules === undefined) sorted.set(policy, (rules = [...policy.rules].sort((a, b) => (a.key.value < b.key.value ? -1 : 1))));
  return rules;
}

/** `what`: a connection is judged by where it goes and who opens it; what is asked within it is judged after. */
export function evaluate(policy: PolicyDocument, request: PolicyRequest, what: 'connection' | 'request' = 'request'): Verdict {
  const { host, port } = request;
  if (alwaysBlocked(host, port)) return { kind: 'denied', by: 'guard', rule: null };
  const reaching = byName(policy).filter((rule) => rule.endpoints.some((endpoint) => endpointMatches(endpoint, host, port)));
  const [first] = reaching;
  if (first === undefined) return { kind: 'denied', by: 'no-endpoint', rule: null };
  const programs = reaching.map((rule) => ({ rule, is: programMatches(rule, request) }));
  const open = programs.filter(({ is }) => is === 'yes').map(({ rule }) => rule);
  const doubtful = programs.filter(({ is }) => is === 'unknown').map(({ rule }) => rule);
  const [chosen] = open;
  if (chosen === undefined)
    return doubtful.length > 0 ? { kind: 'unknown', why: 'program' } : { kind: 'denied', by: 'binary', rule: first.key.value };

  const endpoints = open.flatMap((rule) =>
    rule.endpoints.filter((endpoint) => endpointMatches(endpoint, host, port)).map((endpoint) => ({ rule, endpoint })),
  );
  const [plain] = endpoints;
  if (plain === undefined) return { kind: 'denied', by: 'no-endpoint', rule: null };
  // An endpoint without a host is for addresses, and what a name resolves to is not known here.
  if (endpoints.every(({ endpoint }) => endpoint.host === null)) return { kind: 'unknown', why: 'address' };
  if (what === 'connection' || !endpoints.some(({ endpoint }) => isInspected(endpoint)))
    return { kind: 'allowed', rule: chosen.key.value, endpoint: plain.endpoint, audited: false };
  return inspected(request, endpoints, doubtful);
}

interface Reaching {
  readonly rule: PolicyRule;
  readonly endpoint: PolicyEndpoint;
}

function inspected({ method, path }: PolicyRequest, endpoints: readonly Reaching[], doubtful: readonly PolicyRule[]): Verdict {
  if (method === null || path === null) return { kind: 'unknown', why: 'request' };
  const here = endpoints.filter(({ endpoint }) => {
    const pattern = endpoint.path?.value ?? '';
    return pattern === '' || pathMatches(pattern, path, endpoint.path ?? undefined);
  });
  const config = here.filter(({ endpoint }) => isInspected(endpoint)).sort((a, b) => specificity(b.endpoint) - specificity(a.endpoint))[0];
  const audited = config !== undefined && config.endpoint.enforcement?.value !== 'enforce';
  if (here.some(({ endpoint }) => !['rest', 'websocket'].includes(endpoint.protocol?.value.toLowerCase() ?? 'rest')))
    return { kind: 'unknown', why: 'protocol' };
  const answers = here.map(({ rule, endpoint }) => ({ rule, endpoint, is: says(endpoint.denyRules, method, path) }));
  const denied = answers.find(({ is }) => is === 'yes');
  if (denied !== undefined && !audited) return { kind: 'denied', by: 'deny-rule', rule: denied.rule.key.value };
  if (answers.some(({ is }) => is === 'unknown')) return { kind: 'unknown', why: 'request' };
  const allows = here.map(({ rule, endpoint }) => ({ rule, endpoint, is: says(allowRules(endpoint), method, path) }));
  const allowed = allows.find(({ is }) => is === 'yes');
  if (allowed !== undefined && denied === undefined)
    return doubtful.some((rule) => rule.endpoints.some(({ denyRules }) => denyRules.length > 0))
      ? { kind: 'unknown', why: 'program' }
      : { kind: 'allowed', rule: allowed.rule.key.value, endpoint: allowed.endpoint, audited: false };
  if (audited) return { kind: 'allowed', rule: config.rule.key.value, endpoint: config.endpoint, audited: true };
  if (allows.some(({ is }) => is === 'unknown')) return { kind: 'unknown', why: 'request' };
  if (doubtful.length > 0) return { kind: 'unknown', why: 'program' };
  return { kind: 'denied', by: 'no-method-rule', rule: (config ?? endpoints[0])?.rule.key.value ?? null };
}

function specificity(endpoint: PolicyEndpoint): number {
  return (endpoint.path?.value ?? '').replaceAll('*', '').length;
}

/** A rule that says more than method and path is not known to match: the log leaves queries out. */
function says(rules: readonly Pick<PolicyMethodRule, 'method' | 'path' | 'more'>[], method: string, path: string): Tri {
  const fitting = rules.filter((rule) => methodMatches(rule.method, method) && pathMatches(rule.path, path, rule));
  if (fitting.some(({ more }) => !more)) return 'yes';
  return fitting.length > 0 ? 'unknown' : 'no';
}

/** In a few words, for people. */
export function unknownText(why: UnknownWhy): string {
  switch (why) {
    case 'program':
      return 'which program asked, or who started it, was not observed';
    case 'request':
      return 'its method and path, or its query, were not observed';
    case 'protocol':
      return 'it is judged by the content of the request, which was not observed';
    case 'address':
      return 'it depends on the address the name resolves to';
    default:
      return assertNever(why);
  }
}
