/** What a span is called and what became of it, in words of the page. */
import type { PolicySpan, SessionInfo, Span, SpanStatus } from '../../server/src/protocol/document';
import type { SpanRow } from '../../server/src/protocol/messages';
import type { TraceString } from '../contract/traceStrings';
import { dash, duration } from '../kit/format';
import type { IconName } from '../kit/icons';
import { visibleLine } from '../kit/plainText';
import type { Strings } from '../kit/strings';
import { numberAttribute, stringAttribute } from './attributes';

export type Texts = Strings<TraceString>;

/** One word or two; a tool's name is untrusted. */
export function spanName(t: Texts, span: Span, turnOrdinal: number | null): string {
  switch (span.kind) {
    case 'invoke_agent':
      return t('list.turn', turnOrdinal ?? '?');
    case 'chat':
      return t('list.llmCall');
    case 'execute_tool':
      return visibleLine(stringAttribute(span, 'gen_ai.tool.name') ?? span.name, 80) || t('list.unnamed');
    case 'compaction':
      return t('list.compaction');
    case 'event':
      return t('list.event');
    case 'policy':
      return t('list.policy');
  }
}

const kindIcons: Readonly<Record<Span['kind'], IconName | null>> = {
  invoke_agent: 'turn',
  chat: 'chat',
  execute_tool: null,
  compaction: 'compaction',
  event: 'event',
  policy: 'policy',
};

/** The outcome, unless the kind says more than a plain "ok". */
export function rowIcon(span: Span): IconName {
  const ofKind = kindIcons[span.kind];
  return ofKind !== null && (span.status === 'ok' || span.status === 'unknown') ? ofKind : span.status;
}

export function statusText(t: Texts, span: Span): string {
  const exitCode = numberAttribute(span, 'sandglass.exit_code');
  if (span.status === 'error' && exitCode !== null && exitCode !== 0) return t('list.exit', exitCode);
  return t(`status.${span.status}`);
}

export function isProblem(status: SpanStatus): boolean {
  return status === 'error' || status === 'denied' || status === 'aborted';
}

export function durationText(span: Span): string {
  if (span.durationMs === null || span.durationBasis === 'unknown') return dash;
  return `${span.durationBasis === 'estimated' ? '~' : ''}${duration(span.durationMs)}`;
}

export function durationTitle(t: Texts, span: Span): string {
  return t(`duration.${span.durationBasis}`);
}

/** What is told behind the name: what it was asked, said or about. Untrusted, made visible. */
export function rowPreview(t: Texts, row: SpanRow): string {
  const { span } = row;
  if (span.kind === 'invoke_agent') return row.preview === null ? t('list.noPrompt') : visibleLine(row.preview);
  if (span.kind === 'policy') return policyTarget(span as PolicySpan);
  if (span.kind === 'chat' && isProblem(span.status) && span.statusMessage !== null) return visibleLine(span.statusMessage);
  if (row.preview !== null) return visibleLine(row.preview);
  if (span.kind === 'event') return visibleLine(span.name);
  return '';
}

export function policyTarget(span: Span): string {
  const host = stringAttribute(span, 'server.address');
  const port = numberAttribute(span, 'server.port');
  const url = stringAttribute(span, 'url.full');
  if (host !== null) return visibleLine(port === null ? host : `${host}:${port}`);
  return url === null ? visibleLine(span.name) : visibleLine(url);
}

/** First record to last; null while a time is missing. */
export function sessionDuration(session: SessionInfo): number | null {
  if (session.startTime === null || session.endTime === null) return null;
  const ms = Date.parse(session.endTime) - Date.parse(session.startTime);
  return Number.isNaN(ms) || ms < 0 ? null : ms;
}
