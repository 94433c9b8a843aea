// Makes a fixture of a recording: node label.mjs <recording> <fixture>
// Joins the watcher's log with the transcripts (by session, order and equal arguments, so that a call id is never guessed), follows
// the identity of each labelled line into the final files and through the human edits, and holds the labels against the outputs by a
// crude reading of them. What does not fit is printed; nothing is repaired here.
import cp from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { humanEdits } from './humanEdits.mjs';
import { transcriptsOf } from './transcripts.mjs';

const [from, to] = process.argv.slice(2);
if (!from || !to) throw new Error('usage: label.mjs <recording> <fixture>');
const log = fs
  .readFileSync(path.join(from, 'labels/log.jsonl'), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
const contentOf = (sha) => fs.readFileSync(path.join(from, 'labels/blobs', sha), 'utf8');
const linesOf = (text) => (text === '' ? [] : (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n'));
const complaints = [];
const complain = (about, ...words) =>
  complaints.push(`${about.session} ${about.step ?? ''}.${about.i ?? ''} ${about.what ?? ''}: ${words.join(' ')}`);

// ---- the final files, with the identities of their lines; then the same after the human edits
const final = new Map();
for (const record of log)
  if (record.t === 'doc') {
    if (record.gone) final.delete(record.path);
    else
      final.set(record.path, {
        path: record.path,
        sha: record.sha,
        ids: record.ids.flatMap(([id, n]) => Array.from({ length: n }, (_, i) => id + i)),
      });
  } else if (record.t !== 'call') complain(record, record.t, record.path ?? record.message);
const docs = new Map([...final].map(([name, doc]) => [name, { path: name, text: contentOf(doc.sha), ids: doc.ids }]));
for (const doc of docs.values())
  if (linesOf(doc.text).length !== doc.ids.length) throw new Error(`${doc.path}: identities and lines differ`);
const firstCall = log.findIndex((record) => record.t === 'call');
const firstNew = 1 + Math.max(...log.slice(0, firstCall).flatMap((record) => (record.ids ?? []).map(([id, n]) => id + n - 1)));
const { edits, docs: edited } = humanEdits(docs, firstNew);
const placeOf = (all) => {
  const where = new Map();
  for (const doc of all.values()) doc.ids.forEach((id, i) => where.set(id, [doc.path, i + 1]));
  return where;
};
const inFinal = placeOf(docs),
  inEdited = placeOf(edited);
const bare = (line) => line.replace(/\r$/, '');
const rows = new Map();
/** line text -> the only line that has it, or 0 when there are several */
function once(text) {
  if (!rows.has(text)) {
    const made = new Map();
    linesOf(text).forEach((line, i) => made.set(bare(line), made.has(bare(line)) ? 0 : i + 1));
    rows.set(text, made);
  }
  return rows.get(text);
}
/**
 * Where the lines of a place have gone: runs of [line at the call, how many, line now]. `again`: [line at the call, line now] of lines
 * that were changed or taken out and stand there once more with the same text, found once then and now. Null when nothing is left.
 */
function followed(place, where, all) {
  let line = place.from,
    file;
  const runs = [],
    lost = [];
  for (const [id, count] of place.ids)
    for (let k = 0; k < count; k++, line++) {
      const now = where.get(id + k);
      if (!now) {
        lost.push(line);
        continue;
      }
      if (file !== undefined && file !== now[0]) throw new Error(`lines of one place are in ${file} and ${now[0]}`);
      file = now[0];
      const last = runs.at(-1);
      if (last && last[0] + last[1] === line && last[2] + last[1] === now[1]) last[1]++;
      else runs.push([line, 1, now[1]]);
    }
  file ??= all.has(place.path) ? place.path : undefined;
  if (file === undefined) return null;
  const then = contentOf(place.sha),
    lines = linesOf(then),
    now = once(all.get(file).text);
  const again = lost
    .map((n) => [n, bare(lines[n - 1])])
    .filter(([, text]) => text.trim() !== '' && once(then).get(text) > 0 && now.get(text) > 0);
  if (!runs.length && !again.length) return null;
  return { path: file, runs, ...(again.length ? { again: again.map(([n, text]) => [n, now.get(text)]) } : {}) };
}

// ---- transcripts
const sessions = transcriptsOf(path.join(from, 'sandbox/.openclaw'));
const bySession = Map.groupBy(
  log.filter((record) => record.t === 'call'),
  (record) => record.session,
);
const labels = [],
  used = new Set();
// A crude reading: the last part of a known file's name, then a number in one of the ways that programs have.
const known = new Set(log.filter((record) => record.t === 'doc').map((record) => record.path));
const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const names = [...new Set([...known].map((file) => file.split('/').at(-1)))];
const mention = new RegExp(`([\\w./@-]*/)?(?<![\\w-])(${names.map(escape).join('|')})(?:", line |:|\\()(\\d+)`, 'g');
/** Whole paths that lead elsewhere (a compiler's own library) are no places of the workspace. */
const elsewhere = (dir) => dir?.startsWith('/') === true && !dir.replace(/^\/+/, '/').startsWith('/sandbox/.openclaw/workspace/');

for (const [session, records] of bySession) {
  const key = `agent:main:${session.replaceAll('_', '-')}`;
  const transcript = sessions.get(key);
  if (!transcript) {
    complain({ session }, 'no transcript');
    continue;
  }
  // A call that ended its turn was not looked at: the watcher looks before the next one. It is labelled as not to be judged.
  const unseen = transcript.calls.slice(records.length);
  if (unseen.length > 1 || transcript.calls.length < records.length)
    complain({ session }, `${records.length} calls in the log, ${transcript.calls.length} in the transcript`);
  for (const call of unseen)
    labels.push({
      call: call.id,
      session: key,
      sessionId: transcript.id,
      tool: call.name,
      ...(call.wrapped ? { wrapped: true } : {}),
      what: 'unseen',
      lang: 'text',
      failed: transcript.results.get(call.id)?.failed ?? true,
      outcome: 'unseen',
      places: [],
      open: ['*'],
    });
  records.forEach((record, n) => {
    const call = transcript.calls[n];
    if (!call || call.name !== record.tool || JSON.stringify(call.args) !== JSON.stringify(record.args)) {
      complain(record, 'the transcript has another call here:', JSON.stringify(call)?.slice(0, 200));
      return;
    }
    const result = transcript.results.get(call.id);
    const text = (result?.text ?? '').replace(/\u001b\[[0-9;]*m/g, '');
    const failed = result?.failed ?? true;
    if (failed && record.outcome === 'planned' && record.expect === 'ok' && record.tool !== 'exec')
      complain(record, 'failed:', text.slice(0, 200));
    if (!failed && record.expect === 'fail' && record.outcome !== 'unchanged' && record.tool !== 'exec')
      complain(record, 'did not fail:', text.slice(0, 160));
    if (record.outcome !== 'planned' && record.expect === 'ok')
      complain(record, record.outcome, JSON.stringify(record.args).slice(0, 300), '=>', text.slice(0, 300));
    if (failed && record.tool !== 'exec')
      // What could not be read has no lines.
      record.places = record.places.map((place) =>
        place.role === 'read' ? { role: 'target', path: place.path, first: null, last: null } : place,
      );
    else if (record.tool === 'read') record.places = record.places.map((place) => asShown(place, text));
    check(record, text, failed);
    // Names of files that a command moves, copies or removes say nothing of lines.
    const slid =
      record.tool === 'edit'
        ? record.places.filter((place) => slides(place, record.args.edits?.[place.edit])).map((place) => place.path)
        : [];
    // The files of a patch that failed, and were not reached.
    const unreached = failed && record.tool === 'apply_patch' ? [...known].filter((file) => record.args.input.includes(`: ${file}\n`)) : [];
    const unsure = [...slid, ...unreached.filter((file) => !record.places.some((place) => place.path === file))];
    const open = unsure.length ? unsure : (record.open ?? (/^shell-(move|copy|remove)$/.test(record.what) ? ['*'] : undefined));
    labels.push({
      call: call.id,
      session: key,
      sessionId: transcript.id,
      tool: record.tool,
      ...(call.wrapped ? { wrapped: true } : {}),
      what: record.what,
      lang: record.lang,
      failed,
      outcome: record.outcome,
      places: record.places.map((place) => {
        const { ids, ...rest } = place;
        delete rest.from;
        if (place.sha) used.add(place.sha);
        if (!ids) return rest;
        const twin = once(contentOf(place.sha)).get(place.text[0]) === 0;
        return { ...rest, ...(twin ? { twin } : {}), final: followed(place, inFinal, docs), edited: followed(place, inEdited, edited) };
      }),
      ...(open ? { open } : {}),
      ...(record.noise ? { noise: record.noise } : {}),
    });
  });
}

/** A version may show less than was asked for and say where to go on: then the place ends there. */
function asShown(place, text) {
  const next = Number(/\[Read output capped at [^\]]* Use offset=(\d+) to continue\.\]$/.exec(text)?.[1]);
  if (place.first === null || !(next > place.first && next <= place.last)) return place;
  const ids = [];
  let left = next - place.first;
  for (const [id, count] of place.ids) {
    if (left > 0) ids.push([id, Math.min(count, left)]);
    left -= count;
  }
  const { whole: _whole, ...rest } = place;
  return { ...rest, last: next - 1, ids, text: [place.text[0], bare(linesOf(contentOf(place.sha))[next - 2]).slice(0, 200)] };
}

/** Lines put beside lines that are the same: which of them are the new ones can't be told, and a diff may say either. */
function slides(place, edit) {
  if (!edit || place.gap || place.first === null) return false;
  const added = edit.newText.split('\n').length - edit.oldText.split('\n').length;
  if (added !== place.last - place.first + 1) return false;
  const lines = linesOf(contentOf(place.sha)).map(bare);
  return lines[place.last] === lines[place.first - 1] || lines[place.first - 2] === lines[place.last - 1];
}

function check(record, text, failed) {
  for (const place of record.places)
    if (place.sha && place.first !== null) {
      const lines = linesOf(contentOf(place.sha)).map((line) => line.replace(/\r$/, ''));
      if (lines[place.first - 1].slice(0, 200) !== place.text[0] || lines[place.last - 1].slice(0, 200) !== place.text[1])
        complain(record, 'the text is not that of the line', place.path, place.first);
      if ((record.tool === 'read' || record.tool === 'memory_get') && place.role === 'read' && !failed) {
        if (record.tool === 'memory_get') text = JSON.parse(text).text;
        if (text.endsWith('rerun with narrower args if needed]')) {
          // A long result of a wrapped call is kept in parts only: both ends must fit, and the tool's own count when it says one.
          const said = /"outputLines": (\d+)/.exec(text)?.[1];
          const ends = [place.first, place.last].map((n) => JSON.stringify(lines[n - 1]).slice(1, -1));
          if (
            !text.includes(ends[0]) ||
            (said === undefined ? !text.includes(`${ends[1]}\\n`) : Number(said) !== place.last - place.first + 1)
          )
            complain(record, `the result does not begin and end with lines ${place.first}-${place.last}`);
          continue;
        }
        const shown = lines.slice(place.first - 1, place.last);
        const head = text.replaceAll('\r', '').split('\n').slice(0, shown.length);
        if (head.join('\n').replace(/^\ufeff/, '') !== shown.join('\n').replace(/^\ufeff/, '')) {
          const k = shown.findIndex((line, i) => line !== head[i]);
          complain(
            record,
            `the result does not show lines ${place.first}-${place.last}; line ${k + 1}: ${JSON.stringify(head[k])} instead of ${JSON.stringify(shown[k])}`,
          );
        }
        const more = text.split('\n').slice(shown.length).join('\n').trim();
        if (more && !/^\[.*\]$/s.test(more)) complain(record, 'the result shows more:', JSON.stringify(more.slice(0, 200)));
      }
    }
  if (record.tool !== 'exec' || record.open) return;
  const words = new Set(record.args.command.split(/[\s'"|;&()=]+/).map((word) => word.split('/').at(-1)));
  for (const name of names)
    if (
      words.has(name) &&
      !/^shell-(move|copy|remove|write)$/.test(record.what) &&
      !record.places.some((place) => place.path?.split('/').at(-1) === name)
    )
      complain(record, 'the command names', name, 'which is no label:', record.args.command);
  const outputs = record.places.filter((place) => place.role === 'output');
  const said = new Set([...text.matchAll(mention)].filter((m) => !elsewhere(m[1])).map((m) => `${m[2]}:${m[3]}`));
  const true_ = new Set(outputs.map((place) => `${place.path.split('/').at(-1)}:${place.first}`));
  for (const one of said) if (!true_.has(one)) complain(record, 'the output names', one, 'which is no label;', record.args.command);
  for (const place of outputs)
    if (!place.optional && !place.implied && !said.has(`${place.path.split('/').at(-1)}:${place.first}`))
      complain(record, 'the output does not name', place.path, place.first, record.args.command, '=>', text.slice(0, 300));
}

// ---- the fixture
fs.rmSync(to, { recursive: true, force: true });
fs.mkdirSync(to, { recursive: true });
const gz = (name, text) => fs.writeFileSync(path.join(to, name), zlib.gzipSync(text, { level: 9 }));
gz('labels.jsonl.gz', labels.map((label) => JSON.stringify(label)).join('\n') + '\n');
for (const doc of final.values()) used.add(doc.sha);
const contents = Object.fromEntries([...used].map((sha) => [sha, contentOf(sha)]));
const packed = Buffer.from(JSON.stringify(contents));
fs.writeFileSync(
  path.join(to, 'contents.json.br'),
  zlib.brotliCompressSync(packed, {
    params: {
      [zlib.constants.BROTLI_PARAM_LGWIN]: 24,
      [zlib.constants.BROTLI_PARAM_QUALITY]: 10,
      [zlib.constants.BROTLI_PARAM_SIZE_HINT]: packed.length,
    },
  }),
);
fs.writeFileSync(path.join(to, 'edits.json'), '[\n' + edits.map((edit) => JSON.stringify(edit)).join(',\n') + '\n]\n');
fs.copyFileSync(path.join(from, 'run.txt'), path.join(to, 'run.txt'));
const stage = fs.mkdtempSync(path.join(os.tmpdir(), 'nemobed-labels-pack-'));
const state = path.join(stage, 'sandbox/.openclaw');
fs.mkdirSync(state, { recursive: true });
// The sessions, the settings and the files; not caches, trajectories, identities of the deleted container.
for (const part of ['agents', 'openclaw.json', 'workspace'])
  fs.cpSync(path.join(from, 'sandbox/.openclaw', part), path.join(state, part), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) =>
      !/\/(\.git|target|out|build|node_modules|__pycache__|\.cache)$/.test(source) &&
      !/\.trajectory(-path)?\.jsonl?$|\.usage-cost-cache|auth-profiles/.test(source),
  });
cp.execFileSync('node', [path.join(import.meta.dirname, '../bed/sandbox/inside/shrink-db.mjs'), state, '0'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
cp.execFileSync('tar', [
  '--sort=name',
  '--owner=0',
  '--group=0',
  '--mode=u+rwX,go+rX,go-w',
  '-C',
  stage,
  '-I',
  'gzip -9n',
  '-cf',
  path.join(path.resolve(to), 'sandbox.tar.gz'),
  'sandbox',
]);
fs.rmSync(stage, { recursive: true });
const of = (group) => Object.fromEntries([...Map.groupBy(labels, group)].map(([name, list]) => [name, list.length]).sort());
const summary = {
  calls: labels.length,
  places: labels.reduce((n, label) => n + label.places.length, 0),
  byTool: of((l) => l.tool),
  byLang: of((l) => l.lang),
  byWhat: of((l) => l.what),
  byOutcome: of((l) => l.outcome),
};
console.log(JSON.stringify(summary, null, 1));
console.log(`${complaints.length} complaints`);
for (const line of complaints) console.log(' -', line);
