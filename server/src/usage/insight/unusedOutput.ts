/**
 * Whether what a sub-agent answered was of any use to whom it answered: preview, since words tell only so much. It counts as unused
 * only when the parent, after the answer, wrote nothing at all that shares a distinctive word with it, in what it thought, said, and
 * called tools with.
 */

/** An answer with fewer distinctive words ("Done.") can't be looked for. */
export const leastWords = 8;
/** Of each text so much is looked at: more of what was answered than this can't be called unused, and is not judged. */
export const textLimit = 200_000;
/** Words of an answer by which it can be told apart; letters of a word that are compared, so that "counted" is "counting". */
const stem = 5;

export interface Judged {
  readonly unused: boolean;
  /** Distinctive words that were looked for. */
  readonly words: number;
}

/**
 * `known`: what the parent had of its own before: the task, and what it wrote until then; a word of that proves nothing. `after`: what it
 * wrote since. null: it can't be told.
 */
export function judgeOutput(answer: string, known: readonly string[], after: readonly string[]): Judged | null {
  const texts = [answer, ...known, ...after];
  if (after.length === 0 || texts.reduce((sum, { length }) => sum + length, 0) > textLimit) return null;
  const before = new Set(known.flatMap((text) => [...words(text)]));
  const distinctive = new Set([...words(answer)].filter((word) => !before.has(word)));
  if (distinctive.size < leastWords) return null;
  const unused = !after.some((text) => [...words(text)].some((word) => distinctive.has(word)));
  return { unused, words: distinctive.size };
}

/** Of scripts without spaces too. */
const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

function words(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { segment, isWordLike } of segmenter.segment(text.normalize('NFKC').toLowerCase())) {
    if (isWordLike !== true) continue;
    for (const part of segment.split(/[._'’]/)) {
      if (/\p{N}/u.test(part)) found.add(part);
      else if (/^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]+$/u.test(part)) {
        if (part.length >= stem) found.add(part.slice(0, stem));
      } else if (part.length >= 2) found.add(part);
    }
  }
  return found;
}
