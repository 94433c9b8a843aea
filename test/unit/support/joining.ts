/** Sessions with a call each and lines of the supervisor, at times counted from one hour. */
import type { SourceRecord } from '../../../server/src/attach/record';

export const t0 = Date.UTC(2026, 10, 21, 10);
export const iso = (ms: number): string => new Date(t0 + ms).toISOString();

/** A session with one call of curl; its result comes at `ended`, or never. */
export function session(name: string, ended: number | null, began = 0, host = 'evil.example.com'): SourceRecord[] {
  const entry = (ordinal: number, json: unknown): SourceRecord => ({
    kind: 'transcript',
    agent: 'main',
    session: name,
    state: 'live',
    file: `${name}.jsonl`,
    ordinal,
    text: JSON.stringify(json),
  });
  const call = { type: 'toolCall', id: `c${name}`, name: 'exec', arguments: { command: `curl https://${host}` } };
  const result = { role: 'toolResult', toolCallId: call.id, toolName: 'exec', content: [], details: { exitCode: 0 }, isError: false };
  const records = [
    entry(0, { type: 'session', version: 3, id: name, timestamp: iso(began - 1000), cwd: '/sandbox' }),
    entry(1, {
      type: 'message',
      id: `${name}a`,
      timestamp: iso(began),
      message: {
        role: 'assistant',
        provider: 'p',
        model: 'm',
        responseId: name,
        stopReason: 'toolUse',
        timestamp: t0 + began - 500,
        content: [call],
      },
    }),
  ];
  if (ended !== null)
    records.push(entry(2, { type: 'message', id: `${name}r`, timestamp: iso(ended), message: { ...result, timestamp: t0 + ended } }));
  return records;
}

/** The turn after that of the call. */
export function laterTurn(name: string, at: number): SourceRecord {
  const message = { role: 'user', content: 'And now?', timestamp: t0 + at };
  return {
    kind: 'transcript',
    agent: 'main',
    session: name,
    state: 'live',
    file: `${name}.jsonl`,
    ordinal: 3,
    text: JSON.stringify({ type: 'message', id: `${name}u`, timestamp: iso(at), message }),
  };
}

const line = (at: number, text: string): SourceRecord => ({ kind: 'log', origin: 'console', text: `${iso(at)} OCSF ${text}` });

export const denial = (at: number, pid: number, host = 'evil.example.com'): SourceRecord =>
  line(at, `NET:OPEN [MED] DENIED /usr/bin/curl(${pid}) -> ${host}:443 [policy:- engine:opa]`);

export const opened = (at: number, pid: number, host = 'evil.example.com', program = '/usr/bin/curl'): SourceRecord =>
  line(at, `NET:OPEN [INFO] ALLOWED ${program}(${pid}) -> ${host}:443 [policy:p engine:opa]`);

/** On a connection that was opened before; who asks is not told. */
export const request = (at: number, host = 'evil.example.com'): SourceRecord =>
  line(at, `HTTP:POST [MED] DENIED POST http://${host}:443/a [policy:p engine:l7] [reason:no]`);

/** Of the sandbox, and with it of its process ids. */
export const started = (at: number): SourceRecord => line(at, 'LIFECYCLE:INSTALL [INFO] OpenShell Sandbox Supervisor success');
