// A policy as a gateway sends it becomes the text of a policy file, and nothing that a gateway can send does more than that.
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { GatewayError } from '../../../server/src/gateway/gatewayError';
import { dialectOf, policyStatus, sandboxConfig } from '../../../server/src/gateway/openshellMessages';
import type { SandboxPolicy } from '../../../server/src/gateway/policyMessages';
import { policyYaml, withoutProviders } from '../../../server/src/gateway/policyYaml';
import { maxWireFields } from '../../../server/src/gateway/wire';
import { parsePolicy } from '../../../server/src/policy/parsePolicy';
import { encoded, wirePolicy } from '../../gateway/fakeGateway';
import { bedPolicyText } from '../policy/made';

function told(text: string): SandboxPolicy {
  const { policy } = sandboxConfig(encoded('openshell.v1.ConfigResponse', { policy: wirePolicy(text) }));
  if (policy === null) throw new Error('no policy');
  return policy;
}

function reasonOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (GatewayError.is(error)) return error.reason;
    throw error;
  }
  return 'none';
}

const everything = `version: 1
filesystem_policy:
  include_workdir: false
  read_only: [/usr]
network_policies:
  graph:
    name: graph
    endpoints:
      - host: api.example.com
        ports: [443, 8443]
        path: /graphql
        protocol: graphql
        tls: terminate
        enforcement: enforce
        rules:
          - allow: { operation_type: query, operation_name: 'Get*', fields: [viewer, 'repo*'] }
        deny_rules:
          - { method: POST, path: /x, query: { token: '*', kind: { any: [a, b] } } }
        allowed_ips: [10.0.0.0/8]
        allow_encoded_slash: true
        persisted_queries: allow_registered
        graphql_persisted_queries:
          abc: { operation_type: query, operation_name: Get, fields: [viewer] }
        graphql_max_body_bytes: 100
        credential_binding: { provider: mine }
    binaries:
      - path: /usr/bin/node
  tools:
    name: tools
    endpoints:
      - host: mcp.example.com
        port: 443
        protocol: mcp
        mcp: { max_body_bytes: 10, strict_tool_names: false }
        rules:
          - allow: { method: tools/call, tool: search, params: { kind: '*' } }
    binaries:
      - path: /usr/bin/node
`;

/** As it goes over the wire: tools are parameters, limits have a field of their own. */
const everythingSent = everything
  .replace(
    'mcp: { max_body_bytes: 10, strict_tool_names: false }',
    'mcp: { strict_tool_names: false }\n        json_rpc: { max_body_bytes: 10 }',
  )
  .replace("tool: search, params: { kind: '*' }", "params: { name: { glob: search }, kind: { glob: '*' } }")
  .replace("token: '*', kind: { any: [a, b] }", "token: { glob: '*' }, kind: { any: [a, b] }");

