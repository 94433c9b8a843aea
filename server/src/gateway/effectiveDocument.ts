/** The policy that a sandbox runs with as a read-only document: its address, its text with what is known of it, and the places in it. */
import { plainLine } from '../decode/preview';
import { assertNever } from '../model/assertNever';
import { parsePolicy } from '../policy/parsePolicy';
import type { ParsedPolicy } from '../policy/parsePolicy';
import { PolicyFileError } from '../policy/policyDocument';
import type { ToldPolicy } from './askGateway';
import { GatewayError } from './gatewayError';
import { policyYaml, providerPrefix, withoutProviders } from './policyYaml';
import type { Gateway } from './registered';

export const effectiveScheme = 'sandglass-policy';

export interface EffectivePolicy {
  readonly uri: string;
  /** Fit to be shown. */
  readonly gateway: string;
  readonly told: ToldPolicy;
  readonly text: string;
  readonly parsed: ParsedPolicy;
}

/** `sandglass-policy://<source id>/<name>.yaml`: the name is for people. */
export function effectiveUri(sourceId: string, sandbox: string): string {
  const name = sandbox.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 60);
  return `${effectiveScheme}://${sourceId}/policy-in-force-of-${name}.yaml`;
}

/** Null when it is no address of ours. */
export function parseEffectiveUri(uri: string): string | null {
  return /^sandglass-policy:\/\/([0-9a-f]{16})\/[^/?#]+$/i.exec(uri)?.[1]?.toLowerCase() ?? null;
}

/** Throws GatewayError where what was told is no policy that can be shown. */
export function effectivePolicy(sourceId: string, sandbox: string, gateway: Gateway, told: ToldPolicy): EffectivePolicy {
  const name = plainLine(gateway.name, 60);
  try {
    const text = policyYaml(told.policy, headLines(plainLine(sandbox, 60), gateway, told));
    return { uri: effectiveUri(sourceId, sandbox), gateway: name, told, text, parsed: parsePolicy(text) };
  } catch (error) {
    if (PolicyFileError.is(error))
      throw new GatewayError(error.reason === 'too-large' ? 'too-large' : 'garbled', `its policy can't be shown: ${error.message}`);
    throw error;
  }
}

/** As a file of the user's own could be: nothing in it that only a gateway can say, and what is missing for use is said. */
export function ownText({ told: { policy } }: EffectivePolicy): string {
  const missing = [
    ...(policy.middlewares.size > 0 ? ['what the middlewares are configured with'] : []),
    ...(policy.unknown.length > 0 ? [policy.unknown.map((one) => plainLine(one, 60)).join(', ')] : []),
  ];
  const lines = missing.length === 0 ? [] : [`Not whole: fill in ${missing.join(', and ')} before a sandbox is given this file.`];
  return policyYaml(withoutProviders(policy), lines);
}

function headLines(sandbox: string, gateway: Gateway, told: ToldPolicy): readonly string[] {
  const { policy, version, source, hash } = told;
  const composed = [...policy.networkPolicies.keys()].some((key) => key.startsWith(providerPrefix));
  return [
    isTaken(told)
      ? `The policy in force of the sandbox ${sandbox}, as its gateway tells it. It is no file: nothing can be changed here.`
      : `The newest policy of the sandbox ${sandbox}, as its gateway tells it; the sandbox does not run with it. It is no file.`,
    `Gateway ${plainLine(gateway.name, 60)} at ${plainLine(gateway.address, 100)}, OpenShell ${plainLine(version, 40)}`,
    `${revisionText(told)}${hash === '' ? '' : `, ${plainLine(hash, 80)}`}`,
    ...(source === 'global' ? ['It is the one policy of the gateway, for all of its sandboxes.'] : []),
    ...(composed ? [`Rules named ${providerPrefix}… are made by the gateway from the profiles of providers; no file has them.`] : []),
    ...(policy.middlewares.size > 0 ? ['What its middlewares are configured with is not read.'] : []),
    ...(policy.unknown.length > 0
      ? [`It says more than is known here, and than is shown: ${policy.unknown.map((one) => plainLine(one, 60)).join(', ')}.`]
      : []),
  ];
}

/** What is said of it: only what the sandbox took is in force; of what a gateway has for all of its sandboxes that is not told. */
export function policyWords({ told }: EffectivePolicy): string {
  return isTaken(told) ? 'the policy in force' : 'the newest policy of the sandbox';
}

function isTaken({ load }: ToldPolicy): boolean {
  return load === 'loaded' || load === 'unknown';
}

/** "Revision 4, taken by the sandbox" and the like. */
export function revisionText({ revision, load, loadError, active, source, globalRevision }: ToldPolicy): string {
  if (source === 'global') return `Revision ${globalRevision === 0 ? 'not told' : globalRevision} of the policy of the whole gateway`;
  const runs = active > 0 && active !== revision ? `; it runs with revision ${active}` : '';
  switch (load) {
    case 'loaded':
      return `Revision ${revision}, taken by the sandbox`;
    case 'pending':
      return `Revision ${revision}, not yet taken by the sandbox${runs}`;
    case 'failed':
      return `Revision ${revision}, which the sandbox could not take${loadError === '' ? '' : ` (${plainLine(loadError, 160)})`}${runs}`;
    case 'superseded':
      return `Revision ${revision}, which a newer one replaced before the sandbox took it${runs}`;
    case 'unknown':
      return `Revision ${revision}; whether the sandbox took it was not told${runs}`;
    default:
      return assertNever(load);
  }
}
