/**
 * A sandbox's policy, as its gateway told it, as the text of a policy file: what a person reads, and what denials point into. All
 * that is in it may be anybody's: every text that is not plain is quoted, and what a screen would not show or would reorder is
 * written as an escape, so that the lines are what they look like.
 */
import { Document, isScalar, visit } from 'yaml';
import type { PolicyPart, SandboxPolicy } from './policyMessages';

/** Rules under these keys are made by the gateway, from the profiles of providers; no file can say them. */
export const providerPrefix = '_provider_';

/** `lines`: what stands before it as comments, each fit to be shown. */
export function policyYaml(policy: SandboxPolicy, lines: readonly string[]): string {
  const { version, filesystem, landlock, process, networkPolicies, middlewares } = policy;
  const root: Record<string, PolicyPart> = { version };
  if (filesystem !== null) root['filesystem_policy'] = filesystem;
  if (landlock !== null && !isEmpty(landlock)) root['landlock'] = landlock;
  if (process !== null && !isEmpty(process)) root['process'] = process;
  root['network_policies'] = Object.fromEntries(networkPolicies);
  if (middlewares.size > 0) root['network_middlewares'] = Object.fromEntries(middlewares);
  const document = new Document(root, { version: '1.2', aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, node) => {
      if (isScalar(node) && typeof node.value === 'string' && !isPlain(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  const body = document.toString({ lineWidth: 0, doubleQuotedAsJSON: true, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER });
  return `${lines.map((line) => `# ${line}\n`).join('')}${body.replace(hidden, escape)}`;
}

/** As a user's own file would have it. */
export function withoutProviders(policy: SandboxPolicy): SandboxPolicy {
  return { ...policy, networkPolicies: new Map([...policy.networkPolicies].filter(([key]) => !key.startsWith(providerPrefix))) };
}

function isEmpty(part: PolicyPart): boolean {
  return typeof part === 'object' && Object.keys(part).length === 0;
}

/** Nothing in it means anything to YAML, of whatever version. */
function isPlain(text: string): boolean {
  return /^[A-Za-z_/][A-Za-z0-9_./-]{0,200}$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text);
}

/** Everything that is seen as something else than itself, or not at all; within double quotes, for nothing of it is plain. */
const hidden = /[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}\p{Default_Ignorable_Code_Point}\u0080-\u009f\u00a0]/gu;

function escape(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
