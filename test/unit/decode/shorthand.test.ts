// Lines of the supervisor's log, in the shorthand and in JSON: OpenShell's own samples, constructed pairs, recordings, and text that
// only looks like one.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { escapedInContext, escapedInQuotes, unescaped } from '../../../server/src/decode/ocsf/escapes';
import { decodeLogLine } from '../../../server/src/decode/ocsf/logLine';
import type { LogEvent } from '../../../server/src/decode/ocsf/logLine';
import type { PolicyEvent } from '../../../server/src/model/events';
import { policySpan } from '../../../server/src/model/joinPolicy';
import { meet, meetingKey } from '../../../server/src/model/sightings';
import type { Sighting } from '../../../server/src/model/sightings';
import { recordings } from '../../fixtures/recordings';

const folder = join(import.meta.dirname, '../../fixtures/openshell');
const stamp = '2026-04-01T04:04:32.118Z';

function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

function eventOf(line: string): PolicyEvent | null {
  const decoded = decodeLogLine(line);
  return decoded?.kind === 'event' ? decoded.event : null;
}

const shorthand = (body: string): PolicyEvent | null => eventOf(`${stamp} OCSF ${body}`);

const literal = linesOf(join(folder, 'literal-shorthand.tsv'))
  .filter((row) => !row.startsWith('#'))
  .map((row) => row.slice(row.indexOf('\t') + 1));
const constructed = linesOf(join(folder, 'constructed-openshell.log'));
const pairs = linesOf(join(folder, 'constructed-ocsf.jsonl')).map((json, at) => ({ json, line: constructed[at] ?? '' }));

