/**
 * OpenShell's policy as its gateway sends it, by the field numbers of `proto/sandbox.proto` (see openshellMessages.ts), into the words
 * of the policy file. A field of a newer version that is not known here is told, for a policy may say something by it.
 */
import type { WireField } from './wire';

/** Keys and values as a policy file has them, in its order. What is not set is left out. */
export type PolicyPart = string | number | boolean | readonly PolicyPart[] | { readonly [key: string]: PolicyPart };

export interface SandboxPolicy {
  readonly version: number;
  readonly filesystem: PolicyPart | null;
  readonly landlock: PolicyPart | null;
  readonly process: PolicyPart | null;
  /** By key, in order of it. */
  readonly networkPolicies: ReadonlyMap<string, PolicyPart>;
  readonly middlewares: ReadonlyMap<string, PolicyPart>;
  /** What it says that is not known here, as `endpoint field 31`. */
  readonly unknown: readonly string[];
}

const tlsModes = { 1: 'skip', 2: 'terminate', 3: 'passthrough' };
const enforcementModes = { 1: 'enforce', 2: 'audit' };
const accessPresets = { 1: 'read-only', 2: 'read-write', 3: 'full' };

/** Kinds of what is not known that are told at most. */
const maxUnknown = 20;

class Unknown {
  readonly #found = new Set<string>();

