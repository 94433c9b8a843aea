// Conversations about one difficulty each: line ends, letters, long files, twins, files of one name, ways to write a path, patches,
// moves, failures, memory, several calls at once. Signature: (tools, session, rng) => generator of lists of calls.
import { ROOT, badEdit, edit, exec, given, holding, langOf, patch, read, write } from './calls.mjs';
import { chance, numbers, pick } from './chance.mjs';
import { docOf, splice } from './doc.mjs';

const int = (rng, n) => Math.floor(rng() * n);
const none = [];
/** Versions differ in whether they do it; the files say what came of it. */
const mayFail = (call) => ({ ...call, expect: 'any' });
const missing = (name, args, what, lang = 'text') => ({ name, args, what, lang, expect: 'fail', places: none });
/** n changes of whole lines anywhere in a file: replaced, put in, or taken out. */
function anywhere(doc, rng, n, word) {
  const made = [];
  const taken = numbers(
    rng,
    doc.lines.map((_, i) => i).filter((i) => i % 4 === 0 && i + 2 < doc.lines.length),
    n,
  );
  for (const at of taken) {
    const text = `${word} ${int(rng, 1e6)}`;
    made.push(
      pick(rng, [
        { at, del: 1, put: [text] },
        { at, del: 0, put: [text, `${text} more`] },
        { at, del: 2, put: [] },
        { at, del: 2, put: [text, `${text} b`, `${text} c`] },
      ]),
    );
  }
  return made;
}

/** Edits, writes, patches and reads in a few text files. */
function* inFiles({ world, attempt, quote }, session, rng, files, n, { word = 'changed line', patches = true } = {}) {
  for (let k = 0; k < n; k++)
    yield [
      attempt(() => {
        const file = pick(rng, files);
        const doc = world.doc(file);
        const roll = rng();
        if (roll < 0.3) return read(world, file, { offset: 1 + int(rng, doc.lines.length), limit: 1 + int(rng, 25), what: 'read.range' });
        if (roll < 0.5) return edit(world, file, anywhere(doc, rng, 1, word), { what: 'edit.one', context: int(rng, 2) });
        if (roll < 0.65) return edit(world, file, anywhere(doc, rng, 3, word), { what: 'edit.many' });
        if (roll < 0.72) return write(world, file, { splices: anywhere(doc, rng, 2, word), what: 'write.over' });
        if (roll < 0.85 && patches) return patch(world, [{ update: file, splices: anywhere(doc, rng, 2, word) }], { what: 'patch.update' });
        const line = pick(rng, doc.lines).text.replace('\r', '');
        if (line.length < 4) throw new Error('not unique');
        const found = holding(world, [file], line);
        if (found.length > 12) throw new Error('not unique');
        return exec(world, `grep -nHF -- ${quote(line)} ${quote(file)}`, { what: 'grep', named: [file], output: found });
      }),
    ];
}

