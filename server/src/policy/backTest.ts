/**
 * What a changed policy would have said of everything that was recorded: which denied requests it would have let through, and which
 * of those that went through it would have stopped. What can't be judged from the record is counted with its reason, never as a yes.
 */
import { evaluate, isInspected } from './evaluate';
import type { PolicyRequest, UnknownWhy, Verdict } from './evaluate';
import type { PolicyDocument } from './policyDocument';
import { isBesideRules } from './recorded';
import type { Decision } from './recorded';
import type { RequestHint } from './requestHint';

/** Of each kind so many are listed; all are counted. */
export const listedPerKind = 500;

export interface BackTested {
  readonly decision: Decision;
  /** With what its call's command tells of it. */
  readonly request: PolicyRequest;
  /** The rule that lets it through; null: none does. */
  readonly rule: string | null;
  readonly audited: boolean;
  /** The policy as it was before the change says otherwise. */
  readonly byChange: boolean;
}

export interface BackTestResult {
  /** Recorded decisions that were looked at. */
  readonly considered: number;
  readonly wouldAllow: readonly BackTested[];
  readonly wouldAllowCount: number;
  readonly wouldDeny: readonly BackTested[];
  readonly wouldDenyCount: number;
  /** Stopped by guards that no rule has a say in. */
  readonly guarded: number;
  readonly unknown: Readonly<Partial<Record<UnknownWhy, number>>>;
}

export class BackTest {
  readonly #after: PolicyDocument;
  readonly #before: PolicyDocument | null;
  readonly #hintOf: (decision: Decision) => RequestHint | null;
  #considered = 0;
  #guarded = 0;
  readonly #unknown: Partial<Record<UnknownWhy, number>> = {};
  readonly #allow: BackTested[] = [];
  readonly #deny: BackTested[] = [];
  #allowCount = 0;
  #denyCount = 0;

  /** `before`: the policy as it was, where that is known. */
  constructor(after: PolicyDocument, before: PolicyDocument | null, hintOf: (decision: Decision) => RequestHint | null) {
    this.#after = after;
    this.#before = before;
    this.#hintOf = hintOf;
  }

  /** Newest last; of those that are listed the newest stay. */
  take(decision: Decision): void {
    if (isBesideRules(decision)) return;
    this.#considered += 1;
    if (decision.denial?.kind === 'guard') {
      this.#guarded += 1;
      return;
    }
    const { verdict, request } = this.#judge(this.#after, decision);
    if (verdict.kind === 'unknown') {
      this.#unknown[verdict.why] = (this.#unknown[verdict.why] ?? 0) + 1;
      return;
    }
    const allowed = verdict.kind === 'allowed';
    if (allowed === decision.allowed) return;
    const before = this.#before === null ? null : this.#judge(this.#before, decision).verdict;
    const tested: BackTested = {
      decision,
      request,
      rule: verdict.rule,
      audited: verdict.kind === 'allowed' && verdict.audited,
      byChange: before !== null && (before.kind === 'allowed') !== allowed,
    };
    if (allowed) this.#allowCount += 1;
    else this.#denyCount += 1;
    const list = allowed ? this.#allow : this.#deny;
    list.push(tested);
    if (list.length > listedPerKind) list.shift();
  }

  #judge(policy: PolicyDocument, decision: Decision): { readonly verdict: Verdict; readonly request: PolicyRequest } {
    const { request, inspected, allowed } = decision;
    const verdict = evaluate(policy, request, inspected ? 'request' : 'connection');
    // A connection that was refused would have been looked into: then what it was for decides.
    if (inspected || allowed || verdict.kind !== 'allowed' || !this.#looksInto(policy, request)) return { verdict, request };
    const hint = this.#hintOf(decision);
    const whole = hint === null ? request : { ...request, ...hint };
    return { verdict: evaluate(policy, whole, 'request'), request: whole };
  }

  #looksInto(policy: PolicyDocument, request: PolicyRequest): boolean {
    const verdict = evaluate(policy, { ...request, method: null, path: null }, 'request');
    return verdict.kind === 'unknown' || (verdict.kind === 'allowed' && isInspected(verdict.endpoint));
  }

  result(): BackTestResult {
    return {
      considered: this.#considered,
      wouldAllow: this.#allow,
      wouldAllowCount: this.#allowCount,
      wouldDeny: this.#deny,
      wouldDenyCount: this.#denyCount,
      guarded: this.#guarded,
      unknown: this.#unknown,
    };
  }
}
