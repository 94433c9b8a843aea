import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeShorthand } from '../../../server/src/decode/ocsf/shorthand';
import { recordings } from '../../fixtures/recordings';

const folder = join(import.meta.dirname, '../../fixtures/openshell');
const stamp = '2026-04-01T04:04:32.118Z';

describe('supervisor log lines', () => {
  it('are read whole: every constructed line is an event, with the action it names', () => {
    const lines = readFileSync(join(folder, 'constructed-openshell.log'), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    expect(lines.length).toBeGreaterThanOrEqual(15);
    for (const line of lines) {
      const event = decodeShorthand(line);
      expect.soft(event, line).not.toBeNull();
      expect.soft(event?.action, line).toBe(line.includes('] DENIED') ? 'denied' : line.includes('] ALLOWED') ? 'allowed' : null);
      expect.soft(event?.text, line).toBe(line.slice(line.indexOf('OCSF ') + 5));
    }
  });

  it('are read from the literal samples once they carry a time', () => {
    let read = 0;
    for (const row of readFileSync(join(folder, 'literal-shorthand.tsv'), 'utf8').split('\n')) {
      const text = row.split('\t')[1];
      if (text === undefined || row.startsWith('#')) continue;
      const bare = text.replace(/^\d{4}-\S+Z /, '').replace(/^OCSF /, '');
      if (!/^[A-Z]+(?::[A-Z_]+)? \[/.test(bare)) continue;
      read += 1;
      expect.soft(decodeShorthand(`${stamp} OCSF ${bare}`), text).not.toBeNull();
    }
    expect(read).toBeGreaterThan(35);
  });

  it('name process, host, rule and a reason that holds brackets', () => {
    const event = decodeShorthand(
      `${stamp} OCSF NET:OPEN [MED] DENIED /usr/bin/python3.12(71) -> api.anthropic.com:443 [policy:- engine:opa] [reason:binary '/usr/bin/python3.12' not allowed in policy 'claude_code' (ancestors: [/usr/bin/bash -> /x], cmdline: []). SYMLINK]`,
    );
    expect(event).toMatchObject({
      action: 'denied',
      process: { path: '/usr/bin/python3.12', pid: 71 },
      target: { host: 'api.anthropic.com', port: 443 },
      policy: null,
      engine: 'opa',
      reason: "binary '/usr/bin/python3.12' not allowed in policy 'claude_code' (ancestors: [/usr/bin/bash -> /x], cmdline: []). SYMLINK",
    });
    const http = decodeShorthand(
      `${stamp} OCSF HTTP:POST [MED] DENIED POST http://api.github.com:443/user/repos [policy:github_api engine:l7] [reason:L7_REQUEST deny POST]`,
    );
    expect(http).toMatchObject({
      action: 'denied',
      method: 'POST',
      process: null,
      target: { host: 'api.github.com', port: 443 },
      policy: 'github_api',
      engine: 'l7',
    });
    expect(decodeShorthand(`${stamp} OCSF NET:OPEN [MED] DENIED /usr/bin/curl(9) -> [2001:db8::1]:443 [reason:no]`)?.target).toEqual({
      host: '2001:db8::1',
      port: 443,
    });
  });

  it('are not made of other text', () => {
    for (const text of [
      '',
      'OCSF NET:OPEN [MED] DENIED x(1) -> y:1',
      `${stamp} INFO openshell_sandbox: Starting sandbox`,
      `x ${stamp} OCSF NET:OPEN [MED] DENIED`,
      `${stamp} OCSF-JSON {}`,
    ]) {
      expect(decodeShorthand(text)).toBeNull();
    }
  });

  it('take time in proportion to their length', () => {
    // Asserted by what comes back, not by a clock: a pattern that tried every start would not come back at all.
    const event = decodeShorthand(`${stamp} OCSF NET:OPEN [MED] DENIED ${'('.repeat(200_000)} -> ${'['.repeat(200_000)}`);
    expect(event?.text.length).toBeLessThanOrEqual(4000);
  });

  it.each(recordings().filter((recording) => recording.name !== 'sandbox-live'))(
    'of $name all become events or are start-up messages',
    (recording) => {
      const name = recording.name === 'generation-c' ? 'container-supervisor.log' : 'container.log';
      const lines = readFileSync(join(recording.root, name), 'utf8').split('\n');
      const ocsf = lines.filter((line) => / OCSF /.test(line));
      expect(ocsf.length).toBeGreaterThan(20);
      for (const line of ocsf) expect.soft(decodeShorthand(line), line).not.toBeNull();
    },
  );

  it('takes no line whose time is none', () => {
    expect(decodeShorthand('2026-99-99T99:99:99Z OCSF NET:OPEN [INFO] ALLOWED x.example:443')).toBeNull();
  });
});
