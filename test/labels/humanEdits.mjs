// Fifty edits as a person makes them in an editor, chosen with a fixed seed from the final files: lines put in, taken out, moved,
// changed, set in anew, files renamed. Lines are split at \n, numbers are 0-based; a moved line stays itself, a changed line does not.
import { chance, numbers, pick } from './inside/chance.mjs';

const KINDS = [
  'insert',
  'delete',
  'move',
  'change',
  'insert',
  'change',
  'delete',
  'reformat',
  'insert',
  'move',
  'rename',
  'change',
  'insert',
];
const COUNT = 50;

/** docs: Map(path -> { path, text, ids }); lines with identities from `firstNew` on are the agent's. Gives the edits and the same map after them. */
export function humanEdits(docs, firstNew) {
  let seed = 20260417;
  const rng = () => {
    seed = (seed + 0x6d2b79f5) >>> 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (n) => Math.floor(rng() * n);
  const files = new Map(
    [...docs].map(([name, doc]) => {
      const end = doc.text.endsWith('\n');
      const lines = doc.text === '' ? [] : (end ? doc.text.slice(0, -1) : doc.text).split('\n');
      return [name, { end, lines: lines.map((text, i) => ({ text, id: doc.ids[i] })) }];
    }),
  );
  let fresh = -1;
  const made = (text) => ({ text, id: fresh-- });
  const edits = [];
  const add = (edit) => {
    edits.push(edit);
    const { lines } = files.get(edit.path) ?? {};
    if (edit.kind === 'rename') {
      files.set(edit.to, files.get(edit.path));
      files.delete(edit.path);
    } else if (edit.kind === 'move') {
      const taken = lines.splice(edit.at, edit.count);
      lines.splice(edit.to, 0, ...taken);
    } else lines.splice(edit.at, edit.del, ...edit.put.map(made));
  };
  for (let n = 0; edits.length < COUNT; n++) {
    const kind = KINDS[n % KINDS.length];
    const candidates = [...files]
      .filter(([name, file]) => name.startsWith('shop/') && file.lines.length > 12)
      .map(([name]) => name)
      .sort();
    // Most edits go where the agent worked: to its files, on its lines or right beside them.
    const agents = (name) => files.get(name).lines.filter((line) => line.id >= firstNew).length;
    const busy = candidates.filter((name) => agents(name) > 3);
    const path = pick(rng, chance(rng, 0.8) ? busy : candidates);
    const { lines } = files.get(path);
    const near = lines.flatMap((line, i) => (line.id >= firstNew && i < lines.length - 6 ? [i] : []));
    const at = near.length && chance(rng, 0.6) ? Math.max(0, pick(rng, near) - int(2)) : int(lines.length - 6);
    const cr = lines[0].text.endsWith('\r') ? '\r' : '';
    const old = (count) => lines.slice(at, at + count).map((line) => line.text);
    switch (kind) {
      case 'insert':
        add({ kind, path, at, del: 0, put: Array.from({ length: 1 + int(4) }, (_, i) => `a person wrote this ${n}.${i}${cr}`) });
        break;
      case 'delete':
        add({ kind, path, at, del: 1 + int(4), put: [] });
        break;
      case 'change': {
        const count = 1 + int(2);
        add({ kind, path, at, del: count, put: old(count).map((text) => `${text.replace(/\r$/, '')} by a person${cr}`) });
        break;
      }
      case 'reformat': {
        const count = 4 + int(3);
        if (old(count).some((text) => text.trim() === '')) break;
        add({ kind, path, at, del: count, put: old(count).map((text) => `  ${text}`) });
        break;
      }
      case 'move': {
        const count = 2 + int(3);
        const to = pick(rng, numbers(rng, [...lines.keys()].slice(0, lines.length - count), 3));
        if (to !== at) add({ kind, path, at, count, to });
        break;
      }
      case 'rename':
        add({ kind, path, to: path.replace(/([^/]+)$/, `by-hand-${n}-$1`) });
        break;
    }
  }
  const after = new Map(
    [...files].map(([name, file]) => [
      name,
      {
        path: name,
        text: file.lines.map((line) => line.text).join('\n') + (file.end && file.lines.length ? '\n' : ''),
        ids: file.lines.map((line) => line.id),
      },
    ]),
  );
  return { edits, docs: after };
}
