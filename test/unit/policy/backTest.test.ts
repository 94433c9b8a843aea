import { describe, expect, it } from 'vitest';
import { BackTest, listedPerKind } from '../../../server/src/policy/backTest';
import type { BackTestResult } from '../../../server/src/policy/backTest';
import { agreement } from '../../../server/src/policy/choose';
import { parsePolicy } from '../../../server/src/policy/parsePolicy';
import { requestHint } from '../../../server/src/policy/requestHint';
import { bedPolicyText, decisionsOf, lines } from './made';

const model = 'NET:OPEN [INFO] ALLOWED inference.local:443';
const provider = 'NET:OPEN [INFO] ALLOWED /usr/local/bin/node(44) -> integrate.api.nvidia.com:443 [policy:_provider_nvidia engine:opa]';
const log = [model, provider, lines.unlisted, lines.opened, lines.get, lines.post, lines.binary, lines.metadata];

function test(after: string, before: string | null, of: readonly string[] = log, command: string | null = null): BackTestResult {
  const tested = new BackTest(parsePolicy(after).document, before === null ? null : parsePolicy(before).document, ({ request }) =>
    requestHint(command, request.host, request.port),
  );
  for (const decision of decisionsOf(...of)) tested.take(decision);
  return tested.result();
}
const asked = (result: BackTestResult): readonly string[] =>
  result.wouldAllow.map(({ request: { host, port, method, path } }) => `${method ?? '-'} ${host}:${port}${path ?? ''}`);
const open = (host: string, more = ''): string =>
  `${bedPolicyText}  new:\n    endpoints: [{ host: ${host}, port: 443${more} }]\n    binaries: [{ path: /usr/bin/curl }]\n`;

describe('the back-test', () => {
  it('of the policy that was in force finds nothing', () => {
    expect(test(bedPolicyText, null)).toMatchObject({ wouldAllowCount: 0, wouldDenyCount: 0, guarded: 1, considered: 6, unknown: {} });
  });

  it('leaves out what no file has a say in', async () => {
    expect(test('network_policies: {}\n', null, [model, provider])).toMatchObject({ considered: 0, wouldDenyCount: 0 });
    expect(
      await agreement(parsePolicy('network_policies: {}\n').document, decisionsOf(model, provider), new AbortController().signal),
    ).toEqual({ agrees: 0, differs: 0 });
  });

  it('tells what a change would have let through, and what it would have stopped', () => {
    const changed = open('blocked.example.com');
    const result = test(changed, bedPolicyText);
    expect(asked(result)).toEqual(['- blocked.example.com:443']);
    expect(result.wouldAllow[0]).toMatchObject({ rule: 'new', byChange: true, audited: false });
    expect(test(changed, changed).wouldAllow[0]?.byChange).toBe(false);
    const stopped = test(bedPolicyText.replaceAll('docs.example.com', 'other.example.com'), bedPolicyText);
    expect(stopped.wouldDeny.map(({ decision }) => decision.request.method)).toEqual([null, 'GET']);
  });

  it('of a rule that looks into requests needs to know the request', () => {
    const rest = ", protocol: rest, enforcement: enforce, rules: [{ allow: { method: GET, path: '/feed/**' } }]";
    expect(test(open('blocked.example.com', rest), bedPolicyText)).toMatchObject({ wouldAllowCount: 0, unknown: { request: 1 } });
    const told = test(open('blocked.example.com', rest), bedPolicyText, log, 'curl https://blocked.example.com/feed/prices');
    expect(asked(told)).toEqual(['GET blocked.example.com:443/feed/prices']);
    expect(test(open('blocked.example.com', rest), bedPolicyText, log, 'curl https://blocked.example.com/other').wouldAllowCount).toBe(0);
  });

  it('never takes what it does not know for a yes', () => {
    const unseen = lines.unlisted.replace('/usr/bin/curl(166) -> ', '');
    expect(test(open('blocked.example.com'), null, [unseen])).toMatchObject({ wouldAllowCount: 0, unknown: { program: 1 } });
    expect(test(open('169.254.169.254'), null, [lines.metadata])).toMatchObject({ wouldAllowCount: 0, guarded: 1 });
  });

  it('counts all, and lists the newest', () => {
    const many = Array.from({ length: listedPerKind + 5 }, (_, i) => lines.unlisted.replace('(166)', `(${i + 1})`));
    const result = test(open('blocked.example.com'), null, many);
    expect(result.wouldAllowCount).toBe(listedPerKind + 5);
    expect(result.wouldAllow).toHaveLength(listedPerKind);
    expect(result.wouldAllow[0]?.decision.time).toBeLessThan(result.wouldAllow.at(-1)?.decision.time ?? 0);
    expect(result.wouldAllow.at(-1)?.decision.id).toBe(decisionsOf(...many).at(-1)?.id);
  });
});
