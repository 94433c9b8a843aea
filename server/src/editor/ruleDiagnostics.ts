/**
 * Denials as diagnostics on the line of the policy file they come from: one for each request that was denied there, however often,
 * with a link to each call. And for the call's own diagnostic the link back, or where was looked when no file has the rule.
 */
import type { Diagnostic, DiagnosticRelatedInformation, Location } from 'vscode-languageserver-protocol';
import { DiagnosticSeverity } from 'vscode-languageserver-protocol';
import { assertNever } from '../model/assertNever';
import { policyWords, revisionText } from '../gateway/effectiveDocument';
import type { EffectivePolicy } from '../gateway/effectiveDocument';
import type { EffectiveLook } from '../gateway/effectivePolicies';
import type { Agreement } from '../policy/choose';
import type { PlaceLooked } from '../policy/policyFiles';
import type { Decision } from '../policy/recorded';
import type { RuleTarget } from '../policy/target';
import type { RuleRef } from '../protocol/rules';
import { dayAndClock, label } from './labels';

export const deniedRuleCode = 'denied-by-policy';
/** Links of one diagnostic; further repeats are counted. */
const relatedLimit = 10;

/** A denial with the file it belongs to. */
export interface RuledDenial {
  readonly sourceId: string;
  readonly sandbox: string;
  readonly decision: Decision;
  /** null: no file has to do with it. */
  readonly at: RulePlace | null;
}

export interface RulePlace {
  readonly uri: string;
  readonly targets: readonly RuleTarget[];
  readonly agreement: Agreement;
  /** `file`: it is one of the user's, or of this host; else the policy in force, as a gateway told it. */
  readonly in: 'file' | EffectivePolicy;
  /** What the policy in force says, where that is not what the file says; `target` is null where it has nothing to do with it. */
  readonly differs: { readonly effective: EffectivePolicy; readonly target: RuleTarget | null } | null;
  /** Why the gateway could not be asked anew, so that what it told may be old; null: it could. */
  readonly stale: string | null;
}

/** Where a call or an event is shown. */
export type PlaceOf = (sourceId: string, decision: Decision, spanId: string | null) => Location;

/** Newest first in, so that the newest of equal denials tells when it last happened. */
export function ruleDiagnostics(
  denials: readonly RuledDenial[],
  placeOf: PlaceOf,
): readonly { readonly uri: string; readonly diagnostic: Diagnostic }[] {
  const groups = new Map<string, RuledDenial[]>();
  for (const denial of denials) {
    const target = denial.at?.targets[0];
    if (denial.at === null || target === undefined) continue;
    const { host, port, method, path, binary } = denial.decision.request;
    const key = JSON.stringify([denial.at.uri, target.range, host, port, method, path, binary, denial.sourceId]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [denial]);
    else group.push(denial);
  }
  return [...groups.values()].flatMap((group) => {
    const [newest] = group;
    return newest?.at === null || newest === undefined
      ? []
      : [{ uri: newest.at.uri, diagnostic: diagnosticOf(newest, newest.at, group, placeOf) }];
  });
}

