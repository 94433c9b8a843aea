import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../server/src/policy/evaluate';
import { narrowestChange, neighbours } from '../../../server/src/policy/narrowest';
import type { RuleChange } from '../../../server/src/policy/narrowest';
import { parsePolicy } from '../../../server/src/policy/parsePolicy';
import { requestHint } from '../../../server/src/policy/requestHint';
import { bedPolicyText, decisionOf, lines } from './made';

function change(text: string, log: readonly string[], command: string | null = null): RuleChange {
  const decision = decisionOf(...log);
  return narrowestChange(parsePolicy(text), decision, requestHint(command, decision.request.host, decision.request.port));
}
function made(text: string, log: readonly string[], command: string | null = null): Extract<RuleChange, { kind: 'change' }> {
  const found = change(text, log, command);
  if (found.kind === 'none') throw new Error(`no change: ${found.why}`);
  return found;
}
const why = (text: string, log: readonly string[], command: string | null = null): string => {
  const found = change(text, log, command);
  return found.kind === 'none' ? found.why : 'changed';
};
/** The lines that are new, and a check that no other line is other than before. */
function added(before: string, after: string): string {
  const old = before.split('\n');
  const fresh = after.split('\n');
  const kept = fresh.filter((line) => old.includes(line));
  const rest = [...fresh];
  for (const line of old) {
    const at = rest.indexOf(line);
    expect(at, `the line is still there: ${line}`).toBeGreaterThanOrEqual(0);
    rest.splice(at, 1);
  }
  expect(kept.length).toBeGreaterThanOrEqual(old.length);
  return rest.join('\n');
}

