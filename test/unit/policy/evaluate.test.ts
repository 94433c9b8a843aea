import { describe, expect, it } from 'vitest';
import { alwaysBlocked, reachOf } from '../../../server/src/policy/addresses';
import { evaluate } from '../../../server/src/policy/evaluate';
import type { PolicyRequest, Verdict } from '../../../server/src/policy/evaluate';
import { globMatches } from '../../../server/src/policy/glob';
import { parsePolicy } from '../../../server/src/policy/parsePolicy';
import { bedPolicy } from './made';

function request(target: string, more: Partial<PolicyRequest> = {}): PolicyRequest {
  const at = target.lastIndexOf(':');
  const place = { host: target.slice(0, at), port: Number(target.slice(at + 1)) };
  return { ...place, binary: '/usr/bin/curl', ancestors: ['/usr/bin/bash'], method: null, path: null, ...more };
}
/** `allowed:rule`, `denied:by:rule`, `unknown:why`. */
function short(verdict: Verdict): string {
  if (verdict.kind === 'allowed') return `allowed:${verdict.rule}${verdict.audited ? ':audited' : ''}`;
  return verdict.kind === 'denied' ? `denied:${verdict.by}:${verdict.rule ?? '-'}` : `unknown:${verdict.why}`;
}
const policy = (text: string, asked: PolicyRequest): string => short(evaluate(parsePolicy(text).document, asked));

describe('wildcards', () => {
  it.each([
    ['/usr/bin/python3*', '/usr/bin/python3.11', true],
    ['/usr/bin/*', '/usr/bin/sub/node', false],
    ['/usr/**', '/usr/bin/sub/node', true],
    ['/repos/**', '/repos/org/repo', true],
    ['/repos/**', '/repository', false],
    ['/repos/*/issues', '/repos/a/issues', true],
    ['/repos/*/issues', '/repos/a/b/issues', false],
    ['/a/**/z', '/a/z', true],
    ['/a/**/z', '/a/b/c/z', true],
    ['/a/**/z', '/a/bz', false],
    ['/**/info/refs*', '/org/repo/info/refs', true],
    ['/v[0-9]/x', '/v1/x', true],
    ['/v[!0-9]/x', '/v1/x', false],
    ['/v?/x', '/v1/x', true],
    ['/v?x', '/v/x', false],
    ['/{a,b}/x', '/b/x', true],
    ['/{a,b}/x', '/c/x', false],
    ['/a\\*b', '/a*b', true],
    ['/a\\*b', '/axb', false],
    ['/[', '/[', false],
  ])('%s and %s: %s', (pattern, text, matches) => expect(globMatches(pattern, text, '/')).toBe(matches));

  it.each([
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'a.b.example.com', false],
    ['*.example.com', 'example.com', false],
    ['**.example.com', 'a.b.example.com', true],
    ['**.example.com', 'example.com', false],
    ['**.example.com', 'evilexample.com', false],
    ['*-api.example.com', 'eu-api.example.com', true],
    ['*-api.example.com', 'eu.west-api.example.com', false],
  ])('of a host: %s and %s: %s', (pattern, text, matches) => expect(globMatches(pattern, text, '.')).toBe(matches));

  it('that would take a matcher that backtracks forever are answered at once', () => {
    expect(globMatches('*a'.repeat(200), `/${'a'.repeat(4000)}b`, '/')).toBe(false);
    expect(globMatches('**a'.repeat(200), `${'a'.repeat(8000)}b`, '/')).toBe(false);
    expect(globMatches(`${'*a'.repeat(100)}${'?'.repeat(100)}`, 'a'.repeat(250), '.')).toBe(false);
    expect(globMatches(`**${'a'.repeat(255)}`, 'a'.repeat(255), '.')).toBe(false);
    expect(globMatches('{a,b}'.repeat(40), 'a'.repeat(40), '/')).toBe(false);
  });
});

