/** A change of a policy file and what it would have allowed, in words. */
import type {
  AskedRequest,
  BackTestAnswer,
  BackTestedRequest,
  BackTestUnknown,
  NoRuleChange,
  RuleChangeAnswer,
} from '../../../server/src/protocol/rules';
import { assertNever } from '../assertNever';
import type { Translate } from '../format';
import { plainText, withoutIcons } from '../plainText';

const maxPart = 120;

export function askedText({ host, port, method, path }: AskedRequest): string {
  const place = `${plainText(host, { maxLength: maxPart })}:${port}`;
  if (method === null) return place;
  return `${plainText(method, { maxLength: 20 })} ${place}${plainText(path ?? '', { maxLength: maxPart })}`;
}

export function programName({ binary }: AskedRequest, t: Translate): string {
  return binary === null ? t('program not observed') : plainText(binary.slice(binary.lastIndexOf('/') + 1), { maxLength: 60 });
}

type Change = Extract<RuleChangeAnswer, { kind: 'change' }>;

/** What stands above the diff, and beneath it what it does: a rule is never for one program alone. */
export function changeWords(change: Change, t: Translate): { readonly label: string; readonly description: string } {
  const { allows, toldBy, rule, toCopy } = change;
  const key = plainText(rule, { maxLength: 100 });
  const how = {
    rule: t('Adds the rule {0}.', key),
    'method-rule': t('Adds a line to the rule {0}.', key),
    binary: t('Adds the program to the rule {0}.', key),
  }[change.added];
  const known =
    toldBy === 'command'
      ? t('Method and path are those that the command of the call names.')
      : toldBy === null
        ? t('Method and path were not observed: whatever the rule does not limit is allowed there, any method and path.')
        : '';
  return {
    label: t('Allow {0} to {1}', askedText(allows), programName(allows, t)),
    description: [
      how,
      known,
      t('What the program starts may do it too.'),
      toCopy === undefined ? t('It changes this file only; no running sandbox is told.') : '',
    ]
      .filter((part) => part !== '')
      .join(' '),
  };
}

/** Of what is in force, and no file. */
export function toCopyText(change: Change, t: Translate): string {
  const { label, description } = changeWords(change, t);
  const what = t('This is the policy of the sandbox, as its gateway tells it. It is no file, and Sandglass does not change it.');
  return `${label}? ${description} ${what} ${t('Copy the lines into your policy file, or make a file of it with them.')}`;
}

export function copiedText(change: Change, t: Translate): string {
  const key = plainText(change.rule, { maxLength: 100 });
  const sandbox = plainText(change.sandbox, { maxLength: 60 });
  const where =
    change.added === 'rule'
      ? t('Copied. The lines belong below "network_policies" in the policy file of the sandbox {0}.', sandbox)
      : t('Copied. The lines belong into the rule {0} in the policy file of the sandbox {1}.', key, sandbox);
  return `${where} ${t('They are in force when you give it the file with "openshell policy set".')}`;
}

export function writtenText(change: Change, t: Translate): string {
  const sandbox = plainText(change.sandbox, { maxLength: 60 });
  return t(
    'The policy file now allows {0}. The sandbox {1} still runs with the policy it has: give it this one to put it in force.',
    askedText(change.allows),
    sandbox,
  );
}

export function noChangeText(why: NoRuleChange, t: Translate): string {
  switch (why) {
    case 'guard':
      return t('A guard of the sandbox stopped it. No rule of a policy opens it.');
    case 'deny-rule':
      return t('A deny rule stopped it, which somebody wrote for that. Change it by hand if it is wrong.');
    case 'private':
      return t('It leads to a private or local address, which Sandglass never opens.');
    case 'program-unknown':
      return t('Which program asked for it was not observed, so no rule can be for that program alone.');
    case 'request-unknown':
      return t('Its method and path were not observed, so no rule can be for that request alone.');
    case 'unsafe-text':
      return t('What it asked for would be read as a wildcard, or is no plain name. Sandglass writes neither into a policy.');
    case 'secret':
      return t('Its path looks as if it held a secret. Sandglass writes none into a policy.');
    case 'allowed-already':
      return t('This file lets it through already; the sandbox runs with another policy.');
    case 'allowed-now':
      return t('The policy in force lets it through by now.');
    case 'style':
      return t('The file is written in a way that a line cannot simply be added to. Change it by hand.');
    case 'in-force':
      return t('The sandbox runs with this very file, and Sandglass changes nothing that a sandbox runs with.');
    case 'not-a-policy':
      return t('The file cannot be read as a policy.');
    case 'gone':
      return t('The file or the record of the denial is not there any more.');
    default:
      return assertNever(why);
  }
}

export function backTestTitle(answer: BackTestAnswer, t: Translate): string {
  const { days, wouldAllowCount, wouldDenyCount } = answer;
  const allowed =
    wouldAllowCount === 0
      ? t('Would have allowed no more requests in {0} days', days)
      : wouldAllowCount === 1
        ? t('Would have allowed 1 more request in {0} days', days)
        : t('Would have allowed {0} more requests in {1} days', wouldAllowCount, days);
  return wouldDenyCount === 0 ? allowed : t('{0}, and stopped {1} that went through', allowed, wouldDenyCount);
}

/** What the test does not cover, and how much it covers. */
export function backTestNote(answer: BackTestAnswer, t: Translate): string {
  const { considered, guarded, truncated, unknown } = answer;
  const parts = [t('{0} recorded decisions', considered)];
  if (truncated) parts.push(t('older ones left out'));
  if (guarded > 0) parts.push(t('{0} stopped by guards that no rule opens', guarded));
  for (const [why, count] of Object.entries(unknown) as [BackTestUnknown, number][]) parts.push(unknownText(why, count, t));
  return parts.join(' · ');
}

function unknownText(why: BackTestUnknown, count: number, t: Translate): string {
  switch (why) {
    case 'program':
      return t('{0} not judged: which program asked, or who started it, was not observed', count);
    case 'request':
      return t('{0} not judged: method and path, or the query, were not observed', count);
    case 'protocol':
      return t('{0} not judged: they depend on the content of the request', count);
    case 'address':
      return t('{0} not judged: they depend on the address of a name', count);
    default:
      return assertNever(why);
  }
}

export interface TestedRow {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
}

export function testedRow(tested: BackTestedRequest, t: Translate): TestedRow {
  const { request, sandbox, time, rule, callId, candidates, audited, byChange } = tested;
  const by = rule === null ? t('no rule lets it through') : t('by the rule {0}', plainText(rule, { maxLength: 100 }));
  const call =
    callId !== null
      ? t('asked for by a call')
      : candidates.length === 0
        ? t('asked for by the agent itself')
        : t('asked for by one of {0} calls', candidates.length);
  const parts = [by, call, ...(audited ? [t('only recorded, not enforced')] : []), ...(byChange ? [t('because of the change')] : [])];
  return {
    label: withoutIcons(askedText(request)),
    description: withoutIcons(`${programName(request, t)} · ${plainText(sandbox, { maxLength: 40 })} · ${new Date(time).toLocaleString()}`),
    detail: withoutIcons(parts.join(' · ')),
  };
}
