/**
 * A pattern over model ids: `*` stands for any characters, all else for itself, whatever its case. Matched greedily from star to star,
 * so that no pattern is slow: a regular expression with many stars would try every way to part the text.
 */
export type ModelGlob = (model: string) => boolean;

export function modelGlob(pattern: string): ModelGlob {
  const parts = pattern.toLowerCase().split('*');
  const first = parts[0] ?? '';
  const last = parts[parts.length - 1] ?? '';
  const middle = parts.slice(1, -1);
  return (model) => {
    const text = model.toLowerCase();
    if (parts.length === 1) return text === first;
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    const end = text.length - last.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}
