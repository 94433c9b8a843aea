/**
 * The grammar of OpenShell's shorthand, in which its supervisor writes one OCSF event a line:
 * `NET:OPEN [MED] DENIED /usr/bin/curl(64) -> host:443 [policy:- engine:opa] [reason:…]`
 * Only text whose whole shape fits is an event. Paths, hosts and reasons come from the sandbox and are not escaped: where they allow
 * of two readings, the process and the target are not observed. The whole text stays with the event.
 */
import type { AttributeValue } from '../../protocol/document';
import type { PolicyEvent } from '../../model/events';
import { mask } from '../../secrets/scan';
import { plainLine } from '../preview';
import { escapedFields, plainFields, unescaped } from './escapes';
import type { Field } from './escapes';

/** A line of the supervisor is short; what is longer is cut, and kept as text. */
export const policyTextLimit = 4000;
const factLimit = 600;
const maxFields = 40;

type Facts = Record<string, AttributeValue>;
/** What stands after the severity and the action. */
type Rest = Partial<
  Pick<PolicyEvent, 'process' | 'target' | 'method' | 'url' | 'policy' | 'engine' | 'reason' | 'message'> & { facts: Facts }
>;

// An activity is one word or a few: `OPEN`, `M-SEARCH`, `NO ACTION`.
const head = /^([A-Z]+)(?::([A-Z0-9][A-Z0-9_.-]*(?: [A-Z0-9_.-]+)*))? \[(INFO|LOW|MED|HIGH|CRIT|FATAL|UNKN)\](?: (.*))?$/s;
const actionWord = /^(ALLOWED|DENIED|OBSERVED|MODIFIED|UNKNOWN|OTHER)(?: |$)/;

/** `body`: what follows the time stamp and `OCSF`. */
export function decodeShorthand(body: string, time: number): PolicyEvent | null {
  const text = mask(body.trimEnd()).slice(0, policyTextLimit);
  const match = head.exec(text);
  if (match === null) return null;
  const eventClass = match[1] ?? '';
  let rest = match[4] ?? '';
  let action: PolicyEvent['action'] = null;
  if (eventClass === 'NET' || eventClass === 'HTTP' || eventClass === 'SSH') {
    const word = actionWord.exec(rest);
    if (word !== null) {
      action = word[1] === 'DENIED' ? 'denied' : word[1] === 'ALLOWED' ? 'allowed' : null;
      rest = rest.slice(word[0].length);
    }
  }
  const { facts, ...read } = readRest(eventClass, rest);
  return {
    kind: 'policy',
    time,
    text,
    eventClass,
    activity: match[2] ?? '',
    severity: match[3] ?? null,
    action,
    process: null,
    target: null,
    method: null,
    url: null,
    policy: null,
    engine: null,
    reason: null,
    message: null,
    ...read,
    ...(facts === undefined || Object.keys(facts).length === 0 ? {} : { facts }),
  };
}

function readRest(eventClass: string, rest: string): Rest {
  switch (eventClass) {
    case 'NET':
      return network(rest);
    case 'HTTP':
      return http(rest);
    case 'SSH':
      return ssh(rest);
    case 'PROC':
      return processActivity(rest);
    case 'FINDING':
      return finding(rest);
    case 'LIFECYCLE':
      return lifecycle(rest);
    case 'API':
      return inference(rest);
    default:
      return { message: lineOrNull(rest), facts: contextFacts(trailing(rest)?.fields ?? []) };
  }
}

const endpoint = String.raw`(\[[0-9a-fA-F:.]+\]|[^\s[\]]+):(\d{1,5})(?:\/([A-Za-z0-9_-]+))?`;
const netTail = new RegExp(
  String.raw`^${endpoint}(?: \[policy:([^\s\]]*)(?: engine:([^\s\]]*))?\])?(?: \[reason:(.*)\])?(?: \[msg:(.*)\])?$`,
  's',
);
const netBare = /^(?:\[policy:([^\s\]]*)(?: engine:([^\s\]]*))?\])? ?(?:\[reason:(.*)\])?(?:\[msg:(.*)\])?$/s;