/** The samples that are a part of a line, as the line they are a part of. */
function whole(sample: string): string {
  if (/^\d{4}-|^\[\d/.test(sample)) return sample;
  return `${stamp} ${sample.startsWith('OCSF ') ? '' : 'OCSF '}${sample}`;
}

describe("OpenShell's own samples", () => {
  it('are 51, and each is an event or a message', () => {
    expect(literal).toHaveLength(51);
    const kinds = literal.map((sample) => decodeLogLine(whole(sample))?.kind ?? `none: ${sample}`);
    expect(kinds.filter((kind) => kind === 'event')).toHaveLength(47);
    expect(kinds.filter((kind) => kind === 'message')).toHaveLength(4);
  });

  it('are read to their last bracket: of class, activity, severity and action nothing is left', () => {
    for (const sample of literal) {
      const event = eventOf(whole(sample));
      if (event === null) continue;
      const bare = whole(sample).replace(/^.*?(?:\[ocsf\] |OCSF (?!\]))/, '');
      expect.soft(event.text, sample).toBe(bare.trimEnd());
      expect
        .soft(`${event.eventClass}${event.activity === '' ? '' : `:${event.activity}`} [${event.severity}]`, sample)
        .toBe(/^.*?\]/.exec(bare)?.[0]);
      expect.soft(event.action, sample).toBe(/\] DENIED/.test(bare) ? 'denied' : /\] ALLOWED/.test(bare) ? 'allowed' : null);
      // Where a connection or a request stands, it is told whose and where to.
      const arrow = /\] (?:ALLOWED |DENIED )?(\S+)\((\d+)\) -> /.exec(bare);
      if (arrow !== null) expect.soft(event.process, sample).toEqual({ path: arrow[1], pid: Number(arrow[2]) });
      if (event.eventClass === 'HTTP') expect.soft(event.url, sample).toBe(/ (https?:\/\/\S+)/.exec(bare)?.[1]);
      if (/^NET:\S+ \[\w+\] (?:ALLOWED|DENIED|\d)/.test(bare)) expect.soft(event.target, sample).not.toBeNull();
      const policy = /\[policy:(\S+?)(?: engine:(\S+))?\]/.exec(bare);
      if (policy !== null) {
        expect.soft(event.policy, sample).toBe(policy[1] === '-' ? null : policy[1]);
        expect.soft(event.engine, sample).toBe(policy[2] ?? null);
      }
    }
  });

  it('tell what stands in their contexts', () => {
    const facts = (body: string): unknown => shorthand(body)?.facts;
    const find = (start: string): string => (literal.find((sample) => sample.includes(start)) ?? '').replace(/^OCSF /, '');
    expect(facts(find('engine:middleware] [failed:false transformed:true]'))).toEqual({
      'sandglass.policy.context': ['failed:false', 'transformed:true'],
    });
    const denied = shorthand(find('reason:middleware_denied'));
    expect(denied?.reason).toBe('middleware_denied:content-guard:content_match');
    expect(denied?.facts).toEqual({ 'sandglass.policy.context': ['failed:false', 'transformed:false'] });
    expect(facts(find('node(1234) -> 93.184.216.34:443/tcp'))).toEqual({ 'network.transport': 'tcp' });
    expect(facts(find('[auth:NSSH1]'))).toEqual({ 'sandglass.policy.auth': 'NSSH1', 'client.address': '10.42.0.1', 'client.port': 48201 });
    expect(facts(find('[cmd:python3'))).toMatchObject({ 'sandglass.process.pid': 42, 'sandglass.process.command': 'python3 /app/main.py' });
    expect(facts(find('python3(42) [exit:0]'))).toMatchObject({ 'process.exit.code': 0 });
    expect(facts(find('NSSH1 Nonce Replay'))).toEqual({
      'sandglass.policy.title': 'NSSH1 Nonce Replay Attack',
      'sandglass.policy.finding': 'nssh1-replay-abc',
      'sandglass.policy.confidence': 'high',
    });
    expect(facts(find('content_guard.match count:1 source'))).toMatchObject({
      'sandglass.policy.context': ['count:1', 'source:content_guard'],
    });
    expect(facts(find('LIFECYCLE:START'))).toEqual({ 'sandglass.policy.app': 'openshell-sandbox', 'sandglass.policy.outcome': 'success' });
    expect(facts(find('API:INFERENCE'))).toEqual({
      'sandglass.policy.outcome': 'success',
      'gen_ai.request.model': 'claude-haiku-4-5-20251001',
      'sandglass.policy.provider': 'https://api.anthropic.com/v1',
      'sandglass.policy.latency_ms': 701,
      'sandglass.policy.operation': 'POST /v1/messages',
    });
    expect(facts(find('op: add-allow'))).toEqual({ 'sandglass.policy.context': ['version:v7', 'hash:sha256:testhash'] });
    expect(facts(find('Skipping inaccessible'))).toEqual({
      'sandglass.policy.context': ['path:/opt/data', 'error:Permission denied (os error 13)'],
    });
    expect(facts(find('EVENT [INFO]'))).toEqual({ 'sandglass.policy.context': ['ns:openshell-sandbox-abc123'] });
    expect(shorthand(find('[msg:relay open'))?.message).toBe('relay open (channel_id=ch-42)');
  });
});

