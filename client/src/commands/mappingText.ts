/** What the assistant for mappings found, in words. Paths of a sandbox are untrusted text. */
import { basename, join, relative, sep } from 'node:path';
import type { MappingAnswer, MappingEvidence, MappingProposal, RepositoryDoubt } from '../../../server/src/protocol/mappings';
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

/** What tells most stands first: the end of a long line is not shown. */
export function proposalRow(proposal: MappingProposal, folders: readonly string[], t: Translate): Row {
  const { sandbox, workspace, evidence, matched, differ, gained, confidence, repository } = proposal;
  const names = evidence.slice(0, namedFiles).map((one) => `${nameIn(one, sandbox)} (${matchText(one, t)})`);
  const parts = [
    confidence === 'sure' ? t('sure') : confidence === 'likely' ? t('likely') : doubtOf(proposal, folders, t),
    repository === null ? '' : repositoryText(repository, t),
    matched === 0 ? '' : matched === 1 ? t('1 file matches') : t('{0} files match', matched),
    differ === 0 ? '' : differ === 1 ? t('1 is another file there') : t('{0} are other files there', differ),
    gained === 0
      ? t('shown there already, while they are the same')
      : gained === 1
        ? t('1 more would be shown there')
        : t('{0} more would be shown there', gained),
    matched > names.length ? t('{0} and more', names.join(', ')) : names.join(', '),
  ];
  return {
    label: withoutIcons(plainText(workspaceText(workspace, folders), { maxLength: maxPath })),
    description: withoutIcons(sandboxText(sandbox)),
    detail: withoutIcons(parts.filter((part) => part !== '').join(' · ')),
  };
}

function doubtOf({ sandbox, workspace, rivals }: MappingProposal, folders: readonly string[], t: Translate): string {
  const [rival] = rivals;
  if (rival === undefined) return '';
  const other =
    rival.sandbox === sandbox || rival.workspace !== workspace ? workspaceText(rival.workspace, folders) : sandboxText(rival.sandbox);
  return t('{0} matches alike', plainText(other, { maxLength: maxPath }));
}

function repositoryText(doubt: RepositoryDoubt, t: Translate): string {
  switch (doubt) {
    case 'several':
      return t('the same git repository, and not the only one here');
    case 'diverged':
      return t('a git repository that went on from a commit both have');
    case 'elsewhere':
      return t('a git repository with the same commits, cloned from another place');
    case 'unknown':
      return t('the same git repository, but not all that may be it was looked at');
  }
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

/** Where it was looked, for whoever finds nothing: in two lines. */
export function lookedRow({ looked }: MappingAnswer, t: Translate): Pick<Row, 'label' | 'detail'> {
  const { folders, entries, cut, touched, named, compared } = looked;
  if (touched === 0)
    return { label: t('No touched file is without its place'), detail: t('If no sandbox or recording is open, attach to one first.') };
  const parts = [
    folders.length === 1
      ? t('Names looked through in {0}: {1}', basename(folders[0] ?? ''), entries)
      : t('Names looked through in {0} folders: {1}', folders.length, entries),
    cut ? t('not all that could match was looked at') : '',
    t('namesakes: {0}', named),
    t('compared by content: {0}', compared),
  ];
  return {
    label: touched === 1 ? t('1 touched path has no place') : t('{0} touched paths have no place', touched),
    detail: parts.filter((part) => part !== '').join(' · '),
  };
}
