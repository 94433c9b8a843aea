/** The quick fix of a denial, shown as a diff before it is written, and the list of what a policy file would have allowed. */
import * as vscode from 'vscode';
import type { BackTestedRequest, RuleRef, RuleTextEdit } from '../../../server/src/protocol/rules';
import type { ServerHost } from '../connection/serverHost';
import { policyScheme } from '../contributions';
import type { CallDocuments } from '../editor/callDocuments';
import type { Notifier } from '../notify';
import { backTestNote, backTestTitle, changeWords, noChangeText, testedRow, writtenText } from '../views/ruleText';

const t = vscode.l10n.t;

export interface RuleServices {
  readonly server: ServerHost;
  readonly documents: CallDocuments;
  readonly notifier: Notifier;
  readonly previews: PolicyPreviews;
}

/** The change stands beside the file as a diff, and a notification asks; until it is answered with yes nothing is written. */
export async function previewRule(ref: RuleRef, services: RuleServices): Promise<void> {
  const { server, notifier, previews } = services;
  const uri = vscode.Uri.parse(ref.uri);
  if (uri.scheme !== 'file') return;
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

function changedText(document: vscode.TextDocument, edits: readonly RuleTextEdit[]): string {
  const offsets = edits.map(({ range, newText }) => ({
    from: document.offsetAt(new vscode.Position(range.start.line, range.start.character)),
    to: document.offsetAt(new vscode.Position(range.end.line, range.end.character)),
    newText,
  }));
  return offsets
    .sort((a, b) => b.from - a.from)
    .reduce((text, { from, to, newText }) => text.slice(0, from) + newText + text.slice(to), document.getText());
}

/** A file without changes of the user's own is saved; with them it stays as open as it was. False: it was to be saved and was not. */
async function writeChange(document: vscode.TextDocument, edits: readonly RuleTextEdit[]): Promise<boolean> {
  const { isDirty } = document;
  const edit = new vscode.WorkspaceEdit();
  for (const { range, newText } of edits)
    edit.replace(document.uri, new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character), newText);
  if (!(await vscode.workspace.applyEdit(edit))) throw new Error(t('The editor did not take the change.'));
  return isDirty || (await document.save());
}

async function closeDiff(changed: vscode.Uri): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  await vscode.window.tabGroups.close(
    tabs.filter(({ input }) => input instanceof vscode.TabInputTextDiff && input.modified.toString() === changed.toString()),
  );
}

const maxPreviews = 20;

/** The changed files of previews, as read-only documents. */
export class PolicyPreviews implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  #made = 0;

  put(file: vscode.Uri, text: string): vscode.Uri {
    this.#made += 1;
    const uri = vscode.Uri.from({ scheme: policyScheme, path: file.path, query: String(this.#made) });
    this.#texts.set(uri.toString(), text);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > maxPreviews && oldest !== undefined) this.#texts.delete(oldest);
    return uri;
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? t('This preview is over.');
  }

  dispose(): void {
    this.#changed.dispose();
  }
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
