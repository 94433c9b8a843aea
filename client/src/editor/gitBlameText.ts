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
    const head = line.slice(0, 1000);
    const hash = /^\^?([0-9a-f]{7,64}) /.exec(head);
    // The date first: what stands before it, a path and a name, is anybody's text.
    const date = / (\d{4}-\d\d-\d\d \d\d:\d\d):\d\d [+-]\d{4} +\d+\)/.exec(head);
    const from = date === null ? -1 : openParenthesis(head, date.index);
    if (hash === null || date === null || from < hash[0].length) return { hash: '', author: '', date: '' };
    return { hash: hash[1] ?? '', author: head.slice(from + 1, date.index).trimEnd(), date: date[1] ?? '' };
  });
}

/** The last one before `end` that is not closed before it: paths and names have some of their own. -1: none. */
function openParenthesis(text: string, end: number): number {
  let closed = 0;
  for (let at = end - 1; at >= 0; at--) {
    if (text[at] === ')') closed += 1;
    else if (text[at] === '(' && closed-- === 0) return at;
  }
  return -1;
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
