/**
 * A denial may lead to a file of the user's and to the policy in force, as the sandbox's gateway tells it. The file is preferred, for it
 * is what a person can change; where the two do not say the same, both are told. A file that has nothing in common with the policy in
 * force is another sandbox's, and can't say of a destination that no rule lists it.
 */
import type { PolicyDocument, PolicyEndpoint, PolicyRule } from './policyDocument';
import type { RuleTarget } from './target';

/** A policy, and where in it a denial points. */
export interface Pointed {
  readonly document: PolicyDocument;
  readonly targets: readonly RuleTarget[];
}

/** `differs`: what is in force does not say what the file says. */
export type Preferred =
  { readonly which: 'file'; readonly differs: boolean } | { readonly which: 'effective' } | { readonly which: 'none' };

export function preferred(file: Pointed | null, effective: Pointed | null): Preferred {
  const told = effective !== null && effective.targets.length > 0;
  const [target] = file?.targets ?? [];
  if (file === null || target === undefined) return told ? { which: 'effective' } : { which: 'none' };
  if (effective === null) return { which: 'file', differs: false };
  if (told && target.rule === null && !haveInCommon(file.document, effective.document)) return { which: 'effective' };
  return { which: 'file', differs: !saySame(file, target, effective) };
}

function haveInCommon(file: PolicyDocument, effective: PolicyDocument): boolean {
  const keys = new Set(effective.rules.map(({ key }) => key.value));
  return file.rules.length === 0 ? keys.size === 0 : file.rules.some(({ key }) => keys.has(key.value));
}

function saySame(file: Pointed, target: RuleTarget, effective: Pointed): boolean {
  const [other] = effective.targets;
  if (other === undefined || other.kind !== target.kind || other.rule !== target.rule) return false;
  const rule = ({ document }: Pointed): PolicyRule | undefined => document.rules.find(({ key }) => key.value === target.rule);
  const [own, its] = [rule(file), rule(effective)];
  return own === undefined || its === undefined ? own === its : sameRule(own, its);
}

/** Whether two rules let the same through: what goes without saying may be said or not, and lists are in any order. */
export function sameRule(a: PolicyRule, b: PolicyRule): boolean {
  const endpoints = (rule: PolicyRule): string => JSON.stringify(rule.endpoints.map(plainEndpoint).sort());
  const binaries = (rule: PolicyRule): string => JSON.stringify([...new Set(rule.binaries.map(({ value }) => value))].sort());
  return endpoints(a) === endpoints(b) && binaries(a) === binaries(b);
}

function plainEndpoint({ host, ports, path, protocol, enforcement, access, rules, denyRules, allowedIps }: PolicyEndpoint): string {
  const methods = (list: PolicyEndpoint['rules']): readonly string[] =>
    list.map(({ method, path: of, more }) => JSON.stringify([method?.toUpperCase() ?? null, of, more])).sort();
  const kind = protocol?.value.toLowerCase() ?? '';
  return JSON.stringify([
    host?.value.toLowerCase() ?? '',
    [...new Set(ports.map(({ value }) => value))].sort((a, b) => a - b),
    path?.value ?? '',
    kind === 'tcp' ? '' : kind,
    enforcement?.value === 'enforce',
    access?.value ?? '',
    methods(rules),
    methods(denyRules),
    [...(allowedIps?.value ?? [])].sort(),
  ]);
}