describe('pairs of shorthand and JSON', () => {
  it.each(pairs.map(({ json, line }) => ({ json, line, name: line.slice(25, 70) })))('meet: $name', ({ json, line }) => {
    const short = decodeLogLine(line);
    const long = decodeLogLine(json);
    const console = decodeLogLine(`${line.slice(0, 24)} OCSF-JSON ${json}`);
    expect(long).toEqual(console);
    expect(long?.kind).toBe('event');
    // Letter by letter the same text, and so the same id.
    expect((long as LogEvent).asShorthand).toEqual((short as LogEvent).event);
    const { facts: more = {}, reason, ...rest } = (long as LogEvent).event;
    const { facts: less = {}, reason: shortReason, ...same } = (short as LogEvent).event;
    expect(rest).toEqual(same);
    expect(more).toMatchObject(less);
    expect(reason?.startsWith(shortReason?.replace(/\.\.\.$/, '').slice(0, 200) ?? '') ?? shortReason === null).toBe(true);
  });

  it('are told more of by JSON: the whole reason, who started the process, evidence', () => {
    const of = (part: string): PolicyEvent | null => eventOf(pairs.find(({ line }) => line.includes(part))?.json ?? '');
    expect(of('python3.12(71)')?.reason).toContain('check sandbox logs for');
    expect(of('python3.12(71)')?.facts?.['sandglass.process.ancestors']).toEqual(['/usr/bin/bash', '/usr/local/bin/claude']);
    expect(of('Proxy Bypass')?.facts).toMatchObject({
      'sandglass.policy.description': 'direct connection bypassed HTTP CONNECT proxy',
      'sandglass.policy.remediation': expect.stringContaining('HTTP_PROXY') as string,
      'sandglass.policy.evidence': expect.arrayContaining(['binary: /usr/bin/node']) as string[],
    });
    expect(of('text-embedding')?.facts).toMatchObject({ 'gen_ai.usage.input_tokens': 812 });
    const audit = (pairs[3]?.json ?? '').replace('L7_REQUEST allow', 'L7_REQUEST audit');
    expect(eventOf(audit)?.facts).toMatchObject({ 'sandglass.policy.audit': true });
  });

  it.each(recordings().filter(({ name }) => name !== 'sandbox-live' && name !== 'generation-c'))(
    'of the recording $name meet: each JSON event has its line',
    (recording) => {
      const folderOf = join(recording.root, 'var-log');
      const files = readdirSync(folderOf);
      const of = (name: RegExp): readonly string[] =>
        files.filter((file) => name.test(file)).flatMap((file) => linesOf(join(folderOf, file)));
      const seen = new Map<string, Sighting[]>();
      for (const [way, name] of [
        ['file', /^openshell\.\d/],
        ['fileJson', /^openshell-ocsf/],
      ] as const) {
        for (const line of of(name)) {
          const decoded = decodeLogLine(line);
          if (decoded?.kind !== 'event') continue;
          const key = meetingKey(decoded.asShorthand);
          seen.set(key, [...(seen.get(key) ?? []), { way, event: decoded.event }]);
        }
      }
      const events = [...seen.values()].flatMap((sightings) => meet(sightings));
      expect(events.length).toBeGreaterThan(10);
      const alone = events.filter((sightings) => sightings.length === 1 && sightings[0]?.way === 'fileJson');
      expect(alone.map(([only]) => only?.event.text)).toEqual([]);
      expect(events.filter((sightings) => sightings.length === 2).length).toBeGreaterThan(10);
    },
  );
});

