/**
 * The assistant for mappings: what matches is proposed with what speaks for it, shown file by file before it is written, and written
 * to the workspace's settings alone. What matches in two places is never the first choice.
 */
import * as vscode from 'vscode';
import type { MappingAnswer, MappingEvidence, MappingProposal } from '../../../server/src/protocol/mappings';
import type { PathMapping, SpanRef } from '../../../server/src/protocol/messages';
import type { ServerHost } from '../connection/serverHost';
import { fileScheme } from '../contributions';
import type { SettingId } from '../contributions';
import type { Notifier } from '../notify';
import { withoutIcons } from '../plainText';
import { directoriesAbove, withMapping, writtenDirectory } from '../connection/mappingSetting';
import { lookedRow, matchText, nameIn, proposalRow, sandboxText, workspaceText } from './mappingText';

const t = vscode.l10n.t;
const setting: SettingId = 'sandglass.pathMappings';

export interface MappingServices {
  readonly server: ServerHost;
  readonly notifier: Notifier;
}

type Choice =
  | { readonly kind: 'proposal'; readonly proposal: MappingProposal }
  | { readonly kind: 'browse' }
  | { readonly kind: 'setting' }
  | { readonly kind: 'looked' };
type Row = vscode.QuickPickItem & { readonly choice?: Choice };

