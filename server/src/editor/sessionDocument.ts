/**
 * The read-only document of a session, for its problems that belong to no file: one paragraph for each, in the order in which they
 * happened, so that what comes later moves none. The diagnostic stands at its first line.
 */
import type { Diagnostic } from 'vscode-languageserver-protocol';
import { DiagnosticSeverity } from 'vscode-languageserver-protocol';
import type { SessionInfo } from '../protocol/document';
import type { ProblemSettings } from '../protocol/problems';
import { visible } from '../query/callText';
import type { SessionProblems } from './diagnostics';
import { dayAndClock, label } from './labels';
import type { PlacedDiagnostic } from './placed';
import { withSeverities } from './severities';

/** Of a message, which a sandbox may make as long as it likes. */
const messageChars = 500;
/** Whoever steps to a problem comes to the end of its line: that has to be in sight. */
const lineChars = 105;
const indent = '    ';

export function sessionDocument(
  uri: string,
  session: SessionInfo,
  shown: readonly PlacedDiagnostic[],
  /** Calls that were not looked at. */
  more: number,
  severities: ProblemSettings['severity'] | undefined,
): SessionProblems {
  const here = shown.filter((one) => one.uri === uri);
  const lines = [
    label(session.title ?? session.id, 120),
    `Session ${label(session.id, 80)} of agent ${label(session.agent, 60)}${startText(session)}.`,
  ];
  if (here.length + more === 0) lines.push('', 'No problem of this session is without a file.');
  const placed = new Map<PlacedDiagnostic, PlacedDiagnostic>();
  const put = (one: PlacedDiagnostic, text: string): void => {
    const [first = '', ...others] = wrapped(visible(label(text, messageChars)));
    const line = lines.push(first) - 1;
    lines.push(...others.map((other) => `${indent}${other}`));
    placed.set(one, { ...one, diagnostic: { ...one.diagnostic, range: rangeOf(line, first.length) } });
  };
  const findings = here.filter(({ call }) => call === undefined);
  if (findings.length > 0) lines.push('', 'Found in it:');
  for (const one of findings) put(one, said(one));
  const calls = here.filter(({ call }) => call !== undefined).sort(oldestFirst);
  if (calls.length > 0) lines.push('', 'Calls that belong to no file, as they happened:');
  for (const one of calls) put(one, `${timeText(one, session)}${said(one)}`);
  const rest = more === 0 ? [] : withSeverities([restOf(uri, more)], severities);
  for (const one of rest) {
    lines.push('');
    put(one, said(one));
  }
  return {
    text: `${lines.join('\n')}\n`,
    placed: [...shown, ...rest].map((one) => placed.get(one) ?? one),
  };
}

/** The line at which the problem stands that a line belongs to. */
export function paragraphStart(text: string, line: number): number {
  const lines = text.split('\n', line + 1);
  let first = line;
  while (first > 0 && lines[first]?.startsWith(indent) === true) first -= 1;
  return first;
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    // What has no blanks of its own is broken where it must be.
    for (const part of word.match(new RegExp(`.{1,${lineChars}}`, 'gsu')) ?? []) {
      if (line !== '' && line.length + 1 + part.length > lineChars) {
        lines.push(line);
        line = part;
      } else line = line === '' ? part : `${line} ${part}`;
    }
  }
  return [...lines, line];
}

function restOf(uri: string, more: number): PlacedDiagnostic {
  const calls = more === 1 ? '1 older failed or denied call' : `${more} older failed or denied calls`;
  const diagnostic: Diagnostic = {
    range: rangeOf(0, 0),
    severity: DiagnosticSeverity.Information,
    code: 'more-calls',
    source: 'Sandglass',
    message: `and ${calls} of this session, which only its trace shows`,
  };
  return { uri, diagnostic };
}

function startText({ startTime }: SessionInfo): string {
  return startTime === null ? '' : `, begun${dayAndClock(startTime)}`;
}

/** The day too, where it is not the one on which the session began. */
function timeText({ call }: PlacedDiagnostic, { startTime }: SessionInfo): string {
  const [day = '', time] = dayAndClock(call?.time ?? null).split(' at ');
  if (time === undefined) return '';
  return dayAndClock(startTime).startsWith(day) ? `${time} ` : `${day.replace(' on ', '')} ${time} `;
}

function said({ diagnostic: { message } }: PlacedDiagnostic): string {
  return typeof message === 'string' ? message : message.value;
}

function rangeOf(line: number, end: number): Diagnostic['range'] {
  return { start: { line, character: 0 }, end: { line, character: end } };
}

function oldestFirst({ call: a }: PlacedDiagnostic, { call: b }: PlacedDiagnostic): number {
  const [one, other] = [a?.time ?? '', b?.time ?? ''];
  return one < other ? -1 : one > other ? 1 : 0;
}
