/** What the assistant for mappings found, in words. Paths of a sandbox are untrusted text. */
import { basename, join, relative, sep } from 'node:path';
import type { MappingAnswer, MappingEvidence, MappingProposal } from '../../../server/src/protocol/mappings';
import type { Translate } from '../format';
import { plainText, withoutIcons } from '../plainText';

const maxPath = 120;
const namedFiles = 3;

export function sandboxText(path: string): string {
  const plain = plainText(path, { maxLength: path.length + 1 });
  // The end of a path tells more than its beginning; half a character is none.
  return plain.length <= maxPath ? plain : `…${plain.slice(1 - maxPath).replace(/^[\udc00-\udfff]/, '')}`;
}

/** By the name of the folder, as the explorer shows it. */
export function workspaceText(path: string, folders: readonly string[]): string {
  for (const folder of folders) {
    const way = relative(folder, path);
    if (way === '') return basename(folder);
    if (way !== '..' && !way.startsWith(`..${sep}`)) return join(basename(folder), way).split(sep).join('/');
  }
  return path;
}

export interface Row {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
}

export function proposalRow(proposal: MappingProposal, folders: readonly string[], t: Translate): Row {
  const { sandbox, workspace, evidence, matched, differ, gained, confidence, rivals } = proposal;
  const names = evidence.slice(0, namedFiles).map((one) => `${nameIn(one, sandbox)} (${matchText(one, t)})`);
  const more = matched - names.length;
  const parts = [
    matched === 1 ? t('1 file matches: {0}', names.join(', ')) : t('{0} files match: {1}', matched, names.join(', ')),
    more > 0 ? t('and {0} more', more) : '',
  ];
  const [rival] = rivals;
  const doubt =
    rival === undefined
      ? ''
      : rival.sandbox === sandbox || rival.workspace !== workspace
        ? t('{0} matches alike', workspaceText(rival.workspace, folders))
        : t('{0} matches alike', sandboxText(rival.sandbox));
  const effect = [
    differ === 0 ? '' : differ === 1 ? t('1 is another file there') : t('{0} are other files there', differ),
    gained === 0
      ? t('shown there already, while they are the same')
      : gained === 1
        ? t('1 touched file more would be shown')
        : t('{0} touched files more would be shown', gained),
  ];
  return {
    label: withoutIcons(`${sandboxText(sandbox)} → ${plainText(workspaceText(workspace, folders), { maxLength: maxPath })}`),
    description: withoutIcons(confidence === 'sure' ? t('sure') : confidence === 'likely' ? t('likely') : doubt),
    detail: withoutIcons([parts.filter((part) => part !== '').join(' '), ...effect].filter((part) => part !== '').join(' · ')),
  };
}

export function nameIn({ sandboxPath }: MappingEvidence, sandbox: string): string {
  return sandboxText(sandboxPath.startsWith(`${sandbox}/`) ? sandboxPath.slice(sandbox.length + 1) : sandboxPath);
}

export function matchText({ match }: MappingEvidence, t: Translate): string {
  switch (match) {
    case 'identical':
      return t('identical');
    case 'earlier':
      return t('the same but for later edits in the sandbox');
    case 'edited':
      return t('the same but for edits here');
  }
}

/** Where it was looked, for whoever finds nothing. */
export function lookedDetail({ looked }: MappingAnswer, t: Translate): string {
  const { folders, entries, cut, touched, named, compared } = looked;
  if (touched === 0)
    return t('No file that a call touched is without its place. Attach to a sandbox or open a recording first, if none is open.');
  return [
    folders.length === 1
      ? t('Looked through {0} names in {1}', entries, basename(folders[0] ?? ''))
      : t('Looked through {0} names in {1} folders', entries, folders.length),
    cut ? t('not all of them: the workspace is larger') : '',
    t('{0} touched files have no place, {1} of them have a namesake here, {2} could be compared by content', touched, named, compared),
  ]
    .filter((part) => part !== '')
    .join(' · ');
}
