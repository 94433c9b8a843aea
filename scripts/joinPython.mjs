// The reader in Python as one text: its modules one after the other, each after those that it takes something from. What they import of one
// another is left out, since all of it then stands in one file; what they import of Python's own stays where it is.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const PYTHON_READER = resolve(import.meta.dirname, '../server/src/attach/reader/python');
/** The module that begins the work; every other is there because of it. */
const ENTRY = 'inside';
const OWN_IMPORT = /^from \.(\w+) import [^\n(]+\n/gm;

export function joinPython(directory = PYTHON_READER) {
  const texts = new Map();
  const order = [];
  const add = (name, from) => {
    if (order.includes(name)) return;
    if (from.includes(name))
      throw new Error(`${[...from, name].join(' → ')}: modules of the reader in Python import one another in a circle`);
    const text = readFileSync(join(directory, `${name}.py`), 'utf8');
    for (const [, wanted] of text.matchAll(OWN_IMPORT)) add(wanted, [...from, name]);
    texts.set(name, text);
    order.push(name);
  };
  add(ENTRY, []);
  const unused = readdirSync(directory).filter((file) => file.endsWith('.py') && !texts.has(file.slice(0, -3)));
  if (unused.length > 0) throw new Error(`${unused.join(', ')}: no module of the reader in Python imports it`);
  return order.map((name) => `# ---- ${name}.py\n${texts.get(name).replace(OWN_IMPORT, '')}`).join('\n\n');
}
