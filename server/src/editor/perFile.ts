/** The problems of all sessions by file: equal ones together, the worst and newest first, and a last one for those beyond the bound. */
import type { Diagnostic, DiagnosticRelatedInformation } from 'vscode-languageserver-protocol';
import { DiagnosticSeverity } from 'vscode-languageserver-protocol';
import type { ProblemSettings } from '../protocol/problems';
import { problemsPerFile } from '../protocol/problems';
import { callsOfProblem, grouped } from './placed';
import type { PlacedDiagnostic } from './placed';
import { withSeverities } from './severities';

/** Links of the last problem to those that are left out. */
const relatedLeftOut = 10;
const moreCode = 'more-calls';

export type Published = ReadonlyMap<string, readonly Diagnostic[]>;

/** A call that is not listed itself: what comes with the last problem of a file. */
export interface LeftOut {
  readonly sourceId: string;
  readonly spanId: string;
}

/** Newest sessions first. */
export function byFile(sessions: Iterable<readonly PlacedDiagnostic[]>, settings: Partial<ProblemSettings> = {}): Published {
  const files = new Map<string, PlacedDiagnostic[]>();
  for (const placed of sessions)
    for (const one of withSeverities(placed, settings.severity)) (files.get(one.uri) ?? files.set(one.uri, []).get(one.uri))?.push(one);
  const limit = settings.perFile ?? problemsPerFile.usual;
  return new Map([...files].map(([uri, placed]) => [uri, listed(uri, grouped(placed), limit, settings)]));
}

function listed(uri: string, placed: readonly PlacedDiagnostic[], limit: number, settings: Partial<ProblemSettings>): Diagnostic[] {
  // What was counted already is no problem beside the others, and is listed after them.
  const counted = placed.filter(({ diagnostic }) => diagnostic.code === moreCode);
  const ranked = placed.filter(({ diagnostic }) => diagnostic.code !== moreCode).sort(worstFirst);
  const kept = ranked.slice(0, limit);
  const left = ranked.slice(limit);
  const last = left.length === 0 ? [] : withSeverities([moreOf(uri, kept, left)], settings.severity);
  return [...kept.sort(byPlace), ...counted, ...last].map(({ diagnostic }) => diagnostic);
}

/** At the last line at which one of them stands: who steps through the file comes to it after the others. */
function moreOf(uri: string, kept: readonly PlacedDiagnostic[], left: readonly PlacedDiagnostic[]): PlacedDiagnostic {
  const [last] = [...kept, ...left].sort(byPlace).slice(-1);
  const related: DiagnosticRelatedInformation[] = left.slice(0, relatedLeftOut).map(({ diagnostic, call }) => ({
    location: call === undefined ? { uri, range: diagnostic.range } : { uri: call.address, range: start },
    message: typeof diagnostic.message === 'string' ? diagnostic.message : diagnostic.message.value,
  }));
  const calls: LeftOut[] = left.flatMap(({ diagnostic, call }) => {
    const { sourceId } = (diagnostic.data ?? {}) as { readonly sourceId?: string };
    return sourceId === undefined ? [] : (call?.spanIds ?? []).map((spanId) => ({ sourceId, spanId }));
  });
  const diagnostic: Diagnostic = {
    range: last?.diagnostic.range ?? start,
    severity: DiagnosticSeverity.Information,
    code: moreCode,
    source: 'Sandglass',
    message: `and ${left.length} more ${left.length === 1 ? 'problem' : 'problems'} of agent calls in this file`,
    relatedInformation: related,
    data: { calls: calls.slice(0, callsOfProblem) },
  };
  return { uri, diagnostic };
}

const start = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

/** Stable, so that of equals the newest stays first. */
function worstFirst({ diagnostic: a }: PlacedDiagnostic, { diagnostic: b }: PlacedDiagnostic): number {
  return (a.severity ?? DiagnosticSeverity.Error) - (b.severity ?? DiagnosticSeverity.Error);
}

function byPlace({ diagnostic: { range: a } }: PlacedDiagnostic, { diagnostic: { range: b } }: PlacedDiagnostic): number {
  return a.start.line - b.start.line || a.start.character - b.start.character;
}
