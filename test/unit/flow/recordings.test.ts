/** Flows of real turns, as text. A change here is a change of what people see: look at it before it is taken over. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeLimit } from '../../../server/src/flow/fold';
import { traceDocument } from '../../../server/src/query/document';
import { turnFlow } from '../../../server/src/query/turnFlow';
import type { Store } from '../../../server/src/store/store';
import { recording } from '../../fixtures/recordings';
import { memoryStore, readInto } from '../support/traces';
import { parseFlow } from './flowText';

const golden = join(import.meta.dirname, 'golden');
let store: Store;
let source: number;
let quietStore: Store;
let quiet: number;
beforeAll(async () => {
  store = memoryStore();
  source = await readInto(store, recording('openclaw-2026.7.1').root);
  quietStore = memoryStore();
  quiet = await readInto(quietStore, recording('thinking-off-2026.9.5').root);
});
afterAll(() => {
  store[Symbol.dispose]();
  quietStore[Symbol.dispose]();
});

function turnsOf(store: Store, source: number, title: string): readonly { readonly session: string; readonly turn: string }[] {
  const session = traceDocument(store, source, null).sessions.find((each) => each.title?.includes(title) === true);
  if (session === undefined) throw new Error(`no session titled "${title}"`);
  return session.spans.filter(({ kind }) => kind === 'invoke_agent').map(({ id }) => ({ session: session.id, turn: id }));
}

describe('golden', () => {
  it.each([
    ['coding', 'discount test', 0],
    ['denied', 'blocked.example.com', 0],
    ['sub-agents', 'two helpers', 0],
    ['three hundred calls', '300 items', 0],
    ['overflow', 'Read all the pages', 0],
    ['failing commands', 'Run the linter', 0],
    ['parallel reads', 'Run the linter', 3],
    ['model error', 'malformed request', 0],
    ['cut stream', 'short story', 0],
    ['hostile', '<b>everything</b>', 0],
  ] as const)('%s', async (name, title, index) => {
    const at = turnsOf(store, source, title)[index];
    const diagram = at === undefined ? null : turnFlow(store, source, at.session, at.turn);
    if (diagram === null) throw new Error('no such turn');
    expect(parseFlow(diagram.mermaid).foreign).toEqual([]);
    await expect(diagram.mermaid).toMatchFileSnapshot(join(golden, `${name.replaceAll(' ', '-')}.mmd`));
  });
});

describe('with thinking turned off, as NemoClaw does', () => {
  it.each([
    ['coding', 'discount test'],
    ['denied', 'blocked.example.com'],
  ] as const)('%s', async (name, title) => {
    const at = turnsOf(quietStore, quiet, title)[0];
    const diagram = at === undefined ? null : turnFlow(quietStore, quiet, at.session, at.turn);
    if (diagram === null) throw new Error('no such turn');
    expect(diagram.note).toBe('no-thinking-recorded');
    expect(diagram.nodes.filter(({ kind }) => kind === 'thought')).toEqual([]);
    await expect(diagram.mermaid).toMatchFileSnapshot(join(golden, `${name}-thinking-off.mmd`));
  });
});

it('every turn of every session stays in its labels and below the limit', () => {
  let turns = 0;
  for (const session of traceDocument(store, source, null).sessions) {
    for (const { id } of session.spans.filter(({ kind }) => kind === 'invoke_agent')) {
      const diagram = turnFlow(store, source, session.id, id);
      if (diagram === null) throw new Error(`no flow of ${id}`);
      const { labels, foreign } = parseFlow(diagram.mermaid);
      expect(foreign).toEqual([]);
      expect(labels.length).toBe(diagram.nodes.length);
      expect(diagram.nodes.length).toBeLessThanOrEqual(nodeLimit);
      turns += 1;
    }
  }
  expect(turns).toBeGreaterThan(30);
});
