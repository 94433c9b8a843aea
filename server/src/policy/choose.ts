/**
 * Which of several policy files a sandbox's denial belongs to. No file says which sandbox it is for; what the supervisor allowed and
 * denied does: the file that agrees best with it is taken, and how well it agrees is told.
 */
import { setImmediate } from 'node:timers/promises';
import { evaluate } from './evaluate';
import type { PolicyDocument } from './policyDocument';
import { isBesideRules } from './recorded';
import type { Decision } from './recorded';
import { targetsOf } from './target';
import type { RuleTarget } from './target';

export interface Agreement {
  readonly agrees: number;
  readonly differs: number;
}

/** What can't be judged from outside counts for nothing. A large file is weighed in turns with whatever else there is to do. */
export async function agreement(document: PolicyDocument, decisions: readonly Decision[], signal: AbortSignal): Promise<Agreement> {
  let [agrees, differs] = [0, 0];
  for (const decision of decisions) {
    const { request, allowed, denial, inspected } = decision;
    if (denial?.kind === 'guard' || isBesideRules(decision)) continue;
    await setImmediate();
    if (signal.aborted) break;
    const verdict = evaluate(document, request, inspected ? 'request' : 'connection');
    if (verdict.kind === 'unknown') continue;
    if ((verdict.kind === 'allowed') === allowed) agrees += 1;
    else differs += 1;
  }
  return { agrees, differs };
}

export interface Weighed<F> {
  readonly file: F;
  readonly document: PolicyDocument;
  readonly agreement: Agreement;
}

export interface Chosen<F> extends Weighed<F> {
  readonly targets: readonly RuleTarget[];
}

/** Files in the order in which they are preferred where they agree equally well. */
export function choose<F>(files: readonly Weighed<F>[], decision: Decision): Chosen<F> | null {
  const fitting = files
    .map((weighed) => ({ ...weighed, targets: targetsOf(weighed.document, decision) }))
    .filter(({ targets }) => targets.length > 0);
  const best = fitting.map(({ agreement: { agrees, differs } }) => (agrees + 1) / (agrees + differs + 2));
  const at = best.reduce((top, share, i) => (share > (best[top] ?? 0) ? i : top), 0);
  return fitting[at] ?? null;
}
