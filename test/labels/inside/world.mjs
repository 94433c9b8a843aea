// The independent watcher. It holds what every file of the agent's workspace must look like, line by line with identities; it hands
// the scripted model its next calls, looks at the real files before the following ones, and writes down where each call was.
// A call that did not do what was planned is labelled by what the files show, and says so.
import fs from 'node:fs';
import path from 'node:path';
import { bare, docOf, observed, runsOf, sha, textOf } from './doc.mjs';

const SKIP = new Set([
  '.git',
  'node_modules',
  '__pycache__',
  '.pytest_cache',
  'target',
  'build',
  'out',
  '.openclaw',
  'plugins',
  'mcp',
  'project',
  'skills',
]);

export class World {
  docs = new Map();
  seen = new Set();
  constructor(root, out) {
    this.root = root;
    this.out = out;
  }
  start() {
    fs.mkdirSync(path.join(this.out, 'blobs'), { recursive: true });
    for (const [file, text] of this.snapshot()) this.docs.set(file, docOf(file, text));
    for (const file of this.docs.keys()) this.logDoc(file);
  }
  /** Every text file below the root by its real path; symbolic links are not followed, what a build leaves is not looked at. */
  snapshot(dir = '', into = new Map()) {
    for (const entry of fs.readdirSync(path.join(this.root, dir), { withFileTypes: true })) {
      const file = dir ? `${dir}/${entry.name}` : entry.name;
      if (SKIP.has(entry.name) || (!dir && entry.name.startsWith('.'))) continue;
      if (entry.isDirectory()) this.snapshot(file, into);
      else if (entry.isFile() && !/\.(class|o|sqlite|lock)$/.test(entry.name))
        into.set(file, fs.readFileSync(path.join(this.root, file), 'utf8'));
    }
    return into;
  }
  doc(file) {
    const doc = this.docs.get(file);
    if (!doc) throw new Error(`no ${file} now`);
    return doc;
  }
  write(record) {
    fs.appendFileSync(path.join(this.out, 'log.jsonl'), JSON.stringify(record) + '\n');
  }
  blob(text) {
    const hash = sha(text);
    if (!this.seen.has(hash)) {
      this.seen.add(hash);
      fs.writeFileSync(path.join(this.out, 'blobs', hash), text);
    }
    return hash;
  }
  logDoc(file) {
    const doc = this.docs.get(file);
    this.write({ t: 'doc', path: file, ...(doc ? { sha: this.blob(textOf(doc)), ids: runsOf(doc.lines) } : { gone: true }) });
  }
  /** A planned place as a label: its lines, their identities, the content it was in. */
  place(place, before, after) {
    const { when, ...rest } = place;
    const doc = place.path === undefined ? undefined : (when === 'after' ? after : before).get(place.path);
    if (!doc) return { ...rest, first: null, last: null };
    const own = { ...rest, when: when === 'after' ? 'after' : 'before', sha: this.blob(textOf(doc)), count: doc.lines.length };
    if (place.first === null || doc.lines.length === 0) return { ...own, first: null, last: null };
    const text = (n) => bare(doc.lines[n - 1].text).slice(0, 200);
    const [from, to] = place.span ?? [place.first, place.last];
    if (!(from >= 1 && to >= from && to <= doc.lines.length)) throw new Error(`bad place ${JSON.stringify(place)} of ${doc.lines.length}`);
    return { ...own, text: [text(place.first), text(place.last)], ids: runsOf(doc.lines.slice(from - 1, to)), from };
  }
  settle(session, step, calls) {
    const actual = this.snapshot();
    const before = new Map(this.docs);
    for (const [i, call] of calls.entries()) {
      const change = call.change ?? new Map();
      const matches = (docs) =>
        [...change.keys()].every((file) => {
          const doc = docs.get(file);
          return doc ? actual.get(file) === textOf(doc) : !actual.has(file);
        });
      let outcome = 'planned',
        places = call.places;
      const after = new Map([...before, ...change]);
      if (change.size && !matches(change)) {
        const near = nearPlan(change, actual);
        if (near) {
          for (const [file, doc] of near) {
            change.set(file, doc);
            after.set(file, doc);
          }
          outcome = 'planned';
        } else if (matches(before)) {
          outcome = 'unchanged';
          places = [...change.keys()]
            .filter((file) => before.has(file))
            .map((file) => ({ role: 'target', path: file, first: null, last: null }));
          change.clear();
        } else {
          outcome = 'observed';
          places = [];
          for (const file of change.keys()) {
            const text = actual.get(file);
            if (text === undefined) {
              change.set(file, null);
              if (before.has(file)) places.push({ role: 'delete', path: file, first: null, last: null, when: 'before' });
              continue;
            }
            const seen = observed(before.get(file) ?? docOf(file, ''), text);
            change.set(file, seen.doc);
            after.set(file, seen.doc);
            places.push({ role: call.name, path: file, ...seen.place, when: 'after' });
          }
        }
      }
      for (const [file, doc] of change) {
        if (doc) this.docs.set(file, doc);
        else this.docs.delete(file);
        this.logDoc(file);
      }
      this.write({
        t: 'call',
        session,
        step,
        i,
        tool: call.name,
        args: call.args,
        what: call.what,
        lang: call.lang,
        expect: call.expect ?? 'ok',
        outcome,
        ...(call.open ? { open: call.open } : {}),
        ...(call.noise ? { noise: call.noise } : {}),
        places: places.map((place) => this.place(place, before, after)),
      });
    }
    for (const file of new Set([...this.docs.keys(), ...actual.keys()])) {
      const doc = this.docs.get(file),
        text = actual.get(file);
      if (doc && text === textOf(doc)) continue;
      if (text === undefined) this.docs.delete(file);
      else this.docs.set(file, observed(doc ?? docOf(file, ''), text).doc);
      this.write({ t: 'unplanned', session, step, path: file });
      this.logDoc(file);
    }
  }
}

