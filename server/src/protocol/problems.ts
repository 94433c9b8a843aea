/** PUBLIC: the codes that stand among the editor's Problems (docs/problems.md), and how a person may set them. Types and names only. */

/** Findings that detectors make. */
export const findingCodes = [
  'repeated-calls',
  'no-progress',
  'failing-tool',
  'claimed-success',
  'secret-exposed',
  'secret-then-request',
] as const;

export const problemCodes = [
  'failed-call',
  'recovered-call',
  'denied-call',
  'denied-by-policy',
  'history-rewritten',
  ...findingCodes,
  'budget-warning',
  'budget-passed',
  'suppression-wrong',
  'suppression-unused',
  'more-calls',
] as const;
export type ProblemCode = (typeof problemCodes)[number];

export const problemSeverities = ['error', 'warning', 'information', 'hint', 'off'] as const;
export type ProblemSeverity = (typeof problemSeverities)[number];

/** A rewritten history is always a problem: no setting hides it. */
export const alwaysListed: ReadonlySet<string> = new Set<ProblemCode>(['history-rewritten']);
export const listedSeverities: readonly ProblemSeverity[] = ['error', 'warning', 'information'];

/** As package.json has them: how many problems of a file are listed, by itself, at least and at most. */
export const problemsPerFile = { usual: 50, least: 1, most: 500 } as const;

/** How a person wants problems to be shown. */
export interface ProblemSettings {
  readonly perFile: number;
  /** Of codes that are set; all others are as docs/problems.md says. */
  readonly severity: Readonly<Partial<Record<ProblemCode, ProblemSeverity>>>;
}