export const specials = {
  *crlf(tools, session, rng) {
    const { world } = tools;
    yield [read(world, 'shop/docs/windows.txt')];
    yield* inFiles(tools, session, rng, ['shop/docs/windows.txt', 'shop/docs/config.ini'], 34);
    yield [read(world, 'shop/docs/config.ini')];
  },
  *unicode(tools, session, rng) {
    const { world } = tools;
    const files = [
      'shop/docs/unicode.md',
      'shop/docs/Größe 1.md',
      'shop/docs/bom.txt',
      'shop/docs/no newline.txt',
      'shop/docs/[draft] (1).md',
    ];
    for (const file of files) yield [read(world, file, { as: pick(rng, [given.rel, given.abs, given.dot])(file) })];
    yield* inFiles(tools, session, rng, files, 40, { word: 'neue Zeile – «ü» 🙂' });
    for (const file of files) yield [read(world, file, { limit: 9, what: 'read.limit' })];
  },
  *long(tools, session, rng) {
    const { world, attempt } = tools;
    const file = 'shop/docs/long.md';
    yield [read(world, file)];
    yield [read(world, file, { offset: 2001, what: 'read.offset' })];
    yield [read(world, 'shop/docs/wide.txt')];
    yield [read(world, 'shop/docs/wide.txt', { offset: 250, what: 'read.offset' })];
    for (let k = 0; k < 26; k++) {
      const doc = world.doc(file);
      const at = () => int(rng, doc.lines.length - 10);
      yield [
        attempt(() => {
          const roll = rng();
          if (roll < 0.35) return read(world, file, { offset: 1 + at(), limit: 5 + int(rng, 60), what: 'read.range' });
          if (roll < 0.65)
            return edit(
              world,
              file,
              [{ at: at(), del: 1 + int(rng, 3), put: Array.from({ length: int(rng, 4) }, () => `Edited ${int(rng, 1e6)}`) }],
              { what: 'edit.one' },
            );
          if (roll < 0.85) return patch(world, [{ update: file, splices: anywhere(doc, rng, 3, 'Patched') }], { what: 'patch.update' });
          const line = doc.lines[at()].text;
          if (!line.startsWith('Entry')) throw new Error('not unique');
          return exec(world, `grep -n '${line.slice(0, 10)}' ${file} /dev/null`, {
            what: 'grep',
            named: [file],
            output: holding(world, [file], line.slice(0, 10)),
          });
        }),
      ];
    }
  },
  // Near-equal blocks: the old text is made unique by what stands around it, the new text stands in the file many times.
  *twins(tools, session, rng) {
    const { world } = tools;
    const file = 'shop/docs/twins.txt';
    const body = ['  open()', '  step()', '  step()', '  close()', ''];
    const text = Array.from({ length: 24 }, (_, i) => [`case ${i + 1}`, ...body]).flat();
    yield [write(world, file, { content: text.join('\n') + '\n', what: 'write.new' })];
    const cases = () => world.doc(file).lines.flatMap((line, i) => (line.text.startsWith('case ') ? [i] : none));
    for (let k = 0; k < 34; k++) {
      const at = pick(rng, cases().slice(0, -1));
      const doc = world.doc(file);
      const step = [1, 2, 3].find((d) => doc.lines[at + d]?.text === '  step()');
      const roll = rng();
      if (roll < 0.35 && step) yield [edit(world, file, [{ at: at + step, del: 1, put: ['  wait()'] }], { what: 'edit.twin' })];
      else if (roll < 0.5) yield [edit(world, file, [{ at: at + 2, del: 0, put: ['  step()'] }], { what: 'edit.twin' })];
      else if (roll < 0.6) yield [edit(world, file, [{ at: at + 1, del: 1, put: [] }], { what: 'edit.twin' })];
      else if (roll < 0.85 && step)
        yield [
          mayFail(
            patch(
              world,
              [{ update: file, splices: [{ at: at + step, del: 1, put: ['  wait()'], header: doc.lines[at].text }], context: 0 }],
              { what: 'patch.twin' },
            ),
          ),
        ];
      else yield [read(world, file, { offset: at + 1, limit: 6, what: 'read.range' })];
    }
    yield [
      exec(world, `grep -n 'wait()' ${file} /dev/null | head -n 12`, {
        what: 'grep',
        named: [file],
        output: holding(world, [file], 'wait()').slice(0, 12),
      }),
    ];
  },
  *same(tools, session, rng) {
    const { world, attempt } = tools;
    const files = [...world.docs.keys()].filter((file) => file.startsWith('shop/same/'));
    for (let k = 0; k < 44; k++) {
      const file = pick(rng, files);
      const doc = world.doc(file);
      const dir = file.split('/').slice(0, -1).join('/'),
        base = file.split('/').at(-1);
      yield [
        attempt(() => {
          const roll = rng();
          if (roll < 0.3)
            return read(world, file, { as: pick(rng, Object.values(given))(file), offset: 1 + int(rng, 20), limit: 5, what: 'read.range' });
          if (roll < 0.55)
            return edit(world, file, anywhere(doc, rng, 1 + int(rng, 2), '// same'), {
              as: pick(rng, Object.values(given))(file),
              what: 'edit.one',
            });
          if (roll < 0.7) return patch(world, [{ update: file, splices: anywhere(doc, rng, 1, '// same') }], { what: 'patch.update' });
          const line = doc.lines[int(rng, doc.lines.length)].text;
          const found = holding(world, [file], line);
          const all = holding(world, files, line);
          if (roll < 0.8)
            return exec(world, `grep -nH -- '${line}' ${base}`, { what: 'grep', workdir: `${ROOT}/${dir}`, named: [file], output: found });
          if (roll < 0.9)
            return exec(world, `cd ${dir} && rg -nH -F -- '${line}' ./${base}`, { what: 'grep', named: [file], output: found });
          if (all.length > 14) throw new Error('not unique');
          return exec(world, `cd shop/same && grep -rnF -- '${line}' a b`, { what: 'grep', output: all });
        }),
      ];
    }
  },
  *paths(tools, session, rng) {
    const { world, direct } = tools;
    const file = 'shop/web/src/pricing/index.ts';
    for (const way of Object.values(given)) {
      yield [read(world, file, { as: way(file), offset: 10, limit: 5, what: 'read.path' })];
      const doc = world.doc(file);
      yield [
        edit(
          world,
          file,
          [{ at: doc.lines.findIndex((line) => /rule tb-0/.test(line.text)) + int(rng, 3) * 10, del: 0, put: [`// way ${int(rng, 1e6)}`] }],
          { as: way(file), what: 'edit.path' },
        ),
      ];
    }
    yield [mayFail(read(world, file, { as: 'shop/latest.ts', offset: 4, limit: 6, what: 'read.link' }))];
    yield [read(world, 'shop/web/src/stock/index.ts', { as: 'shop/current/stock/index.ts', offset: 4, limit: 6, what: 'read.link' })];
    yield [read(world, 'shop/svc/stock/util.py', { as: `${ROOT}/shop/native/shared/util.py`, limit: 12, what: 'read.link' })];
    yield [
      edit(world, 'shop/web/src/stock/index.ts', [{ at: 2, del: 0, put: ['// through a link'] }], {
        as: 'shop/current/stock/index.ts',
        what: 'edit.link',
      }),
    ];
    yield [
      edit(world, 'shop/svc/stock/util.py', [{ at: 2, del: 0, put: ['# through a link'] }], {
        as: 'shop/native/shared/util.py',
        what: 'edit.link',
      }),
    ];
    yield [
      exec(world, "grep -n 'through a link' shop/current/stock/index.ts shop/native/shared/util.py", {
        what: 'grep',
        lang: 'typescript',
        named: ['shop/web/src/stock/index.ts', 'shop/svc/stock/util.py'],
        output: holding(world, ['shop/web/src/stock/index.ts', 'shop/svc/stock/util.py'], 'through a link'),
      }),
    ];
    yield [exec(world, 'cat ~/.openclaw/workspace/shop/README.md', { what: 'shell-read', named: ['shop/README.md'] })];
    yield [
      exec(world, "sed -n '3,6p' ../shop/README.md", {
        what: 'shell-read',
        workdir: `${ROOT}/shop`,
        named: [{ path: 'shop/README.md', first: 3, last: 6 }],
      }),
    ];
    yield [
      exec(world, 'cat \'shop/docs/[draft] (1).md\' "shop/docs/no newline.txt"', {
        what: 'shell-read',
        named: ['shop/docs/[draft] (1).md', 'shop/docs/no newline.txt'],
      }),
    ];
    yield [exec(world, 'cat -n shop/README.md', { what: 'shell-read', named: ['shop/README.md'] })];
    yield [
      exec(world, 'pushd shop/web >/dev/null; (cd ../svc; grep -nH Totals report/deep/totals.py); popd >/dev/null', {
        what: 'grep',
        lang: 'python',
        named: ['shop/svc/report/deep/totals.py'],
        output: holding(world, ['shop/svc/report/deep/totals.py'], 'Totals'),
      }),
    ];
    yield [
      exec(world, 'for f in a b; do grep -nH "index.js 1$" same/$f/index.js; done', {
        what: 'grep',
        lang: 'javascript',
        workdir: `${ROOT}/shop`,
        output: ['a', 'b'].flatMap((d) =>
          holding(world, [`shop/same/${d}/index.js`], `${d} index.js 1`).filter((p) =>
            world.doc(p.path).lines[p.first - 1].text.endsWith('index.js 1'),
          ),
        ),
      }),
    ];
    for (const dir of ['shop', 'shop/web/src', 'shop/docs', 'shop/same/a/lib', 'shop/current', '.'])
      yield [
        direct
          ? { name: 'ls', args: { path: dir }, what: 'ls', lang: 'text', places: [{ role: 'list', dir, first: null, last: null }] }
          : exec(world, `ls -la ${dir}`, { what: 'ls' }),
      ];
    yield [read(world, 'MEMORY.md'), read(world, 'AGENTS.md', { limit: 3, what: 'read.limit' })];
    yield [missing('read', { path: '/usr/include/stdio.h', offset: 20, limit: 5 }, 'read.outside')].map((call) => ({
      ...call,
      expect: 'ok',
      places: [{ role: 'outside', dir: '/usr/include/stdio.h', first: null, last: null }],
    }));
    yield [
      exec(world, 'grep -n "define NULL" /usr/include/libio.h /usr/include/stdlib.h; grep -n "int puts" /usr/include/stdio.h /dev/null', {
        what: 'outside',
      }),
    ];
    // What looks like a place and is none: other machines, other times, files that are not there, lines beyond the end.
    const log = {
      what: 'noise',
      named: ['shop/docs/old-run.log'],
      open: ['shop/svc/cart.py', 'shop/web/src/trace/cart.ts'],
      noise: [
        'lib/nothing.ts:12:5',
        '/usr/lib/python3/nothing.py:9',
        'localhost:8080',
        '12:30:45',
        'cart.ts:v2:7',
        'src/trace/cart.ts:400',
      ],
    };
    yield [exec(world, 'cat shop/docs/old-run.log', log)];
    yield [exec(world, 'tail -n 6 old-run.log', { ...log, workdir: `${ROOT}/shop/docs`, open: ['shop/web/src/trace/cart.ts'] })];
    yield [
      exec(world, "echo 'see shop/README.md:4000 and nowhere.py:3 and http://127.0.0.1:9/index.js:1'", {
        what: 'noise',
        open: ['shop/README.md'],
        noise: ['shop/README.md:4000', 'nowhere.py:3'],
      }),
    ];
    yield [
      exec(world, "echo 'TODO at shop/README.md:3'; echo 'and (shop/docs/no newline.txt:2)'", {
        what: 'said',
        output: [
          { path: 'shop/README.md', first: 3, last: 3 },
          { path: 'shop/docs/no newline.txt', first: 2, last: 2, optional: true },
        ],
        open: ['shop/README.md'],
      }),
    ];
  },
  *patches(tools, session, rng) {
    const { world, attempt, comments } = tools;
    const body = (n, word) => Array.from({ length: n }, (_, i) => `${word} ${i + 1}`);
    for (let k = 0; k < 6; k++) {
      yield [
        patch(
          world,
          [
            { add: `shop/new/p${k}/one.txt`, lines: body(4 + k, `one ${k}`) },
            { add: `shop/new/p${k}/two.txt`, lines: body(9, `two ${k}`) },
          ],
          { what: 'patch.add' },
        ),
      ];
      yield [
        attempt(() =>
          patch(
            world,
            [
              {
                update: `shop/new/p${k}/two.txt`,
                splices: [
                  { at: 2, del: 1, put: ['x', 'y'] },
                  { at: 6, del: 0, put: [`put ${k}`] },
                ],
              },
              { add: `shop/new/p${k}/three.txt`, lines: body(3, 'three') },
              { remove: `shop/new/p${k}/one.txt` },
            ],
            { what: 'patch.mixed' },
          ),
        ),
      ];
      yield [
        patch(
          world,
          [{ update: `shop/new/p${k}/two.txt`, to: `shop/new/moved/two-${k}.txt`, splices: [{ at: 0, del: 1, put: [`first of ${k}`] }] }],
          { what: 'patch.move' },
        ),
      ];
      yield [read(world, `shop/new/moved/two-${k}.txt`, { offset: 3, limit: 4, what: 'read.range' })];
      yield [
        attempt(() =>
          edit(world, `shop/new/moved/two-${k}.txt`, anywhere(world.doc(`shop/new/moved/two-${k}.txt`), rng, 1, 'after the move'), {
            what: 'edit.one',
          }),
        ),
      ];
    }
    for (let k = 0; k < 4; k++) {
      const file = pick(rng, ['shop/svc/pricing/util.py', 'shop/svc/stock/util.py']);
      const doc = world.doc(file);
      const defs = doc.lines.flatMap((line, i) => (line.text.startsWith('def price') ? [i] : none));
      const at = pick(rng, defs);
      // By a header: the lines themselves stand in the file many times.
      yield [
        mayFail(
          patch(
            world,
            [
              {
                update: file,
                splices: [{ at: at + 1, del: 0, put: comments('py', session, rng, 1), header: doc.lines[at].text, floor: at + 1 }],
                context: 1,
              },
            ],
            { what: 'patch.header' },
          ),
        ),
      ];
      const now = world.doc(file);
      yield [
        patch(
          world,
          [
            {
              update: file,
              splices: [{ at: now.lines.length - 1, del: 1, put: [now.lines.at(-1).text, `# end ${k} ${int(rng, 1e6)}`], eof: true }],
              context: 2,
            },
          ],
          { what: 'patch.eof' },
        ),
      ];
    }
    yield [
      {
        ...patch(world, [{ update: 'shop/README.md', splices: [{ at: 2, del: 1, put: ['Six parts.'] }] }], { what: 'patch.abs' }),
        args: undefined,
      },
    ].map((call) => {
      const made = patch(
        world,
        [{ update: 'shop/README.md', as: `${ROOT}/shop/README.md`, splices: [{ at: 2, del: 1, put: ['Six parts.'] }] }],
        { what: 'patch.abs' },
      );
      return { ...call, ...made };
    });
    const wrap = (lines) => ({ input: ['*** Begin Patch', ...lines, '*** End Patch'].join('\n') });
    const target = [{ role: 'target', path: 'shop/README.md', first: null, last: null }];
    yield [
      {
        ...missing('apply_patch', wrap(['*** Update File: shop/README.md', '@@', '-not in this file', '+never']), 'patch.miss'),
        places: target,
      },
    ];
    yield [missing('apply_patch', wrap(['*** Update File: shop/nowhere.md', '@@', '-a', '+b']), 'patch.nofile')];
    yield [missing('apply_patch', { input: 'no patch at all' }, 'patch.bad')];
    yield [missing('apply_patch', wrap(['*** Delete File: shop/not-there.txt']), 'patch.nofile')];
    // The first half succeeds before the second fails, or neither: the files say which.
    const half = docOf('shop/new/half.txt', 'half 1\nhalf 2\n');
    yield [
      {
        ...missing(
          'apply_patch',
          wrap([
            '*** Add File: shop/new/half.txt',
            '+half 1',
            '+half 2',
            '*** Update File: shop/README.md',
            '@@',
            '-not in this file',
            '+never',
          ]),
          'patch.half',
        ),
        change: new Map([[half.path, half]]),
        places: [{ role: 'add', path: half.path, first: 1, last: 2, whole: true, when: 'after' }],
      },
    ];
  },
  *moves(tools, session, rng) {
    const { world, attempt } = tools;
    const file = (n) => `shop/moves/f${n}.txt`;
    for (let n = 0; n < 8; n++)
      yield [
        write(world, file(n), {
          content: Array.from({ length: 20 + n }, (_, i) => `f${n} line ${i + 1}`).join('\n') + '\n',
          what: 'write.new',
        }),
      ];
    for (let n = 0; n < 8; n++) yield [edit(world, file(n), anywhere(world.doc(file(n)), rng, 2, `edited f${n}`), { what: 'edit.many' })];
    const move = (from, to) =>
      new Map([
        [to, { ...world.doc(from), path: to }],
        [from, null],
      ]);
    yield [
      exec(world, `mv ${file(0)} shop/moves/renamed.txt`, {
        what: 'shell-move',
        named: [],
        change: move(file(0), 'shop/moves/renamed.txt'),
      }),
    ];
    yield [
      exec(world, `mkdir -p deep && mv f1.txt deep/f1.txt`, {
        what: 'shell-move',
        workdir: `${ROOT}/shop/moves`,
        change: move(file(1), 'shop/moves/deep/f1.txt'),
      }),
    ];
    yield [exec(world, `rm ${file(2)}`, { what: 'shell-remove', change: new Map([[file(2), null]]) })];
    yield [
      exec(world, `cp ${file(3)} shop/moves/copy.txt`, {
        what: 'shell-copy',
        named: [file(3)],
        change: new Map([
          [
            'shop/moves/copy.txt',
            docOf(
              'shop/moves/copy.txt',
              world
                .doc(file(3))
                .lines.map((line) => line.text)
                .join('\n') + '\n',
            ),
          ],
        ]),
      }),
    ];
    yield [write(world, file(2), { content: 'another file\nunder the old name\nf2 line 3\n', what: 'write.again' })];
    yield [read(world, file(2))];
    yield [read(world, 'shop/moves/renamed.txt', { offset: 2, limit: 5, what: 'read.range' })];
    yield [edit(world, 'shop/moves/copy.txt', anywhere(world.doc('shop/moves/copy.txt'), rng, 2, 'in the copy'), { what: 'edit.many' })];
    // Lines changed by the shell, known because they were planned.
    for (let k = 0; k < 6; k++) {
      const name = pick(rng, [file(4), file(5), 'shop/moves/deep/f1.txt']);
      const at = 3 + int(rng, 8);
      const made = chance(rng, 0.5)
        ? splice(world.doc(name), [{ at, del: 1, put: [] }])
        : splice(world.doc(name), [{ at: at + 1, del: 0, put: [`by sed ${k}`] }]);
      const command =
        made.doc.lines.length < world.doc(name).lines.length ? `sed -i '${at + 1}d' ${name}` : `sed -i '${at + 1}a by sed ${k}' ${name}`;
      yield [{ ...exec(world, command, { what: 'shell-edit', named: [name], change: new Map([[name, made.doc]]) }) }].map((call) => ({
        ...call,
        places: call.places
          .map((place) => (place.role === 'named' ? { ...place, last: 1, optional: true } : place))
          .concat(made.places.map((place) => ({ role: 'shell', path: name, ...place, optional: true, when: 'after' }))),
      }));
      yield [attempt(() => read(world, name, { offset: Math.max(1, at - 2), limit: 6, what: 'read.range' }))];
    }
    yield [
      exec(world, `printf 'one\\ntwo\\n' > ${file(6)}`, {
        what: 'shell-write',
        named: [],
        change: new Map([[file(6), docOf(file(6), 'one\ntwo\n')]]),
      }),
    ].map((call) => ({
      ...call,
      places: [...call.places, { role: 'shell', path: file(6), first: 1, last: 2, optional: true, when: 'after' }],
    }));
    yield [mayFail(write(world, file(7), { content: '', what: 'write.empty' }))];
    yield [mayFail(write(world, 'shop/moves/empty/new.txt', { content: '', what: 'write.empty' }))];
    yield [write(world, 'shop/moves/no-end.txt', { content: 'a\nb\nc', what: 'write.new' })];
    yield [write(world, 'shop/moves/crlf.txt', { content: 'a\r\nb\r\nc\r\n', what: 'write.new' })];
    yield [edit(world, 'shop/moves/crlf.txt', [{ at: 1, del: 1, put: ['B'] }], { what: 'edit.crlf' })];
    // There and back again.
    for (let k = 0; k < 4; k++) {
      const name = 'shop/moves/no-end.txt';
      yield [edit(world, name, [{ at: 1, del: 1, put: [k % 2 ? 'b' : 'changed'] }], { what: 'edit.back' })];
    }
    yield [
      exec(world, 'git mv README.md READ.md && git mv READ.md README.md && git status --short | head -n 3', {
        what: 'git',
        workdir: `${ROOT}/shop`,
        open: ['*'],
      }),
    ];
    yield [exec(world, 'git -C shop diff --stat | tail -n 3', { what: 'git', open: ['*'] })];
    yield [exec(world, 'cd shop && git diff -U0 README.md docs/config.ini | head -n 40', { what: 'git', open: ['*'] })];
    yield [exec(world, 'cd shop && git log --oneline -3', { what: 'git' })];
  },
  *failing(tools) {
    const { world } = tools;
    const file = 'shop/svc/pricing/rules.py';
    const cart = 'shop/web/src/trace/cart.ts';
    yield [badEdit(file, [{ oldText: '    total = base * qty', newText: '    total = base' }], 'edit.several')];
    yield [badEdit(file, [{ oldText: '    return round(total, 2)', newText: '    return total' }], 'edit.several', given.abs(file))];
    yield [badEdit(file, [{ oldText: 'this stands nowhere', newText: 'x' }], 'edit.none')];
    yield [badEdit(file, [{ oldText: '', newText: 'x' }], 'edit.empty')];
    const line = world.doc(file).lines.find((entry) => /^def price/.test(entry.text)).text;
    yield [
      badEdit(
        file,
        [
          { oldText: line, newText: 'a' },
          { oldText: line.slice(0, 8), newText: 'b' },
        ],
        'edit.overlap',
      ),
    ];
    yield [
      badEdit(
        file,
        [
          { oldText: line, newText: 'def x():' },
          { oldText: 'nowhere to be found', newText: 'b' },
        ],
        'edit.half',
      ),
    ];
    yield [missing('edit', { path: 'shop/svc/pricing/rule.py', edits: [{ oldText: 'a', newText: 'b' }] }, 'edit.nofile', 'python')];
    yield [missing('edit', { path: file }, 'edit.noargs', 'python')].map((call) => ({
      ...call,
      places: [{ role: 'target', path: file, first: null, last: null }],
    }));
    for (const path of [
      'shop/svc/pricing/rule.py',
      'cart.ts',
      'svc/cart.py',
      '/sandbox/shop/README.md',
      'shop/web/src/cart.ts',
      '~/shop/README.md',
    ])
      yield [missing('read', { path }, 'read.nofile')];
    yield [missing('read', { path: 'shop/web' }, 'read.dir')].map((call) => ({
      ...call,
      places: [{ role: 'list', dir: 'shop/web', first: null, last: null, optional: true }],
    }));
    yield [read(world, cart, { offset: 4000, limit: 5, what: 'read.beyond' })].map(mayFail);
    yield [read(world, 'shop/README.md', { offset: 900, what: 'read.beyond' })].map(mayFail);
    yield [missing('read', { file: cart }, 'read.noargs')].map((call) => ({ ...call, open: [cart] }));
    yield [missing('write', { path: 'shop/web', content: 'x\n' }, 'write.dir')];
    yield [exec(world, 'cat shop/nothing.txt', { what: 'exec.fail', expect: 'fail' })];
    yield [exec(world, 'no-such-program shop/README.md', { what: 'exec.fail', expect: 'fail', named: ['shop/README.md'] })];
    yield [exec(world, 'exit 3', { what: 'exec.fail', expect: 'fail' })];
    yield [exec(world, 'grep -rn "nobody wrote this" shop/svc', { what: 'exec.fail', expect: 'fail' })];
    yield [exec(world, 'cd shop/nowhere && cat README.md', { what: 'exec.fail', expect: 'fail' })];
    yield [exec(world, 'python3 -c "import nothing_here"', { what: 'exec.fail', expect: 'fail', lang: 'python' })];
    yield [exec(world, 'node -e "null.x"', { what: 'exec.fail', expect: 'fail', lang: 'javascript' })];
    yield [exec(world, 'node shop/web/src/trace/gone.ts', { what: 'exec.fail', expect: 'fail', lang: 'typescript' })];
    // Last, since these end the turn in some versions.
    yield [missing('no_such_tool', { path: cart }, 'badtool')].map((call) => ({ ...call, open: [cart] }));
    yield [badEdit(file, [{ oldText: line, newText: line }], 'edit.same')].map(mayFail);
  },
  *memory(tools, session, rng) {
    const { world } = tools;
    const file = 'memory/2026-08-01.md';
    const get = (path, from, lines) => ({
      name: 'memory_get',
      args: { path, from, lines },
      what: 'memory',
      lang: 'text',
      places: [{ role: 'read', path, first: from, last: Math.min(world.doc(path).lines.length, from + lines - 1) }],
    });
    for (let k = 0; k < 8; k++) yield [get(file, 1 + int(rng, 30), 2 + int(rng, 8))];
    yield [get('MEMORY.md', 1, 3)];
    yield [edit(world, 'MEMORY.md', [{ at: 2, del: 0, put: ['- A note in between.'] }], { what: 'edit.one' })];
    yield [get('MEMORY.md', 2, 3)];
    yield [edit(world, file, anywhere(world.doc(file), rng, 2, '- changed note'), { what: 'edit.many' })];
    yield [get(file, 5, 4)];
    yield [
      write(world, 'memory/2026-09-01.md', {
        content: '# 2026-09-01\n\n- The shop moves in spring.\n- Keys are with Robin.\n',
        what: 'write.new',
      }),
    ];
    yield [get('memory/2026-09-01.md', 3, 2)];
  },
  // Tools of an MCP server that take a file and a line as arguments of their own.
  *mcp({ world }, session, rng) {
    const files = [
      'shop/svc/report/deep/totals.py',
      'shop/web/src/trace/cart.ts',
      'shop/gate/cart/cart.go',
      'shop/ledger/src/com/shop/report/Totals.java',
      'shop/docs/unicode.md',
    ];
    for (let k = 0; k < 14; k++) {
      const file = pick(rng, files);
      const total = world.doc(file).lines.length;
      const line = 1 + int(rng, total - 1);
      const count = 1 + int(rng, 4);
      if (k % 3 === 2)
        // Counted from 0, as language servers do.
        yield [
          {
            name: 'code__hover',
            args: { textDocument: { uri: `file://${ROOT}/${encodeURI(file)}` }, position: { line: line - 1, character: 2 } },
            what: 'mcp.hover',
            lang: langOf(file),
            places: [{ role: 'argument', path: file, first: line, last: line, optional: true }],
          },
        ];
      else
        yield [
          {
            name: 'code__lines',
            args: { file: k % 2 ? `${ROOT}/${file}` : file, line, ...(count > 1 ? { count } : {}) },
            what: 'mcp.lines',
            lang: langOf(file),
            places: [{ role: 'argument', path: file, first: line, last: Math.min(total, line + count - 1) }],
          },
        ];
    }
    yield [missing('code__lines', { file: 'shop/none.py', line: 3 }, 'mcp.nofile')];
  },
  // Several calls in one answer: their results come back together.
  *parallel(tools, session, rng) {
    const { world, attempt } = tools;
    const files = ['shop/svc/pricing/rules.py', 'shop/web/src/pricing/rules.ts', 'shop/gate/pricing/rules.go', 'shop/native/src/rules.c'];
    for (let k = 0; k < 8; k++) {
      const three = numbers(rng, files, 3);
      yield three.map((file) => read(world, file, { offset: 1 + int(rng, 200), limit: 4 + int(rng, 10), what: 'read.parallel' }));
      yield numbers(rng, files, 2).map((file) =>
        attempt(() => {
          const doc = world.doc(file);
          const at = pick(
            rng,
            doc.lines.flatMap((line, i) => (/rule \w\w-/.test(line.text) ? [i] : none)),
          );
          return edit(world, file, [{ at, del: 1, put: [doc.lines[at].text.replace('step', `step ${k}.`)] }], { what: 'edit.parallel' });
        }),
      );
    }
  },
};
