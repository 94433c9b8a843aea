/**
 * Pause, resume and stop: the commands that act on a sandbox. Each is confirmed, every time, and its outcome told; what a person just
 * paused goes on by one press of the button beside that outcome.
 */
import * as vscode from 'vscode';
import type { SandboxAction, SandboxNode } from '../../../server/src/protocol/messages';
import { ServerError } from '../connection/serverError';
import type { ServerHost } from '../connection/serverHost';
import { sandboxesView } from '../contributions';
import type { Notifier, NotifyAction } from '../notify';
import { confirmation, doneText, notDoneText, shownName } from '../views/actionText';
import type { SandboxData } from '../views/sandboxData';
import { actionsOf, stateWord } from '../views/sandboxText';
import { pickSandbox } from './picks';

const t = vscode.l10n.t;

export interface ActionServices {
  readonly server: ServerHost;
  readonly data: SandboxData;
  readonly notifier: Notifier;
  showActions(): unknown;
}

/** `given`: the source id of a row; null: it is asked. */
export async function actOnSandbox(action: SandboxAction, given: string | null, services: ActionServices): Promise<void> {
  if (!isTrusted(services.notifier)) return;
  const node = await chosenNode(action, given, services);
  if (node === null) return;
  if (!actionsOf(node).includes(action)) {
    const text = t('{0} It is not in a state for it: {1}.', notDoneText(action, node, t), stateWord(node.state, t));
    services.notifier.show({ severity: 'warning', key: `${action} now ${node.id}`, text, asked: true });
    return;
  }
  const { question, detail, button } = confirmation(action, node, t);
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, button)) !== button) return;
  await act(action, node, services);
}

/** What acts on a container is not for a workspace that nobody vouched for. */
export function isTrusted(notifier: Notifier): boolean {
  if (vscode.workspace.isTrusted) return true;
  notifier.show({
    severity: 'warning',
    key: 'act untrusted',
    text: t('This workspace is not trusted, so Sandglass neither looks for sandboxes here nor acts on any.'),
    actions: [{ title: t('Manage Trust'), run: () => vscode.commands.executeCommand('workbench.trust.manage') }],
    asked: true,
  });
  return false;
}

async function act(action: SandboxAction, node: SandboxNode, services: ActionServices): Promise<void> {
  const { server, notifier, showActions } = services;
  const log: NotifyAction = { title: t('Show Log of Actions'), run: showActions };
  // One of its own for each: what was told before may still be on show.
  const key = `${action} ${node.id}`;
  const failed = `${action} failed ${node.id}`;
  try {
    await vscode.window.withProgress({ location: { viewId: sandboxesView } }, () => server.request('act', { sourceId: node.id, action }));
  } catch (error) {
    if (ServerError.is(error, 'lost')) {
      const text = t(
        '{0} The server ended over it, so it may have been done all the same: see the row, and the log.',
        notDoneText(action, node, t),
      );
      notifier.show({ severity: 'error', key: failed, text, actions: [log], asked: true });
      return;
    }
    notifier.failure(failed, notDoneText(action, node, t), error, [log]);
    return;
  }
  const undo: NotifyAction = { title: t('Resume'), run: () => act('resume', node, services) };
  const actions = action === 'pause' ? [undo, log] : [log];
  notifier.show({ severity: 'information', key, text: doneText(action, node, t), actions, asked: true });
}

async function chosenNode(action: SandboxAction, given: string | null, { data, notifier }: ActionServices): Promise<SandboxNode | null> {
  const placeHolders: Record<SandboxAction, string> = {
    pause: t('Pause which sandbox? You are asked to confirm it.'),
    resume: t('Resume which sandbox? You are asked to confirm it.'),
    stop: t('Stop which sandbox? You are asked to confirm it.'),
  };
  const sourceId = given ?? (await pickSandbox(data, (node) => actionsOf(node).includes(action), placeHolders[action]));
  if (sourceId === null) return null;
  const node = data.node(sourceId);
  if (node === null) {
    const text = t('The sandbox {0} is not there any more.', shownName({ name: sourceId, id: sourceId }));
    notifier.show({ severity: 'warning', key: `act ${sourceId}`, text, asked: true });
  }
  return node;
}
