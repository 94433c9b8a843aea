// Whatever the order, the cuts, the repeats, and however folds were put off or a crash came between: the same rows are kept,
// and the same document is told. A session that grows line by line grows; it is not folded over everything each time.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { traceDocument } from '../../../server/src/query/document';
import { Store } from '../../../server/src/store/store';
import { recordings } from '../../fixtures/recordings';
import { info, recordsOf } from '../support/traces';

const seeds = 3;
const key = randomBytes(32);
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'sandglass-rows-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** Rows of the tables that the fold and the joins write, without what is drawn by chance (ids, sealed bodies). */
const queries: Readonly<Record<string, string>> = {
  span: 'SELECT s.agent, s.session, p.span_id, p.kind, p.status, p.turn_id, p.place, p.depth, p.start, p.end, p.failed, p.tokens, p.target FROM span p JOIN session s ON s.id = p.session',
  call: 'SELECT s.agent, s.session, p.span_id, p.start, p.end FROM call p JOIN session s ON s.id = p.session',
  spawn: 'SELECT s.agent, s.session, p.span_id, p.child_blind FROM spawn p JOIN session s ON s.id = p.session',
  touch: 'SELECT s.agent, s.session, p.span_id, p.path_blind, p.start, p.writes FROM touch p JOIN session s ON s.id = p.session',
  policy: 'SELECT policy_id, call_id, turn_id, candidates FROM policy',
  session: 'SELECT agent, session, header_time, first_time, key_blind, spawned_by_blind, dirty, start, end, last_time FROM session',
};

function rowsOf(path: string): Readonly<Record<string, readonly string[]>> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const shown = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);
    return Object.fromEntries(
      Object.entries(queries).map(([table, sql]) => [
        table,
        db
          .prepare(sql)
          .all()
          .map((row) => JSON.stringify(Object.values(row).map(shown)))
          .sort(),
      ]),
    );
  } finally {
    db.close();
  }
}

interface Kept {
  readonly rows: ReturnType<typeof rowsOf>;
  readonly document: unknown;
  readonly folded: Ingest['folded'];
}

let files = 0;
/** Without `random`: nothing is put off, and no crash comes between. */
function kept(batches: readonly (readonly SourceRecord[])[], random: (() => number) | null): Kept {
  const path = join(folder, `${(files += 1)}.db`);
  const chance = (part: number): boolean => random !== null && random() < part;
  const told = ((): Omit<Kept, 'rows'> => {
    using store = Store.open({ path, key, replaceUnreadable: false });
    const row = store.transaction(() => store.sources.ensure('test', { info, registryProvider: null }));
    let ingest = new Ingest(store, row);
    for (const batch of batches) {
      ingest.apply(batch, chance(0.6));
      if (chance(0.08)) ingest = new Ingest(store, row);
    }
    ingest.settle();
    return { document: traceDocument(store, row, null), folded: ingest.folded };
  })();
  return { rows: rowsOf(path), ...told };
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const arrange: Readonly<Record<string, (records: readonly SourceRecord[], random: () => number) => SourceRecord[]>> = {
  'in order': (records) => [...records],
  'in any order': (records, random) => {
    const list = [...records];
    for (let i = list.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [list[i], list[j]] = [list[j] as SourceRecord, list[i] as SourceRecord];
    }
    return list;
  },
  'file beside file': (records, random) => {
    const streams = new Map<string, SourceRecord[]>();
    for (const record of records) {
      const name = record.kind === 'transcript' ? `${record.session} ${record.file}` : record.kind;
      const stream = streams.get(name);
      if (stream === undefined) streams.set(name, [record]);
      else stream.push(record);
    }
    const left = [...streams.values()];
    const list: SourceRecord[] = [];
    while (left.length > 0) {
      const at = Math.floor(random() * left.length);
      list.push(...(left[at] ?? []).splice(0, 1 + Math.floor(random() * 60)));
      if (left[at]?.length === 0) left.splice(at, 1);
    }
    return list;
  },
};

/** With some of them told again; the log's are not known again, and the index tells how things stand now. */
function repeated(records: readonly SourceRecord[], random: () => number): SourceRecord[] {
  const again = records.filter((record) => record.kind === 'transcript' && random() < 0.2);
  return [...records, ...again];
}

function cut(records: readonly SourceRecord[], random: () => number): SourceRecord[][] {
  const batches: SourceRecord[][] = [];
  for (let at = 0; at < records.length;) {
    const size = 1 + Math.floor(random() ** 3 * 900);
    batches.push(records.slice(at, at + size));
    at += size;
  }
  return batches;
}

/** Lines of the log, which no fold hears of, come in dozens. */
function lineByLine(records: readonly SourceRecord[]): SourceRecord[][] {
  const batches: SourceRecord[][] = [];
  for (const record of records) {
    const last = batches.at(-1);
    if (record.kind === 'log' && last?.[0]?.kind === 'log' && last.length < 50) last.push(record);
    else batches.push([record]);
  }
  return batches;
}

describe.each(recordings())('$name', ({ root }) => {
  it.each(Object.keys(arrange))('%s', { timeout: 180_000 }, async (order) => {
    const records = await recordsOf(root);
    const fresh = kept([records], null);
    expect(Object.values(fresh.rows).flat().length).toBeGreaterThan(0);
    for (let seed = 1; seed <= seeds; seed++) {
      const random = seeded(seed * 7919);
      const { rows, document } = kept(cut(arrange[order]?.(repeated(records, random), random) ?? [], random), random);
      expect(rows).toEqual(fresh.rows);
      expect(document).toEqual(fresh.document);
    }
  });

  it('line by line, in the order in which it was written', { timeout: 180_000 }, async () => {
    const records = await recordsOf(root);
    const fresh = kept([records], null);
    const { rows, document, folded } = kept(lineByLine(records), null);
    expect(rows).toEqual(fresh.rows);
    expect(document).toEqual(fresh.document);
    // Over everything once at its begin, and again where another session or a run of its own tells of what was there before.
    expect(folded.anew).toBeGreaterThan(0);
    expect(folded.anew).toBeLessThanOrEqual(4 * (fresh.rows['session'] ?? []).length);
    expect(folded.grown).toBeGreaterThan(folded.anew);
  });
});
