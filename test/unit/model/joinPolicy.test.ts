import { describe, expect, it } from 'vitest';
import { decodeLogLine } from '../../../server/src/decode/ocsf/logLine';
import type { PolicyEvent } from '../../../server/src/model/events';
import type { CallFact } from '../../../server/src/model/spanMaker';
import { joinPolicy } from '../../../server/src/model/joinPolicy';

const t0 = Date.UTC(2026, 10, 21);
const at = (ms: number): string => new Date(t0 + ms).toISOString();

function event(ms: number, text: string): PolicyEvent {
  const decoded = decodeLogLine(`${at(ms)} OCSF ${text}`);
  if (decoded?.kind !== 'event') throw new Error(`no event: ${text}`);
  return decoded.event;
}
function call(id: string, start: number, end: number | null, command: string, pid: number | null = null): CallFact {
  return {
    spanId: id,
    turnId: 'turn',
    session: 's',
    name: 'exec',
    command,
    target: command,
    pid,
    start: t0 + start,
    end: end === null ? null : t0 + end,
  };
}
const denied = (pid: number, host = 'x.example', program = '/usr/bin/curl'): string =>
  `NET:OPEN [MED] DENIED ${program}(${pid}) -> ${host}:443 [policy:- engine:opa] [reason:no]`;

function joinOne(events: readonly PolicyEvent[], calls: readonly CallFact[], index = 0): { call: string | null; candidates: string[] } {
  const joined = joinPolicy(events, calls)[index];
  return { call: joined?.call?.spanId ?? null, candidates: joined?.candidates.map((candidate) => candidate.spanId) ?? [] };
}

