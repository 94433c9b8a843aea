// Entry for the test bed (`--scenarios`): one conversation per subject. The calls are not a list: each is made when the model is asked
// for it, from the files as they are then, by a generator with a fixed seed.
import { World, scripted } from './seed/labels/world.mjs';
import { ROOT, badEdit, edit, exec, given, holding, langOf, marked, patch, read, write } from './seed/labels/calls.mjs';
import { LANGS } from './seed/labels/project.mjs';
import { RUNS } from './seed/labels/runs.mjs';
import { specials } from './seed/labels/specials.mjs';
import { chance, numbers, pick } from './seed/labels/chance.mjs';

const world = new World(ROOT, '/tmp/labels');
let started = false;
const start = () => {
  if (!started) world.start();
  started = true;
};

export const comments = (lang, session, rng, n) =>
  Array.from({ length: n }, () => LANGS[lang].comment(`note ${session} ${Math.floor(rng() * 1e6)}`));
const blocksOf = (doc) => {
  const starts = doc.lines.flatMap((line, i) => (/rule \w\w-\d+:/.test(line.text) ? [i] : []));
  return starts.map((at, i) => ({ at, end: starts[i + 1] ?? doc.lines.length - (doc.path.endsWith('.java') ? 1 : 0) }));
};
/** One planned change in a block of a rules file. */
function change(doc, lang, session, rng, block) {
  const text = (i) => doc.lines[i].text;
  const find = (part) => {
    for (let i = block.at; i < block.end; i++) if (text(i).includes(part)) return i;
    return -1;
  };
  const kind = pick(rng, ['constant', 'constant', 'header', 'insert', 'insert', 'middle', 'remove', 'several', 'twin']);
  const limit = find('qty > ');
  switch (kind) {
    case 'constant':
      return limit < 0
        ? undefined
        : { at: limit, del: 1, put: [text(limit).replace(/qty > \d+/, `qty > ${pick(rng, [10, 15, 20, 25, 30, 35])}`)] };
    case 'header':
      return { at: block.at, del: 1, put: [text(block.at).replace(/ from step/, `, revised ${Math.floor(rng() * 1e4)}, from step`)] };
    case 'insert':
      return { at: block.at + 1, del: 0, put: comments(lang, session, rng, 1 + Math.floor(rng() * 3)) };
    case 'middle': {
      const at = find('total = base') < 0 ? find('total := base') : find('total = base');
      return at < 0 ? undefined : { at: at + 1, del: 0, put: comments(lang, session, rng, 1) };
    }
    case 'remove': {
      const at = find('keep ');
      return at < 0 ? undefined : { at, del: 1, put: [] };
    }
    case 'several':
      return limit < 0
        ? undefined
        : {
            at: limit - 1,
            del: 3,
            put: [
              text(limit - 1),
              ...comments(lang, session, rng, 2),
              text(limit).replace(/qty > \d+/, `qty > ${40 + Math.floor(rng() * 50)}`),
              text(limit + 1),
            ],
          };
    case 'twin': {
      // The body becomes that of another block, word for word: the new text now stands in the file several times.
      const blocks = blocksOf(doc).slice(0, -1);
      // Only between functions that begin alike, so that what is put is a whole body.
      const plain = (one) => text(one.at + 1).includes('price') && text(one.at + 2).includes('total');
      const others = blocks.filter((other) => other.at !== block.at && other.end - other.at === block.end - block.at && plain(other));
      if (!plain(block) || block.end === doc.lines.length || !blocks.some((one) => one.at === block.at)) return undefined;
      if (!others.length) return undefined;
      const other = pick(rng, others);
      const size = block.end - block.at - 3;
      return { at: block.at + 2, del: size, put: doc.lines.slice(other.at + 2, other.at + 2 + size).map((line) => line.text) };
    }
  }
}
const changes = (doc, lang, session, rng, n) => {
  const made = numbers(rng, blocksOf(doc), n)
    .map((block) => change(doc, lang, session, rng, block))
    .filter(Boolean)
    .filter((s) => s.put.length !== s.del || s.put.some((line, i) => line !== doc.lines[s.at + i].text));
  if (!made.length) throw new Error('not unique');
  return made;
};
export const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const LANGUAGE = { py: 'python', ts: 'typescript', rs: 'rust', go: 'go', java: 'java', c: 'c' };
function look(key, rng) {
  const lang = LANGUAGE[key];
  const files = LANGS[key].rules;
  const file = pick(rng, files);
  const doc = world.doc(file);
  const block = pick(rng, blocksOf(doc));
  const tag = /rule (\w\w-\d+)/.exec(doc.lines[block.at].text)[1];
  const needle = `rule ${tag}`;
  const dir = file.split('/').slice(0, -1).join('/');
  const base = file.split('/').at(-1);
  const siblings = [...world.docs.keys()].filter((name) => name.startsWith(LANGS[key].root + '/'));
  const from = 1 + Math.floor(rng() * (doc.lines.length - 20)),
    to = from + 5 + Math.floor(rng() * 12);
  const wide = { output: holding(world, siblings, needle), lang, what: 'grep' };
  const one = holding(world, [file], needle);
  switch (Math.floor(rng() * 13)) {
    case 0:
      return exec(world, `grep -rn ${quote(needle)} ${LANGS[key].root}`, wide);
    case 1:
      return exec(world, `cd ${LANGS[key].root} && grep -rn ${quote(needle)} .`, wide);
    case 2:
      return exec(world, `rg -n ${quote(needle)} .`, { ...wide, workdir: `${ROOT}/${LANGS[key].root}` });
    case 3:
      return exec(world, `rg -n --column ${quote(needle)} ${LANGS[key].root}`, wide);
    case 4:
      return exec(world, `rg --heading -n ${quote(needle)} ${LANGS[key].root}`, {
        ...wide,
        output: wide.output.map((p) => ({ ...p, implied: true })),
      });
    case 5:
      return exec(world, `grep -n ${quote(needle)} ${file}`, {
        lang,
        what: 'grep',
        named: [file],
        output: one.map((p) => ({ ...p, implied: true })),
      });
    case 6:
      return exec(world, `cd ${dir} && grep -nH ${quote(needle)} ${base}`, { lang, what: 'grep', named: [file], output: one });
    case 7: {
      const near = one.flatMap((p) => [-1, 1].map((d) => p.first + d)).filter((n) => n >= 1 && n <= doc.lines.length);
      return exec(world, `grep -nH -C1 ${quote(needle)} ${file}`, {
        lang,
        what: 'grep',
        named: [file],
        output: [...one, ...near.map((n) => ({ path: file, first: n, last: n, optional: true }))],
      });
    }
    case 8:
      return exec(world, `sed -n '${from},${to}p' ${file}`, {
        lang,
        what: 'shell-read',
        named: [{ path: file, first: from, last: Math.min(to, doc.lines.length) }],
      });
    case 9:
      return exec(world, `cd ${dir} && head -n ${from + 3} ${base} | tail -n 4`, { lang, what: 'shell-read', named: [file] });
    case 10:
      return exec(world, `awk '/${needle}/ { print FILENAME ":" FNR ": " $0 }' ${files.join(' ')}`, {
        ...wide,
        output: holding(world, files, needle),
        named: files,
      });
    case 11:
      return exec(world, `git -C shop grep -n ${quote(needle)} -- ${file.split('/').slice(1).join('/')}`, {
        lang,
        what: 'grep',
        named: [file],
        output: one,
      });
    default:
      return exec(world, `wc -l ${base} && tail -n 3 ${ROOT}/${file}`, {
        lang,
        what: 'shell-read',
        workdir: `${ROOT}/${dir}`,
        named: [file],
      });
  }
}

