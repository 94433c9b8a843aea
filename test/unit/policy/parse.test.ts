import { describe, expect, it } from 'vitest';
import { maxPolicyAliases, maxPolicyBytes, maxPolicyDepth, parsePolicy } from '../../../server/src/policy/parsePolicy';
import { PolicyFileError } from '../../../server/src/policy/policyDocument';
import { bedPolicy, bedPolicyText, lineAt } from './made';

function reasonOf(text: string): string | null {
  try {
    parsePolicy(text);
    return null;
  } catch (error) {
    if (PolicyFileError.is(error)) return error.reason;
    throw error;
  }
}

describe('a policy file', () => {
  it('is read with the place of every part', () => {
    const { document } = bedPolicy();
    expect(document.rules.map(({ key }) => key.value)).toEqual(['docs_site', 'pypi', 'github_api']);
    const [docs, pypi, github] = document.rules;
    expect(lineAt(bedPolicyText, docs?.key.range ?? { start: { line: -1 } })).toBe('  docs_site:');
    const [endpoint] = docs?.endpoints ?? [];
    expect(endpoint).toMatchObject({ host: { value: 'docs.example.com' }, ports: [{ value: 80 }], access: { value: 'read-only' } });
    expect(lineAt(bedPolicyText, endpoint?.access?.range ?? { start: { line: -1 } })).toBe('        access: read-only');
    expect(pypi?.binaries).toMatchObject([{ value: '/usr/bin/python3*' }]);
    expect(github?.endpoints[0]).toMatchObject({ ports: [{ value: 443 }], rules: [{ method: 'GET', path: '/repos/**', more: false }] });
    expect(lineAt(bedPolicyText, github?.endpoints[0]?.rulesKey ?? { start: { line: -1 } })).toBe('        rules:');
  });

  it('in other ways of writing gives the same', () => {
    const flow = parsePolicy(
      '{"network_policies": {"a": {"endpoints": [{"host": "x.example.com", "port": 443}], "binaries": ["/usr/bin/curl"]}}}',
    );
    const block = parsePolicy(
      'network_policies:\r\n  a:\r\n    endpoints:\r\n    - host: x.example.com\r\n      ports: [443]\r\n    binaries:\r\n    - path: /usr/bin/curl\r\n',
    );
    const plain = ({ document }: typeof flow): unknown =>
      document.rules.map((rule) => [
        rule.key.value,
        rule.endpoints[0]?.host?.value,
        rule.endpoints[0]?.ports[0]?.value,
        rule.binaries[0]?.value,
      ]);
    expect(plain(flow)).toEqual([['a', 'x.example.com', 443, '/usr/bin/curl']]);
    expect(plain(block)).toEqual(plain(flow));
    const alias = parsePolicy(
      'network_policies:\n  a: &a\n    endpoints: [{ host: x.example.com, port: 443 }]\n    binaries: [/usr/bin/curl]\n  b: *a\n',
    );
    expect(alias.document.rules.map(({ key, binaries }) => [key.value, binaries[0]?.value])).toEqual([
      ['a', '/usr/bin/curl'],
      ['b', '/usr/bin/curl'],
    ]);
  });

  it('that opens no network is one, and other YAML is none', () => {
    expect(parsePolicy('version: 1\nfilesystem_policy: {}\n').document).toEqual({ networkKey: null, rules: [] });
    expect(parsePolicy('network_policies:\n').document.rules).toEqual([]);
    for (const other of ['', '- a\n', 'version: 1\nservices: {}\n', 'just text']) expect(reasonOf(other), other).toBe('no-policy');
    expect(reasonOf('network_policies: [')).toBe('not-yaml');
    expect(reasonOf('network_policies:\n  a: 1\n  a: 2\n')).toBe('not-yaml');
  });

  it('with wrong things in it gives what is right', () => {
    const { document } = parsePolicy(
      'network_policies:\n  a: text\n  ? [k]\n  : 1\n  b:\n    endpoints: {host: x}\n    binaries: [{}, 3, null, {path: [1]}]\n  c:\n    endpoints: [7, {host: c.example.com, port: 99999}, {host: c.example.com, ports: [1, two, 3]}]\n',
    );
    expect(
      document.rules.map(({ key, endpoints, binaries }) => [
        key.value,
        endpoints.map(({ ports }) => ports.map(({ value }) => value)),
        binaries.map(({ value }) => value),
      ]),
    ).toEqual([
      ['a', [], []],
      ['b', [], ['3']],
      ['c', [[], [], [1, 3]], []],
    ]);
  });

  it('of hostile size is refused before anything recursive sees it', () => {
    expect(reasonOf(`network_policies: {}\n#${'x'.repeat(maxPolicyBytes)}`)).toBe('too-large');
    expect(reasonOf(`network_policies: ${'['.repeat(100_000)}`)).toBe('too-deep');
    expect(reasonOf(`network_policies: ${'{a: '.repeat(maxPolicyDepth + 2)}1${'}'.repeat(maxPolicyDepth + 2)}`)).toBe('too-deep');
    expect(
      reasonOf(`network_policies:\n${Array.from({ length: maxPolicyDepth + 2 }, (_, i) => `${' '.repeat(i + 1)}k${i}:`).join('\n')} 1\n`),
    ).toBe('too-deep');
    expect(reasonOf(`network_policies:\n${'- '.repeat(maxPolicyDepth + 2)}1\n`)).toBe('too-deep');
    expect(
      reasonOf(`a: &a 1\nnetwork_policies:\n${Array.from({ length: maxPolicyAliases + 1 }, (_, i) => `  k${i}: *a`).join('\n')}\n`),
    ).toBe('too-many-aliases');
  });

  it('with aliases of aliases is not expanded', () => {
    const names = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array.from({ length: 7 }, () => `*l${i}`).join(', ')}]`);
    const bomb = `l0: &l0 [x, x]\n${names.join('\n')}\nnetwork_policies:\n  a:\n    binaries: *l9\n`;
    expect(parsePolicy(bomb).document.rules[0]?.binaries).toEqual([]);
  });

  it('is refused where a map has a key twice, wherever that is, however many keys it has', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => `k${i}: ${i % 10}`).join('\n');
    expect(parsePolicy(`network_policies: {}\n${many}\n`).document.rules).toEqual([]);
    for (const text of [
      `network_policies: {}\n${many}\nk7: 1\n`,
      'network_policies: { a: {}, a: {} }',
      'network_policies: {}\nx: [{ y: 1, "y": 2 }]',
    ])
      expect(reasonOf(text)).toBe('not-yaml');
  });

  it('of more than one document is refused', () => {
    expect(reasonOf(`${bedPolicyText}\n---\nnetwork_policies: {}\n`)).toBe('not-yaml');
    expect(reasonOf(`---\n${bedPolicyText}\n...\n`)).toBeNull();
  });

  it('whose aliases make a small file a large one is refused', () => {
    const rules = `r: &r [${Array.from({ length: 4000 }, () => '{ allow: { method: GET, path: /a } }').join(', ')}]\n`;
    const endpoints = `e: &e [${Array.from({ length: 20 }, () => '{ host: a.example.com, port: 1, rules: *r }').join(', ')}]\n`;
    const text = (count: number): string =>
      `${rules}${endpoints}network_policies:\n${Array.from({ length: count }, (_, i) => `  k${i}: { endpoints: *e }`).join('\n')}\n`;
    expect(reasonOf(text(40))).toBe('too-many-aliases');
    expect(reasonOf(`${rules}network_policies: { a: { endpoints: [{ host: a.example.com, port: 1, rules: *r }] } }\n`)).toBeNull();
  });
});
