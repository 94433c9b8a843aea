/** Quick fixes of a denial: the change of the policy file that would have let it through, which the editor previews, and the back-test. */
import type { CodeAction, CodeActionParams, Diagnostic } from 'vscode-languageserver-protocol';
import { CodeActionKind } from 'vscode-languageserver-protocol';
import { assertNever } from '../model/assertNever';
import { backTestCommand, previewRuleCommand } from '../protocol/rules';
import type { AskedRequest, NoRuleChange, RuleChangeAnswer, RuleRef } from '../protocol/rules';
import { label } from './labels';
import { deniedRuleCode } from './ruleDiagnostics';

/** Diagnostics of one question that are looked at. */
const perQuestion = 10;

export interface RuleAsker {
  ruleOfCall(sourceId: string, spanId: string, signal: AbortSignal): Promise<RuleRef | null>;
  change(ref: RuleRef, text: string | null, signal: AbortSignal): Promise<RuleChangeAnswer>;
}

export async function ruleActions(
  rules: RuleAsker,
  { context }: Pick<CodeActionParams, 'context'>,
  /** The editor shows why an action can't be taken. */
  showsReasons: boolean,
  signal: AbortSignal,
): Promise<CodeAction[]> {
  if (context.only !== undefined && !context.only.some((kind) => kind === '' || kind === CodeActionKind.QuickFix)) return [];
  const actions: CodeAction[] = [];
  for (const diagnostic of context.diagnostics.filter(({ source }) => source === 'Sandglass').slice(0, perQuestion)) {
    const ref = await refOf(rules, diagnostic, signal);
    if (ref === null) continue;
    const answer = await rules.change(ref, null, signal);
    const base = { kind: CodeActionKind.QuickFix, diagnostics: [diagnostic] };
    if (answer.kind === 'change') {
      const title =
        answer.toCopy === undefined
          ? `Allow only this in the policy: ${askedText(answer.allows)}`
          : // What runs is no file of the user's: it is never changed.
            `Show the lines to copy into your policy that allow only this: ${askedText(answer.allows)}`;
      actions.push({ ...base, title, command: { title, command: previewRuleCommand, arguments: [ref] } });
    } else if (showsReasons)
      actions.push({ ...base, title: 'Allow only this in the policy', disabled: { reason: noChangeText(answer.why) } });
    const title = 'What would this policy file have allowed?';
    if (!actions.some((action) => action.title === title))
      actions.push({ ...base, title, command: { title, command: backTestCommand, arguments: [{ uri: ref.uri }] } });
  }
  return actions;
}

/** What comes back with a diagnostic went through the editor, and is looked at as such. */
async function refOf(rules: RuleAsker, { code, data }: Diagnostic, signal: AbortSignal): Promise<RuleRef | null> {
  if (typeof data !== 'object' || data === null) return null;
  const { sourceId, policyId, spanId, uri } = data as Readonly<Record<string, unknown>>;
  if (typeof sourceId !== 'string') return null;
  if (code === deniedRuleCode && typeof policyId === 'string' && typeof uri === 'string') return { sourceId, policyId, uri };
  return code === 'denied-call' && typeof spanId === 'string' ? rules.ruleOfCall(sourceId, spanId, signal) : null;
}

function askedText({ host, port, binary, method, path }: AskedRequest): string {
  const who = label((binary ?? '').slice((binary ?? '').lastIndexOf('/') + 1), 40);
  return `${method === null ? '' : `${label(method, 20)} `}${label(host, 80)}:${port}${path === null ? '' : label(path, 80)} by ${who}`;
}

function noChangeText(why: NoRuleChange): string {
  switch (why) {
    case 'guard':
      return 'A guard of the sandbox stopped it; no rule of a policy opens it.';
    case 'deny-rule':
      return 'A deny rule stopped it, which somebody wrote for that.';
    case 'private':
      return 'It leads to a private or local address, which is never opened by a quick fix.';
    case 'program-unknown':
      return 'Which program asked for it was not observed.';
    case 'request-unknown':
      return 'Its method and path were not observed.';
    case 'unsafe-text':
      return 'What it asked for would be read as a wildcard, or is no plain name.';
    case 'secret':
      return 'Its path looks as if it held a secret, which belongs in no policy.';
    case 'allowed-already':
      return 'This file lets it through already; the sandbox runs with another policy.';
    case 'allowed-now':
      return 'The policy in force lets it through by now.';
    case 'style':
      return 'The file is written in a way that a line cannot simply be added to; change it by hand.';
    case 'in-force':
      return 'The sandbox runs with this very file; Sandglass changes nothing that a sandbox runs with.';
    case 'not-a-policy':
      return 'The file cannot be read as a policy.';
    case 'gone':
      return 'The file or the record of the denial is not there any more.';
    default:
      return assertNever(why);
  }
}
