// A file of the user's stands before the policy in force, where it is of the same sandbox; whether the two say the same is told.
import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../server/src/policy/parsePolicy';
import { preferred, sameRule } from '../../../server/src/policy/precedence';
import type { Pointed, Preferred } from '../../../server/src/policy/precedence';
import type { PolicyRule } from '../../../server/src/policy/policyDocument';
import { targetsOf } from '../../../server/src/policy/target';
import { bedPolicyText, decisionOf, lines } from './made';

const unlisted = decisionOf(lines.unlisted);
const wrongProgram = decisionOf(
  "NET:OPEN [MED] DENIED /usr/bin/curl(166) -> pypi.tst:443 [policy:- engine:opa] [reason:binary '/usr/bin/curl' not allowed in policy 'pypi' (ancestors: [], cmdline: [])]",
);

function judged(file: string | null, effective: string | null, decision = unlisted): Preferred {
  const pointed = (text: string | null): Pointed | null => {
    if (text === null) return null;
    const { document } = parsePolicy(text);
    return { document, targets: targetsOf(document, decision) };
  };
  return preferred(pointed(file), pointed(effective));
}

describe('of a file and the policy in force', () => {
  it('the one that there is is taken', () => {
    expect(judged(null, null)).toEqual({ which: 'none' });
    expect(judged(bedPolicyText, null)).toEqual({ which: 'file', differs: false });
    expect(judged(null, bedPolicyText)).toEqual({ which: 'effective' });
    // Neither has the rule that the reason names.
    expect(judged('network_policies:\n  other: {}\n', 'network_policies:\n  another: {}\n', wrongProgram)).toEqual({ which: 'none' });
  });

  it('the file is, and says so where what is in force says otherwise', () => {
    expect(judged(bedPolicyText, bedPolicyText, wrongProgram)).toEqual({ which: 'file', differs: false });
    const fixed = bedPolicyText.replace('/usr/bin/python3*', '/usr/bin/curl');
    expect(fixed).not.toBe(bedPolicyText);
    // The file lets it through by now; what runs does not.
    expect(judged(fixed, bedPolicyText, wrongProgram)).toEqual({ which: 'file', differs: true });
    // Both stop it for the program, but not with the same rule.
    const other = bedPolicyText.replace('/usr/bin/python3*', '/usr/bin/wget');
    expect(judged(other, bedPolicyText, wrongProgram)).toEqual({ which: 'file', differs: true });
    // What runs has no such rule.
    expect(judged(bedPolicyText, 'version: 1\nnetwork_policies:\n  docs_site: {}\n', wrongProgram)).toEqual({
      which: 'file',
      differs: true,
    });
  });

  it('a file of another sandbox can not say that no rule lists a destination', () => {
    expect(judged('network_policies:\n  something_else: {}\n', bedPolicyText)).toEqual({ which: 'effective' });
    expect(judged('network_policies:\n  pypi: {}\n', bedPolicyText)).toEqual({ which: 'file', differs: false });
    expect(judged('network_policies: {}\n', 'network_policies: {}\n')).toEqual({ which: 'file', differs: false });
  });
});

describe('two rules are the same', () => {
  const rule = (endpoint: string, binaries = '[{ path: /usr/bin/curl }]'): PolicyRule => {
    const [found] = parsePolicy(`network_policies:\n  a:\n    endpoints:\n      - ${endpoint}\n    binaries: ${binaries}\n`).document.rules;
    if (found === undefined) throw new Error('no rule');
    return found;
  };
  const plain = rule('{ host: a.example.com, port: 443 }');

  it.each([
    ['{ host: A.example.com, ports: [443], protocol: tcp }', '[/usr/bin/curl]'],
    [
      "{ host: a.example.com, port: 443, path: '', allowed_ips: [], enforcement: audit }",
      '[{ path: /usr/bin/curl }, { path: /usr/bin/curl }]',
    ],
  ])('where they only say it in other words: %s', (endpoint, binaries) => {
    expect(sameRule(plain, rule(endpoint, binaries))).toBe(true);
  });

  it.each([
    ['{ host: b.example.com, port: 443 }', undefined],
    ['{ host: a.example.com, port: 444 }', undefined],
    ['{ host: a.example.com, port: 443, protocol: rest }', undefined],
    ['{ host: a.example.com, port: 443, enforcement: enforce }', undefined],
    ['{ host: a.example.com, port: 443, access: full }', undefined],
    ["{ host: a.example.com, port: 443, rules: [{ allow: { method: GET, path: '/' } }] }", undefined],
    ["{ host: a.example.com, port: 443, deny_rules: [{ method: GET, path: '/' }] }", undefined],
    ['{ host: a.example.com, port: 443, allowed_ips: [10.0.0.1] }', undefined],
    ['{ host: a.example.com, port: 443 }', '[{ path: /usr/bin/wget }]'],
  ])('not where they let other things through: %s', (endpoint, binaries) => {
    expect(sameRule(plain, rule(endpoint, binaries))).toBe(false);
  });
});
