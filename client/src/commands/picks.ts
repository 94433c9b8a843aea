/** Questions asked by quick pick. Labels hold no icons but ours. */
import * as vscode from 'vscode';
import type { CallAt, SandboxNode, SessionRef } from '../../../server/src/protocol/messages';
import type { SpanStatus } from '../../../server/src/protocol/document';
import { plainText, withoutIcons } from '../plainText';
import { description } from '../views/rowText';
import type { SandboxData } from '../views/sandboxData';
import { findSandboxRow, findSessionRow } from '../views/treeModel';

const maxSessions = 500;
const statusIcons: Record<SpanStatus, string> = {
  ok: 'pass',
  error: 'error',
  denied: 'circle-slash',
  aborted: 'debug-stop',
  running: 'sync',
  unknown: 'circle-outline',
};

interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

async function pick<T>(choices: readonly Choice<T>[], placeHolder: string): Promise<T | null> {
  const chosen = await vscode.window.showQuickPick(choices, { placeHolder, matchOnDescription: true });
  return chosen?.value ?? null;
}

function rowDescription(node: SandboxNode, data: SandboxData): string {
  const row = findSandboxRow(node.id, data);
  return row === null ? '' : description({ ...row, sum: null }, vscode.l10n.t);
}

export async function pickSandbox(data: SandboxData, fits: (node: SandboxNode) => boolean, placeHolder: string): Promise<string | null> {
  const { sandboxes } = await data.load();
  const choices = sandboxes.filter(fits).map((node) => ({
    label: withoutIcons(plainText(node.name)),
    description: withoutIcons(rowDescription(node, data)),
    value: node.id,
  }));
  return pick(choices, choices.length === 0 ? vscode.l10n.t('There is none. See "Where We Looked".') : placeHolder);
}

export async function pickSession(data: SandboxData, placeHolder: string): Promise<SessionRef | null> {
  const { sandboxes } = await data.load();
  const choices = sandboxes.flatMap((node) => {
    const known = data.sessions.get(node.id);
    if (known?.kind !== 'loaded') return [];
    return known.sessions.flatMap((session) => {
      const row = findSessionRow(node.id, session.id, data);
      if (row === null) return [];
      return [
        {
          label: withoutIcons(row.label),
          description: withoutIcons(`${plainText(node.name, { maxLength: 40 })} · ${description(row, vscode.l10n.t)}`),
          time: session.startTime ?? '',
          value: { sourceId: node.id, sessionId: session.id },
        },
      ];
    });
  });
  const newest = choices.sort((a, b) => b.time.localeCompare(a.time)).slice(0, maxSessions);
  return pick(
    newest,
    newest.length === 0 ? vscode.l10n.t('No session is known. Attach to a sandbox or play the sample first.') : placeHolder,
  );
}

export function pickCall(calls: readonly CallAt[], placeHolder = vscode.l10n.t('Calls that touched this line')): Promise<CallAt | null> {
  const choices = calls.map((call) => ({
    label: `$(${statusIcons[call.status] ?? 'circle-outline'}) ${withoutIcons(plainText(call.label))}`,
    description: call.time === null ? vscode.l10n.t('time not observed') : new Date(call.time).toLocaleString(),
    value: call,
  }));
  return pick(choices, placeHolder);
}
