/** Places that a tool's output names: stack frames and `file:line[:column]`, last (deepest) ones first where there are many. */
export interface PlaceRef {
  readonly path: string;
  /** One-based. */
  readonly line: number;
}

export const placeRefLimit = 16;
/** Output beyond this is not searched; the end of it is what matters, since a failure is told last. */
const searchedChars = 64 * 1024;

const python = /File "([^"\n]{1,1000})", line (\d{1,7})/g;
const node = /\(?((?:file:\/\/)?\/[^\s():]{1,1000}|[A-Za-z0-9_.][^\s():]{0,1000}\.[A-Za-z0-9]{1,8}):(\d{1,7})(?::\d{1,7})?\)?/g;

export function placeRefs(output: string): readonly PlaceRef[] {
  const text = output.length > searchedChars ? output.slice(-searchedChars) : output;
  const refs: PlaceRef[] = [];
  const seen = new Set<string>();
  for (const pattern of [python, node]) {
    for (const match of text.matchAll(pattern)) {
      const path = (match[1] ?? '').replace(/^file:\/\//, '');
      const line = Number(match[2]);
      // A time of day or a host and port look alike; a place has a path or a file name with an extension.
      if (line < 1 || path.includes('://') || /^[\d.]+$/.test(path)) continue;
      const key = `${path}:${line}`;
      if (seen.has(key)) continue;
      seen.add(key);
      refs.push({ path, line });
    }
    if (refs.length > 0) break;
  }
  return refs.slice(-placeRefLimit);
}
