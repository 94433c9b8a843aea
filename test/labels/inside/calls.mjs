// Calls together with the truth about them. Whatever a call is to change is planned on lines first; the text of the call (what to look
// for, what to put) is made from that plan, so the true lines are known before anything is written.
import { bare, docOf, splice, usesCr } from './doc.mjs';

export const ROOT = '/sandbox/.openclaw/workspace';
const HOME = '/sandbox';
export const given = {
  rel: (file) => file,
  dot: (file) => `./${file}`,
  abs: (file) => `${ROOT}/${file}`,
  home: (file) => `~${ROOT.slice(HOME.length)}/${file}`,
  up: (file) => `${file.split('/')[0]}/docs/../${file.split('/').slice(1).join('/')}`,
};
const plain = (doc) => doc.lines.map((line) => bare(line.text));
const cr = (doc, lines) => (usesCr(doc) ? lines.map((line) => line + '\r') : lines);
const countOf = (text, part) => {
  if (part === '') return text.length + 1;
  let n = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) n++;
  return n;
};
export const langOf = (file) =>
  ({
    py: 'python',
    ts: 'typescript',
    js: 'javascript',
    cjs: 'javascript',
    mjs: 'javascript',
    rs: 'rust',
    go: 'go',
    java: 'java',
    c: 'c',
    h: 'c',
  })[file.split('.').pop()] ?? 'text';

export function read(world, file, { as = file, offset, limit, what = 'read' } = {}) {
  const doc = world.doc(file);
  const count = doc.lines.length;
  const first = offset ?? 1;
  // At most 2000 lines and 50 KB are shown, whole lines only.
  let last = Math.min(count, first + (limit ?? 2000) - 1, first + 1999);
  let bytes = 0;
  for (let n = first; n <= last; n++) {
    bytes += Buffer.byteLength(doc.lines[n - 1].text) + (n > first ? 1 : 0);
    if (bytes > 51200) last = n - 1;
  }
  const args = { path: as, ...(offset ? { offset } : {}), ...(limit ? { limit } : {}) };
  const beyond = first > count;
  return {
    name: 'read',
    args,
    what,
    lang: langOf(file),
    expect: beyond ? 'fail' : 'ok',
    places: [
      beyond
        ? { role: 'target', path: file, first: null, last: null }
        : { role: 'read', path: file, first, last, ...(!offset && last === count ? { whole: true } : {}) },
    ],
  };
}

/** Windows around planned splices that are found once in the file, as edit wants them. */
function windows(doc, splices, context) {
  const lines = plain(doc);
  const text = lines.join('\n');
  return splices.map((s) => {
    let from = s.at - (context ?? 0),
      to = s.at + s.del + (context ?? 0);
    from = Math.max(0, from);
    to = Math.min(lines.length, to);
    // What is taken out whole is looked for with a neighbour: replacing it by nothing would leave an empty line.
    if (to === from || (s.put.length === 0 && to - from === s.del)) {
      if (to < lines.length) to++;
      else from--;
    }
    for (let turn = 0; countOf(text, lines.slice(from, to).join('\n')) !== 1 || lines.slice(from, to).join('\n') === ''; turn++) {
      if (from === 0 && to === lines.length) throw new Error('not unique');
      if (turn % 2 === 0 && from > 0) from--;
      else if (to < lines.length) to++;
      else from--;
    }
    return { from, to };
  });
}
const overlap = (all) => {
  const sorted = [...all].sort((a, b) => a.from - b.from);
  return sorted.some((w, i) => i > 0 && w.from < sorted[i - 1].to);
};

