import { describe, expect, it } from 'vitest';
import { choose, agreement } from '../../../server/src/policy/choose';
import { globsRead } from '../../../server/src/policy/glob';
import { parsePolicy } from '../../../server/src/policy/parsePolicy';
import { targetsOf } from '../../../server/src/policy/target';
import { bedPolicy, bedPolicyText, decisionOf, decisionsOf, lineAt, lines } from './made';

const { signal } = new AbortController();

function pointsAt(text: string, ...log: readonly string[]): readonly string[] {
  return targetsOf(parsePolicy(text).document, decisionOf(...log)).map(({ kind, range }) => `${kind}: ${lineAt(text, range).trim()}`);
}

describe('a denial points', () => {
  it.each([
    ['at the map of rules where none lists its host', [lines.unlisted], ['network: network_policies:']],
    ['at the binaries of the rule that lists its host for others', [lines.binary], ['binaries: binaries:']],
    ['at the access of the endpoint', [lines.opened, lines.post], ['access: access: read-only']],
    [
      'at the rules of the endpoint',
      [
        'HTTP:GET [MED] DENIED GET http://api.github.com:443/user [policy:github_api engine:l7] [reason:L7_REQUEST deny GET api.github.com:443/user reason=GET /user not permitted by policy]',
      ],
      ['rules: rules:'],
    ],
    ['at nothing for a guard that no rule opens', [lines.metadata], []],
    ['at nothing for a rule that the file has not', [lines.post.replaceAll('docs_site', '_provider_docs')], []],
    [
      'at nothing for a socket past the proxy',
      ['NET:REFUSE [MED] DENIED /usr/bin/node(1) -> 93.184.216.34:443 [policy:bypass-detect engine:nftables] [reason:direct connection]'],
      [],
    ],
    [
      'at the endpoint of another guard',
      [
        'HTTP:GET [MED] DENIED GET http://api.github.com:443/repos/a [policy:github_api engine:credential-binding] [reason:credential_endpoint_mismatch]',
      ],
      ['endpoint: - host: api.github.com'],
    ],
  ] as const)('%s', (_what, log, expected) => expect(pointsAt(bedPolicyText, ...log)).toEqual(expected));

  it('at the rule that lets it through by now, of which nothing is amiss', () => {
    const allowed = `network_policies:
  mirror:
    endpoints: [{ host: mirror.example.com, port: 8443, protocol: rest, enforcement: enforce, rules: [{ allow: { method: GET, path: /a } }] }]
    binaries: [{ path: /usr/bin/curl }]
`;
    const connection =
      'NET:OPEN [MED] DENIED /usr/bin/curl(1) -> mirror.example.com:8443 [policy:- engine:opa] [reason:endpoint mirror.example.com:8443 is not allowed by any policy]';
    expect(pointsAt(allowed, connection)).toEqual(['allowed: mirror:']);
    // For another program it is not.
    expect(pointsAt(allowed, connection.replace('/usr/bin/curl', '/usr/bin/wget'))).toEqual([
      'binaries: binaries: [{ path: /usr/bin/curl }]',
    ]);
    // What only the denial of a connection showed once it was open is judged as the request it is.
    const request = (path: string): string =>
      `HTTP:GET [MED] DENIED GET http://mirror.example.com:8443${path} [policy:mirror engine:l7] [reason:L7_REQUEST deny GET mirror.example.com:8443${path} reason=GET ${path} not permitted by policy]`;
    const opened = 'NET:OPEN [INFO] ALLOWED /usr/bin/curl(1) -> mirror.example.com:8443 [policy:mirror engine:opa]';
    expect(pointsAt(allowed, opened, request('/a'))).toEqual(['allowed: mirror:']);
    expect(pointsAt(allowed, opened, request('/b'))[0]).toMatch(/^rules: /);
  });

  it("names the rule's own line", () => {
    const { document } = bedPolicy();
    const [target] = targetsOf(document, decisionOf(lines.binary));
    expect(target).toMatchObject({ rule: 'pypi', range: document.rules[1]?.binariesKey });
  });

  it('at the deny rule that blocked it, and at the addresses it may have', () => {
    const text = `network_policies:
  a:
    endpoints:
      - host: x.example.com
        port: 443
        protocol: rest
        access: full
        allowed_ips: [10.0.0.0/24]
        deny_rules:
          - { method: GET, path: /open }
          - method: DELETE
            path: /items/**
    binaries: [{ path: /usr/bin/curl }]
`;
    expect(
      pointsAt(
        text,
        'HTTP:DELETE [MED] DENIED DELETE http://x.example.com:443/items/7 [policy:a engine:l7] [reason:L7_REQUEST deny DELETE x.example.com:443/items/7 reason=DELETE /items/7 blocked by deny rule]',
      ),
    ).toEqual(['deny-rule: - method: DELETE']);
    expect(
      pointsAt(
        text,
        'NET:OPEN [MED] DENIED /usr/bin/curl(1) -> x.example.com:443 [policy:a engine:ssrf] [reason:x.example.com resolves to 10.9.9.9 which is not in allowed_ips, connection rejected]',
      ),
    ).toEqual(['allowed-ips: allowed_ips: [10.0.0.0/24]']);
  });

  it('at each rule that a reason names', () => {
    const text =
      'network_policies:\n  a:\n    endpoints: [{ host: x.example.com, port: 443 }]\n    binaries: [/bin/a]\n  b:\n    endpoints: [{ host: x.example.com, port: 443 }]\n    binaries: [/bin/b]\n';
    const reason = (key: string): string => `binary '/usr/bin/curl' not allowed in policy '${key}' (ancestors: [], cmdline: [])`;
    expect(
      pointsAt(
        text,
        `NET:OPEN [MED] DENIED /usr/bin/curl(1) -> x.example.com:443 [policy:- engine:opa] [reason:${reason('a')}; ${reason('b')}]`,
      ),
    ).toEqual(['binaries: binaries: [/bin/a]', 'binaries: binaries: [/bin/b]']);
  });

  it('where no network is open at all, at the file', () => {
    expect(
      pointsAt(
        'version: 1\nfilesystem_policy: {}\n',
        'NET:OPEN [MED] DENIED /usr/bin/curl(1) -> x.example.com:443 [policy:- engine:opa] [reason:network connections not allowed by policy]',
      ),
    ).toEqual(['network: version: 1']);
  });
});

