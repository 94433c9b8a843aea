/**
 * The shorthand that OpenShell's supervisor writes for an OCSF event, made from the event's JSON, letter by letter: it is the text by
 * which an event is known, whichever of the two it is first seen in. Versions differ in how long a reason may be and in which contexts
 * they add; this is the newest one known, and what differs is left out of what two texts are compared by (sameEvent.ts).
 */
import { asNumber, asObject, asString } from '../json';
import type { JsonObject } from '../json';
import { escapedInContext, escapedInQuotes } from './escapes';

const reasonBytes = 256;
const messageBytes = 120;
const severities = ['INFO', 'INFO', 'LOW', 'MED', 'HIGH', 'CRIT', 'FATAL'];

/** null: of a class that has no shorthand. */
export function renderShorthand(json: JsonObject): string | null {
  const severity = severities[asNumber(json['severity_id']) ?? 1] ?? 'INFO';
  const activity = (asString(json['activity_name']) ?? 'Unknown').toUpperCase();
  switch (json['class_uid']) {
    case 4001:
      return `NET:${activity} [${severity}]${network(json)}`;
    case 4002:
      return `HTTP:${methodOf(json)} [${severity}]${http(json)}`;
    case 4007:
      return `SSH:${activity} [${severity}]${ssh(json)}`;
    case 1007:
      return `PROC:${activity} [${severity}] ${processActivity(json)}`;
    case 2004:
      return `FINDING:${asString(json['disposition'])?.toUpperCase() ?? activity} [${severity}] ${finding(json)}`;
    case 5019:
      return `CONFIG:${asString(json['state'])?.toUpperCase() ?? 'UNKNOWN'} [${severity}] ${config(json)}`;
    case 6002:
      return `LIFECYCLE:${activity} [${severity}] ${asString(asObject(json['app'])?.['name']) ?? ''} ${(asString(json['status']) ?? '').toLowerCase()}`;
    case 6003:
      return `API:INFERENCE [${severity}]${inference(json)}`;
    case 0:
      return `EVENT [${severity}] ${base(json)}`;
    default:
      return null;
  }
}

function network(json: JsonObject): string {
  const action = actionOf(json);
  const actor = actorOf(json);
  const endpoint = endpointOf(asObject(json['dst_endpoint']));
  const protocol = asString(asObject(json['connection_info'])?.['protocol_name']);
  const target = endpoint === '' || protocol === null ? endpoint : `${endpoint}/${protocol}`;
  const who = [actor, target].filter((part) => part !== '').join(' -> ');
  const detail = spaced(action) + spaced(who);
  const rule = ruleOf(json);
  const reason = action === 'DENIED' ? bracketed('reason', reasonOf(json)) : '';
  const tells = json['status_detail'] === 'transparent_tcp_allowed' || detail + rule + reason === '';
  return `${detail}${rule}${reason}${tells ? messageTag(json) : ''}`;
}

function http(json: JsonObject): string {
  const action = actionOf(json);
  const actor = actorOf(json);
  const url = asObject(asObject(json['http_request'])?.['url']);
  const request = `${methodOf(json)} ${url === null ? '' : urlText(url)}`;
  const fields = unmappedFields(json);
  const reason = action === 'DENIED' ? reasonOf(json) : null;
  if (reason !== null) fields.push(`reason:${reason}`);
  const context = fields.length === 0 ? '' : ` [${fields.join(' ')}]`;
  const tells = action !== 'DENIED' && asObject(json['firewall_rule'])?.['type'] === 'l7-mcp';
  return `${spaced(action)} ${actor === '' ? request : `${actor} -> ${request}`}${ruleOf(json)}${context}${tells ? messageTag(json) : ''}`;
}

function ssh(json: JsonObject): string {
  const auth = asString(json['auth_type']);
  return `${spaced(actionOf(json))}${spaced(endpointOf(asObject(json['src_endpoint'])))}${auth === null ? '' : ` [auth:${auth}]`}`;
}

function processActivity(json: JsonObject): string {
  const process = asObject(json['process']) ?? {};
  const exit = asNumber(json['exit_code']);
  const command = asString(process['cmd_line']);
  return `${processText(process)}${exit === null ? '' : ` [exit:${exit}]`}${command === null ? '' : ` [cmd:${command}]`}`;
}

function finding(json: JsonObject): string {
  const info = asObject(json['finding_info']) ?? {};
  const confidence = asString(json['confidence']);
  const fields = [`type:${escapedInContext(asString(info['uid']) ?? '')}`, ...unmappedFields(json)];
  if (confidence !== null) fields.push(`confidence:${confidence.toLowerCase()}`);
  return `"${escapedInQuotes(cut(asString(info['title']) ?? '', messageBytes))}" [${fields.join(' ')}]`;
}

