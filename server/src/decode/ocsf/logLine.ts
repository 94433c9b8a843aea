/**
 * One line of the supervisor's log, in each of the ways it is written:
 *
 *     2026-04-01T04:04:32.118Z OCSF NET:OPEN …                        its console and its daily file
 *     2026-04-01T04:04:32.118Z OCSF-JSON {…}                          its console, beside the shorthand, while JSON is switched on
 *     {"class_uid":4001,…}                                            its daily JSONL file
 *     [1775014132.118] [sandbox] [OCSF ] [ocsf] NET:OPEN …            what OpenShell's own command prints of it
 *     2026-04-01T04:04:13.058Z INFO openshell_sandbox: Starting …     what it says beside its events, in either form
 *
 * A line is an event from its first letter to its last, or none: what stands in the middle of one is what someone wrote into it.
 */
import type { PolicyEvent } from '../../model/events';
import { decodeOcsfJson } from './ocsfJson';
import { decodeShorthand } from './shorthand';

export interface LogEvent {
  readonly kind: 'event';
  readonly format: 'shorthand' | 'json';
  readonly event: PolicyEvent;
  /** As the shorthand alone tells it: what sightings of one event are compared by. */
  readonly asShorthand: PolicyEvent;
}

export interface LogMessage {
  readonly kind: 'message';
  readonly time: number;
  readonly level: string;
  readonly target: string;
  readonly text: string;
}

const stamped = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) +(OCSF|OCSF-JSON|TRACE|DEBUG|INFO|WARN|ERROR) (.*)$/s;
const printed = /^\[(\d{9,11}\.\d{1,9})\] \[[a-z]+ *\] \[([A-Z]+) *\] \[([\w:.-]+)\] (.*)$/s;
const said = /^([\w:.-]+): (.*)$/s;

export function decodeLogLine(line: string): LogEvent | LogMessage | null {
  if (line.startsWith('{')) return jsonEvent(line);
  const match = stamped.exec(line);
  if (match !== null) {
    const [, stamp = '', level = '', rest = ''] = match;
    const time = Date.parse(stamp);
    // The 99th of a month has the shape of a time and is none.
    if (Number.isNaN(time)) return null;
    if (level === 'OCSF') return shorthandEvent(rest, time);
    if (level === 'OCSF-JSON') return jsonEvent(rest);
    const message = said.exec(rest);
    return message === null ? null : { kind: 'message', time, level, target: message[1] ?? '', text: message[2] ?? '' };
  }
  const print = printed.exec(line);
  if (print === null) return null;
  const [, seconds, level = '', target = '', rest = ''] = print;
  const time = Math.round(Number(seconds) * 1000);
  if (level === 'OCSF') return target === 'ocsf' ? shorthandEvent(rest, time) : null;
  return { kind: 'message', time, level, target, text: rest };
}

function shorthandEvent(rest: string, time: number): LogEvent | null {
  const event = decodeShorthand(rest.trimStart(), time);
  return event === null ? null : { kind: 'event', format: 'shorthand', event, asShorthand: event };
}

function jsonEvent(text: string): LogEvent | null {
  const decoded = decodeOcsfJson(text);
  return decoded === null ? null : { kind: 'event', format: 'json', ...decoded };
}
