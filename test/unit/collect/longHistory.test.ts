// What one more record sets off is the same work beside a long history as beside a short one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sandboxNode } from '../../../server/src/collect/inventory';
import { Ingest } from '../../../server/src/collect/ingest';
import type { OpenSource } from '../../../server/src/collect/roster';
import { tracePage } from '../../../server/src/query/pages';
import { turnFlow } from '../../../server/src/query/turnFlow';
import { SealedBox } from '../../../server/src/store/sealedBox';
import type { Store } from '../../../server/src/store/store';
import { writeFiles } from '../../soak/history';
import { memoryStore, readInto } from '../support/traces';

const folders: string[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

interface Kept {
  readonly store: Store;
  readonly source: number;
  readonly newest: string;
  readonly sessions: number;
}

async function kept(store: Store, bytes: number): Promise<Kept> {
  const stateDir = mkdtempSync(join(tmpdir(), 'sandglass-long-'));
  folders.push(stateDir);
  const { newest, sessions } = writeFiles(stateDir, bytes);
  return { store, source: await readInto(store, stateDir), newest: newest.session, sessions };
}

/** One record is taken in, and what the editor then asks for is answered: the page, the list's row, the status, the problems, a flow. */
function oneMore({ store, source, newest }: Kept, number: number): void {
  using ingest = new Ingest(store, source);
  const id = `a${number}`;
  const time = Date.now();
  const message = { role: 'user', content: [{ type: 'text', text: 'and this' }], timestamp: time };
  const text = JSON.stringify({ type: 'message', id, parentId: null, timestamp: new Date(time).toISOString(), message });
  const { sessions } = ingest.apply([
    { kind: 'transcript', agent: 'main', session: newest, file: 'a.jsonl', state: 'live', ordinal: 10_000 + number, text },
  ]);
  expect(sessions.map(({ session }) => session)).toEqual([newest]);
  const page = tracePage(store, source, { sessionId: newest, offset: 0, limit: 100 });
  const turn = page?.turns.at(-1)?.span.id ?? '';
  expect(turnFlow(store, source, newest, turn)).not.toBeNull();
  expect(sandboxNode(store, 'id', null, { row: source, state: { kind: 'read' } } as OpenSource, null).skipped).toEqual([]);
  expect(store.sessions.latest(source)?.info.id).toBe(newest);
  expect(store.sessions.newest(source, 50)).not.toEqual([]);
}

interface Work {
  readonly opened: number;
  readonly asked: number;
}

function workOf(body: () => void): Work {
  const opened = vi.spyOn(SealedBox.prototype, 'open');
  const asked = (['get', 'all', 'run', 'iterate'] as const).map((name) => vi.spyOn(StatementSync.prototype, name));
  body();
  const work = { opened: opened.mock.calls.length, asked: asked.reduce((sum, spy) => sum + spy.mock.calls.length, 0) };
  vi.restoreAllMocks();
  return work;
}

/** What SQLite goes through a whole table for, or through all that there is of a source. */
function wholeLooks(texts: ReadonlyMap<string, DatabaseSync>): readonly string[] {
  const small = /\b(?:window|source|meta|detached|cursor|skipped|finding|f)\b/;
  return [...texts].flatMap(([sql, db]) => {
    if (!/^\s*(?:SELECT|UPDATE|DELETE)/i.test(sql)) return [];
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    const made = new Set(plan.flatMap(({ detail }) => /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(detail)?.[1] ?? []));
    const sorted = plan.some(({ detail }) => detail.startsWith('USE TEMP B-TREE'));
    return plan
      .map(({ detail }) => detail)
      .filter((detail) => {
        const [, how, table] = /^(SCAN|SEARCH) (\w+)/.exec(detail) ?? [];
        if (how === undefined || table === undefined || small.test(table)) return false;
        // Of a part of the question itself; what that looks through is told beside it.
        if (made.has(table)) return false;
        // An index of what is rewritten or old alone holds little.
        if (/entry_rewritten|policy_without_key/.test(detail)) return false;
        if (how === 'SCAN') return !/CONSTANT ROW|SUBQUERY/.test(detail);
        // By the source alone: fine for whoever takes the first few in the index's own order.
        return /\(source=\?\)$/.test(detail) && (sorted || !/\bLIMIT\b/.test(sql));
      })
      .map((detail) => `${detail}: ${sql.replace(/\s+/g, ' ')}`);
  });
}

describe('one more record beside a long history', () => {
  it('asks as much of the store as beside a short one, and looks through no whole table', async () => {
    const texts = new Map<string, DatabaseSync>();
    const prepare = DatabaseSync.prototype.prepare;
    vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (this: DatabaseSync, sql: string) {
      texts.set(sql, this);
      return prepare.call(this, sql);
    });
    using few = memoryStore();
    using many = memoryStore();
    const short = await kept(few, 1);
    oneMore(short, 1);
    vi.restoreAllMocks();
    expect(wholeLooks(texts)).toEqual([]);
    const long = await kept(many, 5_000_000);
    expect(long.sessions).toBe(2 * short.sessions);
    oneMore(long, 1);
    expect(workOf(() => oneMore(long, 2))).toEqual(workOf(() => oneMore(short, 2)));
  });
});
