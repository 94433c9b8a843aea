// What a line of the supervisor's log sets off is found by index, however long the log is.
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import type { SourceRecord } from '../../../server/src/attach/record';
import { Ingest } from '../../../server/src/collect/ingest';
import { Database } from '../../../server/src/store/database';
import { migrations } from '../../../server/src/store/schema';
import { SealedBox } from '../../../server/src/store/sealedBox';
import { denial, opened, request, session, started } from '../support/joining';
import { info, memoryStore } from '../support/traces';

describe('a line of the log', () => {
  it('asks for nothing by its source alone', () => {
    using store = memoryStore();
    const row = store.transaction(() => store.sources.ensure('log', { info, registryProvider: null }));
    using ingest = new Ingest(store, row);
    ingest.apply(session('s', 3000));
    ingest.settle();
    const prepare = vi.spyOn(Database.prototype, 'prepare');
    const lines = [denial(100, 7), opened(200, 8), request(300), denial(9000, 7)];
    const byFile = lines.map((line): SourceRecord => (line.kind === 'log' ? { ...line, origin: 'file' } : line));
    for (const batch of [lines, byFile, [started(5000)]]) ingest.apply(batch);
    const asked = new Set(prepare.mock.calls.map(([sql]) => sql).filter((sql) => /(?:FROM|UPDATE) policy\b/.test(sql)));
    const db = new DatabaseSync(':memory:');
    for (const step of migrations) db.exec(step);
    const plans = [...asked].map((sql) => {
      const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
      return `${sql}: ${steps.map(({ detail }) => detail).join('; ')}`;
    });
    db.close();
    // All that is asked while a line is taken in, joined, met by another way, and laid anew.
    expect(plans.length).toBeGreaterThan(10);
    expect(plans.filter((plan) => plan.includes('USING COVERING INDEX policy_opened'))).toHaveLength(1);
    expect(plans.filter((plan) => /SCAN policy|USING (?:PRIMARY KEY|(?:COVERING )?INDEX policy_by_\w+) \(source=\?\)/.test(plan))).toEqual(
      [],
    );
    prepare.mockRestore();
  });

  const floods: Readonly<Record<string, (n: number, at: number) => readonly SourceRecord[]>> = {
    'denials of many processes': (n, at) => [denial(at, 1000 + n)],
    'denials of one process': (_, at) => [denial(at, 7)],
    'requests of many processes': (n, at) => [opened(at, 1000 + n), request(at)],
    'requests of one process': (_, at) => [opened(at, 7), request(at)],
  };

  it.each(Object.keys(floods))('opens as little after many %s as after few', (name) => {
    const openedBy = [100, 800].map((many) => {
      using store = memoryStore();
      const row = store.transaction(() => store.sources.ensure('log', { info, registryProvider: null }));
      using ingest = new Ingest(store, row);
      ingest.apply(session('s', null));
      ingest.settle();
      // All within the time for which a connection may carry requests.
      const lines = (n: number): readonly SourceRecord[] => floods[name]?.(n, Math.floor((n * 20_000) / many)) ?? [];
      for (let n = 0; n < many; n += 100) ingest.apply(Array.from({ length: 100 }, (_, more) => lines(n + more)).flat());
      const open = vi.spyOn(SealedBox.prototype, 'open');
      ingest.apply(lines(many));
      const during = open.mock.calls.length;
      expect(store.policies.deniedCalls(row).size).toBe(1);
      const asked = open.mock.calls.length - during;
      open.mockRestore();
      return { during, asked };
    });
    expect(openedBy[0]?.during).toBeGreaterThan(0);
    expect(openedBy[1]).toEqual(openedBy[0]);
  });
});