const configKeys: readonly (readonly [of: string, as: string])[] = [
  ['auto', 'auto'],
  ['source', 'source'],
  ['prover_delta', 'prover_delta'],
  ['resolved_from', 'resolved_from'],
  ['policy_version', 'version'],
  ['policy_hash', 'hash'],
];

function config(json: JsonObject): string {
  const unmapped = asObject(json['unmapped']) ?? {};
  const fields = configKeys.flatMap(([of, as]) => {
    const value = asString(unmapped[of]);
    return value === null ? [] : [`${as}:${value}`];
  });
  return `${asString(json['message']) ?? 'config'}${fields.length === 0 ? '' : ` [${fields.join(' ')}]`}`;
}

function inference(json: JsonObject): string {
  const model = asObject(json['ai_model']);
  const status = asString(json['status']);
  const latency = asNumber(asObject(json['unmapped'])?.['latency_ms']);
  const part = (value: unknown): string => escapedInContext(cut(asString(value) ?? '', reasonBytes));
  const called = model === null ? '' : ` ${part(model['name'])} via ${part(model['ai_provider'])}`;
  return `${spaced(status ?? '')}${called}${latency === null ? '' : ` ${latency}ms`} [${part(asObject(json['api'])?.['operation'])}]`;
}

const baseFields = 3;

function base(json: JsonObject): string {
  const fields = Object.entries(asObject(json['unmapped']) ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = fields.slice(0, baseFields).map(([key, value]) => `${key}:${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `${asString(json['message']) ?? ''}${shown.length === 0 ? '' : ` [${shown.join(' ')}]`}`;
}

function actionOf(json: JsonObject): string {
  return (asString(json['action']) ?? '').toUpperCase();
}

function methodOf(json: JsonObject): string {
  return asString(asObject(json['http_request'])?.['http_method']) ?? 'UNKNOWN';
}

function actorOf(json: JsonObject): string {
  const process = asObject(asObject(json['actor'])?.['process']);
  return process === null ? '' : processText(process);
}

function processText(process: JsonObject): string {
  return `${asString(process['name']) ?? ''}(${asNumber(process['pid']) ?? 0})`;
}

function endpointOf(endpoint: JsonObject | null): string {
  if (endpoint === null) return '';
  const port = asNumber(endpoint['port']);
  return `${asString(endpoint['domain']) ?? asString(endpoint['ip']) ?? 'unknown'}${port === null ? '' : `:${port}`}`;
}

function ruleOf(json: JsonObject): string {
  const rule = asObject(json['firewall_rule']);
  return rule === null ? '' : ` [policy:${asString(rule['name']) ?? ''} engine:${asString(rule['type']) ?? ''}]`;
}

/** With the port, unless it is the one its scheme stands for. */
export function urlText(url: JsonObject): string {
  const scheme = asString(url['scheme']) ?? 'https';
  const port = asNumber(url['port']);
  const usual = (port === 443 && scheme === 'https') || (port === 80 && scheme === 'http');
  return `${scheme}://${asString(url['hostname']) ?? 'unknown'}${port === null || usual ? '' : `:${port}`}${asString(url['path']) ?? '/'}`;
}

function reasonOf(json: JsonObject): string | null {
  const text = asString(json['status_detail']) ?? asString(json['message']) ?? '';
  return text === '' ? null : cut(text.replace(/[\n\r]/g, ' '), reasonBytes);
}

function messageTag(json: JsonObject): string {
  const text = asString(json['message']) ?? '';
  return text === '' ? '' : ` [msg:${cut(text.replace(/[\n\r]/g, ' '), messageBytes)}]`;
}

/** The supervisor writes its keys in order. */
function unmappedFields(json: JsonObject): string[] {
  const fields = Object.entries(asObject(json['unmapped']) ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return fields.flatMap(([key, value]) => {
    if (typeof value === 'string') return [`${escapedInContext(key)}:${escapedInContext(cut(value, reasonBytes))}`];
    return typeof value === 'boolean' || typeof value === 'number' ? [`${escapedInContext(key)}:${value}`] : [];
  });
}

/** At most so many bytes of UTF-8, and no sign in halves. */
function cut(text: string, bytes: number): string {
  const all = Buffer.from(text, 'utf8');
  if (all.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && ((all[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${all.toString('utf8', 0, end)}...`;
}

function spaced(text: string): string {
  return text === '' ? '' : ` ${text}`;
}

function bracketed(key: string, text: string | null): string {
  return text === null ? '' : ` [${key}:${text}]`;
}