describe('the narrowest change', () => {
  it('for a host that no rule lists is a rule for it, its port and the program', () => {
    const { text, allows } = made(bedPolicyText, [lines.unlisted]);
    expect(added(bedPolicyText, text)).toBe(
      [
        '  allow_blocked_example_com_curl:',
        '    name: allow-blocked-example-com-curl',
        '    endpoints:',
        '      - host: blocked.example.com',
        '        port: 443',
        '    binaries:',
        '      - { path: /usr/bin/curl }',
      ].join('\n'),
    );
    expect(allows).toMatchObject({ method: null, toldBy: null });
  });

  it('is for one method and path, where the command plainly tells them', () => {
    const { text, allows } = made(bedPolicyText, [lines.unlisted], 'curl -sS -m 10 https://blocked.example.com/feed/prices.json');
    expect(added(bedPolicyText, text)).toContain(
      '        protocol: rest\n        enforcement: enforce\n        rules:\n          - allow: { method: GET, path: /feed/prices.json }',
    );
    expect(allows).toMatchObject({ method: 'GET', path: '/feed/prices.json', toldBy: 'command' });
  });

  it('for a request that an access preset stops is a rule of its own, after the one that stopped it', () => {
    const { text, rule } = made(bedPolicyText, [lines.opened, lines.post]);
    expect(rule).toBe('docs_site_curl');
    expect(rule > 'docs_site').toBe(true);
    expect(added(bedPolicyText, text)).toBe(
      [
        '  docs_site_curl:',
        '    name: docs-site-curl',
        '    endpoints:',
        '      - host: docs.example.com',
        '        port: 80',
        '        protocol: rest',
        '        enforcement: enforce',
        '        rules:',
        '          - allow: { method: POST, path: /guide/prices }',
        '    binaries:',
        '      - { path: /usr/bin/curl }',
      ].join('\n'),
    );
  });

  it('is one line where the rule is for this host and this program alone', () => {
    const text = `network_policies:\n  a:\n    endpoints:\n      - host: x.example.com\n        port: 443\n        protocol: rest\n        enforcement: enforce\n        rules:   # what it may\n          - allow: { method: GET, path: /a }   # reading\n    binaries:\n    - { path: /usr/bin/curl } # only\n# the end\n`;
    const log = [
      'NET:OPEN [INFO] ALLOWED /usr/bin/curl(9) -> x.example.com:443 [policy:a engine:opa]',
      'HTTP:POST [MED] DENIED POST http://x.example.com:443/b [policy:a engine:l7] [reason:L7_REQUEST deny POST x.example.com:443/b reason=POST /b not permitted by policy]',
    ];
    const found = made(text, log);
    expect(found.added).toBe('method-rule');
    expect(added(text, found.text)).toBe('          - allow: { method: POST, path: /b }');
    const flow = text.replace(/rules:[^\n]*\n[^\n]*\n/, 'rules: [{ allow: { method: GET, path: /a } }]\n');
    expect(made(flow, log).text).toContain('rules: [{ allow: { method: GET, path: /a } }, { allow: { method: POST, path: /b } }]');
    const binary = [
      "NET:OPEN [MED] DENIED /usr/bin/git(9) -> y.example.com:443 [policy:- engine:opa] [reason:binary '/usr/bin/git' not allowed in policy 'b' (ancestors: [], cmdline: [])]",
    ];
    const other =
      'network_policies:\n  b:\n    endpoints: [{ host: y.example.com, port: 443 }]\n    binaries:\n    - path: /usr/bin/curl\n';
    expect(added(other, made(other, binary).text)).toBe('    - { path: /usr/bin/git }');
  });

  it('for a program that a rule with more hosts does not list is a rule of its own', () => {
    const { text, added: kind } = made(bedPolicyText, [lines.binary]);
    expect(kind).toBe('rule');
    expect(added(bedPolicyText, text)).toContain('  pypi_curl:');
    expect(text).not.toMatch(/pypi_curl[^]*files\.pypi/);
  });

  it.each([
    ['a guard stopped it', [lines.metadata], 'guard'],
    ['a deny rule stopped it', [lines.opened, lines.post.replace('not permitted by policy', 'blocked by deny rule')], 'deny-rule'],
    ['it is a private address', [lines.unlisted.replaceAll('blocked.example.com', '10.0.0.7')], 'private'],
    ['it is a name of the networks around', [lines.unlisted.replaceAll('blocked.example.com', 'nas.local')], 'private'],
    ['the port is of a control plane', [lines.unlisted.replaceAll(':443', ':6443')], 'private'],
    ['no program was observed', [lines.post], 'program-unknown'],
    ['its path would be a wildcard', [lines.opened, lines.post.replaceAll('/guide/prices', '/guide/*')], 'unsafe-text'],
    ['its path would be a class', [lines.opened, lines.post.replaceAll('/guide/prices', '/guide/{a,b}')], 'unsafe-text'],
    ['its program would be a wildcard', [lines.unlisted.replace('/usr/bin/curl', '/tmp/*')], 'unsafe-text'],
    ['the file lets it through', [lines.unlisted.replaceAll('blocked.example.com', 'docs.example.com')], 'allowed-already'],
  ] as const)('is none where %s', (_what, log, expected) => expect(why(bedPolicyText, log)).toBe(expected));

  it('is none in a file that is written in one piece', () => {
    expect(
      why('{ network_policies: { a: { endpoints: [{ host: a.example.com, port: 1 }], binaries: [/bin/a] } } }', [lines.unlisted]),
    ).toBe('style');
    expect(why('x: &x\n  a: { endpoints: [] }\nnetwork_policies: *x\n', [lines.unlisted])).toBe('style');
  });

  it.each([
    ['has no rules yet', 'version: 1\nprocess: {}\n'],
    ['has an empty map of rules', 'version: 1\nnetwork_policies: {}  # none yet\nprocess: {}\n'],
    ['has nothing under the key', 'version: 1\nnetwork_policies:\nprocess: {}\n'],
    ['ends without a line break', 'network_policies:\n  a:\n    endpoints: [{ host: a.example.com, port: 1 }]\n    binaries: [/bin/a]'],
    [
      'is indented by four',
      'network_policies:\n    a:\n        endpoints: [{ host: a.example.com, port: 1 }]\n        binaries: [/bin/a]\n',
    ],
    [
      'has the lines of Windows',
      'version: 1\r\nnetwork_policies:\r\n  a:\r\n    endpoints: [{ host: a.example.com, port: 1 }]\r\n    binaries: [/bin/a]\r\nprocess: {}\r\n',
    ],
    [
      'ends with a block of text',
      'network_policies:\n  a:\n    endpoints: [{ host: a.example.com, port: 1 }]\n    binaries: [/bin/a]\n    note: |\n      text\n\nprocess: {}\n',
    ],
  ])('is made in a file that %s', (_what, text) => {
    const after = made(text, [lines.unlisted]).text;
    expect(parsePolicy(after).document.rules.at(-1)?.endpoints[0]?.host?.value).toBe('blocked.example.com');
    expect(after.includes('\r\n')).toBe(text.includes('\r\n'));
    expect(/[^\r]\n/.test(after)).toBe(!text.includes('\r\n'));
  });

  it('lets exactly that request through and none beside it', () => {
    for (const [log, command] of [
      [[lines.unlisted], null],
      [[lines.unlisted], 'curl https://blocked.example.com/feed/prices.json'],
      [[lines.opened, lines.post], null],
      [[lines.binary], null],
      [[lines.binary], 'curl https://pypi.tst/simple/requests/'],
    ] as const) {
      const { text, allows } = made(bedPolicyText, log, command);
      const [before, after] = [parsePolicy(bedPolicyText).document, parsePolicy(text).document];
      const request = { ...allows, ancestors: [] };
      const what = allows.method === null ? 'connection' : 'request';
      expect(evaluate(before, request, what).kind).toBe('denied');
      expect(evaluate(after, request, what).kind).toBe('allowed');
      const beside = neighbours(request);
      expect(beside.length).toBeGreaterThan(10);
      for (const other of beside) expect(evaluate(after, other, what).kind, JSON.stringify(other)).toBe(evaluate(before, other, what).kind);
    }
  });

  it('never adds to a list that another destination of the rule shares', () => {
    const shared = `network_policies:
  a:
    endpoints:
      - { host: x.example.com, port: 443, protocol: rest, enforcement: enforce, rules: &r [{ allow: { method: GET, path: /a } }] }
      - { host: y.example.com, port: 443, protocol: rest, enforcement: enforce, rules: *r }
    binaries:
      - /usr/bin/curl
`;
    const log = [
      'NET:OPEN [INFO] ALLOWED /usr/bin/curl(9) -> x.example.com:443 [policy:a engine:opa]',
      'HTTP:POST [MED] DENIED POST http://x.example.com:443/b [policy:a engine:l7] [reason:L7_REQUEST deny POST x.example.com:443/b reason=POST /b not permitted by policy]',
    ];
    const { text, added: kind } = made(shared, log);
    expect(kind).toBe('rule');
    const request = { host: 'y.example.com', port: 443, binary: '/usr/bin/curl', ancestors: [], method: 'POST', path: '/b' };
    expect(evaluate(parsePolicy(text).document, request).kind).toBe('denied');
  });

  it('is none for a destination whose rule opens addresses of the networks around', () => {
    const denied =
      "NET:OPEN [MED] DENIED /usr/bin/git(9) -> y.example.com:443 [policy:- engine:opa] [reason:binary '/usr/bin/git' not allowed in policy 'b' (ancestors: [], cmdline: [])]";
    const text = (endpoint: string): string => `network_policies:\n  b:\n    endpoints: [${endpoint}]\n    binaries: [/usr/bin/curl]\n`;
    expect(why(text('{ host: y.example.com, port: 443 }'), [denied])).toBe('changed');
    expect(why(text('{ host: y.example.com, port: 443, allowed_ips: [10.0.0.0/8] }'), [denied])).toBe('private');
    expect(why(text('{ port: 443, allowed_ips: [10.0.0.0/8] }'), [denied])).toBe('private');
  });

  it.each([
    ['/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1/sendMessage', 'secret'],
    ['/services/T00000000/B00000000/x7Kp2Qm9Rt4Wz8Ls3Vb6Nc1Y', 'secret'],
    ['/packages/ab/cd/0123456789abcdef0123456789abcdef0123456789abcdef/file-2.1.0-py3-none-any.whl', 'changed'],
    ['/docs/gettingStartedWithTheSandbox2/Release-2026-11-21', 'changed'],
  ])('with the path %s: %s', (path, expected) => {
    expect(why(bedPolicyText, [lines.opened, lines.post.replaceAll('/guide/prices', path)])).toBe(expected);
    const escaped = path.replace(/\w/g, (char, at: number) => (at % 9 === 5 ? `%${char.charCodeAt(0).toString(16)}` : char));
    expect(escaped).not.toBe(path);
    expect(why(bedPolicyText, [lines.opened, lines.post.replaceAll('/guide/prices', escaped)])).toBe(expected);
    expect(why(bedPolicyText, [lines.unlisted], `curl https://blocked.example.com${path}`)).toBe(expected);
  });

  it.each(['a.example.com\n    - host: evil', 'a.example.com #', '*.example.com', '&a.example.com', '${x}.example.com', "a'.example.com"])(
    'is none for the hostile host %j',
    (host) => {
      const decision = decisionOf(lines.unlisted);
      const found = narrowestChange(parsePolicy(bedPolicyText), { ...decision, request: { ...decision.request, host } }, null);
      expect(found).toEqual({ kind: 'none', why: 'unsafe-text' });
    },
  );
});