  note(where: string, { number }: WireField): void {
    if (this.#found.size < maxUnknown) this.#found.add(`${where} field ${number}`);
  }

  get found(): readonly string[] {
    return [...this.#found].sort();
  }
}

/** A map whose values are made part by part; empty ones are as if they were never there, as in the interface itself. */
class Parts {
  readonly #made: Record<string, PolicyPart> = Object.create(null) as Record<string, PolicyPart>;

  set(key: string, value: PolicyPart): void {
    const empty = value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
    if (!empty) this.#made[key] = value;
  }

  add(key: string, ...values: readonly PolicyPart[]): void {
    const known = this.#made[key];
    this.#made[key] = [...(Array.isArray(known) ? (known as readonly PolicyPart[]) : []), ...values];
  }

  has(key: string): boolean {
    return key in this.#made;
  }

  take(key: string): PolicyPart | undefined {
    const value = this.#made[key];
    delete this.#made[key];
    return value;
  }

  /** In the order of `keys`, and nothing else. */
  made(keys: readonly string[]): { readonly [key: string]: PolicyPart } {
    return Object.fromEntries(keys.flatMap((key) => (key in this.#made ? [[key, this.#made[key] as PolicyPart] as const] : [])));
  }
}

/** SandboxPolicy: version = 1, filesystem = 2, landlock = 3, process = 4, network_policies = 5, network_middlewares = 6. */
export function policyOf(fields: Iterable<WireField>): SandboxPolicy {
  const unknown = new Unknown();
  let version = 0;
  let [filesystem, landlock, process]: (PolicyPart | null)[] = [null, null, null];
  const networkPolicies = new Map<string, PolicyPart>();
  const middlewares = new Map<string, PolicyPart>();
  for (const field of fields) {
    switch (field.number) {
      case 1:
        version = field.number32();
        break;
      case 2:
        filesystem = field.message((parts) => filesystemOf(parts, unknown));
        break;
      case 3:
        landlock = field.message((parts) => textsOf(parts, { 1: 'compatibility' }, 'landlock', unknown));
        break;
      case 4:
        process = field.message((parts) => textsOf(parts, { 1: 'run_as_user', 2: 'run_as_group' }, 'process', unknown));
        break;
      case 5:
        entry(field, networkPolicies, (parts) => ruleOf(parts, unknown));
        break;
      case 6:
        entry(field, middlewares, (parts) => middlewareOf(parts, unknown));
        break;
      default:
        unknown.note('policy', field);
    }
  }
  return {
    version,
    filesystem: filesystem ?? null,
    landlock: landlock ?? null,
    process: process ?? null,
    networkPolicies: byKey(networkPolicies),
    middlewares: byKey(middlewares),
    unknown: unknown.found,
  };
}

function byKey(entries: ReadonlyMap<string, PolicyPart>): ReadonlyMap<string, PolicyPart> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** An entry of a map: key = 1, value = 2. Of two with one key the last counts. */
function entry(field: WireField, into: Map<string, PolicyPart>, read: (parts: Iterable<WireField>) => PolicyPart): void {
  field.message((parts) => {
    let key = '';
    let value: PolicyPart = {};
    for (const part of parts) {
      if (part.number === 1) key = part.text();
      else if (part.number === 2) value = part.message(read);
    }
    into.set(key, value);
  });
}

function entries(field: WireField, into: Parts, name: string, read: (parts: Iterable<WireField>) => PolicyPart): void {
  const known = new Map<string, PolicyPart>();
  entry(field, known, read);
  into.set(name, { ...((into.take(name) ?? {}) as object), ...Object.fromEntries(known) });
}

function textsOf(fields: Iterable<WireField>, names: Readonly<Record<number, string>>, where: string, unknown: Unknown): PolicyPart {
  const made = new Parts();
  for (const field of fields) {
    const name = names[field.number];
    if (name === undefined) unknown.note(where, field);
    else made.set(name, field.text());
  }
  return made.made(Object.values(names));
}

/** FilesystemPolicy: include_workdir = 1, read_only = 2, read_write = 3. */
function filesystemOf(fields: Iterable<WireField>, unknown: Unknown): PolicyPart {
  const made = new Parts();
  let includes = false;
  for (const field of fields) {
    if (field.number === 1) includes = field.flag();
    else if (field.number === 2) made.add('read_only', field.text());
    else if (field.number === 3) made.add('read_write', field.text());
    else unknown.note('filesystem', field);
  }
  return { include_workdir: includes, ...made.made(['read_only', 'read_write']) };
}

/** NetworkPolicyRule: name = 1, endpoints = 2, binaries = 3 (NetworkBinary: path = 1; harness = 2 says nothing any more). */
function ruleOf(fields: Iterable<WireField>, unknown: Unknown): PolicyPart {
  const made = new Parts();
  for (const field of fields) {
    if (field.number === 1) made.set('name', field.text());
    else if (field.number === 2)
      made.add(
        'endpoints',
        field.message((parts) => endpointOf(parts, unknown)),
      );
    else if (field.number === 3)
      made.add(
        'binaries',
        field.message((parts) => {
          let path = '';
          for (const part of parts) {
            if (part.number === 1) path = part.text();
            else if (part.number !== 2) unknown.note('binary', part);
          }
          return { path };
        }),
      );
    else unknown.note('rule', field);
  }
  return made.made(['name', 'endpoints', 'binaries']);
}

const endpointOrder = [
  ...['host', 'port', 'ports', 'path', 'protocol', 'tls', 'enforcement', 'access', 'rules', 'deny_rules', 'allowed_ips'],
  ...['allow_encoded_slash', 'websocket_credential_rewrite', 'request_body_credential_rewrite', 'allow_uninspected_credentials'],
  ...['persisted_queries', 'graphql_persisted_queries', 'graphql_max_body_bytes', 'credential_signing', 'signing_service'],
  ...['signing_region', 'credential_binding', 'json_rpc', 'mcp'],
];
const endpointTexts: Readonly<Record<number, string>> = {
  1: 'host',
  3: 'protocol',
  12: 'persisted_queries',
  15: 'path',
  19: 'credential_signing',
  20: 'signing_service',
  21: 'signing_region',
};
const endpointFlags: Readonly<Record<number, string>> = {
  11: 'allow_encoded_slash',
  16: 'websocket_credential_rewrite',
  17: 'request_body_credential_rewrite',
  25: 'allow_uninspected_credentials',
};
/** advisor_proposed, provider_credentialed, token_grant_owner: marks of the gateway's own, which no file can say. */
const endpointMarks = new Set([18, 26, 27]);

/** NetworkEndpoint. */
function endpointOf(fields: Iterable<WireField>, unknown: Unknown): PolicyPart {
  const made = new Parts();
  const ports: number[] = [];
  let port = 0;
  let bodyBytes = 0;
  let mcp: { readonly [key: string]: PolicyPart } = {};
  const allow: RawRule[] = [];
  const deny: RawRule[] = [];
  for (const field of fields) {
    const text = endpointTexts[field.number];
    const flag = endpointFlags[field.number];
    if (text !== undefined) made.set(text, field.text());
    else if (flag !== undefined) made.set(flag, field.flag());
    else if (field.number === 2) port = field.number32();
    else if (field.number === 4) made.set('tls', field.textOr(tlsModes));
    else if (field.number === 5) made.set('enforcement', field.textOr(enforcementModes));
    else if (field.number === 6) made.set('access', field.textOr(accessPresets));
    else if (field.number === 7) allow.push(allowOf(field, unknown));
    else if (field.number === 8) made.add('allowed_ips', field.text());
    else if (field.number === 9) ports.push(...field.numbers32());
    else if (field.number === 10) deny.push(field.message((parts) => rawRuleOf(parts, 'deny rule', unknown)));
    else if (field.number === 13) entries(field, made, 'graphql_persisted_queries', (parts) => operationOf(parts, unknown));
    else if (field.number === 14) made.set('graphql_max_body_bytes', field.number32());
    else if (field.number === 22) bodyBytes = field.number32();
    else if (field.number === 23) mcp = field.message((parts) => mcpOf(parts, unknown));
    else if (field.number === 24)
      made.set(
        'credential_binding',
        field.message((parts) => textsOf(parts, { 1: 'provider' }, 'credential binding', unknown)),
      );
    else if (!endpointMarks.has(field.number)) unknown.note('endpoint', field);
  }
  // Several ports count before the one, which is there for older readers.
  if (ports.length > 1) made.set('ports', ports);
  else made.set('port', ports[0] ?? port);
  const isMcp = made.made(['protocol'])['protocol']?.toString().toLowerCase() === 'mcp';
  const limit: { readonly [key: string]: PolicyPart } = bodyBytes > 0 ? { max_body_bytes: bodyBytes } : {};
  if (isMcp && (bodyBytes > 0 || Object.keys(mcp).length > 0)) made.set('mcp', { ...limit, ...mcp });
  if (!isMcp && bodyBytes > 0) made.set('json_rpc', limit);
  const allMethods = mcp['allow_all_known_mcp_methods'] === true;
  if (allow.length > 0)
    made.set(
      'rules',
      allow.map((rule) => ({ allow: ruleText(rule, isMcp, allMethods) })),
    );
  if (deny.length > 0)
    made.set(
      'deny_rules',
      deny.map((rule) => ruleText(rule, isMcp, allMethods)),
    );
  return made.made(endpointOrder);
}

interface RawRule {
  readonly parts: Parts;
  /** Of `params`, by name. */
  readonly params: { readonly [key: string]: PolicyPart };
}

/** L7Rule: allow = 1. */
function allowOf(field: WireField, unknown: Unknown): RawRule {
  return field.message((parts) => {
    let rule: RawRule = { parts: new Parts(), params: {} };
    for (const part of parts) {
      if (part.number === 1) rule = part.message((says) => rawRuleOf(says, 'rule of a method', unknown));
      else unknown.note('rule of a method', part);
    }
    return rule;
  });
}

/** L7Allow and L7DenyRule have the same fields. */
function rawRuleOf(fields: Iterable<WireField>, where: string, unknown: Unknown): RawRule {
  const parts = new Parts();
  const params: Parts = new Parts();
  const texts: Readonly<Record<number, string>> = { 1: 'method', 2: 'path', 3: 'command', 5: 'operation_type', 6: 'operation_name' };
  for (const field of fields) {
    const text = texts[field.number];
    if (text !== undefined) parts.set(text, field.text());
    else if (field.number === 4) entries(field, parts, 'query', (says) => matcherOf(says, unknown));
    else if (field.number === 7) parts.add('fields', field.text());
    else if (field.number === 9) entries(field, params, 'params', (says) => matcherOf(says, unknown));
    else unknown.note(where, field);
  }
  return { parts, params: (params.take('params') ?? {}) as RawRule['params'] };
}

/** The name of an MCP tool is a parameter on the wire, and a word of its own in a file; the method that goes without saying is left out. */
function ruleText({ parts, params }: RawRule, isMcp: boolean, allMethods: boolean): PolicyPart {
  const { name, ...others } = params;
  if (isMcp && name !== undefined) parts.set('tool', name);
  const { method } = parts.made(['method']);
  if (isMcp && (name === undefined ? method === '*' : method === 'tools/call' && allMethods)) parts.take('method');
  const rest = isMcp ? others : params;
  if (Object.keys(rest).length > 0) parts.set('params', rest);
  return parts.made(['method', 'path', 'command', 'query', 'operation_type', 'operation_name', 'fields', 'tool', 'params']);
}

/** L7QueryMatcher: glob = 1, any = 2. */
function matcherOf(fields: Iterable<WireField>, unknown: Unknown): PolicyPart {
  let glob = '';
  const any: string[] = [];
  for (const field of fields) {
    if (field.number === 1) glob = field.text();
    else if (field.number === 2) any.push(field.text());
    else unknown.note('matcher', field);
  }
  return any.length > 0 ? { any } : glob;
}

/** GraphqlOperation: operation_type = 1, operation_name = 2, fields = 3. */
function operationOf(fields: Iterable<WireField>, unknown: Unknown): PolicyPart {
  const made = new Parts();
  for (const field of fields) {
    if (field.number === 1) made.set('operation_type', field.text());
    else if (field.number === 2) made.set('operation_name', field.text());
    else if (field.number === 3) made.add('fields', field.text());
    else unknown.note('operation', field);
  }
  return made.made(['operation_type', 'operation_name', 'fields']);
}

/** McpOptions: strict_tool_names = 1, allow_all_known_mcp_methods = 2, versions = 3. A flag that is set to no says so. */
function mcpOf(fields: Iterable<WireField>, unknown: Unknown): { readonly [key: string]: PolicyPart } {
  const made: Record<string, PolicyPart> = {};
  const versions: string[] = [];
  for (const field of fields) {
    if (field.number === 1) made['strict_tool_names'] = field.flag();
    else if (field.number === 2) made['allow_all_known_mcp_methods'] = field.flag();
    else if (field.number === 3) versions.push(field.text());
    else unknown.note('MCP options', field);
  }
  return versions.length === 0 ? made : { ...made, versions };
}

/**
 * NetworkMiddlewareConfig: name = 1, middleware = 2, config = 3, on_error = 4, endpoints = 5, order = 6. What a service is configured
 * with is for that service alone, may be anything, and has no say in what is denied: it is not read.
 */
function middlewareOf(fields: Iterable<WireField>, unknown: Unknown): PolicyPart {
  const made = new Parts();
  const texts: Readonly<Record<number, string>> = { 1: 'name', 2: 'middleware', 4: 'on_error' };
  for (const field of fields) {
    const text = texts[field.number];
    if (text !== undefined) made.set(text, field.text());
    else if (field.number === 5)
      made.set(
        'endpoints',
        field.message((parts) => {
          const selected = new Parts();
          for (const part of parts) {
            if (part.number === 1) selected.add('include', part.text());
            else if (part.number === 2) selected.add('exclude', part.text());
            else unknown.note('selector', part);
          }
          return selected.made(['include', 'exclude']);
        }),
      );
    else if (field.number === 6) made.set('order', field.number32() | 0);
    else if (field.number !== 3) unknown.note('middleware', field);
  }
  return made.made(['name', 'middleware', 'on_error', 'endpoints', 'order']);
}
