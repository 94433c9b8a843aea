/** A call as a plain-text document: for calls that have no file, and as the target of a diagnostic's link. */
import type { PolicySpan } from '../protocol/document';
import type { SpanDetail } from '../protocol/messages';

const rule = '─'.repeat(60);

/** Everything in it is untrusted text, so it is shown as plain text and nothing else; control characters are made visible. */
export function callText(detail: Omit<SpanDetail, 'anchors' | 'written'>): string {
  const { span, session } = detail;
  const lines: string[] = [
    span.name,
    `status     ${span.status}${span.statusMessage === null ? '' : ` — ${span.statusMessage}`}`,
    `session    ${session.title ?? session.id} (${session.agent})`,
    `started    ${span.startTime ?? 'not observed'}`,
    `took       ${span.durationMs === null ? 'not observed' : `${span.durationMs} ms (${span.durationBasis})`}`,
    `seen by    ${span.witness}`,
  ];
  if (detail.argumentsBytes !== null) lines.push(`arguments  ${detail.argumentsBytes} bytes`);
  if (detail.resultBytes !== null) lines.push(`result     ${detail.resultBytes} bytes`);
  const section = (title: string, text: string | null): void => {
    if (text !== null) lines.push('', title, rule, text);
  };
  for (const event of detail.policy) {
    section(
      `policy: ${event.name} ${event.status}`,
      `${String(event.attributes['sandglass.policy.text'])}\nseen by ${event.witness} at ${event.startTime ?? '?'}`,
    );
  }
  section('thought before', detail.thinking);
  section('said before', detail.text);
  section('arguments', detail.arguments);
  section('result', detail.result);
  if (detail.truncated) lines.push('', 'Cut here: the whole text is longer.');
  return visible(lines.join('\n'));
}

/** An event of the supervisor that no call is known to have caused. */
export function eventText(event: PolicySpan): string {
  const calls =
    event.callId !== null
      ? 'of a call'
      : event.candidates.length === 0
        ? 'of no call: traffic of the agent itself'
        : `of one of ${event.candidates.length} calls that ran then`;
  const lines = [
    event.name,
    `status     ${event.status}${event.statusMessage === null ? '' : ` — ${event.statusMessage}`}`,
    `caused     ${calls}`,
    `at         ${event.startTime ?? 'not observed'}`,
    `seen by    ${event.witness}`,
    '',
    'what it wrote',
    rule,
    String(event.attributes['sandglass.policy.text']),
  ];
  return visible(lines.join('\n'));
}

/** Line breaks and tabs stay; every other control and every bidirectional character becomes its code. */
export function visible(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
      (char) => `\\u{${char.charCodeAt(0).toString(16)}}`,
    );
}
