/** Policies and decisions made for tests, the decisions from the very lines a supervisor writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeLogLine } from '../../../server/src/decode/ocsf/logLine';
import { joinPolicy, policySpan } from '../../../server/src/model/joinPolicy';
import { parsePolicy } from '../../../server/src/policy/parsePolicy';
import type { ParsedPolicy } from '../../../server/src/policy/parsePolicy';
import { Decisions } from '../../../server/src/policy/recorded';
import type { Decision } from '../../../server/src/policy/recorded';

export const bedPolicyText = readFileSync(join(import.meta.dirname, '../../bed/sandbox/inside/seed/etc/policy.yaml'), 'utf8');
export const bedPolicy = (): ParsedPolicy => parsePolicy(bedPolicyText);

const t0 = Date.UTC(2026, 10, 21);

/** One line a second, as the supervisor writes them after their time. */
export function decisionsOf(...lines: readonly string[]): readonly Decision[] {
  const events = lines.map((line, i) => {
    const decoded = decodeLogLine(`${new Date(t0 + i * 1000).toISOString()} OCSF ${line}`);
    if (decoded?.kind !== 'event') throw new Error(`no event: ${line}`);
    return decoded.event;
  });
  const decisions = new Decisions();
  return joinPolicy(events, []).flatMap((joined) => decisions.take(policySpan(joined)) ?? []);
}

export function decisionOf(...lines: readonly string[]): Decision {
  const last = decisionsOf(...lines).at(-1);
  if (last === undefined) throw new Error('no decision');
  return last;
}

/** The lines of a text that a range begins at, for messages of tests that a person can check. */
export function lineAt(text: string, { start }: { readonly start: { readonly line: number } }): string {
  return text.split('\n')[start.line] ?? '';
}

export const lines = {
  unlisted:
    'NET:OPEN [MED] DENIED /usr/bin/curl(166) -> blocked.example.com:443 [policy:- engine:opa] [reason:endpoint blocked.example.com:443 is not allowed by any policy]',
  binary:
    "NET:OPEN [MED] DENIED /usr/bin/curl(174) -> pypi.tst:443 [policy:- engine:opa] [reason:binary '/usr/bin/curl' not allowed in policy 'pypi' (ancestors: [/usr/bin/bash -> /usr/local/bin/node], cmdline: []). SYMLINK HINT: the binary path is the kernel-re...]",
  opened: 'NET:OPEN [INFO] ALLOWED /usr/bin/curl(172) -> docs.example.com:80 [policy:docs_site engine:opa]',
  post: 'HTTP:POST [MED] DENIED POST http://docs.example.com:80/guide/prices [policy:docs_site engine:l7] [reason:L7_REQUEST deny POST docs.example.com:80/guide/prices reason=POST /guide/prices not permitted by policy]',
  get: 'HTTP:GET [INFO] ALLOWED GET http://docs.example.com:80/guide/prices [policy:docs_site engine:l7]',
  metadata:
    'NET:OPEN [MED] DENIED /usr/bin/curl(1618) -> 169.254.169.254:80 [policy:- engine:ssrf] [reason:169.254.169.254 resolves to always-blocked address 169.254.169.254, connection rejected]',
} as const;
