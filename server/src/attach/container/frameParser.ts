/**
 * Frames out of a reader's stdout. The process that writes them runs beside the agent, as the same user: what it says is checked
 * for its shape like everything else out of a sandbox.
 */
import type { AttachReason } from '../errors';
import type { Frame } from '../reader/frames';
import { MAX_LINE_BYTES } from '../reader/lines';
import { asObject, parseObject } from '../reader/reduce';
import type { Cursor, SourceRecord } from '../record';

/** A line of the reader's largest transcript line, with every quote escaped. */
export const MAX_FRAME_BYTES = 2 * MAX_LINE_BYTES + 64 * 1024;

const MAX_WORDS = 500;

type Fields = Readonly<Record<string, unknown>>;

const REASONS: readonly AttachReason[] = ['no-such-path', 'nothing-recorded', 'unreadable', 'no-runtime', 'reader-failed', 'lost'];
const STATES = ['live', 'reset', 'deleted', 'archived'] as const;

/** null: not one of ours. */
export function parseFrame(line: string): Frame | null {
  const frame = parseObject(line);
  if (!frame) return null;
  const record = frameOf(frame);
  const cursor = cursorOf(frame.cursor);
  return record && cursor && record.kind !== 'failed' && record.kind !== 'end' ? { ...record, cursor } : record;
}

function frameOf(f: Fields): Frame | null {
  switch (f.kind) {
    case 'transcript': {
      const state = STATES.find((one) => one === f.state);
      return isText(f.agent) && isText(f.session) && isText(f.file) && isCount(f.ordinal) && isText(f.text) && state
        ? { kind: 'transcript', agent: f.agent, session: f.session, state, file: f.file, ordinal: f.ordinal, text: f.text }
        : null;
    }
    case 'index':
      return isText(f.agent) && isText(f.text) ? { kind: 'index', agent: f.agent, text: f.text } : null;
    case 'trajectory':
      return isText(f.agent) && isText(f.session) && isCount(f.ordinal) && isText(f.text)
        ? { kind: 'trajectory', agent: f.agent, session: f.session, ordinal: f.ordinal, text: f.text }
        : null;
    case 'gatewayLog':
      return isText(f.text) ? { kind: 'gatewayLog', text: f.text } : null;
    case 'skipped':
      return isText(f.where) && isText(f.reason) ? { kind: 'skipped', where: f.where, reason: f.reason } : null;
    case 'mended':
      return isText(f.where) ? { kind: 'mended', where: f.where } : null;
    case 'reread':
    case 'gone':
      return markOf(f);
    case 'about':
      return { kind: 'about', runtimeVersion: isText(f.runtimeVersion) ? f.runtimeVersion : null, sandboxName: null, provider: null };
    case 'caughtUp':
    case 'heartbeat':
    case 'end':
      return { kind: f.kind };
    case 'failed': {
      const reason = REASONS.find((one) => one === f.reason) ?? 'reader-failed';
      return {
        kind: 'failed',
        reason,
        message: isText(f.message) ? line(f.message) : 'The reader failed',
        hint: isText(f.hint) ? line(f.hint) : 'Try again.',
      };
    }
    default:
      return null;
  }
}

function markOf(f: Fields): SourceRecord | null {
  if (!isText(f.agent) || !isText(f.session) || !isText(f.file) || typeof f.explained !== 'boolean') return null;
  const { agent, session, file, explained } = f as { agent: string; session: string; file: string; explained: boolean };
  if (f.kind === 'gone') return { kind: 'gone', agent, session, file, explained };
  return f.phase === 'begin' || f.phase === 'end' ? { kind: 'reread', phase: f.phase, agent, session, file, explained } : null;
}

function cursorOf(value: unknown): Cursor | null {
  const cursor = asObject(value);
  return cursor && isText(cursor.key) && isText(cursor.value) ? { key: cursor.key, value: cursor.value } : null;
}

/** Shown to a person: nothing that could move a cursor, and no more than a line can hold. */
function line(text: string): string {
  return text
    .slice(0, MAX_WORDS)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}