describe('joining denials to calls', () => {
  it('needs process, host and time together', () => {
    expect(joinOne([event(1500, denied(7))], [call('a', 1000, 2000, 'curl https://x.example/')])).toEqual({ call: 'a', candidates: [] });
  });

  it('by time alone makes a candidate only', () => {
    expect(joinOne([event(1500, denied(7))], [call('a', 1000, 2000, 'curl https://y.example/')])).toEqual({
      call: null,
      candidates: ['a'],
    });
    expect(joinOne([event(1500, denied(7))], [call('a', 1000, 2000, 'python3 fetch.py x.example')])).toEqual({
      call: null,
      candidates: ['a'],
    });
    expect(joinOne([event(9000, denied(7))], [call('a', 1000, 2000, 'curl https://x.example/')])).toEqual({ call: null, candidates: [] });
  });

  it('what comes later is no candidate for what came before', () => {
    const told = event(1000, 'NET:LISTEN [INFO] 127.0.0.1:3128');
    expect(told.process).toBeNull();
    const calls = [call('before', 900, 1100, 'ls'), call('later', 5000, 6000, 'ls')];
    expect(joinOne([told, event(5500, denied(7))], calls)).toEqual({ call: null, candidates: ['before'] });
  });

  it('names both when two calls fit', () => {
    const calls = [call('a', 1000, 2000, 'curl https://x.example/1'), call('b', 1000, 2000, 'curl https://x.example/2')];
    expect(joinOne([event(1500, denied(7))], calls)).toEqual({ call: null, candidates: ['a', 'b'] });
  });

  it("leaves the agent's own traffic alone: its process was there before", () => {
    const events = [
      event(0, denied(44, 'telemetry.example', '/usr/local/bin/node')),
      event(1500, denied(44, 'x.example', '/usr/local/bin/node')),
    ];
    expect(joinOne(events, [call('a', 1000, 2000, 'node fetch.js https://x.example/')], 1)).toEqual({ call: null, candidates: [] });
    expect(joinOne([event(1500, 'NET:OPEN [INFO] ALLOWED inference.local:443')], [call('a', 1000, 2000, 'curl inference.local')])).toEqual({
      call: null,
      candidates: [],
    });
  });

  it('gives a request without a process the process of its connection', () => {
    const events = [
      event(1500, 'NET:OPEN [INFO] ALLOWED /usr/bin/curl(9) -> x.example:80 [policy:p engine:opa]'),
      event(1500, 'HTTP:POST [MED] DENIED POST http://x.example:80/a [policy:p engine:l7] [reason:no]'),
    ];
    expect(joinOne(events, [call('a', 1000, 2000, 'curl -X POST http://x.example/a')], 1).call).toBe('a');
  });

  const opened = (pid: number, program = '/usr/bin/curl'): string =>
    `NET:OPEN [INFO] ALLOWED ${program}(${pid}) -> x.example:80 [policy:p engine:opa]`;
  const post = 'HTTP:POST [MED] DENIED POST http://x.example:80/a [policy:p engine:l7] [reason:no]';

  it('a connection that was refused carries no requests', () => {
    const events = [
      event(1400, opened(9)),
      event(1500, denied(44, 'x.example', '/usr/local/bin/node').replace(':443', ':80')),
      event(1600, post),
    ];
    expect(joinOne(events, [call('a', 1000, 2000, 'curl -X POST http://x.example/a')], 2).call).toBe('a');
  });

  it('names the candidates where two connections may have carried it', () => {
    const calls = [call('a', 1000, 3000, 'curl http://x.example/a'), call('b', 1200, 3000, 'curl http://x.example/b')];
    // Each process is of either call: of the one that ran alone first, by its life.
    const events = [event(1100, opened(8)), event(2500, opened(9)), event(2600, post)];
    expect(joinOne(events, calls, 2)).toEqual({ call: null, candidates: ['a', 'b'] });
    // One that another process of the agent's own may have sent is not surely of the call.
    const own = [
      event(0, opened(44, '/usr/local/bin/node')),
      event(1400, opened(44, '/usr/local/bin/node')),
      event(1500, opened(9)),
      event(1600, post),
    ];
    expect(joinOne(own, [call('a', 1000, 2000, 'curl http://x.example/a')], 3)).toEqual({ call: null, candidates: ['a'] });
  });

  it('names the call only as a candidate while another program may have kept a connection open', () => {
    const calls = [call('a', 100_000, 110_000, 'curl -X POST http://x.example/a')];
    const events = (kept: number): readonly PolicyEvent[] => [
      event(kept, opened(44, '/usr/local/bin/node')),
      event(105_000, opened(9)),
      event(106_000, post),
    ];
    expect(joinOne(events(0), calls, 2)).toEqual({ call: null, candidates: ['a'] });
    // By the time of the request it is closed for certain.
    expect(joinOne(events(-200_000), calls, 2)).toEqual({ call: 'a', candidates: [] });
    // One of an earlier call that is over sends nothing.
    const earlier = call('b', -1000, 1000, 'node fetch.js http://x.example/');
    expect(joinOne(events(0), [earlier, ...calls], 2)).toEqual({ call: 'a', candidates: [] });
  });

  it('a call that ended sends nothing on its connection any more', () => {
    const calls = [call('a', 1000, 2000, 'curl http://x.example/a'), call('b', 3000, 4000, 'curl -X POST http://x.example/a')];
    const events = [event(1500, opened(8)), event(3500, opened(9)), event(3600, post)];
    expect(joinOne(events, calls, 2)).toEqual({ call: 'b', candidates: [] });
  });

  it('knows a program by the one that started it, where the supervisor tells', () => {
    const tree = (ancestors: string, program = '/usr/bin/curl'): string =>
      `NET:OPEN [MED] DENIED ${program}(7) -> x.example:443 [policy:- engine:opa] [reason:binary '${program}' not allowed in policy 'p' (ancestors: [${ancestors}], cmdline: [])]`;
    const calls = [call('a', 1000, 2000, 'python3 fetch.py x.example')];
    expect(joinOne([event(1500, tree('/usr/bin/python3.11 -> /usr/bin/bash -> /usr/local/bin/node'))], calls).call).toBe('a');
    // Shells and the agent start everything, and so prove nothing.
    const shell = [call('a', 1000, 2000, 'bash node fetch x.example')];
    expect(joinOne([event(1500, tree('/usr/bin/bash -> /usr/local/bin/node'))], shell)).toEqual({ call: null, candidates: ['a'] });
  });

  it("the agent's own program that the agent did not start is the agent", () => {
    const tree = (ancestors: string): string =>
      `NET:OPEN [MED] DENIED /usr/local/bin/node(7) -> x.example:443 [policy:- engine:opa] [reason:binary '/usr/local/bin/node' not allowed in policy 'p' (ancestors: [${ancestors}], cmdline: [])]`;
    const calls = [call('a', 1000, 2000, 'node fetch.js https://x.example/')];
    expect(joinOne([event(1500, tree('/usr/bin/bash'))], calls)).toEqual({ call: null, candidates: [] });
    expect(joinOne([event(1500, tree('/usr/bin/bash -> /usr/local/bin/node'))], calls).call).toBe('a');
  });

  it('does not take a host for part of another', () => {
    expect(joinOne([event(1500, denied(7, 'example.com'))], [call('a', 1000, 2000, 'curl https://example.com.evil.net/')]).call).toBeNull();
    expect(joinOne([event(1500, denied(7, 'example.com'))], [call('a', 1000, 2000, 'curl https://notexample.com/')]).call).toBeNull();
  });

  it('knows a running call, and a call whose result names the process', () => {
    expect(joinOne([event(50_000, denied(7))], [call('a', 1000, null, 'curl https://x.example/')]).call).toBe('a');
    expect(joinOne([event(1500, denied(7, 'x.example', '/usr/bin/python3'))], [call('a', 1000, 2000, './run.sh x.example', 7)]).call).toBe(
      'a',
    );
  });

  it('tells equal lines of one millisecond apart', () => {
    const joined = joinPolicy([event(1, denied(7)), event(1, denied(7))], []);
    expect(joined.map((item) => item.ordinal)).toEqual([0, 1]);
  });

  it('knows a program by its name, whatever version stands behind it', () => {
    for (const [program, command, joined] of [
      ['/usr/bin/python3.11', 'python fetch.py x.example', true],
      ['/usr/bin/python3.11', 'python3 fetch.py x.example', true],
      ['/usr/bin/python3.11', 'pythonic x.example', false],
      ['/usr/bin/node', 'nodemon x.example', false],
      ['/usr/bin/g++', 'g++ x.example', true],
      ['/usr/bin/[', '[ x.example', true],
      ['/opt/7', 'curl x.example', false],
      ['/opt/a(b', 'a(b x.example', true],
    ] as const) {
      const { call: found } = joinOne([event(1500, denied(7, 'x.example', program))], [call('a', 1000, 2000, command)]);
      expect([program, command, found !== null]).toEqual([program, command, joined]);
    }
  });
});
