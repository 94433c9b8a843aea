/** Sessions made by hand, as a transcript holds them, and what the detectors find in them. */
import { decodeEntry } from '../../../server/src/decode/openclaw/entry';
import type { Candidate } from '../../../server/src/findings/detector';
import { SessionFindings } from '../../../server/src/findings/sessionFindings';
import type { SessionEvent } from '../../../server/src/model/events';
import { SessionFold } from '../../../server/src/model/sessionFold';
import { accountFor } from '../../../server/src/usage/account';
import { emptyBook } from '../../../server/src/usage/book';

export interface MadeCall {
  readonly name?: string;
  readonly args?: unknown;
  readonly text?: string;
  readonly exitCode?: number;
  readonly isError?: boolean;
}
/** Calls asked for one after the other (those in a list: at once), and the reply. */
export interface MadeTurn {
  readonly calls: readonly (MadeCall | readonly MadeCall[])[];
  readonly reply?: string;
  readonly prompt?: string;
}

export function eventsOf(turns: readonly MadeTurn[]): readonly SessionEvent[] {
  return linesOf(turns).flatMap((line, ordinal) => decodeEntry(line, { agent: 'main', session: 's', ordinal }) ?? []);
}

export function linesOf(turns: readonly MadeTurn[]): readonly string[] {
  const lines: string[] = [];
  let time = Date.parse('2026-11-21T10:00:00Z');
  let ordinal = 0;
  let last: string | null = null;
  const add = (message: Readonly<Record<string, unknown>>): void => {
    time += 1000;
    const id: string = (++ordinal).toString(16).padStart(8, '0');
    const timestamp = new Date(time).toISOString();
    lines.push(JSON.stringify({ type: 'message', id, parentId: last, timestamp, message: { timestamp: time, ...message } }));
    last = id;
  };
  let ids = 0;
  for (const { calls, reply, prompt } of turns) {
    add({ role: 'user', content: prompt ?? 'Do it.' });
    for (const step of calls) {
      const batch = (Array.isArray(step) ? step : [step]).map((call: MadeCall) => ({ id: `call_${++ids}`, call }));
      const content = batch.map(({ id, call }) => ({ type: 'toolCall', id, name: call.name ?? 'exec', arguments: call.args ?? {} }));
      add({ role: 'assistant', content, stopReason: 'toolUse', responseId: `r${ordinal}`, provider: 'p', model: 'm' });
      for (const { id, call } of batch)
        add({
          role: 'toolResult',
          toolCallId: id,
          toolName: call.name ?? 'exec',
          content: [{ type: 'text', text: call.text ?? '' }],
          isError: call.isError ?? false,
          details: call.exitCode === undefined ? {} : { exitCode: call.exitCode },
        });
    }
    if (reply !== undefined) {
      const content = [{ type: 'text', text: reply }];
      add({ role: 'assistant', content, stopReason: 'stop', responseId: `r${ordinal}`, provider: 'p', model: 'm' });
    }
  }
  return lines;
}

/** `own`: false for what a fork copied. */
export function found(turns: readonly MadeTurn[], own = true): readonly Candidate[] {
  const findings = new SessionFindings({ agent: 'main', session: 's' });
  const fold = new SessionFold('main', 's', (call) => accountFor(call, { registryProvider: null, book: emptyBook }), findings);
  fold.append(eventsOf(turns), { owns: () => own, ownsCall: () => own });
  return findings.candidates;
}

export function strengths(turns: readonly MadeTurn[], code: Candidate['code']): readonly number[] {
  return found(turns).flatMap((candidate) => (candidate.code === code ? [candidate.strength] : []));
}