describe("a policy's answer", () => {
  it.each([
    ['docs.example.com:80', { method: 'GET', path: '/guide' }, 'allowed:docs_site'],
    ['DOCS.example.com:80', { method: 'HEAD', path: '/guide' }, 'allowed:docs_site'],
    ['docs.example.com:80', { method: 'POST', path: '/guide' }, 'denied:no-method-rule:docs_site'],
    ['docs.example.com:80', {}, 'unknown:request'],
    ['docs.example.com:443', {}, 'allowed:docs_site'],
    ['docs.example.com:8080', {}, 'denied:no-endpoint:-'],
    ['docs.example.com.evil.net:443', {}, 'denied:no-endpoint:-'],
    ['pypi.tst:443', {}, 'denied:binary:pypi'],
    ['pypi.tst:443', { ancestors: null }, 'unknown:program'],
    ['pypi.tst:443', { binary: '/usr/bin/python3.11', ancestors: null }, 'allowed:pypi'],
    ['pypi.tst:443', { binary: null, ancestors: null }, 'unknown:program'],
    ['a.files.pypi.tst:443', { binary: '/usr/bin/pip', ancestors: ['/usr/bin/python3.11'] }, 'allowed:pypi'],
    ['a.b.files.pypi.tst:443', { binary: '/usr/bin/python3.11' }, 'denied:no-endpoint:-'],
    ['api.github.com:443', { method: 'GET', path: '/repos/a/b' }, 'allowed:github_api'],
    ['api.github.com:443', { method: 'GET', path: '/user' }, 'denied:no-method-rule:github_api'],
    ['169.254.169.254:80', {}, 'denied:guard:-'],
    ['127.0.0.1:80', {}, 'denied:guard:-'],
  ] as const)('to %s %j is %s', (target, more, expected) =>
    expect(short(evaluate(bedPolicy().document, request(target, more)))).toBe(expected),
  );

  const rest = (inner: string): string =>
    `network_policies:\n  a:\n    endpoints:\n      - { host: x.example.com, port: 443, protocol: rest, ${inner} }\n    binaries: [{ path: /usr/bin/curl }]\n`;
  const get = request('x.example.com:443', { method: 'GET', path: '/a/b' });

  it('lets a deny rule stand before every allow rule, of whichever rule', () => {
    const two = `${rest('enforcement: enforce, access: full')}  b:\n    endpoints:\n      - { host: x.example.com, port: 443, protocol: rest, enforcement: enforce, access: full, deny_rules: [{ method: GET, path: '/a/**' }] }\n    binaries: [{ path: /usr/bin/curl }]\n`;
    expect(policy(two, get)).toBe('denied:deny-rule:b');
    expect(policy(two, { ...get, path: '/c' })).toBe('allowed:a');
  });

  it('of an endpoint that only audits is yes, and says so', () => {
    expect(policy(rest("rules: [{ allow: { method: POST, path: '**' } }]"), get)).toBe('allowed:a:audited');
    expect(policy(rest("enforcement: enforce, rules: [{ allow: { method: POST, path: '**' } }]"), get)).toBe('denied:no-method-rule:a');
  });

  it('is not known where it depends on what the log leaves out', () => {
    expect(policy(rest("enforcement: enforce, rules: [{ allow: { method: GET, path: '**', query: { q: x } } }]"), get)).toBe(
      'unknown:request',
    );
    expect(policy(rest('enforcement: enforce, access: full').replace('rest', 'graphql'), get)).toBe('unknown:protocol');
    expect(
      policy('network_policies:\n  a:\n    endpoints: [{ port: 443, allowed_ips: [1.2.3.4] }]\n    binaries: [/usr/bin/curl]\n', get),
    ).toBe('unknown:address');
  });

  it('to a connection is given before what is asked within it', () => {
    const { document } = bedPolicy();
    expect(short(evaluate(document, request('docs.example.com:80'), 'connection'))).toBe('allowed:docs_site');
    expect(short(evaluate(document, request('pypi.tst:443'), 'connection'))).toBe('denied:binary:pypi');
  });

  it('needs a program that is listed: none at all lists none', () => {
    expect(policy('network_policies:\n  a:\n    endpoints: [{ host: x.example.com, port: 443 }]\n', get)).toBe('denied:binary:a');
  });

  it('names the first rule by name, and takes any endpoint that lets it through', () => {
    const two = `network_policies:\n  b:\n    endpoints: [{ host: x.example.com, port: 443, protocol: rest, enforcement: enforce, rules: [{ allow: { method: GET, path: /a/b } }] }]\n    binaries: [/usr/bin/curl]\n  a:\n    endpoints: [{ host: x.example.com, port: 443, protocol: rest, enforcement: enforce, rules: [{ allow: { method: POST, path: /a/b } }] }]\n    binaries: [/usr/bin/curl]\n`;
    expect(policy(two, get)).toBe('allowed:b');
    expect(policy(two, { ...get, path: '/z' })).toBe('denied:no-method-rule:a');
  });
});

