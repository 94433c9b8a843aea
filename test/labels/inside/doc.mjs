// A text file as a list of lines with identity. Every line has a number that stays with it for as long as the line lives, wherever
// it moves; a changed line is a new line. This is how a label knows, much later, where its lines have gone: nothing is searched for.
import crypto from 'node:crypto';

let nextId = 1;
export const newIds = (from) => (nextId = Math.max(nextId, from));
export const sha = (text) => crypto.createHash('sha256').update(text).digest('hex').slice(0, 16);
export const bare = (line) => (line.endsWith('\r') ? line.slice(0, -1) : line);

/** Lines are split at \n; a \r before it stays part of the line's text. A newline at the end of the file makes no further line. */
export function docOf(path, text) {
  const end = text.endsWith('\n');
  const lines = text === '' ? [] : (end ? text.slice(0, -1) : text).split('\n');
  return { path, end, lines: lines.map((line) => ({ id: nextId++, text: line })) };
}
export const textOf = (doc) => doc.lines.map((line) => line.text).join('\n') + (doc.end && doc.lines.length ? '\n' : '');
export const usesCr = (doc) => doc.lines.length > 0 && doc.lines[0].text.endsWith('\r');

/**
 * Splices [{ at, del, put }] (0-based, in the old numbering, not overlapping) as one change. What stands equal at the start and at
 * the end of a splice keeps its identity. Gives the new doc and, for each splice in the order given, where it is now:
 * first..last (1-based) of the lines that are new; a splice that only removed has `gap` and stands at the line that follows it.
 */
export function splice(doc, splices) {
  const sorted = splices.map((s, order) => ({ ...s, order })).sort((a, b) => a.at - b.at);
  const out = [],
    places = [];
  let from = 0;
  for (const s of sorted) {
    if (s.at < from) throw new Error(`splices overlap in ${doc.path}`);
    out.push(...doc.lines.slice(from, s.at));
    const old = doc.lines.slice(s.at, s.at + s.del);
    let head = 0,
      tail = 0;
    while (head < old.length && head < s.put.length && old[head].text === s.put[head]) head++;
    while (tail < old.length - head && tail < s.put.length - head && old[old.length - 1 - tail].text === s.put[s.put.length - 1 - tail])
      tail++;
    const first = out.length + head + 1,
      last = out.length + s.put.length - tail;
    out.push(...old.slice(0, head));
    for (const text of s.put.slice(head, s.put.length - tail)) out.push({ id: nextId++, text });
    out.push(...old.slice(old.length - tail, old.length));
    places[s.order] = last >= first ? { first, last } : { first, last: first, gap: true };
    from = s.at + s.del;
  }
  out.push(...doc.lines.slice(from));
  const made = { ...doc, lines: out };
  return { doc: made, places: places.map((place) => (place.gap ? atGap(made, place) : place)) };
}
const atGap = (doc, place) => {
  const line = Math.max(1, Math.min(place.first, doc.lines.length));
  return { first: line, last: line, gap: true };
};

/** What a file became when nobody planned it: everything between the equal head and the equal tail is new. */
export function observed(doc, text) {
  const seen = docOf(doc.path, text);
  const put = seen.lines.map((line) => line.text);
  let head = 0,
    tail = 0;
  const old = doc.lines;
  while (head < old.length && head < put.length && old[head].text === put[head]) head++;
  while (tail < old.length - head && tail < put.length - head && old[old.length - 1 - tail].text === put[put.length - 1 - tail]) tail++;
  const result = splice(doc, [{ at: head, del: old.length - head - tail, put: put.slice(head, put.length - tail) }]);
  return { doc: { ...result.doc, end: seen.end }, place: result.places[0] };
}

/** [first id, how many] for runs of identities that follow each other. */
export function runsOf(lines) {
  const runs = [];
  for (const { id } of lines) {
    const last = runs.at(-1);
    if (last && last[0] + last[1] === id) last[1]++;
    else runs.push([id, 1]);
  }
  return runs;
}