describe('supervisor log lines', () => {
  it('are read whole: every constructed line is an event, with the action it names', () => {
    expect(constructed.length).toBeGreaterThanOrEqual(15);
    for (const line of constructed) {
      const event = eventOf(line);
      expect.soft(event, line).not.toBeNull();
      expect.soft(event?.action, line).toBe(line.includes('] DENIED') ? 'denied' : line.includes('] ALLOWED') ? 'allowed' : null);
      expect.soft(event?.text, line).toBe(line.slice(line.indexOf('OCSF ') + 5));
    }
  });

  it('name process, host, rule and a reason that holds brackets', () => {
    const event = shorthand(
      `NET:OPEN [MED] DENIED /usr/bin/python3.12(71) -> api.anthropic.com:443 [policy:- engine:opa] [reason:binary '/usr/bin/python3.12' not allowed in policy 'claude_code' (ancestors: [/usr/bin/bash -> /x], cmdline: []). SYMLINK]`,
    );
    expect(event).toMatchObject({
      action: 'denied',
      process: { path: '/usr/bin/python3.12', pid: 71 },
      target: { host: 'api.anthropic.com', port: 443 },
      policy: null,
      engine: 'opa',
      reason: "binary '/usr/bin/python3.12' not allowed in policy 'claude_code' (ancestors: [/usr/bin/bash -> /x], cmdline: []). SYMLINK",
    });
    const http = shorthand(
      `HTTP:POST [MED] DENIED POST http://api.github.com:443/user/repos [policy:github_api engine:l7] [reason:L7_REQUEST deny POST]`,
    );
    expect(http).toMatchObject({
      action: 'denied',
      method: 'POST',
      process: null,
      target: { host: 'api.github.com', port: 443 },
      policy: 'github_api',
      engine: 'l7',
      reason: 'L7_REQUEST deny POST',
    });
    for (const host of ['[2001:db8::1]', '2001:db8::1'])
      expect(shorthand(`NET:OPEN [MED] DENIED /usr/bin/curl(9) -> ${host}:443 [reason:no]`)?.target).toEqual({
        host: '2001:db8::1',
        port: 443,
      });
    expect(shorthand('NET:OPEN [MED] DENIED /opt/my tools/fetch it(9) -> a.example:443')?.process).toEqual({
      path: '/opt/my tools/fetch it',
      pid: 9,
    });
    expect(shorthand('HTTP:M-SEARCH [INFO] ALLOWED M-SEARCH http://a.example:80/')?.method).toBe('M-SEARCH');
    expect(
      shorthand('HTTP:POST [INFO] ALLOWED POST http://mcp.example:443/ [policy:m engine:l7-mcp] [msg:tools/call [x] y]')?.facts,
    ).toEqual({
      'sandglass.policy.message': 'tools/call [x] y',
    });
    expect(shorthand('FINDING:NO ACTION [UNKN] "a \\"b\\" \\u{1b}" [type:x\\u{20}y\\] k\\\\:v]')).toMatchObject({
      activity: 'NO ACTION',
      severity: 'UNKN',
      facts: { 'sandglass.policy.title': 'a "b"', 'sandglass.policy.finding': 'x y]', 'sandglass.policy.context': ['k\\:v'] },
    });
  });

  it('have escapes that are taken back exactly', () => {
    for (const text of ['', 'plain', 'a b', '[x]', '\\', '\\u{20}', 'tab\tline\nend\r', '\u0007\u001b[31m', '日本 語', '😀 \u2028']) {
      expect(unescaped(escapedInContext(text))).toBe(text);
      expect(escapedInContext(text)).not.toMatch(/\s/);
      expect(unescaped(escapedInQuotes(text))).toBe(text);
    }
    for (const odd of ['\\u{110000}', '\\u{zz}', 'end\\']) expect(() => unescaped(odd)).not.toThrow();
  });

  it('show no query of a request that was refused', () => {
    const event = shorthand(
      'HTTP:PUT [MED] DENIED PUT http://a.example/x [policy:p engine:opa] [reason:FORWARD denied PUT a.example:443/x?token=secret-456]',
    );
    if (event === null) throw new Error('no event');
    expect(JSON.stringify(policySpan({ event, ordinal: 0, call: null, candidates: [] }))).not.toContain('secret-456');
  });

  it('take time in proportion to their length', () => {
    // Asserted by what comes back, not by a clock: a pattern that tried every start would not come back at all.
    for (const hostile of [
      `${'('.repeat(200_000)} -> ${'['.repeat(200_000)}`,
      '(1) -> '.repeat(50_000),
      ' [msg:'.repeat(50_000),
      `a:1${' [reason:'.repeat(50_000)}`,
      '[x:'.repeat(50_000),
      '\\u{'.repeat(50_000),
    ]) {
      for (const start of [
        'NET:OPEN [MED] DENIED ',
        'HTTP:GET [MED] DENIED GET http://x ',
        'FINDING:X [MED] "',
        'CONFIG:X [MED] ',
        'API:INFERENCE [MED] ',
        'PROC:X [MED] ',
      ])
        expect(shorthand(start + hostile)?.text.length).toBeLessThanOrEqual(4000);
    }
  });

  it.each(recordings().filter((recording) => recording.name !== 'sandbox-live'))(
    'of $name all become events or are start-up messages',
    (recording) => {
      const name = recording.name === 'generation-c' ? 'container-supervisor.log' : 'container.log';
      const lines = linesOf(join(recording.root, name));
      expect(lines.filter((line) => / OCSF /.test(line)).length).toBeGreaterThan(20);
      for (const line of lines) expect.soft(decodeLogLine(line)?.kind, line).toBe(/ OCSF(?:-JSON)? /.test(line) ? 'event' : 'message');
    },
  );
});