function someCall(lang, session, rng) {
  const file = pick(rng, LANGS[lang].rules);
  const doc = world.doc(file);
  const as = chance(rng, 0.3) ? pick(rng, Object.values(given))(file) : file;
  const roll = rng();
  if (roll < 0.06) return read(world, file, { as });
  if (roll < 0.18) {
    const offset = 1 + Math.floor(rng() * (doc.lines.length - 5));
    return read(world, file, { as, offset, limit: 3 + Math.floor(rng() * 40), what: 'read.range' });
  }
  if (roll < 0.21) return read(world, file, { as, limit: 5 + Math.floor(rng() * 60), what: 'read.limit' });
  if (roll < 0.24)
    return read(world, file, { as, offset: Math.max(1, doc.lines.length - 4 - Math.floor(rng() * 50)), what: 'read.offset' });
  if (roll < 0.42) return edit(world, file, changes(doc, lang, session, rng, 1), { as, what: 'edit.one', context: Math.floor(rng() * 3) });
  if (roll < 0.52) return edit(world, file, changes(doc, lang, session, rng, 2 + Math.floor(rng() * 4)), { as, what: 'edit.many' });
  if (roll < 0.58) {
    const [s] = changes(doc, lang, session, rng, 1);
    if (s.del !== 1 || s.put.length !== 1) throw new Error('not unique');
    return edit(world, file, [s], { as, what: 'edit.part', partial: true });
  }
  if (roll < 0.6) return edit(world, file, [{ at: 0, del: 0, put: comments(lang, session, rng, 1) }], { as, what: 'edit.top' });
  if (roll < 0.62)
    return edit(world, file, [{ at: doc.lines.length, del: 0, put: comments(lang, session, rng, 2) }], { as, what: 'edit.end' });
  if (roll < 0.68) return write(world, file, { as, splices: changes(doc, lang, session, rng, 2), what: 'write.over' });
  if (roll < 0.8)
    return patch(
      world,
      [{ update: file, splices: changes(doc, lang, session, rng, 1 + Math.floor(rng() * 4)), context: 1 + Math.floor(rng() * 3) }],
      { what: 'patch.update' },
    );
  if (roll < 0.84) {
    const two = numbers(rng, LANGS[lang].rules, 2);
    return patch(
      world,
      two.map((name) => ({ update: name, splices: changes(world.doc(name), lang, session, rng, 2) })),
      { what: 'patch.files' },
    );
  }
  return look(lang, rng);
}
/** Not every plan works out (text that is not unique, windows that overlap): then another one is made. */
export function attempt(make) {
  for (let turn = 0; turn < 60; turn++)
    try {
      return make();
    } catch (error) {
      if (!/not unique|overlap/.test(error.message)) throw error;
    }
  throw new Error('no call could be made');
}