/**
 * The plan, when the files differ from it by nothing but line ends, the newline at the end, or empty lines lost at the end: a tool's
 * manners, which move no line. Otherwise undefined.
 */
function nearPlan(change, actual) {
  const near = new Map();
  for (const [file, doc] of change) {
    const text = actual.get(file);
    if ((doc === null) !== (text === undefined)) return undefined;
    if (doc === null) {
      near.set(file, null);
      continue;
    }
    const seen = docOf(file, text);
    const kept = [...doc.lines];
    while (kept.length > seen.lines.length && bare(kept.at(-1).text) === '') kept.pop();
    if (kept.length !== seen.lines.length || kept.some((line, i) => bare(line.text) !== bare(seen.lines[i].text))) return undefined;
    near.set(file, { ...doc, end: seen.end, lines: kept.map((line, i) => ({ id: line.id, text: seen.lines[i].text })) });
  }
  return near;
}

/** A script whose answers are made when the model is asked for them. An answer asked for twice is the same answer. */
export function scripted(world, session, talk) {
  const made = [];
  let run;
  const answer = (step) => {
    if (made[step]) return made[step];
    if (step !== made.length) return { text: 'Done.' };
    const usage = { in: 2000 + step, out: 50, cr: 1000, cw: 0 };
    try {
      if (step > 0 && made[step - 1].planned) world.settle(session, step - 1, made[step - 1].planned);
      run ??= talk();
      const { value, done } = run.next();
      made.push(
        done
          ? { text: 'All done.', usage, delayMs: 5 }
          : { calls: value.map(({ name, args }) => ({ name, args })), planned: value, usage, delayMs: 5 },
      );
    } catch (error) {
      world.write({ t: 'broken', session, step, message: String(error?.stack ?? error) });
      made.push({ text: 'I stop here.', usage });
    }
    return made[step];
  };
  return new Proxy([], {
    get: (target, key) =>
      key === 'length' ? Number.MAX_SAFE_INTEGER : typeof key === 'string' && /^\d+$/.test(key) ? answer(Number(key)) : target[key],
  });
}
