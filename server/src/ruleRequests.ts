/** What the editor asks about policy files, and the watch over them. */
import type { Connection } from 'vscode-languageserver';
import { DidChangeWatchedFilesNotification } from 'vscode-languageserver';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { actionsOfContext } from './contextRequests';
import { moreActions } from './editor/moreActions';
import { definingGlobs, filesChanged, mayDefine } from './definitionRequests';
import { ruleActions } from './editor/ruleActions';
import { suppressActions } from './editor/suppressActions';
import { maxPolicyBytes } from './policy/parsePolicy';
import { backTestRequest, policyTextRequest, ruleChangeRequest } from './protocol/rules';
import { callsOf } from './requests';
import { signalOf } from './signalOf';
import type { Live } from './requests';

const yamlFiles = '**/*.{yaml,yml}';

/** The folder stands for it: when that goes, nothing is told of what was in it. */
export function isSuppressions(uri: string): boolean {
  return /\/\.sandglass(?:\/suppressions\.yaml)?$/.test(uri);
}

export function isPolicyName(uri: string): boolean {
  return /\.ya?ml$/i.test(uri);
}

export function registerRuleRequests(connection: Connection, need: () => Live): void {
  connection.onRequest(ruleChangeRequest, ({ sourceId, policyId, uri, text }, token) =>
    need().rules.change({ sourceId, policyId, uri }, text, signalOf(token)),
  );
  connection.onRequest(policyTextRequest, async ({ uri }) => {
    const text = await need().rules.policyText(uri);
    return text === null ? null : { text };
  });
  connection.onRequest(backTestRequest, ({ text, before }, token) =>
    text.length > maxPolicyBytes ? { kind: 'none', why: 'not-a-policy' } : need().rules.backTest(text, before, signalOf(token)),
  );
  connection.onCodeAction(async (params, token) => [
    ...(await ruleActions(need().rules, params, need().showsReasons, signalOf(token))),
    ...moreActions(params, (refs) => callsOf(need(), refs)),
    ...suppressActions(params, need().hub.trusted),
    ...(await actionsOfContext(need(), params, signalOf(token))),
  ]);
  connection.onDidChangeWatchedFiles(({ changes }) => {
    const others = changes.filter(({ uri }) => !mayDefine(uri));
    const uris = changes.map(({ uri }) => uri);
    filesChanged(need(), uris).catch((error: unknown) => connection.console.error(String(error)));
    if (others.length > 0) need().policiesChanged();
    if (changes.some(({ uri }) => isSuppressions(uri))) need().suppressing.readAgain();
  });
}

/** `home`: that of the user, where files outside the workspace may be watched; null: none may. */
export function watchPolicies(connection: Connection, watches: { readonly home: string | null } | null): void {
  if (watches === null) return;
  const nemoclaw = watches.home === null ? [] : [{ baseUri: pathToFileURL(join(watches.home, '.nemoclaw')).href, pattern: yamlFiles }];
  connection.client
    .register(DidChangeWatchedFilesNotification.type, {
      watchers: [yamlFiles, '**/.sandglass', ...definingGlobs, ...nemoclaw].map((globPattern) => ({ globPattern })),
    })
    .catch((error: unknown) => connection.console.warn(`policy files are not watched: ${String(error)}`));
}
