/** What the editor asks to settle a finding: the change of the workspace's file. Nothing is written here. */
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Connection } from 'vscode-languageserver';
import { entryFor, newSuppression } from './findings/newSuppression';
import { neverSuppressed, reasonChars, suppressionsBytes, suppressionsPath } from './findings/suppressions';
import { pathOfFileUri } from './locate/fileUri';
import { suppressRequest } from './protocol/suppressions';
import type { NoSuppression, SuppressAnswer, SuppressParams } from './protocol/suppressions';
import { findingsOf } from './query/findings';
import type { Live } from './requests';

export function registerSuppressRequests(connection: Connection, need: () => Live, folders: () => readonly string[]): void {
  connection.onRequest(suppressRequest, (params) => suppressAnswer(need(), folders(), params));
}

export async function suppressAnswer(
  { hub, opened: { store } }: Pick<Live, 'hub' | 'opened'>,
  folders: readonly string[],
  { sourceId, sessionId, code, evidence, reason: given, folder, text }: SuppressParams,
): Promise<SuppressAnswer> {
  const no = (why: NoSuppression): SuppressAnswer => ({ kind: 'none', why });
  if (!hub.trusted) return no('untrusted');
  if (neverSuppressed.has(code)) return no('never');
  const reason = given.replace(/[\s\p{Cc}\p{Cs}]+/gu, ' ').trim();
  if (reason === '') return no('reason-missing');
  if (reason.length > reasonChars) return no('reason-long');
  const path = pathOfFileUri(folder);
  if (path === null || !folders.includes(path)) return no('no-folder');
  const file = join(path, suppressionsPath);
  if ((await isLink(dirname(file))) || (await isLink(file))) return no('link');
  if (text.length > suppressionsBytes) return no('too-large');

  const source = hub.get(sourceId);
  const view = source === null ? null : store.sessions.bySession(source.row, sessionId);
  const findings = source === null || view === null ? [] : findingsOf(store, source.row, view.row, hub.findingWishes);
  const alike = findings.filter((one) => one.code === code && (one.spanIds[0] ?? null) === evidence);
  const finding = alike.find(({ suppressed }) => suppressed === null);
  if (view === null || finding === undefined) return no(alike.length > 0 ? 'already' : 'gone');
  const others = findings.filter((one) => one !== finding);
  const { agent, key } = view.info;
  const of = { agent, session: sessionId, sessionKey: key };
  const change = newSuppression(text, entryFor(finding, others, sessionId, reason), finding, of);
  if (change.kind === 'none') return change;
  const edits = change.edits.map(({ start, end, text: newText }) => ({
    range: { start: positionAt(text, start), end: positionAt(text, end) },
    newText,
  }));
  return { kind: 'change', edits };
}

/** What is not there is none. */
async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}

function positionAt(text: string, offset: number): { readonly line: number; readonly character: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length - 1, character: offset - (before.lastIndexOf('\n') + 1) };
}
