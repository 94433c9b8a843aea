/** A line of the supervisor's log as the sighting of an event, by the way it came. */
import type { LogRecord } from '../attach/record';
import { decodeLogLine } from '../decode/ocsf/logLine';
import { meetingKey } from '../model/sightings';
import type { NewSighting } from '../store/policySightings';

/** null: it tells of no event. */
export function sightingOf({ origin, text }: LogRecord): NewSighting | null {
  const line = decodeLogLine(text);
  if (line?.kind !== 'event') return null;
  const json = line.format === 'json';
  const way = origin === 'console' ? (json ? 'consoleJson' : 'console') : json ? 'fileJson' : 'file';
  return { way, event: line.event, key: meetingKey(line.asShorthand) };
}