export function workspaceFolders(): readonly string[] {
  return (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
}

/** `uri`: the file of a sandbox it is asked for; null: all that have no place. */
export async function mapPaths(uri: string | null, services: MappingServices): Promise<void> {
  if (!canMap(services.notifier)) return;
  let known: MappingAnswer | null = null;
  for (;;) {
    const chosen = await choose(uri, known, services);
    if (chosen === null || chosen.choice.kind === 'looked') return;
    const { answer, choice } = chosen;
    known = answer;
    switch (choice.kind) {
      case 'setting':
        await openSetting();
        return;
      case 'browse':
        return browse(uri, answer, services);
      case 'proposal': {
        const { sandbox, workspace } = choice.proposal;
        const decided = await preview(choice.proposal);
        if (decided === 'map') return writeMapping({ sandbox, workspace }, services);
        if (decided === 'closed') return;
      }
    }
  }
}

/** A call names a file that is nowhere to be shown: its sandbox may be gone, and the workspace's file need not be known for it. */
export async function sayUnfound(span: SpanRef, { server, notifier }: MappingServices): Promise<void> {
  if (!vscode.workspace.isTrusted || workspaceFolders().length === 0) return;
  const attributes = (await server.request('span', { ...span, limit: 0 }))?.span.attributes;
  const paths = attributes?.['sandglass.paths'];
  // Of a command the path is where it ran.
  if (!Array.isArray(paths) || paths.length === 0 || typeof attributes?.['sandglass.cwd'] === 'string') return;
  notifier.show({
    severity: 'information',
    key: 'no-place',
    text: t('The file of this call is not there any more: it was moved or deleted, or its sandbox is gone. The workspace may have it.'),
    actions: [{ title: t('Map…'), run: () => vscode.commands.executeCommand('sandglass.mapPaths') }],
    asked: true,
  });
}

function canMap(notifier: Notifier): boolean {
  if (!vscode.workspace.isTrusted) {
    notifier.show({
      severity: 'warning',
      key: 'map untrusted',
      text: t('This workspace is not trusted, so mappings of sandbox paths are ignored here.'),
      actions: [{ title: t('Manage Trust'), run: () => vscode.commands.executeCommand('workbench.trust.manage') }],
      asked: true,
    });
    return false;
  }
  if (workspaceFolders().length > 0) return true;
  notifier.show({
    severity: 'information',
    key: 'map no folder',
    text: t('Open the folder that holds the files first; sandbox paths are mapped to it.'),
    actions: [{ title: t('Open Folder…'), run: () => vscode.commands.executeCommand('workbench.action.files.openFolder') }],
    asked: true,
  });
  return false;
}

function choose(
  uri: string | null,
  known: MappingAnswer | null,
  { server, notifier }: MappingServices,
): Promise<{ readonly choice: Choice; readonly answer: MappingAnswer } | null> {
  const pick = vscode.window.createQuickPick<Row>();
  const closed = new vscode.CancellationTokenSource();
  let answer: MappingAnswer | null = null;
  pick.title = t('Map Sandbox Paths');
  pick.placeholder = t('Comparing touched files with those of the workspace…');
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.busy = true;
  return new Promise((done) => {
    pick.onDidAccept(() => {
      const choice = pick.activeItems[0]?.choice;
      if (choice === undefined || answer === null || choice.kind === 'looked') return;
      done({ choice, answer });
      pick.hide();
    });
    pick.onDidHide(() => {
      done(null);
      closed.cancel();
      closed.dispose();
      pick.dispose();
    });
    pick.show();
    (known === null ? server.request('mappings', { uri }, closed.token) : Promise.resolve(known)).then(
      (found) => {
        answer = found;
        pick.busy = false;
        pick.placeholder =
          found.proposals.length === 0
            ? t('Nothing here matches what is known of the touched files')
            : t('Where in the workspace does it lie?');
        pick.items = rowsOf(found, workspaceFolders());
      },
      (error: unknown) => {
        pick.hide();
        notifier.failure('map failed', t('The workspace could not be compared with the sandboxes.'), error);
      },
    );
  });
}

/** What matches alike stands below the way to say it oneself: Enter takes the first. */
export function rowsOf(answer: MappingAnswer, folders: readonly string[]): readonly Row[] {
  const row = (proposal: MappingProposal): Row => ({ ...proposalRow(proposal, folders, t), choice: { kind: 'proposal', proposal } });
  const clear = answer.proposals.filter(({ confidence }) => confidence !== 'ambiguous').map(row);
  const doubtful = answer.proposals.filter(({ confidence }) => confidence === 'ambiguous').map(row);
  const rows: Row[] = [];
  if (clear.length > 0) rows.push({ label: t('Match by content'), kind: vscode.QuickPickItemKind.Separator }, ...clear);
  rows.push(
    { label: t('By hand'), kind: vscode.QuickPickItemKind.Separator },
    { label: `$(folder-opened) ${t('Choose a Folder…')}`, choice: { kind: 'browse' } },
    { label: `$(settings-gear) ${t('Open the Setting')}`, description: setting, choice: { kind: 'setting' } },
  );
  if (doubtful.length > 0) rows.push({ label: t('Match alike'), kind: vscode.QuickPickItemKind.Separator }, ...doubtful);
  if (answer.proposals.length === 0) {
    const { label, detail } = lookedRow(answer, t);
    rows.push(
      { label: t('Where it was looked'), kind: vscode.QuickPickItemKind.Separator },
      { label: `$(search) ${label}`, detail: withoutIcons(detail), choice: { kind: 'looked' } },
    );
  }
  return rows;
}

type Decided = 'map' | 'back' | 'closed';
type PreviewRow = vscode.QuickPickItem & { readonly evidence?: MappingEvidence; readonly map?: true };

/** Stays open while files are compared. */
function preview(proposal: MappingProposal): Promise<Decided> {
  const { sandbox, workspace, evidence } = proposal;
  const folders = workspaceFolders();
  const pick = vscode.window.createQuickPick<PreviewRow>();
  pick.title = withoutIcons(t('Map {0} to {1}?', sandboxText(sandbox), workspaceText(workspace, folders)));
  pick.placeholder = t('To undo it later, remove it from {0}', setting);
  pick.ignoreFocusOut = true;
  pick.buttons = [vscode.QuickInputButtons.Back];
  pick.items = [
    {
      label: `$(check) ${t('Map')}`,
      detail: t("Written to the workspace's settings; it holds for all sandboxes"),
      map: true,
    },
    { label: t('Select one to compare it'), kind: vscode.QuickPickItemKind.Separator },
    ...evidence.map((one) => ({
      label: `$(diff) ${withoutIcons(nameIn(one, sandbox))}`,
      description: matchText(one, t),
      evidence: one,
    })),
  ];
  return new Promise((done) => {
    const end = (decided: Decided): void => {
      done(decided);
      pick.hide();
    };
    pick.onDidTriggerButton(() => end('back'));
    pick.onDidAccept(() => {
      const [row] = pick.activeItems;
      if (row?.map === true) end('map');
      else if (row?.evidence !== undefined) void compare(row.evidence, sandbox);
    });
    pick.onDidHide(() => {
      done('closed');
      pick.dispose();
    });
    pick.show();
  });
}

function compare(evidence: MappingEvidence, sandbox: string): Thenable<unknown> {
  return vscode.commands.executeCommand(
    'vscode.diff',
    vscode.Uri.parse(evidence.sandboxUri),
    vscode.Uri.file(evidence.workspacePath),
    t('{0}: sandbox ↔ workspace', nameIn(evidence, sandbox)),
    { preview: true, preserveFocus: true },
  );
}

/** The person says both ends: which directory of the sandbox, and where it lies. */
async function browse(uri: string | null, answer: MappingAnswer, services: MappingServices): Promise<void> {
  const sandbox = await chooseDirectory(uri, answer);
  if (sandbox === undefined) return;
  const [first] = workspaceFolders();
  const [folder] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      canSelectMany: false,
      openLabel: t('Map Here'),
      title: t('Where does {0} lie?', sandboxText(sandbox)),
      ...(first === undefined ? {} : { defaultUri: vscode.Uri.file(first) }),
    })) ?? [];
  if (folder !== undefined) await writeMapping({ sandbox, workspace: folder.fsPath }, services);
}