describe('where a destination lies', () => {
  it.each([
    ['api.example.com', 443, 'public'],
    ['8.8.8.8', 443, 'public'],
    ['2606:4700:4700::1111', 443, 'public'],
    ['10.1.2.3', 443, 'private'],
    ['172.31.0.1', 443, 'private'],
    ['192.168.1.1', 443, 'private'],
    ['100.64.0.1', 443, 'private'],
    ['169.254.169.254', 80, 'private'],
    ['127.0.0.1', 80, 'private'],
    ['0.0.0.0', 80, 'private'],
    ['224.0.0.1', 80, 'private'],
    ['255.255.255.255', 80, 'private'],
    ['::1', 80, 'private'],
    ['::ffff:10.0.0.1', 80, 'private'],
    ['fd00::1', 80, 'private'],
    ['fe80::1', 80, 'private'],
    ['2002:7f00:1::', 80, 'private'],
    ['64:ff9b::a00:1', 80, 'private'],
    ['localhost', 80, 'private'],
    ['printer', 80, 'private'],
    ['metadata.google.internal', 80, 'private'],
    ['host.docker.internal', 80, 'private'],
    ['nas.local', 80, 'private'],
    ['api.example.com', 6443, 'private'],
    ['0x7f.1', 80, 'not-a-host'],
    ['127.1', 80, 'not-a-host'],
    ['10.0.0.0x1', 80, 'not-a-host'],
    ['*.example.com', 80, 'not-a-host'],
    ['exa mple.com', 80, 'not-a-host'],
    ['a.example.com\n- host: b', 80, 'not-a-host'],
    ['', 80, 'not-a-host'],
    ['kubernetes.default.svc', 443, 'private'],
    ['api.shop.svc.cluster', 443, 'private'],
    ['kubernetes.default', 443, 'private'],
    ['packages.nemo.test', 443, 'private'],
    ['x.invalid', 443, 'private'],
    ['x.onion', 443, 'private'],
    ['x.localhost6', 443, 'private'],
    ['metadata.goog', 443, 'private'],
    ['metadata.azure.com', 443, 'private'],
    ['168.63.129.16', 443, 'private'],
    ['10.0.0.7.nip.io', 443, 'private'],
    ['app-10-0-0-7.example.com', 443, 'private'],
    ['app.192-168-1-1.example.com', 443, 'private'],
    ['1-127-0-0-1.example.com', 443, 'private'],
    ['0a000007.nip.io', 443, 'private'],
    ['a.localtest.me', 443, 'private'],
    ['app-8-8-8-8.example.com', 443, 'public'],
    ['v1-2-3-4.example.com', 443, 'public'],
    ['latest.example.com', 443, 'public'],
    ['pypi.tst', 443, 'public'],
    ['metadata.goog.example.com', 443, 'public'],
    ['ec2-300-0-0-1.example.com', 443, 'public'],
  ])('%s:%d is %s', (host, port, reach) => expect(reachOf(host, port)).toBe(reach));

  it('is always blocked where no policy can open it', () => {
    for (const host of ['127.0.0.1', '169.254.169.254', '0.0.0.0', '::1', 'fe80::1', 'localhost'])
      expect(alwaysBlocked(host, 80), host).toBe(true);
    for (const host of ['10.0.0.1', 'api.example.com']) expect(alwaysBlocked(host, 80), host).toBe(false);
  });
});