function network(rest: string): Rest {
  const read = afterProcess(rest, netTail);
  if (read !== null) {
    const [host, port, protocol, policy, engine, reason, message] = read.groups;
    const facts: Facts = {};
    if (protocol !== undefined) facts['network.transport'] = protocol;
    if (message !== undefined) facts['sandglass.policy.message'] = fact(message);
    return {
      ...(read.sure ? { process: read.process, target: { host: bare(host ?? ''), port: Number(port) } } : {}),
      ...rule(policy, engine),
      reason: lineOrNull(reason),
      facts,
    };
  }
  const none = netBare.exec(rest);
  if (none !== null) return { ...rule(none[1], none[2]), reason: lineOrNull(none[3]), message: lineOrNull(none[4]) };
  return { ...loose(rest), message: lineOrNull(rest) };
}

const httpTail = /^([^\s[\]]+) (\S+)(?: \[policy:([^\s\]]*)(?: engine:([^\s\]]*))?\])?(?: \[(?!msg:)(.*)\])??(?: \[msg:(.*)\])?$/s;

function http(rest: string): Rest {
  const read = afterProcess(rest, httpTail);
  if (read === null) return { ...loose(rest), message: lineOrNull(rest) };
  const [method, url, policy, engine, context, message] = read.groups;
  // A reason is the last of a context, and not escaped.
  const reasonAt = context === undefined ? -1 : context.search(/(?:^| )reason:/);
  const fields = context === undefined ? '' : reasonAt < 0 ? context : context.slice(0, reasonAt);
  const reason = reasonAt < 0 ? undefined : context?.slice(context.indexOf('reason:', reasonAt) + 'reason:'.length);
  const facts = contextFacts(fields === '' ? [] : (escapedFields(fields) ?? []));
  if (message !== undefined) facts['sandglass.policy.message'] = fact(message);
  return {
    ...(read.sure ? { process: read.process, target: urlTarget(url ?? ''), method, url } : {}),
    ...rule(policy, engine),
    reason: lineOrNull(reason),
    facts,
  };
}

interface AfterProcess {
  readonly process: PolicyEvent['process'];
  readonly groups: readonly (string | undefined)[];
  /** There is no other way to read it. */
  readonly sure: boolean;
}

const arrow = /\((\d{1,10})\) -> /g;
const maxArrows = 20;

/** `path(pid) -> ` and then what `tail` says. A path may hold anything, an arrow too: every arrow is tried. */
function afterProcess(rest: string, tail: RegExp): AfterProcess | null {
  const found: AfterProcess[] = [];
  const whole = tail.exec(rest);
  if (whole !== null) found.push({ process: null, groups: whole.slice(1), sure: true });
  let arrows = 0;
  for (const match of rest.matchAll(arrow)) {
    if (++arrows > maxArrows) break;
    const after = tail.exec(rest.slice(match.index + match[0].length));
    if (after === null) continue;
    found.push({ process: { path: rest.slice(0, match.index), pid: Number(match[1]) }, groups: after.slice(1), sure: true });
  }
  const [first] = found;
  if (first === undefined) return null;
  return found.length === 1 && arrows <= maxArrows ? first : { ...first, sure: false };
}

const looseRule = /\[policy:([^\s\]]*)(?: engine:([^\s\]]*))?\]/;

/** Of a line that fits no shape as a whole, what can't be misread. */
function loose(rest: string): Rest {
  const reasonAt = rest.indexOf('[reason:');
  const end = rest.lastIndexOf(']');
  const context = looseRule.exec(reasonAt < 0 ? rest : rest.slice(0, reasonAt));
  return {
    ...rule(context?.[1], context?.[2]),
    reason: reasonAt < 0 ? null : lineOrNull(rest.slice(reasonAt + '[reason:'.length, end > reasonAt ? end : undefined)),
  };
}

const sshTail = new RegExp(String.raw`^(?:${endpoint})? ?(?:\[auth:(.*)\])?$`, 's');

function ssh(rest: string): Rest {
  const match = sshTail.exec(rest);
  if (match === null) return { message: lineOrNull(rest) };
  const facts: Facts = {};
  if (match[4] !== undefined) facts['sandglass.policy.auth'] = fact(match[4]);
  if (match[1] !== undefined) {
    facts['client.address'] = fact(bare(match[1]));
    facts['client.port'] = Number(match[2]);
  }
  return { message: lineOrNull(rest), facts };
}