function* editing(lang, session, rng, n) {
  for (let k = 0; k < n;) {
    if (chance(rng, 0.05)) {
      yield [
        attempt(() => look(lang, rng)),
        read(world, pick(rng, LANGS[lang].rules), { offset: 5, limit: 20, what: 'read.range' }),
        attempt(() => look(lang, rng)),
      ];
      k += 3;
    } else {
      yield [attempt(() => someCall(lang, session, rng))];
      k++;
    }
  }
}
function* tracing(lang, session, rng, rounds) {
  for (let round = 0; round < rounds; round++)
    for (const run of RUNS[lang]) {
      if (chance(rng, round === 0 ? 0.5 : 0.9)) {
        const file = pick(rng, LANGS[lang].steps);
        const doc = world.doc(file);
        const steps = doc.lines.flatMap((line, i) => (line.text.includes('step: ') ? [i] : []));
        const put = comments(lang, session, rng, 1 + Math.floor(rng() * 3));
        const s = [{ at: pick(rng, steps), del: 0, put }];
        yield [
          attempt(() =>
            chance(rng, 0.3)
              ? patch(world, [{ update: file, splices: s }], { what: 'patch.update' })
              : edit(world, file, s, { what: 'edit.shift' }),
          ),
        ];
      }
      const { command, marks, ...rest } = run;
      const output = [...new Map(marks.flatMap((mark) => marked(world, mark)).map((p) => [`${p.path}:${p.first}`, p])).values()];
      yield [exec(world, command, { ...rest, output })];
      if (chance(rng, 0.4)) {
        const place = pick(rng, output);
        yield [read(world, place.path, { offset: Math.max(1, place.first - 3), limit: 7, what: 'read.range' })];
      }
    }
}

const seeded = (text) => {
  let a = [...text].reduce((sum, ch) => (sum * 31 + ch.charCodeAt(0)) >>> 0, 7);
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};
const talks = {};
for (const lang of Object.keys(LANGS)) {
  talks[`labels_edit_${lang}`] = (name, rng) => editing(lang, name, rng, 55);
  talks[`labels_trace_${lang}`] = (name, rng) => tracing(lang, name, rng, lang === 'py' || lang === 'ts' ? 2 : 3);
  talks[`labels_again_${lang}`] = (name, rng) => editing(lang, name, rng, 30);
}
const tools = { world, attempt, comments, quote, langOf, badEdit, direct: (process.env.NEMOBED_VERSION ?? '').startsWith('2026.9') };
for (const [name, talk] of Object.entries(specials)) talks[`labels_${name}`] = (session, rng) => talk(tools, session, rng);

export const scripts = Object.fromEntries(
  Object.entries(talks).map(([name, talk]) => [
    name,
    scripted(world, name, () => {
      start();
      return talk(name, seeded(name));
    }),
  ]),
);
export const plans = Object.fromEntries(
  Object.keys(talks).map((name) => [
    name,
    [{ key: name.replaceAll('_', '-'), script: name, message: `Work through the list of ${name.slice(7)}.`, timeoutMs: 300000 }],
  ]),
);
export const all = [
  ...Object.keys(LANGS).map((lang) => `labels_edit_${lang}`),
  ...Object.keys(LANGS).map((lang) => `labels_trace_${lang}`),
  ...Object.keys(specials).map((name) => `labels_${name}`),
  ...Object.keys(LANGS).map((lang) => `labels_again_${lang}`),
];
