/** What `git blame` prints, and what is said of it. Names and subjects are anybody's text. Pure. */
import type { Translate } from '../format';
import { escapedMarkdown } from '../plainText';
import type { GitAnswer } from './gitBlame';

export interface GitLine {
  readonly hash: string;
  readonly author: string;
  readonly date: string;
}

/** One for each line; a line that is not understood has no commit to name. */
export function parseGitBlame(printed: string): readonly GitLine[] {
  return printed.split('\n').map((line) => {
    const found = /^\^?([0-9a-f]{7,64}) (?:.*?)\((.*?) +(\d{4}-\d\d-\d\d \d\d:\d\d):\d\d [+-]\d{4} +\d+\)/.exec(line.slice(0, 1000));
    return { hash: found?.[1] ?? '', author: found?.[2] ?? '', date: found?.[3] ?? '' };
  });
}

export function gitText(git: GitAnswer, t: Translate): string | null {
  switch (git.kind) {
    case 'commit': {
      if (git.hash === '') return null;
      const subject = git.subject === null ? '' : ` · ${escapedMarkdown(git.subject, 100)}`;
      return `${t('Git:')} \`${git.hash.slice(0, 8)}\` · ${escapedMarkdown(git.author, 60)} · ${escapedMarkdown(git.date, 30)}${subject}`;
    }
    case 'not-committed':
      return t('Git: not committed yet');
    case 'outside':
      return `**${t('Git: the file is in no repository')}**`;
    case 'no-git':
      return t('Git: the editor’s Git extension does not run, so no commit is named');
    case 'none':
      return null;
  }
}