const procTail = /^(.*?)\((-?\d+)\)(?: \[exit:(-?\d+)\])?(?: \[cmd:(.*)\])?$/s;

/** The process of such an event is no client of the network: it stays out of `process`, by which connections are laid to calls. */
function processActivity(rest: string): Rest {
  const match = procTail.exec(rest);
  const facts: Facts = {};
  if (match !== null) {
    facts['sandglass.process.path'] = fact(match[1] ?? '');
    facts['sandglass.process.pid'] = Number(match[2]);
    if (match[3] !== undefined) facts['process.exit.code'] = Number(match[3]);
    if (match[4] !== undefined) facts['sandglass.process.command'] = fact(match[4]);
  }
  return { message: lineOrNull(rest), facts };
}

const findingTail = /^"((?:[^"\\]|\\.)*)"(?: \[(.*)\])?$/s;

function finding(rest: string): Rest {
  const match = findingTail.exec(rest);
  const facts: Facts = {};
  if (match !== null) {
    facts['sandglass.policy.title'] = fact(unescaped(match[1] ?? ''));
    const others: Field[] = [];
    for (const field of escapedFields(match[2] ?? '') ?? []) {
      if (field[0] === 'type') facts['sandglass.policy.finding'] = fact(field[1]);
      else if (field[0] === 'confidence') facts['sandglass.policy.confidence'] = fact(field[1]);
      else others.push(field);
    }
    Object.assign(facts, contextFacts(others));
  }
  return { message: lineOrNull(rest), facts };
}

const lifecycleTail = /^(.*) (success|failure|unknown|other)$/s;

function lifecycle(rest: string): Rest {
  const match = lifecycleTail.exec(rest);
  return {
    message: lineOrNull(rest),
    facts: match === null ? {} : { 'sandglass.policy.app': fact(match[1] ?? ''), 'sandglass.policy.outcome': match[2] ?? null },
  };
}

const inferenceTail = /^(?:(Success|Failure|Unknown|Other)(?: |$))?(?:(\S+) via (\S+) ?)?(?:(\d{1,12})ms ?)?\[(.*)\]$/s;

function inference(rest: string): Rest {
  const match = inferenceTail.exec(rest);
  const facts: Facts = {};
  if (match !== null) {
    const [, outcome, model, provider, latency, operation] = match;
    if (outcome !== undefined) facts['sandglass.policy.outcome'] = outcome.toLowerCase();
    if (model !== undefined) facts['gen_ai.request.model'] = fact(unescaped(model));
    if (provider !== undefined) facts['sandglass.policy.provider'] = fact(unescaped(provider));
    if (latency !== undefined) facts['sandglass.policy.latency_ms'] = Number(latency);
    facts['sandglass.policy.operation'] = fact(unescaped(operation ?? ''));
  }
  return { message: lineOrNull(rest), facts };
}

/** The context at the end of a message, and the message before it. A message may hold brackets itself. */
export function trailing(rest: string): { readonly before: string; readonly fields: readonly Field[] } | null {
  const at = rest.lastIndexOf(' [');
  if (at < 0 || !rest.endsWith(']')) return null;
  const fields = plainFields(rest.slice(at + 2, -1));
  return fields === null ? null : { before: rest.slice(0, at), fields };
}

function contextFacts(fields: readonly Field[]): Facts {
  if (fields.length === 0) return {};
  return { 'sandglass.policy.context': fields.slice(0, maxFields).map(([key, value]) => fact(`${key}:${value}`)) };
}

function rule(policy: string | undefined, engine: string | undefined): Pick<PolicyEvent, 'policy' | 'engine'> {
  return { policy: policy === undefined || policy === '-' || policy === '' ? null : policy, engine: engine ?? null };
}

export function fact(text: string): string {
  return plainLine(text, factLimit);
}

function lineOrNull(text: string | undefined): string | null {
  const line = text === undefined ? '' : fact(text);
  return line === '' ? null : line;
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

const urlShape = /^[a-z]+:\/\/(\[[0-9a-fA-F:]+\]|[^\s/:?#]+)(?::(\d+))?/;

export function urlTarget(url: string): PolicyEvent['target'] {
  const match = urlShape.exec(url);
  if (match === null) return null;
  return { host: bare(match[1] ?? ''), port: match[2] === undefined ? null : Number(match[2]) };
}
