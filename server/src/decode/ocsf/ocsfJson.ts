/**
 * One OCSF event as OpenShell's supervisor writes it in JSON: in its daily JSONL file, and on its console as `TS OCSF-JSON {…}`. It says
 * more than the shorthand of the same event: reasons at full length, who started the process, evidence, what to do about it. What it
 * says beyond the shorthand stands in `facts`.
 */
import type { AttributeValue } from '../../protocol/document';
import type { PolicyEvent } from '../../model/events';
import { asArray, asNumber, asObject, asString, asTime, parseObject } from '../json';
import type { JsonObject } from '../json';
import { renderShorthand, urlText } from './renderShorthand';
import { decodeShorthand, fact, urlTarget } from './shorthand';

/** A line of the supervisor's JSON is a few kilobytes; a command line in it may be long. */
const maxJsonLength = 1024 * 1024;
const maxAncestors = 20;
const maxEvidence = 40;

export interface OcsfEvent {
  readonly event: PolicyEvent;
  /** The same event as its shorthand alone would tell it: what two sightings of one event are compared by. */
  readonly asShorthand: PolicyEvent;
}

export function decodeOcsfJson(text: string): OcsfEvent | null {
  const json = text.length > maxJsonLength ? null : parseObject(text);
  const time = asTime(json?.['time']);
  if (json === null || time === null || typeof json['class_uid'] !== 'number' || asObject(json['metadata']) === null) return null;
  const rendered = renderShorthand(json);
  // A line of the log is one line; a break in what the supervisor did not escape would end it there.
  const asShorthand = rendered === null ? null : decodeShorthand(rendered.replace(/[\n\r]/g, ' '), time);
  if (asShorthand === null) return null;
  const { eventClass } = asShorthand;
  const connects = eventClass === 'NET' || eventClass === 'HTTP';
  const process = connects ? processOf(asObject(asObject(json['actor'])?.['process'])) : null;
  const reason = asShorthand.action === 'denied' ? (asString(json['status_detail']) ?? asString(json['message'])) : null;
  const facts = { ...asShorthand.facts, ...factsOf(json, eventClass) };
  return {
    asShorthand,
    event: {
      ...asShorthand,
      process: process ?? asShorthand.process,
      ...(connects ? targetOf(json, asShorthand) : {}),
      reason: reason === null ? asShorthand.reason : fact(reason) || null,
      ...(Object.keys(facts).length === 0 ? {} : { facts }),
    },
  };
}

function processOf(process: JsonObject | null): PolicyEvent['process'] {
  const path = asString(process?.['name']);
  const pid = asNumber(process?.['pid']);
  return path === null || pid === null ? null : { path, pid };
}

function targetOf(json: JsonObject, known: PolicyEvent): Pick<PolicyEvent, 'target' | 'method' | 'url'> {
  if (known.eventClass === 'HTTP') {
    const request = asObject(json['http_request']);
    const url = asObject(request?.['url']);
    if (url === null) return known;
    const text = urlText(url);
    // The usual port is left out of the address, but a connection is told by its port.
    const named = urlTarget(text);
    const port = asNumber(url?.['port']) ?? asNumber(asObject(json['dst_endpoint'])?.['port']);
    const target = named === null ? null : { host: named.host, port: named.port ?? port };
    return { target, method: asString(request?.['http_method']), url: text };
  }
  const endpoint = asObject(json['dst_endpoint']);
  const host = asString(endpoint?.['domain']) ?? asString(endpoint?.['ip']);
  const port = asNumber(endpoint?.['port']);
  return host === null || port === null ? known : { target: { host, port }, method: null, url: null };
}

function factsOf(json: JsonObject, eventClass: string): Record<string, AttributeValue> {
  const facts: Record<string, AttributeValue> = {};
  const say = (name: string, value: unknown): void => {
    if (typeof value === 'string' && value !== '' && value !== '-') facts[name] = fact(value);
    else if (typeof value === 'number' && Number.isFinite(value)) facts[name] = value;
  };
  const message = asString(json['message']);
  const source = asObject(json['src_endpoint']);
  const actor = asObject(asObject(json['actor'])?.['process']);
  say('sandglass.policy.message', message);
  say('sandglass.policy.disposition', json['disposition']);
  say('sandglass.policy.outcome', asString(json['status'])?.toLowerCase());
  say('client.address', asString(source?.['ip']) ?? asString(source?.['domain']));
  say('client.port', source?.['port']);
  say('network.transport', asObject(json['connection_info'])?.['protocol_name']);
  say('http.response.status_code', asObject(json['http_response'])?.['code']);
  // A violation that is only recorded looks like any other allowed request in the shorthand.
  if (eventClass === 'HTTP' && message !== null && /^L7_REQUEST audit\b/.test(message)) facts['sandglass.policy.audit'] = true;
  if (actor !== null && (eventClass === 'NET' || eventClass === 'HTTP')) {
    say('sandglass.process.command', actor['cmd_line']);
    const ancestors = ancestorsOf(actor);
    if (ancestors.length > 0) facts['sandglass.process.ancestors'] = ancestors;
  }
  if (eventClass === 'FINDING') {
    say('sandglass.policy.description', asObject(json['finding_info'])?.['desc']);
    say('sandglass.policy.remediation', asObject(json['remediation'])?.['desc']);
    const evidence = evidenceOf(json);
    if (evidence.length > 0) facts['sandglass.policy.evidence'] = evidence;
  }
  if (eventClass === 'API') {
    const unmapped = asObject(json['unmapped']);
    say('gen_ai.usage.input_tokens', unmapped?.['input_tokens']);
    say('gen_ai.usage.output_tokens', unmapped?.['output_tokens']);
  }
  return facts;
}

/** Nearest first. */
function ancestorsOf(process: JsonObject): readonly string[] {
  const ancestors: string[] = [];
  for (let parent = asObject(process['parent_process']); parent !== null; parent = asObject(parent['parent_process'])) {
    const name = asString(parent['name']);
    if (name !== null && name !== '-') ancestors.push(fact(name));
    if (ancestors.length >= maxAncestors) break;
  }
  return ancestors;
}

function evidenceOf(json: JsonObject): readonly string[] {
  const fields = (asArray(json['evidences']) ?? [])
    .slice(0, maxEvidence)
    .flatMap((one) => Object.entries(asObject(asObject(one)?.['data']) ?? {}));
  return fields
    .filter((field): field is [string, string | number | boolean] => ['string', 'number', 'boolean'].includes(typeof field[1]))
    .slice(0, maxEvidence)
    .map(([key, value]) => fact(`${key}: ${value}`));
}