describe('a command tells its request', () => {
  it.each([
    ['curl https://x.example.com/a', 'GET /a'],
    ['curl -sS -m 10 -X POST -d note=1 https://x.example.com/a', 'POST /a'],
    ['curl -d @body https://x.example.com/a?q=1', 'POST /a'],
    ["curl -H 'Accept: text/html' 'https://x.example.com/a?q=1&r=2'", 'GET /a'],
    ['/usr/bin/curl -I https://x.example.com', 'HEAD /'],
    ['curl -XDELETE https://x.example.com:443/a/b', 'DELETE /a/b'],
    ['curl https://x.example.com/a https://x.example.com/b', null],
    ['curl https://x.example.com/a | sh', null],
    ['curl https://x.example.com/$(id)', null],
    ['curl https://x.example.com/a; curl https://y.example.com', null],
    ['curl -K options https://x.example.com/a', null],
    ['curl --proxy http://p https://x.example.com/a', null],
    ['curl https://x.example.com.evil.net/a', null],
    ['curl http://x.example.com/a', null],
    ['curl https://x.example.com/a/../b', null],
    ['curl https://x.example.com/{a,b}', null],
    ['curl "https://x.example.com/a', null],
    ['python3 fetch.py https://x.example.com/a', null],
    [`curl https://x.example.com/${'a'.repeat(3000)}`, null],
  ])('%s: %s', (command, expected) => {
    const hint = requestHint(command, 'x.example.com', 443);
    expect(hint === null ? null : `${hint.method} ${hint.path}`).toBe(expected);
  });
});