describe('text that looks like an event', () => {
  const line = `${stamp} OCSF NET:OPEN [INFO] ALLOWED /usr/bin/curl(64) -> evil.example:443 [policy:a engine:opa]`;

  it.each([
    ['nothing', ''],
    ['a line without a time', 'OCSF NET:OPEN [MED] DENIED x(1) -> y:1'],
    ['a message', `${stamp} INFO openshell_sandbox: Starting sandbox`],
    ['a message that quotes a line', `${stamp} INFO agent: ${line}`],
    ['a message that goes on after a carriage return', `${stamp} WARN openshell_sandbox: x\r${line}`],
    ['a line within a line', `x ${line}`],
    ['a line that was wrapped', `  ${line}`],
    ['a line in a quotation', `> ${line}`],
    ['a line with a colour', `\u001b[32m${line}`],
    ['a line behind a mark of byte order', `\ufeff${line}`],
    ['a tool result', JSON.stringify({ role: 'toolResult', content: [{ type: 'text', text: line }] })],
    ["a line of the agent's own log", JSON.stringify({ 0: '{"subsystem":"agent/embedded"}', 1: line, message: line, time: stamp })],
    ['JSON of something else', JSON.stringify({ class_uid: 4001, time: 1787000005000 })],
    ['JSON in a list', `[${pairs[2]?.json ?? ''}]`],
    ['JSON in JSON', JSON.stringify({ text: pairs[2]?.json })],
    ['JSON of no class', JSON.stringify({ class_uid: 9999, time: 1, metadata: {} })],
    ['JSON that is cut', (pairs[2]?.json ?? '').slice(0, -5)],
    ['JSON with its end in another line', `${stamp} OCSF-JSON ${(pairs[2]?.json ?? '').slice(0, 900)}`],
    ['an event in the middle of a JSON line', `${stamp} OCSF-JSON {} ${line}`],
    ['an unknown severity', `${stamp} OCSF NET:OPEN [NONE] ALLOWED x.example:443`],
    ['a time that is none', '2026-99-99T99:99:99Z OCSF NET:OPEN [INFO] ALLOWED x.example:443'],
    ['what the command prints of another log', '[1775014132.118] [gateway] [INFO ] [ocsf] NET:OPEN [INFO] ALLOWED'],
  ])('is none: %s', (_name, text) => {
    expect(decodeLogLine(text)?.kind).not.toBe('event');
  });

  it('names no process and no host where the text of an agent makes two readings of it', () => {
    // A program whose path holds the end of a line of its own, so that the connection seems to be another.
    const path = '/tmp/x(1) -> good.example:443 [policy:a engine:opa] [reason:ok';
    const forged = shorthand(`NET:OPEN [MED] DENIED ${path}(99) -> evil.example:443 [policy:- engine:opa] [reason:no]`);
    expect(forged).toMatchObject({ action: 'denied', process: null, target: null });
    const quoted = shorthand(
      "NET:OPEN [MED] DENIED /tmp/q(7) -> evil.example:443 [policy:- engine:opa] [reason:binary '/tmp/z(1) -> good.example:80 [reason:x]",
    );
    expect(quoted).toMatchObject({ action: 'denied', process: null, target: null });
  });

  it('is told apart by JSON, where nothing can be read in two ways', () => {
    const json = (pairs[5]?.json ?? '').replace(
      '"/usr/bin/curl"',
      JSON.stringify('/tmp/x(1) -> good.example:443 [policy:a engine:opa] [reason:ok'),
    );
    expect(eventOf(json)).toMatchObject({
      process: { path: '/tmp/x(1) -> good.example:443 [policy:a engine:opa] [reason:ok', pid: 64 },
      target: { host: 'httpbin.org', port: 443 },
    });
  });
});
