/** A problem with the file it belongs to, and how equal ones are put together: the same failure again is one problem with a link to each. */
import type { Diagnostic, DiagnosticRelatedInformation } from 'vscode-languageserver-protocol';
import { dayAndClock } from './labels';

/** Links from one problem to its repeats; further ones are counted. */
export const relatedRepeats = 10;
/** Calls that one problem remembers, for whoever asks which they were. */
export const callsOfProblem = 50;

export interface PlacedDiagnostic {
  readonly uri: string;
  readonly diagnostic: Diagnostic;
  /** Of a call that failed or was denied. */
  readonly call?: FailedCall;
}

export interface FailedCall {
  /** Equal for what is the same failure again. */
  readonly same: string;
  readonly time: string | null;
  /** Of the call's own document. */
  readonly address: string;
  /** Newest first; more than one once equal ones were put together. */
  readonly spanIds: readonly string[];
  /** How often it happened. */
  readonly times: number;
}

/** Equal failures at the same place become the newest of them, which links to the others. In the order of what comes in. */
export function grouped(placed: readonly PlacedDiagnostic[]): readonly PlacedDiagnostic[] {
  const groups = new Map<string, PlacedDiagnostic[]>();
  placed.forEach((one, index) => {
    const { uri, diagnostic, call } = one;
    const key = call === undefined ? `alone ${index}` : JSON.stringify([uri, diagnostic.range, diagnostic.code, call.same]);
    (groups.get(key) ?? groups.set(key, []).get(key))?.push(one);
  });
  return [...groups.values()].map((group) => together(group.sort(newestFirst)));
}

function together(group: readonly PlacedDiagnostic[]): PlacedDiagnostic {
  const [newest, ...others] = group;
  if (newest === undefined) throw new Error('a group of none');
  if (newest.call === undefined || others.length === 0) return newest;
  const times = group.reduce((sum, { call }) => sum + (call?.times ?? 0), 0);
  const linked = others.slice(0, relatedRepeats);
  const repeats: DiagnosticRelatedInformation[] = linked.flatMap(({ call }, index) => {
    if (call === undefined) return [];
    const left = times - 1 - linked.length;
    const more = index === linked.length - 1 && left > 0 ? `, and ${left} more before that` : '';
    return [{ location: { uri: call.address, range: start }, message: `The same happened${dayAndClock(call.time)}${more}` }];
  });
  const { diagnostic, call } = newest;
  const last = dayAndClock(call.time);
  const message = typeof diagnostic.message === 'string' ? diagnostic.message : diagnostic.message.value;
  return {
    ...newest,
    call: { ...call, times, spanIds: group.flatMap((one) => one.call?.spanIds ?? []).slice(0, callsOfProblem) },
    diagnostic: {
      ...diagnostic,
      message: `${message} — ${times} times${last === '' ? '' : `, last${last}`}`,
      relatedInformation: [...(diagnostic.relatedInformation ?? []), ...repeats],
    },
  };
}

const start = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

function newestFirst({ call: a }: PlacedDiagnostic, { call: b }: PlacedDiagnostic): number {
  const [one, other] = [a?.time ?? '', b?.time ?? ''];
  return one < other ? 1 : one > other ? -1 : 0;
}
