/** The quick fix of a denial, shown as a diff before it is written, and the list of what a policy file would have allowed. */
import * as vscode from 'vscode';
import type { BackTestedRequest, RuleChangeAnswer, RuleRef } from '../../../server/src/protocol/rules';
import type { ServerHost } from '../connection/serverHost';
import { policyScheme } from '../contributions';
import type { CallDocuments } from '../editor/callDocuments';
import type { Notifier } from '../notify';
import { backTestNote, backTestTitle, changeWords, copiedText, noChangeText, testedRow, toCopyText, writtenText } from '../views/ruleText';
import { changedText, closeDiff, writeChange } from './changePreviews';
import type { ChangePreviews } from './changePreviews';

const t = vscode.l10n.t;

export interface RuleServices {
  readonly server: ServerHost;
  readonly documents: CallDocuments;
  readonly notifier: Notifier;
  readonly previews: ChangePreviews;
}

/** The change stands beside the file as a diff, and a notification asks; until it is answered with yes nothing is written. */
export async function previewRule(ref: RuleRef, services: RuleServices): Promise<void> {
  const { server, notifier, previews } = services;
  const uri = vscode.Uri.parse(ref.uri);
  if (uri.scheme !== 'file' && uri.scheme !== policyScheme) return;
  const document = await vscode.workspace.openTextDocument(uri);
  const before = document.getText();
  const answer = await server.request('ruleChange', { ...ref, text: before });
  if (answer.kind === 'none') {
    notifier.show({ severity: 'information', key: `no-rule ${answer.why}`, text: noChangeText(answer.why, t), asked: true });
    return;
  }
  const { label, description } = changeWords(answer, t);
  const changed = previews.put(uri, changedText(document, answer.edits));
  const first = answer.edits[0]?.range.start.line ?? 0;
  const selection = new vscode.Range(first, 0, first, 0);
  await vscode.commands.executeCommand('vscode.diff', uri, changed, label, { preview: true, selection });
  if (answer.toCopy !== undefined) {
    offerCopy(ref, answer, answer.toCopy, changed, services);
    return;
  }
  // What is no file is never written.
  if (uri.scheme !== 'file') return;
  // Nobody waits for what a notification's button does.
  const failed = (what: string) => (error: unknown) => notifier.failure('rule-failed', what, error);
  const write = async (): Promise<void> => {
    // What was shown is what is written: a file that changed since is asked about anew. The document may have been closed meanwhile,
    // and a closed one is not told of changes.
    const now = await vscode.workspace.openTextDocument(uri);
    if (now.getText() !== before) return previewRule(ref, services);
    const saved = await writeChange(now, answer.edits);
    await closeDiff(changed);
    await vscode.window.showTextDocument(now, { preview: false, selection });
    if (!saved) throw new Error(t('The change is in the editor, but the file could not be saved.'));
    notifier.show({
      severity: 'information',
      key: 'rule-written',
      text: writtenText(answer, t),
      actions: [{ title: t('Back-Test'), run: () => backTest(uri, before, services).catch(failed(t('The policy file was not tested.'))) }],
      asked: true,
    });
  };
  notifier.show({
    severity: 'information',
    key: `rule ${ref.policyId}`,
    text: `${label}? ${description}`,
    actions: [
      {
        title: t('Write to File'),
        run: () => write().catch(failed(t('The policy file was not written.'))),
      },
      { title: t('Discard'), run: () => closeDiff(changed) },
    ],
    asked: true,
  });
}

/** What a sandbox runs with is no file: its change is for the clipboard, or for a file that is the user's to make. */
function offerCopy(
  ref: RuleRef,
  answer: Extract<RuleChangeAnswer, { kind: 'change' }>,
  { lines, file }: NonNullable<typeof answer.toCopy>,
  changed: vscode.Uri,
  { notifier }: RuleServices,
): void {
  const failed = (error: unknown): void => notifier.failure('rule-failed', t('The change was not copied.'), error);
  const copy = async (): Promise<void> => {
    await vscode.env.clipboard.writeText(lines);
    notifier.show({ severity: 'information', key: 'rule-copied', text: copiedText(answer, t), asked: true });
  };
  const make = async (): Promise<void> => {
    await closeDiff(changed);
    const made = await vscode.workspace.openTextDocument({ language: 'yaml', content: file });
    const from = Math.max(0, file.indexOf(lines.trimEnd()));
    const selection = new vscode.Range(made.positionAt(from), made.positionAt(from + lines.trimEnd().length));
    await vscode.window.showTextDocument(made, { selection, preview: false });
  };
  notifier.show({
    severity: 'information',
    key: `rule ${ref.policyId}`,
    text: toCopyText(answer, t),
    actions: [
      { title: t('Copy the Lines'), run: () => copy().catch(failed) },
      { title: t('Make a Policy File'), run: () => make().catch(failed) },
      { title: t('Discard'), run: () => closeDiff(changed) },
    ],
    asked: true,
  });
}

/** `before`: the file as it was before a change, to tell what the change does. */
export async function backTest(uri: vscode.Uri, before: string | null, { server, documents, notifier }: RuleServices): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const answer = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: t('Testing the policy…') }, () =>
    server.request('backTest', { text: document.getText(), before }),
  );
  if (answer.kind === 'none') {
    notifier.show({ severity: 'information', key: `no-test ${answer.why}`, text: noChangeText(answer.why, t), asked: true });
    return;
  }
  const title = backTestTitle(answer, t);
  const note = backTestNote(answer, t);
  if (answer.wouldAllow.length + answer.wouldDeny.length === 0) {
    notifier.show({ severity: 'information', key: 'back-test', text: `${title}. ${note}.`, asked: true });
    return;
  }
  const items: (vscode.QuickPickItem & { readonly value?: BackTestedRequest })[] = [
    ...section(t('Would have been allowed'), answer.wouldAllow, 'pass'),
    ...section(t('Would have been stopped'), answer.wouldDeny, 'circle-slash'),
  ];
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder: note, matchOnDescription: true, matchOnDetail: true });
  if (chosen?.value === undefined) return;
  const { sourceId, callId, policyId } = chosen.value;
  await documents.showCall({ sourceId, spanId: callId ?? policyId });
}

function section(
  label: string,
  tested: readonly BackTestedRequest[],
  icon: string,
): readonly (vscode.QuickPickItem & { readonly value?: BackTestedRequest })[] {
  if (tested.length === 0) return [];
  const rows = tested.map((value) => {
    const row = testedRow(value, t);
    return { ...row, label: `$(${icon}) ${row.label}`, value };
  });
  return [{ label, kind: vscode.QuickPickItemKind.Separator }, ...rows];
}
