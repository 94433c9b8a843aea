/** Settles a finding: asks for the reason, shows the entry in the file of suppressions as a diff, and writes it when it is told to. */
import * as vscode from 'vscode';
import type { FindingRef, SuppressAnswer } from '../../../server/src/protocol/suppressions';
import type { ServerHost } from '../connection/serverHost';
import type { Notifier } from '../notify';
import { noSuppressionText } from '../views/suppressionText';
import { changedText, closeDiff, writeChange } from './changePreviews';
import type { ChangePreviews } from './changePreviews';

const t = vscode.l10n.t;
/** As the server has it. */
const reasonChars = 500;
const path = ['.sandglass', 'suppressions.yaml'] as const;

export interface SuppressServices {
  readonly server: ServerHost;
  readonly notifier: Notifier;
  readonly previews: ChangePreviews;
}

/** `given`: a reason that need not be asked for. */
export async function suppressFinding(ref: FindingRef, given: string | null, services: SuppressServices): Promise<void> {
  const { notifier } = services;
  if (!vscode.workspace.isTrusted) return refused('untrusted', notifier);
  const folder = await chosenFolder();
  if (folder === undefined) return;
  if (folder === null) return refused('no-folder', notifier);
  const reason = given ?? (await askedReason(ref.code));
  if (reason !== undefined) await preview({ ...ref, reason }, folder, services);
}

/** null: none is open; undefined: the user did not say which. */
async function chosenFolder(): Promise<vscode.Uri | null | undefined> {
  const [first, ...others] = vscode.workspace.workspaceFolders ?? [];
  if (first === undefined) return null;
  if (others.length === 0) return first.uri;
  return (await vscode.window.showWorkspaceFolderPick({ placeHolder: t('Which folder keeps the file of suppressions?') }))?.uri;
}

async function askedReason(code: string): Promise<string | undefined> {
  const reason = await vscode.window.showInputBox({
    title: t('Suppress the finding {0}', code),
    prompt: t('Why does nobody need to look at it again? It is written to {0}, to be reviewed like code.', path.join('/')),
    placeHolder: t('The reason'),
    ignoreFocusOut: true,
    validateInput: (value) => {
      if (value.trim() === '') return t('A reason is needed.');
      return value.trim().length > reasonChars ? t('The reason is longer than {0} characters.', reasonChars) : null;
    },
  });
  return reason === undefined || reason.trim() === '' ? undefined : reason.trim();
}

async function preview(asked: FindingRef & { readonly reason: string }, folder: vscode.Uri, services: SuppressServices): Promise<void> {
  const { server, notifier, previews } = services;
  const uri = vscode.Uri.joinPath(folder, ...path);
  const document = (await isThere(uri)) ? await vscode.workspace.openTextDocument(uri) : null;
  const before = document?.getText() ?? '';
  const answer = await server.request('suppress', { ...asked, folder: folder.toString(), text: before });
  if (answer.kind === 'none') return refused(answer.why, notifier);
  const after = document === null ? answer.edits.map(({ newText }) => newText).join('') : changedText(document, answer.edits);
  const shown = document === null ? previews.put(uri, '') : uri;
  const changed = previews.put(uri, after);
  const line = answer.edits.at(-1)?.range.start.line ?? 0;
  const title = t('Suppress {0} in {1}', asked.code, path.join('/'));
  await vscode.commands.executeCommand('vscode.diff', shown, changed, title, {
    preview: true,
    selection: new vscode.Range(line, 0, line, 0),
  });
  const write = async (): Promise<void> => {
    // What was shown is what is written: a file that came or changed since is asked about anew.
    const now = (await isThere(uri)) ? await vscode.workspace.openTextDocument(uri) : null;
    if ((now?.getText() ?? null) !== (document === null ? null : before)) {
      await closeDiff(changed);
      return preview(asked, folder, services);
    }
    // Trust may be taken back as well.
    if (!vscode.workspace.isTrusted) return refused('untrusted', notifier);
    const written = await writtenTo(uri, now, answer, after);
    await closeDiff(changed);
    await vscode.window.showTextDocument(uri, { preview: false, selection: new vscode.Range(line, 0, line, 0) });
    if (!written) throw new Error(t('The change is in the editor, but the file could not be saved.'));
  };
  notifier.show({
    severity: 'information',
    key: `suppress ${asked.sourceId} ${asked.sessionId} ${asked.code} ${asked.evidence}`,
    text: t('Suppress the finding {0}? It stays in the trace, with the reason, and is counted no more.', asked.code),
    actions: [
      { title: t('Write to File'), run: () => write().catch((error: unknown) => notWritten(error, notifier)) },
      { title: t('Discard'), run: () => closeDiff(changed) },
    ],
    asked: true,
  });
}

/** Nobody waits for what a notification's button does. */
function notWritten(error: unknown, notifier: Notifier): void {
  notifier.failure('suppress-failed', t('The file of suppressions was not written.'), error);
}

async function writtenTo(
  uri: vscode.Uri,
  document: vscode.TextDocument | null,
  { edits }: Extract<SuppressAnswer, { kind: 'change' }>,
  whole: string,
): Promise<boolean> {
  if (document !== null) return writeChange(document, edits);
  const edit = new vscode.WorkspaceEdit();
  // Never over a file that came meanwhile.
  edit.createFile(uri, { overwrite: false, ignoreIfExists: false, contents: new TextEncoder().encode(whole) });
  if (!(await vscode.workspace.applyEdit(edit))) throw new Error(t('The editor did not take the change.'));
  return true;
}

async function isThere(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return false;
    throw error;
  }
}

function refused(why: Extract<SuppressAnswer, { kind: 'none' }>['why'], notifier: Notifier): void {
  notifier.show({
    severity: why === 'untrusted' ? 'warning' : 'information',
    key: `no-suppression ${why}`,
    text: noSuppressionText(why, t),
    actions: why === 'untrusted' ? [{ title: t('Manage Trust'), run: () => vscode.commands.executeCommand('workbench.trust.manage') }] : [],
    asked: true,
  });
}
