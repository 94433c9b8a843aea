/**
 * The supervisor's log lines: OCSF events in OpenShell's shorthand.
 * `TS OCSF NET:OPEN [MED] DENIED /usr/bin/curl(64) -> host:443 [policy:- engine:opa] [reason:…]`
 * Only lines whose whole shape fits are events; everything else (start-up messages, agent output that looks alike but came
 * by another way) is none. The reason is not escaped and may hold brackets, so it runs to the last one.
 */
import type { PolicyEvent } from '../../model/events';
import { plainLine } from '../preview';

const line =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) +OCSF +([A-Z]+)(?::([A-Z_]+))? \[(INFO|LOW|MED|HIGH|CRIT|FATAL|UNKN)\](?: (.*))?$/s;
const actionWord = /^(ALLOWED|DENIED) ?/;
const actor = /^(\S*?)\((\d+)\) -> /;
const httpTarget = /^([A-Z]+) (\S+)/;
const netTarget = /^(\[[0-9a-fA-F:]+\]|[^\s:[\]]+):(\d+)(?:\/[a-z]+)?/;
const policyContext = / ?\[policy:([^\s\]]*)(?: engine:([^\s\]]*))?\]/;
/** A line of the supervisor is short; what is longer is cut, and kept as text. */
export const policyTextLimit = 4000;

export function decodeShorthand(text: string): PolicyEvent | null {
  const match = line.exec(text.length > policyTextLimit ? text.slice(0, policyTextLimit) : text);
  if (match === null) return null;
  const time = Date.parse(match[1] ?? '');
  // The 99th of a month has the shape of a time and is none.
  if (Number.isNaN(time)) return null;
  const eventClass = match[2] ?? '';
  const severity = match[4] ?? null;
  const shorthand = text
    .slice(text.indexOf('OCSF') + 5)
    .trimEnd()
    .slice(0, policyTextLimit);
  let rest = match[5] ?? '';

  let reason: string | null = null;
  const reasonAt = rest.indexOf('[reason:');
  if (reasonAt >= 0) {
    const end = rest.lastIndexOf(']');
    reason = plainLine(rest.slice(reasonAt + '[reason:'.length, end > reasonAt ? end : undefined), 600);
    rest = rest.slice(0, reasonAt).trimEnd();
  }
  const context = policyContext.exec(rest);
  const policy = context?.[1] === undefined || context[1] === '-' || context[1] === '' ? null : context[1];
  const engine = context?.[2] ?? null;
  if (context !== null) rest = rest.slice(0, context.index) + rest.slice(context.index + context[0].length);

  let action: PolicyEvent['action'] = null;
  const word = actionWord.exec(rest);
  if (word !== null) {
    action = word[1] === 'DENIED' ? 'denied' : 'allowed';
    rest = rest.slice(word[0].length);
  }
  const base = {
    kind: 'policy',
    time,
    text: shorthand,
    eventClass,
    activity: match[3] ?? '',
    severity,
    action,
    policy,
    engine,
    reason,
  } as const;
  if (eventClass !== 'NET' && eventClass !== 'HTTP') {
    const message = plainLine(rest, 600);
    return { ...base, process: null, target: null, method: null, url: null, message: message === '' ? null : message };
  }

  let process: PolicyEvent['process'] = null;
  const who = actor.exec(rest);
  if (who !== null) {
    process = { path: who[1] ?? '', pid: Number(who[2]) };
    rest = rest.slice(who[0].length);
  }
  if (eventClass === 'HTTP') {
    const http = httpTarget.exec(rest);
    const url = http?.[2] ?? null;
    return { ...base, process, target: url === null ? null : urlTarget(url), method: http?.[1] ?? null, url, message: null };
  }
  const net = netTarget.exec(rest);
  const target = net === null ? null : { host: (net[1] ?? '').replace(/^\[|\]$/g, ''), port: Number(net[2]) };
  const message = net === null ? plainLine(rest, 600) : '';
  return { ...base, process, target, method: null, url: null, message: message === '' ? null : message };
}

const urlShape = /^[a-z]+:\/\/(\[[0-9a-fA-F:]+\]|[^\s/:?#]+)(?::(\d+))?/;

function urlTarget(url: string): PolicyEvent['target'] {
  const match = urlShape.exec(url);
  if (match === null) return null;
  return { host: (match[1] ?? '').replace(/^\[|\]$/g, ''), port: match[2] === undefined ? null : Number(match[2]) };
}
