/**
 * Which row of the Problems view a problem stands in. The editor has no way to say "select this problem"; its list can only
 * be walked, so the order it sorts by is followed here: by file (worst problem first, then path, then name), and in a file
 * by severity and place. Hints are not listed.
 */

export interface ListedProblem {
  /** As DiagnosticSeverity: 0 is an error, 3 a hint. */
  readonly severity: number;
  readonly line: number;
  readonly column: number;
  /** Rows beneath it. */
  readonly related: number;
}

export interface ListedFile {
  readonly path: string;
  readonly name: string;
  readonly problems: readonly ListedProblem[];
}

const hint = 3;

/** Rows above the problem of `path` at `line`; null when it is not listed. */
export function problemRow(files: readonly ListedFile[], path: string, line: number): number | null {
  const listed = files
    .map((file) => ({ ...file, problems: file.problems.filter(({ severity }) => severity < hint).sort(byPlace) }))
    .filter((file) => file.problems.length > 0)
    .sort(byFile);
  let row = 0;
  for (const file of listed) {
    row += 1;
    for (const problem of file.problems) {
      if (file.path === path && problem.line === line) return row;
      row += 1 + problem.related;
    }
  }
  return null;
}

function byPlace(a: ListedProblem, b: ListedProblem): number {
  return a.severity - b.severity || a.line - b.line || a.column - b.column;
}

function byFile(a: ListedFile, b: ListedFile): number {
  const worst = (file: ListedFile): number => file.problems[0]?.severity ?? hint;
  return worst(a) - worst(b) || a.path.localeCompare(b.path) || a.name.localeCompare(b.name);
}
