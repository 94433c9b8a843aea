/**
 * Whether a reply says that all is well: told by words, in English alone, and only when no word of it speaks of anything else. Meant to
 * miss rather than to accuse.
 */

/** A reply says what came of it first or last; between, it explains. */
const searchedChars = 2000;

const wellDone =
  /\b(?:tests? (?:all |now )?pass(?:es|ed)?|(?:is|are|was|were|been|now) (?:now |all )?(?:fixed|done|complete|completed|finished|resolved|implemented|working|installed|deployed|updated|saved|sent|ready)|successfully|everything works|works now|(?:^|[\n.!:] ?)(?:done|fixed|completed|success)\b)/i;
const butNot =
  /\b(?:fail|error|exit code|not\b|cannot|unable|denied|blocked|refused|rejected|missing|unfortunately|however|but\b|except|still|timed out|timeout|nothing|no such|never|problem|issue|unsuccess|without|skipped|only\b|could|couldn|didn|doesn|isn|wasn|aren|won|if\b|should|would|once\b)/i;

export function claimsSuccess(text: string): boolean {
  const said = text.length > 2 * searchedChars ? `${text.slice(0, searchedChars)}\n${text.slice(-searchedChars)}` : text;
  return wellDone.test(said) && !butNot.test(said);
}
