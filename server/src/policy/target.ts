/** From a denial to the line of a policy file that it comes from, or that it lacks. */
import { assertNever } from '../model/assertNever';
import { endpointMatches, evaluate, methodMatches, pathMatches } from './evaluate';
import type { PolicyDocument, PolicyEndpoint, PolicyRule, TextRange } from './policyDocument';
import type { Decision, DenialKind } from './recorded';

/** `allowed`: the file lets it through by now, or was never the one in force. */
export type TargetKind = 'allowed' | 'network' | 'binaries' | 'access' | 'rules' | 'deny-rule' | 'allowed-ips' | 'endpoint' | 'rule';

export interface RuleTarget {
  readonly kind: TargetKind;
  /** Map key of the rule; null: it lies in none. */
  readonly rule: string | null;
  readonly range: TextRange;
}

const top: TextRange = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };

/** Best first; none where the file has nothing to do with it, or no rule has. */
export function targetsOf(document: PolicyDocument, decision: Decision): readonly RuleTarget[] {
  const { denial, request, inspected } = decision;
  if (denial === null) return [];
  const targets = targetsOfKind(document, decision, denial);
  if (targets.length === 0 || denial.kind === 'guard') return targets;
  const verdict = evaluate(document, request, inspected ? 'request' : 'connection');
  const rule = verdict.kind === 'allowed' ? document.rules.find(({ key }) => key.value === verdict.rule) : undefined;
  return rule === undefined ? targets : [{ kind: 'allowed', rule: rule.key.value, range: rule.key.range }];
}

function targetsOfKind(document: PolicyDocument, { request, rule }: Decision, denial: DenialKind): readonly RuleTarget[] {
  const { host, port, method, path } = request;
  const keyed = (key: string | null): PolicyRule | undefined => document.rules.find((one) => one.key.value === key);
  const reaching = (one: PolicyRule): readonly PolicyEndpoint[] =>
    one.endpoints.filter((endpoint) => endpointMatches(endpoint, host, port) && fitsPath(endpoint, path));
  switch (denial.kind) {
    case 'no-network':
      return document.rules.length === 0 ? [{ kind: 'network', rule: null, range: document.networkKey ?? top }] : [];
    case 'connection': {
      const named = denial.rules.flatMap((key) => keyed(key) ?? []);
      if (denial.rules.length > 0 && named.length === 0) return [];
      const rules = named.length > 0 ? named : document.rules.filter((one) => reaching(one).length > 0);
      if (rules.length === 0) return [{ kind: 'network', rule: null, range: document.networkKey ?? top }];
      return rules.map((one) => ({ kind: 'binaries', rule: one.key.value, range: one.binariesKey ?? one.key.range }));
    }
    case 'method-rule': {
      const found = keyed(denial.rule);
      const [endpoint] = found === undefined ? [] : reaching(found);
      if (found === undefined) return [];
      if (endpoint === undefined) return [{ kind: 'rule', rule: found.key.value, range: found.key.range }];
      if (endpoint.rulesKey !== null) return [{ kind: 'rules', rule: found.key.value, range: endpoint.rulesKey }];
      if (endpoint.access !== null) return [{ kind: 'access', rule: found.key.value, range: endpoint.access.range }];
      return [{ kind: 'endpoint', rule: found.key.value, range: endpoint.host?.range ?? endpoint.range }];
    }
    case 'deny-rule': {
      // A deny rule of any rule that matches blocks, whichever the log names.
      const found = [keyed(denial.rule), ...document.rules].flatMap((one) =>
        (one === undefined ? [] : reaching(one)).flatMap((endpoint) =>
          endpoint.denyRules
            .filter((deny) => method !== null && path !== null && methodMatches(deny.method, method) && pathMatches(deny.path, path, deny))
            .map((deny): RuleTarget => ({ kind: 'deny-rule', rule: one?.key.value ?? null, range: deny.range })),
        ),
      );
      const [first] = found;
      if (first !== undefined) return [first];
      const named = keyed(denial.rule);
      const key = named === undefined ? undefined : reaching(named).find(({ denyKey }) => denyKey !== null)?.denyKey;
      return key === undefined || key === null ? [] : [{ kind: 'deny-rule', rule: denial.rule, range: key }];
    }
    case 'guard': {
      if (denial.guard === 'bypass') return [];
      const own = keyed(rule);
      const rules = own === undefined ? document.rules : [own];
      for (const one of rules)
        for (const endpoint of reaching(one))
          return [
            denial.guard === 'address' && endpoint.allowedIps !== null
              ? { kind: 'allowed-ips', rule: one.key.value, range: endpoint.allowedIps.range }
              : { kind: 'endpoint', rule: one.key.value, range: endpoint.host?.range ?? endpoint.range },
          ];
      return [];
    }
    default:
      return assertNever(denial);
  }
}

function fitsPath({ path }: PolicyEndpoint, asked: string | null): boolean {
  return path === null || path.value === '' || asked === null || pathMatches(path.value, asked, path);
}
