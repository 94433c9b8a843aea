/** Tables for people. Everything in them is free of control characters from a trace. */
import type {
  CostTotals,
  Finding,
  SandboxesDocument,
  SessionInfo,
  SessionsDocument,
  SessionTrace,
  Skipped,
  Span,
  TraceDocument,
} from '../protocol/document';
import type { WayIn, WayTried } from '../protocol/messages';
import { plainLine } from '../decode/preview';
import { callLabel, costLabel } from '../editor/costWords';
import { placeSpans } from '../model/place';
import { spanCost } from '../model/spanCost';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const clean = [head, ...rows].map((row) => row.map((cell) => plainLine(cell, 100)));
  const widths = head.map((_, column) => Math.max(...clean.map((row) => [...(row[column] ?? '')].length)));
  return (
    clean
      .map((row) =>
        row
          .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - [...cell].length)))
          .join('  ')
          .trimEnd(),
      )
      .join('\n') + '\n'
  );
}

/** "no price" is never 0. */
export function cost(cost: CostTotals): string {
  return costLabel(cost) ?? '-';
}

function tokens(info: SessionInfo): string {
  const { usage } = info.totals;
  return String(usage.input + usage.cacheRead + usage.cacheWrite + usage.output);
}

export function sessionsTable(sessions: readonly SessionInfo[]): string {
  return table(
    ['SESSION', 'AGENT', 'STARTED', 'STATE', 'STATUS', 'TRIGGER', 'TURNS', 'LLM', 'TOOLS', 'FAILED', 'TOKENS', 'COST', 'TITLE'],
    sessions.map((info) => {
      const { totals } = info;
      return [
        info.id,
        info.agent,
        info.startTime ?? 'not observed',
        info.state,
        info.status,
        info.trigger,
        String(totals.turns),
        String(totals.llmCalls),
        String(totals.toolCalls),
        String(totals.failedToolCalls),
        tokens(info),
        cost(totals.cost),
        info.title ?? '',
      ];
    }),
  );
}

export function spanLine(span: Span, depth: number): readonly string[] {
  const { attributes } = span;
  const took = span.durationMs === null ? '-' : `${span.durationBasis === 'estimated' ? '~' : ''}${span.durationMs} ms`;
  const preview = attributes['sandglass.preview'] ?? attributes['sandglass.thinking.preview'] ?? '';
  const priced = span.kind === 'chat' ? callLabel(spanCost(span)) : '';
  return [
    `${'  '.repeat(depth)}${span.name}`,
    span.status,
    span.startTime?.slice(11, 23) ?? '-',
    took,
    priced,
    String(preview),
    span.statusMessage ?? '',
  ];
}

const nothingRecorded = 'No session is recorded here.\n';

export function notRead(skipped: readonly Skipped[]): readonly string[] {
  return skipped.map(({ where, reason }) => `not read: ${plainLine(where, 200)}: ${plainLine(reason, 300)}\n`);
}

/** Of those that are suppressed nothing is said. */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  return findings.filter(({ suppressed }) => suppressed === null).map(findingLine);
}

function findingLine({ severity, message, preview }: Finding): string {
  return `${severity}${preview ? ' (preview)' : ''}: ${plainLine(message, 400)}\n`;
}

function suppressedLines(findings: readonly Finding[]): readonly string[] {
  return findings.flatMap((finding) => {
    const { suppressed } = finding;
    if (suppressed === null) return [];
    const by = `${plainLine(suppressed.file, 300)}:${suppressed.line}`;
    return `suppressed (${plainLine(suppressed.reason, 500)}; ${by}): ${findingLine(finding)}`;
  });
}

const ways: Readonly<Record<WayIn, string>> = {
  node: "the sandbox's Node",
  python3: "the sandbox's Python (python3)",
  archive: 'copies of its files (archive)',
  host: 'files of this host',
};

export function wayLine(way: WayIn, tried: readonly WayTried[]): string {
  const failed = tried.slice(0, 5).map((each) => `not by ${ways[each.way]}: ${plainLine(each.reason, 200)}`);
  return `read by ${[ways[way], ...failed].join('; ')}\n`;
}

export function sessionsText({ sessions, skipped }: Pick<SessionsDocument, 'sessions' | 'skipped'>): string {
  const found = sessions.length === 0 ? nothingRecorded : sessionsTable(sessions);
  return [found, ...notRead(skipped)].join('');
}

export function traceText(document: TraceDocument): string {
  const parts: string[] = [document.sessions.length === 0 ? nothingRecorded : sessionsTable(document.sessions)];
  for (const session of document.sessions) parts.push(sessionText(session));
  const denials = document.policy.filter((event) => event.status === 'denied');
  if (denials.length > 0) {
    parts.push(
      `Denied by policy (${denials.length})\n` +
        table(
          ['TIME', 'EVENT', 'HOST', 'CALL', 'REASON'],
          denials.map((event) => [
            event.startTime ?? '-',
            event.name,
            `${String(event.attributes['server.address'] ?? '')}:${String(event.attributes['server.port'] ?? '')}`,
            event.callId ?? (event.candidates.length > 0 ? `${event.candidates.length} candidates` : 'none'),
            event.statusMessage ?? '',
          ]),
        ),
    );
  }
  parts.push(...findingLines(document.findings), ...suppressedLines(document.findings));
  parts.push(...notRead(document.skipped));
  return parts.join('\n');
}

function sessionText(session: SessionTrace): string {
  const title = plainLine(`${session.id}  ${session.title ?? ''}`, 120);
  const rows = placeSpans(session.spans).map(({ span, place }) => spanLine(span, place.depth));
  return `${title}\n${table(['SPAN', 'STATUS', 'AT', 'TOOK', 'COST', 'WHAT', 'MESSAGE'], rows)}`;
}

export function sandboxesText(document: SandboxesDocument): string {
  const found = table(
    ['NAME', 'STATE', 'LAYOUT', 'RUNTIME', 'GATEWAY', 'PROVIDER', 'MODEL', 'SEEN BY'],
    document.sandboxes.map((sandbox) => [
      sandbox.name,
      sandbox.state,
      sandbox.layout,
      `${sandbox.runtime ?? 'unknown'} ${sandbox.runtimeVersion ?? ''}`.trim(),
      sandbox.gateway ?? '-',
      sandbox.provider ?? '-',
      sandbox.model ?? '-',
      sandbox.seenBy.join(', '),
    ]),
  );
  const looked = table(
    ['LOOKED IN', 'OUTCOME', 'FOUND', 'TOOK', 'REASON'],
    document.looked.map((place) => [place.place, place.outcome, String(place.found), `${place.ms} ms`, place.reason ?? '']),
  );
  return `${document.sandboxes.length === 0 ? 'No sandbox found.\n' : found}\n${looked}`;
}
