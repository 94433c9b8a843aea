import { describe, expect, it } from 'vitest';
import type { PolicySpan } from '../../../server/src/protocol/document';
import { connectionMs, keptOpenMs } from '../../../server/src/model/joinPolicy';
import { Decisions } from '../../../server/src/policy/recorded';
import { decodeLogLine } from '../../../server/src/decode/ocsf/logLine';
import { joinPolicy, policySpan } from '../../../server/src/model/joinPolicy';
import { decisionOf, lines } from './made';

const t0 = Date.UTC(2026, 10, 21);
const opened = (binary: string, host = 'docs.example.com'): string =>
  `NET:OPEN [INFO] ALLOWED ${binary}(172) -> ${host}:80 [policy:docs_site engine:opa]`;

function spanAt(ms: number, line: string): PolicySpan {
  const decoded = decodeLogLine(`${new Date(t0 + ms).toISOString()} OCSF ${line}`);
  if (decoded?.kind !== 'event') throw new Error(`no event: ${line}`);
  const [joined] = joinPolicy([decoded.event], []);
  if (joined === undefined) throw new Error(`no event: ${line}`);
  return policySpan(joined);
}
/** The program of a request that comes after all of these. */
function programAfter(ms: number, before: readonly (readonly [number, string])[]): string | null | undefined {
  const decisions = new Decisions();
  for (const [at, line] of before) decisions.take(spanAt(at, line));
  return decisions.take(spanAt(ms, lines.post))?.request.binary;
}

describe('the program of a request', () => {
  it('is the one that opened the connection, where it alone did', () => {
    expect(decisionOf(lines.opened, lines.post).request.binary).toBe('/usr/bin/curl');
    expect(programAfter(connectionMs + 1, [[0, opened('/usr/bin/curl')]])).toBeNull();
    expect(
      programAfter(2000, [
        [0, opened('/usr/bin/git')],
        [1000, opened('/usr/bin/curl')],
      ]),
    ).toBeNull();
  });

  it('is not known while another may still have its connection open', () => {
    const other = (at: number): string | null | undefined =>
      programAfter(at + 1000, [
        [0, opened('/usr/bin/git')],
        [at, opened('/usr/bin/curl')],
      ]);
    expect(other(connectionMs + 10_000)).toBeNull();
    expect(other(keptOpenMs + 10_000)).toBe('/usr/bin/curl');
  });

  it('is not known however many connections were opened since that of the other', () => {
    const many = Array.from({ length: 50 }, (_, i) => [1 + i, opened('/usr/bin/curl')] as const);
    expect(programAfter(1000, [[0, opened('/usr/bin/git')], ...many])).toBeNull();
    const hosts = Array.from({ length: 1500 }, (_, i) => [1 + i, opened('/usr/bin/curl', `h${i}.example.com`)] as const);
    expect(programAfter(3000, [[0, opened('/usr/bin/git')], ...hosts, [2500, opened('/usr/bin/curl')]])).toBeNull();
  });
});
