/** Which of the two vocabularies stands in for a model's own. Only OpenAI's models use exactly these: of all others the count is near, not equal. */

export type EncodingName = 'o200k_base' | 'cl100k_base';
export const encodingNames: readonly EncodingName[] = ['o200k_base', 'cl100k_base'];

/** OpenAI's before gpt-4o; and families whose vocabularies were grown from cl100k: Llama 3 and its children, Qwen. */
const cl100k = /^gpt-(?:3\.5|4(?!o|\.\d))|^text-embedding-|(?:^|[-.])llama-?3|^qwen/;

/** `model`: as an agent names it, with or without its vendor. */
export function encodingOf(model: string | null): EncodingName {
  const name = (model ?? '').toLowerCase();
  return cl100k.test(name.slice(name.lastIndexOf('/') + 1)) ? 'cl100k_base' : 'o200k_base';
}
