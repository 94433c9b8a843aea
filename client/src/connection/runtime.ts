/**
 * Which Node runs the server: the editor's own where it has what we need (some Electron releases shipped without
 * node:sqlite), else the one the user named, else one on the PATH, else none, with the reasons.
 */
import type { RuntimeProbe } from '../../../server/src/protocol/messages';

export type ProbeOutcome =
  { readonly kind: 'answered'; readonly report: RuntimeProbe } | { readonly kind: 'failed'; readonly reason: string };

export interface RuntimeCandidate {
  readonly from: 'editor' | 'setting' | 'path';
  readonly command: string;
}

export interface RejectedRuntime extends RuntimeCandidate {
  readonly problem: RuntimeProblem;
}
export type RuntimeProblem =
  | { readonly kind: 'lacks'; readonly node: string; readonly what: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string };

export type RuntimeChoice =
  | { readonly kind: 'found'; readonly runtime: RuntimeCandidate; readonly node: string }
  | { readonly kind: 'none'; readonly rejected: readonly RejectedRuntime[] };

export type RunProbe = (candidate: RuntimeCandidate) => Promise<ProbeOutcome>;

/** Tries the candidates in order and takes the first that has everything. */
export async function chooseRuntime(candidates: readonly RuntimeCandidate[], probe: RunProbe): Promise<RuntimeChoice> {
  const rejected: RejectedRuntime[] = [];
  for (const candidate of candidates) {
    const outcome = await probe(candidate);
    const problem = problemOf(outcome);
    if (problem === null && outcome.kind === 'answered') return { kind: 'found', runtime: candidate, node: outcome.report.node };
    if (problem !== null) rejected.push({ ...candidate, problem });
  }
  return { kind: 'none', rejected };
}

/** The order in which they are tried. A `nodePath` that was set is a wish, yet only needed where the editor's Node will not do. */
export function runtimeCandidates(execPath: string, nodePath: string): readonly RuntimeCandidate[] {
  const own: RuntimeCandidate = { from: 'editor', command: execPath };
  return nodePath.trim() === '' ? [own, { from: 'path', command: 'node' }] : [own, { from: 'setting', command: nodePath.trim() }];
}

function problemOf(outcome: ProbeOutcome): RuntimeProblem | null {
  if (outcome.kind === 'failed') return { kind: 'failed', reason: outcome.reason };
  const { node, sqlite, zstd, gcm } = outcome.report;
  const what = [...(sqlite ? [] : ['node:sqlite']), ...(zstd ? [] : ['zstd']), ...(gcm ? [] : ['AES-256-GCM'])];
  return what.length === 0 ? null : { kind: 'lacks', node, what };
}

/** One line of JSON out of what a probe printed; anything else is a failure that says what came instead. */
export function readProbe(stdout: string, stderr: string, exitCode: number | null): ProbeOutcome {
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('{')) continue;
    const report = parseReport(line);
    if (report !== null) return { kind: 'answered', report };
  }
  // Node prints the line of code first and the error after it.
  const lines = stderr.split('\n').map((line) => line.trim());
  const said = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.find((line) => line !== '');
  return { kind: 'failed', reason: said?.slice(0, 200) ?? `exit code ${exitCode ?? 'none'}` };
}

function parseReport(line: string): RuntimeProbe | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { node, sqlite, zstd, gcm } = value as Record<string, unknown>;
  return typeof node === 'string' ? { node, sqlite: sqlite === true, zstd: zstd === true, gcm: gcm === true } : null;
}