describe('a policy over the wire', () => {
  it('is the file that it was made from, in the words of a policy file', () => {
    const text = policyYaml(told(bedPolicyText), []);
    const plain = (source: string): unknown =>
      JSON.parse(JSON.stringify(parsePolicy(source).document, (key, value: unknown) => (/range|Key$/.test(key) ? undefined : value)));
    const [had, has] = [plain(bedPolicyText), plain(text)] as { rules: { key: { value: string } }[] }[];
    const sorted = (document: typeof had): unknown => [...(document?.rules ?? [])].sort((a, b) => (a.key.value < b.key.value ? -1 : 1));
    expect(sorted(has)).toEqual(sorted(had));
    expect(parse(text)).toMatchObject({ landlock: { compatibility: 'best_effort' }, filesystem_policy: { include_workdir: true } });
  });

  it('keeps everything that a rule can say', () => {
    const policy = told(everythingSent);
    expect(policy.unknown).toEqual([]);
    expect(parse(policyYaml(policy, []))).toEqual(parse(everything));
  });

  it('has words for the numbers of newer versions, and tells of those it does not know', () => {
    const endpoint = { host: 'a.example.com', ports: [443], protocol: 'rest', tls: 2, enforcement: 1, access: 9, token_grant_owner: 'x' };
    const policy = { version: 1, network_policies: { a: { name: 'a', endpoints: [endpoint] } } };
    const { policy: found } = sandboxConfig(encoded('openshell.v1.ByNameConfigResponse', { policy, version: 3 }));
    expect(parse(policyYaml(found as SandboxPolicy, []))).toEqual({
      version: 1,
      network_policies: {
        a: {
          name: 'a',
          endpoints: [
            { host: 'a.example.com', port: 443, protocol: 'rest', tls: 'terminate', enforcement: 'enforce', access: 'unknown-9' },
          ],
        },
      },
    });
    expect(found?.unknown).toEqual([]);
    const later = { version: 1, network_policies: { a: { endpoints: [{ host: 'h', of_a_later_version: 'deny everything' }] } } };
    expect(sandboxConfig(encoded('openshell.v1.ConfigResponse', { policy: later })).policy?.unknown).toEqual(['endpoint field 99']);
  });

  it('leaves out what only a gateway can say where a file of the user is made of it, and what a middleware is configured with always', () => {
    const policy = {
      version: 1,
      network_policies: { own: { name: 'own' }, _provider_github: { name: 'x' } },
      network_middlewares: {
        guard: { middleware: 'content-guard', config: Buffer.from('0a05746f6b656e', 'hex'), order: -2, on_error: 'fail_open' },
      },
    };
    const { policy: found } = sandboxConfig(encoded('openshell.v1.ConfigResponse', { policy }));
    if (found === null) throw new Error('no policy');
    expect(parse(policyYaml(found, []))).toMatchObject({
      network_policies: { own: { name: 'own' }, _provider_github: { name: 'x' } },
      network_middlewares: { guard: { middleware: 'content-guard', order: -2, on_error: 'fail_open' } },
    });
    expect(policyYaml(found, [])).not.toContain('token');
    expect(parse(policyYaml(withoutProviders(found), []))).toMatchObject({ network_policies: { own: { name: 'own' } } });
    expect(policyYaml(withoutProviders(found), [])).not.toContain('_provider_');
  });

  it('shows hostile text as what it is: one line each, nothing hidden, nothing turned round, no alias, tag or comment', () => {
    const hostile = [
      'a\n# b: c',
      '*alias',
      '&anchor x',
      '!!js/function y',
      '\u202eevil',
      '\u200bzero',
      '\u{e0041}tag',
      'x\u2028y',
      '- item',
      'no',
      '10.20',
      '\u001b[31m',
      '__proto__',
      '\ufeff',
      '',
    ];
    const rules = Object.fromEntries(
      hostile.map((text, i) => [`${text}${i}`, { name: text, endpoints: [{ host: text, path: text }], binaries: [{ path: text }] }]),
    );
    const { policy } = sandboxConfig(encoded('openshell.v1.ConfigResponse', { policy: { version: 1, network_policies: rules } }));
    const text = policyYaml(policy as SandboxPolicy, ['head']);
    expect(text).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|[\u2028\u2029\u200b]/u);
    const { document } = parsePolicy(text);
    expect(document.rules.map(({ key }) => key.value).sort()).toEqual(hostile.map((one, i) => `${one}${i}`).sort());
    for (const { key, binaries, endpoints } of document.rules) {
      const said = key.value.replace(/\d+$/, '');
      const hosts = endpoints.map(({ host }) => host?.value ?? '');
      expect([binaries.map(({ value }) => value), hosts]).toEqual([
        [key.value.startsWith('10.20') ? '10.20' : said],
        [key.value.startsWith('10.20') ? '10.20' : said],
      ]);
    }
  });

  it('is bounded in its parts, and by where it says it ends', () => {
    expect(reasonOf(() => sandboxConfig(Buffer.concat(Array.from({ length: maxWireFields + 1 }, () => Buffer.of(0x10, 0x01)))))).toBe(
      'too-large',
    );
    const whole = encoded('openshell.v1.ConfigResponse', { policy: wirePolicy(bedPolicyText), policy_hash: 'x' });
    for (let end = 0; end < whole.length; end++)
      expect(['none', 'garbled']).toContain(reasonOf(() => sandboxConfig(whole.subarray(0, end))));
    expect(reasonOf(() => sandboxConfig(Buffer.from('0affffffff0f41', 'hex')))).toBe('garbled');
    expect(reasonOf(() => sandboxConfig(Buffer.from('1a02', 'hex')))).toBe('garbled');
    // A text where a number is meant, and the other way round.
    expect(reasonOf(() => sandboxConfig(Buffer.from('12016f', 'hex')))).toBe('garbled');
    expect(reasonOf(() => sandboxConfig(Buffer.from('1801', 'hex')))).toBe('garbled');
  });

  it('tells which revision it is and whether the sandbox took it', () => {
    const revision = { version: 5, status: 3, load_error: 'no such user' };
    expect(policyStatus(encoded('openshell.v1.StatusResponse', { revision, active_version: 4 }))).toEqual({
      revision: 5,
      load: 'failed',
      loadError: 'no such user',
      active: 4,
    });
    expect(policyStatus(Buffer.alloc(0))).toEqual({ revision: 0, load: 'unknown', loadError: '', active: 0 });
    expect(sandboxConfig(Buffer.alloc(0)).policy).toBeNull();
  });

  it('is asked for as the version of the gateway wants it', () => {
    expect(['0.0.39', 'v0.0.116', '0.0.112-dev.6+g2bf9969', '0.1.5', '0.2.0', '1.0.0', '', 'x', '9'].map(dialectOf)).toEqual([
      'by-id',
      'by-id',
      'by-id',
      'by-name',
      'by-name',
      'by-name',
      null,
      null,
      null,
    ]);
  });
});
