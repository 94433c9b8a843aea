// Which calls ran in a time is asked of an index, however many calls there are.
import { DatabaseSync } from 'node:sqlite';
import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { Database } from '../../../server/src/store/database';
import { migrations } from '../../../server/src/store/schema';
import { LedgerWriter } from '../../../server/src/store/ledgerWriter';
import { SpanStore } from '../../../server/src/store/spans';
import { TouchStore } from '../../../server/src/store/touches';
import { UseStore } from '../../../server/src/store/uses';

/** The migration that gave calls their source. */
const withSource = migrations.findIndex((step) => step.includes('call_without_end'));

describe('calls of a source', () => {
  it('are found by index: those that ended, those that did not, and whether one did', () => {
    using db = Database.open({ path: ':memory:', key: randomBytes(32), replaceUnreadable: false });
    const prepare = vi.spyOn(db, 'prepare');
    const spans = new SpanStore(db, new TouchStore(db), new UseStore(db), new LedgerWriter(db));
    expect(spans.calls(1, 0, 1)).toEqual([]);
    expect(spans.anyEnded(1, 0, 0, 1)).toBe(false);
    const asked = prepare.mock.calls.map(([sql]) => sql);
    const plans = asked.map((sql) =>
      (db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]).map(({ detail }) => detail).join('; '),
    );
    expect(plans).toEqual([
      'SEARCH call USING INDEX call_by_end (source=? AND end>?)',
      'SEARCH call USING INDEX call_without_end (source=? AND start<?)',
      'SEARCH call USING COVERING INDEX call_by_end (source=? AND end>? AND end<?)',
    ]);
  });

  it('have their source in a store of an older version too, and what may be over is folded again', () => {
    const db = new DatabaseSync(':memory:');
    for (const step of migrations.slice(0, withSource)) db.exec(step);
    db.exec(`
      INSERT INTO source(id, blind, body) VALUES (7, x'01', x'');
      INSERT INTO session(id, source, agent, session, body) VALUES (1, 7, 'main', 'a', x''), (2, 7, 'main', 'b', x'');
      INSERT INTO call(session, span_id, start, end, body) VALUES (1, 'x', 1, 2, x''), (2, 'y', 1, NULL, x'');
    `);
    for (const step of migrations.slice(withSource, withSource + 1)) db.exec(step);
    expect(db.prepare('SELECT span_id, source FROM call ORDER BY span_id').all()).toMatchObject([
      { span_id: 'x', source: 7 },
      { span_id: 'y', source: 7 },
    ]);
    expect(db.prepare('SELECT id FROM session WHERE dirty = 1').all()).toMatchObject([{ id: 2 }]);
    db.close();
  });
});