function diagnosticOf(newest: RuledDenial, at: RulePlace, group: readonly RuledDenial[], placeOf: PlaceOf): Diagnostic {
  const [target, ...others] = at.targets;
  const joined = group.some(({ decision }) => decision.callId !== null || decision.candidates.length > 0);
  const data: RuleRef = { sourceId: newest.sourceId, policyId: newest.decision.id, uri: at.uri };
  const related: DiagnosticRelatedInformation[] = group.slice(0, relatedLimit).flatMap((denial) => relatedOf(denial, placeOf));
  for (const other of others.slice(0, relatedLimit))
    related.push({
      location: { uri: at.uri, range: other.range },
      message: `Rule ${label(other.rule ?? '', 60)} does not let it through either`,
    });
  if (at.differs !== null && at.differs.target !== null)
    related.push({
      location: { uri: at.differs.effective.uri, range: at.differs.target.range },
      message: `${forceText(at.differs.effective)}: ${whatText(at.differs.target, newest.decision)}`,
    });
  return {
    range: target?.range ?? { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
    // What no call asked for is the agent's own, which many policies leave closed on purpose; what the file allows needs no change of it.
    severity: joined && target?.kind !== 'allowed' ? DiagnosticSeverity.Warning : DiagnosticSeverity.Information,
    code: deniedRuleCode,
    codeDescription: { href: placeOf(newest.sourceId, newest.decision, null).uri },
    source: 'Sandglass',
    message: `${whatText(target, newest.decision)}: denied ${timesText(group)}${placeText(at, newest.decision)}`,
    relatedInformation: related,
    data,
  };
}

function relatedOf({ sourceId, decision }: RuledDenial, placeOf: PlaceOf): readonly DiagnosticRelatedInformation[] {
  const when = timeText(decision.time);
  if (decision.callId !== null)
    return [{ location: placeOf(sourceId, decision, decision.callId), message: `The call that asked for it${when}` }];
  if (decision.candidates.length === 0)
    return [{ location: placeOf(sourceId, decision, null), message: `No call asked for it: traffic of the agent itself${when}` }];
  return decision.candidates.slice(0, relatedLimit).map((spanId) => ({
    location: placeOf(sourceId, decision, spanId),
    message: `One of ${decision.candidates.length} calls that may have asked for it${when}`,
  }));
}

function timesText(group: readonly RuledDenial[]): string {
  const times = group.length === 1 ? 'once' : group.length === 2 ? 'twice' : `${group.length} times`;
  const last = timeText(group[0]?.decision.time ?? 0);
  return `${times}${group.length === 1 ? last : `, last${last}`} in ${label(group[0]?.sandbox ?? '', 60)}`;
}

function timeText(time: number): string {
  return dayAndClock(new Date(time).toISOString());
}

export function requestText({ request }: Pick<Decision, 'request'>): string {
  const { host, port, method, path } = request;
  const place = `${label(host, 120)}:${port}`;
  return method === null ? place : `${label(method, 20)} ${place}${label(path ?? '', 120)}`;
}

function programText({ request }: Decision): string {
  return request.binary === null ? 'a program that was not observed' : label(request.binary, 120);
}

function whatText(target: RuleTarget | undefined, decision: Decision): string {
  const what = requestText(decision);
  const who = programText(decision);
  const rule = label(target?.rule ?? '', 60);
  const kind = target?.kind ?? 'network';
  switch (kind) {
    case 'allowed':
      return `Rule ${rule} lets ${what} of ${who} through, but the sandbox ran with another policy then`;
    case 'network':
      return `No rule lets ${who} connect to ${what}`;
    case 'binaries':
      return `Rule ${rule} opens ${what}, but not for ${who}`;
    case 'access':
      return `This access does not let ${what} of ${who} through`;
    case 'rules':
      return `None of these rules lets ${what} of ${who} through`;
    case 'deny-rule':
      return `This deny rule stopped ${what} of ${who}`;
    case 'allowed-ips':
      return `These addresses do not hold the one that ${what} leads to, asked for by ${who}`;
    case 'endpoint':
    case 'rule':
      return `The sandbox stopped ${what} of ${who}, though rule ${rule} opens it (${label(decision.reason ?? 'no reason was recorded', 160)})`;
    default:
      return assertNever(kind);
  }
}

function placeText({ in: where, agreement, differs, stale }: RulePlace, decision: Decision): string {
  const old = stale === null ? '' : `; the gateway could not be asked anew: ${label(stale, 200)}`;
  if (where !== 'file') return ` — ${forceText(where)}; it stands in no policy file here${pastText(agreement)}${old}`;
  if (differs === null) return differText(agreement);
  const says = differs.target === null ? 'it has no such rule' : whatText(differs.target, decision);
  return `${differText(agreement)} — ${forceText(differs.effective)}, says otherwise: ${says}${old}`;
}

/** A file that says otherwise than the sandbox does is not the one in force, or not all of it. */
function differText({ agrees, differs }: Agreement): string {
  return differs === 0 ? '' : ` — this file says otherwise than the sandbox did for ${differs} of ${agrees + differs} recorded decisions`;
}

/** The policy in force was another one before. */
function pastText({ agrees, differs }: Agreement): string {
  return differs === 0 ? '' : `; ${differs} of ${agrees + differs} recorded decisions were made by another revision`;
}

function forceText(effective: EffectivePolicy): string {
  const { gateway, told } = effective;
  return `${policyWords(effective)}, as gateway ${label(gateway, 60)} tells it (${label(lowered(revisionText(told)), 240)})`;
}

function lowered(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

/** For a call's own diagnostic: links to the lines of the policy; where was looked, if no file has any. */
export function linksToRules(denials: readonly RuledDenial[]): readonly DiagnosticRelatedInformation[] {
  return denials.slice(0, relatedLimit).flatMap(({ at, decision }) => {
    const target = at?.targets[0];
    return at === null || target === undefined
      ? []
      : [{ location: { uri: at.uri, range: target.range }, message: `${whatText(target, decision)}` }];
  });
}

export function lookedText(denials: readonly RuledDenial[], looked: readonly PlaceLooked[], gateway: EffectiveLook | null): string | null {
  if (denials.length === 0 || denials.some(({ at }) => at !== null)) return null;
  if (denials.every(({ decision }) => decision.denial?.kind === 'guard'))
    return ' — a guard of the sandbox, which no rule of a policy opens';
  const places = looked.map(({ place, files, policies, reason }) => {
    const found = reason !== null && files === 0 ? reason : `${files} YAML file${files === 1 ? '' : 's'}, ${policies} of them a policy`;
    return `${label(place, 120)} (${found}${reason !== null && files > 0 ? `; ${reason}` : ''})`;
  });
  if (gateway !== null) places.push(...gatewayTexts(gateway));
  return ` — no policy file with the rule was found; looked in ${places.length === 0 ? 'no place, for no folder is open' : places.join(', ')}`;
}

function gatewayTexts({ effective, tried, asking }: EffectiveLook): readonly string[] {
  if (asking) return ['the gateway of the sandbox (it is being asked)'];
  const known =
    effective === null
      ? []
      : [
          `gateway ${label(effective.gateway, 60)} (${label(lowered(revisionText(effective.told)), 240)}: nothing in it has to do with this)`,
        ];
  return [...known, ...tried.map(({ place, reason, hint }) => `${label(place, 180)} (${label(reason, 300)}; ${label(hint, 300)})`)];
}
