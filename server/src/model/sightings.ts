/**
 * The same event of the supervisor comes by several ways: shorthand on its console, shorthand and JSON in its files. Each way has an
 * event at most once, stamps it with a clock of its own, and may have begun later or lost some. So of equal events there are as many as
 * the way has that has most of them, and which sightings are one event is told by their order and by times that are near enough. Pure:
 * the same sightings, in any order of arrival, make the same events.
 */
import type { PolicyEvent } from './events';

/** Shorthand before JSON, the console before files: an event has the time and the text of the first way it was seen by. */
export type Way = 'console' | 'file' | 'consoleJson' | 'fileJson';
const rank: Readonly<Record<Way, number>> = { console: 0, file: 1, consoleJson: 2, fileJson: 3 };

export interface Sighting {
  readonly way: Way;
  readonly event: PolicyEvent;
}

/** Sightings of one event, one of each way at most, in order. */
export type Sightings = readonly Sighting[];

/** Each way stamps an event when it writes it; a busy machine writes late. */
export const nearMs = 500;

/** As much of a reason or message as every version of the shorthand shows. */
const commonLength = 24;

/**
 * What is the same of an event by whichever way, and whichever version of the shorthand, it comes. It may be the same of two events:
 * their order tells them apart then, as it does two of the same text.
 */
export function meetingKey(asShorthand: PolicyEvent): string {
  const { eventClass, activity, action, process, target, method, url, policy, reason, message } = asShorthand;
  const severity = asShorthand.severity === 'UNKN' ? 'INFO' : asShorthand.severity;
  return JSON.stringify([eventClass, severity, action, ...particulars()]);

  function particulars(): readonly unknown[] {
    switch (eventClass) {
      case 'NET':
      case 'HTTP':
        return [
          activity,
          process,
          target?.host,
          method,
          url === null ? target?.port : withoutUsualPort(url),
          policy,
          reason?.slice(0, commonLength),
          target === null ? message?.slice(0, commonLength) : null,
        ];
      case 'FINDING':
        return [message?.slice(0, commonLength)];
      case 'PROC':
      case 'API':
        // Contexts were added from version to version.
        return [activity, message?.replace(/ ?\[.*$/s, '')];
      default:
        return [activity];
    }
  }
}

/** Of what the supervisor says when it is ready: `LIFECYCLE:INSTALL [INFO] OpenShell Sandbox Supervisor success`. */
export const startKey = JSON.stringify(['LIFECYCLE', 'INFO', null, 'INSTALL']);

function withoutUsualPort(url: string): string {
  return url.replace(/^http:\/\/([^/]*):80(?=\/|$)/, 'http://$1').replace(/^https:\/\/([^/]*):443(?=\/|$)/, 'https://$1');
}

export function inOrder(a: Sighting, b: Sighting): number {
  return a.event.time - b.event.time || rank[a.way] - rank[b.way] || compareText(a.event, b.event);
}

function compareText(a: PolicyEvent, b: PolicyEvent): number {
  if (a.text !== b.text) return a.text < b.text ? -1 : 1;
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
  return one === other ? 0 : one < other ? -1 : 1;
}

/** Sightings with the same key, as the events they are of, in order. */
export function meet(sightings: readonly Sighting[]): readonly Sightings[] {
  const events: Sighting[][] = [];
  // Of each way, the first event that it may still be a sighting of: all before have one of it, or are too long past.
  const next = new Map<Way, number>();
  for (const sighting of [...sightings].sort(inOrder)) {
    const { way } = sighting;
    let at = next.get(way) ?? 0;
    for (let event = events[at]; event !== undefined && !mayBe(event, sighting); event = events[at]) at += 1;
    const event = events[at];
    if (event === undefined) events.push([sighting]);
    else event.push(sighting);
    next.set(way, at + 1);
  }
  return events;
}

function mayBe(event: Sightings, { way, event: { time } }: Sighting): boolean {
  return (event[0]?.event.time ?? 0) >= time - nearMs && event.every((seen) => seen.way !== way);
}

/** What several sightings of one event tell together. */
export function asOne(sightings: Sightings): PolicyEvent {
  const sorted = [...sightings].sort((a, b) => rank[a.way] - rank[b.way]);
  const first = sorted[0]?.event;
  if (first === undefined) throw new Error('an event that was never seen');
  const json = sorted.find((seen) => rank[seen.way] >= 2)?.event;
  if (json === undefined || json === first) return first;
  const facts = { ...first.facts, ...json.facts };
  return {
    ...first,
    process: json.process ?? first.process,
    target: json.target ?? first.target,
    method: json.method ?? first.method,
    url: json.url ?? first.url,
    reason: json.reason ?? first.reason,
    ...(Object.keys(facts).length === 0 ? {} : { facts }),
  };
}