export function edit(world, file, splices, { as = file, context, what = 'edit', partial = false } = {}) {
  const doc = world.doc(file);
  const lines = plain(doc);
  const made = splice(
    doc,
    splices.map((s) => ({ ...s, put: cr(doc, s.put) })),
  );
  let edits, spans;
  if (partial) {
    // Part of one line only: from the first to the last character that differs, widened until it is found once.
    const s = splices[0];
    const old = lines[s.at],
      now = s.put[0];
    let a = 0,
      b = 0;
    while (a < old.length && a < now.length && old[a] === now[a]) a++;
    while (b < old.length - a && b < now.length - a && old[old.length - 1 - b] === now[now.length - 1 - b]) b++;
    const text = lines.join('\n');
    while (a === old.length - b || countOf(text, old.slice(a, old.length - b)) !== 1) {
      if (a > 0) a--;
      else if (b > 0) b--;
      else throw new Error('not unique');
    }
    edits = [{ oldText: old.slice(a, old.length - b), newText: now.slice(a, now.length - b) }];
    spans = [undefined];
  } else {
    const all = windows(doc, splices, context);
    if (overlap(all)) throw new Error('windows overlap');
    edits = all.map((w, i) => {
      const s = splices[i];
      const now = [...lines.slice(w.from, s.at), ...s.put, ...lines.slice(s.at + s.del, w.to)];
      return { oldText: lines.slice(w.from, w.to).join('\n'), newText: now.join('\n') };
    });
    const order = all.map((w, i) => ({ ...w, i, grow: splices[i].put.length - splices[i].del })).sort((x, y) => x.from - y.from);
    let shift = 0;
    spans = [];
    for (const w of order) {
      spans[w.i] = [w.from + 1 + shift, w.to + shift + w.grow];
      shift += w.grow;
    }
    spans = spans.map(([from, to]) => (to >= from ? [from, to] : undefined));
  }
  return {
    name: 'edit',
    args: { path: as, edits },
    what,
    lang: langOf(file),
    change: new Map([[file, made.doc]]),
    places: made.places.map((place, i) => ({
      role: 'edit',
      path: file,
      ...place,
      ...(spans[i] ? { span: spans[i] } : {}),
      when: 'after',
      edit: i,
    })),
  };
}
/** An edit that must fail: nothing in the file changes. */
export const badEdit = (file, edits, what, as = file) => ({
  name: 'edit',
  args: { path: as, edits },
  what,
  lang: langOf(file),
  expect: 'fail',
  places: [{ role: 'target', path: file, first: null, last: null }],
});

export function write(world, file, { splices, content, as = file, what = 'write' } = {}) {
  const old = world.docs.get(file);
  let doc, changed;
  if (splices) {
    const made = splice(
      old,
      splices.map((s) => ({ ...s, put: cr(old, s.put) })),
    );
    doc = made.doc;
    changed = made.places.map((place) => [place.first, place.last]);
  } else doc = docOf(file, content);
  const count = doc.lines.length;
  const text = doc.lines.map((line) => line.text).join('\n') + (doc.end && count ? '\n' : '');
  return {
    name: 'write',
    args: { path: as, content: text },
    what,
    lang: langOf(file),
    change: new Map([[file, doc]]),
    places: [
      {
        role: 'write',
        path: file,
        first: count ? 1 : null,
        last: count || null,
        whole: true,
        when: 'after',
        ...(changed ? { changed } : {}),
        ...(old ? {} : { created: true }),
      },
    ],
  };
}

