/** From a call to where its tool comes from; and from there to its calls. */
import * as vscode from 'vscode';
import type { DefinedAt, UsesAt } from '../../../server/src/protocol/definitions';
import type { CallAt, SpanRef } from '../../../server/src/protocol/messages';
import type { ServerHost } from '../connection/serverHost';
import type { Notifier } from '../notify';
import { withoutIcons } from '../plainText';
import { parseCallUri } from './callUri';
import { noDefinitionText, placeLabel } from './definitionText';
import { columnBesideTrace } from './groups';
import type { Jump } from './jump';

const t = vscode.l10n.t;

export interface DefinitionServices {
  readonly server: ServerHost;
  readonly jump: Jump;
  readonly notifier: Notifier;
}

/** The call whose document is on show. */
export function callOnShow(): SpanRef | null {
  const document = vscode.window.activeTextEditor?.document;
  return document === undefined ? null : parseCallUri(document.uri);
}

export async function goToToolDefinition(call: SpanRef, { server, jump, notifier }: DefinitionServices): Promise<void> {
  const answer = await server.request('toolDefinition', call);
  const say = (text: string): void => notifier.show({ severity: 'information', key: 'no-definition', text, asked: true });
  if (answer === null) return say(t('This call is not known any more. Its sandbox may not be attached.'));
  const places = answer.places.filter(({ uri }) => jump.allowed({ uri }));
  const [first, ...others] = places;
  if (first === undefined) return say(noDefinitionText({ ...answer, places: [] }, t));
  const place = others.length === 0 ? first : await pickPlace(places);
  if (place === null) return;
  const { start, end } = place.range;
  const selection = new vscode.Range(start.line, start.character, end.line, end.character);
  await vscode.window.showTextDocument(vscode.Uri.parse(place.uri), { selection, viewColumn: columnBesideTrace() });
}

/** The calls of what is defined there. */
export function usesAt(server: ServerHost, at: UsesAt): Promise<readonly CallAt[]> {
  return server.request('usesAt', at);
}

async function pickPlace(places: readonly DefinedAt[]): Promise<DefinedAt | null> {
  const choices = places.map((place) => ({
    label: withoutIcons(placeLabel(place, t)),
    description: withoutIcons(vscode.workspace.asRelativePath(vscode.Uri.parse(place.uri))),
    place,
  }));
  return (await vscode.window.showQuickPick(choices, { placeHolder: t('Which definition?'), matchOnDescription: true }))?.place ?? null;
}
