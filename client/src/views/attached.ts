/** What an attach state means to those who only ask whether there is something to show. */
import type { AttachState } from '../../../server/src/protocol/messages';

/** What is new comes as it is made; the history before it may still be on its way. */
export function isFollowed(attach: AttachState): boolean {
  return attach.kind === 'live' || (attach.kind === 'attaching' && attach.follows === true);
}

/** Sessions of it are known, and it can be let go. */
export function isAttached(attach: AttachState): boolean {
  return isFollowed(attach) || attach.kind === 'read' || attach.kind === 'lost';
}