describe('of several files', () => {
  const other = bedPolicyText.replaceAll('docs.example.com', 'other.example.com').replaceAll('pypi.tst', 'pypi.other');
  const weighed = async (text: string, log: readonly string[]) => {
    const { document } = parsePolicy(text);
    return { file: text, document, agreement: await agreement(document, decisionsOf(...log), signal) };
  };

  it('the one that agrees with what was allowed and denied is taken', async () => {
    const log = [lines.unlisted, lines.opened, lines.get, lines.post, lines.binary];
    for (const files of [
      [other, bedPolicyText],
      [bedPolicyText, other],
    ])
      expect(choose(await Promise.all(files.map((text) => weighed(text, log))), decisionOf(lines.unlisted))?.file).toBe(bedPolicyText);
    expect((await weighed(bedPolicyText, log)).agreement).toEqual({ agrees: 5, differs: 0 });
    expect((await weighed(other, log)).agreement.differs).toBeGreaterThan(1);
  });

  it('the first is taken where they agree equally, and none where none has the rule', async () => {
    const log = [lines.unlisted];
    expect(choose([await weighed(bedPolicyText, log), await weighed(other, log)], decisionOf(lines.unlisted))?.file).toBe(bedPolicyText);
    expect(choose([await weighed(other, log)], decisionOf(lines.opened, lines.post.replaceAll('docs_site', 'elsewhere')))).toBeNull();
  });

  it('each is weighed in turns with what else there is to do, and no longer than it is asked for', async () => {
    const log = Array.from({ length: 50 }, () => lines.opened);
    const stop = new AbortController();
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (turns === 10) stop.abort();
      else setImmediate(count);
    };
    setImmediate(count);
    const { agrees } = await agreement(bedPolicy().document, decisionsOf(...log), stop.signal);
    expect(turns).toBe(10);
    expect(agrees).toBeLessThan(log.length);
  });

  it('each has its patterns read once, however many decisions it is weighed by', async () => {
    const text = `network_policies:\n  a:\n    endpoints: [{ host: '*.example.com', port: 80, protocol: rest, access: full, path: '/g*/**' }]\n    binaries: [/usr/bin/c*]\n`;
    const { document } = parsePolicy(text);
    const before = globsRead();
    const log = Array.from({ length: 20 }, () => [lines.opened, lines.get]).flat();
    expect(await agreement(document, decisionsOf(...log), signal)).toEqual({ agrees: log.length, differs: 0 });
    expect(globsRead() - before).toBe(3);
  });
});

describe('what was recorded', () => {
  it('gives a request the program of its connection, where one alone can have sent it', () => {
    expect(decisionOf(lines.opened, lines.post).request).toMatchObject({ binary: '/usr/bin/curl', method: 'POST', path: '/guide/prices' });
    expect(
      decisionOf(lines.opened, lines.opened.replace('/usr/bin/curl(172)', '/usr/local/bin/node(44)'), lines.post).request.binary,
    ).toBeNull();
    // What was refused carries no requests.
    expect(
      decisionOf(
        lines.opened,
        lines.opened.replace('[INFO] ALLOWED /usr/bin/curl(172)', '[MED] DENIED /usr/local/bin/node(44)'),
        lines.post,
      ).request.binary,
    ).toBe('/usr/bin/curl');
    expect(decisionOf(lines.post).request.binary).toBeNull();
  });

  it('knows who started the program, where the reason says so', () => {
    expect(decisionOf(lines.binary).request.ancestors).toEqual(['/usr/bin/bash', '/usr/local/bin/node']);
    expect(decisionOf(lines.unlisted).request.ancestors).toBeNull();
  });
});
