/** A row of the session index, cut by the reader to the fields below. */
import type { SessionStatus } from '../../protocol/document';
import type { IndexEvent } from '../../model/events';
import { asString, asTime, parseObject } from '../json';
import { preview } from '../preview';

const statuses: ReadonlySet<string> = new Set<SessionStatus>(['running', 'done', 'failed', 'killed', 'timeout']);

export function decodeIndex(text: string, agent: string): IndexEvent | null {
  const json = parseObject(text);
  const sessionKey = asString(json?.['sessionKey']);
  const session = asString(json?.['sessionId']);
  if (json === null || sessionKey === null || session === null) return null;
  const status = asString(json['status']);
  const label = asString(json['label']) ?? asString(json['displayName']);
  return {
    kind: 'index',
    agent,
    sessionKey,
    session,
    updatedAt: asTime(json['updatedAt']),
    status: status !== null && statuses.has(status) ? (status as SessionStatus) : null,
    label: label === null ? null : preview(label),
    spawnedBy: asString(json['spawnedBy']),
    parentSessionKey: asString(json['parentSessionKey']),
    previousSession: asString(json['previousSessionId']),
    startedAt: asTime(json['startedAt']),
    endedAt: asTime(json['endedAt']),
  };
}
