/** How severe a problem is: as docs/problems.md says of its code, unless a person set another for it. */
import { DiagnosticSeverity } from 'vscode-languageserver-protocol';
import { alwaysListed, listedSeverities } from '../protocol/problems';
import type { ProblemSettings, ProblemSeverity } from '../protocol/problems';
import type { PlacedDiagnostic } from './placed';

type Severities = ProblemSettings['severity'];

/** What a person set for a code; null: nothing, or what can't be set for it. */
export function severityWished(code: string, severities: Severities | undefined): ProblemSeverity | null {
  const wished = severities?.[code as keyof Severities] ?? null;
  return wished !== null && alwaysListed.has(code) && !listedSeverities.includes(wished) ? null : wished;
}

/** With the severities that were set; without what was switched off. */
export function withSeverities(placed: readonly PlacedDiagnostic[], severities: Severities | undefined): readonly PlacedDiagnostic[] {
  if (severities === undefined || Object.keys(severities).length === 0) return placed;
  return placed.flatMap((one) => {
    const wished = severityWished(String(one.diagnostic.code), severities);
    if (wished === null) return [one];
    return wished === 'off' ? [] : [{ ...one, diagnostic: { ...one.diagnostic, severity: lspSeverities[wished] } }];
  });
}

/** As the editor has them. */
export const lspSeverities: Readonly<Record<Exclude<ProblemSeverity, 'off'>, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};
