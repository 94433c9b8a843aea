/**
 * What a detector is: a small machine that hears of one session in the order of its entries, as the fold does, and keeps what a
 * person should look at. It remembers no more than it needs for the next step, so an entry costs the same in a long session.
 */
import { plainLine } from '../decode/preview';
import type { ToolResultEntry } from '../model/events';
import { spanId } from '../model/ids';
import type { CallDraft, ChatDraft } from '../model/turns';
import type { FindingSeverity } from '../protocol/document';
import { findingCodes } from '../protocol/problems';
import type { Streaks } from './streaks';

export const detectorCodes = findingCodes;
export type DetectorCode = (typeof detectorCodes)[number];

/**
 * What was found, before the settings: kept from the lowest threshold on that can be set, with how strong it is, so that another
 * threshold shows more or less of it at once.
 */
export interface Candidate {
  readonly code: DetectorCode;
  readonly severity: FindingSeverity;
  /** What a threshold is compared with; 1 where there is none. */
  readonly strength: number;
  readonly message: string;
  /** The evidence, in order. */
  readonly spanIds: readonly string[];
}

/** Of calls that are the session's own, in the order in which they were asked for and answered. */
export interface Detector {
  /** The model was asked; comes before the calls of its message. */
  chat?(chat: ChatDraft): void;
  answered?(call: CallDraft, result: ToolResultEntry): void;
  /** What it found so far. */
  readonly streaks: Streaks;
}

/** A call by what its span's id is made of: the id itself is worked out for the few that are evidence. */
export interface CallRef {
  readonly entryId: string;
  readonly block: number;
}

export function refOf({ message, block }: CallDraft): CallRef {
  return { entryId: message.entryId, block: block.index };
}

export interface SessionName {
  readonly agent: string;
  readonly session: string;
}

export function callSpanId({ agent, session }: SessionName, { entryId, block }: CallRef): string {
  return spanId(agent, session, entryId, 'execute_tool', block);
}

/** A tool's name is the agent's text: one short line of it goes into a message. */
export function toolName(name: string): string {
  return plainLine(name, 40) || 'a tool without a name';
}