async function chooseDirectory(uri: string | null, answer: MappingAnswer): Promise<string | undefined> {
  const asked = uri === null ? null : vscode.Uri.parse(uri);
  const above = asked?.scheme === fileScheme ? directoriesAbove(asked.path) : [];
  const counted = new Map(answer.unmapped.map(({ sandbox, files }) => [sandbox, files]));
  const directories = [...new Set([...above, ...counted.keys()])];
  const rows = directories.map((directory) => {
    const files = counted.get(directory);
    return {
      label: withoutIcons(sandboxText(directory)),
      description:
        files === undefined ? '' : files === 1 ? t('1 touched path without a place') : t('{0} touched paths without a place', files),
      directory,
    };
  });
  const chosen = await vscode.window.showQuickPick(rows, {
    title: t('Map Sandbox Paths'),
    placeHolder: rows.length === 0 ? t('No touched file is without its place.') : t('Which directory of the sandbox?'),
  });
  return chosen?.directory;
}

export async function writeMapping({ sandbox, workspace }: PathMapping, { notifier }: MappingServices): Promise<void> {
  const folders = workspaceFolders();
  const configuration = vscode.workspace.getConfiguration();
  const before = configuration.inspect<unknown>(setting);
  const mapping = { sandbox, workspace: writtenDirectory(workspace, folders) };
  const written = withMapping(before?.workspaceValue, mapping);
  if (written === null) {
    notifier.show({
      severity: 'warning',
      key: 'map no list',
      text: t('Nothing was mapped: {0} of this workspace is no list, and what stands there is left as it is.', setting),
      asked: true,
    });
    return openSetting();
  }
  await configuration.update(setting, written, vscode.ConfigurationTarget.Workspace);
  const undo = async (): Promise<void> => {
    const now = vscode.workspace.getConfiguration().inspect<unknown>(setting)?.workspaceValue;
    // What somebody changed since is theirs to change.
    if (JSON.stringify(now) !== JSON.stringify(written)) return openSetting();
    await vscode.workspace.getConfiguration().update(setting, before?.workspaceValue, vscode.ConfigurationTarget.Workspace);
  };
  notifier.show({
    severity: 'information',
    key: `mapped ${sandbox}`,
    text: t(
      'Calls on files of {0} are now shown in {1}. To undo it later, remove it from {2}.',
      sandboxText(sandbox),
      workspaceText(workspace, folders),
      setting,
    ),
    actions: [
      {
        title: t('Undo'),
        run: () => undo().catch((error: unknown) => notifier.failure('map undo', t('The mapping was not removed.'), error)),
      },
      { title: t('Open the Setting'), run: openSetting },
    ],
    asked: true,
  });
}

async function openSetting(): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.openWorkspaceSettings', { query: `@id:${setting}` });
}
