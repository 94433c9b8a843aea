/** The quick fix of a denial, shown as a diff before it is written, and the list of what a policy file would have allowed. */
import * as vscode from 'vscode';
import type { BackTestedRequest, RuleRef } from '../../../server/src/protocol/rules';
import type { ServerHost } from '../connection/serverHost';
import type { CallDocuments } from '../editor/callDocuments';
import type { Notifier } from '../notify';
import { backTestNote, backTestTitle, changeWords, noChangeText, testedRow, writtenText } from '../views/ruleText';

const t = vscode.l10n.t;

export interface RuleServices {
  readonly server: ServerHost;
  readonly documents: CallDocuments;
  readonly notifier: Notifier;
}

/** The editor shows the change with a button to write it; until then nothing is written. */
export async function previewRule(ref: RuleRef, services: RuleServices): Promise<void> {
  const { server, notifier } = services;
  const uri = vscode.Uri.parse(ref.uri);
  if (uri.scheme !== 'file') return;
  const document = await vscode.workspace.openTextDocument(uri);
  const [before, version] = [document.getText(), document.version];
  const answer = await server.request('ruleChange', { ...ref, text: before });
  if (answer.kind === 'none') {
    notifier.show({ severity: 'information', key: `no-rule ${answer.why}`, text: noChangeText(answer.why, t), asked: true });
    return;
  }
  if (document.version !== version) return previewRule(ref, services);
  const edit = new vscode.WorkspaceEdit();
  const metadata = { needsConfirmation: true, ...changeWords(answer, t) };
  for (const { range, newText } of answer.edits) {
    const { start, end } = range;
    edit.replace(uri, new vscode.Range(start.line, start.character, end.line, end.character), newText, metadata);
  }
  const written = await vscode.workspace.applyEdit(edit, { isRefactoring: true });
  // Sent away, it is neither written nor worth a word.
  if (!written || document.getText() === before) return;
  notifier.show({
    severity: 'information',
    key: 'rule-written',
    text: writtenText(answer, t),
    actions: [{ title: t('Back-Test'), run: () => backTest(uri, before, services) }],
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
