/**
 * Frames out of a reader's stdout. The process that writes them runs beside the agent, as the same user: what it says is checked
 * for its shape like everything else out of a sandbox.
 */
import type { Frame } from '../reader/frames';
import { MAX_LINE_BYTES } from '../reader/lines';
import { asObject, parseObject } from '../reader/reduce';
import type { Cursor, SourceRecord } from '../record';
import { isReadersCursor } from './readerCursors';
import { READER_REASONS, readerFailure } from './readerFailure';

/** A line of the reader's largest transcript line, with every quote escaped. */
export const MAX_FRAME_BYTES = 2 * MAX_LINE_BYTES + 64 * 1024;

type Fields = Readonly<Record<string, unknown>>;

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
    case 'failed':
      return readerFailure(READER_REASONS.find((one) => one === f.reason) ?? 'reader-failed', isText(f.message) ? f.message : '');
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
  const found = asObject(value);
  if (!found || !isText(found.key) || !isText(found.value)) return null;
  const cursor = { key: found.key, value: found.value };
  return isReadersCursor(cursor) ? cursor : null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}