const findsOnce = (lines, part, from = 0) => {
  let n = 0;
  for (let i = from; i + part.length <= lines.length; i++) if (part.every((line, k) => lines[i + k] === line)) n++;
  return n === 1;
};
/** files: [{ add, lines } | { remove } | { update, to?, splices, context?, header? }] */
export function patch(world, files, { what = 'patch' } = {}) {
  const out = ['*** Begin Patch'];
  const change = new Map(),
    places = [];
  for (const file of files) {
    if (file.add) {
      out.push(`*** Add File: ${file.as ?? file.add}`, ...file.lines.map((line) => `+${line}`));
      change.set(file.add, docOf(file.add, file.lines.join('\n') + '\n'));
      places.push({ role: 'add', path: file.add, first: 1, last: file.lines.length, whole: true, when: 'after' });
    } else if (file.remove) {
      out.push(`*** Delete File: ${file.as ?? file.remove}`);
      change.set(file.remove, null);
      places.push({ role: 'delete', path: file.remove, first: null, last: null, when: 'before' });
    } else {
      const doc = world.doc(file.update);
      const lines = plain(doc);
      out.push(`*** Update File: ${file.as ?? file.update}`);
      if (file.to) out.push(`*** Move to: ${file.to}`);
      const sorted = [...file.splices].sort((a, b) => a.at - b.at);
      let floor = 0;
      for (const s of sorted) {
        let from = Math.max(floor, s.floor ?? 0, s.at - (file.context ?? 2)),
          to = Math.min(lines.length, s.at + s.del + (file.context ?? 2));
        const next = sorted.find((x) => x.at > s.at);
        if (next) to = Math.min(to, next.at);
        while (!s.header && !findsOnce(lines, lines.slice(from, to))) {
          if (from > floor) from--;
          else if (to < lines.length && (!next || to < next.at)) to++;
          else throw new Error('not unique');
        }
        out.push(s.header ? `@@ ${s.header}` : '@@');
        out.push(
          ...lines.slice(from, s.at).map((line) => ` ${line}`),
          ...lines.slice(s.at, s.at + s.del).map((line) => `-${line}`),
          ...s.put.map((line) => `+${line}`),
          ...lines.slice(s.at + s.del, to).map((line) => ` ${line}`),
        );
        if (s.eof) out.push('*** End of File');
        floor = to;
      }
      const made = splice(
        doc,
        sorted.map((s) => ({ at: s.at, del: s.del, put: cr(doc, s.put) })),
      );
      const target = file.to ?? file.update;
      change.set(target, { ...made.doc, path: target });
      if (file.to) change.set(file.update, null);
      if (sorted.length === 0) places.push({ role: 'move', path: target, from_: file.update, first: null, last: null, when: 'after' });
      places.push(
        ...made.places.map((place, hunk) => ({
          role: 'update',
          path: target,
          ...(file.to ? { from_: file.update } : {}),
          hunk,
          ...place,
          when: 'after',
        })),
      );
    }
  }
  out.push('*** End Patch');
  return {
    name: 'apply_patch',
    args: { input: out.join('\n') },
    what,
    lang: langOf(files[0].add ?? files[0].remove ?? files[0].update),
    change,
    places,
  };
}

export function exec(
  world,
  command,
  { workdir, cwd = workdir ?? ROOT, named = [], output = [], what = 'exec', lang = 'text', expect, open, noise, change, slow } = {},
) {
  return {
    name: 'exec',
    args: { command, ...(workdir ? { workdir } : {}), ...(slow ? { yieldMs: 110000 } : {}) },
    what,
    lang,
    expect,
    open,
    noise,
    ...(change ? { change } : {}),
    places: [
      { role: 'cwd', dir: cwd, first: null, last: null },
      ...named.map((name) =>
        typeof name === 'string'
          ? { role: 'named', path: name, first: 1, last: Math.max(1, world.doc(name).lines.length), whole: true }
          : { role: 'named', ...name },
      ),
      ...output.map((place) => ({ role: 'output', ...place })),
    ],
  };
}
/** Every line that carries the mark, found in the files as they are now. */
export function marked(world, mark) {
  const found = [];
  for (const [file, doc] of world.docs)
    doc.lines.forEach((line, i) => {
      const text = bare(line.text);
      const at = text.indexOf('mark: ');
      if (
        at >= 0 &&
        text
          .slice(at + 6)
          .split(/\s+/)
          .includes(mark)
      )
        found.push({ path: file, first: i + 1, last: i + 1 });
    });
  if (!found.length) throw new Error(`no line is marked ${mark}`);
  return found;
}
/** Every line of some files that holds the text. */
export function holding(world, files, needle) {
  const found = [];
  for (const file of files)
    world.doc(file).lines.forEach((line, i) => {
      if (line.text.includes(needle)) found.push({ path: file, first: i + 1, last: i + 1 });
    });
  return found;
}
